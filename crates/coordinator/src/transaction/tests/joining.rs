//! AddPartitionsToTxn, AddOffsetsToTxn, and writes that add or ask.

use super::script::check;
use expect_test::expect;

#[test]
fn only_the_present_owner_may_add() {
    check(
        "add a t0
         init a
         add a id=none t0
         add a as=2/0 t0
         add a as=1/1 t0
         add a as=1/-1 t0
         add a t0 t1 o3
         add a t0
         +1000
         add a t2
         describe",
        &expect![[r#"
            > add a t0
            a: INVALID_PRODUCER_ID_MAPPING
            > init a
            a: SPARE NEEDED
            a: is 1/0
            > add a id=none t0
            a: INVALID_REQUEST
            > add a as=2/0 t0
            a: INVALID_PRODUCER_ID_MAPPING
            > add a as=1/1 t0
            a: PRODUCER_FENCED
            > add a as=1/-1 t0
            a: PRODUCER_FENCED
            > add a t0 t1 o3
            a: NONE
            > add a t0
            a: NONE
            > +1000
            > add a t2
            a: NONE
            > describe
            -: Ongoing 1/0 timeout 60000 since 0: t0 t1 t2 o3
        "#]],
    );
}

#[test]
fn a_write_of_version_1_must_be_part_of_the_transaction() {
    check(
        "init a
         verify a t0
         add a v=1 t0
         verify a t0 t1
         verify a as=1/1 t0
         verify a as=2/0 t0
         end a commit v=1
         verify a t0
         work
         complete
         # What comes late does not open a transaction again.
         verify a t0",
        &expect![[r#"
            > init a
            a: SPARE NEEDED
            a: is 1/0
            > verify a t0
            a: TRANSACTION_ABORTABLE
            > add a v=1 t0
            a: NONE
            > verify a t0 t1
            a: NONE TRANSACTION_ABORTABLE
            > verify a as=1/1 t0
            a: PRODUCER_FENCED
            > verify a as=2/0 t0
            a: INVALID_PRODUCER_ID_MAPPING
            > end a commit v=1
            > verify a t0
            a: CONCURRENT_TRANSACTIONS
            > work
            finisher: is to Commit x 1/0 vOne: t0
            > complete
            finisher: done
            a: ended
            > verify a t0
            a: TRANSACTION_ABORTABLE
        "#]],
    );
}

#[test]
fn nothing_joins_while_the_transaction_ends() {
    check(
        "init a
         add a v=1 t0
         end a commit v=1
         add a v=1 t1
         init b
         work
         complete
         add a v=1 t1
         describe",
        &expect![[r#"
            > init a
            a: SPARE NEEDED
            a: is 1/0
            > add a v=1 t0
            a: NONE
            > end a commit v=1
            > add a v=1 t1
            a: CONCURRENT_TRANSACTIONS
            > init b
            b: CONCURRENT_TRANSACTIONS
            > work
            finisher: is to Commit x 1/0 vOne: t0
            > complete
            finisher: done
            a: ended
            > add a v=1 t1
            a: NONE
            > describe
            -: Ongoing 1/0 timeout 60000 since 0: t1
        "#]],
    );
}

#[test]
fn what_is_open_can_be_listed() {
    check(
        "init a
         init b id=y
         +1000
         add a t0
         +1000
         add b id=y t0
         list
         list state=Ongoing
         list state=Empty
         list pid=2
         list longer=999
         list longer=1000
         describe id=z",
        &expect![[r#"
            > init a
            a: SPARE NEEDED
            a: is 1/0
            > init b id=y
            b: SPARE NEEDED
            b: is 2/0
            > +1000
            > add a t0
            a: NONE
            > +1000
            > add b id=y t0
            b: NONE
            > list
            -: listed x=1/Ongoing y=2/Ongoing
            > list state=Ongoing
            state=Ongoing: listed x=1/Ongoing y=2/Ongoing
            > list state=Empty
            state=Empty: listed
            > list pid=2
            pid=2: listed y=2/Ongoing
            > list longer=999
            longer=999: listed x=1/Ongoing
            > list longer=1000
            longer=1000: listed
            > describe id=z
            id=z: no such id
        "#]],
    );
}
