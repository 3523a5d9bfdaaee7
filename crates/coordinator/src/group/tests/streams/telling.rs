//! What heartbeats and descriptions tell besides tasks.

use crate::group::tests::script::streams::TWO_MEMBERS;
use crate::group::tests::script::{check, check_after};
use expect_test::expect;

#[test]
fn those_who_can_be_asked_for_state_are_told_to_all() {
    check(
        "s-config delay=0 interval=0
         define 0:src=in+wide,log=c
         s-topics in:1 wide:2 c:2
         s-beat a endpoint=h:80
         s-beat a told=1
         s-beat b
         s-beat b told=1
         s-beat a own=0.0 told=1
         s-beat b told=2
         s-beat b told=2
         s-beat a epoch=-1
         s-beat b told=2",
        &expect![[r#"
            > s-config delay=0 interval=0
            > define 0:src=in+wide,log=c
            > s-topics in:1 wide:2 c:2
            > s-beat a endpoint=h:80
            a: epoch 2 active 0.[0,1]
               endpoints 1 h:80 in[0] wide[0, 1]
               asked to draw
            > s-beat a told=1
            a: epoch 2
            > s-beat b
            b: epoch 3 active
               endpoints 1 h:80 in[0] wide[0, 1]
            > s-beat b told=1
            b: epoch 3
            > s-beat a own=0.0 told=1
            a: epoch 3 active 0.[0]
               endpoints 2 h:80 in[0] wide[0]
            > s-beat b told=2
            b: epoch 3 active 0.[1]
            > s-beat b told=2
            b: epoch 3
            > s-beat a epoch=-1
            a: epoch -1
            > s-beat b told=2
            b: epoch 4 active 0.[0,1]
               endpoints 3
        "#]],
    );
}

#[test]
fn tags_that_are_asked_for_and_lacking_are_named() {
    check(
        "s-config delay=0 interval=0 tags=zone+rack
         s-beat a tags=zone:z1
         s-beat a v=0
         s-beat a tags=zone:z1,rack:r1
         s-config tags=zone
         s-beat a",
        &expect![[r#"
            > s-config delay=0 interval=0 tags=zone+rack
            > s-beat a tags=zone:z1
            a: epoch 2 active 0.[0,1]
               status 6 standby tasks are spread by tags that this member does not have: rack; set client.tag.NAME for each in its configuration
               asked to draw
            > s-beat a v=0
            a: epoch 2
            > s-beat a tags=zone:z1,rack:r1
            a: epoch 3
            > s-config tags=zone
            > s-beat a
            a: epoch 4
        "#]],
    );
}

#[test]
fn a_drawing_must_be_of_this_topology_and_by_a_member() {
    check(
        "s-config delay=0 interval=0 session=600000
         s-beat a rebalance=600000
         s-draw a epoch=1
         s-draw x
         s-draw a kind=9
         s-draw a group=h
         s-describe drawn",
        &expect![[r#"
            > s-config delay=0 interval=0 session=600000
            > s-beat a rebalance=600000
            a: epoch 2 active 0.[0,1]
               asked to draw
            > s-draw a epoch=1
            a: INVALID_REQUEST the description is of topology epoch 1, and the group is at 0: send that of the present topology
            > s-draw x
            x: UNKNOWN_MEMBER_ID group g has no member x: join it first
            > s-draw a kind=9
            a: INVALID_REQUEST a node of the topology has the unknown type 9: 1 is a source, 2 a processor, 3 a sink
            > s-draw a group=h
            a: GROUP_ID_NOT_FOUND there is no streams group h
            > s-describe drawn
            -: Stable epoch 2/2
               0: src=in rep= sink= log=
               a epoch 2 has [0.[0,1]] wants [0.[0,1]]
               drawing 1
        "#]],
    );
}

#[test]
fn a_drawing_is_asked_for_until_it_comes() {
    check(
        "s-config delay=0 interval=0 session=600000
         s-beat a rebalance=600000
         s-beat b v=0
         +29999
         s-beat a
         +1
         s-beat b
         +59999
         s-beat a
         +1
         s-beat a
         s-draw a
         s-beat a
         s-describe drawn
         restart
         s-describe drawn",
        &expect![[r#"
            > s-config delay=0 interval=0 session=600000
            > s-beat a rebalance=600000
            a: epoch 2 active 0.[0,1]
               asked to draw
            > s-beat b v=0
            b: epoch 3 active
            > +29999
            > s-beat a
            a: epoch 2 active 0.[0]
            > +1
            > s-beat b
            b: epoch 3
               asked to draw
            > +59999
            > s-beat a
            a: epoch 3
            > +1
            > s-beat a
            a: epoch 3
               asked to draw
            > s-draw a
            a: NONE
            > s-beat a
            a: epoch 3
            > s-describe drawn
            -: Reconciling epoch 3/3
               0: src=in rep= sink= log=
               a epoch 3 has [0.[0]] wants [0.[0]]
               b epoch 3 has [] wants [0.[1]]
               drawn ["source", "count"]
            > restart
            > s-describe drawn
            -: Reconciling epoch 3/3
               0: src=in rep= sink= log=
               a epoch 3 has [0.[0]] wants [0.[0]]
               b epoch 3 has [] wants [0.[1]]
               drawn ["source", "count"]
        "#]],
    );
}

#[test]
fn offsets_of_tasks_are_told_on() {
    check(
        "s-config delay=0 interval=0
         define 0:src=in,log=c
         s-topics in:2 c:2
         s-beat a offsets=0.0:5,0.1:7
         s-describe
         s-beat a
         s-describe
         s-beat a offsets=0.0:6
         s-describe",
        &expect![[r#"
            > s-config delay=0 interval=0
            > define 0:src=in,log=c
            > s-topics in:2 c:2
            > s-beat a offsets=0.0:5,0.1:7
            a: epoch 2 active 0.[0,1]
               asked to draw
            > s-describe
            -: Stable epoch 2/2
               0: src=in rep= sink= log=c:2
               a epoch 2 has [0.[0,1]] wants [0.[0,1]] 0.0@5 0.1@7
            > s-beat a
            a: epoch 2
            > s-describe
            -: Stable epoch 2/2
               0: src=in rep= sink= log=c:2
               a epoch 2 has [0.[0,1]] wants [0.[0,1]] 0.0@5 0.1@7
            > s-beat a offsets=0.0:6
            a: epoch 2
            > s-describe
            -: Stable epoch 2/2
               0: src=in rep= sink= log=c:2
               a epoch 2 has [0.[0,1]] wants [0.[0,1]] 0.0@6
        "#]],
    );
}

/// The answer that gave b its task was lost, and so was the one that took a task from a: both only know what they had.
#[test]
fn who_has_not_heard_what_it_has_is_told_again() {
    check_after(
        TWO_MEMBERS,
        "s-beat a own=0.0,0.1
         s-beat a own=0.0,0.1
         s-beat a own=0.0
         s-beat b
         s-beat b own=
         s-beat b own=? stand=?
         s-beat b own=0.1",
        &expect![[r#"
            > s-beat a own=0.0,0.1
            a: epoch 2 active 0.[0]
            > s-beat a own=0.0,0.1
            a: epoch 2 active 0.[0]
            > s-beat a own=0.0
            a: epoch 3
            > s-beat b
            b: epoch 3 active 0.[1]
            > s-beat b own=
            b: epoch 3 active 0.[1]
            > s-beat b own=? stand=?
            b: epoch 3
            > s-beat b own=0.1
            b: epoch 3
        "#]],
    );
}
