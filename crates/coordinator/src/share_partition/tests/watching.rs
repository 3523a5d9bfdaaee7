use super::script::check;
use expect_test::expect;

#[test]
fn a_watch_is_answered_at_once_if_there_is_something() {
    check(
        "
        log 0-9
        open start=0
        acquire a max=3 limit
        watch b
        ",
        &expect![[r#"
            > log 0-9
            > open start=0
            start=0: opened at 0
            > acquire a max=3 limit
            a: 0-2/1
            > watch b
            b: awake
        "#]],
    );
}

#[test]
fn who_waits_is_woken_by_what_is_given_back() {
    check(
        "
        log 0-9
        open start=0
        acquire a
        watch b
        watch c
        ack a 0-4=2
        acquire b
        ",
        &expect![[r#"
            > log 0-9
            > open start=0
            start=0: opened at 0
            > acquire a
            a: 0-9/1
            > watch b
            > watch c
            > ack a 0-4=2
            b: awake
            c: awake
            a: ok
            > acquire b
            b: 0-4/2
        "#]],
    );
}

#[test]
fn a_later_watch_takes_the_place_of_the_first() {
    check(
        "
        log 0-9
        open start=0
        acquire a
        watch b
        watch b
        unwatch b
        ack a 0-9=2
        ",
        &expect![[r#"
            > log 0-9
            > open start=0
            start=0: opened at 0
            > acquire a
            a: 0-9/1
            > watch b
            > watch b
            b: awake
            > unwatch b
            b: awake
            b: done
            > ack a 0-9=2
            a: ok
        "#]],
    );
}

#[test]
fn room_in_the_window_is_news() {
    check(
        "
        config window=5
        log 0-4 5-9
        open start=0
        acquire a
        acquire b
        watch b
        ack a 0-4=1
        acquire b
        ",
        &expect![[r#"
            > config window=5
            > log 0-4 5-9
            > open start=0
            start=0: opened at 0
            > acquire a
            a: 0-4/1
            > acquire b
            b: nothing
            > watch b
            > ack a 0-4=1
            b: awake
            a: ok
            > acquire b
            b: 5-9/1
        "#]],
    );
}

#[test]
fn accepting_is_no_news_while_there_was_room() {
    check(
        "
        log 0-4 5-9
        open start=0
        acquire a
        watch b
        ack a 0-4=1
        unwatch b
        ",
        &expect![[r#"
            > log 0-4 5-9
            > open start=0
            start=0: opened at 0
            > acquire a
            a: 0-9/1
            > watch b
            > ack a 0-4=1
            a: ok
            > unwatch b
            b: awake
            b: done
        "#]],
    );
}

#[test]
fn what_one_member_leaves_is_for_those_who_wait() {
    check(
        "
        log 0-4
        open start=0
        acquire a
        watch b
        watch c
        +30000
        acquire b max=2 limit
        watch c
        ",
        &expect![[r#"
            > log 0-4
            > open start=0
            start=0: opened at 0
            > acquire a
            a: 0-4/1
            > watch b
            > watch c
            > +30000
            b: awake
            c: awake
            > acquire b max=2 limit
            b: 0-1/2
            > watch c
            c: awake
        "#]],
    );
}

#[test]
fn who_goes_waits_no_more() {
    check(
        "
        log 0-9
        open start=0
        acquire a
        watch b
        release b
        ack a 0-9=2
        ",
        &expect![[r#"
            > log 0-9
            > open start=0
            start=0: opened at 0
            > acquire a
            a: 0-9/1
            > watch b
            > release b
            b: awake
            b: done
            > ack a 0-9=2
            a: ok
        "#]],
    );
}
