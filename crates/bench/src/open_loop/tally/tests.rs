use super::*;
use std::num::NonZeroU32;

/// A record each millisecond; the first two are the warm-up.
fn tally() -> Tally {
    Tally::new(Schedule::new(NonZeroU32::new(1000).unwrap()), 2..5)
}

const US: Nanos = 1000;
const MS: Nanos = 1_000_000;

#[test]
fn latency_counts_from_when_a_record_was_due() {
    let mut tally = tally();
    // All come together after a stall: the first has waited longest.
    for number in 0..5 {
        tally.arrived(number, 7 * MS + 30 * US).unwrap();
    }
    tally.acknowledged(0..5, 6 * MS);
    assert_eq!(buckets(tally.arrivals()), [(3031, 1), (4031, 1), (5031, 1)], "to three digits");
    assert_eq!(buckets(tally.acks()), [(2000, 1), (3001, 1), (4001, 1)]);
    assert_eq!(tally.arrived_count(), 5);
}

#[test]
fn a_record_that_is_lost_or_comes_twice_is_seen() {
    let mut tally = tally();
    tally.arrived(0, 0).unwrap();
    assert_eq!(tally.arrived(0, 0), Err(OutOfOrder { expected: 1, found: 0 }));
    assert_eq!(tally.arrived(2, 0), Err(OutOfOrder { expected: 1, found: 2 }));
}

#[test]
fn the_measured_part_ends_with_the_last_arrival() {
    let mut tally = tally();
    (0..5).for_each(|number| tally.arrived(number, 4 * MS).unwrap());
    assert_eq!(tally.seconds(), 0.003, "as planned: the last came before its time was over");
    let mut late = self::tally();
    (0..5).for_each(|number| late.arrived(number, 8 * MS).unwrap());
    assert_eq!(late.seconds(), 0.006);
}

#[test]
fn percentiles_are_of_what_was_recorded() {
    let mut tally = Tally::new(Schedule::new(NonZeroU32::new(1_000_000).unwrap()), 0..1000);
    (0..1000).for_each(|number| tally.arrived(number, 1_000_000).unwrap());
    let all = Percentiles::of(tally.arrivals());
    assert_eq!(all, Percentiles { p50_us: 500, p90_us: 900, p99_us: 990, p999_us: 999, max_us: 1000 });
}
