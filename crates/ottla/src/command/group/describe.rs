//! `ottla group describe`.

use super::state;
use crate::arguments::Form;
use crate::command::Session;
use crate::exit::Outcome;
use crate::offsets::Key;
use crate::output;
use ottla_wire::message::describe_groups_response::{DescribedGroup, DescribedGroupMember};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Show a group's members, what each reads, and how far behind it is.
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
const MEMBER: &[&str] = &["member", "instance", "client", "host", "partitions"];

/// Prints them.
pub(super) async fn run(session: &Session<'_>, arguments: &Arguments) -> Outcome {
    let client = session.connect().await?;
    for (nth, id) in arguments.groups.iter().enumerate() {
        let group = state::describe(&client, id).await?;
        let partitions = partitions(&client, id, &group).await?;
        let members: Vec<Vec<Value>> = group.members.iter().map(member).collect();
        let lag: i64 = partitions.iter().filter_map(|row| row[4].as_i64()).sum();
        if session.common.output == Form::Json {
            output::json(&json!({
                "group": id,
                "state": &*group.group_state,
                "protocol": &*group.protocol_type,
                "assignor": &*group.protocol_data,
                "lag": lag,
                "members": named(MEMBER, members),
                "partitions": named(PARTITION, partitions),
            }))?;
            continue;
        }
        if nth > 0 {
            output::line("")?;
        }
        let assignor = if group.protocol_data.is_empty() { "-" } else { &group.protocol_data };
        output::line(format_args!(
            "{id}: {}, {} member(s), {lag} record(s) behind, assignor {assignor}",
            group.group_state,
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

fn named(header: &[&str], rows: Vec<Vec<Value>>) -> Vec<Value> {
    let name =
        |row: Vec<Value>| Value::Object(header.iter().map(|name| (*name).to_owned()).zip(row).collect());
    rows.into_iter().map(name).collect()
}

fn member(member: &DescribedGroupMember) -> Vec<Value> {
    let partitions = state::assignment(member).into_iter().map(|(topic, index)| format!("{topic}-{index}"));
    vec![
        json!(&*member.member_id),
        json!(member.group_instance_id.as_deref()),
        json!(&*member.client_id),
        json!(&*member.client_host),
        json!(partitions.collect::<Vec<_>>()),
    ]
}

/// One row for each partition that is assigned or committed.
async fn partitions(
    client: &ottla_client::Client,
    id: &str,
    group: &DescribedGroup,
) -> Outcome<Vec<Vec<Value>>> {
    let committed = state::committed(client, id).await?;
    let mut owners: BTreeMap<Key, &DescribedGroupMember> = BTreeMap::new();
    for member in &group.members {
        owners.extend(state::assignment(member).into_iter().map(|key| (key, member)));
    }
    let all: BTreeSet<&Key> = committed.keys().chain(owners.keys()).collect();
    let ends = state::ends(client, all.iter().copied()).await?;
    let rows = all.into_iter().map(|key| {
        let (at, end) = (committed.get(key), ends.get(key));
        let owner = owners.get(key);
        vec![
            json!(key.0),
            json!(key.1.0),
            json!(at.map(|at| at.0)),
            json!(end.map(|end| end.0)),
            json!(at.zip(end).map(|(at, end)| (end.0 - at.0).max(0))),
            json!(owner.map(|owner| &*owner.member_id)),
            json!(owner.map(|owner| &*owner.client_id)),
            json!(owner.map(|owner| &*owner.client_host)),
        ]
    });
    Ok(rows.collect())
}
