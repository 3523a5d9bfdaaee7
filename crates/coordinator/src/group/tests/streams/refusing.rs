//! What is refused, and how.

use crate::group::tests::script::streams::TWO_MEMBERS;
use crate::group::tests::script::{check, check_after};
use expect_test::expect;

#[test]
fn a_member_of_another_epoch_is_fenced_unless_an_answer_was_lost() {
    check_after(
        TWO_MEMBERS,
        "# a learns of epoch 3 but the answer is lost: it speaks of epoch 2 again, and of nothing it does not have.
         s-beat a
         s-beat a own=0.0
         s-beat a epoch=2 own=0.0
         s-beat a epoch=2 own=0.0,0.1
         s-beat a epoch=2 own=?
         s-beat a epoch=99
         s-beat a epoch=1 own=",
        &expect![[r#"
            > s-beat a
            a: epoch 2 active 0.[0]
            > s-beat a own=0.0
            a: epoch 3
            > s-beat a epoch=2 own=0.0
            a: epoch 3
            > s-beat a epoch=2 own=0.0,0.1
            a: FENCED_MEMBER_EPOCH the member says epoch 2, which is older than 3, the one it was given: it has to give up its tasks and join again
            > s-beat a epoch=2 own=?
            a: INVALID_REQUEST active, standby and warm-up tasks are told together or not at all
            > s-beat a epoch=99
            a: FENCED_MEMBER_EPOCH the member says epoch 99, which is newer than 3, the one it was given: it has to give up its tasks and join again
            > s-beat a epoch=1 own=
            a: FENCED_MEMBER_EPOCH the member says epoch 1, which is older than 3, the one it was given: it has to give up its tasks and join again
        "#]],
    );
}

#[test]
fn strangers_are_told_to_join() {
    check(
        "s-config delay=0 interval=0
         s-beat a epoch=3
         s-beat a
         s-beat x epoch=3
         s-beat x epoch=-1
         s-beat a group=h epoch=-1
         s-describe group=h",
        &expect![[r#"
            > s-config delay=0 interval=0
            > s-beat a epoch=3
            a: GROUP_ID_NOT_FOUND there is no streams group g
            > s-beat a
            a: epoch 2 active 0.[0,1]
               asked to draw
            > s-beat x epoch=3
            x: UNKNOWN_MEMBER_ID group g has no member x: join it first
            > s-beat x epoch=-1
            x: UNKNOWN_MEMBER_ID group g has no member x: join it first
            > s-beat a group=h epoch=-1
            a: GROUP_ID_NOT_FOUND there is no streams group h
            > s-describe group=h
            -: GROUP_ID_NOT_FOUND there is no streams group h
        "#]],
    );
}

#[test]
fn a_full_group_takes_nobody_but_those_it_knows() {
    check(
        "s-config delay=0 interval=0 size=2
         s-beat a instance=i
         s-beat b
         s-beat c
         s-beat a instance=i epoch=-2
         s-beat d instance=i
         s-beat b epoch=0",
        &expect![[r#"
            > s-config delay=0 interval=0 size=2
            > s-beat a instance=i
            a: epoch 2 active 0.[0,1]
               asked to draw
            > s-beat b
            b: epoch 3 active
            > s-beat c
            c: GROUP_MAX_SIZE_REACHED the group has all 2 members that group.streams.max.size allows: raise it or start fewer instances
            > s-beat a instance=i epoch=-2
            a: epoch -2
            > s-beat d instance=i
            d: epoch 4 active 0.[0]
            > s-beat b epoch=0
            b: epoch 4 active 0.[1]
        "#]],
    );
}

#[test]
fn a_request_must_be_whole() {
    check(
        "s-beat a rebalance=-1
         s-beat a own=0.0
         s-beat a stand=0.0
         s-beat a no-topology
         s-beat a epoch=-3
         s-beat a epoch=-2
         s-beat a
         s-beat a epoch=1 own=? stand=?
         s-beat a epoch=1 own=?
         s-beat a own=7.0
         s-beat a own=0.2
         s-beat a own=0.-1
         s-beat a instance=
         s-beat a rack=
         s-beat a offsets=0.0:1,0.0:2",
        &expect![[r#"
            > s-beat a rebalance=-1
            a: INVALID_REQUEST who joins has to say its RebalanceTimeoutMs: that of max.poll.interval.ms
            > s-beat a own=0.0
            a: INVALID_REQUEST who joins has no active tasks: leave ActiveTasks empty
            > s-beat a stand=0.0
            a: INVALID_REQUEST who joins has no standby tasks: leave StandbyTasks empty
            > s-beat a no-topology
            a: INVALID_REQUEST who joins has to send its topology
            > s-beat a epoch=-3
            a: INVALID_REQUEST there is no member epoch -3: -2, -1 and those from 0 on mean something
            > s-beat a epoch=-2
            a: INVALID_REQUEST only a member with an InstanceId can leave for a moment (epoch -2): leave with -1
            > s-beat a
            a: epoch 1 active again in 3000
               status 5 tasks are shared out a little later, because of streams.initial.rebalance.delay.ms
               asked to draw
            > s-beat a epoch=1 own=? stand=?
            a: epoch 1 again in 3000
               status 5 tasks are shared out a little later, because of streams.initial.rebalance.delay.ms
            > s-beat a epoch=1 own=?
            a: INVALID_REQUEST active, standby and warm-up tasks are told together or not at all
            > s-beat a own=7.0
            a: INVALID_REQUEST the member has tasks of subtopology 7, which the group's topology does not have: give them up
            > s-beat a own=0.2
            a: INVALID_REQUEST subtopology 0 has 2 tasks, counted from 0: give up task 2, which is none of them
            > s-beat a own=0.-1
            a: INVALID_REQUEST subtopology 0 has 2 tasks, counted from 0: give up task -1, which is none of them
            > s-beat a instance=
            a: INVALID_REQUEST InstanceId cannot be empty: leave it out, or set group.instance.id
            > s-beat a rack=
            a: INVALID_REQUEST RackId cannot be empty: leave it out, or set client.rack
            > s-beat a offsets=0.0:1,0.0:2
            a: INVALID_REQUEST the offset of task 0_0 is told twice: tell it once
        "#]],
    );
}

#[test]
fn one_topology_holds_for_all_and_an_older_one_is_told_so() {
    check(
        "s-config delay=0 interval=0
         define 0:src=in
         s-topics in:2 other:2
         s-beat a topology-epoch=3
         s-beat b topology-epoch=2
         s-beat c topology-epoch=4
         define 0:src=other
         s-beat c topology-epoch=3
         # Also an empty group keeps its topology; deleting it is the way to another one.
         s-beat a epoch=-1
         s-beat b epoch=-1
         s-beat c topology-epoch=3
         delete
         s-beat c topology-epoch=3",
        &expect![[r#"
            > s-config delay=0 interval=0
            > define 0:src=in
            > s-topics in:2 other:2
            > s-beat a topology-epoch=3
            a: epoch 2 active 0.[0,1]
               asked to draw
            > s-beat b topology-epoch=2
            b: epoch 3 active
               status 0 this member runs the topology of epoch 2, and the group that of epoch 3: deploy the newer one here, too
            > s-beat c topology-epoch=4
            c: INVALID_REQUEST the group runs another topology, and cannot change it while it exists: stop all instances and delete the group, or give the changed application another application.id
            > define 0:src=other
            > s-beat c topology-epoch=3
            c: INVALID_REQUEST the group runs another topology, and cannot change it while it exists: stop all instances and delete the group, or give the changed application another application.id
            > s-beat a epoch=-1
            a: epoch -1
            > s-beat b epoch=-1
            b: epoch -1
            > s-beat c topology-epoch=3
            c: INVALID_REQUEST the group runs another topology, and cannot change it while it exists: stop all instances and delete the group, or give the changed application another application.id
            > delete
            -: deleted NONE
            > s-beat c topology-epoch=3
            c: epoch 2 active 0.[0,1]
               asked to draw
        "#]],
    );
}
