//! What looks like an anomaly and is none.

use super::*;

/// A client hands out late what it fetched before somebody else was given it. Nothing that it says of it was confirmed.
#[test]
fn what_is_handed_out_late_proves_nothing() {
    // Its count is older.
    check_with(
        &[
            r#"{"event":"delivered","member":"m2","partition":"jobs-0","at":4400000000,"wall":1764144004400,"records":[[3,2,4]]}"#,
        ],
        &expect![[""]],
    );
    // It seems not to have rested. The same member is given it once more, and what it says is of that.
    check_with(
        &[
            r#"{"event":"delivered","member":"k2","partition":"orders-0","at":200000000,"wall":1764144000200,"records":[[1,1,12]]}"#,
        ],
        &expect![[""]],
    );
}

#[test]
fn a_verdict_without_an_answer_may_not_count() {
    // A reject that led to no letter.
    let last = r#"{"event":"said","member":"m2","partition":"jobs-0","at":810000000,"verdict":"#;
    check_both(
        &[(&format!(r#"{last}"accept""#), &format!(r#"{last}"reject""#))],
        &words(&late_member("6,2,5", "accept")),
        &expect![[""]],
    );
    // A release after which nothing rested.
    check(
        &[
            (r#""at":150000000,"counts":true"#, r#""at":150000000,"counts":false"#),
            (r#""at":350000000,"wall""#, r#""at":330000000,"wall""#),
        ],
        &expect![[""]],
    );
}

#[test]
fn a_group_may_be_given_what_its_settings_allow() {
    // What was never committed.
    check(
        &[
            (
                r#""topics":["jobs"],"isolation":"read_committed""#,
                r#""topics":["jobs"],"isolation":"read_uncommitted""#,
            ),
            ("[[6,1,5]]", "[[6,1,5],[4,1,2]]"),
            (
                r#""at":810000000,"verdict":"accept","offsets":[6]"#,
                r#""at":810000000,"verdict":"accept","offsets":[6,4]"#,
            ),
        ],
        &expect![[""]],
    );
    // What is not due.
    check(
        &[
            (r#""has_delays":true"#, r#""has_delays":false"#),
            (r#""wall":1764144002100,"records":[[3,1,14]]"#, r#""wall":1764144001999,"records":[[3,1,14]]"#),
        ],
        &expect![[""]],
    );
}

/// Nobody is given it, and nobody has to be.
#[test]
fn what_was_requeued_for_another_group_need_not_come_to_an_end() {
    check_with(
        &[
            r#"{"event":"letter","letter":"dlq-1/0","group":"keyed","partition":"jobs-0","offset":6,"value":5,"key":null,"deliveries":3,"reason":"exhausted"}"#,
            r#"{"event":"receipt","letter":"dlq-1/0","outcome":"requeued"}"#,
            r#"{"event":"record","partition":"jobs-0","offset":8,"value":5,"key":null,"due":null,"requeued_for":"keyed","committed":true}"#,
        ],
        &expect![[""]],
    );
}

#[test]
fn a_record_that_is_delayed_holds_nobody_up() {
    let record = r#"{"event":"record","partition":"orders-0","offset":5,"value":16,"key":"a","due":null,"requeued_for":null,"committed":true}"#;
    let lines = accepted("k2", "orders-0", 1000, "5,1,16");
    let lines = [&[record], words(&lines).as_slice()].concat();
    check_with(&lines, &expect![[""]]);
    // It would where there are no delays.
    check_both(
        &[(r#""has_delays":true"#, r#""has_delays":false"#)],
        &lines,
        &expect![[r#"
        OutOfOrder: orders-0@5 of key a in keyed came before orders-0@3 was done
    "#]],
    );
}

#[test]
fn order_is_kept_in_each_partition_alone() {
    let record = r#"{"event":"record","partition":"orders-1","offset":0,"value":16,"key":"a","due":null,"requeued_for":null,"committed":true}"#;
    let lines = accepted("k2", "orders-1", 105, "0,1,16");
    check_with(&[&[record], words(&lines).as_slice()].concat(), &expect![[""]]);
}
