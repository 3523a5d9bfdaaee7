use super::script::check;
use expect_test::expect;

#[test]
fn what_was_acquired_is_available_with_its_last_durable_count() {
    check(
        "
        log 0-4 5-9
        open start=0
        acquire a max=5
        release a
        acquire a
        rows
        restart
        describe
        acquire b
        ",
        &expect![[r#"
            > log 0-4 5-9
            > open start=0
            start=0: opened at 0
            > acquire a max=5
            a: 0-4/1
            > release a
            a: done
            > acquire a
            a: 0-4/2 5-9/1
            > rows
            start 0, 0-4 available/1
            > restart
            > describe
            -: start 0 next 0 complete 0
            > acquire b
            b: 0-4/2 5-9/1
        "#]],
    );
}

#[test]
fn what_was_accepted_stays_accepted() {
    check(
        "
        log 0-9
        open start=0
        acquire a
        ack a 2-3=1 6-7=1
        rows
        restart
        acquire b
        ack b 0-1=1 4-5=1 8-9=1
        rows
        ",
        &expect![[r#"
            > log 0-9
            > open start=0
            start=0: opened at 0
            > acquire a
            a: 0-9/1
            > ack a 2-3=1 6-7=1
            a: ok
            > rows
            start 0, 2-3 done, 6-7 done
            > restart
            > acquire b
            b: 0-1/1 4-5/1 8-9/1
            > ack b 0-1=1 4-5=1 8-9=1
            b: ok
            > rows
            start 10
        "#]],
    );
}

#[test]
fn rests_go_on_by_the_wall_clock_and_never_longer_than_the_longest() {
    check(
        "
        config backoff=60000 backoff-max=60000
        log 0-9
        open start=0
        acquire a
        release a
        +20000
        restart
        acquire b
        describe
        clock -86400000
        restart
        acquire b
        describe
        ",
        &expect![[r#"
            > config backoff=60000 backoff-max=60000
            > log 0-9
            > open start=0
            start=0: opened at 0
            > acquire a
            a: 0-9/1
            > release a
            a: done
            > +20000
            > restart
            > acquire b
            b: nothing
            > describe
            -: start 0 next 10 complete 0 retrying 10
              0-9/1 Retrying { rest_ms: 40000 }
            > clock -86400000
            > restart
            > acquire b
            b: nothing
            > describe
            -: start 0 next 10 complete 0 retrying 10
              0-9/1 Retrying { rest_ms: 60000 }
        "#]],
    );
}

#[test]
fn reading_begins_after_what_is_done() {
    check(
        "
        log 0-4 5-9 10-14
        open start=0
        acquire a
        ack a 5-14=1
        restart
        acquire b max=5
        describe
        ",
        &expect![[r#"
            > log 0-4 5-9 10-14
            > open start=0
            start=0: opened at 0
            > acquire a
            a: 0-14/1
            > ack a 5-14=1
            a: ok
            > restart
            > acquire b max=5
            b: 0-4/1
            > describe
            -: start 0 next 15 complete 10 acquired 5
              0-4/1 Acquired { member: "b", rest_ms: 30000 }
        "#]],
    );
}

#[test]
fn what_compaction_took_in_between_is_archived() {
    check(
        "
        log 0-4 10-14
        open start=0
        acquire a
        ack a 0-4=2 10-14=2
        rows
        log-gone 10-14
        restart
        log 20-24
        acquire b
        rows
        ",
        &expect![[r#"
            > log 0-4 10-14
            > open start=0
            start=0: opened at 0
            > acquire a
            a: 0-4/1 10-14/1
            > ack a 0-4=2 10-14=2
            a: ok
            > rows
            start 0, 0-4 available/1, 10-14 available/1
            > log-gone 10-14
            > restart
            > log 20-24
            > acquire b
            b: 0-4/2 20-24/1
            > rows
            start 0, 0-4 available/1, 5-19 done
        "#]],
    );
}

#[test]
fn so_does_a_limit_that_is_lowered_over_a_crash() {
    check(
        "
        log 0-4 5
        open start=0
        acquire a max=5
        release a
        acquire a max=5
        release a
        restart
        config limit=2 dlq
        acquire a
        rows
        ",
        &expect![[r#"
            > log 0-4 5
            > open start=0
            start=0: opened at 0
            > acquire a max=5
            a: 0-4/1
            > release a
            a: done
            > acquire a max=5
            a: 0-4/2
            > release a
            a: done
            > restart
            > config limit=2 dlq
            > acquire a
            a: 5-5/1
            > rows
            start 0, 0-4 archiving/2 Exhausted
        "#]],
    );
}

/// What was ended while a batch was looked at took the rest of the batch, not known yet, for a gap, and marked it done.
#[test]
fn a_record_that_ends_when_it_is_read_takes_no_other_along() {
    check(
        "
        log 0-5
        open start=0
        acquire a
        release a
        acquire a
        ack a 0=2
        rows
        restart
        config limit=2
        acquire b
        rows
        restart
        acquire b
        ack b 1-5=1
        rows
        ",
        &expect![[r#"
            > log 0-5
            > open start=0
            start=0: opened at 0
            > acquire a
            a: 0-5/1
            > release a
            a: done
            > acquire a
            a: 0-5/2
            > ack a 0=2
            a: ok
            > rows
            start 0, 0-0 available/2, 1-5 available/1
            > restart
            > config limit=2
            > acquire b
            b: 1-5/2
            > rows
            start 1, 1-5 available/1
            > restart
            > acquire b
            b: 1-5/2
            > ack b 1-5=1
            b: ok
            > rows
            start 6
        "#]],
    );
}
