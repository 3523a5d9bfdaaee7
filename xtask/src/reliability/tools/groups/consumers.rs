//! `VerifiableConsumer` in both group protocols: two members share the partitions, one leaves, and the other one goes on.
//! Every record must be consumed exactly once, since members commit what they read before they give a partition away.

use super::member::{Deliveries, Member, wait};
use super::{Figures, Run};
use serde_json::Value;
use std::collections::BTreeSet;

const PARTITIONS: u64 = 4;

/// Runs it in each protocol.
pub(super) fn all(run: &Run<'_>) -> Result<Figures, String> {
    for protocol in ["classic", "consumer"] {
        one(run, protocol).map_err(|why| format!("VerifiableConsumer, {protocol}: {why}"))?;
        println!("tools: VerifiableConsumer, {protocol}: {} records", 2 * run.records);
    }
    Ok(vec![(
        "records that two VerifiableConsumers read exactly once while one leaves, in each group protocol",
        (2 * run.records).to_string(),
    )])
}

fn one(run: &Run<'_>, protocol: &str) -> Result<(), String> {
    let topic = format!("verifiable-{protocol}");
    run.broker.create_topic(&topic, &PARTITIONS.to_string())?;
    let arguments = ["--topic", &topic, "--group-id", &topic, "--group-protocol", protocol];
    let start = |number| Member::start(run, "VerifiableConsumer", &arguments, &format!("{topic}-{number}"));
    let (stays, leaves) = (start(1)?, start(2)?);
    wait("two partitions for each member", || Ok(owned(&stays).len() == 2 && owned(&leaves).len() == 2))?;
    if !owned(&stays).is_disjoint(&owned(&leaves)) {
        return Err("a partition has two owners".to_owned());
    }
    run.produce(&topic)?;
    let count = |member: &Member<'_>| member.count("records_consumed");
    let first = run.records as u64;
    wait("the first records", || Ok(first <= count(&stays) + count(&leaves)))?;
    let left = leaves.events("records_consumed");
    leaves.stop()?;
    wait("all partitions for the one that stays", || Ok(owned(&stays).len() as u64 == PARTITIONS))?;
    run.produce(&topic)?;
    let read: u64 = left.iter().filter_map(|event| event["count"].as_u64()).sum();
    wait("the other records", || Ok(2 * first <= count(&stays) + read))?;
    let refused = |event: &&Value| event["success"] != true;
    if let Some(event) = stays.events("offsets_committed").iter().find(refused) {
        return Err(format!("a commit failed: {event}"));
    }
    let mut deliveries = Deliveries::new();
    stays.events("records_consumed").iter().chain(&left).for_each(|event| add(&mut deliveries, event));
    stays.stop()?;
    let twice = deliveries.values().filter(|times| **times != 1).count();
    if twice == 0 && deliveries.len() == 2 * run.records {
        return Ok(());
    }
    Err(format!("{} of {} records were read, {twice} not once", deliveries.len(), 2 * run.records))
}

/// The partitions that a member has after all that it was given and gave back.
fn owned(member: &Member<'_>) -> BTreeSet<u64> {
    let mut owned = BTreeSet::new();
    let numbers = |event: &Value| -> Vec<u64> {
        let partitions = event["partitions"].as_array().into_iter().flatten();
        partitions.filter_map(|partition| partition["partition"].as_u64()).collect()
    };
    for event in member.events_of(&["partitions_assigned", "partitions_revoked"]) {
        if event["name"] == "partitions_assigned" {
            owned.extend(numbers(&event));
        } else {
            let gone = numbers(&event);
            owned.retain(|number| !gone.contains(number));
        }
    }
    owned
}

fn add(deliveries: &mut Deliveries, event: &Value) {
    for partition in event["partitions"].as_array().into_iter().flatten() {
        let number = |name: &str| partition[name].as_u64().unwrap_or(u64::MAX);
        for offset in number("minOffset")..=number("maxOffset") {
            *deliveries.entry((number("partition"), offset)).or_default() += 1;
        }
    }
}
