//! Leaving, listing and deleting.

use super::script::check;
use expect_test::expect;

#[test]
fn leaving_rebalances_the_others_at_once() {
    check(
        "join a v=3
         join b v=3
         +6000
         sync a a=p0 b=p1
         sync b
         leave a
         heartbeat b
         join b
         leave a
         leave b
         describe
         list
         delete",
        &expect![[r#"
            > join a v=3
            > join b v=3
            > +6000
            a: joined m1 gen 1 range leader m1 [m1 m2]
            b: joined m2 gen 1 range leader m1 []
            > sync a a=p0 b=p1
            a: assigned "p0"
            > sync b
            b: assigned "p1"
            > leave a
            a: left NONE m1/-=NONE
            > heartbeat b
            b: REBALANCE_IN_PROGRESS
            > join b
            b: joined m2 gen 2 range leader m2 [m2]
            > leave a
            a: left NONE m1/-=UNKNOWN_MEMBER_ID
            > leave b
            b: left NONE m2/-=NONE
            > describe
            -: Empty "consumer" ""
            > list
            -: listed g=classic/Empty/"consumer"
            > delete
            -: deleted NONE
        "#]],
    );
}

#[test]
fn a_batch_of_members_leaves_each_with_its_own_answer() {
    check(
        "join a instance=i1
         join b v=3
         +6000
         sync a a=p0 b=p1
         leave /i1 b/i2 b /i2 nobody
         describe",
        &expect![[r#"
            > join a instance=i1
            > join b v=3
            > +6000
            b: joined m2 gen 1 range leader m1 []
            a: joined m1 gen 1 range leader m1 [m2 m1]
            > sync a a=p0 b=p1
            a: assigned "p0"
            > leave /i1 b/i2 b /i2 nobody
            /i1: left NONE /i1=NONE m2/i2=UNKNOWN_MEMBER_ID m2/-=NONE /i2=UNKNOWN_MEMBER_ID nobody/-=UNKNOWN_MEMBER_ID
            > describe
            -: Empty "consumer" ""
        "#]],
    );
}

#[test]
fn who_leaves_while_waiting_hears_it() {
    check(
        "join a v=3
         join b v=3
         +6000
         sync b
         leave b
         join a
         join b id=none v=3
         leave m4",
        &expect![[r#"
            > join a v=3
            > join b v=3
            > +6000
            a: joined m1 gen 1 range leader m1 [m1 m2]
            b: joined m2 gen 1 range leader m1 []
            > sync b
            > leave b
            b: UNKNOWN_MEMBER_ID
            b: left NONE m2/-=NONE
            > join a
            a: joined m1 gen 2 range leader m1 [m1]
            > join b id=none v=3
            > leave m4
            b: UNKNOWN_MEMBER_ID 
            m4: left NONE m4/-=NONE
        "#]],
    );
}

#[test]
fn a_pending_member_can_leave() {
    check(
        "join a
         leave a
         join a",
        &expect![[r#"
            > join a
            a: MEMBER_ID_REQUIRED m1
            > leave a
            a: left NONE m1/-=NONE
            > join a
            a: UNKNOWN_MEMBER_ID m1
        "#]],
    );
}

#[test]
fn groups_are_listed_by_state_and_type() {
    check(
        "join a v=3
         join b group=h type=connect v=3
         +3000
         sync a a=x
         commit c gen=-1 group=s t:0=1
         list
         list state=stable
         list state=Empty type=Classic
         list type=consumer
         list state=nonsense
         describe group=none",
        &expect![[r#"
            > join a v=3
            > join b group=h type=connect v=3
            > +3000
            a: joined m1 gen 1 range leader m1 [m1]
            b: joined m2 gen 1 range leader m2 [m2]
            > sync a a=x
            a: assigned "x"
            > commit c gen=-1 group=s t:0=1
            c: committed t:0=NONE
            > list
            -: listed g=classic/Stable/"consumer" h=classic/CompletingRebalance/"connect" s=classic/Empty/""
            > list state=stable
            state=stable: listed g=classic/Stable/"consumer"
            > list state=Empty type=Classic
            state=Empty: listed s=classic/Empty/""
            > list type=consumer
            type=consumer: listed
            > list state=nonsense
            state=nonsense: listed
            > describe group=none
            group=none: no group
        "#]],
    );
}

#[test]
fn only_empty_groups_are_deleted() {
    check(
        "delete
         join a v=3
         delete
         +3000
         sync a a=x
         commit a t:0=5
         delete
         leave a
         fetch - t:0
         delete
         fetch - t:0
         list",
        &expect![[r#"
            > delete
            -: deleted GROUP_ID_NOT_FOUND
            > join a v=3
            > delete
            -: deleted NON_EMPTY_GROUP
            > +3000
            a: joined m1 gen 1 range leader m1 [m1]
            > sync a a=x
            a: assigned "x"
            > commit a t:0=5
            a: committed t:0=NONE
            > delete
            -: deleted NON_EMPTY_GROUP
            > leave a
            a: left NONE m1/-=NONE
            > fetch - t:0
            -: fetched NONE t:0=5/-1/""
            > delete
            -: deleted NONE
            > fetch - t:0
            -: fetched NONE t:0=-1/-1/""
            > list
            -: listed
        "#]],
    );
}

#[test]
fn a_rebalance_ends_when_the_last_one_that_is_waited_for_leaves() {
    check(
        "join a v=3
         join b v=3
         join c v=3
         +6000
         sync a a=p0 b=p1 c=p2
         leave a
         join b
         leave c",
        &expect![[r#"
            > join a v=3
            > join b v=3
            > join c v=3
            > +6000
            a: joined m1 gen 1 range leader m1 [m1 m2 m3]
            b: joined m2 gen 1 range leader m1 []
            c: joined m3 gen 1 range leader m1 []
            > sync a a=p0 b=p1 c=p2
            a: assigned "p0"
            > leave a
            a: left NONE m1/-=NONE
            > join b
            > leave c
            c: left NONE m3/-=NONE
            b: joined m2 gen 2 range leader m2 [m2]
        "#]],
    );
}
