//! Dead letters and receipts, as they lie in their topic.

use crate::command::queue::reading::{self, Next, Starts};
use crate::command::queue::standing;
use crate::exit::{Failure, Outcome};
use crate::offsets;
use crate::text;
use bytes::Bytes;
use ottla_base::{Offset, PartitionIndex, Timestamp};
use ottla_client::{Admin, Client, ConsumedRecord, Header, OffsetSpec, TopicPartition};
use std::collections::BTreeMap;
use std::fmt;
use std::ops::ControlFlow;
use std::str::FromStr;

/// Where a letter lies in its topic; written `PARTITION/OFFSET`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct LetterId {
    pub(crate) partition: PartitionIndex,
    pub(crate) offset: Offset,
}

/// A record that a group gave up on.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Letter {
    pub(crate) id: LetterId,
    /// When it was given up.
    pub(crate) at: Timestamp,
    /// The group that gave up.
    pub(crate) group: String,
    /// Where the record is, if it still is.
    pub(crate) source: TopicPartition,
    pub(crate) source_offset: Offset,
    /// How often it was delivered.
    pub(crate) deliveries: Option<i64>,
    /// Why it was given up.
    pub(crate) reason: String,
    pub(crate) key: Option<Bytes>,
    pub(crate) value: Option<Bytes>,
    /// Those of the record.
    pub(crate) headers: Vec<Header>,
    /// What the letter tells beyond that, by the names of its headers.
    pub(crate) about: Vec<(String, String)>,
}

impl Letter {
    /// What a header of the letter itself tells.
    pub(super) fn tells(&self, name: &str) -> Option<&str> {
        self.about.iter().find(|(told, _)| told == name).map(|(_, value)| value.as_str())
    }
}

/// What became of a letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Settled {
    /// Its record went back to its topic.
    Requeued,
    /// Nobody wants it any more.
    Discarded,
}

/// The letters of one group.
#[derive(Debug, Default)]
pub(crate) struct Letters {
    letters: BTreeMap<LetterId, Letter>,
    settled: BTreeMap<LetterId, Settled>,
}

/// What a record of a dead-letter topic is.
#[derive(Debug, PartialEq)]
enum Found {
    Letter(Box<Letter>),
    Receipt(LetterId, Settled),
    /// Somebody else's.
    Other,
}

/// Where the letters of a group go; none if it keeps none, or if its broker does not know of dead letters.
pub(crate) async fn topic_of(admin: &Admin, group: &str) -> Outcome<Option<String>> {
    let topic = standing::setting(admin, group, "errors.deadletterqueue.topic.name").await?;
    Ok(topic.filter(|topic| !topic.is_empty()))
}

/// How many letters of a group nobody has dealt with; none if it keeps none.
pub(crate) async fn count_open(client: &Client, topic: Option<&str>, group: &str) -> Outcome<Option<usize>> {
    Ok(match topic {
        Some(topic) => Some(Letters::read(client, topic, group).await?.open().count()),
        None => None,
    })
}

/// As [`topic_of`], for a verb that needs it; `chosen` by the user wins.
pub(crate) async fn topic_needed(admin: &Admin, group: &str, chosen: Option<&str>) -> Outcome<String> {
    let configured = match chosen {
        Some(chosen) => Some(chosen.to_owned()),
        None => topic_of(admin, group).await?,
    };
    configured.ok_or_else(|| {
        Failure::not_found(format!(
            "queue {group} keeps no dead letters: 'ottla queue settings {group} \
             errors.deadletterqueue.topic.name=dlq.{group}' keeps them from then on, and --topic reads another topic"
        ))
    })
}

impl Letters {
    /// Reads the whole topic, and keeps of each letter everything but its key and value.
    pub(crate) async fn read(client: &Client, topic: &str, group: &str) -> Outcome<Self> {
        let mut letters = Self::default();
        reading::read(client, all(client, topic).await?, |record| {
            letters.take(record, group);
            ControlFlow::Continue(Next::More)
        })
        .await?;
        Ok(letters)
    }

    fn take(&mut self, record: ConsumedRecord, group: &str) {
        match parse(record) {
            Found::Letter(letter) if letter.group == group => {
                // A slice would keep everything that was fetched with it.
                let size = |bytes: Option<Bytes>| bytes.map(|_| Bytes::new());
                let Letter { key, value, headers, .. } = *letter.clone();
                let headers = headers
                    .iter()
                    .map(|header| Header {
                        key: Bytes::copy_from_slice(&header.key),
                        value: header.value.as_deref().map(Bytes::copy_from_slice),
                    })
                    .collect();
                let slim = Letter { key: size(key), value: size(value), headers, ..*letter };
                self.letters.insert(slim.id, slim);
            }
            Found::Receipt(id, settled) => _ = self.settled.insert(id, settled),
            Found::Letter(_) | Found::Other => {}
        }
    }

    /// Those that nobody has dealt with, in the order of their topic.
    pub(crate) fn open(&self) -> impl Iterator<Item = &Letter> {
        self.letters.values().filter(|letter| !self.settled.contains_key(&letter.id))
    }

    /// All, with what became of them.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&Letter, Option<Settled>)> {
        self.letters.values().map(|letter| (letter, self.settled.get(&letter.id).copied()))
    }
}

