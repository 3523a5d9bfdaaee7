//! What became of the records of a share group, as the coordinator has said it to somebody, and what must not happen.

use super::worker::LOCK_MS;
use ottla_base::Offset;
use ottla_coordinator::machine::Ticket;
use ottla_coordinator::share_partition::{AcknowledgeBatch, Range, Scanned, ScannedBatch};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

/// One partition, and what its records went through.
#[derive(Debug, Default)]
pub(super) struct Queue {
    batches: Vec<RangeInclusive<i64>>,
    end: i64,
    /// Accepted, or rejected: nobody must be given them again.
    pub(super) accepted: BTreeSet<i64>,
    rejected: BTreeSet<i64>,
    /// Acknowledgements that are decided but not durable.
    undecided: BTreeMap<Ticket, Vec<AcknowledgeBatch>>,
    /// Who has a record, and until when the lock holds.
    holders: BTreeMap<i64, (String, u64)>,
    /// How often a record was given to somebody, as it was told.
    deliveries: BTreeMap<i64, i16>,
}

impl Queue {
    pub(super) fn produce(&mut self, records: i64) {
        self.batches.push(self.end..=self.end + records - 1);
        self.end += records;
    }

    /// What the broker reads.
    pub(super) fn scan(&self, from: Offset, records_max: i64) -> Scanned {
        let wanted = from.0..from.0.saturating_add(records_max).min(self.end.max(from.0));
        let is_wanted =
            |batch: &&RangeInclusive<i64>| *batch.start() < wanted.end && wanted.start <= *batch.end();
        let batches: Vec<ScannedBatch> = self
            .batches
            .iter()
            .filter(is_wanted)
            .map(|batch| ScannedBatch {
                first: Offset(*batch.start()),
                last: Offset(*batch.end()),
                bytes: 100,
                records: None,
            })
            .collect();
        let to = batches.last().map_or(from, |batch| batch.last.plus(1));
        Scanned { from, to, batches }
    }

    /// A member was given records; it has not heard of it yet.
    pub(super) fn given(&mut self, member: &str, ranges: &[Range], now_ms: u64) -> Result<(), String> {
        for range in ranges {
            for offset in range.first.0..=range.last.0 {
                if self.accepted.contains(&offset) {
                    return Err(format!("{offset} was accepted, and {member} is given it again"));
                }
                if self.rejected.contains(&offset) {
                    return Err(format!("{offset} was rejected, and {member} is given it again"));
                }
                if self.end <= offset || DELIVERIES_MAX < range.delivery_count {
                    return Err(format!("{member} is given {offset} for time {}", range.delivery_count));
                }
                let holder = self.holders.insert(offset, (member.to_owned(), now_ms + LOCK_MS));
                if let Some((other, until)) =
                    holder.filter(|(other, until)| other != member && now_ms < *until)
                {
                    return Err(format!("{member} is given {offset}, which {other} has until {until}"));
                }
                self.deliveries.insert(offset, range.delivery_count);
            }
        }
        Ok(())
    }

    /// Acknowledgements were taken; they count when they are durable.
    pub(super) fn acknowledged(&mut self, ticket: Ticket, batches: Vec<AcknowledgeBatch>) {
        for batch in &batches {
            (batch.first.0..=batch.last.0).for_each(|offset| _ = self.holders.remove(&offset));
        }
        self.undecided.insert(ticket, batches);
    }

    pub(super) fn durable(&mut self, ticket: Ticket) {
        for batch in self.undecided.remove(&ticket).into_iter().flatten() {
            for (at, offset) in (batch.first.0..=batch.last.0).enumerate() {
                match batch.types.get(at).or(batch.types.first()) {
                    Some(1) => _ = self.accepted.insert(offset),
                    Some(3) => _ = self.rejected.insert(offset),
                    _ => {}
                }
            }
        }
    }

    pub(super) fn crashed(&mut self) {
        self.undecided.clear();
        self.holders.clear();
    }

    pub(super) fn len(&self) -> i64 {
        self.end
    }

    /// The first record that has not come to its end: accepted, rejected, or delivered as often as may be.
    pub(super) fn unfinished(&self, now_ms: u64) -> Option<i64> {
        (0..self.end).find(|offset| {
            let is_held = self.holders.get(offset).is_some_and(|(_, until)| now_ms <= *until);
            let is_worn =
                self.deliveries.get(offset).is_some_and(|count| DELIVERIES_MAX <= *count) && !is_held;
            !self.accepted.contains(offset) && !self.rejected.contains(offset) && !is_worn
        })
    }
}

pub(super) const DELIVERIES_MAX: i16 = 5;
