//! Reading as a member of a share group: single records, each accepted when it is printed.

use super::{Arguments, Printer, WAIT, stop_signal};
use crate::exit::Outcome;
use ottla_client::{Client, RequestError, ShareConsumer};
use ottla_wire::ErrorCode;
use std::sync::Arc;

/// Reads until the goal is reached or the user stops, then leaves the group.
pub(super) async fn read(
    client: &Client,
    group: &str,
    arguments: &Arguments,
    printer: &mut Printer<'_>,
) -> Outcome {
    let topics: Vec<Arc<str>> = arguments.topics.iter().map(|topic| topic.as_str().into()).collect();
    for topic in &topics {
        // A misspelt topic would make a member that waits for ever.
        client.topic(topic).await?;
    }
    let mut consumer = ShareConsumer::new(client, group, topics);
    let outcome = follow(&mut consumer, arguments, printer).await;
    consumer.close().await;
    outcome
}

async fn follow(consumer: &mut ShareConsumer, arguments: &Arguments, printer: &mut Printer<'_>) -> Outcome {
    let mut stopped = std::pin::pin!(stop_signal());
    // The first answer of a leader may come before it has looked for records.
    let mut empty_polls = 0;
    while !printer.goal.is_reached() {
        let wanted = printer.goal.records_left().and_then(|left| i32::try_from(left).ok());
        let polled = tokio::select! {
            polled = consumer.poll(wanted.unwrap_or(RECORDS).min(RECORDS), WAIT) => polled,
            // Not while records are printed and accepted: what is printed shall not come again.
            stopped = &mut stopped => return Ok(stopped?),
        };
        let taken = polled?;
        if taken.is_empty() {
            empty_polls += usize::from(0 < consumer.leaders());
            if arguments.exit_at_end && consumer.leaders() < empty_polls {
                return Ok(());
            }
            continue;
        }
        empty_polls = 0;
        printer.print(&taken.records)?;
        match consumer.accept(taken).await {
            Err(error) if is_lost(&error) => {
                tracing::warn!(%error, "what was printed last is given to others, too");
            }
            accepted => accepted?,
        }
    }
    Ok(())
}

/// Printing took longer than the lock, or the connection was lost meanwhile.
fn is_lost(error: &RequestError) -> bool {
    error.is_retriable() || error.code() == Some(ErrorCode::INVALID_RECORD_STATE)
}

/// Most records of one poll.
const RECORDS: i32 = 500;
