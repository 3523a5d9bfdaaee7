//! `kafka-consumer-groups --describe`: offsets and lag, members, or the state.

use super::{Ran, Tool};
use crate::command::group::state;
use crate::command::kafka::error::Trouble;
use crate::output;
use ottla_base::LeaderEpoch;
use ottla_client::admin::{GroupDescription, GroupMember};
use ottla_client::{CoordinatorKind, TopicPartition};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// What stands in a column that does not apply.
const NONE: &str = "-";

/// Prints them, in the order of their ids.
pub(super) async fn run(tool: &Tool<'_>) -> Ran {
    let mut groups = BTreeMap::new();
    for id in tool.groups().await? {
        let described = tool.described(&id).await.map_err(|error| Trouble::from(error).wrapped())?;
        groups.insert(id, described);
    }
    let verbose = tool.given.has("verbose");
    for group in groups.values() {
        if tool.given.has("members") {
            is_worth_printing(group, group.members.len())?;
            output::text(&members(group, verbose))?;
        } else if tool.given.has("state") {
            if is_worth_printing(group, 1)? {
                let text = state_of(tool, group, verbose).await?;
                output::text(&text)?;
            }
        } else {
            let rows = offsets(tool, group, verbose).await?;
            if is_worth_printing(group, rows.len())? {
                output::text(&aligned(&rows, offset_header(verbose), &offset_widths(verbose)))?;
            }
        }
    }
    Ok(())
}

/// Says of a group without members, or whose members move, that it is so; whether there is anything to print.
fn is_worth_printing(group: &GroupDescription, rows: usize) -> Ran<bool> {
    let id = &group.id;
    match group.state.as_str() {
        "Dead" => output::line(format_args!("\nError: Consumer group '{id}' does not exist."))?,
        "Empty" => output::aside(format_args!("\nConsumer group '{id}' has no active members.")),
        "PreparingRebalance" | "CompletingRebalance" | "Assigning" | "Reconciling" => {
            output::aside(format_args!("\nWarning: Consumer group '{id}' is rebalancing."));
        }
        _ => {}
    }
    Ok(group.state != "Dead" && 0 < rows)
}

/// Rows under a header, each behind a line break; each column but the last is at least as wide as said.
fn aligned(rows: &[Vec<String>], header: &[&str], widths: &[usize]) -> String {
    let header = header.iter().map(|name| (*name).to_owned()).collect();
    let all: Vec<&Vec<String>> = std::iter::once(&header).chain(rows).collect();
    let width = |column: usize| match widths.get(column).copied() {
        // As wide as what stands below the header.
        Some(at_least @ 15..) => {
            rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0).max(at_least)
        }
        Some(fixed) => fixed,
        None => 0,
    };
    let line = |row: &&Vec<String>| {
        let cells = row.iter().enumerate().map(|(column, cell)| format!("{cell:0$}", width(column)));
        format!("\n{}", cells.collect::<Vec<_>>().join(" "))
    };
    all.iter().map(line).collect::<String>() + "\n"
}

const fn offset_header(verbose: bool) -> &'static [&'static str] {
    const ALL: &[&str] = &[
        "GROUP",
        "TOPIC",
        "PARTITION",
        "LEADER-EPOCH",
        "CURRENT-OFFSET",
        "LOG-END-OFFSET",
        "LAG",
        "CONSUMER-ID",
        "HOST",
        "CLIENT-ID",
    ];
    const FEWER: &[&str] = &[
        "GROUP",
        "TOPIC",
        "PARTITION",
        "CURRENT-OFFSET",
        "LOG-END-OFFSET",
        "LAG",
        "CONSUMER-ID",
        "HOST",
        "CLIENT-ID",
    ];
    if verbose { ALL } else { FEWER }
}

fn offset_widths(verbose: bool) -> Vec<usize> {
    let numbers = if verbose { 4 } else { 3 };
    [vec![15, 15, 10], vec![15; numbers], vec![15, 15]].concat()
}

