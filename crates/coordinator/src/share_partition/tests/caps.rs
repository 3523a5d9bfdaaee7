use super::script::check;
use expect_test::expect;

#[test]
fn a_member_has_no_more_than_its_cap() {
    check(
        "
        config cap=3
        log 0-9
        open start=0
        acquire a
        acquire a
        watch a
        acquire b
        ack a 0=1
        acquire a
        ",
        &expect![[r#"
            > config cap=3
            > log 0-9
            > open start=0
            start=0: opened at 0
            > acquire a
            a: 0-2/1
            > acquire a
            a: nothing
            > watch a
            > acquire b
            b: 3-5/1
            > ack a 0=1
            a: awake
            a: ok
            > acquire a
            a: 6-6/1
        "#]],
    );
}

#[test]
fn a_paused_queue_hands_out_nothing_and_takes_acknowledgements() {
    check(
        "
        log 0-9
        open start=0
        acquire a max=2 limit
        config paused=1
        acquire b
        watch b
        ack a 0-1=1
        rows
        config paused=0
        acquire b
        ",
        &expect![[r#"
            > log 0-9
            > open start=0
            start=0: opened at 0
            > acquire a max=2 limit
            a: 0-1/1
            > config paused=1
            > acquire b
            b: nothing
            > watch b
            > ack a 0-1=1
            a: ok
            > rows
            start 2
            > config paused=0
            b: awake
            > acquire b
            b: 2-9/1
        "#]],
    );
}
