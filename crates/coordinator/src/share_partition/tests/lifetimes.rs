use super::script::check;
use expect_test::expect;

#[test]
fn what_expires_is_archived() {
    check(
        "
        config ttl
        log 0-1 expires=5000
        log 2-3
        open start=0
        acquire a max=1 limit
        +4999
        describe
        +1
        describe
        ack a 0=2
        rows
        acquire a
        ",
        &expect![[r#"
            > config ttl
            > log 0-1 expires=5000
            > log 2-3
            > open start=0
            start=0: opened at 0
            > acquire a max=1 limit
            a: 0-0/1
            > +4999
            > describe
            -: start 0 next 4 complete 0 ready 3 acquired 1
              0-0/1 Acquired { member: "a", rest_ms: 25001 }
              1-1/0 Ready
              2-3/0 Ready
            > +1
            > describe
            -: start 0 next 4 complete 1 ready 2 acquired 1
              0-0/1 Acquired { member: "a", rest_ms: 25000 }
              2-3/0 Ready
            > ack a 0=2
            a: ok
            > rows
            start 2
            > acquire a
            a: 2-3/1
        "#]],
    );
}

#[test]
fn what_is_in_flight_may_be_accepted_after_its_time() {
    check(
        "
        config ttl
        log 0-1 expires=5000
        open start=0
        acquire a
        +6000
        ack a 0=1
        rows
        ",
        &expect![[r#"
            > config ttl
            > log 0-1 expires=5000
            > open start=0
            start=0: opened at 0
            > acquire a
            a: 0-1/1
            > +6000
            > ack a 0=1
            a: ok
            > rows
            start 1
        "#]],
    );
}

#[test]
fn with_a_dead_letter_topic_it_goes_there() {
    check(
        "
        config ttl dlq
        log 0-1 expires=5000
        open start=0
        acquire a max=1 limit
        +5000
        letters
        +25000
        letters
        rows
        ",
        &expect![[r#"
            > config ttl dlq
            > log 0-1 expires=5000
            > open start=0
            start=0: opened at 0
            > acquire a max=1 limit
            a: 0-0/1
            > +5000
            > letters
            -: letters behind None 1-1/0 Expired 
            > +25000
            > letters
            -: letters behind None 0-0/1 Expired a
            > rows
            start 0, 0-0 archiving/1 Expired, 1-1 archiving/0 Expired
        "#]],
    );
}

#[test]
fn what_is_too_old_when_it_is_read_is_never_delivered() {
    check(
        "
        config ttl
        log 0-1 expires=5000
        log 2
        +6000
        open start=0
        acquire a
        rows
        ",
        &expect![[r#"
            > config ttl
            > log 0-1 expires=5000
            > log 2
            > +6000
            > open start=0
            start=0: opened at 0
            > acquire a
            a: 2-2/1
            > rows
            start 2
        "#]],
    );
}

#[test]
fn a_lifetime_that_ends_before_the_delay_wins() {
    check(
        "
        config ttl delay
        log 0 expires=5000 due=6000
        open start=0
        acquire a
        +5000
        describe
        ",
        &expect![[r#"
            > config ttl delay
            > log 0 expires=5000 due=6000
            > open start=0
            start=0: opened at 0
            > acquire a
            a: nothing
            > +5000
            > describe
            -: start 1 next 1 complete 0
        "#]],
    );
}
