use super::script::check;
use expect_test::expect;

#[test]
fn the_log_start_archives_what_lies_before() {
    check(
        "
        log 0-9 10-19
        open start=0
        acquire a max=10
        logstart 15
        rows
        describe
        acquire b
        ",
        &expect![[r#"
            > log 0-9 10-19
            > open start=0
            start=0: opened at 0
            > acquire a max=10
            a: 0-9/1
            > logstart 15
            15: done
            > rows
            start 15
            > describe
            -: start 15 next 20 complete 0 ready 5
              15-19/0 Ready
            > acquire b
            b: 15-19/1
        "#]],
    );
}

#[test]
fn a_log_start_past_everything_moves_all() {
    check(
        "
        log 0-9
        open start=0
        acquire a
        logstart 100
        describe
        log 100-101
        acquire b
        ",
        &expect![[r#"
            > log 0-9
            > open start=0
            start=0: opened at 0
            > acquire a
            a: 0-9/1
            > logstart 100
            100: done
            > describe
            -: start 100 next 100 complete 0
            > log 100-101
            > acquire b
            b: 100-101/1
        "#]],
    );
}

#[test]
fn an_operator_may_set_the_start_back_and_forth() {
    check(
        "
        config dlq
        log 0-9
        open start=0
        acquire a
        ack a 0-4=1 5-6=3 7-9=2
        alter 2
        rows
        acquire b
        ack b 2-9=1
        alter 0
        acquire b
        ",
        &expect![[r#"
            > config dlq
            > log 0-9
            > open start=0
            start=0: opened at 0
            > acquire a
            a: 0-9/1
            > ack a 0-4=1 5-6=3 7-9=2
            a: ok
            > alter 2
            2: done
            > rows
            start 2
            > acquire b
            b: 2-9/1
            > ack b 2-9=1
            b: ok
            > alter 0
            0: done
            > acquire b
            b: 0-9/1
        "#]],
    );
}

#[test]
fn altering_makes_what_is_not_there() {
    check(
        "
        log 0-9
        alter 4
        acquire a
        ",
        &expect![[r#"
            > log 0-9
            > alter 4
            4: done
            > acquire a
            a: 4-9/1
        "#]],
    );
}

#[test]
fn what_is_deleted_is_gone() {
    check(
        "
        log 0-9
        open start=0
        acquire a
        ack a 5-9=1
        watch b
        delete
        rows
        acquire a
        open start=3
        acquire a
        ",
        &expect![[r#"
            > log 0-9
            > open start=0
            start=0: opened at 0
            > acquire a
            a: 0-9/1
            > ack a 5-9=1
            a: ok
            > watch b
            > delete
            b: awake
            -: done
            > rows
            no rows
            > acquire a
            a: absent
            > open start=3
            start=3: opened at 3
            > acquire a
            a: 3-9/1
        "#]],
    );
}

#[test]
fn who_had_records_of_what_is_altered_has_them_no_more() {
    check(
        "
        config cap=5
        log 0-9
        open start=0
        acquire a
        acquire a
        alter 0
        ack a 0-4=1
        acquire a
        ",
        &expect![[r#"
            > config cap=5
            > log 0-9
            > open start=0
            start=0: opened at 0
            > acquire a
            a: 0-4/1
            > acquire a
            a: nothing
            > alter 0
            0: done
            > ack a 0-4=1
            a: INVALID_RECORD_STATE: a record is not acquired: its lock has timed out, or it was acknowledged before
            > acquire a
            a: 0-4/1
        "#]],
    );
}
