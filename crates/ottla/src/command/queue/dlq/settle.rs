//! Settles letters, so many in each transaction: what goes back to the source topics and the receipts count together.
//!
//! All who settle letters of one topic use one transactional id. Who comes later takes the place of who came before:
//! whatever that one had not committed is taken back, and what it had committed is read before anything is chosen. So
//! two people cannot requeue a letter twice.

use super::letters::{self, Letter, LetterId, Letters, OUTCOME, REQUEUED_FOR, SETTLES, Settled, TOPIC_ID};
use super::selection::Selection;
use crate::command::Session;
use crate::command::queue::reading::{self, Starts};
use crate::exit::{Failure, Outcome};
use crate::output;
use crate::text;
use bytes::Bytes;
use ottla_client::{
    Admin, Client, Delivery, Header, ProducerOptions, ProducerRecord, Transaction, TransactionOptions,
    TransactionalProducer,
};
use serde_json::{Value, json};
use std::ops::ControlFlow;
use std::time::Duration;

/// Letters of one transaction, at most.
const CHUNK: usize = 500;
const TIMEOUT: Duration = Duration::from_secs(60);
const HEADER: &[&str] = &["letter", "topic", "partition", "offset", "outcome"];

/// Settles what `selection` chooses.
pub(super) async fn run(session: &Session<'_>, selection: &Selection, settled: Settled) -> Outcome {
    let client = session.connect().await?;
    let group = selection.group.as_str();
    let topic = letters::topic_needed(&Admin::new(&client), group, selection.topic.as_deref()).await?;
    let planned = selection.of(&Letters::read(&client, &topic, group).await?)?;
    if planned.is_empty() {
        output::note(session.common, format_args!("no dead letters of {group} in {topic}"));
        return Ok(());
    }
    if selection.dry_run {
        for chunk in planned.chunks(CHUNK) {
            let letters = letters::in_full(&client, &topic, chunk).await?;
            print(session, &letters, settled)?;
        }
        output::note(session.common, "nothing was changed");
        return Ok(());
    }
    output::confirm(selection.yes, &question(planned.len(), group, settled))?;
    let transaction = TransactionOptions { id: format!("ottla-dlq-{topic}"), timeout: TIMEOUT };
    // Each record is a batch of its own: only in such batches does the broker look whom a record is for.
    let alone = ProducerOptions { batch_bytes: 1, ..ProducerOptions::default() };
    let mut producer = TransactionalProducer::new(&client, alone, transaction).await?;
    // Now that nobody else can settle letters of this topic, what is open stays so.
    let open = Letters::read(&client, &topic, group).await?;
    let is_open = |id: &&LetterId| open.open().any(|letter| letter.id == **id);
    let chosen: Vec<LetterId> = planned.iter().filter(is_open).copied().collect();
    for chunk in chosen.chunks(CHUNK) {
        let letters = letters::in_full(&client, &topic, chunk).await?;
        let records = records(&client, group, &letters, settled).await?;
        let transaction = producer.begin().await?;
        match write(&transaction, &topic, &letters, records, settled).await {
            Ok(()) => transaction.commit().await?,
            Err(failure) => {
                // Whether or not this arrives: nothing of it counts.
                drop(transaction.abort().await);
                return Err(failure);
            }
        }
        print(session, &letters, settled)?;
    }
    output::note(session.common, format_args!("{} {} letter(s)", settled.name(), chosen.len()));
    Ok(())
}

fn question(count: usize, group: &str, settled: Settled) -> String {
    match settled {
        Settled::Requeued => format!(
            "Write the records of {count} dead letter(s) of {group} to their topics again, where no other share group gets \
             them, but all other consumers do?"
        ),
        Settled::Discarded => format!("Discard {count} dead letter(s) of {group}?"),
    }
}

/// What goes back to the source topics.
async fn records(
    client: &Client,
    group: &str,
    letters: &[Letter],
    settled: Settled,
) -> Outcome<Vec<ProducerRecord>> {
    let mut records = Vec::new();
    if settled == Settled::Discarded {
        return Ok(records);
    }
    for letter in letters {
        let mut record = ProducerRecord {
            topic: letter.source.topic.clone(),
            partition: Some(letter.source.partition),
            key: letter.key.clone(),
            value: letter.value.clone(),
            headers: letter.headers.clone(),
            timestamp: None,
        };
        if !is_whole(letter) {
            match from_source(client, letter).await? {
                Some((key, value, headers)) => {
                    (record.key, record.value, record.headers) = (key, value, headers)
                }
                None if record.key.is_none() && record.value.is_none() => return Err(gone(letter)),
                None => {}
            }
        }
        record.headers.retain(|header| *header.key != *REQUEUED_FOR.as_bytes());
        record.headers.push(header(REQUEUED_FOR, group));
        records.push(record);
    }
    Ok(records)
}

