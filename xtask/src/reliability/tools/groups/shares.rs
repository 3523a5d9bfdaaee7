//! `VerifiableShareConsumer` in every mode of acknowledgement, two members in one group, and `ShareConsumerPerformance`.
//!
//! What a member does with a record follows from its offset, and so does how often it must be delivered.

use super::member::{Deliveries, Member, wait};
use super::{Figures, Run};
use std::collections::BTreeSet;

/// What is done with offsets 0, 1, 2 and 3, and so on in turn.
const PATTERN: &str = "accept,release,reject,renew";
/// How often these are delivered: what is released comes until the limit of deliveries (five) is reached, and what is
/// renewed comes once more to the member that has it.
const DELIVERIES: [usize; 4] = [1, 5, 1, 2];

/// A mode of acknowledgement, and what is acknowledged how.
const WAYS: &[(&str, &str)] =
    &[("auto", ""), ("sync", ""), ("async", ""), ("sync", PATTERN), ("async", PATTERN)];

/// Runs every way, and the measuring tool.
pub(super) fn all(run: &Run<'_>) -> Result<Figures, String> {
    for (mode, pattern) in WAYS {
        one(run, mode, pattern).map_err(|why| format!("VerifiableShareConsumer, {mode} {pattern}: {why}"))?;
        println!("tools: VerifiableShareConsumer, {mode} {pattern}: {} records", run.records);
    }
    Ok(vec![
        ("ways of VerifiableShareConsumer", format!("auto, sync, async; sync and async with {PATTERN}")),
        (
            "records in each of them, delivered to two members as often as they must be",
            run.records.to_string(),
        ),
        ("records that ShareConsumerPerformance read", perform(run)?),
    ])
}

fn one(run: &Run<'_>, mode: &str, pattern: &str) -> Result<(), String> {
    let name = if pattern.is_empty() { format!("share-{mode}") } else { format!("share-{mode}-pattern") };
    run.broker.create_topic(&name, "2")?;
    run.produce(&name)?;
    let mut arguments = vec!["--topic", &name, "--group-id", &name, "--acknowledgement-mode", mode];
    arguments.extend(["--offset-reset-strategy", "earliest"]);
    if !pattern.is_empty() {
        arguments.extend(["--ack-pattern", pattern]);
    }
    let members = [1, 2]
        .map(|number| Member::start(run, "VerifiableShareConsumer", &arguments, &format!("{name}-{number}")));
    let [first, second] = members;
    let members = [first?, second?];
    // The partitions' start offsets stand after the last record only when each record is accepted or archived.
    wait("the group to be done with every record", || {
        let consumed: u64 = members.iter().map(|member| member.count("records_consumed")).sum();
        Ok((run.records as u64) <= consumed && lag(run, &name)? == 0)
    })?;
    let mut deliveries = Deliveries::new();
    let mut partitions = BTreeSet::new();
    for event in members.iter().flat_map(|member| member.events("records_consumed")) {
        for partition in event["partitions"].as_array().into_iter().flatten() {
            let number = partition["partition"].as_u64().unwrap_or(u64::MAX);
            partitions.insert(number);
            let offsets = partition["offsets"].as_array().into_iter().flatten();
            for offset in offsets.filter_map(serde_json::Value::as_u64) {
                *deliveries.entry((number, offset)).or_default() += 1;
            }
        }
    }
    let refused = members.iter().flat_map(|member| member.events("offsets_acknowledged"));
    if let Some(event) = refused.into_iter().find(|event| event["success"] == false) {
        return Err(format!("an acknowledgement failed: {event}"));
    }
    for member in members {
        member.stop()?;
    }
    if deliveries.len() != run.records {
        return Err(format!("{} of {} records were delivered", deliveries.len(), run.records));
    }
    let due = |offset: u64| if pattern.is_empty() { 1 } else { DELIVERIES[(offset % 4) as usize] };
    match deliveries.iter().find(|((_, offset), times)| **times != due(*offset)) {
        None => Ok(()),
        Some(((partition, offset), times)) => Err(format!(
            "offset {offset} of partition {partition} was delivered {times} times and not {}",
            due(*offset)
        )),
    }
}

/// How many records the group has still to do, over all partitions; as `kafka-share-groups` says it.
pub(super) fn lag(run: &Run<'_>, group: &str) -> Result<u64, String> {
    let printed =
        run.tool("consumer.group.ShareGroupCommand", &["--describe", "--offsets", "--group", group])?;
    let rows = printed.lines().filter(|line| line.starts_with(group));
    let lags: Option<Vec<u64>> =
        rows.map(|row| row.split_whitespace().last().and_then(|lag| lag.parse().ok())).collect();
    match lags {
        Some(lags) if !lags.is_empty() => Ok(lags.iter().sum()),
        // Before the first fetch there is nothing to tell.
        _ => Ok(u64::MAX),
    }
}

/// The measuring tool, in a group whose setting another tool of Kafka's makes.
fn perform(run: &Run<'_>) -> Result<String, String> {
    let (name, count) = ("share-performance", run.records.to_string());
    run.broker.create_topic(name, "2")?;
    run.produce(name)?;
    let setting = "share.auto.offset.reset=earliest";
    let arguments = ["--alter", "--entity-type", "groups", "--entity-name", name, "--add-config", setting];
    run.tool("ConfigCommand", &arguments)?;
    let mut arguments = vec!["--topic", name, "--group", name, "--num-records", &count];
    arguments.extend(["--threads", "2", "--timeout", "60000", "--hide-header"]);
    let printed = run.tool("ShareConsumerPerformance", &arguments)?;
    // start, end, MB, MB/s, records/s, records, fetch time
    let row = printed.lines().rev().find(|line| line.split(", ").count() == 7);
    match row.and_then(|row| row.split(", ").nth(5)) {
        Some(read) if read.parse().is_ok_and(|read: usize| run.records <= read) => Ok(read.to_owned()),
        _ => Err(format!("ShareConsumerPerformance did not read {count} records: {printed}")),
    }
}
