//! Time-outs, and what a fenced producer hears.

use super::script::{World, check};
use crate::transaction::Settings;
use expect_test::expect;

#[test]
fn a_silent_producer_of_version_1_loses_its_transaction_and_its_epoch() {
    check(
        "work
         init a timeout=5000
         add a v=1 t0
         +4999
         add a v=1 t1
         +1
         add a v=1 t0
         end a commit v=1
         complete
         add a v=1 t0
         end a abort v=1
         init a self
         init a
         describe",
        &expect![[r#"
            > work
            > init a timeout=5000
            a: SPARE NEEDED
            a: is 1/0
            > add a v=1 t0
            a: NONE
            > +4999
            > add a v=1 t1
            a: NONE
            > +1
            finisher: is to Abort x 1/1 vOne: t0 t1
            > add a v=1 t0
            a: PRODUCER_FENCED
            > end a commit v=1
            a: PRODUCER_FENCED
            > complete
            finisher: done
            > add a v=1 t0
            a: PRODUCER_FENCED
            > end a abort v=1
            a: PRODUCER_FENCED
            > init a self
            a: is 1/1
            > init a
            a: is 1/2
            > describe
            -: Empty 1/2 timeout 60000 since -1:
        "#]],
    );
}

#[test]
fn a_silent_producer_of_version_2_can_abort_and_go_on_but_not_commit() {
    check(
        "work
         init a timeout=5000
         add a t0
         +5000
         end a abort
         complete
         add a t0
         end a commit
         end a abort
         add a t0
         describe",
        &expect![[r#"
            > work
            > init a timeout=5000
            a: SPARE NEEDED
            a: is 1/0
            > add a t0
            a: NONE
            > +5000
            finisher: is to Abort x 1/1 vTwo: t0
            > end a abort
            a: CONCURRENT_TRANSACTIONS
            > complete
            finisher: done
            > add a t0
            a: PRODUCER_FENCED
            > end a commit
            a: INVALID_TXN_STATE
            > end a abort
            a: ended, is 1/1
            > add a t0
            a: NONE
            > describe
            -: Ongoing 1/1 timeout 5000 since 5000: t0
        "#]],
    );
}

#[test]
fn a_producer_that_lost_its_transaction_to_the_clock_may_initialise_itself() {
    check(
        "work
         init a timeout=5000
         add a v=1 t0
         +5000
         init a self
         complete
         init a self
         # The same if it gives an open transaction up by itself, but not if another one takes it over.
         add a v=1 t0
         init a self
         work
         complete
         init a self
         add a v=1 t0
         init b
         work
         complete
         init a self
         init b",
        &expect![[r#"
            > work
            > init a timeout=5000
            a: SPARE NEEDED
            a: is 1/0
            > add a v=1 t0
            a: NONE
            > +5000
            finisher: is to Abort x 1/1 vOne: t0
            > init a self
            a: CONCURRENT_TRANSACTIONS
            > complete
            finisher: done
            > init a self
            a: is 1/1
            > add a v=1 t0
            a: NONE
            > init a self
            a: CONCURRENT_TRANSACTIONS
            > work
            finisher: is to Abort x 1/2 vOne: t0
            > complete
            finisher: done
            > init a self
            a: is 1/2
            > add a v=1 t0
            a: NONE
            > init b
            b: CONCURRENT_TRANSACTIONS
            > work
            finisher: is to Abort x 1/3 vOne: t0
            > complete
            finisher: done
            > init a self
            a: PRODUCER_FENCED
            > init b
            b: is 1/4
        "#]],
    );
}

#[test]
fn a_transaction_has_its_own_time() {
    check(
        "init a timeout=5000
         +4000
         add a t0
         +4000
         end a commit
         work
         complete
         add a t0
         +4999
         work
         +1",
        &expect![[r#"
            > init a timeout=5000
            a: SPARE NEEDED
            a: is 1/0
            > +4000
            > add a t0
            a: NONE
            > +4000
            > end a commit
            > work
            finisher: is to Commit x 1/1 vTwo: t0
            > complete
            finisher: done
            a: ended, is 1/1
            > add a t0
            a: NONE
            > +4999
            > work
            > +1
            finisher: is to Abort x 1/2 vTwo: t0
        "#]],
    );
}

#[test]
fn an_epoch_that_only_fences_is_given_to_nobody() {
    let mut world = World::new(Settings::default());
    world.run("init a timeout=5000");
    world.age(32_766);
    let lines = [
        "add a t0",
        "+5000",
        "work",
        "complete",
        "end a abort",
        "end b as=1/32767 abort",
        "init a as=1/32766",
        "init b",
        "describe",
    ];
    lines.iter().for_each(|line| world.run(line));
    expect![[r#"
        a: SPARE NEEDED
        a: is 1/0
        a: NONE
        finisher: is to Abort x 1/32767 vTwo: t0
        finisher: done
        a: PRODUCER_FENCED
        b: PRODUCER_FENCED
        a: PRODUCER_FENCED
        b: SPARE NEEDED
        b: is 2/0
        -: Empty 2/0 timeout 60000 since -1:
    "#]]
    .assert_eq(world.output());
}
