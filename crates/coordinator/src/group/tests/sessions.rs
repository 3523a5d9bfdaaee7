//! The classic protocol: deadlines and restarts.

use super::script::check;
use expect_test::expect;

#[test]
fn who_does_not_sync_in_time_is_out() {
    check(
        "join a v=3 rebalance=20000 session=60000
         join b v=3 rebalance=20000 session=60000
         +6000
         sync b
         +19999
         +1
         describe
         join b
         describe",
        &expect![[r#"
            > join a v=3 rebalance=20000 session=60000
            > join b v=3 rebalance=20000 session=60000
            > +6000
            a: joined m1 gen 1 range leader m1 [m1 m2]
            b: joined m2 gen 1 range leader m1 []
            > sync b
            > +19999
            > +1
            b: REBALANCE_IN_PROGRESS
            > describe
            -: PreparingRebalance "consumer" "" m2=""/0
            > join b
            b: joined m2 gen 2 range leader m2 [m2]
            > describe
            -: CompletingRebalance "consumer" "" m2=""/0
        "#]],
    );
}

#[test]
fn a_silent_member_expires_and_heartbeats_or_commits_keep_it() {
    check(
        "join a v=3
         join b v=3
         +6000
         sync a a=p0 b=p1
         sync b
         +9000
         heartbeat a
         commit b t:0=1
         +9000
         heartbeat a
         +1000
         heartbeat a
         join a
         +60000",
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
            > +9000
            > heartbeat a
            a: NONE
            > commit b t:0=1
            b: committed t:0=NONE
            > +9000
            > heartbeat a
            a: NONE
            > +1000
            > heartbeat a
            a: REBALANCE_IN_PROGRESS
            > join a
            a: joined m1 gen 2 range leader m1 [m1]
            > +60000
        "#]],
    );
}

#[test]
fn waiting_for_an_answer_is_not_silence() {
    check(
        "join a v=3 session=6000 rebalance=60000
         join b v=3 session=30000 rebalance=60000
         +6000
         sync a a=p0 b=p1
         sync b
         join a
         +25000
         join b",
        &expect![[r#"
            > join a v=3 session=6000 rebalance=60000
            > join b v=3 session=30000 rebalance=60000
            > +6000
            a: joined m1 gen 1 range leader m1 [m1 m2]
            b: joined m2 gen 1 range leader m1 []
            > sync a a=p0 b=p1
            a: assigned "p0"
            > sync b
            b: assigned "p1"
            > join a
            > +25000
            > join b
            a: joined m1 gen 2 range leader m1 [m1 m2]
            b: joined m2 gen 2 range leader m1 []
        "#]],
    );
}

#[test]
fn members_go_on_after_a_restart_without_a_rebalance() {
    check(
        "join a v=3
         join b v=3 instance=i1
         +6000
         sync a a=p0 b=p1
         sync b
         restart
         heartbeat a
         heartbeat b instance=i1
         sync b instance=i1
         commit a t:0=7
         describe
         +10000
         heartbeat a",
        &expect![[r#"
            > join a v=3
            > join b v=3 instance=i1
            > +6000
            a: joined m1 gen 1 range leader m1 [m1 m2]
            b: joined m2 gen 1 range leader m1 []
            > sync a a=p0 b=p1
            a: assigned "p0"
            > sync b
            b: assigned "p1"
            > restart
            > heartbeat a
            a: NONE
            > heartbeat b instance=i1
            b: NONE
            > sync b instance=i1
            b: assigned "p1"
            > commit a t:0=7
            a: committed t:0=NONE
            > describe
            -: Stable "consumer" "range" m1="p0"/23 m2="p1"/23
            > +10000
            > heartbeat a
            a: UNKNOWN_MEMBER_ID
        "#]],
    );
}

#[test]
fn a_generation_without_assignment_does_not_survive() {
    check(
        "join a v=3
         +3000
         restart
         describe
         sync a a=p0
         join a
         join a id=none v=3
         +3000",
        &expect![[r#"
            > join a v=3
            > +3000
            a: joined m1 gen 1 range leader m1 [m1]
            > restart
            > describe
            -: Empty "" ""
            > sync a a=p0
            a: UNKNOWN_MEMBER_ID
            > join a
            a: UNKNOWN_MEMBER_ID m1
            > join a id=none v=3
            > +3000
            a: joined m3 gen 1 range leader m3 [m3]
        "#]],
    );
}

#[test]
fn a_newcomer_does_not_wait_for_ever() {
    check(
        "join a v=3 session=1800000 rebalance=900000
         +3000
         sync a a=p0
         join b v=3 session=6000 rebalance=900000
         +299999
         +1
         join a
         describe",
        &expect![[r#"
            > join a v=3 session=1800000 rebalance=900000
            > +3000
            a: joined m1 gen 1 range leader m1 [m1]
            > sync a a=p0
            a: assigned "p0"
            > join b v=3 session=6000 rebalance=900000
            > +299999
            > +1
            b: UNKNOWN_MEMBER_ID 
            > join a
            a: joined m1 gen 2 range leader m1 [m1]
            > describe
            -: CompletingRebalance "consumer" "" m1="p0"/0
        "#]],
    );
}

#[test]
fn a_session_starts_with_the_answer() {
    check(
        "join a v=3
         join b v=3
         +6000
         sync b
         +9999
         sync a a=p0 b=p1
         +9999
         heartbeat a
         heartbeat b
         join c v=3
         join b
         join a
         +10000
         describe",
        &expect![[r#"
            > join a v=3
            > join b v=3
            > +6000
            a: joined m1 gen 1 range leader m1 [m1 m2]
            b: joined m2 gen 1 range leader m1 []
            > sync b
            > +9999
            > sync a a=p0 b=p1
            a: assigned "p0"
            b: assigned "p1"
            > +9999
            > heartbeat a
            a: NONE
            > heartbeat b
            b: NONE
            > join c v=3
            > join b
            > join a
            a: joined m1 gen 2 range leader m1 [m1 m2 m3]
            b: joined m2 gen 2 range leader m1 []
            c: joined m3 gen 2 range leader m1 []
            > +10000
            > describe
            -: Empty "consumer" ""
        "#]],
    );
}

#[test]
fn a_protocol_that_is_named_twice_counts_once() {
    check(
        "join a v=3 protocols=range:x,range:yy
         +3000
         sync a a=p0
         describe",
        &expect![[r#"
            > join a v=3 protocols=range:x,range:yy
            > +3000
            a: joined m1 gen 1 range leader m1 [m1]
            > sync a a=p0
            a: assigned "p0"
            > describe
            -: Stable "consumer" "range" m1="p0"/23
        "#]],
    );
}

#[test]
fn a_group_that_is_too_large_after_a_restart_rebalances() {
    check(
        "join a v=3
         join b v=3
         join c v=3
         +6000
         sync a a=p0 b=p1 c=p2
         restart size=2
         heartbeat a
         join c
         join b
         join a",
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
            > restart size=2
            > heartbeat a
            a: REBALANCE_IN_PROGRESS
            > join c
            > join b
            > join a
            a: GROUP_MAX_SIZE_REACHED 
            b: joined m2 gen 2 range leader m2 [m2 m3]
            c: joined m3 gen 2 range leader m2 []
        "#]],
    );
}
