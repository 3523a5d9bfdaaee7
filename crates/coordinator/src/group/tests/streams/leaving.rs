//! Members go, for good or for a moment.

use crate::group::tests::script::streams::TWO_MEMBERS;
use crate::group::tests::script::{check, check_after};
use expect_test::expect;

#[test]
fn what_a_member_had_is_free_when_it_leaves() {
    check_after(
        TWO_MEMBERS,
        "s-beat a own=0.0
         s-beat b
         s-beat a epoch=-1
         s-beat b
         s-describe
         s-beat b epoch=-1
         s-describe
         # The group was empty: its next member waits for others again.
         s-config delay=3000
         s-beat a
         +3000
         s-beat a",
        &expect![[r#"
            > s-beat a own=0.0
            a: epoch 3 active 0.[0]
            > s-beat b
            b: epoch 3 active 0.[1]
            > s-beat a epoch=-1
            a: epoch -1
            > s-beat b
            b: epoch 4 active 0.[0,1]
            > s-describe
            -: Stable epoch 4/4
               0: src=in rep= sink= log=
               b epoch 4 has [0.[0,1]] wants [0.[0,1]]
            > s-beat b epoch=-1
            b: epoch -1
            > s-describe
            -: Empty epoch 5/5
               0: src=in rep= sink= log=
            > s-config delay=3000
            > s-beat a
            a: epoch 5 active again in 3000
               status 5 tasks are shared out a little later, because of streams.initial.rebalance.delay.ms
            > +3000
            > s-beat a
            a: epoch 6 active 0.[0,1]
        "#]],
    );
}

#[test]
fn a_silent_member_is_out() {
    check(
        "s-config delay=0 interval=0 session=45000
         s-topics in:2
         s-beat a
         s-beat b
         +44999
         s-beat b
         +1
         s-beat a
         s-beat b
         s-describe",
        &expect![[r#"
            > s-config delay=0 interval=0 session=45000
            > s-topics in:2
            > s-beat a
            a: epoch 2 active 0.[0,1]
               asked to draw
            > s-beat b
            b: epoch 3 active
            > +44999
            > s-beat b
            b: epoch 3
               asked to draw
            > +1
            > s-beat a
            a: UNKNOWN_MEMBER_ID group g has no member a: join it first
            > s-beat b
            b: epoch 4 active 0.[0,1]
            > s-describe
            -: Stable epoch 4/4
               0: src=in rep= sink= log=
               b epoch 4 has [0.[0,1]] wants [0.[0,1]]
        "#]],
    );
}

#[test]
fn a_restart_loses_nothing_and_gives_everybody_a_whole_session() {
    check_after(
        TWO_MEMBERS,
        "s-beat a own=0.0,0.1
         +30000
         restart
         s-describe
         +44000
         s-beat a
         s-beat b
         s-describe
         +1000
         s-describe",
        &expect![[r#"
            > s-beat a own=0.0,0.1
            a: epoch 2 active 0.[0]
            > +30000
            > restart
            > s-describe
            -: Reconciling epoch 3/3
               0: src=in rep= sink= log=
               a epoch 2 has [0.[0]] wants [0.[0]]
               b epoch 3 has [] wants [0.[1]]
            > +44000
            > s-beat a
            a: epoch 3
               asked to draw
            > s-beat b
            b: epoch 3 active 0.[1]
            > s-describe
            -: Stable epoch 3/3
               0: src=in rep= sink= log=
               a epoch 3 has [0.[0]] wants [0.[0]]
               b epoch 3 has [0.[1]] wants [0.[1]]
            > +1000
            > s-describe
            -: Stable epoch 3/3
               0: src=in rep= sink= log=
               a epoch 3 has [0.[0]] wants [0.[0]]
               b epoch 3 has [0.[1]] wants [0.[1]]
        "#]],
    );
}

#[test]
fn a_static_member_comes_back_to_what_it_had() {
    check(
        "s-config delay=0 interval=0
         s-topics in:2
         s-beat a instance=i
         s-beat b instance=j
         s-beat a instance=i own=0.0
         s-beat b instance=j
         s-beat a instance=i epoch=-2
         s-describe
         s-beat c instance=i process=p-a
         s-describe
         s-beat a instance=i
         s-beat c instance=i epoch=-1
         s-describe",
        &expect![[r#"
            > s-config delay=0 interval=0
            > s-topics in:2
            > s-beat a instance=i
            a: epoch 2 active 0.[0,1]
               asked to draw
            > s-beat b instance=j
            b: epoch 3 active
            > s-beat a instance=i own=0.0
            a: epoch 3 active 0.[0]
            > s-beat b instance=j
            b: epoch 3 active 0.[1]
            > s-beat a instance=i epoch=-2
            a: epoch -2
            > s-describe
            -: Reconciling epoch 3/3
               0: src=in rep= sink= log=
               a epoch -2 (i) has [0.[0]] wants [0.[0]]
               b epoch 3 (j) has [0.[1]] wants [0.[1]]
            > s-beat c instance=i process=p-a
            c: epoch 3 active 0.[0]
            > s-describe
            -: Stable epoch 3/3
               0: src=in rep= sink= log=
               b epoch 3 (j) has [0.[1]] wants [0.[1]]
               c epoch 3 (i) has [0.[0]] wants [0.[0]]
            > s-beat a instance=i
            a: UNRELEASED_INSTANCE_ID group.instance.id i belongs to member c, which still lives: give a another one, or stop the other first
            > s-beat c instance=i epoch=-1
            c: epoch -1
            > s-describe
            -: Assigning epoch 4/3
               0: src=in rep= sink= log=
               b epoch 3 (j) has [0.[1]] wants [0.[1]]
        "#]],
    );
}

#[test]
fn an_instance_id_has_one_owner() {
    check(
        "s-config delay=0 interval=0
         s-beat a instance=i
         s-beat b instance=i
         s-beat b instance=k epoch=3
         s-beat x instance=i epoch=-1
         s-beat x instance=i epoch=-2
         s-beat a instance=i epoch=-1",
        &expect![[r#"
            > s-config delay=0 interval=0
            > s-beat a instance=i
            a: epoch 2 active 0.[0,1]
               asked to draw
            > s-beat b instance=i
            b: UNRELEASED_INSTANCE_ID group.instance.id i belongs to member a, which still lives: give b another one, or stop the other first
            > s-beat b instance=k epoch=3
            b: UNKNOWN_MEMBER_ID no member has group.instance.id k: join again
            > s-beat x instance=i epoch=-1
            x: FENCED_INSTANCE_ID group.instance.id i of member x is with member a now: run one instance under each id
            > s-beat x instance=i epoch=-2
            x: FENCED_INSTANCE_ID group.instance.id i of member x is with member a now: run one instance under each id
            > s-beat a instance=i epoch=-1
            a: epoch -1
        "#]],
    );
}

#[test]
fn a_static_member_that_stays_away_is_out() {
    check(
        "s-config delay=0 interval=0
         s-topics in:2
         s-beat a instance=i
         s-beat b
         s-beat a instance=i epoch=-2
         +20000
         s-beat b
         s-describe
         +25000
         s-beat b
         s-describe",
        &expect![[r#"
            > s-config delay=0 interval=0
            > s-topics in:2
            > s-beat a instance=i
            a: epoch 2 active 0.[0,1]
               asked to draw
            > s-beat b
            b: epoch 3 active
            > s-beat a instance=i epoch=-2
            a: epoch -2
            > +20000
            > s-beat b
            b: epoch 3
            > s-describe
            -: Reconciling epoch 3/3
               0: src=in rep= sink= log=
               a epoch -2 (i) has [0.[0,1]] wants [0.[0]]
               b epoch 3 has [] wants [0.[1]]
            > +25000
            > s-beat b
            b: epoch 4 active 0.[0,1]
               asked to draw
            > s-describe
            -: Stable epoch 4/4
               0: src=in rep= sink= log=
               b epoch 4 has [0.[0,1]] wants [0.[0,1]]
        "#]],
    );
}

#[test]
fn one_member_can_ask_all_to_stop() {
    check(
        "s-config delay=0 interval=0
         s-beat a
         s-beat b
         s-beat a shutdown
         s-beat b
         s-beat a epoch=-1
         s-beat b shutdown
         s-beat b epoch=-1
         s-beat b",
        &expect![[r#"
            > s-config delay=0 interval=0
            > s-beat a
            a: epoch 2 active 0.[0,1]
               asked to draw
            > s-beat b
            b: epoch 3 active
            > s-beat a shutdown
            a: epoch 2 active 0.[0]
               status 4 member a has failed and asks all instances to stop: find the cause in its log, then start anew
            > s-beat b
            b: epoch 3
               status 4 member a has failed and asks all instances to stop: find the cause in its log, then start anew
            > s-beat a epoch=-1
            a: epoch -1
            > s-beat b shutdown
            b: epoch 4 active 0.[0,1]
               status 4 member a has failed and asks all instances to stop: find the cause in its log, then start anew
            > s-beat b epoch=-1
            b: epoch -1
            > s-beat b
            b: epoch 6 active 0.[0,1]
        "#]],
    );
}
