//! `share`: members of a share group that take records and accept them, all they get, as fast as they can.

use super::{Failure, Outcome, While};
use crate::pin;
use crate::session::{self, Progress, Stand};
use clap::Args;
use ottla_client::admin::{AlterOp, ConfigAlteration, Mode, Resource};
use ottla_client::{Admin, Client, ShareConsumer};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

/// What `share` may be told.
#[derive(Clone, Debug, Args)]
pub(crate) struct Arguments {
    /// The broker
    #[arg(long, value_name = "HOST:PORT")]
    address: String,
    /// A topic that holds enough records
    #[arg(long, value_name = "NAME")]
    topic: String,
    /// The group; it begins with the first record
    #[arg(long, default_value = "bench", value_name = "NAME")]
    group: String,
    /// Members, each with a request under way
    #[arg(long, default_value_t = 4, value_name = "NUMBER")]
    members: usize,
    /// The most records that a member takes at once
    #[arg(long, default_value_t = 500, value_name = "NUMBER")]
    records_max: i32,
    /// Times that records are taken and accepted before the measured part begins
    #[arg(long, default_value_t = 1, value_name = "NUMBER")]
    warm_up: u64,
    /// Times that records are taken and accepted in the measured part
    #[arg(long, value_name = "NUMBER")]
    total: u64,
    /// Run on this processor alone
    #[arg(long, value_name = "NUMBER")]
    cpu: Option<usize>,
}

/// How long a member waits for records at a time.
const WAIT: Duration = Duration::from_millis(500);
/// So often in a row a member may get nothing: as long as joining and waiting for others may take, and a while.
const EMPTY_MAX: u32 = 60;

/// Takes until it is done and prints the result.
pub(crate) fn run(arguments: &Arguments) -> Outcome {
    pin::to_cpu(arguments.cpu)?;
    session::run(async {
        let client = session::connect(&arguments.address).await?;
        begin_with_the_first(&client, &arguments.group).await?;
        let progress = Arc::new(Progress::new(arguments.warm_up, arguments.total));
        let mut members = JoinSet::new();
        for _ in 0..arguments.members {
            members.spawn(member(client.fork(), arguments.clone(), Arc::clone(&progress)));
        }
        session::first(members).await
    })
}

/// A share group begins behind the last record unless it is told otherwise.
async fn begin_with_the_first(client: &Client, group: &str) -> Outcome {
    let setting = ConfigAlteration {
        name: "share.auto.offset.reset".to_owned(),
        op: AlterOp::Set,
        value: Some("earliest".to_owned()),
    };
    let doing = "setting where the group begins";
    let outcomes = Admin::new(client)
        .alter_configs(&[(Resource::group(group), vec![setting])], Mode::Apply)
        .await
        .while_doing(doing)?;
    outcomes.into_iter().try_for_each(|(_, outcome)| outcome.while_doing(doing))
}

async fn member(client: Client, arguments: Arguments, progress: Arc<Progress>) -> Outcome {
    let mut consumer = ShareConsumer::new(&client, &arguments.group, vec![arguments.topic.as_str().into()]);
    let mut empty = 0;
    loop {
        let taken = consumer.poll(arguments.records_max, WAIT).await.while_doing("taking records")?;
        if taken.is_empty() {
            empty += 1;
            if EMPTY_MAX < empty {
                return Err(Failure::new("a member gets no records: write more of them before"));
            }
            continue;
        }
        empty = 0;
        let records = taken.records.len() as u64;
        let bytes =
            taken.records.iter().filter_map(|record| record.value.as_ref()).map(|value| value.len() as u64);
        let bytes = bytes.sum();
        consumer.accept(taken).await.while_doing("accepting records")?;
        if progress.add(records, bytes)? == Stand::Over {
            return Ok(());
        }
    }
}