/// Whether the letter holds all of its record. Kafka's letters leave out the headers, and by default key and value as well;
/// Ottla's hold all or nothing. To look for each record in its topic takes much longer than all the rest.
fn is_whole(letter: &Letter) -> bool {
    let has_content = letter.key.is_some() || letter.value.is_some();
    !letter.headers.is_empty() || (has_content && letter.tells(TOPIC_ID).is_some())
}

type Content = (Option<Bytes>, Option<Bytes>, Vec<Header>);

/// The record that a letter names, if its topic still has it.
async fn from_source(client: &Client, letter: &Letter) -> Outcome<Option<Content>> {
    let mut found = None;
    let topic = client.topic(&letter.source.topic).await?;
    let is_there = topic.partitions.iter().any(|partition| partition.index == letter.source.partition);
    let is_another = letter.tells(TOPIC_ID).is_some_and(|id| id != text::topic_id(topic.id));
    if !is_there || is_another {
        return Ok(None);
    }
    let starts = Starts::from([(letter.source.clone(), letter.source_offset)]);
    reading::read(client, starts, |record| {
        if record.offset == letter.source_offset {
            found = Some((record.key, record.value, record.headers));
        }
        ControlFlow::Break(())
    })
    .await?;
    Ok(found)
}

fn gone(letter: &Letter) -> Failure {
    Failure::not_found(format!(
        "letter {} only names its record, and {} has no offset {} any more: discard the letter, and let letters hold \
         their records with errors.deadletterqueue.copy.record.enable=true",
        letter.id, letter.source, letter.source_offset
    ))
}

async fn write(
    transaction: &Transaction<'_>,
    topic: &str,
    letters: &[Letter],
    records: Vec<ProducerRecord>,
    settled: Settled,
) -> Outcome {
    let receipts = letters.iter().map(|letter| ProducerRecord {
        topic: topic.into(),
        partition: Some(letter.id.partition),
        headers: vec![header(SETTLES, &letter.id.offset.to_string()), header(OUTCOME, settled.name())],
        ..ProducerRecord::default()
    });
    let mut deliveries: Vec<Delivery> = Vec::new();
    for record in records.into_iter().chain(receipts) {
        deliveries.push(transaction.send(record).await?);
    }
    transaction.flush().await;
    for mut delivery in deliveries {
        delivery.outcome().await?;
    }
    Ok(())
}

fn header(name: &'static str, value: &str) -> Header {
    Header { key: Bytes::from_static(name.as_bytes()), value: Some(Bytes::copy_from_slice(value.as_bytes())) }
}

fn print(session: &Session<'_>, letters: &[Letter], settled: Settled) -> Outcome {
    let row = |letter: &Letter| -> Vec<Value> {
        vec![
            json!(letter.id.to_string()),
            json!(&*letter.source.topic),
            json!(letter.source.partition.0),
            json!(letter.source_offset.0),
            json!(settled.name()),
        ]
    };
    output::rows(session.common, HEADER, letters.iter().map(row).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ottla_base::{Offset, PartitionIndex, Timestamp};
    use ottla_client::TopicPartition;

    #[test]
    fn only_a_letter_that_may_lack_something_needs_its_record() {
        let letter = |key: Option<&'static str>, header: Option<&'static str>, about: Option<&str>| Letter {
            id: LetterId { partition: PartitionIndex(0), offset: Offset(0) },
            at: Timestamp(0),
            group: "g".to_owned(),
            source: TopicPartition::new("t", 0),
            source_offset: Offset(0),
            deliveries: None,
            reason: String::new(),
            key: key.map(|key| Bytes::from_static(key.as_bytes())),
            value: None,
            headers: header.map(|name| super::header(name, "")).into_iter().collect(),
            about: about.map(|name| (name.to_owned(), "id".to_owned())).into_iter().collect(),
        };
        assert!(is_whole(&letter(Some("k"), None, Some(TOPIC_ID))), "Ottla copies headers, if there are any");
        assert!(is_whole(&letter(None, Some("h"), None)));
        assert!(!is_whole(&letter(None, None, Some(TOPIC_ID))), "perhaps it holds no copy");
        assert!(!is_whole(&letter(Some("k"), None, None)), "Kafka copies no headers");
    }
}
