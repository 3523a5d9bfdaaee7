//! The fetch request in the one version that is served, for one partition, and the start of its answer.

use super::file::Found;
use crate::client::FETCH_VERSION;
use crate::cursor::{Cursor, Form, Malformed};
use ottla_wire::ApiKey;
use std::ops::Range;

/// What is asked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fetch {
    correlation_id: i32,
    /// Where the topic's name lies in the frame.
    topic: Range<usize>,
    partition: i32,
    pub(super) offset: i64,
    pub(super) bytes_max: u64,
}

impl Fetch {
    /// Reads a frame.
    pub(super) fn read(frame: &[u8]) -> Result<Self, Malformed> {
        const FORM: Form = Form::Classic;
        let mut cursor = Cursor::new(frame);
        if cursor.i16()? != ApiKey::Fetch as i16 || cursor.i16()? != FETCH_VERSION {
            return Err(Malformed);
        }
        let correlation_id = cursor.i32()?;
        let _client_id = cursor.text(FORM)?;
        let (_replica_id, _max_wait_ms, _min_bytes) = (cursor.i32()?, cursor.i32()?, cursor.i32()?);
        let response_bytes_max = cursor.i32()?;
        // Isolation level, and the session that there is not.
        cursor.take(9)?;
        let topics = cursor.length(FORM)?;
        let topic = cursor.text(FORM)?;
        let partitions = cursor.length(FORM)?;
        if (topics, partitions) != (Some(1), Some(1)) {
            return Err(Malformed);
        }
        let (partition, _leader_epoch) = (cursor.i32()?, cursor.i32()?);
        let (offset, _log_start) = (cursor.i64()?, cursor.i64()?);
        let bytes_max = u64::try_from(cursor.i32()?.min(response_bytes_max)).unwrap_or(0);
        Ok(Self { correlation_id, topic, partition, offset, bytes_max })
    }

    /// Writes the answer up to the records, which follow from the file. `frame` is the request's.
    pub(super) fn write_answer(&self, frame: &[u8], found: &Found, into: &mut Vec<u8>) {
        let topic = &frame[self.topic.clone()];
        let records = found.place.end - found.place.start;
        let start = into.len();
        into.extend_from_slice(&[0; 4]);
        into.extend_from_slice(&self.correlation_id.to_be_bytes());
        // No throttling, no error of the whole, no session; one topic.
        into.extend_from_slice(&[0; 10]);
        into.extend_from_slice(&1i32.to_be_bytes());
        into.extend_from_slice(&(topic.len() as u16).to_be_bytes());
        into.extend_from_slice(topic);
        into.extend_from_slice(&1i32.to_be_bytes());
        into.extend_from_slice(&self.partition.to_be_bytes());
        into.extend_from_slice(&found.error.0.to_be_bytes());
        // High watermark, last stable offset, start of the log.
        into.extend_from_slice(&found.end.to_be_bytes());
        into.extend_from_slice(&found.end.to_be_bytes());
        into.extend_from_slice(&0i64.to_be_bytes());
        // No list of aborted transactions, no other replica to prefer.
        into.extend_from_slice(&(-1i32).to_be_bytes());
        into.extend_from_slice(&(-1i32).to_be_bytes());
        into.extend_from_slice(&(records as u32).to_be_bytes());
        let frame_bytes = (into.len() - start - 4) as u32 + records as u32;
        into[start..start + 4].copy_from_slice(&frame_bytes.to_be_bytes());
    }
}

#[cfg(test)]
mod tests;
