//! Standbys, processes, and tasks that change their role.

use crate::group::tests::script::streams::TWO_MEMBERS;
use crate::group::tests::script::{check, check_after};
use expect_test::expect;

#[test]
fn standbys_go_to_other_processes_and_take_over() {
    check(
        "s-config delay=0 interval=0 standbys=1
         define 0:src=in,log=c 1:src=in
         s-topics in:2 c:2
         s-beat a
         s-beat b
         s-beat b
         s-beat a
         s-beat b
         s-beat a
         s-describe
         s-beat a epoch=-1
         s-beat b
         s-describe",
        &expect![[r#"
            > s-config delay=0 interval=0 standbys=1
            > define 0:src=in,log=c 1:src=in
            > s-topics in:2 c:2
            > s-beat a
            a: epoch 2 active 0.[0,1] 1.[0,1]
               asked to draw
            > s-beat b
            b: epoch 3 active standby 0.[0]
            > s-beat b
            b: epoch 3
            > s-beat a
            a: epoch 2 active 0.[0] 1.[0] standby 0.[1]
            > s-beat b
            b: epoch 3
            > s-beat a
            a: epoch 3
            > s-describe
            -: Reconciling epoch 3/3
               0: src=in rep= sink= log=c:2
               1: src=in rep= sink= log=
               a epoch 3 has [0.[0]1.[0] / 0.[1]] wants [0.[0]1.[0] / 0.[1]]
               b epoch 3 has [ / 0.[0]] wants [0.[1]1.[1] / 0.[0]]
            > s-beat a epoch=-1
            a: epoch -1
            > s-beat b
            b: epoch 4 active 0.[0,1] 1.[0,1]
            > s-describe
            -: Stable epoch 4/4
               0: src=in rep= sink= log=c:2
               1: src=in rep= sink= log=
               b epoch 4 has [0.[0,1]1.[0,1]] wants [0.[0,1]1.[0,1]]
        "#]],
    );
}

#[test]
fn members_of_one_process_do_not_keep_each_others_state() {
    check(
        "s-config delay=0 interval=0 standbys=1
         define 0:src=in,log=c
         s-topics in:2 c:2
         s-beat a process=p
         s-beat b process=p
         s-beat a
         s-beat b
         s-beat b
         s-describe
         s-beat c process=q
         s-beat a
         s-beat b
         s-beat c
         s-beat a
         s-beat b
         s-beat c
         s-describe",
        &expect![[r#"
            > s-config delay=0 interval=0 standbys=1
            > define 0:src=in,log=c
            > s-topics in:2 c:2
            > s-beat a process=p
            a: epoch 2 active 0.[0,1]
               asked to draw
            > s-beat b process=p
            b: epoch 3 active
            > s-beat a
            a: epoch 2 active 0.[0]
            > s-beat b
            b: epoch 3
            > s-beat b
            b: epoch 3
            > s-describe
            -: Reconciling epoch 3/3
               0: src=in rep= sink= log=c:2
               a epoch 2 has [0.[0]] wants [0.[0]]
               b epoch 3 has [] wants [0.[1]]
            > s-beat c process=q
            c: epoch 4 active standby 0.[0]
            > s-beat a
            a: epoch 4
            > s-beat b
            b: epoch 4 active standby 0.[1]
            > s-beat c
            c: epoch 4 active 0.[1] standby 0.[0]
            > s-beat a
            a: epoch 4
            > s-beat b
            b: epoch 4
            > s-beat c
            c: epoch 4
            > s-describe
            -: Stable epoch 4/4
               0: src=in rep= sink= log=c:2
               a epoch 4 has [0.[0]] wants [0.[0]]
               b epoch 4 has [ / 0.[1]] wants [ / 0.[1]]
               c epoch 4 has [0.[1] / 0.[0]] wants [0.[1] / 0.[0]]
        "#]],
    );
}

#[test]
fn standbys_can_be_turned_on_and_off() {
    check(
        "s-config delay=0 interval=0
         define 0:src=in,log=c
         s-topics in:1 c:1
         s-beat a
         s-beat b
         s-beat a
         s-describe
         s-config standbys=1
         s-beat a
         s-beat b
         s-describe
         s-config standbys=0
         s-beat a
         s-beat b
         s-beat b
         s-describe",
        &expect![[r#"
            > s-config delay=0 interval=0
            > define 0:src=in,log=c
            > s-topics in:1 c:1
            > s-beat a
            a: epoch 2 active 0.[0]
               asked to draw
            > s-beat b
            b: epoch 3 active
            > s-beat a
            a: epoch 3
            > s-describe
            -: Stable epoch 3/3
               0: src=in rep= sink= log=c:1
               a epoch 3 has [0.[0]] wants [0.[0]]
               b epoch 3 has [] wants []
            > s-config standbys=1
            > s-beat a
            a: epoch 4
            > s-beat b
            b: epoch 4 active standby 0.[0]
            > s-describe
            -: Stable epoch 4/4
               0: src=in rep= sink= log=c:1
               a epoch 4 has [0.[0]] wants [0.[0]]
               b epoch 4 has [ / 0.[0]] wants [ / 0.[0]]
            > s-config standbys=0
            > s-beat a
            a: epoch 5
            > s-beat b
            b: epoch 4 active
            > s-beat b
            b: epoch 5
            > s-describe
            -: Stable epoch 5/5
               0: src=in rep= sink= log=c:1
               a epoch 5 has [0.[0]] wants [0.[0]]
               b epoch 5 has [] wants []
        "#]],
    );
}

#[test]
fn who_has_most_of_the_state_takes_over() {
    check(
        "s-config delay=0 interval=0
         define 0:src=in,log=c
         s-topics in:1 c:1
         s-beat a
         s-beat b
         s-beat c
         s-beat a
         s-beat b offsets=0.0:10
         s-beat c offsets=0.0:99
         s-describe
         s-beat a epoch=-1
         s-beat b
         s-beat c
         s-describe",
        &expect![[r#"
            > s-config delay=0 interval=0
            > define 0:src=in,log=c
            > s-topics in:1 c:1
            > s-beat a
            a: epoch 2 active 0.[0]
               asked to draw
            > s-beat b
            b: epoch 3 active
            > s-beat c
            c: epoch 4 active
            > s-beat a
            a: epoch 4
            > s-beat b offsets=0.0:10
            b: epoch 4
            > s-beat c offsets=0.0:99
            c: epoch 4
            > s-describe
            -: Stable epoch 4/4
               0: src=in rep= sink= log=c:1
               a epoch 4 has [0.[0]] wants [0.[0]]
               b epoch 4 has [] wants [] 0.0@10
               c epoch 4 has [] wants [] 0.0@99
            > s-beat a epoch=-1
            a: epoch -1
            > s-beat b
            b: epoch 5
            > s-beat c
            c: epoch 5 active 0.[0]
            > s-describe
            -: Stable epoch 5/5
               0: src=in rep= sink= log=c:1
               b epoch 5 has [] wants [] 0.0@10
               c epoch 5 has [0.[0]] wants [0.[0]] 0.0@99
        "#]],
    );
}

#[test]
fn an_active_task_becomes_a_standby_where_it_is() {
    check(
        "s-config delay=0 interval=0 standbys=1
         define 0:src=in,log=c
         s-topics in:2 c:2
         s-beat a
         s-beat b
         s-beat a own=0.0,0.1
         s-describe
         s-beat a own=0.0
         s-beat b
         s-describe",
        &expect![[r#"
            > s-config delay=0 interval=0 standbys=1
            > define 0:src=in,log=c
            > s-topics in:2 c:2
            > s-beat a
            a: epoch 2 active 0.[0,1]
               asked to draw
            > s-beat b
            b: epoch 3 active standby 0.[0]
            > s-beat a own=0.0,0.1
            a: epoch 2 active 0.[0] standby 0.[1]
            > s-describe
            -: Reconciling epoch 3/3
               0: src=in rep= sink= log=c:2
               a epoch 2 has [0.[0] / 0.[1]] wants [0.[0] / 0.[1]]
               b epoch 3 has [ / 0.[0]] wants [0.[1] / 0.[0]]
            > s-beat a own=0.0
            a: epoch 3
            > s-beat b
            b: epoch 3 active 0.[1] standby 0.[0]
            > s-describe
            -: Stable epoch 3/3
               0: src=in rep= sink= log=c:2
               a epoch 3 has [0.[0] / 0.[1]] wants [0.[0] / 0.[1]]
               b epoch 3 has [0.[1] / 0.[0]] wants [0.[1] / 0.[0]]
        "#]],
    );
}

/// A client says what it has only where that differs from what it said last. Somebody whose last gift is taken back before
/// it took it would say nothing, and keep the others waiting until its rebalance timeout: the simulator found it.
#[test]
fn what_is_given_is_taken_back_only_when_the_member_said_that_it_has_it() {
    check_after(
        TWO_MEMBERS,
        "s-beat a
         s-beat a own=0.0
         s-beat b epoch=-1
         s-beat a own=? stand=?
         s-beat c
         s-beat a own=? stand=?
         s-beat a own=0.0,0.1
         s-beat a own=0.0
         s-beat c",
        &expect![[r#"
            > s-beat a
            a: epoch 2 active 0.[0]
            > s-beat a own=0.0
            a: epoch 3
            > s-beat b epoch=-1
            b: epoch -1
            > s-beat a own=? stand=?
            a: epoch 4 active 0.[0,1]
            > s-beat c
            c: epoch 5 active
            > s-beat a own=? stand=?
            a: epoch 4
            > s-beat a own=0.0,0.1
            a: epoch 4 active 0.[0]
            > s-beat a own=0.0
            a: epoch 5
            > s-beat c
            c: epoch 5 active 0.[1]
        "#]],
    );
}
