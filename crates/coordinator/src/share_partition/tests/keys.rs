use super::script::check;
use expect_test::expect;

#[test]
fn records_of_one_key_are_delivered_one_after_the_other() {
    check(
        "
        config key-order
        log 0 key=a
        log 1 key=b
        log 2 key=a
        log 3
        open start=0
        acquire a
        acquire b
        ack a 1=1
        acquire b
        ack a 0=1
        acquire b
        ack b 2=1
        ack a 3=1
        rows
        ",
        &expect![[r#"
            > config key-order
            > log 0 key=a
            > log 1 key=b
            > log 2 key=a
            > log 3
            > open start=0
            start=0: opened at 0
            > acquire a
            a: 0-1/1 3-3/1
            > acquire b
            b: nothing
            > ack a 1=1
            a: ok
            > acquire b
            b: nothing
            > ack a 0=1
            a: ok
            > acquire b
            b: 2-2/1
            > ack b 2=1
            b: ok
            > ack a 3=1
            a: ok
            > rows
            start 4
        "#]],
    );
}

#[test]
fn a_record_that_comes_again_stays_before_the_later_ones_of_its_key() {
    check(
        "
        config key-order backoff=5000
        log 0 key=a
        log 1 key=a
        log 2 key=b
        open start=0
        acquire a
        ack a 0=2
        describe
        acquire b
        +5000
        acquire b
        ack b 0=1
        acquire b
        ",
        &expect![[r#"
            > config key-order backoff=5000
            > log 0 key=a
            > log 1 key=a
            > log 2 key=b
            > open start=0
            start=0: opened at 0
            > acquire a
            a: 0-0/1 2-2/1
            > ack a 0=2
            a: ok
            > describe
            -: start 0 next 3 complete 0 blocked 1 retrying 1 acquired 1
              0-0/1 Retrying { rest_ms: 5000 }
              1-1/0 Blocked
              2-2/1 Acquired { member: "a", rest_ms: 30000 }
            > acquire b
            b: nothing
            > +5000
            > acquire b
            b: 0-0/2
            > ack b 0=1
            b: ok
            > acquire b
            b: 1-1/1
        "#]],
    );
}

#[test]
fn the_next_of_a_key_may_go_when_one_is_archived() {
    check(
        "
        config key-order dlq
        log 0 key=a
        log 1 key=a
        open start=0
        acquire a
        watch b
        ack a 0=3
        acquire b
        ",
        &expect![[r#"
            > config key-order dlq
            > log 0 key=a
            > log 1 key=a
            > open start=0
            start=0: opened at 0
            > acquire a
            a: 0-0/1
            > watch b
            > ack a 0=3
            b: awake
            a: ok
            > acquire b
            b: 1-1/1
        "#]],
    );
}

#[test]
fn a_delayed_record_takes_its_place_when_it_is_due() {
    check(
        "
        config key-order delay
        log 0 key=a due=5000
        log 1 key=a
        log 2 key=a
        open start=0
        acquire a
        +5000
        describe
        acquire b
        ack a 1=1
        acquire b
        ack b 0=1
        acquire b
        ",
        &expect![[r#"
            > config key-order delay
            > log 0 key=a due=5000
            > log 1 key=a
            > log 2 key=a
            > open start=0
            start=0: opened at 0
            > acquire a
            a: 1-1/1
            > +5000
            > describe
            -: start 0 next 3 complete 0 blocked 2 acquired 1
              0-0/0 Blocked
              1-1/1 Acquired { member: "a", rest_ms: 25000 }
              2-2/0 Blocked
            > acquire b
            b: nothing
            > ack a 1=1
            a: ok
            > acquire b
            b: 0-0/1
            > ack b 0=1
            b: ok
            > acquire b
            b: 2-2/1
        "#]],
    );
}

#[test]
fn a_lock_that_times_out_hands_the_key_on_in_order() {
    check(
        "
        config key-order
        log 0 key=a
        log 1 key=a
        open start=0
        acquire a
        acquire b
        +30000
        acquire b
        acquire a
        ",
        &expect![[r#"
            > config key-order
            > log 0 key=a
            > log 1 key=a
            > open start=0
            start=0: opened at 0
            > acquire a
            a: 0-0/1
            > acquire b
            b: nothing
            > +30000
            > acquire b
            b: 0-0/2
            > acquire a
            a: nothing
        "#]],
    );
}

#[test]
fn many_keys_are_worked_on_at_once_on_one_partition() {
    check(
        "
        config key-order
        log 0 key=a
        log 1 key=b
        log 2 key=c
        log 3 key=a
        log 4 key=d
        open start=0
        acquire a max=1
        acquire b max=1
        acquire c max=1
        acquire d max=5
        ",
        &expect![[r#"
            > config key-order
            > log 0 key=a
            > log 1 key=b
            > log 2 key=c
            > log 3 key=a
            > log 4 key=d
            > open start=0
            start=0: opened at 0
            > acquire a max=1
            a: 0-0/1
            > acquire b max=1
            b: 1-1/1
            > acquire c max=1
            c: 2-2/1
            > acquire d max=5
            d: 4-4/1
        "#]],
    );
}

/// Documented: a batch that was begun is not read and unpacked again for each record that is done.
#[test]
fn a_batch_is_taken_in_whole_though_it_is_larger_than_the_window() {
    check(
        "
        config key-order window=2
        log 0-4 key=a
        log 5 key=b
        open start=0
        acquire a
        describe
        ",
        &expect![[r#"
            > config key-order window=2
            > log 0-4 key=a
            > log 5 key=b
            > open start=0
            start=0: opened at 0
            > acquire a
            a: 0-0/1
            > describe
            -: start 0 next 5 complete 0 blocked 4 acquired 1
              0-0/1 Acquired { member: "a", rest_ms: 30000 }
              1-1/0 Blocked
              2-2/0 Blocked
              3-3/0 Blocked
              4-4/0 Blocked
        "#]],
    );
}
