//! What became of the records: whether all came, in order and once, and how long each took since it was due.

use super::schedule::{Nanos, Schedule};
use hdrhistogram::Histogram;
use serde::Serialize;
use std::ops::Range;

/// Collects latencies, in microseconds, of the records behind the warm-up.
#[derive(Debug)]
pub(crate) struct Tally {
    schedule: Schedule,
    measured: Range<u64>,
    /// The number that the next record to arrive must have.
    next: u64,
    last_arrival: Nanos,
    arrivals: Histogram<u64>,
    acks: Histogram<u64>,
}

/// A record that should not have come now: one was lost, came twice, or overtook another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("record {found} came when record {expected} was next")]
pub(crate) struct OutOfOrder {
    expected: u64,
    found: u64,
}

/// Where a part of the latencies ends, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Percentiles {
    pub(crate) p50_us: u64,
    pub(crate) p90_us: u64,
    pub(crate) p99_us: u64,
    pub(crate) p999_us: u64,
    pub(crate) max_us: u64,
}

impl Tally {
    /// The records of `measured` count, and those before it are the warm-up.
    pub(crate) fn new(schedule: Schedule, measured: Range<u64>) -> Self {
        let histogram = || Histogram::new(SIGNIFICANT_DIGITS).expect("three digits are allowed");
        Self { schedule, measured, next: 0, last_arrival: 0, arrivals: histogram(), acks: histogram() }
    }

    /// A record has come at the other end.
    pub(crate) fn arrived(&mut self, number: u64, at: Nanos) -> Result<(), OutOfOrder> {
        if number != self.next {
            return Err(OutOfOrder { expected: self.next, found: number });
        }
        self.next += 1;
        self.last_arrival = at;
        if self.measured.contains(&number) {
            self.arrivals += self.latency_us(number, at);
        }
        Ok(())
    }

    /// Records were acknowledged.
    pub(crate) fn acknowledged(&mut self, batch: Range<u64>, at: Nanos) {
        for number in batch.filter(|number| self.measured.contains(number)) {
            self.acks += self.latency_us(number, at);
        }
    }

    /// How many records have come.
    pub(crate) fn arrived_count(&self) -> u64 {
        self.next
    }

    /// How long the measured part took, in seconds: from when its first record was due until its last record came, but
    /// not shorter than it was planned.
    pub(crate) fn seconds(&self) -> f64 {
        let (start, end) = (self.schedule.due(self.measured.start), self.schedule.due(self.measured.end));
        // Exact up to 104 days.
        self.last_arrival.max(end).saturating_sub(start) as f64 / 1e9
    }

    /// From when a record was due until it came.
    pub(crate) fn arrivals(&self) -> &Histogram<u64> {
        &self.arrivals
    }

    /// From when a record was due until its acknowledgement came.
    pub(crate) fn acks(&self) -> &Histogram<u64> {
        &self.acks
    }

    fn latency_us(&self, number: u64, at: Nanos) -> u64 {
        at.saturating_sub(self.schedule.due(number)) / 1000
    }
}

impl Percentiles {
    pub(crate) fn of(histogram: &Histogram<u64>) -> Self {
        Self {
            p50_us: histogram.value_at_quantile(0.5),
            p90_us: histogram.value_at_quantile(0.9),
            p99_us: histogram.value_at_quantile(0.99),
            p999_us: histogram.value_at_quantile(0.999),
            max_us: histogram.max(),
        }
    }
}

/// All of a histogram, as microseconds and how many records took that long, so that several can be added up.
pub(crate) fn buckets(histogram: &Histogram<u64>) -> Vec<(u64, u64)> {
    histogram.iter_recorded().map(|value| (value.value_iterated_to(), value.count_at_value())).collect()
}

const SIGNIFICANT_DIGITS: u8 = 3;

#[cfg(test)]
mod tests;
