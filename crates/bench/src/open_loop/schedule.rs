//! When each record is due.
//!
//! Record `i` is due `i / rate` after the start, whatever became of those before it. That is what makes the loop open: a
//! server that stalls does not slow down those who want something of it, and what waits meanwhile waits in the figures.

use std::num::NonZeroU32;

/// Nanoseconds since the schedule's start.
pub(crate) type Nanos = u64;

/// Records at a steady rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Schedule {
    /// Records a second.
    rate: NonZeroU32,
}

impl Schedule {
    pub(crate) fn new(rate: NonZeroU32) -> Self {
        Self { rate }
    }

    /// The first whole nanosecond at which record `number` is due.
    pub(crate) fn due(self, number: u64) -> Nanos {
        let due = (u128::from(number) * NANOS_PER_SECOND).div_ceil(self.rate());
        u64::try_from(due).expect("no run lasts for centuries")
    }

    /// How many records are due after `elapsed`: those with smaller numbers.
    pub(crate) fn due_count(self, elapsed: Nanos) -> u64 {
        let whole = u128::from(elapsed) * self.rate() / NANOS_PER_SECOND;
        u64::try_from(whole).expect("no more records than nanoseconds times the rate") + 1
    }

    /// How many records fall into so many seconds.
    pub(crate) fn count_in(self, seconds: f64) -> u64 {
        // A float that is too large gives the largest number, and a negative one gives none.
        (seconds * f64::from(self.rate.get())).round() as u64
    }

    fn rate(self) -> u128 {
        u128::from(self.rate.get())
    }
}

const NANOS_PER_SECOND: u128 = 1_000_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(rate: u32) -> Schedule {
        Schedule::new(NonZeroU32::new(rate).unwrap())
    }

    #[test]
    fn a_record_is_counted_as_due_from_its_due_time_on() {
        for rate in [1, 3, 7, 1_000, 30_001, 1_000_000_000, u32::MAX] {
            let schedule = schedule(rate);
            for number in [0, 1, 2, 10, 12_345, 9_999_999] {
                let due = schedule.due(number);
                assert!(number < schedule.due_count(due), "{number} at {rate}/s");
                if 0 < due {
                    assert!(schedule.due_count(due - 1) <= number, "{number} at {rate}/s, a moment before");
                }
            }
        }
    }

    #[test]
    fn a_rate_that_divides_no_second_does_not_drift() {
        assert_eq!(schedule(3).due(3_000_000), 1_000_000_000_000_000);
    }

    #[test]
    fn seconds_are_records() {
        assert_eq!(schedule(10_000).count_in(1.5), 15_000);
        assert_eq!(schedule(10_000).count_in(0.0), 0);
        assert_eq!(schedule(10_000).count_in(-1.0), 0);
    }
}
