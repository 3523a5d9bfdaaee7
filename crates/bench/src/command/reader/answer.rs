//! A fetch answer, taken apart as it comes: which bytes must be seen, and how many need not be.
//!
//! ```text
//! length, ids, topic, partition, records' length │ head of a batch │ its records │ head │ records │ … │ torn batch
//! ─────────────────────── seen ──────────────────┴────── seen ─────┴── skipped ──┴─ seen ┴ skipped ┴ … ┴─ skipped ──
//! ```
//!
//! The first batch comes whole, the last may be cut off where the answer's limit was. Pure: it is fed bytes and says
//! what it wants next.

use crate::cursor::{Cursor, Form, Malformed};
use ottla_wire::ErrorCode;
use ottla_wire::record::{BatchHeader, HEADER_BYTES};

/// What is to be done with the bytes that come next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Show these many, at least, to [`Answer::see`].
    Seen(usize),
    /// Throw these many away, and tell [`Answer::skipped`].
    Skipped(usize),
    /// Nothing: the answer is complete.
    Nothing,
}

/// Why an answer is of no use.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// It is no answer to the request.
    Malformed,
    /// It is the answer to another request than the one that was sent.
    Order,
    /// The broker refused.
    Code(ErrorCode),
    /// The bytes where a batch should be are none.
    Batch,
}

impl From<Malformed> for Trouble {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}

/// An answer so far.
#[derive(Debug)]
pub(super) struct Answer {
    correlation_id: i32,
    state: State,
    /// Bytes of the frame that have come, its length included.
    pub(super) wire_bytes: u64,
    /// Records in whole batches.
    pub(super) records: u64,
    /// Bytes of whole batches.
    pub(super) bytes: u64,
    /// The offset after the last whole batch.
    pub(super) next_offset: Option<i64>,
    /// The offset after everything that can be read.
    pub(super) high_watermark: i64,
    pub(super) log_start: i64,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// Before the records; more of it must be seen at once.
    Front { wanted: usize },
    /// Between batches, with so many bytes of records to come.
    Batch { left: usize },
    /// Inside of a batch whose head was seen, or of a torn one.
    Rest { skip: usize, left: usize },
}

impl Answer {
    /// An answer of which nothing has come yet, to a request for a topic with a name of this length.
    pub(super) fn new(correlation_id: i32, topic_bytes: usize) -> Self {
        Self {
            correlation_id,
            state: State::Front { wanted: FRONT_BYTES + topic_bytes },
            wire_bytes: 0,
            records: 0,
            bytes: 0,
            next_offset: None,
            high_watermark: -1,
            log_start: -1,
        }
    }

    pub(super) fn wanted(&self) -> Wanted {
        match self.state {
            State::Front { wanted } => Wanted::Seen(wanted),
            State::Batch { left: 0 } => Wanted::Nothing,
            State::Batch { left } if left < HEADER_BYTES => Wanted::Skipped(left),
            State::Batch { .. } => Wanted::Seen(HEADER_BYTES),
            State::Rest { skip, .. } => Wanted::Skipped(skip),
        }
    }

    /// Looks at the next bytes, at least as many as [`Answer::wanted`] said, and says how many it has taken.
    pub(super) fn see(&mut self, bytes: &[u8]) -> Result<usize, Trouble> {
        let taken = match self.state {
            State::Front { .. } => self.see_front(bytes)?,
            State::Batch { left } => self.see_batch(bytes, left)?,
            State::Rest { .. } => 0,
        };
        self.wire_bytes += taken as u64;
        Ok(taken)
    }

    /// Takes into account that bytes of what was wanted to be skipped were thrown away.
    pub(super) fn skipped(&mut self, bytes: usize) {
        self.wire_bytes += bytes as u64;
        self.state = match self.state {
            State::Rest { skip, left } if bytes < skip => {
                State::Rest { skip: skip - bytes, left: left - bytes }
            }
            State::Rest { left, .. } | State::Batch { left } => State::Batch { left: left - bytes },
            front @ State::Front { .. } => front,
        };
    }

    fn see_front(&mut self, bytes: &[u8]) -> Result<usize, Trouble> {
        const FORM: Form = Form::Classic;
        let mut cursor = Cursor::new(bytes);
        let frame_bytes = usize::try_from(cursor.i32()?).map_err(|_| Trouble::Malformed)?;
        if cursor.i32()? != self.correlation_id {
            return Err(Trouble::Order);
        }
        let _throttle_ms = cursor.i32()?;
        let error = ErrorCode(cursor.i16()?);
        let _session = cursor.i32()?;
        error.ok().map_err(Trouble::Code)?;
        let topics = cursor.length(FORM)?;
        let _topic = cursor.text(FORM)?;
        let partitions = cursor.length(FORM)?;
        if (topics, partitions) != (Some(1), Some(1)) {
            return Err(Trouble::Malformed);
        }
        let _partition = cursor.i32()?;
        ErrorCode(cursor.i16()?).ok().map_err(Trouble::Code)?;
        self.high_watermark = cursor.i64()?;
        let _last_stable = cursor.i64()?;
        self.log_start = cursor.i64()?;
        // Aborted transactions, a list that may be missing; the reader reads what is not committed, too.
        if cursor.length(FORM)?.unwrap_or(0) != 0 {
            return Err(Trouble::Malformed);
        }
        let _preferred_replica = cursor.i32()?;
        let left = cursor.length(FORM)?.unwrap_or(0);
        if cursor.position() + left != frame_bytes + 4 {
            return Err(Trouble::Malformed);
        }
        self.state = State::Batch { left };
        Ok(cursor.position())
    }

    fn see_batch(&mut self, bytes: &[u8], left: usize) -> Result<usize, Trouble> {
        let header = BatchHeader::parse(bytes).map_err(|_| Trouble::Batch)?;
        let size = header.size();
        if size <= left {
            self.bytes += size as u64;
            self.records += u64::try_from(header.record_count).unwrap_or(0);
            self.next_offset = Some(header.next_offset().0);
        }
        let (skip, left) = (size.min(left) - HEADER_BYTES, left - HEADER_BYTES);
        self.state = if skip == 0 { State::Batch { left } } else { State::Rest { skip, left } };
        Ok(HEADER_BYTES)
    }
}

/// What stands before the records, without the topic's name, where no transactions are listed.
const FRONT_BYTES: usize = 4 + 4 + 4 + 2 + 4 + 4 + 2 + 4 + 4 + 2 + 8 + 8 + 8 + 4 + 4 + 4;

#[cfg(test)]
mod tests;
