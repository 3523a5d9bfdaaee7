use super::script::check;
use expect_test::expect;

#[test]
fn records_are_handed_out_accepted_and_forgotten() {
    check(
        "
        log 0-99 100-199
        open start=0
        acquire a max=100
        acquire b max=100
        acquire c
        ack b 100-199=1
        rows
        describe
        ack a 0-99=1
        rows
        ",
        &expect![[r#"
            > log 0-99 100-199
            > open start=0
            start=0: opened at 0
            > acquire a max=100
            a: 0-99/1
            > acquire b max=100
            b: 100-199/1
            > acquire c
            c: nothing
            > ack b 100-199=1
            b: ok
            > rows
            start 0, 100-199 done
            > describe
            -: start 0 next 200 complete 100 acquired 100
              0-99/1 Acquired { member: "a", rest_ms: 30000 }
            > ack a 0-99=1
            a: ok
            > rows
            start 200
        "#]],
    );
}

#[test]
fn whole_batches_are_handed_out_unless_the_limit_is_strict() {
    check(
        "
        log 0-6 7-9 10-19
        open start=0
        acquire a max=5
        acquire b max=5 limit
        acquire c max=1
        acquire d max=100
        ",
        &expect![[r#"
            > log 0-6 7-9 10-19
            > open start=0
            start=0: opened at 0
            > acquire a max=5
            a: 0-6/1
            > acquire b max=5 limit
            b: 7-11/1
            > acquire c max=1
            c: 12-19/1
            > acquire d max=100
            d: nothing
        "#]],
    );
}
