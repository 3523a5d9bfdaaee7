//! A clean history, silent; and for every kind of anomaly the same history with that one planted, found.

mod keys;
mod losses;

use super::*;
use crate::history;
use crate::planting::{lines, plant};
use expect_test::{Expect, expect};

const CLEAN: &str = include_str!("tests/clean.jsonl");

fn report(text: &str) -> Report {
    let mut checker = Checker::new();
    history::read(text.as_bytes(), |event| checker.add(event)).unwrap();
    checker.finish()
}

/// Plants in the clean history, and compares what is found.
#[track_caller]
fn check(plants: &[(&str, &str)], expected: &Expect) {
    expected.assert_eq(&lines(&report(&plant(CLEAN, plants)).anomalies));
}

#[test]
fn a_clean_history_shows_nothing_and_is_counted() {
    expect![[r#"
        records: 8 acknowledged, 5 unknown, 3 refused or aborted; 14 seen in 23 reads, 1 stored again by plain retries
        transactions: 2 committed, 1 aborted, 2 unknown
        group offsets: 4 committed
        violations: 0
    "#]].assert_eq(&report(CLEAN).to_string());
}

#[test]
fn the_order_of_the_lines_of_different_clients_does_not_matter() {
    let (of_c1, others): (Vec<&str>, Vec<&str>) = CLEAN.lines().partition(|line| line.contains("\"c1\""));
    assert_eq!(report(&[of_c1, others].concat().join("\n")), report(CLEAN));
}

#[test]
fn a_history_that_contradicts_itself_is_not_blamed_on_the_broker() {
    check(
        &[(
            r#""producer":"plain","partition":"a-0","value":22"#,
            r#""producer":"plain","partition":"a-0","value":21"#,
        )],
        &expect![[r#"
            InvalidHistory: 21 was sent by p2 and by p2
        "#]],
    );
    check(
        &[(
            r#","sends":[{"partition":"b-0","value":108,"offset":null}]}"#,
            r#","sends":[],"group":"q","reads":[{"partition":"a-0","first":0,"next":2}]}"#,
        )],
        &expect![[r#"
            InvalidHistory: t2 consumed in a transaction and sent nothing
            Phantom: b-0@8 is 108, which nobody sent
        "#]],
    );
    // But a committed one may have lost its records to a power cut, and its input is consumed all the same.
    check(
        &[(
            r#""unknown","ended":210,"finished":220,"sends":[{"partition":"b-0","value":108,"offset":null}]}"#,
            r#""committed","ended":210,"finished":220,"sends":[],"group":"q","reads":[{"partition":"a-0","first":0,"next":2}]}"#,
        )],
        &expect![[r#"
            Phantom: b-0@8 is 108, which nobody sent
        "#]],
    );
    let broken =
        history::read("\n{\"event\":\"sen".as_bytes(), |_: history::Event| {}).unwrap_err().to_string();
    assert!(broken.starts_with("line 2: no event of a history"), "{broken}");
}

#[test]
fn an_acknowledged_record_that_nobody_was_given_is_lost() {
    check(
        &[(r#"[2,3],"#, "")],
        &expect![[r#"
        LostWrite: 3 of p1 was acknowledged at a-0@2
    "#]],
    );
    // Nobody was told where it is, but somebody read everything.
    check(
        &[
            (r#"[2,3],"#, ""),
            (r#""value":3,"outcome":"ok","offset":2"#, r#""value":3,"outcome":"ok","offset":null"#),
        ],
        &expect![[r#"
            LostWrite: 3 of p1 was acknowledged at a-0@?
        "#]],
    );
}

#[test]
fn an_acknowledged_record_of_an_aborted_transaction_is_still_there() {
    check(
        &[(
            r#""start":80,"end":90,"next":3,"records":[[0,100],[2,102]]"#,
            r#""start":80,"end":90,"next":3,"records":[[0,100]]"#,
        )],
        &expect![[r#"
            LostWrite: 102 of t1 was acknowledged at b-0@2
        "#]],
    );
}

#[test]
fn what_a_hanging_transaction_hides_at_read_committed_is_lost() {
    check(
        &[
            (
                r#""start":240,"end":250,"next":8,"records":[[4,104],[6,106]]"#,
                r#""start":240,"end":250,"next":4,"records":[]"#,
            ),
            (
                r#""start":240,"end":250,"next":8,"records":[[0,101],[4,105],[6,107]]"#,
                r#""start":240,"end":250,"next":4,"records":[[0,101]]"#,
            ),
        ],
        &expect![[r#"
            LostWrite: 104 of t1 was acknowledged at b-0@4
            LostWrite: 105 of t1 was acknowledged at b-1@4
        "#]],
    );
}

#[test]
fn an_acknowledged_record_that_no_reader_came_as_far_as_is_unseen() {
    let drained = r#"{"event":"drained","client":"c1","isolation":"read_committed","partition":"a-0"}"#;
    check(
        &[
            (drained, ""),
            (r#""value":22,"outcome":"unknown","offset":null"#, r#""value":22,"outcome":"ok","offset":6"#),
        ],
        &expect![[r#"
            Unseen: 22 of p2 was acknowledged at a-0@6
        "#]],
    );
}

#[test]
fn what_was_trimmed_is_not_missed() {
    check(
        &[
            (r#"[[0,1],[1,2],[2,3],[3,10]]"#, "[[1,2],[2,3],[3,10]]"),
            (
                r#"{"event":"assign","client":"c1","partition":"a-0","offset":0}"#,
                r#"{"event":"trim","client":"x","partition":"a-0","offset":1}"#,
            ),
        ],
        &expect![[""]],
    );
}

#[test]
fn a_record_at_two_places_is_a_duplicate_unless_its_producer_is_plain() {
    check(
        &[(r#"[3,10]"#, "[3,2]")],
        &expect![[r#"
        Duplicate: 2 of p1 is at a-0@1 and @3
    "#]],
    );
}

#[test]
fn records_in_another_order_than_they_were_sent_are_reordered() {
    check(
        &[
            (r#""value":1,"outcome":"ok","offset":0"#, r#""value":1,"outcome":"ok","offset":1"#),
            (r#""value":2,"outcome":"ok","offset":1"#, r#""value":2,"outcome":"ok","offset":0"#),
            (r#"[0,1],[1,2]"#, "[0,2],[1,1]"),
        ],
        &expect![[r#"
            Reordered: p1 sent 1 before 2, but a-0 has them @1 and @0
        "#]],
    );
}

#[test]
fn two_records_at_one_place_are_inconsistent() {
    check(
        &[(
            r#""start":270,"end":280,"next":6,"records":[[4,10],[5,21]]"#,
            r#""start":270,"end":280,"next":6,"records":[[4,10],[5,22]]"#,
        )],
        &expect![[r#"
            InconsistentOffset: a-0@5 is 21 and, for c1, 22
        "#]],
    );
    check(
        &[(r#""value":22,"outcome":"unknown","offset":null"#, r#""value":22,"outcome":"ok","offset":2"#)],
        &expect![[r#"
            LostWrite: 22 of p2 was acknowledged at a-0@2
            InconsistentOffset: a-0@2 was acknowledged for 3 and for 22
        "#]],
    );
}

#[test]
fn an_offset_of_zero_out_of_nowhere_is_found() {
    check(
        &[(r#""value":2,"outcome":"ok","offset":1"#, r#""value":2,"outcome":"ok","offset":0"#)],
        &expect![[r#"
            InconsistentOffset: a-0@0 was acknowledged for 1 and for 2
            OffsetFromNowhere: 2 of p1 was acknowledged at a-0@0 and is at @1
        "#]],
    );
    check(
        &[(
            r#""group":"h","partition":"a-0","offset":6,"start":30"#,
            r#""group":"h","partition":"a-0","offset":0,"start":30"#,
        )],
        &expect![[r#"
            OffsetFromNowhere: c9 was told 0 for h on a-0, which nobody had committed
        "#]],
    );
}

#[test]
fn a_value_that_nobody_sent_is_a_phantom() {
    check(
        &[(r#"[8,108]"#, "[8,108],[9,999]")],
        &expect![[r#"
        Phantom: b-0@9 is 999, which nobody sent
    "#]],
    );
    check(
        &[(r#"[8,108]"#, "[8,108],[9,22]")],
        &expect![[r#"
        Phantom: b-0@9 is 22, which was sent to a-0
    "#]],
    );
}

#[test]
fn an_aborted_or_failed_record_that_shows_is_an_aborted_read() {
    check(
        &[(r#""next":2,"records":[[0,100]]"#, r#""next":3,"records":[[0,100],[2,102]]"#)],
        &expect![[r#"
            AbortedRead: 102 of an aborted transaction of t1 shows in b-0
            WatermarkRegress: c2 was told that b-0 ends at 2 (read_committed), before it went to 3
        "#]],
    );
    check(
        &[(r#""value":21,"outcome":"unknown""#, r#""value":21,"outcome":"failed""#)],
        &expect![[r#"
        AbortedRead: a-0@5 is 21, whose sending by p2 failed
    "#]],
    );
}

#[test]
fn a_record_that_shows_before_the_commit_was_asked_for_is_an_uncommitted_read() {
    check(
        &[(
            r#""isolation":"read_committed","partition":"b-0","start":60,"end":70"#,
            r#""isolation":"read_committed","partition":"b-0","start":40,"end":49"#,
        )],
        &expect![[r#"
            UncommittedRead: 100 shows in b-0 at 49, but t1 asked for the commit at 50
        "#]],
    );
}

#[test]
fn a_transaction_that_shows_in_part_is_torn() {
    // Known to have committed, and of unknown end but with one record showing.
    check(
        &[(r#"[0,101],[4,105],[6,107]"#, "[0,101],[6,107]")],
        &expect![[r#"
        TornTransaction: of a transaction of t1 104 shows, but 105 in b-1 does not
        SkippedRecord: c1 at read_committed passed b-1@4 (105)
    "#]],
    );
    check(
        &[(r#"[0,101],[4,105],[6,107]"#, "[0,101],[4,105]"), (r#"[4,105],[6,107]]"#, "[4,105]]")],
        &expect![[r#"
            TornTransaction: of a transaction of t1 106 shows, but 107 in b-1 does not
        "#]],
    );
}

#[test]
fn a_transaction_of_which_nothing_shows_is_lost() {
    check(
        &[
            (r#""next":2,"records":[[0,100]]"#, r#""next":2,"records":[]"#),
            (r#"[[0,101],[4,105],[6,107]]}"#, "[[4,105],[6,107]]}"),
            (r#""next":3,"records":[[0,100],[2,102]]"#, r#""next":3,"records":[[2,102]]"#),
            (r#"[0,101],[2,103]"#, "[2,103]"),
        ],
        &expect![[r#"
            LostWrite: 100 of t1 was acknowledged at b-0@0
            LostWrite: 101 of t1 was acknowledged at b-1@0
        "#]],
    );
}

#[test]
fn a_poll_behind_the_readers_position_is_non_monotonic() {
    check(
        &[(
            r#""start":250,"end":260,"next":6,"records":[[4,10],[5,21]]"#,
            r#""start":250,"end":260,"next":6,"records":[[3,10],[4,10],[5,21]]"#,
        )],
        &expect![[r#"
            NonMonotonicPoll: c1 was given a-0@3 (10) when its position was 4
        "#]],
    );
    check(
        &[(r#""start":250,"end":260,"next":6,"#, r#""start":250,"end":260,"next":5,"#)],
        &expect![[r#"
        NonMonotonicPoll: c1 read a-0 to 6 and stands at 5
    "#]],
    );
}

#[test]
fn a_record_that_a_reader_passed_but_another_was_given_is_skipped() {
    check(
        &[(
            r#""start":270,"end":280,"next":6,"records":[[4,10],[5,21]]"#,
            r#""start":270,"end":280,"next":6,"records":[[5,21]]"#,
        )],
        &expect![[r#"
            SkippedRecord: c1 at read_committed passed a-0@4 (10)
        "#]],
    );
    check(
        &[(r#"[2,103],[4,105],"#, "[2,103],")],
        &expect![[r#"
        SkippedRecord: c2 at read_uncommitted passed b-1@4 (105)
    "#]],
    );
}

#[test]
fn input_that_two_transactions_consumed_was_processed_twice() {
    check(
        &[(r#""first":2,"next":5"#, r#""first":1,"next":5"#)],
        &expect![[r#"
        Reprocessed: group g consumed a-0 0..2 by t1, then 1..5 by t1
    "#]],
    );
}

#[test]
fn input_between_two_transactions_was_never_processed() {
    check(
        &[(r#""first":2,"next":5"#, r#""first":3,"next":5"#)],
        &expect![[r#"
        Unprocessed: group g consumed a-0 0..2 by t1, then 3..5 by t1
    "#]],
    );
}

#[test]
fn a_committed_offset_that_was_replaced_or_is_gone_is_a_regress() {
    check(
        &[(
            r#""group":"h","partition":"a-0","offset":6,"start":30"#,
            r#""group":"h","partition":"a-0","offset":2,"start":30"#,
        )],
        &expect![[r#"
            GroupOffsetRegress: c9 was told 2 for h on a-0, which a later commit had replaced
        "#]],
    );
    check(
        &[(
            r#""group":"h","partition":"a-0","offset":6,"start":30"#,
            r#""group":"h","partition":"a-0","offset":null,"start":30"#,
        )],
        &expect![[r#"
            GroupOffsetRegress: c9 was told that h committed nothing on a-0, but it had
        "#]],
    );
    check(
        &[(
            r#""group":"g","partition":"a-0","offset":5,"start":180"#,
            r#""group":"g","partition":"a-0","offset":2,"start":180"#,
        )],
        &expect![[r#"
            GroupOffsetRegress: c9 was told 2 for g on a-0, which a later commit had replaced
        "#]],
    );
    // An aborted transaction commits no offsets.
    check(
        &[(
            r#""group":"g","partition":"a-0","offset":2,"start":65"#,
            r#""group":"g","partition":"a-0","offset":4,"start":120"#,
        )],
        &expect![[r#"
            OffsetFromNowhere: c9 was told 4 for g on a-0, which nobody had committed
        "#]],
    );
}

#[test]
fn an_end_below_an_earlier_one_is_a_regress() {
    // Below what a reader was given while it was not yet answered is no regress.
    check(&[(r#""offset":10,"start":240"#, r#""offset":3,"start":240"#)], &expect![[""]]);
    check(
        &[(r#""offset":10,"start":240"#, r#""offset":3,"start":251"#)],
        &expect![[r#"
        WatermarkRegress: c2 was told that b-0 ends at 3 (read_uncommitted), before it went to 10
    "#]],
    );
    check(
        &[(r#""offset":10,"start":240"#, r#""offset":2,"start":240"#)],
        &expect![[r#"
            WatermarkRegress: c2 was told that b-0 ends at 2 (read_uncommitted), before it went to 3
        "#]],
    );
}

#[test]
fn one_kind_is_told_a_handful_of_times_and_counted() {
    let many: String = (0..25)
        .map(|n| {
            format!("{{\"event\":\"poll\",\"client\":\"c\",\"isolation\":\"read_committed\",\"partition\":\"z\",\"start\":0,\"end\":1,\"next\":{},\"records\":[[{n},{}]]}}\n", n + 1, n + 5000)
        })
        .collect();
    let report = report(&many);
    assert_eq!(report.violations, 25);
    assert_eq!(report.anomalies.len(), 11);
    assert_eq!(report.anomalies[10].evidence, "and 15 more");
}
