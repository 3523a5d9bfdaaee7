use super::script::check;
use expect_test::expect;

#[test]
fn a_suspected_batch_is_halved_each_time_and_delivered_one_by_one_at_last() {
    check(
        "
        config limit=5
        log 0-15
        open start=0
        acquire a
        release a
        acquire a
        release a
        acquire a
        release a
        acquire a
        ack a 0-7=1
        acquire a
        release a
        acquire a
        acquire a
        ",
        &expect![[r#"
            > config limit=5
            > log 0-15
            > open start=0
            start=0: opened at 0
            > acquire a
            a: 0-15/1
            > release a
            a: done
            > acquire a
            a: 0-15/2
            > release a
            a: done
            > acquire a
            a: 0-15/3
            > release a
            a: done
            > acquire a
            a: 0-7/4
            > ack a 0-7=1
            a: ok
            > acquire a
            a: 8-15/4
            > release a
            a: done
            > acquire a
            a: 8-8/5
            > acquire a
            a: 9-9/5
        "#]],
    );
}

#[test]
fn suspects_are_never_mixed_with_others() {
    check(
        "
        config limit=4
        log 0-3 4-7
        open start=0
        acquire a max=4
        release a
        acquire a max=4
        release a
        acquire a
        acquire b
        ",
        &expect![[r#"
            > config limit=4
            > log 0-3 4-7
            > open start=0
            start=0: opened at 0
            > acquire a max=4
            a: 0-3/1
            > release a
            a: done
            > acquire a max=4
            a: 0-3/2
            > release a
            a: done
            > acquire a
            a: 0-1/3
            > acquire b
            b: 2-3/3
        "#]],
    );
}

#[test]
fn healthy_ones_before_a_suspect_go_alone() {
    check(
        "
        config limit=4
        log 0-3 4-7
        open start=0
        acquire a max=4
        acquire b max=4
        release b
        acquire b max=4
        release b
        release a
        acquire c
        acquire c
        ",
        &expect![[r#"
            > config limit=4
            > log 0-3 4-7
            > open start=0
            start=0: opened at 0
            > acquire a max=4
            a: 0-3/1
            > acquire b max=4
            b: 4-7/1
            > release b
            b: done
            > acquire b max=4
            b: 4-7/2
            > release b
            b: done
            > release a
            a: done
            > acquire c
            c: 0-3/2
            > acquire c
            c: 4-5/3
        "#]],
    );
}

#[test]
fn with_a_limit_of_two_there_is_no_last_one_alone() {
    check(
        "
        config limit=2
        log 0-3
        open start=0
        acquire a
        release a
        acquire a
        release a
        rows
        ",
        &expect![[r#"
            > config limit=2
            > log 0-3
            > open start=0
            start=0: opened at 0
            > acquire a
            a: 0-3/1
            > release a
            a: done
            > acquire a
            a: 0-3/2
            > release a
            a: done
            > rows
            start 4
        "#]],
    );
}

#[test]
fn a_suspect_does_not_join_a_single_healthy_one() {
    check(
        "
        config limit=4
        log 0
        log 1-8
        open start=0
        acquire a max=1
        acquire b max=8
        release b
        acquire b max=8
        release b
        release a
        acquire c
        acquire c
        ",
        &expect![[r#"
            > config limit=4
            > log 0
            > log 1-8
            > open start=0
            start=0: opened at 0
            > acquire a max=1
            a: 0-0/1
            > acquire b max=8
            b: 1-8/1
            > release b
            b: done
            > acquire b max=8
            b: 1-8/2
            > release b
            b: done
            > release a
            a: done
            > acquire c
            c: 0-0/2
            > acquire c
            c: 1-4/3
        "#]],
    );
}
