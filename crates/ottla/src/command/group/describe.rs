//! `ottla group describe`.

use super::state;
use crate::arguments::Form;
use crate::command::Session;
use crate::exit::Outcome;
use crate::output;
use ottla_client::admin::{GroupDescription, GroupMember};
use ottla_client::{Admin, TopicPartition};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Show a group's members, what each reads, and how far behind it is. A member of a streams group has tasks.
/// Of a share group 'ottla queue describe' tells more.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:
  ottla group describe billing
  ottla group describe billing --output json | jq '.partitions[] | select(.lag > 0)'")]
pub(crate) struct Arguments {
    /// Their ids.
    #[arg(required = true, value_name = "GROUP")]
    groups: Vec<String>,
}

const PARTITION: &[&str] = &["topic", "partition", "committed", "end", "lag", "member", "client", "host"];
const MEMBER: &[&str] = &["member", "instance", "epoch", "client", "host", "partitions"];

/// Prints them.
pub(super) async fn run(session: &Session<'_>, arguments: &Arguments) -> Outcome {
    let admin = Admin::new(&session.connect().await?);
    for (nth, id) in arguments.groups.iter().enumerate() {
        let group = state::describe(&admin, id).await?;
        let partitions = partitions(&admin, &group).await?;
        let members: Vec<Vec<Value>> = group.members.iter().map(member).collect();
        let lag: i64 = partitions.iter().filter_map(|row| row[4].as_i64()).sum();
        if session.common.output == Form::Json {
            output::json(&json!({
                "group": id,
                "type": group.group_type,
                "state": group.state,
                "epoch": group.epoch,
                "protocol": group.protocol_type,
                "assignor": group.protocol,
                "lag": lag,
                "members": output::named(MEMBER, members),
                "partitions": output::named(PARTITION, partitions),
            }))?;
            continue;
        }
        if nth > 0 {
            output::line("")?;
        }
        let assignor = if group.protocol.is_empty() { "-" } else { &group.protocol };
        output::line(format_args!(
            "{id}: {} group, {}, {} member(s), {lag} record(s) behind, assignor {assignor}",
            group.group_type,
            group.state,
            group.members.len()
        ))?;
        if !members.is_empty() {
            output::line(format_args!("\n{}", output::table(MEMBER, &members)))?;
        }
        if !partitions.is_empty() {
            output::line(format_args!("\n{}", output::table(PARTITION, &partitions)))?;
        }
    }
    Ok(())
}

fn member(member: &GroupMember) -> Vec<Value> {
    let partitions: Vec<String> = member.partitions.iter().map(ToString::to_string).collect();
    vec![
        json!(member.member_id),
        json!(member.instance_id),
        json!(member.epoch),
        json!(member.client_id),
        json!(member.client_host),
        json!(if member.tasks.is_empty() { &partitions } else { &member.tasks }),
    ]
}

/// One row for each partition that is assigned or committed.
async fn partitions(admin: &Admin, group: &GroupDescription) -> Outcome<Vec<Vec<Value>>> {
    let progress = state::progress(admin, group).await?;
    let mut owners: BTreeMap<&TopicPartition, &GroupMember> = BTreeMap::new();
    for member in &group.members {
        owners.extend(member.partitions.iter().map(|partition| (partition, member)));
    }
    let all: BTreeSet<&TopicPartition> = progress.keys().chain(owners.keys().copied()).collect();
    let ends = state::ends(admin.client(), all.iter().copied()).await?;
    let rows = all.into_iter().map(|partition| {
        let (progress, end) = (progress.get(partition), ends.get(partition));
        let owner = owners.get(partition);
        vec![
            json!(&*partition.topic),
            json!(partition.partition.0),
            json!(progress.map(|progress| progress.done.0)),
            json!(end.map(|end| end.0)),
            json!(progress.and_then(|progress| progress.lag(end))),
            json!(owner.map(|owner| &owner.member_id)),
            json!(owner.map(|owner| &owner.client_id)),
            json!(owner.map(|owner| &owner.client_host)),
        ]
    });
    Ok(rows.collect())
}
