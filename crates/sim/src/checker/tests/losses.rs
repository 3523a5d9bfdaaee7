//! Histories of a partition whose end a power cut may take.

use super::*;

/// 1 and 2 are acknowledged and read; a power cut takes 2, and 3 takes its place.
const LINES: &str = r#"
{"event":"send","client":"p","producer":"idempotent","partition":"a-0","value":1,"outcome":"ok","offset":0}
{"event":"send","client":"p","producer":"idempotent","partition":"a-0","value":2,"outcome":"ok","offset":1}
{"event":"assign","client":"c","partition":"a-0","offset":0}
{"event":"poll","client":"c","isolation":"read_uncommitted","partition":"a-0","start":1,"end":2,"next":2,"records":[[0,1],[1,2]]}
{"event":"end","client":"c","isolation":"read_uncommitted","partition":"a-0","offset":2,"start":3,"end":4}
{"event":"lost","partition":"a-0","offset":1,"at":5}
{"event":"end","client":"c","isolation":"read_uncommitted","partition":"a-0","offset":1,"start":6,"end":7}
{"event":"send","client":"q","producer":"idempotent","partition":"a-0","value":3,"outcome":"ok","offset":1}
{"event":"assign","client":"d","partition":"a-0","offset":0}
{"event":"poll","client":"d","isolation":"read_uncommitted","partition":"a-0","start":8,"end":9,"next":2,"records":[[0,1],[1,3]]}
{"event":"drained","client":"d","isolation":"read_uncommitted","partition":"a-0"}
"#;

#[track_caller]
fn check_lines(clean: &str, planted: &str, expected: &Expect) {
    assert_eq!(LINES.matches(clean).count(), 1, "{clean}");
    let report = report(&LINES.replace(clean, planted));
    let found: Vec<String> = report.anomalies.iter().map(|anomaly| format!("{anomaly}\n")).collect();
    expected.assert_eq(&found.concat());
}

#[test]
fn a_power_cut_may_take_the_end_of_such_a_log() {
    assert_eq!(report(LINES).violations, 0, "{}", report(LINES));
}

#[test]
fn nothing_else_may() {
    check_lines(
        "{\"event\":\"lost\",\"partition\":\"a-0\",\"offset\":1,\"at\":5}\n",
        "",
        &expect![[r#"
            InconsistentOffset: a-0@1 is 2 and, for d, 3
            InconsistentOffset: a-0@1 was acknowledged for 2 and for 3
            OffsetFromNowhere: 3 of q was acknowledged at a-0@1 and is at @1
            WatermarkRegress: c was told that a-0 ends at 1 (read_uncommitted), before it went to 2
        "#]],
    );
}

#[test]
fn what_is_below_stays() {
    check_lines(
        r#""next":2,"records":[[0,1],[1,3]]"#,
        r#""next":2,"records":[[1,3]]"#,
        &expect![[r#"
        SkippedRecord: d at read_uncommitted passed a-0@0 (1)
    "#]],
    );
    check_lines(
        r#""next":2,"records":[[0,1],[1,3]]"#,
        r#""next":2,"records":[[0,1],[1,9]]"#,
        &expect![[r#"
        LostWrite: 3 of q was acknowledged at a-0@1
        Phantom: a-0@1 is 9, which nobody sent
    "#]],
    );
}

#[test]
fn what_was_shown_before_must_have_been_sent() {
    check_lines(
        r#""value":2,"outcome":"ok","offset":1"#,
        r#""value":7,"outcome":"ok","offset":1"#,
        &expect![[r#"
        Phantom: a-0@1 is 2, which nobody sent
    "#]],
    );
}
