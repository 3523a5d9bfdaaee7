//! Which log, how far, and into which segments.

use super::*;

const NOW: Timestamp = Timestamp(1_000_000);

/// Segments of 100 offsets, 1000 bytes and one timestamp each; the last one is the active one.
fn log(timestamps: &[i64]) -> LogFacts {
    let segments = (0..).zip(timestamps).map(|(n, timestamp)| SegmentFacts {
        base: Offset(n * 100),
        bytes: 1000,
        newest: Timestamp(*timestamp),
        first: Timestamp(*timestamp),
    });
    let segments: Vec<_> = segments.collect();
    let end = Offset(segments.len() as i64 * 100);
    LogFacts {
        log_start: Offset(0),
        last_stable: end,
        end,
        compacted_to: None,
        segments,
        lag_ms_min: 0,
        lag_ms_max: u64::MAX,
        dirty_ratio_min: 0.5,
    }
}

fn range(facts: &LogFacts) -> Option<(i64, i64)> {
    facts.target(NOW).map(|target| (target.first_dirty.0, target.until.0))
}

#[test]
fn everything_before_the_active_segment_can_be_compacted() {
    assert_eq!(range(&log(&[1, 2, 3, 4])), Some((0, 300)));
    assert_eq!(range(&log(&[1])), None);
}

#[test]
fn only_what_is_new_is_dirty() {
    let facts = LogFacts { compacted_to: Some(Offset(200)), ..log(&[1, 2, 3, 4, 5]) };
    assert_eq!(range(&facts), Some((200, 400)));
    assert_eq!(facts.target(NOW).unwrap().dirty_ratio, 0.5);
    let facts = LogFacts { compacted_to: Some(Offset(400)), ..log(&[1, 2, 3, 4, 5]) };
    assert_eq!(range(&facts), None, "there is only the active segment");
}

#[test]
fn a_note_that_does_not_fit_the_log_is_not_believed() {
    let trimmed = LogFacts { compacted_to: Some(Offset(50)), log_start: Offset(120), ..log(&[1, 2, 3]) };
    assert_eq!(range(&trimmed), Some((120, 200)));
    let cut_off = LogFacts { compacted_to: Some(Offset(301)), ..log(&[1, 2, 3]) };
    assert_eq!(range(&cut_off), Some((0, 200)));
}

#[test]
fn nothing_from_an_open_transaction_on_is_touched() {
    let facts = LogFacts { last_stable: Offset(250), ..log(&[1, 2, 3, 4, 5]) };
    assert_eq!(range(&facts), Some((0, 200)), "the segment with its first record stays as it is");
    let facts = LogFacts { last_stable: Offset(200), ..log(&[1, 2, 3, 4, 5]) };
    assert_eq!(range(&facts), Some((0, 200)));
    let facts = LogFacts { last_stable: Offset(40), ..log(&[1, 2, 3, 4, 5]) };
    assert_eq!(range(&facts), None);
}

#[test]
fn young_records_are_safe_for_the_least_lag() {
    let timestamps = [NOW.0 - 500, NOW.0 - 300, NOW.0 - 299, NOW.0 - 400, NOW.0];
    let facts = LogFacts { lag_ms_min: 300, ..log(&timestamps) };
    assert_eq!(range(&facts), Some((0, 200)), "also what comes after the young ones");
    let facts = LogFacts { lag_ms_min: 299, ..log(&timestamps) };
    assert_eq!(range(&facts), Some((0, 400)));
    // A segment from the future is a young one; one that was compacted before does not count.
    let timestamps = [NOW.0 + 9999, 1, NOW.0 + 9999, 1];
    let facts = LogFacts { lag_ms_min: 10, compacted_to: Some(Offset(100)), ..log(&timestamps) };
    assert_eq!(range(&facts), Some((100, 200)));
}

#[test]
fn the_ratio_of_dirty_bytes_decides_whether_it_is_worth_while() {
    let at =
        |ratio| LogFacts { dirty_ratio_min: ratio, compacted_to: Some(Offset(300)), ..log(&[1, 2, 3, 4, 5]) };
    assert!(at(0.24).target(NOW).unwrap().due);
    assert!(!at(0.25).target(NOW).unwrap().due);
}

#[test]
fn what_its_settings_do_not_let_wait_is_overdue() {
    let bytes = |facts: LogFacts| facts.target(NOW).unwrap().overdue_bytes;
    // Of four segments with 1000 bytes each, three are dirty.
    let at =
        |ratio| LogFacts { dirty_ratio_min: ratio, compacted_to: Some(Offset(100)), ..log(&[1, 2, 3, 4, 5]) };
    assert_eq!([0.0, 0.5, 0.75, 1.0].map(|ratio| bytes(at(ratio))), [3000, 1000, 0, 0]);
    assert_eq!(bytes(LogFacts { lag_ms_max: 10, ..at(1.0) }), 3000, "too old to wait");
}

#[test]
fn a_record_older_than_the_largest_lag_must_be_compacted() {
    let old = |lag_ms_max| LogFacts {
        dirty_ratio_min: 1.0,
        lag_ms_max,
        compacted_to: Some(Offset(100)),
        ..log(&[1, NOW.0 - 500, NOW.0 - 10, NOW.0])
    };
    assert!(!old(u64::MAX).target(NOW).unwrap().due);
    assert!(!old(500).target(NOW).unwrap().due);
    assert!(old(499).target(NOW).unwrap().due);
    let mut untimed = old(499);
    untimed.segments[1].first = Timestamp::NONE;
    assert!(!untimed.target(NOW).unwrap().due, "nobody knows how old it is");
}

#[test]
fn the_dirtiest_log_that_is_due_comes_first() {
    let target = |dirty_ratio, due| Target {
        first_dirty: Offset(0),
        until: Offset(9),
        dirty_ratio,
        due,
        overdue_bytes: 0,
    };
    let all = [("a", target(0.6, true)), ("b", target(0.9, true)), ("c", target(1.0, false))];
    assert_eq!(most_due(all).map(|(name, _)| name), Some("b"));
    assert_eq!(most_due([("c", target(1.0, false))]), None);
}

#[test]
fn neighbours_are_joined_up_to_the_size_of_a_segment() {
    let sized = |sizes: &[u32]| -> Vec<(Offset, u32)> {
        (0..).zip(sizes).map(|(n, size)| (Offset(n * 100), *size)).collect()
    };
    assert_eq!(groups(&sized(&[400, 600, 1, 999, 2000, 0, 5]), Offset(700), 1000), [0..2, 2..4, 4..5, 5..7]);
    assert_eq!(groups(&[], Offset(0), 1000), []);
}

#[test]
fn offsets_of_a_joined_segment_fit_31_bits() {
    let far = i64::from(i32::MAX);
    let segments = [(Offset(5), 10), (Offset(1000), 10), (Offset(2000), 10)];
    assert_eq!(groups(&segments, Offset(5 + far + 1), 1000).len(), 1);
    assert_eq!(groups(&segments, Offset(5 + far + 2), 1000), [0..2, 2..3]);
}