/// A row for each partition: first those of members, the busiest member first, then those that only have offsets.
async fn offsets(tool: &Tool<'_>, group: &GroupDescription, verbose: bool) -> Ran<Vec<Vec<String>>> {
    let committed = tool.committed(&group.id).await?;
    let mut members: Vec<&GroupMember> =
        group.members.iter().filter(|member| !member.partitions.is_empty()).collect();
    members.sort_by_key(|member| Reverse(member.partitions.len()));
    let assigned: Vec<&TopicPartition> = members.iter().flat_map(|member| &member.partitions).collect();
    let all: BTreeSet<&TopicPartition> = committed.keys().chain(assigned.iter().copied()).collect();
    let ends = state::ends(&tool.client, all.into_iter()).await?;
    let row = |at: &TopicPartition, owner: [&str; 3]| {
        let offset = committed.get(at);
        let end = ends.get(at);
        let number = |number: Option<i64>| number.map_or(NONE.to_owned(), |number| number.to_string());
        let epoch = offset.map(|offset| offset.leader_epoch).filter(|epoch| *epoch != LeaderEpoch::NONE);
        let mut row = vec![group.id.clone(), at.topic.to_string(), at.partition.to_string()];
        if verbose {
            row.push(number(epoch.map(|epoch| epoch.0.into())));
        }
        let lag = offset.zip(end).map(|(offset, end)| end.0 - offset.offset.0);
        row.extend([number(offset.map(|offset| offset.offset.0)), number(end.map(|end| end.0)), number(lag)]);
        row.extend(owner.map(str::to_owned));
        row
    };
    let mut rows = Vec::new();
    for member in members {
        let mut partitions: Vec<&TopicPartition> = member.partitions.iter().collect();
        partitions.sort();
        let owner = [member.member_id.as_str(), &member.client_host, &member.client_id];
        rows.extend(partitions.into_iter().map(|partition| row(partition, owner)));
    }
    let alone = committed.keys().filter(|partition| !assigned.contains(partition));
    rows.extend(alone.map(|partition| row(partition, [NONE; 3])));
    Ok(rows)
}

/// Members and what they have. The header is there even if no member is.
fn members(group: &GroupDescription, verbose: bool) -> String {
    let has_instance = group.members.iter().any(|member| member.instance_id.is_some());
    let is_of = |upgraded| group.members.iter().any(|member| member.is_upgraded == Some(upgraded));
    let is_mixed = is_of(true) && is_of(false);
    let mut columns: Vec<Column<'_>> = vec![
        ("GROUP", 15, Box::new(|_| group.id.clone())),
        ("CONSUMER-ID", 15, Box::new(|member| member.member_id.clone())),
    ];
    if has_instance {
        columns.push((
            "GROUP-INSTANCE-ID",
            17,
            Box::new(|member| member.instance_id.clone().unwrap_or_default()),
        ));
    }
    columns.push(("HOST", 15, Box::new(|member| member.client_host.clone())));
    columns.push(("CLIENT-ID", 15, Box::new(|member| member.client_id.clone())));
    columns.push(("#PARTITIONS", 15, Box::new(|member| member.partitions.len().to_string())));
    let epoch = |epoch: Option<i32>| epoch.map_or(NONE.to_owned(), |epoch| epoch.to_string());
    if verbose {
        columns.push(("CURRENT-EPOCH", 15, Box::new(move |member| epoch(member.epoch))));
        columns.push(("CURRENT-ASSIGNMENT", 20, Box::new(|member| assignment(&member.partitions))));
        columns.push(("TARGET-EPOCH", 15, Box::new(move |_| epoch(group.assignment_epoch))));
        let target = |member: &GroupMember| assignment(member.target.as_deref().unwrap_or_default());
        columns.push(("TARGET-ASSIGNMENT", 20, Box::new(target)));
    }
    if verbose && is_mixed {
        let upgraded = |member: &GroupMember| {
            member.is_upgraded.map_or(NONE.to_owned(), |upgraded| upgraded.to_string())
        };
        columns.push(("UPGRADED", 0, Box::new(upgraded)));
    }
    let rows: Vec<Vec<String>> =
        group.members.iter().map(|member| columns.iter().map(|(_, _, of)| of(member)).collect()).collect();
    let header: Vec<&str> = columns.iter().map(|(name, _, _)| *name).collect();
    let widths: Vec<usize> = columns.iter().map(|(_, width, _)| *width).collect();
    match verbose {
        true => aligned(&rows, &header, &widths),
        // The tool of Kafka leaves a blank where more would follow.
        false => aligned(&rows, &header, &widths).replace('\n', " \n").replacen(" \n", "\n", 1),
    }
}

