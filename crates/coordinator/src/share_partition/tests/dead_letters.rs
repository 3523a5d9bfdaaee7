use super::script::check;
use expect_test::expect;

#[test]
fn rejected_records_are_archiving_until_they_are_written() {
    check(
        "
        config dlq
        log 0-9
        open start=0
        acquire a
        letters
        ack a 2-3=3 4-9=1
        rows
        describe
        position 7
        rows
        ack a 0-1=1
        rows
        lettered 2-3
        rows
        ",
        &expect![[r#"
            > config dlq
            > log 0-9
            > open start=0
            start=0: opened at 0
            > acquire a
            a: 0-9/1
            > letters
            > ack a 2-3=3 4-9=1
            a: ok
            -: letters behind None 2-3/1 Rejected a
            > rows
            start 0, 2-3 archiving/1 Rejected, 4-9 done
            > describe
            -: start 0 next 10 complete 6 acquired 2 archiving 2
              0-1/1 Acquired { member: "a", rest_ms: 30000 }
              2-3/1 Archiving { reason: Rejected, at: Timestamp(0) }
            > position 7
            7: awaited 2-3
            > rows
            start 0, 2-3 archiving/1 Rejected, 4-9 done
            > ack a 0-1=1
            a: ok
            > rows
            start 2, 2-3 archiving/1 Rejected, 4-9 done
            > lettered 2-3
            2-3: done
            > rows
            start 10
        "#]],
    );
}

#[test]
fn after_a_crash_the_writer_gets_them_again_with_the_position() {
    check(
        "
        config dlq
        log 0-9
        open start=0
        acquire a
        ack a 0-9=3
        letters
        position 7
        restart
        letters
        lettered 0-9
        rows
        position 8
        letters
        ",
        &expect![[r#"
            > config dlq
            > log 0-9
            > open start=0
            start=0: opened at 0
            > acquire a
            a: 0-9/1
            > ack a 0-9=3
            a: ok
            > letters
            -: letters behind None 0-9/1 Rejected a
            > position 7
            7: awaited 0-9
            > restart
            > letters
            -: letters behind Some(7) 0-9/1 Rejected a
            > lettered 0-9
            0-9: done
            > rows
            start 10
            > position 8
            8: nothing awaited
            > letters
        "#]],
    );
}

#[test]
fn the_last_delivery_ends_in_the_dead_letter_topic() {
    check(
        "
        config dlq limit=2
        log 0-2
        open start=0
        acquire a
        release a
        acquire a
        +30000
        letters
        ",
        &expect![[r#"
            > config dlq limit=2
            > log 0-2
            > open start=0
            start=0: opened at 0
            > acquire a
            a: 0-2/1
            > release a
            a: done
            > acquire a
            a: 0-2/2
            > +30000
            > letters
            -: letters behind None 0-2/2 Exhausted a
        "#]],
    );
}

#[test]
fn archiving_does_not_stop_the_others() {
    check(
        "
        config dlq window=5
        log 0-4 5-9 10-14
        open start=0
        acquire a max=5
        ack a 0-4=3
        acquire a max=5
        ack a 5-9=1
        acquire a max=5
        ack a 10-14=1
        rows
        describe
        ",
        &expect![[r#"
            > config dlq window=5
            > log 0-4 5-9 10-14
            > open start=0
            start=0: opened at 0
            > acquire a max=5
            a: 0-4/1
            > ack a 0-4=3
            a: ok
            > acquire a max=5
            a: 5-9/1
            > ack a 5-9=1
            a: ok
            > acquire a max=5
            a: 10-14/1
            > ack a 10-14=1
            a: ok
            > rows
            start 0, 0-4 archiving/1 Rejected, 5-14 done
            > describe
            -: start 0 next 15 complete 10 archiving 5
              0-4/1 Archiving { reason: Rejected, at: Timestamp(0) }
        "#]],
    );
}

#[test]
fn they_outlive_the_records() {
    check(
        "
        config dlq
        log 0-9
        open start=0
        acquire a
        ack a 0-1=3
        logstart 5
        rows
        ack a 2-9=1
        rows
        letters
        lettered 0-1
        rows
        ",
        &expect![[r#"
            > config dlq
            > log 0-9
            > open start=0
            start=0: opened at 0
            > acquire a
            a: 0-9/1
            > ack a 0-1=3
            a: ok
            > logstart 5
            5: done
            > rows
            start 0, 0-1 archiving/1 Rejected, 2-4 done
            > ack a 2-9=1
            a: ok
            > rows
            start 0, 0-1 archiving/1 Rejected, 2-9 done
            > letters
            -: letters behind None 0-1/1 Rejected a
            > lettered 0-1
            0-1: done
            > rows
            start 10
        "#]],
    );
}

#[test]
fn without_a_topic_nothing_is_archiving() {
    check(
        "
        log 0-9
        open start=0
        acquire a
        ack a 0-9=3
        rows
        letters
        ",
        &expect![[r#"
            > log 0-9
            > open start=0
            start=0: opened at 0
            > acquire a
            a: 0-9/1
            > ack a 0-9=3
            a: ok
            > rows
            start 10
            > letters
        "#]],
    );
}

#[test]
fn a_second_writer_sends_the_first_one_home() {
    check(
        "
        letters
        letters
        ",
        &expect![[r#"
            > letters
            > letters
            -: 
        "#]],
    );
}

#[test]
fn they_are_handed_out_in_portions() {
    check(
        "
        config dlq
        log 0-1199
        open start=0
        acquire a max=1200
        ack a 0-1199=3
        letters
        letters
        letters
        letters
        ",
        &expect![[r#"
            > config dlq
            > log 0-1199
            > open start=0
            start=0: opened at 0
            > acquire a max=1200
            a: 0-1199/1
            > ack a 0-1199=3
            a: ok
            > letters
            -: letters behind None 0-499/1 Rejected a
            > letters
            -: letters behind None 500-999/1 Rejected a
            > letters
            -: letters behind None 1000-1199/1 Rejected a
            > letters
        "#]],
    );
}

#[test]
fn a_topic_that_takes_none_stops_reading_at_the_limit() {
    check(
        "
        config dlq
        log 0-99999
        log 100000-100009
        open start=0
        acquire a
        ack a 0-99999=3
        acquire a
        letters
        watch a
        lettered 0-499
        acquire a
        ",
        &expect![[r#"
            > config dlq
            > log 0-99999
            > log 100000-100009
            > open start=0
            start=0: opened at 0
            > acquire a
            a: 0-99999/1
            > ack a 0-99999=3
            a: ok
            > acquire a
            a: nothing
            > letters
            -: letters behind None 0-499/1 Rejected a
            > watch a
            > lettered 0-499
            a: awake
            0-499: done
            > acquire a
            a: 100000-100009/1
        "#]],
    );
}

/// A writer that had waited for its topic told the machine of letters of before: the record that was given up once more
/// was archived, and its letter told the old story or stood there from before the offsets were set.
#[test]
fn letters_from_before_the_offsets_were_set_are_not_those_of_after() {
    check(
        "
        config dlq
        log 0-1
        open start=0
        acquire a
        letters
        ack a 0-1=3
        alter 0
        +1000
        acquire b
        ack b 0-1=3
        lettered 0-1 at=0
        rows
        letters
        position 3
        lettered 0-1
        rows
        ",
        &expect![[r#"
            > config dlq
            > log 0-1
            > open start=0
            start=0: opened at 0
            > acquire a
            a: 0-1/1
            > letters
            > ack a 0-1=3
            a: ok
            -: letters behind None 0-1/1 Rejected a
            > alter 0
            0: done
            > +1000
            > acquire b
            b: 0-1/1
            > ack b 0-1=3
            b: ok
            > lettered 0-1 at=0
            0-1: done
            > rows
            start 0, 0-1 archiving/1 Rejected
            > letters
            -: letters behind None 0-1/1 Rejected b
            > position 3
            3: awaited 0-1
            > lettered 0-1
            0-1: done
            > rows
            start 2
        "#]],
    );
}
