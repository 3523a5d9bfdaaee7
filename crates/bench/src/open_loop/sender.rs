//! Which records go out together, and when: what a producer with `linger.ms=0` does.
//!
//! A record goes out when it is due. If several are due (the generator slept too long, or too many batches were
//! unanswered) they go out as one batch, up to a limit of bytes. None is skipped and none is moved.

use super::schedule::{Nanos, Schedule};
use std::collections::VecDeque;
use std::ops::Range;

/// What bounds a producer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// Batches without an answer; further records wait for one.
    pub(crate) in_flight: usize,
    /// Records of a batch.
    pub(crate) batch_records: u64,
}

/// The records that were sent, and those that will be.
#[derive(Debug)]
pub(crate) struct Sender {
    schedule: Schedule,
    bounds: Bounds,
    next: u64,
    total: u64,
    in_flight: VecDeque<Range<u64>>,
}

impl Sender {
    /// Will send the records from 0 to `total`.
    pub(crate) fn new(schedule: Schedule, total: u64, bounds: Bounds) -> Self {
        Self { schedule, bounds, next: 0, total, in_flight: VecDeque::with_capacity(bounds.in_flight) }
    }

    /// The next batch, if a record is due and a batch may go out.
    pub(crate) fn take(&mut self, elapsed: Nanos) -> Option<Range<u64>> {
        if self.bounds.in_flight <= self.in_flight.len() {
            return None;
        }
        let due = self.schedule.due_count(elapsed).min(self.total).min(self.next + self.bounds.batch_records);
        if due <= self.next {
            return None;
        }
        let batch = self.next..due;
        self.next = due;
        self.in_flight.push_back(batch.clone());
        Some(batch)
    }

    /// The oldest batch without an answer has one. None: nothing was asked.
    pub(crate) fn acknowledged(&mut self) -> Option<Range<u64>> {
        self.in_flight.pop_front()
    }

    /// When the next batch may go out, if nothing has to be answered before.
    pub(crate) fn next_due(&self) -> Option<Nanos> {
        let may_send = self.next < self.total && self.in_flight.len() < self.bounds.in_flight;
        may_send.then(|| self.schedule.due(self.next))
    }

    /// How many records were sent.
    pub(crate) fn sent(&self) -> u64 {
        self.next
    }

    /// Whether everything was sent and answered.
    pub(crate) fn is_done(&self) -> bool {
        self.next == self.total && self.in_flight.is_empty()
    }
}

#[cfg(test)]
mod tests;
