//! What a crash does to transactions.

use super::script::check;
use expect_test::expect;

#[test]
fn what_is_prepared_is_work_again() {
    check(
        "init a
         add a t0 o3
         end a commit
         work
         restart
         work
         complete
         # The one who asked did not hear the answer.
         end a commit
         describe",
        &expect![[r#"
            > init a
            a: SPARE NEEDED
            a: is 1/0
            > add a t0 o3
            a: NONE
            > end a commit
            > work
            finisher: is to Commit x 1/1 vTwo: t0 o3
            > restart
            > work
            finisher: is to Commit x 1/1 vTwo: t0 o3
            > complete
            finisher: done
            > end a commit
            a: ended, is 1/1
            > describe
            -: CompleteCommit 1/1 timeout 60000 since 0:
        "#]],
    );
}

#[test]
fn what_is_complete_stays_complete() {
    check(
        "init a
         add a t0
         end a abort
         work
         complete
         restart
         work
         describe
         add a t0
         restart
         add a t1
         end a commit",
        &expect![[r#"
            > init a
            a: SPARE NEEDED
            a: is 1/0
            > add a t0
            a: NONE
            > end a abort
            > work
            finisher: is to Abort x 1/1 vTwo: t0
            > complete
            finisher: done
            a: ended, is 1/1
            > restart
            > work
            > describe
            -: CompleteAbort 1/1 timeout 60000 since 0:
            > add a t0
            a: NONE
            > restart
            > add a t1
            a: NONE
            > end a commit
        "#]],
    );
}

#[test]
fn what_is_open_stays_open_for_the_rest_of_its_time() {
    check(
        "init a timeout=5000
         add a t0
         +3000
         restart
         work
         +1999
         describe
         +1
         restart
         describe",
        &expect![[r#"
            > init a timeout=5000
            a: SPARE NEEDED
            a: is 1/0
            > add a t0
            a: NONE
            > +3000
            > restart
            > work
            > +1999
            > describe
            -: Ongoing 1/0 timeout 5000 since 0: t0
            > +1
            finisher: is to Abort x 1/1 vTwo: t0
            > restart
            > describe
            -: PrepareAbort 1/1 timeout 5000 since 0: t0
        "#]],
    );
}

#[test]
fn news_of_the_past_changes_nothing() {
    check(
        "init a
         add a t0
         complete-as 1/0
         complete-as 1/1
         end a commit
         complete-as 1/0
         describe
         complete-as 1/1
         complete-as 1/1
         describe",
        &expect![[r#"
            > init a
            a: SPARE NEEDED
            a: is 1/0
            > add a t0
            a: NONE
            > complete-as 1/0
            finisher: done
            > complete-as 1/1
            finisher: done
            > end a commit
            > complete-as 1/0
            finisher: done
            > describe
            -: PrepareCommit 1/1 timeout 60000 since 0: t0
            > complete-as 1/1
            finisher: done
            a: ended, is 1/1
            > complete-as 1/1
            finisher: done
            > describe
            -: CompleteCommit 1/1 timeout 60000 since 0:
        "#]],
    );
}

#[test]
fn a_write_that_nobody_was_told_of_joins_the_transaction() {
    check(
        "init a
         # The first write of all.
         reconcile t0=1/0
         describe
         reconcile t0=1/0
         # One more in an open transaction.
         reconcile t1=1/0
         describe
         end a commit
         work
         complete
         # The first of the next one; and what only an older producer can have written.
         reconcile t0=1/1
         reconcile t1=1/0
         describe",
        &expect![[r#"
            > init a
            a: SPARE NEEDED
            a: is 1/0
            > reconcile t0=1/0
            t0=1/0: knows [0], orphans [], 0 prepared
            > describe
            -: Ongoing 1/0 timeout 60000 since 0: t0
            > reconcile t0=1/0
            t0=1/0: knows [0], orphans [], 0 prepared
            > reconcile t1=1/0
            t1=1/0: knows [0], orphans [], 0 prepared
            > describe
            -: Ongoing 1/0 timeout 60000 since 0: t0 t1
            > end a commit
            > work
            finisher: is to Commit x 1/1 vTwo: t0 t1
            > complete
            finisher: done
            a: ended, is 1/1
            > reconcile t0=1/1
            t0=1/1: knows [0], orphans [], 0 prepared
            > reconcile t1=1/0
            t1=1/0: knows [], orphans [0], 0 prepared
            > describe
            -: Ongoing 1/1 timeout 60000 since 0: t0
        "#]],
    );
}

#[test]
fn what_is_open_without_an_owner_is_not_known() {
    check(
        "init a
         reconcile t0=1/1
         reconcile t0=7/0
         add a v=1 t0
         reconcile t0=1/0
         # Under version 1 a producer writes only when it was told that it may.
         reconcile t1=1/0
         end a commit v=1
         work
         complete
         reconcile t0=1/0
         describe",
        &expect![[r#"
            > init a
            a: SPARE NEEDED
            a: is 1/0
            > reconcile t0=1/1
            t0=1/1: knows [], orphans [0], 0 prepared
            > reconcile t0=7/0
            t0=7/0: knows [], orphans [], 0 prepared
            > add a v=1 t0
            a: NONE
            > reconcile t0=1/0
            t0=1/0: knows [0], orphans [], 0 prepared
            > reconcile t1=1/0
            t1=1/0: knows [], orphans [0], 0 prepared
            > end a commit v=1
            > work
            finisher: is to Commit x 1/0 vOne: t0
            > complete
            finisher: done
            a: ended
            > reconcile t0=1/0
            t0=1/0: knows [], orphans [0], 0 prepared
            > describe
            -: CompleteCommit 1/0 timeout 60000 since 0:
        "#]],
    );
}
