//! `kafka-topics --create`, `--alter` and `--delete`.

use super::{Ran, there_is, topics};
use crate::command::kafka::error::Trouble;
use crate::command::kafka::flags::Given;
use crate::output;
use ottla_broker::config::TOPIC_KEYS;
use ottla_client::admin::{Mode, NewTopic};
use ottla_client::{Admin, Client, Refused, Topic};
use ottla_wire::ErrorCode;
use ottla_wire::message::CreatePartitionsRequest;
use ottla_wire::message::create_partitions_request::{CreatePartitionsAssignment, CreatePartitionsTopic};
use std::collections::BTreeMap;

/// Makes a topic.
pub(super) async fn create(client: &Client, given: &Given<'_>) -> Ran {
    let name = given.one("topic")?.unwrap_or_default();
    let assignment = assignment(given)?;
    let partitions = given.number::<i32>("partitions")?;
    let replication_factor = given.number::<i32>("replication-factor")?;
    let configs = configs(&given.all("config"))?;
    if name.contains(['.', '_']) {
        output::line(
            "WARNING: Due to limitations in metric names, topics with a period ('.') or underscore ('_') could \
             collide. To avoid issues it is best to use either, but not both.",
        )?;
    }
    let factor = replication_factor.map(i16::try_from).transpose().ok();
    let Some(replication_factor) = factor.filter(|factor| factor.is_none_or(|factor| 0 < factor)) else {
        return Err(Trouble::general("The replication factor must be between 1 and 32767 inclusive").into());
    };
    if partitions.is_some_and(|count| count < 1) {
        return Err(Trouble::general("The partitions must be greater than 0").into());
    }
    let topic = NewTopic { name: name.to_owned(), partitions, replication_factor, assignment, configs };
    for (_, outcome) in Admin::new(client).create_topics(&[topic], Mode::Apply).await? {
        match outcome {
            Ok(_) => output::line(format_args!("Created topic {name}."))?,
            Err(refused) if refused.code == ErrorCode::TOPIC_ALREADY_EXISTS && given.has("if-not-exists") => {
            }
            Err(refused) => return Err(refused.into()),
        }
    }
    Ok(())
}

/// Gives topics more partitions.
pub(super) async fn alter(client: &Client, given: &Given<'_>) -> Ran {
    let assignment = assignment(given)?;
    let found = topics(client, given).await?;
    there_is(&found, given)?;
    let count = given.number("partitions")?.unwrap_or_default();
    let brokers_of_new = |topic: &Topic| {
        let new = assignment.iter().skip(topic.partitions.len());
        let brokers: Vec<_> =
            new.map(|brokers| CreatePartitionsAssignment { broker_ids: brokers.clone() }).collect();
        (!assignment.is_empty()).then_some(brokers)
    };
    let grown = found.iter().map(|topic| CreatePartitionsTopic {
        name: (&*topic.name).into(),
        count,
        assignments: brokers_of_new(topic),
    });
    let request =
        CreatePartitionsRequest { topics: grown.collect(), timeout_ms: TIMEOUT_MS, validate_only: false };
    if request.topics.is_empty() {
        return Ok(());
    }
    for result in client.call_any(&request).await?.results {
        let what = format!("topic {}", result.name);
        Refused::check(what, result.error_code, result.error_message.as_deref())?;
    }
    Ok(())
}

/// Deletes topics.
pub(super) async fn delete(client: &Client, given: &Given<'_>) -> Ran {
    let found = topics(client, given).await?;
    there_is(&found, given)?;
    let names: Vec<&str> = found.iter().map(|topic| &*topic.name).collect();
    if names.is_empty() {
        return Ok(());
    }
    for (_, outcome) in Admin::new(client).delete_topics(&names).await? {
        outcome?;
    }
    Ok(())
}

/// How long a broker may take to carry out a change, in milliseconds.
const TIMEOUT_MS: i32 = 15_000;

/// `--config`, of which the last of a name wins. A misspelt name is refused before a broker is asked.
fn configs(texts: &[&str]) -> Ran<Vec<(String, Option<String>)>> {
    let mut configs = BTreeMap::new();
    for text in texts {
        let parts: Vec<&str> = text.trim_end_matches('=').split('=').collect();
        let [name, value] = parts[..] else {
            return Err(Trouble::general(
                "requirement failed: Invalid topic config: all configs to be added must be in the format \"key=val\".",
            )
            .into());
        };
        configs.insert(name.trim().to_owned(), Some(value.trim().to_owned()));
    }
    match configs.keys().find(|name| !TOPIC_KEYS.iter().any(|key| key.name == **name)) {
        Some(unknown) => Err(Trouble::general(format!("Unknown topic config name: {unknown}")).into()),
        None => Ok(configs.into_iter().collect()),
    }
}

/// `--replica-assignment`: the brokers of each partition.
fn assignment(given: &Given<'_>) -> Ran<Vec<Vec<i32>>> {
    let Some(text) = given.one("replica-assignment")?.filter(|text| !text.is_empty()) else {
        return Ok(Vec::new());
    };
    let mut assignment: Vec<Vec<i32>> = Vec::new();
    for (nth, partition) in text.split(',').enumerate() {
        let read = |text: &str| {
            let text = text.trim();
            text.parse::<i32>().map_err(|_| Trouble::general(format!("For input string: \"{text}\"")))
        };
        let brokers = partition.split(':').map(read).collect::<Result<Vec<_>, _>>()?;
        let twice: Vec<String> = brokers
            .iter()
            .enumerate()
            .filter(|(at, broker)| brokers[..*at].contains(broker))
            .map(|(_, broker)| broker.to_string())
            .collect();
        if !twice.is_empty() {
            let twice = twice.join(",");
            return Err(Trouble::general(format!(
                "Partition replica lists may not contain duplicate entries: {twice}"
            ))
            .into());
        }
        if assignment.first().is_some_and(|first| first.len() != brokers.len()) {
            let message = format!("Partition {nth} has different replication factor: {brokers:?}");
            return Err(Trouble::general(message).into());
        }
        assignment.push(brokers);
    }
    Ok(assignment)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_as_kafkas_tool_reads_them() {
        let read = |texts: &[&str]| configs(texts).map_err(|stop| format!("{stop:?}"));
        let pair = |name: &str, value: &str| (name.to_owned(), Some(value.to_owned()));
        assert_eq!(read(&["retention.ms = 1", "retention.ms=2"]), Ok(vec![pair("retention.ms", "2")]));
        for bad in ["retention.ms", "retention.ms=", "retention.ms=1=2"] {
            assert!(read(&[bad]).is_err_and(|stop| stop.contains("key=val")), "{bad}");
        }
        assert!(
            read(&["retention.mss=1"])
                .is_err_and(|stop| stop.contains("Unknown topic config name: retention.mss"))
        );
    }
}
