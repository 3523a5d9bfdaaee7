//! Who may join, who may go on, and who is told what.

use crate::group::tests::script::{World, check};
use crate::group::{Client, Command, Reply, Settings, share};
use expect_test::expect;
use ottla_base::limits::{MEMBER_ID_BYTES_MAX, SUBSCRIBED_TOPICS_MAX};
use ottla_wire::message::ShareGroupHeartbeatRequest;
use ottla_wire::{ErrorCode, Str};
use std::sync::Arc;

#[test]
fn a_member_joins_is_told_and_from_then_on_hears_only_what_is_new() {
    check(
        "share a
         share a
         share a topics=t
         share a topics=t,u
         share a
         share a epoch=0
         describe-share
         list
         list type=Share state=stable
         list type=classic",
        &expect![[r#"
            > share a
            a: epoch 2 [t:0,1,2]
            > share a
            a: epoch 2
            > share a topics=t
            a: epoch 2 [t:0,1,2]
            > share a topics=t,u
            a: epoch 3 [t:0,1,2 u:0]
            > share a
            a: epoch 3
            > share a epoch=0
            a: epoch 4 [t:0,1,2]
            > describe-share
            -: Stable epoch 4/4 simple
                a client/host epoch 4 t [t:0,1,2]
            > list
            -: listed g=share/Stable/"share"
            > list type=Share state=stable
            type=Share: listed g=share/Stable/"share"
            > list type=classic
            type=classic: listed
        "#]],
    );
}

#[test]
fn a_request_that_makes_no_sense_is_refused_and_leaves_no_group() {
    check(
        "share a id=none
         share a group=
         share a rack=
         share a topics=
         share a topics=none
         share a epoch=-2
         share a epoch=3
         unshare a
         list",
        &expect![[r#"
            > share a id=none
            a: INVALID_REQUEST (the member id is empty: the client makes one, and keeps it while it lives)
            > share a group=
            a: INVALID_REQUEST (the group id is empty: set group.id)
            > share a rack=
            a: INVALID_REQUEST (the rack id is empty: leave it out, or set client.rack)
            > share a topics=
            a: INVALID_REQUEST (a member joins without a subscription: epoch 0 asks for names of topics)
            > share a topics=none
            a: INVALID_REQUEST (a member joins without a subscription: epoch 0 asks for names of topics)
            > share a epoch=-2
            a: INVALID_REQUEST (the member epoch is below -1: 0 joins, -1 leaves)
            > share a epoch=3
            a: GROUP_ID_NOT_FOUND (there is no share group 'g': a member joins with epoch 0)
            > unshare a
            a: GROUP_ID_NOT_FOUND (there is no share group 'g': a member joins with epoch 0)
            > list
            -: listed
        "#]],
    );
}

#[test]
fn epochs_fence() {
    check(
        "share a
         share b
         share a
         # Its last answer was lost.
         share a epoch=2
         share a epoch=0
         # Two behind.
         unshare b
         share a
         share a epoch=2
         share a epoch=9
         share a id=x epoch=2
         share a epoch=0",
        &expect![[r#"
            > share a
            a: epoch 2 [t:0,1,2]
            > share b
            b: epoch 3 [t:2]
            > share a
            a: epoch 3 [t:0,1]
            > share a epoch=2
            a: epoch 3 [t:0,1]
            > share a epoch=0
            a: epoch 3 [t:0,1]
            > unshare b
            b: epoch -1
            > share a
            a: epoch 4 [t:0,1,2]
            > share a epoch=2
            a: FENCED_MEMBER_EPOCH (the member is at epoch 4, not at 2: give up all partitions and join with epoch 0)
            > share a epoch=9
            a: FENCED_MEMBER_EPOCH (the member is at epoch 4, not at 9: give up all partitions and join with epoch 0)
            > share a id=x epoch=2
            a: UNKNOWN_MEMBER_ID ('x' is no member of share group 'g': join with epoch 0)
            > share a epoch=0
            a: epoch 4 [t:0,1,2]
        "#]],
    );
}

#[test]
fn what_is_left_out_stays() {
    check(
        "share a rack=r1 client=c1
         share a
         describe-share
         share a rack=r2 client=c2
         describe-share",
        &expect![[r#"
            > share a rack=r1 client=c1
            a: epoch 2 [t:0,1,2]
            > share a
            a: epoch 2
            > describe-share
            -: Stable epoch 2/2 simple
                a in r1 client/host epoch 2 t [t:0,1,2]
            > share a rack=r2 client=c2
            a: epoch 2
            > describe-share
            -: Stable epoch 2/2 simple
                a in r2 c2/host epoch 2 t [t:0,1,2]
        "#]],
    );
}

#[test]
fn a_full_group_takes_nobody_but_its_own() {
    check(
        "share-config size=2
         share a
         share b
         share c
         # Whoever is not known is refused for this reason first, as in Kafka.
         share c epoch=5
         share a epoch=0
         share b
         unshare a
         share c",
        &expect![[r#"
            > share-config size=2
            > share a
            a: epoch 2 [t:0,1,2]
            > share b
            b: epoch 3 [t:2]
            > share c
            c: GROUP_MAX_SIZE_REACHED (share group 'g' has its 2 members already: raise group.share.max.size, or use another group)
            > share c epoch=5
            c: GROUP_MAX_SIZE_REACHED (share group 'g' has its 2 members already: raise group.share.max.size, or use another group)
            > share a epoch=0
            a: epoch 3 [t:0,1]
            > share b
            b: epoch 3
            > unshare a
            a: epoch -1
            > share c
            c: epoch 5 [t:0]
        "#]],
    );
}

#[test]
fn who_leaves_is_gone_and_who_is_silent_too() {
    check(
        "share a
         share b
         +40000
         share b
         +10000
         describe-share
         share a
         unshare a
         unshare b
         unshare b
         share b epoch=4
         describe-share
         +100000000
         list
         may-delete
         delete g
         list
         unshare b",
        &expect![[r#"
            > share a
            a: epoch 2 [t:0,1,2]
            > share b
            b: epoch 3 [t:2]
            > +40000
            > share b
            b: epoch 3
            > +10000
            > describe-share
            -: Stable epoch 3/4 simple
                b client/host epoch 3 t [t:2]
            > share a
            a: UNKNOWN_MEMBER_ID ('a' is no member of share group 'g': join with epoch 0)
            > unshare a
            a: UNKNOWN_MEMBER_ID ('a' is no member of share group 'g' any more)
            > unshare b
            b: epoch -1
            > unshare b
            b: UNKNOWN_MEMBER_ID ('b' is no member of share group 'g' any more)
            > share b epoch=4
            b: UNKNOWN_MEMBER_ID ('b' is no member of share group 'g': join with epoch 0)
            > describe-share
            -: Empty epoch 5/5 simple
            > +100000000
            > list
            -: listed g=share/Empty/"share"
            > may-delete
            -: may be deleted: true
            > delete g
            g: deleted NONE
            > list
            -: listed
            > unshare b
            b: GROUP_ID_NOT_FOUND (there is no share group 'g': a member joins with epoch 0)
        "#]],
    );
}

#[test]
fn members_survive_a_crash_and_have_their_whole_session_again() {
    check(
        "share a rack=r
         share b
         share a
         +44000
         restart
         describe-share
         +44000
         share a
         share b
         +44000
         share b
         +2000
         describe-share",
        &expect![[r#"
            > share a rack=r
            a: epoch 2 [t:0,1,2]
            > share b
            b: epoch 3 [t:2]
            > share a
            a: epoch 3 [t:0,1]
            > +44000
            > restart
            > describe-share
            -: Stable epoch 3/3 simple
                a in r client/host epoch 3 t [t:0,1]
                b client/host epoch 3 t [t:2]
            > +44000
            > share a
            a: epoch 3
            > share b
            b: epoch 3
            > +44000
            > share b
            b: epoch 3
            > +2000
            > describe-share
            -: Stable epoch 3/4 simple
                b client/host epoch 3 t [t:2]
        "#]],
    );
}

#[test]
fn a_session_is_as_long_as_is_in_force_at_the_heartbeat() {
    check(
        "share-config session=60000
         share a
         +59000
         share-config session=45000
         share a
         +46000
         describe-share",
        &expect![[r#"
            > share-config session=60000
            > share a
            a: epoch 2 [t:0,1,2]
            > +59000
            > share-config session=45000
            > share a
            a: epoch 2
            > +46000
            > describe-share
            -: Empty epoch 3/3 simple
        "#]],
    );
}

#[test]
fn what_is_kept_of_a_member_is_bounded() {
    let mut world = World::new(Settings::default());
    let request = || ShareGroupHeartbeatRequest {
        group_id: "g".into(),
        member_id: "a".into(),
        subscribed_topic_names: Some(vec!["t".into()]),
        ..Default::default()
    };
    let mut beat = |request: ShareGroupHeartbeatRequest| {
        let heartbeat = share::Heartbeat {
            ticket: world.ticket("a"),
            client: Client::default(),
            request,
            topics: Arc::default(),
            config: share::Config::default(),
        };
        let command = Command::Share(share::Command::Heartbeat(Box::new(heartbeat)));
        match world.decide_only(command) {
            Some(Reply::Share(share::Reply::Heartbeat(response))) => response.error_code == ErrorCode::NONE,
            other => panic!("{other:?}"),
        }
    };
    let text = |length: usize| Str::from("x".repeat(length));
    let names = |count: usize| (0..count).map(|number| Str::from(format!("topic-{number}"))).collect();
    for (max, with) in [
        (
            SUBSCRIBED_TOPICS_MAX,
            &(|count| ShareGroupHeartbeatRequest { subscribed_topic_names: Some(names(count)), ..request() })
                as &dyn Fn(usize) -> ShareGroupHeartbeatRequest,
        ),
        (249, &|length| ShareGroupHeartbeatRequest {
            subscribed_topic_names: Some(vec![text(length)]),
            ..request()
        }),
        (MEMBER_ID_BYTES_MAX, &|length| ShareGroupHeartbeatRequest { member_id: text(length), ..request() }),
        (MEMBER_ID_BYTES_MAX, &|length| ShareGroupHeartbeatRequest {
            rack_id: Some(text(length)),
            ..request()
        }),
    ] {
        assert!(!beat(with(max + 1)), "more than {max}");
        assert!(beat(with(max)), "{max}");
    }
}

/// Its share-partitions would be deleted under its hands.
#[test]
fn nobody_joins_a_group_that_is_being_deleted() {
    check(
        "share a
         may-delete
         unshare a
         may-delete
         start t:0
         share b
         alter t
         forget t
         +9999
         share b
         +1
         start t:0
         share b
         unshare b
         may-delete
         delete g
         share b",
        &expect![[r#"
            > share a
            a: epoch 2 [t:0,1,2]
            > may-delete
            -: may be deleted: false
            > unshare a
            a: epoch -1
            > may-delete
            -: may be deleted: true
            > start t:0
            t:0: None
            > share b
            b: COORDINATOR_LOAD_IN_PROGRESS (share group 'g' is being deleted: try again in a moment)
            > alter t
            t: COORDINATOR_LOAD_IN_PROGRESS (share group 'g' is being deleted: try again in a moment)
            > forget t
            t: COORDINATOR_LOAD_IN_PROGRESS (share group 'g' is being deleted: try again in a moment)
            > +9999
            > share b
            b: COORDINATOR_LOAD_IN_PROGRESS (share group 'g' is being deleted: try again in a moment)
            > +1
            > start t:0
            t:0: Some(Reset)
            > share b
            b: epoch 4 [t:0,1,2]
            > unshare b
            b: epoch -1
            > may-delete
            -: may be deleted: true
            > delete g
            g: deleted NONE
            > share b
            b: epoch 2 [t:0,1,2]
        "#]],
    );
}
