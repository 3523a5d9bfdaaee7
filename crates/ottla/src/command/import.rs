//! `ottla import`: a data directory of Apache Kafka comes along.

use super::serve;
use crate::arguments::Common;
use crate::exit::Outcome;
use crate::output;
use ottla_broker::import::{Plan, PlannedTopic, Unclean};
use ottla_storage::adopt::How;
use serde_json::json;
use std::path::PathBuf;

/// Take over a data directory of Apache Kafka 4 (KRaft): topics with their ids and settings, records at their offsets,
/// consumer groups and what they have committed, producers and transactional ids.
///
/// Stop Kafka first, with SIGTERM. Its directory is not changed. The plan is shown first, with what stays behind; a
/// target is there whole or not at all.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
#[command(after_long_help = format!("{EXAMPLES}\n\n{}", crate::exit::HELP))]
pub(crate) struct Arguments {
    /// Kafka's data directory; all of them, if log.dirs names several.
    #[arg(required = true, value_name = "KAFKA_DIR")]
    sources: Vec<PathBuf>,

    /// The data directory to make; it must not exist or be empty. Without it, the one that 'ottla serve' takes.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,

    /// Give segments that will not change a second name in place of a copy. Both directories must be on one file
    /// system, and Kafka must not be started on its own again.
    #[arg(long)]
    link: bool,

    /// Also if Kafka was not stopped in order: take what is whole, as after a crash.
    #[arg(long)]
    unclean: bool,

    /// Show the plan; make nothing.
    #[arg(long)]
    dry_run: bool,
}

const EXAMPLES: &str = "Examples:
  ottla import /var/lib/kafka/data --dry-run
  ottla import /var/lib/kafka/data --data /var/lib/ottla
  ottla import /disk1/kafka /disk2/kafka --data /disk1/ottla --link";

/// Carries out the verb.
pub(crate) async fn run(common: &Common, arguments: Arguments) -> Outcome {
    let unclean = if arguments.unclean { Unclean::Take } else { Unclean::Refuse };
    let plan = Plan::read(&arguments.sources, unclean)?;
    show(common, &plan)?;
    if arguments.dry_run {
        return Ok(());
    }
    let target = arguments.data.unwrap_or_else(serve::default_data);
    let how = if arguments.link { How::Link } else { How::Copy };
    let progress = output::progress_bytes(common, plan.bytes());
    let imported = plan.carry_out(&target, how, &mut |bytes| progress.inc(bytes)).await?;
    progress.finish_and_clear();
    for partition in &imported.partitions {
        let name = format!("{}-{}", partition.topic, partition.index);
        if let Some((bytes, reason)) = &partition.cut {
            output::note(
                common,
                format!(
                    "{name} ends at offset {}: {bytes} bytes behind it are no batch: {reason}",
                    partition.end
                ),
            );
        }
    }
    let partitions = imported.partitions.len();
    let records: i64 = imported.partitions.iter().map(|found| found.end.0 - found.log_start.0).sum();
    match common.output {
        crate::arguments::Form::Human => output::line(format!(
            "{partitions} partition(s) with {records} offsets are in {}. Start it with: ottla serve --data {0}",
            target.display()
        )),
        crate::arguments::Form::Json => output::json(&json!({
            "data": target.display().to_string(), "partitions": partitions, "offsets": records,
        })),
    }
}

fn show(common: &Common, plan: &Plan) -> Outcome {
    let row = |topic: &PlannedTopic| {
        let configs: Vec<String> =
            topic.configs.iter().map(|(name, value)| format!("{name}={value}")).collect();
        vec![json!(topic.name.as_str()), json!(topic.partitions), json!(topic.bytes), json!(configs)]
    };
    output::rows(common, &["topic", "partitions", "bytes", "settings"], plan.topics().map(row).collect())?;
    let (groups, offsets, ids) = plan.counts();
    output::note(
        common,
        format!(
            "{groups} group(s) with {offsets} committed offset(s), {ids} transactional id(s) come along."
        ),
    );
    for left in plan.left() {
        output::note(common, format!("Stays behind: {left}"));
    }
    if common.output == crate::arguments::Form::Json {
        output::json(&json!({
            "groups": groups, "committed": offsets, "transactional_ids": ids, "left": plan.left(),
        }))?;
    }
    Ok(())
}
