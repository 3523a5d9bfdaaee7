//! A clean history, silent; and for every kind of anomaly the same history with that one planted, found.

mod innocent;
mod letters;

use super::*;
use crate::history;
use crate::planting::{lines, plant};
use expect_test::{Expect, expect};

const CLEAN: &str = include_str!("tests/clean.jsonl");

fn report(text: &str) -> Report {
    let mut judge = Judge::new();
    history::read(text.as_bytes(), |event| judge.add(event)).unwrap();
    judge.finish()
}

/// Plants in the clean history, and compares what is found.
#[track_caller]
fn check(plants: &[(&str, &str)], expected: &Expect) {
    check_both(plants, &[], expected);
}

/// Adds lines at the end.
#[track_caller]
fn check_with(added: &[&str], expected: &Expect) {
    check_both(&[], added, expected);
}

#[track_caller]
fn check_both(plants: &[(&str, &str)], added: &[&str], expected: &Expect) {
    let all = [plant(CLEAN, plants), added.join("\n")].concat();
    expected.assert_eq(&lines(&report(&all).anomalies));
}

/// `m4`, who begins when all the others have ended, is given a record of `jobs-0` and says something of it that counts.
fn late_member(record: &str, verdict: &str) -> Vec<String> {
    let offset = record.split(',').next().unwrap();
    vec![
        r#"{"event":"member","member":"m4","group":"workers","at":9000000000}"#.to_owned(),
        format!(
            r#"{{"event":"delivered","member":"m4","partition":"jobs-0","at":9100000000,"wall":1764144009100,"records":[[{record}]]}}"#
        ),
        format!(
            r#"{{"event":"said","member":"m4","partition":"jobs-0","at":9200000000,"verdict":"{verdict}","offsets":[{offset}]}}"#
        ),
        format!(
            r#"{{"event":"heard","member":"m4","partition":"jobs-0","at":9300000000,"counts":true,"offsets":[{offset}]}}"#
        ),
    ]
}

fn words(lines: &[String]) -> Vec<&str> {
    lines.iter().map(String::as_str).collect()
}

