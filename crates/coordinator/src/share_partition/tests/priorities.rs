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

/// Its turn was over once it had come, though it was not handed out: for want of room, or because it was suspected and is
/// never delivered together with others. It could wait for ever.
#[test]
fn the_oldest_keeps_its_turn_until_it_is_handed_out() {
    check(
        "
        config priority
        log 0-1:b=1000 prio=0
        log 2-101 prio=9
        log 102-150 prio=9
        open start=0
        acquire a max=150 bytes=1000
        acquire a max=1
        ",
        &expect![[r#"
            > config priority
            > log 0-1:b=1000 prio=0
            > log 2-101 prio=9
            > log 102-150 prio=9
            > open start=0
            start=0: opened at 0
            > acquire a max=150 bytes=1000
            a: 2-101/1
            > acquire a max=1
            a: 0-1/1
        "#]],
    );
    check(
        "
        config priority limit=3
        log 0 prio=0
        open start=0
        acquire a
        release a
        acquire a
        release a
        log 1-100 prio=9
        log 101-150 prio=9
        acquire a max=150
        acquire a max=1
        ",
        &expect![[r#"
            > config priority limit=3
            > log 0 prio=0
            > open start=0
            start=0: opened at 0
            > acquire a
            a: 0-0/1
            > release a
            a: done
            > acquire a
            a: 0-0/2
            > release a
            a: done
            > log 1-100 prio=9
            > log 101-150 prio=9
            > acquire a max=150
            a: 1-100/1
            > acquire a max=1
            a: 0-0/3
        "#]],
    );
}

#[test]
fn priorities_mean_nothing_unless_enabled() {
    check(
        "
        config delay
        log 0 prio=1
        log 1 prio=9
        open start=0
        acquire a max=2
        release a
        acquire a max=1
        ",
        &expect![[r#"
            > config delay
            > log 0 prio=1
            > log 1 prio=9
            > open start=0
            start=0: opened at 0
            > acquire a max=2
            a: 0-1/1
            > release a
            a: done
            > acquire a max=1
            a: 0-1/2
        "#]],
    );
}