/// Reads these letters in full; those that are gone are left out.
pub(crate) async fn in_full(client: &Client, topic: &str, ids: &[LetterId]) -> Outcome<Vec<Letter>> {
    let mut starts = Starts::new();
    let mut lasts: BTreeMap<PartitionIndex, Offset> = BTreeMap::new();
    for id in ids {
        let partition = TopicPartition::new(topic, id.partition.0);
        let start = starts.entry(partition).or_insert(id.offset);
        *start = (*start).min(id.offset);
        let last = lasts.entry(id.partition).or_insert(id.offset);
        *last = (*last).max(id.offset);
    }
    let mut letters = Vec::with_capacity(ids.len());
    reading::read(client, starts, |record| {
        let id = LetterId { partition: record.partition, offset: record.offset };
        let is_over = lasts.get(&id.partition).is_none_or(|last| *last <= id.offset);
        if let (true, Found::Letter(letter)) = (ids.contains(&id), parse(record)) {
            letters.push(*letter);
        }
        ControlFlow::Continue(if is_over { Next::Enough } else { Next::More })
    })
    .await?;
    Ok(letters)
}

async fn all(client: &Client, topic: &str) -> Outcome<Starts> {
    match offsets::partitions(client, topic).await {
        Ok(partitions) => offsets::find(client, &partitions, OffsetSpec::Earliest).await,
        // There is none before the first letter.
        Err(failure) if failure.status == crate::exit::Status::NotFound => Ok(Starts::new()),
        Err(failure) => Err(failure),
    }
}

fn parse(record: ConsumedRecord) -> Found {
    let id = LetterId { partition: record.partition, offset: record.offset };
    let said = |name: &str| {
        let header = record.headers.iter().find(|header| *header.key == *name.as_bytes())?;
        header.value.as_deref().map(text::of_bytes)
    };
    if let Some(receipt) = said(SETTLES).and_then(|text| text.parse().ok()) {
        let settled = match said(OUTCOME).as_deref() {
            Some(REQUEUED) => Settled::Requeued,
            _ => Settled::Discarded,
        };
        return Found::Receipt(LetterId { partition: id.partition, offset: Offset(receipt) }, settled);
    }
    let number = |name: &str| said(name).and_then(|text| text.parse::<i64>().ok());
    let source =
        (said("__dlq.errors.topic"), number("__dlq.errors.partition"), number("__dlq.errors.offset"));
    let (Some(topic), Some(partition), Some(offset)) = source else { return Found::Other };
    let Ok(partition) = i32::try_from(partition) else { return Found::Other };
    let deliveries = number("__dlq.errors.delivery.count");
    let is_about = |header: &Header| PREFIXES.iter().any(|prefix| header.key.starts_with(prefix.as_bytes()));
    let about = record.headers.iter().filter(|header| is_about(header)).map(|header| {
        (text::of_bytes(&header.key), header.value.as_deref().map(text::of_bytes).unwrap_or_default())
    });
    Found::Letter(Box::new(Letter {
        id,
        at: record.timestamp,
        group: said("__dlq.errors.group").unwrap_or_default(),
        source: TopicPartition::new(topic.as_str(), partition),
        source_offset: Offset(offset),
        deliveries,
        reason: said("__dlq.errors.message").unwrap_or_default(),
        about: about.collect(),
        key: record.key,
        value: record.value,
        headers: record.headers.into_iter().filter(|header| !is_about(header)).collect(),
    }))
}

impl Settled {
    /// The header that tells it in a receipt.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Requeued => REQUEUED,
            Self::Discarded => DISCARDED,
        }
    }
}

impl fmt::Display for LetterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.partition, self.offset)
    }
}

impl FromStr for LetterId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let numbers = text.split_once('/').map(|(partition, offset)| (partition.parse(), offset.parse()));
        match numbers {
            Some((Ok(partition), Ok(offset))) if 0 <= partition && 0 <= offset => {
                Ok(Self { partition: PartitionIndex(partition), offset: Offset(offset) })
            }
            _ => Err(format!(
                "'{text}' is no dead letter: write PARTITION/OFFSET as 'ottla queue dlq list' shows it"
            )),
        }
    }
}

/// The id of the topic that a record is from, which may be another one by now under the same name.
pub(super) const TOPIC_ID: &str = "ottla-dlq-topic-id";
/// What became of the record's deliveries, as JSON.
pub(super) const HISTORY: &str = "ottla-dlq-history";
/// In a receipt: the offset of the letter that it settles, in the same partition.
pub(crate) const SETTLES: &str = "ottla-dlq-settles";
/// In a receipt: what became of the letter.
pub(crate) const OUTCOME: &str = "ottla-dlq-outcome";
/// In a requeued record: the group that it is for. Other readers of the topic have had it and may skip it.
pub(crate) const REQUEUED_FOR: &str = "ottla-requeued-for";
const REQUEUED: &str = "requeued";
const DISCARDED: &str = "discarded";
/// Of the headers that tell of the letter, Kafka's and Ottla's; all others are the record's.
const PREFIXES: [&str; 2] = ["__dlq.", "ottla-dlq-"];

#[cfg(test)]
mod tests;
