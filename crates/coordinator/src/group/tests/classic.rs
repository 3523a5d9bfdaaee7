//! The classic protocol: generations.

use super::script::{World, check};
use crate::group::{Reply, Settings};
use expect_test::expect;
use ottla_wire::ErrorCode;

#[test]
fn a_dynamic_member_needs_an_id_and_the_first_rebalance_waits_for_others() {
    check(
        "join a
         join a
         +1000
         join b
         join b
         +1999
         +1
         +3000
         sync b
         sync a a=p0 b=p1
         heartbeat a
         heartbeat b
         describe",
        &expect![[r#"
            > join a
            a: MEMBER_ID_REQUIRED m1
            > join a
            > +1000
            > join b
            b: MEMBER_ID_REQUIRED m3
            > join b
            > +1999
            > +1
            > +3000
            a: joined m1 gen 1 range leader m1 [m1 m3]
            b: joined m3 gen 1 range leader m1 []
            > sync b
            > sync a a=p0 b=p1
            a: assigned "p0"
            b: assigned "p1"
            > heartbeat a
            a: NONE
            > heartbeat b
            b: NONE
            > describe
            -: Stable "consumer" "range" m1="p0"/23 m3="p1"/23
        "#]],
    );
}

#[test]
fn the_first_wait_grows_with_newcomers_up_to_the_rebalance_timeout() {
    check(
        "join a v=3 rebalance=7000
         +2000
         join b v=3 rebalance=7000
         +3999
         join c v=3 rebalance=7000
         # 3000 + 3000 have passed; only 1000 of the rebalance timeout remain.
         +1
         +999
         +1",
        &expect![[r#"
            > join a v=3 rebalance=7000
            > +2000
            > join b v=3 rebalance=7000
            > +3999
            > join c v=3 rebalance=7000
            > +1
            > +999
            > +1
            a: joined m1 gen 1 range leader m1 [m1 m2 m3]
            b: joined m2 gen 1 range leader m1 []
            c: joined m3 gen 1 range leader m1 []
        "#]],
    );
}

#[test]
fn old_clients_join_at_once() {
    check(
        "join a v=3
         +3000
         sync a a=p0",
        &expect![[r#"
            > join a v=3
            > +3000
            a: joined m1 gen 1 range leader m1 [m1]
            > sync a a=p0
            a: assigned "p0"
        "#]],
    );
}

#[test]
fn a_join_makes_the_others_join_again_and_their_syncs_fail() {
    check(
        "join a v=3
         +3000
         sync a a=p0
         join b v=3
         heartbeat a
         sync a
         join a
         sync b
         # The leader has not assigned yet: a third member starts all over, and b's sync is answered.
         join c v=3
         heartbeat b
         join a
         join b
         describe",
        &expect![[r#"
            > join a v=3
            > +3000
            a: joined m1 gen 1 range leader m1 [m1]
            > sync a a=p0
            a: assigned "p0"
            > join b v=3
            > heartbeat a
            a: REBALANCE_IN_PROGRESS
            > sync a
            a: REBALANCE_IN_PROGRESS
            > join a
            a: joined m1 gen 2 range leader m1 [m1 m2]
            b: joined m2 gen 2 range leader m1 []
            > sync b
            > join c v=3
            b: REBALANCE_IN_PROGRESS
            > heartbeat b
            b: REBALANCE_IN_PROGRESS
            > join a
            > join b
            a: joined m1 gen 3 range leader m1 [m1 m2 m4]
            b: joined m2 gen 3 range leader m1 []
            c: joined m4 gen 3 range leader m1 []
            > describe
            -: CompletingRebalance "consumer" "" m1=""/0 m2=""/0 m4=""/0
        "#]],
    );
}

#[test]
fn who_does_not_join_again_in_time_is_out() {
    check(
        "join a v=3 session=30000 rebalance=20000
         +3000
         sync a a=p0
         join b v=3 session=30000 rebalance=20000
         +19999
         +1
         heartbeat a
         describe",
        &expect![[r#"
            > join a v=3 session=30000 rebalance=20000
            > +3000
            a: joined m1 gen 1 range leader m1 [m1]
            > sync a a=p0
            a: assigned "p0"
            > join b v=3 session=30000 rebalance=20000
            > +19999
            > +1
            b: joined m2 gen 2 range leader m2 [m2]
            > heartbeat a
            a: UNKNOWN_MEMBER_ID
            > describe
            -: CompletingRebalance "consumer" "" m2=""/0
        "#]],
    );
}

#[test]
fn the_protocol_is_the_one_most_prefer_of_those_all_know() {
    check(
        "join a v=3 protocols=range:t,sticky:t
         join b v=3 protocols=rr:t,sticky:t,range:t
         join c v=3 protocols=sticky:t,range:t
         +6000",
        &expect![[r#"
            > join a v=3 protocols=range:t,sticky:t
            > join b v=3 protocols=rr:t,sticky:t,range:t
            > join c v=3 protocols=sticky:t,range:t
            > +6000
            a: joined m1 gen 1 sticky leader m1 [m1 m2 m3]
            b: joined m2 gen 1 sticky leader m1 []
            c: joined m3 gen 1 sticky leader m1 []
        "#]],
    );
}

#[test]
fn who_shares_no_protocol_with_all_is_refused() {
    check(
        "join a v=3 protocols=range:t,sticky:t
         join b v=3 protocols=range:t
         join c v=3 protocols=sticky:t
         join c v=3 type=connect
         +6000
         join b protocols=sticky:t
         join c protocols=sticky:t",
        &expect![[r#"
            > join a v=3 protocols=range:t,sticky:t
            > join b v=3 protocols=range:t
            > join c v=3 protocols=sticky:t
            c: INCONSISTENT_GROUP_PROTOCOL 
            > join c v=3 type=connect
            c: INCONSISTENT_GROUP_PROTOCOL 
            > +6000
            a: joined m1 gen 1 range leader m1 [m1 m2]
            b: joined m2 gen 1 range leader m1 []
            > join b protocols=sticky:t
            b: INCONSISTENT_GROUP_PROTOCOL m2
            > join c protocols=sticky:t
            c: INCONSISTENT_GROUP_PROTOCOL 
        "#]],
    );
}

#[test]
fn a_group_takes_no_more_than_its_size() {
    check(
        "join a v=3
         join b v=3
         join c v=3
         join d v=3
         +6000
         join d v=3
         join d",
        &expect![[r#"
            > join a v=3
            > join b v=3
            > join c v=3
            > join d v=3
            d: GROUP_MAX_SIZE_REACHED 
            > +6000
            a: joined m1 gen 1 range leader m1 [m1 m2 m3]
            b: joined m2 gen 1 range leader m1 []
            c: joined m3 gen 1 range leader m1 []
            > join d v=3
            d: GROUP_MAX_SIZE_REACHED 
            > join d
            d: GROUP_MAX_SIZE_REACHED 
        "#]],
    );
}

#[test]
fn requests_that_make_no_sense_are_refused_and_leave_no_group() {
    check(
        "join a group=
         join a session=5999
         join a session=1800001
         join a id=nobody
         join a type=
         join a protocols=
         sync a group=
         sync a
         heartbeat a group=
         heartbeat a
         leave group= a
         leave a
         list",
        &expect![[r#"
            > join a group=
            a: INVALID_GROUP_ID 
            > join a session=5999
            a: INVALID_SESSION_TIMEOUT 
            > join a session=1800001
            a: INVALID_SESSION_TIMEOUT 
            > join a id=nobody
            a: UNKNOWN_MEMBER_ID nobody
            > join a type=
            a: INCONSISTENT_GROUP_PROTOCOL 
            > join a protocols=
            a: INCONSISTENT_GROUP_PROTOCOL 
            > sync a group=
            a: INVALID_GROUP_ID
            > sync a
            a: UNKNOWN_MEMBER_ID
            > heartbeat a group=
            a: INVALID_GROUP_ID
            > heartbeat a
            a: UNKNOWN_MEMBER_ID
            > leave group= a
            group=: left INVALID_GROUP_ID
            > leave a
            a: left NONE a/-=UNKNOWN_MEMBER_ID
            > list
            -: listed
        "#]],
    );
}

#[test]
fn a_pending_member_expires_after_its_session() {
    check(
        "join a
         +10000
         join a
         join a id=none
         leave a
         join a",
        &expect![[r#"
            > join a
            a: MEMBER_ID_REQUIRED m1
            > +10000
            > join a
            a: UNKNOWN_MEMBER_ID m1
            > join a id=none
            a: MEMBER_ID_REQUIRED m3
            > leave a
            a: left NONE m3/-=NONE
            > join a
            a: UNKNOWN_MEMBER_ID m3
        "#]],
    );
}

#[test]
fn a_pending_member_is_waited_for() {
    check(
        "join a v=3
         +3000
         sync a a=p0
         join b
         join a
         +9999
         +1",
        &expect![[r#"
            > join a v=3
            > +3000
            a: joined m1 gen 1 range leader m1 [m1]
            > sync a a=p0
            a: assigned "p0"
            > join b
            b: MEMBER_ID_REQUIRED m2
            > join a
            > +9999
            > +1
            a: joined m1 gen 2 range leader m1 [m1]
        "#]],
    );
}

#[test]
fn the_leader_joining_again_rebalances_and_a_follower_does_not() {
    check(
        "join a v=3
         join b v=3
         +6000
         sync a a=p0 b=p1
         sync b
         join b
         join b protocols=range:other
         join a
         sync a a=p0 b=p1
         sync b
         join a
         heartbeat b",
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
            > join b
            b: joined m2 gen 1 range leader m1 []
            > join b protocols=range:other
            > join a
            a: joined m1 gen 2 range leader m1 [m1 m2]
            b: joined m2 gen 2 range leader m1 []
            > sync a a=p0 b=p1
            a: assigned "p0"
            > sync b
            b: assigned "p1"
            > join a
            > heartbeat b
            b: REBALANCE_IN_PROGRESS
        "#]],
    );
}

#[test]
fn an_answer_that_was_lost_can_be_asked_for_again() {
    check(
        "join a v=3
         +3000
         join a
         sync a a=p0
         sync a",
        &expect![[r#"
            > join a v=3
            > +3000
            a: joined m1 gen 1 range leader m1 [m1]
            > join a
            a: joined m1 gen 1 range leader m1 [m1]
            > sync a a=p0
            a: assigned "p0"
            > sync a
            a: assigned "p0"
        "#]],
    );
}

#[test]
fn wrong_generations_and_protocols_are_refused() {
    check(
        "join a v=3
         +3000
         sync a gen=0
         sync a type=connect
         sync a protocol=sticky
         sync a type=consumer protocol=range a=p0
         heartbeat a gen=2
         heartbeat a id=nobody
         commit a gen=2 t:0=1",
        &expect![[r#"
            > join a v=3
            > +3000
            a: joined m1 gen 1 range leader m1 [m1]
            > sync a gen=0
            a: ILLEGAL_GENERATION
            > sync a type=connect
            a: INCONSISTENT_GROUP_PROTOCOL
            > sync a protocol=sticky
            a: INCONSISTENT_GROUP_PROTOCOL
            > sync a type=consumer protocol=range a=p0
            a: assigned "p0"
            > heartbeat a gen=2
            a: ILLEGAL_GENERATION
            > heartbeat a id=nobody
            a: UNKNOWN_MEMBER_ID
            > commit a gen=2 t:0=1
            a: committed t:0=ILLEGAL_GENERATION
        "#]],
    );
}

#[test]
fn ids_that_are_given_out_and_not_used_are_limited() {
    let mut world = World::new(Settings { size_max: 100_000, ..Settings::default() });
    let mut ask = || {
        let command = world.command("join", &["a", "id=none"]);
        match world.decide_only(command) {
            Some(Reply::Join(response)) => response.error_code,
            other => panic!("no answer: {other:?}"),
        }
    };
    for _ in 0..10_000 {
        assert_eq!(ask(), ErrorCode::MEMBER_ID_REQUIRED);
    }
    assert_eq!(ask(), ErrorCode::GROUP_MAX_SIZE_REACHED);
}
