use super::script::check;
use expect_test::expect;

#[test]
fn a_record_that_is_not_due_waits_beside_the_others() {
    check(
        "
        config delay window=4
        log 0-3 due=60000
        log 4-7
        log 8-11
        open start=0
        acquire a max=4
        describe
        ack a 4-7=1
        acquire a max=4
        ack a 8-11=1
        rows
        watch a
        +59999
        +1
        acquire a
        ",
        &expect![[r#"
            > config delay window=4
            > log 0-3 due=60000
            > log 4-7
            > log 8-11
            > open start=0
            start=0: opened at 0
            > acquire a max=4
            a: 4-7/1
            > describe
            -: start 0 next 8 complete 0 scheduled 4 acquired 4
              0-3/0 Scheduled { due: Timestamp(60000) }
              4-7/1 Acquired { member: "a", rest_ms: 30000 }
            > ack a 4-7=1
            a: ok
            > acquire a max=4
            a: 8-11/1
            > ack a 8-11=1
            a: ok
            > rows
            start 0, 4-11 done
            > watch a
            > +59999
            > +1
            a: awake
            > acquire a
            a: 0-3/1
        "#]],
    );
}

#[test]
fn due_times_follow_the_wall_clock() {
    check(
        "
        config delay
        log 0-3 due=3600000
        open start=0
        acquire a
        watch a
        clock 3599000
        +999
        +1
        acquire a
        ",
        &expect![[r#"
            > config delay
            > log 0-3 due=3600000
            > open start=0
            start=0: opened at 0
            > acquire a
            a: nothing
            > watch a
            > clock 3599000
            > +999
            > +1
            a: awake
            > acquire a
            a: 0-3/1
        "#]],
    );
}

#[test]
fn a_clock_that_jumps_is_noticed_within_a_second() {
    check(
        "
        config delay
        log 0 due=3600000
        open start=0
        acquire a
        watch a
        clock 3600000
        +1000
        acquire a
        ",
        &expect![[r#"
            > config delay
            > log 0 due=3600000
            > open start=0
            start=0: opened at 0
            > acquire a
            a: nothing
            > watch a
            > clock 3600000
            > +1000
            a: awake
            > acquire a
            a: 0-0/1
        "#]],
    );
}

#[test]
fn at_the_limit_of_parked_records_nothing_more_is_read() {
    check(
        "
        config delay parked=2
        log 0 due=60000
        log 1 due=60000
        log 2
        open start=0
        acquire a
        describe
        watch a
        +60000
        acquire a
        ",
        &expect![[r#"
            > config delay parked=2
            > log 0 due=60000
            > log 1 due=60000
            > log 2
            > open start=0
            start=0: opened at 0
            > acquire a
            a: nothing
            > describe
            -: start 0 next 2 complete 0 scheduled 2
              0-0/0 Scheduled { due: Timestamp(60000) }
              1-1/0 Scheduled { due: Timestamp(60000) }
            > watch a
            > +60000
            a: awake
            > acquire a
            a: 0-2/1
        "#]],
    );
}

#[test]
fn a_delayed_record_that_comes_again_is_not_delayed_again() {
    check(
        "
        config delay
        log 0 due=60000
        open start=0
        +60000
        acquire a
        release a
        acquire a
        ",
        &expect![[r#"
            > config delay
            > log 0 due=60000
            > open start=0
            start=0: opened at 0
            > +60000
            > acquire a
            a: 0-0/1
            > release a
            a: done
            > acquire a
            a: 0-0/2
        "#]],
    );
}

#[test]
fn headers_mean_nothing_unless_enabled() {
    check(
        "
        log 0 due=60000 expires=1 prio=9 key=a
        open start=0
        +10
        acquire a
        ",
        &expect![[r#"
            > log 0 due=60000 expires=1 prio=9 key=a
            > open start=0
            start=0: opened at 0
            > +10
            > acquire a
            a: 0-0/1
        "#]],
    );
}

#[test]
fn after_a_crash_delays_are_read_again() {
    check(
        "
        config delay
        log 0 due=60000
        log 1
        open start=0
        acquire a
        ack a 1=1
        rows
        restart
        acquire a
        +60000
        acquire a
        ack a 0=1
        rows
        ",
        &expect![[r#"
            > config delay
            > log 0 due=60000
            > log 1
            > open start=0
            start=0: opened at 0
            > acquire a
            a: 1-1/1
            > ack a 1=1
            a: ok
            > rows
            start 0, 1-1 done
            > restart
            > acquire a
            a: nothing
            > +60000
            > acquire a
            a: 0-0/1
            > ack a 0=1
            a: ok
            > rows
            start 2
        "#]],
    );
}

#[test]
fn a_clock_that_is_set_back_delays_nothing_twice() {
    check(
        "
        config delay backoff=500
        log 0 due=5000
        open start=0
        +5000
        acquire a
        clock -3600000
        ack a 0=2
        describe
        +500
        acquire a
        ",
        &expect![[r#"
            > config delay backoff=500
            > log 0 due=5000
            > open start=0
            start=0: opened at 0
            > +5000
            > acquire a
            a: 0-0/1
            > clock -3600000
            > ack a 0=2
            a: ok
            > describe
            -: start 0 next 1 complete 0 retrying 1
              0-0/1 Retrying { rest_ms: 500 }
            > +500
            > acquire a
            a: 0-0/2
        "#]],
    );
}
