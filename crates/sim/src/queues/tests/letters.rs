//! What may go wrong with dead letters and with their way back.

use super::*;

#[test]
fn a_record_is_either_accepted_or_a_dead_letter() {
    check(
        &[(r#""at":6401000000,"counts":false"#, r#""at":6401000000,"counts":true"#)],
        &expect![[r#"
        EndedTwice: jobs-0@3 in workers was accepted by m3 and is a dead letter
    "#]],
    );
}

#[test]
fn a_rejected_record_is_one_dead_letter() {
    check(
        &[(
            r#""letter":"dlq-0/0","group":"workers","partition":"jobs-0","offset":1,"value":2"#,
            r#""letter":"dlq-0/0","group":"workers","partition":"jobs-0","offset":5,"value":2"#,
        )],
        &expect![[r#"
        Lost: jobs-0@1 in workers, delivered 1 times
        EndedTwice: jobs-0@5 in workers was accepted by m2 and is a dead letter
        LetterMissing: jobs-0@1 in workers
        LetterUncaused: dlq-0/0 of jobs-0@5: Rejected after 1 deliveries
    "#]],
    );
    check_with(
        &[
            r#"{"event":"letter","letter":"dlq-0/2","group":"workers","partition":"jobs-0","offset":1,"value":2,"key":"x","deliveries":1,"reason":"rejected"}"#,
        ],
        &expect![[r#"
        LetterTwice: jobs-0@1 in workers: dlq-0/0 and dlq-0/2
    "#]],
    );
}

#[test]
fn a_letter_has_a_cause_and_its_record() {
    check(
        &[(r#""deliveries":3,"reason":"exhausted""#, r#""deliveries":2,"reason":"exhausted""#)],
        &expect![[r#"
        LetterUncaused: dlq-0/1 of jobs-0@3: Exhausted after 2 deliveries
    "#]],
    );
    check(
        &[(r#""deliveries":3,"reason":"exhausted""#, r#""deliveries":3,"reason":"rejected""#)],
        &expect![[r#"
        LetterUncaused: dlq-0/1 of jobs-0@3: Rejected after 3 deliveries
    "#]],
    );
    check(
        &[(r#""deliveries":3,"reason":"exhausted""#, r#""deliveries":3,"reason":"expired""#)],
        &expect![[r#"
        LetterUncaused: dlq-0/1 of jobs-0@3: Expired after 3 deliveries
    "#]],
    );
    check(
        &[(
            r#""offset":1,"value":2,"key":"x","deliveries""#,
            r#""offset":1,"value":2,"key":"y","deliveries""#,
        )],
        &expect![[r#"
        LetterAltered: dlq-0/0 of jobs-0@1
    "#]],
    );
    check(
        &[(
            r#""offset":3,"value":4,"key":null,"deliveries""#,
            r#""offset":3,"value":0,"key":null,"deliveries""#,
        )],
        &expect![[r#"
        LetterAltered: dlq-0/1 of jobs-0@3
    "#]],
    );
    check(
        &[(
            r#""offset":3,"value":4,"key":null,"deliveries""#,
            r#""offset":9,"value":4,"key":null,"deliveries""#,
        )],
        &expect![[r#"
            LetterAltered: dlq-0/1 of jobs-0@9
        "#]],
    );
}

#[test]
fn a_letter_goes_back_once() {
    // Two records for one receipt.
    check(
        &[(
            r#""offset":4,"value":2,"key":"x","due":null,"requeued_for":"workers","committed":false"#,
            r#""offset":4,"value":2,"key":"x","due":null,"requeued_for":"workers","committed":true"#,
        )],
        &expect![[r#"
        Lost: jobs-0@4 in workers, delivered 0 times
        RequeuedTwice: 2 of workers: 1 receipts, 2 in its topic
    "#]],
    );
    // Two receipts for one letter.
    check_with(
        &[r#"{"event":"receipt","letter":"dlq-0/0","outcome":"requeued"}"#],
        &expect![[r#"
        RequeuedTwice: dlq-0/0 was settled twice
        RequeueLost: 2 of workers: 2 receipts, 1 in its topic
    "#]],
    );
    // A receipt, and no record.
    check(
        &[(
            r#"{"event":"receipt","letter":"dlq-0/1","outcome":"discarded"}"#,
            r#"{"event":"receipt","letter":"dlq-0/1","outcome":"requeued"}"#,
        )],
        &expect![[r#"
        RequeueLost: 4 of workers: 1 receipts, 0 in its topic
    "#]],
    );
    // A record, and no receipt.
    check(
        &[(r#"{"event":"receipt","letter":"dlq-0/0","outcome":"requeued"}"#, "")],
        &expect![[r#"
        RequeuedTwice: 2 of workers: 0 receipts, 1 in its topic
    "#]],
    );
}
