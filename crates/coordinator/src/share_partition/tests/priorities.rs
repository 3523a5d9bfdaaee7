use super::script::check;
use expect_test::expect;

#[test]
fn urgent_ones_come_first_among_those_that_are_known() {
    check(
        "
        config priority window=6
        log 0-1 prio=1
        log 2-3
        log 4-5 prio=9
        log 6-7 prio=9
        open start=0
        acquire a max=2
        acquire a max=2
        acquire a max=2
        ack a 4-5=1
        acquire a max=2
        ",
        &expect![[r#"
            > config priority window=6
            > log 0-1 prio=1
            > log 2-3
            > log 4-5 prio=9
            > log 6-7 prio=9
            > open start=0
            start=0: opened at 0
            > acquire a max=2
            a: 4-5/1
            > acquire a max=2
            a: 2-3/1
            > acquire a max=2
            a: 0-1/1
            > ack a 4-5=1
            a: ok
            > acquire a max=2
            a: 6-7/1
        "#]],
    );
}

#[test]
fn the_oldest_has_its_turn_after_a_hundred_urgent_ones() {
    check(
        "
        config priority
        log 0 prio=0
        log 1-60 prio=9
        log 61-120 prio=9
        log 121-180 prio=9
        open start=0
        acquire a max=60
        acquire a max=60
        acquire a max=1
        acquire a max=60
        ",
        &expect![[r#"
            > config priority
            > log 0 prio=0
            > log 1-60 prio=9
            > log 61-120 prio=9
            > log 121-180 prio=9
            > open start=0
            start=0: opened at 0
            > acquire a max=60
            a: 1-60/1
            > acquire a max=60
            a: 61-120/1
            > acquire a max=1
            a: 0-0/1
            > acquire a max=60
            a: 121-180/1
        "#]],
    );
}
