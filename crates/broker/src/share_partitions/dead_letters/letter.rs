//! What a dead letter says, and batches of them.
//!
//! | header | |
//! |---|---|
//! | `__dlq.errors.topic`, `.partition`, `.offset` | where the record is from, as in Apache Kafka |
//! | `__dlq.errors.group`, `.delivery.count`, `.message` | whose it was, how often it was delivered, what happened |
//! | `ottla-dlq-topic-id` | the topic again, which may be made anew under its name |
//! | `ottla-dlq-reason` | `rejected`, `exhausted` or `expired` |
//! | `ottla-dlq-member` | who had it last, if anybody had |
//! | `ottla-dlq-at`, `ottla-dlq-timestamp` | when it was given up, and its own timestamp: milliseconds since 1970 |
//! | `ottla-dlq-history` | what became of each delivery, see [`told`]; left out where the topic has no room for it |
//! | `ottla-dlq-note` | why there is no copy, where there should be one |
//!
//! Key, value and the other headers are the record's. Of a letter that is given up again only the last story is kept.

use super::source::Original;
use super::{Decided, Trouble};
use crate::Broker;
use crate::image::Topic;
use bytes::Bytes;
use ottla_base::{Offset, Timestamp};
use ottla_coordinator::share_partition::{Delivery, Ending, History, Id, Letter, Reason};
use ottla_storage::base64;
use ottla_wire::record::{BatchBuilder, BatchOptions, HEADER_BYTES, Header, Record, record_bytes};
use serde_json::{Value, json};

pub(super) const TOPIC_ID: &str = "ottla-dlq-topic-id";
pub(super) const PARTITION: &str = "__dlq.errors.partition";
pub(super) const OFFSET: &str = "__dlq.errors.offset";
pub(super) const GROUP: &str = "__dlq.errors.group";
pub(super) const DECIDED_AT: &str = "ottla-dlq-at";

/// What headers of earlier stories begin with.
const STORIES: [&[u8]; 2] = [b"__dlq.errors.", b"ottla-dlq-"];

/// A batch to be appended, and whose letters are in it.
#[derive(Debug)]
pub(super) struct Composed {
    pub(super) batch: Bytes,
    pub(super) ranges: Vec<Decided>,
}

/// Makes batches that the topic takes.
pub(super) struct Composer<'a> {
    id: &'a Id,
    topic_name: String,
    target: &'a Topic,
    bytes_max: usize,
    now: Timestamp,
    builder: BatchBuilder,
    ranges: Vec<Decided>,
}

impl<'a> Composer<'a> {
    pub(super) fn new(broker: &Broker, id: &'a Id, target: &'a Topic) -> Self {
        let source = broker.image.topic_by_id(id.partition.topic);
        let topic_name = source
            .map_or_else(|| base64::encode(id.partition.topic.0), |topic| topic.name.as_str().to_owned());
        let limit = usize::try_from(target.settings.message_bytes_max).unwrap_or(usize::MAX);
        Self {
            id,
            topic_name,
            target,
            // Packing may add a little to what cannot be packed.
            bytes_max: limit - limit / 100,
            now: broker.env.now().wall,
            builder: BatchBuilder::new(BatchOptions::default()),
            ranges: Vec::new(),
        }
    }

    /// Takes a letter in. Gives what was collected before if there is no room for more.
    ///
    /// # Errors
    /// [`Trouble::Topic`] if the topic takes no letter at all.
    pub(super) fn add(
        &mut self,
        offset: Offset,
        original: Original,
        letter: &Letter,
    ) -> Result<Option<Composed>, Trouble> {
        let (mut copy, note) = match original {
            Original::Record(record) => (Some(record), None),
            Original::Unwanted => (None, None),
            Original::Deleted => (None, Some("the record was deleted before it could be copied")),
            Original::Unreadable => (None, Some("the record's batch cannot be unpacked")),
        };
        let mut fitting = self.fitting(offset, letter, copy.as_deref(), note);
        if let (None, Some(whole)) = (&fitting, &copy) {
            let headers = self.headers(offset, letter, Some(whole), None);
            let why = format!(
                "the record takes {} bytes here, and max.message.bytes of '{}' is {}",
                record_bytes(whole.key.as_deref(), whole.value.as_deref(), &headers),
                self.target.name,
                self.target.settings.message_bytes_max
            );
            // Its timestamp is known all the same.
            let bare = Record { timestamp: whole.timestamp, ..Default::default() };
            fitting = self.fitting(offset, letter, Some(&bare), Some(&why));
            copy = Some(Box::new(bare));
        }
        let Some((headers, bytes)) = fitting else {
            return Err(Trouble::Topic(format!(
                "max.message.bytes of topic '{}' is too small for any dead letter: raise it",
                self.target.name
            )));
        };
        let key = copy.as_ref().and_then(|record| record.key.clone());
        let value = copy.as_ref().and_then(|record| record.value.clone());
        let full = (self.bytes_max < self.builder.uncompressed_bytes() + bytes).then(|| self.cut());
        let added = self.builder.append(self.now, key.as_deref(), value.as_deref(), &headers);
        added.map_err(|error| Trouble::Topic(error.to_string()))?;
        match self.ranges.last_mut() {
            Some((_, last, at)) if last.plus(1) == offset && *at == letter.at => *last = offset,
            _ => self.ranges.push((offset, offset, letter.at)),
        }
        Ok(full.flatten())
    }

