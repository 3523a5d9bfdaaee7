use super::script::check;
use expect_test::expect;

#[test]
fn a_lock_that_times_out_gives_the_record_to_others() {
    check(
        "
        log 0-4
        open start=0
        acquire a
        watch b
        +29999
        +1
        rows
        acquire b
        ack a 0-4=1
        ",
        &expect![[r#"
            > log 0-4
            > open start=0
            start=0: opened at 0
            > acquire a
            a: 0-4/1
            > watch b
            > +29999
            > +1
            b: awake
            > rows
            start 0, 0-4 available/1
            > acquire b
            b: 0-4/2
            > ack a 0-4=1
            a: INVALID_RECORD_STATE: a record is acquired by another member: the lock of this one has timed out
        "#]],
    );
}

#[test]
fn renewing_starts_the_lock_anew() {
    check(
        "
        log 0-9
        open start=0
        acquire a
        +20000
        ack a 0-4=4 renew
        describe
        +10000
        describe
        +20000
        describe
        ",
        &expect![[r#"
            > log 0-9
            > open start=0
            start=0: opened at 0
            > acquire a
            a: 0-9/1
            > +20000
            > ack a 0-4=4 renew
            a: ok
            > describe
            -: start 0 next 10 complete 0 acquired 10
              0-4/1 Acquired { member: "a", rest_ms: 30000 }
              5-9/1 Acquired { member: "a", rest_ms: 10000 }
            > +10000
            > describe
            -: start 0 next 10 complete 0 ready 5 acquired 5
              0-4/1 Acquired { member: "a", rest_ms: 20000 }
              5-9/1 Ready
            > +20000
            > describe
            -: start 0 next 10 complete 0 ready 10
              0-4/1 Ready
              5-9/1 Ready
        "#]],
    );
}

#[test]
fn renewing_may_be_disabled() {
    check(
        "
        config no-renew
        log 0-4
        open start=0
        acquire a
        ack a 0-4=4 renew
        ",
        &expect![[r#"
            > config no-renew
            > log 0-4
            > open start=0
            start=0: opened at 0
            > acquire a
            a: 0-4/1
            > ack a 0-4=4 renew
            a: INVALID_RECORD_STATE: locks of this group cannot be renewed: share.renew.acknowledge.enable is false
        "#]],
    );
}

#[test]
fn renewing_changes_no_count_and_writes_nothing() {
    check(
        "
        log 0-4
        open start=0
        acquire a
        +5000
        ack a 0-1=4 2-4=1 renew
        rows
        describe
        ",
        &expect![[r#"
            > log 0-4
            > open start=0
            start=0: opened at 0
            > acquire a
            a: 0-4/1
            > +5000
            > ack a 0-1=4 2-4=1 renew
            a: ok
            > rows
            start 0, 2-4 done
            > describe
            -: start 0 next 5 complete 3 acquired 2
              0-1/1 Acquired { member: "a", rest_ms: 30000 }
        "#]],
    );
}

#[test]
fn who_goes_gives_back_what_he_has_and_counts_stay() {
    check(
        "
        log 0-4 5-9
        open start=0
        acquire a max=5
        acquire b max=5
        watch c
        release a
        describe
        acquire c
        release c
        acquire c
        ",
        &expect![[r#"
            > log 0-4 5-9
            > open start=0
            start=0: opened at 0
            > acquire a max=5
            a: 0-4/1
            > acquire b max=5
            b: 5-9/1
            > watch c
            > release a
            c: awake
            a: done
            > describe
            -: start 0 next 10 complete 0 ready 5 acquired 5
              0-4/1 Ready
              5-9/1 Acquired { member: "b", rest_ms: 30000 }
            > acquire c
            c: 0-4/2
            > release c
            c: done
            > acquire c
            c: 0-4/3
        "#]],
    );
}

#[test]
fn a_wall_clock_that_is_set_moves_no_lock() {
    check(
        "
        log 0-4
        open start=0
        acquire a
        clock 3600000
        +1000
        describe
        clock -7200000
        +28999
        acquire b
        ",
        &expect![[r#"
            > log 0-4
            > open start=0
            start=0: opened at 0
            > acquire a
            a: 0-4/1
            > clock 3600000
            > +1000
            > describe
            -: start 0 next 5 complete 0 acquired 5
              0-4/1 Acquired { member: "a", rest_ms: 29000 }
            > clock -7200000
            > +28999
            > acquire b
            b: nothing
        "#]],
    );
}

#[test]
fn each_part_of_a_batch_times_out_on_its_own() {
    check(
        "
        log 0-9
        open start=0
        acquire a
        +10000
        ack a 3-5=4 renew
        +20000
        describe
        +10000
        describe
        ",
        &expect![[r#"
            > log 0-9
            > open start=0
            start=0: opened at 0
            > acquire a
            a: 0-9/1
            > +10000
            > ack a 3-5=4 renew
            a: ok
            > +20000
            > describe
            -: start 0 next 10 complete 0 ready 7 acquired 3
              0-2/1 Ready
              3-5/1 Acquired { member: "a", rest_ms: 10000 }
              6-9/1 Ready
            > +10000
            > describe
            -: start 0 next 10 complete 0 ready 10
              0-2/1 Ready
              3-5/1 Ready
              6-9/1 Ready
        "#]],
    );
}
