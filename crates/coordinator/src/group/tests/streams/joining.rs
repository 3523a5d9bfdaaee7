//! Members come, and tasks are shared out.

use crate::group::tests::script::check;
use expect_test::expect;

#[test]
fn the_first_assignment_waits_for_others_and_is_fetched_by_heartbeats() {
    check(
        "define 0:src=in,log=c
         s-topics in:4 c:4
         s-beat a
         +1000
         s-beat b
         s-describe
         +2000
         s-describe
         s-beat a
         s-beat b
         s-describe
         list
         list type=streams state=stable
         list state=empty",
        &expect![[r#"
            > define 0:src=in,log=c
            > s-topics in:4 c:4
            > s-beat a
            a: epoch 1 active again in 3000
               status 5 tasks are shared out a little later, because of streams.initial.rebalance.delay.ms
               asked to draw
            > +1000
            > s-beat b
            b: epoch 1 active again in 2000
               status 5 tasks are shared out a little later, because of streams.initial.rebalance.delay.ms
            > s-describe
            -: Assigning epoch 3/1
               0: src=in rep= sink= log=c:4
               a epoch 1 has [] wants []
               b epoch 1 has [] wants []
            > +2000
            > s-describe
            -: Reconciling epoch 3/3
               0: src=in rep= sink= log=c:4
               a epoch 1 has [] wants [0.[0,2]]
               b epoch 1 has [] wants [0.[1,3]]
            > s-beat a
            a: epoch 3 active 0.[0,2]
            > s-beat b
            b: epoch 3 active 0.[1,3]
            > s-describe
            -: Stable epoch 3/3
               0: src=in rep= sink= log=c:4
               a epoch 3 has [0.[0,2]] wants [0.[0,2]]
               b epoch 3 has [0.[1,3]] wants [0.[1,3]]
            > list
            -: listed g=streams/Stable/"streams"
            > list type=streams state=stable
            type=streams: listed g=streams/Stable/"streams"
            > list state=empty
            state=empty: listed
        "#]],
    );
}

#[test]
fn without_a_delay_the_first_member_has_everything_at_once() {
    check(
        "s-config delay=0
         s-beat a
         s-describe",
        &expect![[r#"
            > s-config delay=0
            > s-beat a
            a: epoch 2 active 0.[0,1]
               asked to draw
            > s-describe
            -: Stable epoch 2/2
               0: src=in rep= sink= log=
               a epoch 2 has [0.[0,1]] wants [0.[0,1]]
        "#]],
    );
}

#[test]
fn assignments_are_not_made_more_often_than_the_interval() {
    check(
        "s-config delay=0 interval=1000
         s-topics in:4
         s-beat a
         +999
         s-beat b
         +1
         s-beat b
         s-beat a",
        &expect![[r#"
            > s-config delay=0 interval=1000
            > s-topics in:4
            > s-beat a
            a: epoch 2 active 0.[0,1,2,3]
               asked to draw
            > +999
            > s-beat b
            b: epoch 2 active again in 1
               status 5 tasks are shared out a little later, because of streams.assignment.interval.ms
            > +1
            > s-beat b
            b: epoch 3
            > s-beat a
            a: epoch 2 active 0.[0,1]
        "#]],
    );
}

#[test]
fn what_a_member_had_goes_over_when_it_lets_go_and_not_before() {
    check(
        "s-config delay=0 interval=0
         s-topics in:4
         s-beat a
         s-beat b
         s-beat b
         s-beat a own=? stand=?
         s-describe
         s-beat b
         s-beat a
         s-beat b
         s-beat a
         s-beat b
         s-describe",
        &expect![[r#"
            > s-config delay=0 interval=0
            > s-topics in:4
            > s-beat a
            a: epoch 2 active 0.[0,1,2,3]
               asked to draw
            > s-beat b
            b: epoch 3 active
            > s-beat b
            b: epoch 3
            > s-beat a own=? stand=?
            a: epoch 2 active 0.[0,1]
            > s-describe
            -: Reconciling epoch 3/3
               0: src=in rep= sink= log=
               a epoch 2 has [0.[0,1]] wants [0.[0,1]]
               b epoch 3 has [] wants [0.[2,3]]
            > s-beat b
            b: epoch 3
            > s-beat a
            a: epoch 3
            > s-beat b
            b: epoch 3 active 0.[2,3]
            > s-beat a
            a: epoch 3
            > s-beat b
            b: epoch 3
            > s-describe
            -: Stable epoch 3/3
               0: src=in rep= sink= log=
               a epoch 3 has [0.[0,1]] wants [0.[0,1]]
               b epoch 3 has [0.[2,3]] wants [0.[2,3]]
        "#]],
    );
}

#[test]
fn a_member_that_says_it_still_has_something_keeps_it() {
    check(
        "s-config delay=0 interval=0
         s-topics in:2
         s-beat a
         s-beat b
         s-beat a own=0.0,0.1
         s-beat a own=0.0,0.1
         s-beat b
         s-beat a own=0.0
         s-beat b
         s-describe",
        &expect![[r#"
            > s-config delay=0 interval=0
            > s-topics in:2
            > s-beat a
            a: epoch 2 active 0.[0,1]
               asked to draw
            > s-beat b
            b: epoch 3 active
            > s-beat a own=0.0,0.1
            a: epoch 2 active 0.[0]
            > s-beat a own=0.0,0.1
            a: epoch 2 active 0.[0]
            > s-beat b
            b: epoch 3
            > s-beat a own=0.0
            a: epoch 3
            > s-beat b
            b: epoch 3 active 0.[1]
            > s-describe
            -: Stable epoch 3/3
               0: src=in rep= sink= log=
               a epoch 3 has [0.[0]] wants [0.[0]]
               b epoch 3 has [0.[1]] wants [0.[1]]
        "#]],
    );
}

#[test]
fn who_takes_too_long_to_let_go_is_out() {
    check(
        "s-config delay=0 interval=0
         s-topics in:2
         s-beat a rebalance=20000
         s-beat b
         s-beat a own=0.0,0.1
         +19999
         s-beat a own=0.0,0.1
         s-beat b
         +1
         s-beat b
         s-beat a
         s-beat a epoch=0
         s-describe",
        &expect![[r#"
            > s-config delay=0 interval=0
            > s-topics in:2
            > s-beat a rebalance=20000
            a: epoch 2 active 0.[0,1]
               asked to draw
            > s-beat b
            b: epoch 3 active
            > s-beat a own=0.0,0.1
            a: epoch 2 active 0.[0]
            > +19999
            > s-beat a own=0.0,0.1
            a: epoch 2 active 0.[0]
            > s-beat b
            b: epoch 3
            > +1
            > s-beat b
            b: epoch 4 active 0.[0,1]
            > s-beat a
            a: UNKNOWN_MEMBER_ID group g has no member a: join it first
            > s-beat a epoch=0
            a: epoch 5 active
            > s-describe
            -: Reconciling epoch 5/5
               0: src=in rep= sink= log=
               a epoch 5 has [] wants [0.[1]]
               b epoch 4 has [0.[0,1]] wants [0.[0]]
        "#]],
    );
}

#[test]
fn a_joining_member_that_is_known_is_told_all_it_has() {
    check(
        "s-config delay=0 interval=0
         s-topics in:2
         s-beat a
         s-beat a epoch=0
         s-beat a",
        &expect![[r#"
            > s-config delay=0 interval=0
            > s-topics in:2
            > s-beat a
            a: epoch 2 active 0.[0,1]
               asked to draw
            > s-beat a epoch=0
            a: epoch 2 active 0.[0,1]
            > s-beat a
            a: epoch 2
        "#]],
    );
}

#[test]
fn an_empty_classic_group_becomes_a_streams_group_and_back() {
    check(
        "s-config delay=0 interval=0
         commit x gen=-1 t:0=5
         describe
         s-beat a
         describe
         fetch - t:0
         join c v=3
         s-beat a epoch=-1
         join c v=3
         +3000
         sync c c=p0
         s-beat b
         s-describe
         leave c
         s-beat b
         list",
        &expect![[r#"
            > s-config delay=0 interval=0
            > commit x gen=-1 t:0=5
            x: committed t:0=NONE
            > describe
            -: Empty "" ""
            > s-beat a
            a: epoch 2 active 0.[0,1]
               asked to draw
            > describe
            -: no group
            > fetch - t:0
            -: fetched NONE t:0=5/-1/""
            > join c v=3
            c: INCONSISTENT_GROUP_PROTOCOL 
            > s-beat a epoch=-1
            a: epoch -1
            > join c v=3
            > +3000
            c: joined m2 gen 1 range leader m2 [m2]
            > sync c c=p0
            c: assigned "p0"
            > s-beat b
            b: GROUP_ID_NOT_FOUND there is no streams group g
            > s-describe
            -: GROUP_ID_NOT_FOUND there is no streams group g
            > leave c
            c: left NONE m2/-=NONE
            > s-beat b
            b: epoch 2 active 0.[0,1]
               asked to draw
            > list
            -: listed g=streams/Stable/"streams"
        "#]],
    );
}