    /// What was collected.
    pub(super) fn finish(mut self) -> Option<Composed> {
        self.cut()
    }

    fn cut(&mut self) -> Option<Composed> {
        let builder = std::mem::replace(&mut self.builder, BatchBuilder::new(BatchOptions::default()));
        let ranges = std::mem::take(&mut self.ranges);
        (0 < builder.record_count()).then(|| Composed { batch: builder.build(), ranges })
    }

    /// The headers of a letter that fits, and what it takes: without its history if there is no room for that.
    fn fitting(
        &self,
        offset: Offset,
        letter: &Letter,
        record: Option<&Record>,
        note: Option<&str>,
    ) -> Option<(Vec<Header>, usize)> {
        let key = record.and_then(|record| record.key.as_deref());
        let value = record.and_then(|record| record.value.as_deref());
        let shorter = Letter { history: History::default(), ..letter.clone() };
        [letter, &shorter].into_iter().find_map(|letter| {
            let headers = self.headers(offset, letter, record, note);
            let bytes = record_bytes(key, value, &headers);
            (HEADER_BYTES + bytes <= self.bytes_max).then_some((headers, bytes))
        })
    }

    fn headers(
        &self,
        offset: Offset,
        letter: &Letter,
        record: Option<&Record>,
        note: Option<&str>,
    ) -> Vec<Header> {
        let Letter { delivery_count, reason, member, at, history } = letter;
        let (reason, message) = match reason {
            Reason::Rejected => ("rejected", "a member rejected the record"),
            Reason::Exhausted => ("exhausted", "the record was delivered as often as the group allows"),
            Reason::Expired => ("expired", "the record was not accepted before it expired"),
        };
        let kept = record.into_iter().flat_map(|record| &record.headers);
        let is_story = |header: &&Header| STORIES.iter().any(|story| header.key.starts_with(story));
        let mut headers: Vec<Header> = kept.filter(|header| !is_story(header)).cloned().collect();
        let mut say = |name: &'static str, value: String| headers.push(Header::new(name, value));
        say("__dlq.errors.topic", self.topic_name.clone());
        say(PARTITION, self.id.partition.index.to_string());
        say(OFFSET, offset.0.to_string());
        say(GROUP, self.id.group.to_string());
        say("__dlq.errors.delivery.count", delivery_count.to_string());
        say("__dlq.errors.message", message.to_owned());
        say(TOPIC_ID, base64::encode(self.id.partition.topic.0));
        say("ottla-dlq-reason", reason.to_owned());
        if !member.is_empty() {
            say("ottla-dlq-member", member.to_string());
        }
        say(DECIDED_AT, at.to_string());
        if !history.deliveries().is_empty() {
            say("ottla-dlq-history", told(history));
        }
        if let Some(record) = record {
            say("ottla-dlq-timestamp", record.timestamp.to_string());
        }
        if let Some(note) = note {
            say("ottla-dlq-note", note.to_owned());
        }
        headers
    }
}

/// The deliveries, oldest first, as in
/// `[{"at":1795680000000,"ending":"timed-out","member":"a","renewals":1,"until":1795680030000}]`.
fn told(history: &History) -> String {
    let delivery = |delivery: &Delivery| {
        let Delivery { member, at, until, renewals, ending } = delivery;
        let ending = match ending {
            Ending::Released => "released",
            Ending::TimedOut => "timed-out",
            Ending::Gone => "gone",
            Ending::Rejected => "rejected",
        };
        json!({ "member": &**member, "at": at.0, "until": until.0, "ending": ending, "renewals": renewals })
    };
    Value::Array(history.deliveries().iter().map(delivery).collect()).to_string()
}
