use super::script::check;
use expect_test::expect;

#[test]
fn each_record_may_have_its_own_type() {
    check(
        "
        log 0-5
        open start=0
        acquire a
        ack a 0-5=1,2,3,0,2,1
        rows
        acquire a
        ",
        &expect![[r#"
            > log 0-5
            > open start=0
            start=0: opened at 0
            > acquire a
            a: 0-5/1
            > ack a 0-5=1,2,3,0,2,1
            a: ok
            > rows
            start 1, 1-1 available/1, 2-3 done, 4-4 available/1, 5-5 done
            > acquire a
            a: 1-1/2 4-4/2
        "#]],
    );
}

#[test]
fn all_of_a_request_counts_or_nothing() {
    check(
        "
        log 0-9
        open start=0
        acquire a
        ack a 0-4=1 5-12=1
        ack a 0-9=1
        rows
        ",
        &expect![[r#"
            > log 0-9
            > open start=0
            start=0: opened at 0
            > acquire a
            a: 0-9/1
            > ack a 0-4=1 5-12=1
            a: INVALID_REQUEST: an acknowledgement batch goes past the last record that was acquired
            > ack a 0-9=1
            a: ok
            > rows
            start 10
        "#]],
    );
}

#[test]
fn shapes_that_mean_nothing_are_refused() {
    check(
        "
        log 0-9
        open start=0
        acquire a
        ack a 5-2=1
        ack a 0-4=1 3-6=1
        ack a 0-4=1 4-6=1
        ack a 5-6=1 0-1=1
        ack a 0-4=1,1
        ack a 0-4=5
        ack a 0-4=-1
        ack a 0-4=4
        ack a 0-9=1
        ",
        &expect![[r#"
            > log 0-9
            > open start=0
            start=0: opened at 0
            > acquire a
            a: 0-9/1
            > ack a 5-2=1
            a: INVALID_REQUEST: an acknowledgement batch ends before it begins, or begins before offset 0
            > ack a 0-4=1 3-6=1
            a: INVALID_REQUEST: acknowledgement batches overlap or are out of order: send them ascending by offset
            > ack a 0-4=1 4-6=1
            a: INVALID_REQUEST: acknowledgement batches overlap or are out of order: send them ascending by offset
            > ack a 5-6=1 0-1=1
            a: INVALID_REQUEST: acknowledgement batches overlap or are out of order: send them ascending by offset
            > ack a 0-4=1,1
            a: INVALID_REQUEST: an acknowledgement batch needs one type for all of its offsets, or one for each
            > ack a 0-4=5
            a: INVALID_REQUEST: acknowledgement types are 0 gap, 1 accept, 2 release, 3 reject and 4 renew
            > ack a 0-4=-1
            a: INVALID_REQUEST: acknowledgement types are 0 gap, 1 accept, 2 release, 3 reject and 4 renew
            > ack a 0-4=4
            a: INVALID_REQUEST: acknowledgement type 4, renew, needs a request with IsRenewAck
            > ack a 0-9=1
            a: ok
        "#]],
    );
}

#[test]
fn only_the_member_that_has_a_record_may_say_what_became_of_it() {
    check(
        "
        log 0-4 5-9
        open start=0
        acquire a max=5
        ack b 0-4=1
        ack a 5-9=1
        ack a 3-7=1
        acquire b max=5
        ack a 5-9=1
        ack a 3-7=1
        ack a 0-4=1
        ack a 0-4=1
        ack b 5-9=1
        ack b 5-9=1
        ",
        &expect![[r#"
            > log 0-4 5-9
            > open start=0
            start=0: opened at 0
            > acquire a max=5
            a: 0-4/1
            > ack b 0-4=1
            b: INVALID_RECORD_STATE: a record is acquired by another member: the lock of this one has timed out
            > ack a 5-9=1
            a: INVALID_REQUEST: an acknowledgement batch goes past the last record that was acquired
            > ack a 3-7=1
            a: INVALID_REQUEST: an acknowledgement batch goes past the last record that was acquired
            > acquire b max=5
            b: 5-9/1
            > ack a 5-9=1
            a: INVALID_RECORD_STATE: a record is acquired by another member: the lock of this one has timed out
            > ack a 3-7=1
            a: INVALID_RECORD_STATE: a record is acquired by another member: the lock of this one has timed out
            > ack a 0-4=1
            a: ok
            > ack a 0-4=1
            a: INVALID_RECORD_STATE: a record is not acquired: its lock has timed out, or it was acknowledged before
            > ack b 5-9=1
            b: ok
            > ack b 5-9=1
            b: INVALID_RECORD_STATE: a record is not acquired: its lock has timed out, or it was acknowledged before
        "#]],
    );
}

#[test]
fn an_accepted_record_inside_of_the_window_is_not_acquired_any_more() {
    check(
        "
        log 0-4 5-9
        open start=0
        acquire a
        ack a 5-6=1
        ack a 6-7=1
        ack a 7-9=1
        rows
        ",
        &expect![[r#"
            > log 0-4 5-9
            > open start=0
            start=0: opened at 0
            > acquire a
            a: 0-9/1
            > ack a 5-6=1
            a: ok
            > ack a 6-7=1
            a: INVALID_RECORD_STATE: a record is not acquired: its lock has timed out, or it was acknowledged before
            > ack a 7-9=1
            a: ok
            > rows
            start 0, 5-9 done
        "#]],
    );
}

#[test]
fn one_verdict_may_span_several_acquisitions() {
    check(
        "
        log 0-4 5-9 10-14
        open start=0
        acquire a max=5
        acquire a max=5
        acquire a max=5
        ack a 2-12=1
        rows
        ",
        &expect![[r#"
            > log 0-4 5-9 10-14
            > open start=0
            start=0: opened at 0
            > acquire a max=5
            a: 0-4/1
            > acquire a max=5
            a: 5-9/1
            > acquire a max=5
            a: 10-14/1
            > ack a 2-12=1
            a: ok
            > rows
            start 0, 2-12 done
        "#]],
    );
}

#[test]
fn what_has_left_the_log_is_acknowledged_without_effect() {
    check(
        "
        log 0-9
        open start=0
        acquire a
        logstart 5
        ack a 0-9=1,1,1,1,1,2,2,2,2,2
        rows
        ack a 0-3=1
        ",
        &expect![[r#"
            > log 0-9
            > open start=0
            start=0: opened at 0
            > acquire a
            a: 0-9/1
            > logstart 5
            5: done
            > ack a 0-9=1,1,1,1,1,2,2,2,2,2
            a: ok
            > rows
            start 5, 5-9 available/1
            > ack a 0-3=1
            a: ok
        "#]],
    );
}

/// `a` was late, and was told that all is well once the start had passed what `b` had accepted: two members each believed
/// that the record was theirs, and a rejection was confirmed that made no dead letter.
#[test]
fn what_somebody_else_has_done_is_refused_before_the_start_too() {
    check(
        "
        config lock=1000
        log 0-9
        open start=0
        acquire a
        +1000
        acquire b
        ack b 0-9=1
        rows
        ack a 0-9=1
        ack a 3-3=3
        ack a 0-3=1 12-12=1
        restart
        ack a 0-9=1
        log 10-19
        acquire b
        ack b 8-12=1
        ack b 10-12=1
        rows
        ",
        &expect![[r#"
            > config lock=1000
            > log 0-9
            > open start=0
            start=0: opened at 0
            > acquire a
            a: 0-9/1
            > +1000
            > acquire b
            b: 0-9/2
            > ack b 0-9=1
            b: ok
            > rows
            start 10
            > ack a 0-9=1
            a: INVALID_RECORD_STATE: a record is not acquired: its lock has timed out, or it was acknowledged before
            > ack a 3-3=3
            a: INVALID_RECORD_STATE: a record is not acquired: its lock has timed out, or it was acknowledged before
            > ack a 0-3=1 12-12=1
            a: INVALID_RECORD_STATE: a record is not acquired: its lock has timed out, or it was acknowledged before
            > restart
            > ack a 0-9=1
            a: INVALID_RECORD_STATE: a record is not acquired: its lock has timed out, or it was acknowledged before
            > log 10-19
            > acquire b
            b: 10-19/1
            > ack b 8-12=1
            b: INVALID_RECORD_STATE: a record is not acquired: its lock has timed out, or it was acknowledged before
            > ack b 10-12=1
            b: ok
            > rows
            start 13
        "#]],
    );
}

#[test]
fn an_empty_list_of_batches_is_fine() {
    check(
        "
        log 0-9
        open start=0
        ack a
        ",
        &expect![[r#"
            > log 0-9
            > open start=0
            start=0: opened at 0
            > ack a
            a: ok
        "#]],
    );
}
