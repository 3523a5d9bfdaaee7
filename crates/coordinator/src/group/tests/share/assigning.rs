//! Targets: when they are computed, and how members come to them.

use crate::group::tests::script::check;
use expect_test::expect;

#[test]
fn members_share_partitions_and_keep_what_they_have() {
    check(
        "share a
         share b
         share a
         share c
         share d
         share a
         share b
         share c
         share d
         describe-share",
        &expect![[r#"
            > share a
            a: epoch 2 [t:0,1,2]
            > share b
            b: epoch 3 [t:2]
            > share a
            a: epoch 3 [t:0,1]
            > share c
            c: epoch 4 [t:1]
            > share d
            d: epoch 5 [t:0]
            > share a
            a: epoch 5 [t:1,2]
            > share b
            b: epoch 5 [t:0,2]
            > share c
            c: epoch 5
            > share d
            d: epoch 5
            > describe-share
            -: Stable epoch 5/5 simple
                a client/host epoch 5 t [t:1,2]
                b client/host epoch 5 t [t:0,2]
                c client/host epoch 5 t [t:1]
                d client/host epoch 5 t [t:0]
        "#]],
    );
}

#[test]
fn within_the_interval_a_newcomer_waits_and_is_told_how_long() {
    check(
        "share-config interval=1000
         share a
         +300
         share b
         describe-share
         +699
         share b
         +1
         share b
         share a
         describe-share",
        &expect![[r#"
            > share-config interval=1000
            > share a
            a: epoch 2 [t:0,1,2]
            > +300
            > share b
            b: epoch 2 [], again after 700 ms
            > describe-share
            -: Stable epoch 2/3 simple
                a client/host epoch 2 t [t:0,1,2]
                b client/host epoch 2 t []
            > +699
            > share b
            b: epoch 2, again after 1 ms
            > +1
            > share b
            b: epoch 3 [t:2]
            > share a
            a: epoch 3 [t:0,1]
            > describe-share
            -: Stable epoch 3/3 simple
                a client/host epoch 3 t [t:0,1]
                b client/host epoch 3 t [t:2]
        "#]],
    );
}

#[test]
fn an_empty_group_need_not_wait_for_the_interval() {
    check(
        "share-config interval=15000
         share a
         unshare a
         share b",
        &expect![[r#"
            > share-config interval=15000
            > share a
            a: epoch 2 [t:0,1,2]
            > unshare a
            a: epoch -1
            > share b
            b: epoch 4 [t:0,1,2]
        "#]],
    );
}

#[test]
fn after_a_crash_nobody_waits_for_the_interval() {
    check(
        "share-config interval=15000
         share a
         share b
         restart
         share b
         share a",
        &expect![[r#"
            > share-config interval=15000
            > share a
            a: epoch 2 [t:0,1,2]
            > share b
            b: epoch 2 []
            > restart
            > share b
            b: epoch 3 [t:2]
            > share a
            a: epoch 3 [t:0,1]
        "#]],
    );
}

#[test]
fn what_a_member_does_not_subscribe_to_any_more_goes_at_once() {
    check(
        "share-config interval=1000
         share a topics=t,u
         share a topics=u
         +1000
         share a
         share a topics=
         +1000
         share a",
        &expect![[r#"
            > share-config interval=1000
            > share a topics=t,u
            a: epoch 2 [t:0,1,2 u:0]
            > share a topics=u
            a: epoch 2 [u:0], again after 1000 ms
            > +1000
            > share a
            a: epoch 3
            > share a topics=
            a: epoch 3 [], again after 1000 ms
            > +1000
            > share a
            a: epoch 4
        "#]],
    );
}

#[test]
fn topics_come_grow_and_go() {
    check(
        "topics u=1
         share a topics=t,u
         share a
         topics u=1 t=2
         share a
         topics u=1 t=3
         share a
         # Another topic of that name.
         topics u=1 t@2=1
         share a
         topics t@2=1
         share a
         describe-share
         # What nobody subscribes to changes nothing.
         topics t@2=1 x=5
         share a
         describe-share",
        &expect![[r#"
            > topics u=1
            > share a topics=t,u
            a: epoch 2 [u:0]
            > share a
            a: epoch 2
            > topics u=1 t=2
            > share a
            a: epoch 3 [t:0,1 u:0]
            > topics u=1 t=3
            > share a
            a: epoch 4 [t:0,1,2 u:0]
            > topics u=1 t@2=1
            > share a
            a: epoch 5 [u:0 t:0]
            > topics t@2=1
            > share a
            a: epoch 6 [t:0]
            > describe-share
            -: Stable epoch 6/6 simple
                a client/host epoch 6 t+u [t:0]
            > topics t@2=1 x=5
            > share a
            a: epoch 6
            > describe-share
            -: Stable epoch 6/6 simple
                a client/host epoch 6 t+u [t:0]
        "#]],
    );
}

#[test]
fn who_goes_makes_one_epoch_and_not_two() {
    check(
        "share a topics=t
         share b topics=u
         unshare b
         describe-share
         share a
         share a
         describe-share",
        &expect![[r#"
            > share a topics=t
            a: epoch 2 [t:0,1,2]
            > share b topics=u
            b: epoch 3 [u:0]
            > unshare b
            b: epoch -1
            > describe-share
            -: Stable epoch 3/4 simple
                a client/host epoch 2 t [t:0,1,2]
            > share a
            a: epoch 4
            > share a
            a: epoch 4
            > describe-share
            -: Stable epoch 4/4 simple
                a client/host epoch 4 t [t:0,1,2]
        "#]],
    );
}
