//! Static members.

use super::script::check;
use expect_test::expect;

#[test]
fn a_static_member_comes_back_without_a_rebalance() {
    check(
        "join a instance=i1
         join b instance=i2
         +6000
         sync a a=p0 b=p1
         sync b
         # The leader restarts: it is told not to assign again.
         join a2 instance=i1
         sync a2 instance=i1
         heartbeat b instance=i2
         # Its former self is fenced.
         heartbeat a instance=i1
         join a instance=i1
         sync a instance=i1
         commit a instance=i1 t:0=1
         # So does a follower.
         join b2 instance=i2
         sync b2 instance=i2
         heartbeat a2 instance=i1
         heartbeat a2 instance=unknown
         describe",
        &expect![[r#"
            > join a instance=i1
            > join b instance=i2
            > +6000
            a: joined m1 gen 1 range leader m1 [m1 m2]
            b: joined m2 gen 1 range leader m1 []
            > sync a a=p0 b=p1
            a: assigned "p0"
            > sync b
            b: assigned "p1"
            > join a2 instance=i1
            a2: joined m3 gen 1 range leader m3 skip [m3 m2]
            > sync a2 instance=i1
            a2: assigned "p0"
            > heartbeat b instance=i2
            b: NONE
            > heartbeat a instance=i1
            a: FENCED_INSTANCE_ID
            > join a instance=i1
            a: FENCED_INSTANCE_ID m1
            > sync a instance=i1
            a: FENCED_INSTANCE_ID
            > commit a instance=i1 t:0=1
            a: committed t:0=FENCED_INSTANCE_ID
            > join b2 instance=i2
            b2: joined m5 gen 1 range leader m3 []
            > sync b2 instance=i2
            b2: assigned "p1"
            > heartbeat a2 instance=i1
            a2: NONE
            > heartbeat a2 instance=unknown
            a2: UNKNOWN_MEMBER_ID
            > describe
            -: Stable "consumer" "range" m3="p0"/23 m5="p1"/23
        "#]],
    );
}

#[test]
fn before_version_9_a_static_leader_does_not_hear_that_it_leads() {
    check(
        "join a instance=i1 v=8
         +3000
         sync a a=p0
         join a2 instance=i1 v=8
         heartbeat a2 instance=i1",
        &expect![[r#"
            > join a instance=i1 v=8
            > +3000
            a: joined m1 gen 1 range leader m1 [m1]
            > sync a a=p0
            a: assigned "p0"
            > join a2 instance=i1 v=8
            a2: joined m2 gen 1 range leader m1 []
            > heartbeat a2 instance=i1
            a2: NONE
        "#]],
    );
}

#[test]
fn a_static_member_that_changes_the_elected_protocol_rebalances() {
    check(
        "join a instance=i1 protocols=range:t,sticky:t
         +3000
         sync a a=p0
         join a2 instance=i1 protocols=sticky:t
         join a3 instance=i1 protocols=other:t",
        &expect![[r#"
            > join a instance=i1 protocols=range:t,sticky:t
            > +3000
            a: joined m1 gen 1 range leader m1 [m1]
            > sync a a=p0
            a: assigned "p0"
            > join a2 instance=i1 protocols=sticky:t
            a2: joined m2 gen 2 sticky leader m2 [m2]
            > join a3 instance=i1 protocols=other:t
            a3: INCONSISTENT_GROUP_PROTOCOL 
        "#]],
    );
}

#[test]
fn a_static_member_replaced_while_it_waits_is_fenced() {
    check(
        "join a instance=i1
         +1000
         join a2 instance=i1
         +5000
         join b instance=i2
         join a2 instance=i1
         sync b instance=i2
         join b2 instance=i2
         join a2 instance=i1",
        &expect![[r#"
            > join a instance=i1
            > +1000
            > join a2 instance=i1
            a: FENCED_INSTANCE_ID m1
            > +5000
            a2: joined m2 gen 1 range leader m2 [m2]
            > join b instance=i2
            > join a2 instance=i1
            a2: joined m2 gen 2 range leader m2 [m2 m3]
            b: joined m3 gen 2 range leader m2 []
            > sync b instance=i2
            > join b2 instance=i2
            b: FENCED_INSTANCE_ID
            > join a2 instance=i1
            a2: joined m2 gen 3 range leader m2 [m2 m5]
            b2: joined m5 gen 3 range leader m2 []
        "#]],
    );
}

#[test]
fn an_absent_static_member_is_not_removed_by_a_rebalance_but_by_its_session() {
    check(
        "join a v=3 rebalance=20000 session=60000
         join b instance=i1 rebalance=20000 session=60000
         +6000
         sync a a=p0 b=p1
         sync b instance=i1
         join a rebalance=20000 session=60000
         +20000
         sync a a=p0 b=p1
         describe
         +20000
         describe",
        &expect![[r#"
            > join a v=3 rebalance=20000 session=60000
            > join b instance=i1 rebalance=20000 session=60000
            > +6000
            a: joined m1 gen 1 range leader m1 [m1 m2]
            b: joined m2 gen 1 range leader m1 []
            > sync a a=p0 b=p1
            a: assigned "p0"
            > sync b instance=i1
            b: assigned "p1"
            > join a rebalance=20000 session=60000
            > +20000
            a: joined m1 gen 2 range leader m1 [m1 m2]
            > sync a a=p0 b=p1
            a: assigned "p0"
            > describe
            -: Stable "consumer" "range" m1="p0"/23 m2="p1"/23
            > +20000
            > describe
            -: PreparingRebalance "consumer" "" m1="p0"/0
        "#]],
    );
}

#[test]
fn static_members_alone_are_waited_for() {
    check(
        "join a instance=i1 rebalance=6000 session=60000
         join b instance=i2 rebalance=6000 session=60000
         +6000
         sync a a=p0 b=p1
         sync b
         leave /i1
         +6000
         +6000
         describe
         join b instance=i2",
        &expect![[r#"
            > join a instance=i1 rebalance=6000 session=60000
            > join b instance=i2 rebalance=6000 session=60000
            > +6000
            a: joined m1 gen 1 range leader m1 [m1 m2]
            b: joined m2 gen 1 range leader m1 []
            > sync a a=p0 b=p1
            a: assigned "p0"
            > sync b
            b: assigned "p1"
            > leave /i1
            /i1: left NONE /i1=NONE
            > +6000
            > +6000
            > describe
            -: PreparingRebalance "consumer" "" m2="p1"/0
            > join b instance=i2
            b: joined m2 gen 2 range leader m2 [m2]
        "#]],
    );
}

#[test]
fn a_static_member_that_owed_a_sync_owes_it_under_its_new_id() {
    check(
        "join a instance=i1 rebalance=20000 session=60000
         join b instance=i2 rebalance=20000 session=60000
         +6000
         sync a a=p0 b=p1
         join b2 instance=i2 rebalance=20000 session=60000
         +19999
         heartbeat a instance=i1
         +1
         heartbeat a instance=i1",
        &expect![[r#"
            > join a instance=i1 rebalance=20000 session=60000
            > join b instance=i2 rebalance=20000 session=60000
            > +6000
            a: joined m1 gen 1 range leader m1 [m1 m2]
            b: joined m2 gen 1 range leader m1 []
            > sync a a=p0 b=p1
            a: assigned "p0"
            > join b2 instance=i2 rebalance=20000 session=60000
            b2: joined m3 gen 1 range leader m1 []
            > +19999
            > heartbeat a instance=i1
            a: NONE
            > +1
            > heartbeat a instance=i1
            a: REBALANCE_IN_PROGRESS
        "#]],
    );
}

#[test]
fn a_static_member_comes_back_with_a_whole_session() {
    check(
        "join a instance=i1
         +3000
         sync a a=p0
         +9000
         join a2 instance=i1
         +9999
         heartbeat a2 instance=i1",
        &expect![[r#"
            > join a instance=i1
            > +3000
            a: joined m1 gen 1 range leader m1 [m1]
            > sync a a=p0
            a: assigned "p0"
            > +9000
            > join a2 instance=i1
            a2: joined m2 gen 1 range leader m2 skip [m2]
            > +9999
            > heartbeat a2 instance=i1
            a2: NONE
        "#]],
    );
}

#[test]
fn a_static_member_that_restarts_while_it_waits_may_be_silent() {
    check(
        "join a instance=i1 session=6000
         join a2 instance=i1 session=6000
         +2500
         join b v=3
         +3000
         join c v=3
         +3499
         +1",
        &expect![[r#"
            > join a instance=i1 session=6000
            > join a2 instance=i1 session=6000
            a: FENCED_INSTANCE_ID m1
            > +2500
            > join b v=3
            > +3000
            > join c v=3
            > +3499
            > +1
            b: joined m3 gen 1 range leader m2 []
            c: joined m4 gen 1 range leader m2 []
            a2: joined m2 gen 1 range leader m2 [m3 m4 m2]
        "#]],
    );
}
