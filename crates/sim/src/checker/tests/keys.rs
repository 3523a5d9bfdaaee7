//! Histories of a compacted partition.

use super::*;

/// Key 1 is 10, then 12; key 2 is 11, then deleted by 13.
const SENT: &str = r#"
{"event":"send","client":"p","producer":"idempotent","partition":"k-0","value":10,"key":{"number":1,"deletes":false},"outcome":"ok","offset":0}
{"event":"send","client":"p","producer":"idempotent","partition":"k-0","value":11,"key":{"number":2,"deletes":false},"outcome":"ok","offset":1}
{"event":"send","client":"p","producer":"idempotent","partition":"k-0","value":12,"key":{"number":1,"deletes":false},"outcome":"ok","offset":2}
{"event":"send","client":"p","producer":"idempotent","partition":"k-0","value":13,"key":{"number":2,"deletes":true},"outcome":"ok","offset":3}
"#;

/// What readers are given that begin one after the other, each with all that there is.
#[track_caller]
fn check_reads(more: &str, reads: &[&str], expected: &Expect) {
    let mut text = format!("{SENT}{more}\n");
    for (at, records) in reads.iter().enumerate() {
        let (start, end) = (100 + 10 * at, 105 + 10 * at);
        text += &format!(
            r#"{{"event":"assign","client":"c{at}","partition":"k-0","offset":0}}
{{"event":"poll","client":"c{at}","isolation":"read_uncommitted","partition":"k-0","start":{start},"end":{end},"next":5,"records":[{records}]}}
{{"event":"drained","client":"c{at}","isolation":"read_uncommitted","partition":"k-0"}}
"#
        );
    }
    let found: Vec<String> = report(&text).anomalies.iter().map(|anomaly| format!("{anomaly}\n")).collect();
    expected.assert_eq(&found.concat());
}

#[test]
fn what_is_replaced_or_deleted_may_go_and_tombstones_too() {
    let reads = ["[0,10],[1,11],[2,12],[3,13]", "[1,11],[2,12],[3,13]", "[2,12],[3,13]", "[2,12]"];
    check_reads("", &reads, &expect![[""]]);
}

#[test]
fn the_last_record_of_a_key_must_stay() {
    check_reads(
        "",
        &["[0,10],[3,13]"],
        &expect![[r#"
        LostWrite: 12 of p was acknowledged at k-0@2
    "#]],
    );
    check_reads(
        "",
        &["[2,12]", "[3,13]"],
        &expect![[r#"
        SkippedRecord: c1 at read_uncommitted passed k-0@2 (12)
        Resurrected: 13 of key 2 at k-0@3 is there again at 110, after it or the tombstone of its key had gone
    "#]],
    );
}

#[test]
fn what_has_gone_does_not_come_back() {
    check_reads(
        "",
        &["[2,12],[3,13]", "[0,10],[2,12],[3,13]"],
        &expect![[r#"
        Resurrected: 10 of key 1 at k-0@0 is there again at 110, after it or the tombstone of its key had gone
    "#]],
    );
    // Nobody had seen that 11 was gone, but a later reader is not told that it was deleted.
    check_reads(
        "",
        &["[2,12]", "[1,11],[2,12]"],
        &expect![[r#"
        Resurrected: 11 of key 2 at k-0@1 is there again at 110, after it or the tombstone of its key had gone
    "#]],
    );
}

#[test]
fn a_tombstone_that_may_be_there_takes_what_is_before_it() {
    let deleted = |outcome: &str| {
        format!(
            r#"{{"event":"send","client":"q","producer":"plain","partition":"k-0","value":14,"key":{{"number":1,"deletes":true}},"outcome":"{outcome}","offset":null}}"#
        )
    };
    check_reads(&deleted("unknown"), &["[3,13]"], &expect![[""]]);
    check_reads(
        &deleted("failed"),
        &["[3,13]"],
        &expect![[r#"
        LostWrite: 12 of p was acknowledged at k-0@2
    "#]],
    );
}

#[test]
fn what_was_aborted_replaces_nothing_and_may_go() {
    let transaction = |outcome: &str| {
        format!(
            r#"{{"event":"transaction","client":"t","outcome":"{outcome}","ended":50,"finished":60,"sends":[{{"partition":"k-0","value":20,"key":{{"number":1,"deletes":false}},"offset":4}}]}}"#
        )
    };
    check_reads(&transaction("aborted"), &["[2,12],[4,20]", "[2,12]"], &expect![[""]]);
    check_reads(
        &transaction("aborted"),
        &["[4,20]"],
        &expect![[r#"
        LostWrite: 12 of p was acknowledged at k-0@2
    "#]],
    );
    check_reads(&transaction("committed"), &["[4,20]"], &expect![[""]]);
    check_reads(
        &transaction("committed"),
        &["[2,12]"],
        &expect![[r#"
        LostWrite: 20 of t was acknowledged at k-0@4
    "#]],
    );
}
