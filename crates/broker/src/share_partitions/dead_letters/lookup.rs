//! Which letters of a share-partition are in the dead-letter topic already: what a writer asks that does not know how far
//! it, or the one before it, came.

use super::letter::{DECIDED_AT, GROUP, OFFSET, PARTITION, TOPIC_ID};
use super::{Decided, Trouble};
use crate::Broker;
use crate::off_thread;
use crate::share_partitions::feed::FeedError;
use ottla_base::{Offset, PartitionId, Timestamp};
use ottla_coordinator::share_partition::{Id, Position};
use ottla_storage::{Log, ReadBound, ReadError, WholeFirst, base64};
use ottla_wire::record::{Record, WalkError, records_within, walk};
use std::collections::BTreeSet;
use std::time::Duration;

/// Bytes that one read spans.
const READ_BYTES: usize = 1 << 20;
/// What we write unpacks to far less. A larger batch is none of ours.
const BATCH_UNPACKED_BYTES_MAX: usize = 256 << 20;
/// How long a letter that was written a moment ago may take to be durable.
const SETTLED_WITHIN: Duration = Duration::from_secs(10);
const SETTLED_LOOK: Duration = Duration::from_millis(20);

/// Letters that are there, by offset and by when they were decided.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Found(BTreeSet<(Offset, Timestamp)>);

impl Found {
    pub(super) fn ranges(&self) -> Vec<Decided> {
        let mut ranges: Vec<Decided> = Vec::new();
        for &(offset, decided_at) in &self.0 {
            match ranges.last_mut() {
                Some((_, last, at)) if last.plus(1) == offset && *at == decided_at => *last = offset,
                _ => ranges.push((offset, offset, decided_at)),
            }
        }
        ranges
    }
}

/// Looks from `position` to the end. All that is found is durable.
///
/// # Errors
/// [`Trouble`] if it cannot be known now.
pub(super) async fn offsets(broker: &Broker, id: &Id, position: Position) -> Result<Found, Trouble> {
    settled(broker, position.partition).await?;
    let (log, id) = (broker.log.clone(), id.clone());
    let looked = off_thread::run(&*broker.env, move || look(&log, &id, position)).await;
    looked.map_err(|_| Trouble::Lost)?
}

/// Waits until what was written up to now is durable: a letter that is not must neither be missed nor counted.
async fn settled(broker: &Broker, partition: PartitionId) -> Result<(), Trouble> {
    let Ok(end) = broker.log.offsets(partition).map(|offsets| offsets.end) else { return Ok(()) };
    let looks = SETTLED_WITHIN.as_millis() / SETTLED_LOOK.as_millis();
    for _ in 0..looks {
        match broker.log.offsets(partition) {
            Ok(offsets) if offsets.high_watermark < end => tokio::time::sleep(SETTLED_LOOK).await,
            _ => return Ok(()),
        }
    }
    Err(Trouble::Refused("what was written to it is not durable yet".to_owned()))
}

fn look(log: &Log, id: &Id, position: Position) -> Result<Found, Trouble> {
    let mut found = Found::default();
    let start = log.offsets(position.partition).map_or(position.offset, |offsets| offsets.log_start);
    let mut from = position.offset.max(start);
    loop {
        let read = log.read(position.partition, from, READ_BYTES, ReadBound::HighWatermark, WholeFirst::Yes);
        let read = match read {
            // The topic is gone, or a power cut took back more than was there at that time.
            Err(ReadError::NotFound(_) | ReadError::OutOfRange { .. }) => return Ok(found),
            read => read.map_err(FeedError::from)?,
        };
        if read.records.is_empty() {
            return Ok(found);
        }
        for placed in walk(&read.records) {
            let placed = placed.map_err(FeedError::from)?;
            from = placed.header.next_offset();
            let bytes = placed.bytes().map_err(WalkError::from).map_err(FeedError::from)?;
            let Ok(records) = records_within(placed.header, &bytes, BATCH_UNPACKED_BYTES_MAX) else {
                continue;
            };
            found.0.extend(records.map_while(Result::ok).filter_map(|record| letter_of(&record, id)));
        }
    }
}

/// Which offset the record is the letter of, and since when, if it is a letter of that share-partition.
fn letter_of(record: &Record, id: &Id) -> Option<(Offset, Timestamp)> {
    let said = |name: &str| {
        let last = record.headers.iter().rev().find(|header| *header.key == *name.as_bytes())?;
        std::str::from_utf8(last.value.as_deref()?).ok()
    };
    let is_ours = said(GROUP)? == &*id.group
        && said(TOPIC_ID)? == base64::encode(id.partition.topic.0)
        && said(PARTITION)?.parse() == Ok(id.partition.index.0);
    let offset = said(OFFSET)?.parse().ok().filter(|_| is_ours)?;
    Some((Offset(offset), Timestamp(said(DECIDED_AT)?.parse().ok()?)))
}
