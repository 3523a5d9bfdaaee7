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
fn reading_on_goes_ahead_of_what_is_wanted_but_not_past_the_locks() {
    check(
        "
        config window=30
        log 0-9 10-19 20-29 30-39 40-49 50-59
        open start=0
        acquire a max=5
        describe
        acquire b max=5
        acquire c max=5
        describe
        ",
        &expect![[r#"
            > config window=30
            > log 0-9 10-19 20-29 30-39 40-49 50-59
            > open start=0
            start=0: opened at 0
            > acquire a max=5
            a: 0-9/1
            > describe
            -: start 0 next 20 complete 0 ready 10 acquired 10
              0-9/1 Acquired { member: "a", rest_ms: 30000 }
              10-19/0 Ready
            > acquire b max=5
            b: 10-19/1
            > acquire c max=5
            c: 20-29/1
            > describe
            -: start 0 next 30 complete 0 acquired 30
              0-9/1 Acquired { member: "a", rest_ms: 30000 }
              10-19/1 Acquired { member: "b", rest_ms: 30000 }
              20-29/1 Acquired { member: "c", rest_ms: 30000 }
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

#[test]
fn ranges_end_at_the_first_batch_past_the_size_that_the_member_wishes() {
    check(
        "
        log 0-3 4-7 8-11 12-15
        open start=0
        acquire a batch=6
        release a
        acquire b limit
        ",
        &expect![[r#"
            > log 0-3 4-7 8-11 12-15
            > open start=0
            start=0: opened at 0
            > acquire a batch=6
            a: 0-7/1 8-15/1
            > release a
            a: done
            > acquire b limit
            b: 0-7/2 8-15/2
        "#]],
    );
}

#[test]
fn many_small_batches_are_one_range_with_one_lock() {
    check(
        "
        log 0 1 2 3 4 5
        open start=0
        acquire a
        describe
        ",
        &expect![[r#"
            > log 0 1 2 3 4 5
            > open start=0
            start=0: opened at 0
            > acquire a
            a: 0-5/1
            > describe
            -: start 0 next 6 complete 0 acquired 6
              0-5/1 Acquired { member: "a", rest_ms: 30000 }
        "#]],
    );
}

#[test]
fn bytes_are_a_limit_that_the_first_batch_may_break() {
    check(
        "
        log 0-4:b=700 5-9:b=300 10-14:b=300
        open start=0
        acquire a bytes=600
        acquire a bytes=600
        acquire a bytes=600
        ",
        &expect![[r#"
            > log 0-4:b=700 5-9:b=300 10-14:b=300
            > open start=0
            start=0: opened at 0
            > acquire a bytes=600
            a: 0-4/1
            > acquire a bytes=600
            a: 5-14/1
            > acquire a bytes=600
            a: nothing
        "#]],
    );
}

#[test]
fn gaps_are_archived_and_the_start_passes_them() {
    check(
        "
        log 5-9 20-24
        open start=0
        acquire a max=5
        rows
        acquire a max=5
        ack a 20-24=1
        rows
        ack a 5-9=1
        rows
        ",
        &expect![[r#"
            > log 5-9 20-24
            > open start=0
            start=0: opened at 0
            > acquire a max=5
            a: 5-9/1
            > rows
            start 5
            > acquire a max=5
            a: 20-24/1
            > ack a 20-24=1
            a: ok
            > rows
            start 5, 10-24 done
            > ack a 5-9=1
            a: ok
            > rows
            start 25
        "#]],
    );
}

#[test]
fn the_window_bounds_what_is_in_flight() {
    check(
        "
        config window=10
        log 0-5 6-11 12-17
        open start=0
        acquire a max=3
        acquire a max=3
        acquire a max=3
        ack a 6-11=1
        acquire b max=3
        ",
        &expect![[r#"
            > config window=10
            > log 0-5 6-11 12-17
            > open start=0
            start=0: opened at 0
            > acquire a max=3
            a: 0-5/1
            > acquire a max=3
            a: 6-11/1
            > acquire a max=3
            a: nothing
            > ack a 6-11=1
            a: ok
            > acquire b max=3
            b: 12-17/1
        "#]],
    );
}

#[test]
fn what_is_done_out_of_order_does_not_fill_the_window() {
    check(
        "
        config window=10
        log 0-5 6-11 12-17 18-23 24-29
        open start=0
        acquire a max=3
        acquire b max=3
        ack b 6-11=1
        acquire b max=3
        ack b 12-17=1
        acquire b max=3
        ack b 18-23=1
        rows
        describe
        ",
        &expect![[r#"
            > config window=10
            > log 0-5 6-11 12-17 18-23 24-29
            > open start=0
            start=0: opened at 0
            > acquire a max=3
            a: 0-5/1
            > acquire b max=3
            b: 6-11/1
            > ack b 6-11=1
            b: ok
            > acquire b max=3
            b: 12-17/1
            > ack b 12-17=1
            b: ok
            > acquire b max=3
            b: 18-23/1
            > ack b 18-23=1
            b: ok
            > rows
            start 0, 6-23 done
            > describe
            -: start 0 next 24 complete 18 acquired 6
              0-5/1 Acquired { member: "a", rest_ms: 30000 }
        "#]],
    );
}

#[test]
fn nobody_gets_what_is_not_opened() {
    check(
        "
        log 0-5
        acquire a
        ack a 0=1
        open start=2
        acquire a
        open start=0
        ",
        &expect![[r#"
            > log 0-5
            > acquire a
            a: absent
            > ack a 0=1
            a: absent
            > open start=2
            start=2: opened at 2
            > acquire a
            a: 2-5/1
            > open start=0
            start=0: opened at 2
        "#]],
    );
}

#[test]
fn a_released_record_comes_again_before_new_ones_with_a_higher_count() {
    check(
        "
        log 0-4 5-9
        open start=0
        acquire a max=5
        ack a 0-4=2
        acquire b max=8
        describe
        ",
        &expect![[r#"
            > log 0-4 5-9
            > open start=0
            start=0: opened at 0
            > acquire a max=5
            a: 0-4/1
            > ack a 0-4=2
            a: ok
            > acquire b max=8
            b: 0-4/2 5-9/1
            > describe
            -: start 0 next 10 complete 0 acquired 10
              0-4/2 Acquired { member: "b", rest_ms: 30000 }
              5-9/1 Acquired { member: "b", rest_ms: 30000 }
        "#]],
    );
}

#[test]
fn the_last_delivery_ends_in_the_archive() {
    check(
        "
        config limit=2
        log 0-2
        open start=0
        acquire a
        release a
        acquire a
        rows
        release a
        acquire a
        rows
        ",
        &expect![[r#"
            > config limit=2
            > log 0-2
            > open start=0
            start=0: opened at 0
            > acquire a
            a: 0-2/1
            > release a
            a: done
            > acquire a
            a: 0-2/2
            > rows
            start 0, 0-2 available/1
            > release a
            a: done
            > acquire a
            a: nothing
            > rows
            start 3
        "#]],
    );
}

#[test]
fn a_limit_that_is_lowered_ends_what_was_delivered_often_enough() {
    check(
        "
        log 0-4 5
        open start=0
        acquire a max=5
        release a
        acquire a max=5
        release a
        config limit=2
        acquire a
        rows
        ",
        &expect![[r#"
            > log 0-4 5
            > open start=0
            start=0: opened at 0
            > acquire a max=5
            a: 0-4/1
            > release a
            a: done
            > acquire a max=5
            a: 0-4/2
            > release a
            a: done
            > config limit=2
            > acquire a
            a: 5-5/1
            > rows
            start 5
        "#]],
    );
}
