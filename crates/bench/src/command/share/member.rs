//! A member of a share group that accepts whatever it gets.

use super::Acknowledged;
use crate::call::{accept, decode, frame};
use crate::command::{Failure, Outcome};
use crate::open_loop::Connection;
use bytes::Bytes;
use ottla_wire::Str;
use ottla_wire::message::share_fetch_request::{AcknowledgementBatch, FetchPartition, FetchTopic};
use ottla_wire::message::share_fetch_response::PartitionData;
use ottla_wire::message::{ShareFetchRequest, ShareFetchResponse};
use uuid::Uuid;

/// One member and its session.
pub(super) struct Member {
    group: Str,
    id: Str,
    partitions: Vec<(Uuid, i32)>,
    records_max: i32,
    session_epoch: i32,
    correlation: i32,
    /// What the last answer brought: the next request accepts it.
    got: Vec<Got>,
    /// What the request that is under way accepts.
    accepted: Acknowledged,
}

/// Of one partition.
struct Got {
    topic: Uuid,
    partition: i32,
    ranges: Vec<(i64, i64)>,
    bytes: u64,
}

impl Member {
    pub(super) fn new(group: Str, id: Str, partitions: Vec<(Uuid, i32)>, records_max: i32) -> Self {
        let (got, accepted) = (Vec::new(), Acknowledged::default());
        Self { group, id, partitions, records_max, session_epoch: 0, correlation: 0, got, accepted }
    }

    /// Accepts what it has, and asks for more.
    pub(super) fn fetch(&mut self, connection: &mut Connection) -> Outcome {
        let request = self.request();
        self.correlation = self.correlation.wrapping_add(1);
        connection.send(&frame(self.correlation, &request, VERSION)?)
    }

    fn request(&mut self) -> ShareFetchRequest {
        let got = std::mem::take(&mut self.got);
        self.accepted = Acknowledged {
            records: got.iter().map(Got::records).sum(),
            bytes: got.iter().map(|got| got.bytes).sum(),
        };
        let topics = match self.session_epoch {
            // A session names its partitions once, and acknowledges nothing before it is there.
            0 => self.partitions.iter().map(|(topic, index)| part(*topic, *index, Vec::new())).collect(),
            _ => got.into_iter().map(|got| part(got.topic, got.partition, got.accepted())).collect(),
        };
        ShareFetchRequest {
            group_id: Some(self.group.clone()),
            member_id: Some(self.id.clone()),
            share_session_epoch: self.session_epoch,
            max_wait_ms: WAIT_MS,
            min_bytes: 1,
            max_bytes: BYTES_MAX,
            max_records: self.records_max,
            batch_size: self.records_max,
            topics,
            ..ShareFetchRequest::default()
        }
    }

    /// Takes an answer, and tells what it says to be kept.
    pub(super) fn take(&mut self, frame: &[u8]) -> Result<Acknowledged, Failure> {
        let response: ShareFetchResponse = decode(Bytes::copy_from_slice(frame), self.correlation, VERSION)?;
        accept("ShareFetch", response.error_code)?;
        self.session_epoch = self.session_epoch.checked_add(1).unwrap_or(1);
        for topic in &response.responses {
            for partition in &topic.partitions {
                accept("ShareFetch of a partition", partition.error_code)?;
                accept("an acknowledgement", partition.acknowledge_error_code)?;
                if !partition.acquired_records.is_empty() {
                    self.got.push(Got::of(topic.topic_id, partition));
                }
            }
        }
        Ok(std::mem::take(&mut self.accepted))
    }
}

impl Got {
    fn of(topic: Uuid, data: &PartitionData) -> Self {
        let ranges = data.acquired_records.iter().map(|range| (range.first_offset, range.last_offset));
        Self {
            topic,
            partition: data.partition_index,
            ranges: ranges.collect(),
            bytes: data.records.as_ref().map_or(0, |records| records.len() as u64),
        }
    }

    fn records(&self) -> u64 {
        self.ranges.iter().map(|(first, last)| last.abs_diff(*first) + 1).sum()
    }

    fn accepted(self) -> Vec<AcknowledgementBatch> {
        let accepted = |(first_offset, last_offset)| AcknowledgementBatch {
            first_offset,
            last_offset,
            acknowledge_types: vec![ACCEPT],
        };
        self.ranges.into_iter().map(accepted).collect()
    }
}

fn part(
    topic_id: Uuid,
    partition_index: i32,
    acknowledgement_batches: Vec<AcknowledgementBatch>,
) -> FetchTopic {
    FetchTopic { topic_id, partitions: vec![FetchPartition { partition_index, acknowledgement_batches }] }
}

const VERSION: i16 = 2;
const ACCEPT: i8 = 1;
/// The defaults of Kafka's share consumer.
const WAIT_MS: i32 = 500;
const BYTES_MAX: i32 = 50 << 20;

#[cfg(test)]
mod tests;