/// A column: its name, its least width, and what it shows of a member.
type Column<'g> = (&'static str, usize, Box<dyn Fn(&GroupMember) -> String + 'g>);

/// As `a:0,1;b:0`.
fn assignment(partitions: &[TopicPartition]) -> String {
    let mut topics: BTreeMap<&str, Vec<i32>> = BTreeMap::new();
    for partition in partitions {
        topics.entry(&partition.topic).or_default().push(partition.partition.0);
    }
    if topics.is_empty() {
        return NONE.to_owned();
    }
    let of_topic = |(topic, mut numbers): (&str, Vec<i32>)| {
        numbers.sort_unstable();
        let numbers: Vec<String> = numbers.iter().map(i32::to_string).collect();
        format!("{topic}:{}", numbers.join(","))
    };
    topics.into_iter().map(of_topic).collect::<Vec<_>>().join(";")
}

/// The state in one row, with the broker that coordinates the group.
async fn state_of(tool: &Tool<'_>, group: &GroupDescription, verbose: bool) -> Ran<String> {
    let node = tool.client.find_coordinator(CoordinatorKind::Group, &group.id).await?;
    let coordinator = format!("{}:{}  ({})", node.address.host, node.address.port, node.id);
    let assignor = if group.protocol.is_empty() { NONE } else { &group.protocol };
    let epoch = |epoch: Option<i32>| epoch.map_or(NONE.to_owned(), |epoch| epoch.to_string());
    let mut row = vec![group.id.clone(), coordinator, assignor.to_owned(), group.state.clone()];
    let mut header = vec!["GROUP", "COORDINATOR (ID)", "ASSIGNMENT-STRATEGY", "STATE"];
    let mut widths = vec![15, 25, 20, 20];
    if verbose {
        row.extend([epoch(group.epoch), epoch(group.assignment_epoch)]);
        header.extend(["GROUP-EPOCH", "TARGET-ASSIGNMENT-EPOCH"]);
        widths.extend([15, 25]);
    }
    row.push(group.members.len().to_string());
    header.push("#MEMBERS");
    Ok(aligned(&[row], &header, &widths))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_kafkas() {
        let row = vec!["g".to_owned(), "a-topic-of-20-letters".to_owned(), "7".to_owned()];
        let printed = aligned(&[row], &["GROUP", "TOPIC", "N"], &[15, 15]);
        let lines: Vec<&str> = printed.lines().collect();
        assert_eq!(lines[0], "");
        assert_eq!(lines[1], format!("{:15} {:21} N", "GROUP", "TOPIC"));
        assert_eq!(lines[2], format!("{:15} a-topic-of-20-letters 7", "g"));
    }

    #[test]
    fn an_assignment_is_told_by_topic() {
        let at = |topic: &str, index| TopicPartition::new(topic, index);
        assert_eq!(assignment(&[at("b", 2), at("a", 0), at("b", 0)]), "a:0;b:0,2");
        assert_eq!(assignment(&[]), "-");
    }
}
