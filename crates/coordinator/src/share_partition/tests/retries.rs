use super::script::check;
use expect_test::expect;

#[test]
fn rests_grow_up_to_the_longest() {
    check(
        "
        config backoff=1000 multiplier=3 backoff-max=5000 limit=10
        log 0
        open start=0
        acquire a
        release a
        describe
        +1000
        acquire a
        release a
        describe
        +3000
        acquire a
        +30000
        describe
        rows
        ",
        &expect![[r#"
            > config backoff=1000 multiplier=3 backoff-max=5000 limit=10
            > log 0
            > open start=0
            start=0: opened at 0
            > acquire a
            a: 0-0/1
            > release a
            a: done
            > describe
            -: start 0 next 1 complete 0 retrying 1
              0-0/1 Retrying { rest_ms: 1000 }
            > +1000
            > acquire a
            a: 0-0/2
            > release a
            a: done
            > describe
            -: start 0 next 1 complete 0 retrying 1
              0-0/2 Retrying { rest_ms: 3000 }
            > +3000
            > acquire a
            a: 0-0/3
            > +30000
            > describe
            -: start 0 next 1 complete 0 retrying 1
              0-0/3 Retrying { rest_ms: 5000 }
            > rows
            start 0, 0-0 available/3 due 39000
        "#]],
    );
}

#[test]
fn rests_do_not_stop_the_others_nor_fill_the_window() {
    check(
        "
        config backoff=10000 window=2
        log 0-1 2-3 4-5
        open start=0
        acquire a max=2
        release a
        acquire a max=2
        release a
        acquire a max=2
        ack a 4-5=1
        describe
        watch a
        +10000
        acquire a
        ",
        &expect![[r#"
            > config backoff=10000 window=2
            > log 0-1 2-3 4-5
            > open start=0
            start=0: opened at 0
            > acquire a max=2
            a: 0-1/1
            > release a
            a: done
            > acquire a max=2
            a: 2-3/1
            > release a
            a: done
            > acquire a max=2
            a: 4-5/1
            > ack a 4-5=1
            a: ok
            > describe
            -: start 0 next 6 complete 2 retrying 4
              0-1/1 Retrying { rest_ms: 10000 }
              2-3/1 Retrying { rest_ms: 10000 }
            > watch a
            > +10000
            a: awake
            > acquire a
            a: 0-1/2
        "#]],
    );
}

#[test]
fn a_fixed_rest_stays_the_same() {
    check(
        "
        config backoff=1000 multiplier=1 limit=10
        log 0
        open start=0
        acquire a
        release a
        +1000
        acquire a
        release a
        +1000
        acquire a
        release a
        describe
        ",
        &expect![[r#"
            > config backoff=1000 multiplier=1 limit=10
            > log 0
            > open start=0
            start=0: opened at 0
            > acquire a
            a: 0-0/1
            > release a
            a: done
            > +1000
            > acquire a
            a: 0-0/2
            > release a
            a: done
            > +1000
            > acquire a
            a: 0-0/3
            > release a
            a: done
            > describe
            -: start 0 next 1 complete 0 retrying 1
              0-0/3 Retrying { rest_ms: 1000 }
        "#]],
    );
}
