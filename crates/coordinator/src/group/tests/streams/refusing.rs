//! What is refused, and how.

use crate::group::tests::script::check;
use expect_test::expect;

#[test]
fn a_member_of_another_epoch_is_fenced_unless_an_answer_was_lost() {
    check(
        "s-config delay=0 interval=0
         s-topics in:2
         s-beat a
         s-beat b
         # a learns of epoch 3 but the answer is lost: it speaks of epoch 2 again, and of nothing it does not have.
         s-beat a
         s-beat a own=0.0
         s-beat a epoch=2 own=0.0
         s-beat a epoch=2 own=0.0,0.1
         s-beat a epoch=2 own=?
         s-beat a epoch=99
         s-beat a epoch=1 own=",
        &expect![[r#"
            > s-config delay=0 interval=0
            > s-topics in:2
            > s-beat a
            a: epoch 2 active 0.[0,1]
               asked to draw
            > s-beat b
            b: epoch 3 active
            > s-beat a
            a: epoch 2 active 0.[0]
            > s-beat a own=0.0
            a: epoch 3
            > s-beat a epoch=2 own=0.0
            a: epoch 3
            > s-beat a epoch=2 own=0.0,0.1
            a: FENCED_MEMBER_EPOCH The streams group member has a smaller member epoch (2) than the one known by the group coordinator (3). The member must abandon all its partitions and rejoin.
            > s-beat a epoch=2 own=?
            a: INVALID_REQUEST If one task-type is non-null, all must be non-null.
            > s-beat a epoch=99
            a: FENCED_MEMBER_EPOCH The streams group member has a greater member epoch (99) than the one known by the group coordinator (3). The member must abandon all its partitions and rejoin.
            > s-beat a epoch=1 own=
            a: FENCED_MEMBER_EPOCH The streams group member has a smaller member epoch (1) than the one known by the group coordinator (3). The member must abandon all its partitions and rejoin.
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
            a: GROUP_ID_NOT_FOUND Group g is not a streams group.
            > s-beat a
            a: epoch 2 active 0.[0,1]
               asked to draw
            > s-beat x epoch=3
            x: UNKNOWN_MEMBER_ID Member x is not a member of group g.
            > s-beat x epoch=-1
            x: UNKNOWN_MEMBER_ID Member x is not a member of group g.
            > s-beat a group=h epoch=-1
            a: GROUP_ID_NOT_FOUND Group h is not a streams group.
            > s-describe group=h
            -: GROUP_ID_NOT_FOUND Group h is not a streams group.
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
            c: GROUP_MAX_SIZE_REACHED The streams group has reached its maximum capacity of 2 members.
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
            a: INVALID_REQUEST RebalanceTimeoutMs must be provided in first request.
            > s-beat a own=0.0
            a: INVALID_REQUEST ActiveTasks must be empty when (re-)joining.
            > s-beat a stand=0.0
            a: INVALID_REQUEST StandbyTasks must be empty when (re-)joining.
            > s-beat a no-topology
            a: INVALID_REQUEST Topology must be non-null when (re-)joining.
            > s-beat a epoch=-3
            a: INVALID_REQUEST MemberEpoch is -3, but must be greater than or equal to -2.
            > s-beat a epoch=-2
            a: INVALID_REQUEST InstanceId can't be null.
            > s-beat a
            a: epoch 1 active again in 3000
               status 5 Assignment delayed due to the configured initial rebalance delay.
               asked to draw
            > s-beat a epoch=1 own=? stand=?
            a: epoch 1 again in 3000
               status 5 Assignment delayed due to the configured initial rebalance delay.
            > s-beat a epoch=1 own=?
            a: INVALID_REQUEST If one task-type is non-null, all must be non-null.
            > s-beat a own=7.0
            a: INVALID_REQUEST Subtopology 7 does not exist in the topology.
            > s-beat a own=0.2
            a: INVALID_REQUEST Task 2 for subtopology 0 is invalid. Number of tasks for this subtopology: 2
            > s-beat a own=0.-1
            a: INVALID_REQUEST Task -1 for subtopology 0 is invalid. Number of tasks for this subtopology: 2
            > s-beat a instance=
            a: INVALID_REQUEST InstanceId can't be empty.
            > s-beat a rack=
            a: INVALID_REQUEST RackId can't be empty.
            > s-beat a offsets=0.0:1,0.0:2
            a: INVALID_REQUEST Task offsets contain a duplicate entry for subtopology 0 and partition 0.
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
               status 0 The member's topology epoch 2 is behind the group's topology epoch 3.
            > s-beat c topology-epoch=4
            c: INVALID_REQUEST Topology updates are not supported yet. To run a changed application, stop it and delete the group, or give it another application id.
            > define 0:src=other
            > s-beat c topology-epoch=3
            c: INVALID_REQUEST Topology updates are not supported yet. To run a changed application, stop it and delete the group, or give it another application id.
            > s-beat a epoch=-1
            a: epoch -1
            > s-beat b epoch=-1
            b: epoch -1
            > s-beat c topology-epoch=3
            c: INVALID_REQUEST Topology updates are not supported yet. To run a changed application, stop it and delete the group, or give it another application id.
            > delete
            -: deleted NONE
            > s-beat c topology-epoch=3
            c: epoch 2 active 0.[0,1]
               asked to draw
        "#]],
    );
}
