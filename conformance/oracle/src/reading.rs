//! What is in a log now, as a reader finds it who goes through all of it.

use crate::asking::{Reading, Seen, Topic, list_offsets, see};
use crate::flat;
use crate::side::{Side, until};
use ottla_wire::message::{FetchRequest, ListOffsetsRequest};
use ottla_wire::record::{self, BatchHeader, Record, Records};

/// Every batch of partition 0 that readers are given, from the start of the log to its high watermark.
fn batches(side: &mut Side, topic: &Topic) -> Result<Vec<(BatchHeader, bytes::Bytes)>, String> {
    let mut offset = offset_of(side, topic, EARLIEST)?;
    let end = offset_of(side, topic, LATEST)?;
    let mut found = Vec::new();
    while offset < end {
        let mut answer = side.setup(VERSION, &Reading::from(offset).request(topic))?;
        let partition = answer.responses.first_mut().and_then(|topic| topic.partitions.first_mut());
        let partition = partition.ok_or("no partition in the answer")?;
        partition.error_code.ok().map_err(|code| format!("Fetch from {offset}: {code}"))?;
        let bytes =
            partition.records.take().as_ref().and_then(Records::as_bytes).cloned().unwrap_or_default();
        let before = found.len();
        found.extend(record::batches(&bytes).filter_map(Result::ok));
        match found.last() {
            Some((header, _)) if before < found.len() => offset = header.next_offset().0,
            // All that was left has been compacted away.
            _ => break,
        }
    }
    Ok(found)
}

/// The offset that a special timestamp means.
pub fn offset_of(side: &mut Side, topic: &Topic, timestamp: i64) -> Result<i64, String> {
    let answer = side.setup(VERSION_OF_OFFSETS, &list_offsets(topic, timestamp, false))?;
    let partition = answer.topics.first().and_then(|topic| topic.partitions.first());
    Ok(partition.ok_or("no partition in the answer")?.offset)
}

/// Keeps the whole log for the comparison.
pub fn keep_log(side: &mut Side, step: &str, topic: &Topic) -> Result<(), String> {
    let seen: Vec<Seen> = batches(side, topic)?.into_iter().map(see).collect();
    let fields = flat::fields(&seen).into_iter().map(|(field, value)| (format!("log{field}"), value));
    side.keep_as::<FetchRequest>(step, VERSION, fields.collect());
    Ok(())
}

/// Waits until the log's records are as wished.
pub fn wait_for_log(side: &mut Side, topic: &Topic, is_so: impl Fn(&[Record]) -> bool) -> Result<(), String> {
    until(|| {
        let mut all = Vec::new();
        for (header, batch) in batches(side, topic)? {
            let records = record::records(header, &batch).map_err(|error| error.to_string())?;
            all.extend(records.filter_map(Result::ok));
        }
        Ok(is_so(&all).then_some(()))
    })
}

/// Waits until the log starts at an offset.
pub fn wait_for_start(side: &mut Side, topic: &Topic, start: i64) -> Result<(), String> {
    until(|| Ok((offset_of(side, topic, EARLIEST)? == start).then_some(())))
}

/// Keeps what each of these timestamps means.
pub fn keep_offsets(side: &mut Side, when: &str, topic: &Topic, times: &[i64]) {
    for time in times {
        let request: ListOffsetsRequest = list_offsets(topic, *time, false);
        side.ask(&format!("{when}: time {time}"), VERSION_OF_OFFSETS, &request);
    }
}

pub const EARLIEST: i64 = -2;
pub const LATEST: i64 = -1;
const VERSION: i16 = 12;
const VERSION_OF_OFFSETS: i16 = 7;
