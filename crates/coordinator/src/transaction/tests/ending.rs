//! EndTxn of both versions.

use super::script::{World, check};
use crate::transaction::Settings;
use expect_test::expect;

#[test]
fn an_end_is_answered_when_the_markers_are_written() {
    check(
        "work
         init a
         add a t0 o3
         end a commit
         describe
         complete
         describe
         add a t1
         end a abort
         work
         complete
         describe",
        &expect![[r#"
            > work
            > init a
            a: SPARE NEEDED
            a: is 1/0
            > add a t0 o3
            a: NONE
            > end a commit
            finisher: is to Commit x 1/1 vTwo: t0 o3
            > describe
            -: PrepareCommit 1/1 timeout 60000 since 0: t0 o3
            > complete
            finisher: done
            a: ended, is 1/1
            > describe
            -: CompleteCommit 1/1 timeout 60000 since 0:
            > add a t1
            a: NONE
            > end a abort
            > work
            finisher: is to Abort x 1/2 vTwo: t1
            > complete
            finisher: done
            a: ended, is 1/2
            > describe
            -: CompleteAbort 1/2 timeout 60000 since 0:
        "#]],
    );
}

#[test]
fn version_1_keeps_the_epoch() {
    check(
        "init a
         end a commit v=1
         end a abort v=1
         add a v=1 t0
         end a commit v=1
         end a commit v=1
         end a abort v=1
         work
         complete
         # Repetitions of what is done, and the opposite of it.
         end a commit v=1
         end a abort v=1
         add a v=1 t0
         end a abort v=1
         work
         complete
         end a abort v=1
         end a commit v=1
         end a as=1/1 abort v=1
         end a as=2/0 abort v=1
         end a id=y abort v=1
         end a id=none abort v=1",
        &expect![[r#"
            > init a
            a: SPARE NEEDED
            a: is 1/0
            > end a commit v=1
            a: INVALID_TXN_STATE
            > end a abort v=1
            a: INVALID_TXN_STATE
            > add a v=1 t0
            a: NONE
            > end a commit v=1
            > end a commit v=1
            a: CONCURRENT_TRANSACTIONS
            > end a abort v=1
            a: INVALID_TXN_STATE
            > work
            finisher: is to Commit x 1/0 vOne: t0
            > complete
            finisher: done
            a: ended
            > end a commit v=1
            a: ended
            > end a abort v=1
            a: INVALID_TXN_STATE
            > add a v=1 t0
            a: NONE
            > end a abort v=1
            > work
            finisher: is to Abort x 1/0 vOne: t0
            > complete
            finisher: done
            a: ended
            > end a abort v=1
            a: ended
            > end a commit v=1
            a: INVALID_TXN_STATE
            > end a as=1/1 abort v=1
            a: PRODUCER_FENCED
            > end a as=2/0 abort v=1
            a: INVALID_PRODUCER_ID_MAPPING
            > end a id=y abort v=1
            a: INVALID_PRODUCER_ID_MAPPING
            > end a id=none abort v=1
            a: INVALID_REQUEST
        "#]],
    );
}

#[test]
fn version_2_tells_a_repetition_by_the_epoch_that_was_given_up() {
    check(
        "init a
         add a t0
         end a commit
         end b as=1/0 commit
         end b as=1/0 abort
         # The epoch of the marker is nobody's yet.
         end b as=1/1 commit
         work
         complete
         end b as=1/0 commit
         end b as=1/0 abort
         # The next transaction is open: what comes late is not about it.
         add a t0
         end b as=1/0 commit
         end b as=1/2 commit
         end b as=2/1 commit
         describe",
        &expect![[r#"
            > init a
            a: SPARE NEEDED
            a: is 1/0
            > add a t0
            a: NONE
            > end a commit
            > end b as=1/0 commit
            b: CONCURRENT_TRANSACTIONS
            > end b as=1/0 abort
            b: INVALID_TXN_STATE
            > end b as=1/1 commit
            b: PRODUCER_FENCED
            > work
            finisher: is to Commit x 1/1 vTwo: t0
            > complete
            finisher: done
            a: ended, is 1/1
            > end b as=1/0 commit
            b: ended, is 1/1
            > end b as=1/0 abort
            b: INVALID_TXN_STATE
            > add a t0
            a: NONE
            > end b as=1/0 commit
            b: PRODUCER_FENCED
            > end b as=1/2 commit
            b: PRODUCER_FENCED
            > end b as=2/1 commit
            b: INVALID_PRODUCER_ID_MAPPING
            > describe
            -: Ongoing 1/1 timeout 60000 since 0: t0
        "#]],
    );
}

#[test]
fn an_empty_transaction_of_version_2_can_only_be_aborted() {
    check(
        "init a
         end a commit
         end a abort
         end a commit
         end a abort
         add a t0
         end a commit
         work
         complete
         end a commit
         end a abort
         end b as=1/3 abort
         end b as=1/3 commit
         end b as=1/1 abort
         describe",
        &expect![[r#"
            > init a
            a: SPARE NEEDED
            a: is 1/0
            > end a commit
            a: INVALID_TXN_STATE
            > end a abort
            a: ended, is 1/1
            > end a commit
            a: INVALID_TXN_STATE
            > end a abort
            a: ended, is 1/2
            > add a t0
            a: NONE
            > end a commit
            > work
            finisher: is to Commit x 1/3 vTwo: t0
            > complete
            finisher: done
            a: ended, is 1/3
            > end a commit
            a: INVALID_TXN_STATE
            > end a abort
            a: ended, is 1/4
            > end b as=1/3 abort
            b: ended, is 1/4
            > end b as=1/3 commit
            b: INVALID_TXN_STATE
            > end b as=1/1 abort
            b: PRODUCER_FENCED
            > describe
            -: CompleteAbort 1/4 timeout 60000 since 0:
        "#]],
    );
}

#[test]
fn a_claim_without_an_epoch_is_not_a_repetition() {
    check(
        "init a
         add a v=1 t0
         end a commit v=1
         work
         complete
         end b as=1/-1 commit
         end b as=-1/-1 commit",
        &expect![[r#"
            > init a
            a: SPARE NEEDED
            a: is 1/0
            > add a v=1 t0
            a: NONE
            > end a commit v=1
            > work
            finisher: is to Commit x 1/0 vOne: t0
            > complete
            finisher: done
            a: ended
            > end b as=1/-1 commit
            b: PRODUCER_FENCED
            > end b as=-1/-1 commit
            b: INVALID_PRODUCER_ID_MAPPING
        "#]],
    );
}

#[test]
fn the_producer_id_rotates_when_its_epochs_are_exhausted() {
    let mut world = World::new(Settings::default());
    world.run("init a");
    world.age(32_765);
    let lines = [
        "add a t0",
        "end a commit",
        "work",
        "complete",
        "add a t0",
        "end a commit",
        "end b as=1/32766 commit",
        "work",
        "complete",
        "end b as=1/32766 commit",
        "end b as=1/32766 abort",
        "end b as=1/32765 commit",
        "add a t0",
        "end b as=1/32766 commit",
        "describe",
    ];
    lines.iter().for_each(|line| world.run(line));
    expect![[r#"
        a: SPARE NEEDED
        a: is 1/0
        a: NONE
        finisher: is to Commit x 1/32766 vTwo: t0
        finisher: done
        a: ended, is 1/32766
        a: NONE
        a: SPARE NEEDED
        b: CONCURRENT_TRANSACTIONS
        finisher: is to Commit x 1/32767 vTwo: t0
        finisher: done
        a: ended, is 2/0
        b: ended, is 2/0
        b: INVALID_TXN_STATE
        b: INVALID_PRODUCER_ID_MAPPING
        a: NONE
        b: PRODUCER_FENCED
        -: Ongoing 2/0 timeout 60000 since 0: t0
    "#]]
    .assert_eq(world.output());
}
