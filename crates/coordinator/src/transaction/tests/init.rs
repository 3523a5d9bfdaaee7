//! InitProducerId.

use super::script::{World, check};
use crate::transaction::Settings;
use expect_test::expect;

#[test]
fn whoever_initialises_gets_the_next_epoch() {
    check(
        "init a
         init a
         init b
         init c id=y
         describe",
        &expect![[r#"
            > init a
            a: SPARE NEEDED
            a: is 1/0
            > init a
            a: is 1/1
            > init b
            b: is 1/2
            > init c id=y
            c: SPARE NEEDED
            c: is 2/0
            > describe
            -: Empty 1/2 timeout 60000 since -1:
        "#]],
    );
}

#[test]
fn what_makes_no_sense_is_refused() {
    check(
        "init a id=none
         init a timeout=0
         init a timeout=-1
         init a timeout=900001
         init a timeout=900000
         init a as=1/-1
         init a as=-1/0",
        &expect![[r#"
            > init a id=none
            a: INVALID_REQUEST
            > init a timeout=0
            a: INVALID_TRANSACTION_TIMEOUT
            > init a timeout=-1
            a: INVALID_TRANSACTION_TIMEOUT
            > init a timeout=900001
            a: INVALID_TRANSACTION_TIMEOUT
            > init a timeout=900000
            a: SPARE NEEDED
            a: is 1/0
            > init a as=1/-1
            a: INVALID_REQUEST
            > init a as=-1/0
            a: INVALID_REQUEST
        "#]],
    );
}

#[test]
fn a_producer_that_goes_on_says_who_it_was() {
    check(
        "init a
         init a self
         # A repetition of the same, which did not hear the answer.
         init a as=1/0
         # Somebody else takes over; from now on nobody before may go on.
         init b
         init a as=1/1
         init a as=1/0
         init a as=7/2
         # Whoever is not known at all is new.
         init c id=y as=7/2",
        &expect![[r#"
            > init a
            a: SPARE NEEDED
            a: is 1/0
            > init a self
            a: is 1/1
            > init a as=1/0
            a: is 1/1
            > init b
            b: is 1/2
            > init a as=1/1
            a: PRODUCER_FENCED
            > init a as=1/0
            a: PRODUCER_FENCED
            > init a as=7/2
            a: PRODUCER_FENCED
            > init c id=y as=7/2
            c: SPARE NEEDED
            c: is 2/0
        "#]],
    );
}

#[test]
fn a_new_id_follows_an_exhausted_epoch() {
    let mut world = World::new(Settings::default());
    world.run("init a");
    world.age(32_765);
    for line in ["init a self", "init a self", "init a as=1/32766", "init a as=1/32765", "init b"] {
        world.run(line);
    }
    expect![[r#"
        a: SPARE NEEDED
        a: is 1/0
        a: is 1/32766
        a: SPARE NEEDED
        a: is 2/0
        a: is 2/0
        a: PRODUCER_FENCED
        b: is 2/1
    "#]]
    .assert_eq(world.output());
}

#[test]
fn an_exhausted_id_is_replaced_for_a_stranger_too() {
    let mut world = World::new(Settings::default());
    world.run("init a");
    world.age(32_766);
    for line in ["init b", "init a as=1/32766"] {
        world.run(line);
    }
    expect![[r#"
        a: SPARE NEEDED
        a: is 1/0
        b: SPARE NEEDED
        b: is 2/0
        a: PRODUCER_FENCED
    "#]]
    .assert_eq(world.output());
}

#[test]
fn an_open_transaction_is_aborted_first() {
    check(
        "init a
         add a t0
         init b
         init b
         work
         complete
         init b
         end a abort
         add a t0",
        &expect![[r#"
            > init a
            a: SPARE NEEDED
            a: is 1/0
            > add a t0
            a: NONE
            > init b
            b: CONCURRENT_TRANSACTIONS
            > init b
            b: CONCURRENT_TRANSACTIONS
            > work
            finisher: is to Abort x 1/1 vTwo: t0
            > complete
            finisher: done
            > init b
            b: is 1/2
            > end a abort
            a: PRODUCER_FENCED
            > add a t0
            a: PRODUCER_FENCED
        "#]],
    );
}

#[test]
fn who_was_fenced_does_not_disturb_the_present_owner() {
    check(
        "init a
         init b
         add b t0
         init a self
         end b commit v=1
         init a self",
        &expect![[r#"
            > init a
            a: SPARE NEEDED
            a: is 1/0
            > init b
            b: is 1/1
            > add b t0
            b: NONE
            > init a self
            a: PRODUCER_FENCED
            > end b commit v=1
            > init a self
            a: PRODUCER_FENCED
        "#]],
    );
}

#[test]
fn an_idle_id_is_forgotten() {
    check(
        "init a
         init b id=y
         add b id=y t0
         # Two hours, then seven days less a second.
         +7200000
         init c id=z
         +597599000
         list
         +3600000
         list",
        &expect![[r#"
            > init a
            a: SPARE NEEDED
            a: is 1/0
            > init b id=y
            b: SPARE NEEDED
            b: is 2/0
            > add b id=y t0
            b: NONE
            > +7200000
            > init c id=z
            c: SPARE NEEDED
            c: is 3/0
            > +597599000
            > list
            -: listed x=1/Empty y=2/PrepareAbort z=3/Empty
            > +3600000
            > list
            -: listed y=2/PrepareAbort z=3/Empty
        "#]],
    );
}
