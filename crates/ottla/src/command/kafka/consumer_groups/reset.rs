//! `kafka-consumer-groups --reset-offsets`: plans, commits with `--execute`, and prints the plan.

use super::{Ran, Tool, csv, plan};
use crate::command::Session;
use crate::command::kafka::error::{Stop, Trouble};
use crate::command::kafka::hash_order;
use crate::output;
use ottla_base::{LeaderEpoch, Offset, Timestamp};
use ottla_client::group::committed::Committed;
use ottla_client::{TopicPartition, TopicSet};
use ottla_wire::ErrorCode;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// Resets them.
pub(super) async fn run(tool: &Tool<'_>, session: &Session<'_>) -> Ran {
    let now = session.env.now().wall;
    let mut groups = tool.groups().await?;
    hash_order::sort(&mut groups, hash_order::UNSAID, |group| hash_order::of_text(group));
    let mut plans = Vec::new();
    for group in groups {
        let plan = match is_idle(tool, &group).await? {
            true => reset(tool, now, &group).await?,
            false => Vec::new(),
        };
        let mut rows = plan;
        hash_order::sort(&mut rows, hash_order::UNSAID, |(partition, _)| {
            hash_order::of_partition(&partition.topic, partition.partition.0)
        });
        plans.push((group, rows));
    }
    Ok(output::text(&printed(tool, &plans))?)
}

/// Whether members are no obstacle; if they are, says so.
async fn is_idle(tool: &Tool<'_>, group: &str) -> Ran<bool> {
    let listed = tool.admin.list_groups().await?;
    if listed.iter().any(|listed| listed.id == group && listed.group_type.eq_ignore_ascii_case("streams")) {
        output::line(format_args!(
            "\nError: Group '{group}' is a streams group. Use kafka-streams-groups.sh to reset its offsets."
        ))?;
        return Ok(false);
    }
    match tool.described(group).await {
        Ok(described) if ["Empty", "Dead"].contains(&described.state.as_str()) => Ok(true),
        Ok(described) => {
            output::line(format_args!(
                "\nError: Assignments can only be reset if the group '{group}' is inactive, but the current state is {}.",
                described.state
            ))?;
            Ok(false)
        }
        Err(error) if error.code() == Some(ErrorCode::GROUP_ID_NOT_FOUND) => Ok(true),
        Err(error) => Err(Trouble::from(error).wrapped_twice().into()),
    }
}

/// The plan, in the order in which the partitions were asked for.
async fn reset(tool: &Tool<'_>, now: Timestamp, group: &str) -> Ran<Vec<(TopicPartition, Offset)>> {
    let given = tool.given;
    let partitions: Vec<TopicPartition> = match () {
        () if given.has("all-topics") => tool.committed(group).await?.into_keys().collect(),
        () if given.has("topic") => {
            let (found, missing) = tool.partitions(&given.all("topic")).await?;
            if let Some((_, trouble)) = missing.into_iter().next() {
                return Err(trouble.into());
            }
            found
        }
        () if given.has("from-file") => Vec::new(),
        () => {
            let reason = "One of the reset scopes should be defined: --all-topics, --topic.";
            return Err(Stop::Usage(reason.to_owned()));
        }
    };
    refuse_missing(tool, &partitions).await?;
    let plan = plan::make(tool, now, group, &partitions).await?;
    if given.has("execute") && !plan.is_empty() {
        let committed = |(partition, offset): (&TopicPartition, &_)| {
            let offset = Committed { offset: *offset, leader_epoch: LeaderEpoch::NONE, metadata: None };
            (partition.clone(), offset)
        };
        let offsets: Vec<_> = plan.iter().map(committed).collect();
        for (_, outcome) in tool.admin.alter_group_offsets(group, &offsets).await? {
            outcome?;
        }
    }
    let asked: BTreeMap<&TopicPartition, usize> = partitions.iter().zip(0..).collect();
    let mut rows: Vec<_> = plan.into_iter().collect();
    rows.sort_by_key(|(partition, _)| asked.get(partition).copied());
    Ok(rows)
}

/// Refuses partitions that are not there, or without a leader.
async fn refuse_missing(tool: &Tool<'_>, partitions: &[TopicPartition]) -> Ran {
    let names: BTreeSet<&str> = partitions.iter().map(|partition| &*partition.topic).collect();
    if names.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = names.into_iter().collect();
    let view = tool.client.view(TopicSet::Named(&names)).await?;
    if names.iter().any(|name| !view.topics.contains_key(*name)) {
        return Err(Trouble::of_code(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION).wrapped_twice().into());
    }
    let leader = |at: &TopicPartition| Some(view.topics.get(&at.topic)?.partition(at.partition)?.leader);
    let named =
        |found: Vec<&TopicPartition>| found.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    let missing: Vec<_> = partitions.iter().filter(|at| leader(at).is_none()).collect();
    if !missing.is_empty() {
        return Err(Trouble::general(format!("The partitions \"{}\" do not exist", named(missing))).into());
    }
    let headless: Vec<_> = partitions.iter().filter(|at| leader(at) == Some(None)).collect();
    match headless.is_empty() {
        true => Ok(()),
        false => {
            Err(Trouble::general(format!("The partitions \"{}\" have no leader", named(headless))).into())
        }
    }
}

/// The plans as a table, or as comma-separated values.
fn printed(tool: &Tool<'_>, plans: &[(String, Vec<(TopicPartition, Offset)>)]) -> String {
    let rows = || plans.iter().flat_map(|(group, rows)| rows.iter().map(move |(at, to)| (group, at, *to)));
    if tool.given.has("export") {
        let is_single = tool.given.all("group").len() == 1;
        let row = |(group, at, to): (&String, &TopicPartition, _)| {
            csv::row((!is_single).then_some(group.as_str()), at, to)
        };
        return rows().map(row).collect::<String>() + "\n";
    }
    let longest = |lengths: &mut dyn Iterator<Item = usize>| lengths.max().unwrap_or(0).max(15);
    let group_width = longest(&mut plans.iter().map(|(group, _)| group.chars().count()));
    let topic_width = longest(&mut rows().map(|(_, at, _)| at.topic.chars().count()));
    let mut text = String::new();
    let mut line = |group: &str, topic: &str, partition: &str, offset: &str| {
        // Writing to a string does not fail.
        let _ = write!(text, "\n{group:group_width$} {topic:topic_width$} {partition:10} {offset}");
    };
    if !plans.is_empty() {
        line("GROUP", "TOPIC", "PARTITION", "NEW-OFFSET");
    }
    for (group, at, to) in rows() {
        line(group, &at.topic, &at.partition.to_string(), &to.to_string());
    }
    text + "\n"
}
