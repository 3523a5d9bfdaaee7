//! `kafka-consumer-groups --delete` and `--delete-offsets`.

use super::{Ran, Tool};
use crate::command::kafka::error::Trouble;
use crate::command::kafka::hash_order;
use crate::output;
use ottla_client::{RequestError, TopicPartition};
use ottla_wire::ErrorCode;
use std::fmt::Write;

/// Deletes groups.
pub(super) async fn groups(tool: &Tool<'_>) -> Ran {
    let mut groups = tool.groups().await?;
    hash_order::sort(&mut groups, hash_order::UNSAID, |group| hash_order::of_text(group));
    let (mut gone, mut failed) = (Vec::new(), String::new());
    for group in &groups {
        let outcomes = match tool.admin.delete_groups(&[group.as_str()]).await {
            Ok(outcomes) => {
                outcomes.into_iter().find_map(|(_, outcome)| outcome.err().map(RequestError::from))
            }
            Err(error) => Some(error),
        };
        match outcomes {
            None => gone.push(format!("'{group}'")),
            Some(error) => {
                // Whatever the broker says of it, the tool of Kafka has words of its own.
                let trouble = error.code().map_or_else(|| Trouble::from(error.clone()), Trouble::of_code);
                failed.push_str(&format!("* Group '{group}' could not be deleted due to: {trouble}\n"));
            }
        }
    }
    let gone = gone.join(", ");
    if failed.is_empty() {
        return Ok(output::line(format_args!(
            "Deletion of requested consumer groups ({gone}) was successful."
        ))?);
    }
    output::text(&format!("\nError: Deletion of some consumer groups failed:\n{failed}"))?;
    if !gone.is_empty() {
        output::line(format_args!("\nThese consumer groups were deleted successfully: {gone}"))?;
    }
    Ok(())
}

/// Forgets what a group has committed for topics.
pub(super) async fn offsets(tool: &Tool<'_>) -> Ran {
    let group = tool.given.one("group")?.unwrap_or_default();
    let (partitions, missing) = tool.partitions(&tool.given.all("topic")).await?;
    let mut rows: Vec<(TopicPartition, String)> = missing
        .into_iter()
        .map(|(topic, trouble)| (TopicPartition::new(topic, -1), format!("Error: {trouble}")))
        .collect();
    let (headline, statuses) = delete(tool, group, partitions).await;
    rows.extend(statuses);
    rows.sort_by_key(|(partition, _)| format!("{}{}", partition.topic, partition.partition));
    let width = rows.iter().map(|(partition, _)| partition.topic.chars().count()).max().unwrap_or(0).max(15);
    let mut printed = format!("{headline}\n");
    let mut row = |topic: &str, partition: &str, status: &str| {
        // Writing to a string does not fail.
        let _ = write!(printed, "\n{topic:width$} {partition:10} {status:15}");
    };
    row("TOPIC", "PARTITION", "STATUS");
    for (partition, status) in &rows {
        let number = match partition.partition.0 {
            ..0 => "-".to_owned(),
            number => number.to_string(),
        };
        row(&partition.topic, &number, status);
    }
    printed.push('\n');
    Ok(output::text(&printed)?)
}

/// What to say first, and what became of each partition.
async fn delete(
    tool: &Tool<'_>,
    group: &str,
    partitions: Vec<TopicPartition>,
) -> (String, Vec<(TopicPartition, String)>) {
    let error_of = |trouble: &Trouble| format!("Error: {trouble}");
    let done = || format!("Request succeeded for deleting offsets from group {group}.");
    let partial = || "\nError: Encountered some partition-level error, see the follow-up details.".to_owned();
    match tool.admin.delete_group_offsets(group, &partitions).await {
        Ok(results) => {
            let is_well = results.iter().all(|(_, result)| result.is_ok());
            let status = |result: Result<(), ottla_client::Refused>| match result {
                Ok(()) => "Successful".to_owned(),
                Err(refused) => error_of(&Trouble::from(&refused)),
            };
            let rows = results.into_iter().map(|(partition, result)| (partition, status(result))).collect();
            (if is_well { done() } else { partial() }, rows)
        }
        Err(error) => {
            let code = error.code();
            let trouble = Trouble::from(error);
            let headline = match code {
                Some(
                    ErrorCode::INVALID_GROUP_ID
                    | ErrorCode::GROUP_ID_NOT_FOUND
                    | ErrorCode::GROUP_AUTHORIZATION_FAILED
                    | ErrorCode::NON_EMPTY_GROUP,
                ) => format!("\nError: {}", trouble.message),
                Some(code) => format!("\nError: Encountered some unknown error: {}", code.name()),
                None => format!("\nError: Encountered some unknown error: {trouble}"),
            };
            let rows = partitions.into_iter().map(|partition| (partition, error_of(&trouble))).collect();
            (headline, rows)
        }
    }
}
