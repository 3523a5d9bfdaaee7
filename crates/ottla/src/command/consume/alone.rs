//! Reading without a group: chosen partitions, from a chosen place on, nothing committed.

use super::{Arguments, Printer, WAIT, stop_signal};
use crate::exit::{Failure, Outcome};
use crate::offsets;
use ottla_client::{Client, Consumer, ConsumerOptions, Reset, Start, TopicPartition};

/// Reads until the goal is reached or the user stops.
pub(super) async fn read(client: &Client, arguments: &Arguments, printer: &mut Printer<'_>) -> Outcome {
    let partitions = partitions(client, arguments).await?;
    let (positions, ends) = arguments.offset.find(client, &partitions, arguments.isolation.into()).await?;
    let starts =
        positions.iter().map(|(partition, offset)| (partition.clone(), Start::Offset(*offset))).collect();
    // Retention may be faster than reading: what is left begins later.
    let options = ConsumerOptions {
        isolation: arguments.isolation.into(),
        reset: Reset::Earliest,
        ..ConsumerOptions::default()
    };
    let mut consumer = Consumer::new(client, options);
    consumer.assign(starts).await?;
    printer.goal.set(positions, arguments.exit_at_end.then_some(ends));
    printer.expect(printer.goal.records_left());
    tokio::select! {
        outcome = follow(&mut consumer, &partitions, printer) => outcome,
        stopped = stop_signal() => Ok(stopped?),
    }
}

async fn follow(
    consumer: &mut Consumer,
    partitions: &[TopicPartition],
    printer: &mut Printer<'_>,
) -> Outcome {
    while !printer.goal.is_reached() {
        let records = consumer.poll(WAIT).await?;
        printer.print(&records)?;
        for partition in partitions {
            if let Some((position, _)) = consumer.position(partition) {
                printer.goal.pass(partition, position);
            }
        }
    }
    Ok(())
}

async fn partitions(client: &Client, arguments: &Arguments) -> Outcome<Vec<TopicPartition>> {
    let mut wanted = Vec::new();
    for topic in &arguments.topics {
        let all = offsets::partitions(client, topic).await?;
        if arguments.partition.is_empty() {
            wanted.extend(all);
            continue;
        }
        for number in &arguments.partition {
            let partition = TopicPartition::new(topic.as_str(), *number);
            if !all.contains(&partition) {
                let count = all.len();
                let message = format!("topic {topic} has {count} partition(s), so none is number {number}");
                return Err(Failure::not_found(message));
            }
            wanted.push(partition);
        }
    }
    Ok(wanted)
}