/// A member of `keyed` is given a record, and accepts it a millisecond later, which counts.
fn accepted(member: &str, partition: &str, at_ms: u64, record: &str) -> Vec<String> {
    let (offset, wall) = (record.split(',').next().unwrap(), 1_764_144_000_000 + at_ms);
    let step = |event: &str, at_ms: u64, rest: &str| {
        format!(
            r#"{{"event":"{event}","member":"{member}","partition":"{partition}","at":{at_ms}000000,{rest}}}"#
        )
    };
    vec![
        step("delivered", at_ms, &format!(r#""wall":{wall},"records":[[{record}]]"#)),
        step("said", at_ms + 1, &format!(r#""verdict":"accept","offsets":[{offset}]"#)),
        step("heard", at_ms + 2, &format!(r#""counts":true,"offsets":[{offset}]"#)),
    ]
}

#[track_caller]
fn check_late(record: &str, verdict: &str, expected: &Expect) {
    check_with(&words(&late_member(record, verdict)), expected);
}

#[test]
fn a_clean_history_shows_nothing_and_is_counted() {
    expect![[r#"
        records: 11 acknowledged to producers, 1 never committed
        deliveries: 17 to 5 members
        verdicts: 9 accepted, 2 released, 1 rejected, 3 without an answer
        dead letters: 1 rejected, 1 exhausted; 1 requeued
        violations: 0
    "#]]
    .assert_eq(&report(CLEAN).to_string());
}

#[test]
fn the_order_of_the_lines_of_different_clients_does_not_matter() {
    let (of_m1, others): (Vec<&str>, Vec<&str>) = CLEAN.lines().partition(|line| line.contains("\"m1\""));
    assert_eq!(report(&[others, of_m1].concat().join("\n")), report(CLEAN));
}

#[test]
fn a_history_that_contradicts_itself_is_not_blamed_on_the_broker() {
    check(
        &[(r#""event":"member","member":"k1""#, r#""event":"member","member":"k3""#)],
        &expect![[r#"
        InvalidHistory: k1 does something and has not begun
        InvalidHistory: k1 does something and has not begun
        InvalidHistory: k1 does something and has not begun
        InvalidHistory: k1 does something and has not begun
        InvalidHistory: k1 does something and has not begun
        InvalidHistory: k1 does something and has not begun
        InvalidHistory: k1 does something and has not begun
        InvalidHistory: k1 does something and has not begun
        Lost: orders-0@0 in keyed, delivered 0 times
        Lost: orders-0@4 in keyed, delivered 0 times
    "#]],
    );
    check(
        &[(
            r#""at":210000000,"verdict":"accept","offsets":[2]"#,
            r#""at":210000000,"verdict":"accept","offsets":[]"#,
        )],
        &expect![[r#"
        InvalidHistory: m2 has heard of jobs-0@2 what it has not said
        Lost: jobs-0@2 in workers, delivered 2 times
    "#]],
    );
    check_with(
        &[r#"{"event":"receipt","letter":"dlq-0/9","outcome":"requeued"}"#],
        &expect![[r#"
        InvalidHistory: a receipt for dlq-0/9, which is no letter
    "#]],
    );
    check_with(
        &[r#"{"event":"member","member":"m1","group":"workers","at":10000000}"#],
        &expect![[r#"
        InvalidHistory: m1 begins twice
    "#]],
    );
    check_with(
        &[
            r#"{"event":"record","partition":"jobs-0","offset":0,"value":1,"key":null,"due":null,"requeued_for":null,"committed":true}"#,
        ],
        &expect![[r#"
            InvalidHistory: jobs-0@0 is read twice
        "#]],
    );
    check(
        &[(r#""event":"group","group":"keyed""#, r#""event":"group","group":"others""#)],
        &expect![[r#"
        InvalidHistory: nothing is known of group keyed
        InvalidHistory: nothing is known of group keyed
        InvalidHistory: nothing is known of group keyed
        InvalidHistory: nothing is known of group keyed
        InvalidHistory: nothing is known of group keyed
        Lost: orders-0@0 in others, delivered 0 times
        Lost: orders-0@1 in others, delivered 0 times
        Lost: orders-0@2 in others, delivered 0 times
        Lost: orders-0@3 in others, delivered 0 times
        Lost: orders-0@4 in others, delivered 0 times
    "#]],
    );
}

#[test]
fn an_acknowledged_record_that_is_not_in_the_topic_is_lost() {
    check(
        &[(
            r#""sent","partition":"jobs-0","offset":7,"value":6"#,
            r#""sent","partition":"jobs-0","offset":9,"value":6"#,
        )],
        &expect![[r#"
        LostWrite: 6 was acknowledged at jobs-0@9
    "#]],
    );
    check(
        &[(
            r#""sent","partition":"jobs-0","offset":7,"value":6"#,
            r#""sent","partition":"jobs-0","offset":7,"value":66"#,
        )],
        &expect![[r#"
            LostWrite: 66 was acknowledged at jobs-0@7
        "#]],
    );
}

#[test]
fn a_member_is_given_what_the_topic_has() {
    check(
        &[("[[2,2,3]]", "[[2,2,0]]")],
        &expect![[r#"
        Phantom: m2 was given 0 at jobs-0@2
    "#]],
    );
    check(
        &[("[[6,1,5]]", "[[6,1,5],[8,1,77]]")],
        &expect![[r#"
        Phantom: m2 was given 77 at jobs-0@8
    "#]],
    );
    check(
        &[("[[6,1,5]]", "[[6,1,5],[4,1,2]]")],
        &expect![[r#"
        UncommittedDelivery: workers was given jobs-0@4
    "#]],
    );
    check(
        &[(
            r#""offset":0,"value":1,"key":null,"due":null,"requeued_for":null"#,
            r#""offset":0,"value":1,"key":null,"due":null,"requeued_for":"keyed""#,
        )],
        &expect![[r#"
        ForeignDelivery: workers was given jobs-0@0 of keyed
        RequeuedTwice: 1 of keyed: 0 receipts, 1 in its topic
    "#]],
    );
}

#[test]
fn what_nobody_has_accepted_and_no_letter_holds_is_lost() {
    // Nobody says anything of it.
    check(
        &[(r#""at":810000000,"verdict":"accept""#, r#""at":810000000,"verdict":"release""#)],
        &expect![[r#"
        Lost: jobs-0@6 in workers, delivered 1 times
    "#]],
    );
    // It was given to somebody else after that, who lets it go.
    check_late(
        "6,1,5",
        "release",
        &expect![[r#"
        Lost: jobs-0@6 in workers, delivered 2 times
    "#]],
    );
    // It was delivered too often, and its letter is not there.
    check(
        &[
            (
                r#"{"event":"letter","letter":"dlq-0/1","group":"workers","partition":"jobs-0","offset":3,"value":4,"key":null,"deliveries":3,"reason":"exhausted"}"#,
                "",
            ),
            (r#"{"event":"receipt","letter":"dlq-0/1","outcome":"discarded"}"#, ""),
            (r#""at":6400000000,"verdict":"accept""#, r#""at":6400000000,"verdict":"release""#),
        ],
        &expect![[r#"
        Lost: jobs-0@3 in workers, delivered 3 times
    "#]],
    );
}

#[test]
fn what_is_accepted_or_rejected_is_given_to_nobody_again() {
    // To one who was not there then.
    check_with(
        &words(&late_member("0,1,1", "accept")[..2]),
        &expect![[r#"
        Redelivered: jobs-0@0 in workers came to m4 after m1 had ended it (Accept)
    "#]],
    );
    // Its word counts besides.
    check_late(
        "0,1,1",
        "accept",
        &expect![[r#"
        Redelivered: jobs-0@0 in workers came to m4 after m1 had ended it (Accept)
        EndedTwice: jobs-0@0 in workers by m1 (Accept) and m4 (Accept)
    "#]],
    );
    check_late(
        "1,1,2",
        "release",
        &expect![[r#"
        Redelivered: jobs-0@1 in workers came to m4 after m1 had ended it (Reject)
    "#]],
    );
    // So late that nobody can have kept it so long.
    let late = r#"{"event":"delivered","member":"m2","partition":"jobs-0","at":20000000000,"wall":1764144020000,"records":[[0,2,1]]}"#;
    check_with(
        &[late],
        &expect![[r#"
        Redelivered: jobs-0@0 in workers came to m2 after m1 had ended it (Accept)
    "#]],
    );
    let not_so_late = late.replace("20000000000", "10000000000");
    check_with(&[&not_so_late], &expect![[r#""#]]);
    // The late one is told that it counts.
    check(
        &[(r#""at":720000000,"counts":false"#, r#""at":720000000,"counts":true"#)],
        &expect![[r#"
        Redelivered: jobs-0@7 in workers came to m1 after m2 had ended it (Accept)
        EndedTwice: jobs-0@7 in workers by m2 (Accept) and m1 (Accept)
    "#]],
    );
}

#[test]
fn deliveries_are_counted_up_to_the_limit() {
    check_late(
        "3,1,4",
        "release",
        &expect![[r#"
        CountWentDown: jobs-0@3 in workers from 3 to 1
    "#]],
    );
    check(
        &[("[[3,3,4]]", "[[3,4,4]]")],
        &expect![[r#"
        DeliveredTooOften: jobs-0@3 in workers: delivery 4
    "#]],
    );
}

#[test]
fn no_record_is_delivered_before_its_time() {
    check(
        &[(r#""wall":1764144002100,"records":[[3,1,14]]"#, r#""wall":1764144001999,"records":[[3,1,14]]"#)],
        &expect![[r#"
        TooEarly: orders-0@3 in keyed by 1 ms
    "#]],
    );
    check(
        &[(r#""at":350000000,"wall""#, r#""at":330000000,"wall""#)],
        &expect![[r#"
        TooEarly: orders-0@1 in keyed rested 9 ms less than 200 ms
    "#]],
    );
    // What is released for the second time rests as long as is said for that, or as the last that is said.
    let again = [
        (r#""at":370000000,"verdict":"accept""#, r#""at":370000000,"verdict":"release""#),
        (r#""at":390000000,"wall""#, r#""at":900000000,"wall""#),
        (r#""at":395000000"#, r#""at":905000000"#),
        (r#""at":396000000"#, r#""at":906000000"#),
    ];
    check_both(
        &again,
        &words(&accepted("k2", "orders-0", 600, "1,3,12")),
        &expect![[r#"
        TooEarly: orders-0@1 in keyed rested 169 ms less than 400 ms
    "#]],
    );
    let shorter = [again.as_slice(), &[(r#""rests_ms":[200,400]"#, r#""rests_ms":[200]"#)]].concat();
    check_both(
        &shorter,
        &words(&accepted("k2", "orders-0", 550, "1,3,12")),
        &expect![[r#"
        TooEarly: orders-0@1 in keyed rested 19 ms less than 200 ms
    "#]],
    );
    check_both(&shorter, &words(&accepted("k2", "orders-0", 600, "1,3,12")), &expect![[""]]);
    // Milliseconds are whole.
    check(&[(r#""at":350000000,"wall""#, r#""at":339000000,"wall""#)], &expect![[r#""#]]);
}

#[test]
fn records_of_one_key_come_one_after_the_other() {
    // The next one before the one before is accepted.
    check(
        &[(r#""at":390000000,"wall""#, r#""at":365000000,"wall""#)],
        &expect![[r#"
        OutOfOrder: orders-0@2 of key a in keyed came before orders-0@1 was done
    "#]],
    );
    // The next one while the one before rests.
    check(
        &[(r#""at":390000000,"wall""#, r#""at":160000000,"wall""#)],
        &expect![[r#"
        OutOfOrder: orders-0@2 of key a in keyed came before orders-0@1 was done
    "#]],
    );
    // Both at once.
    check(
        &[("[[0,1,11]]", "[[0,1,11],[1,1,12]]")],
        &expect![[r#"
        OutOfOrder: orders-0@1 of key a in keyed came before orders-0@0 was done
    "#]],
    );
    // One that comes before two.
    check(
        &[("[[0,1,11]]", "[[0,1,11],[3,1,14]]"), (r#""due":1764144002000"#, r#""due":null"#)],
        &expect![[r#"
            OutOfOrder: orders-0@3 of key a in keyed came before orders-0@2 was done
            OutOfOrder: orders-0@3 of key a in keyed came before orders-0@1 was done
            OutOfOrder: orders-0@3 of key a in keyed came before orders-0@0 was done
        "#]],
    );
    // Another key does not matter.
    check(
        &[
            (r#""offset":1,"value":12,"key":"a""#, r#""offset":1,"value":12,"key":"c""#),
            (r#""at":390000000,"wall""#, r#""at":160000000,"wall""#),
        ],
        &expect![[r#""#]],
    );
}
