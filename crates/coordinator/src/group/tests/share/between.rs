//! A share group and requests that are meant for other types of groups, and the other way round.

use crate::group::tests::script::check;
use expect_test::expect;

#[test]
fn nobody_else_may_use_the_id_of_a_share_group() {
    check(
        "share a
         join b protocols=range:t
         join b protocols=range:t id=m7
         heartbeat b id=m7
         beat c
         commit d gen=-1 t:0=5
         txn-commit d gen=-1 pid=1 t:0=5
         fetch d t:0
         delete-offsets d t:0
         describe g
         may-delete
         delete g
         # Not even when it is empty.
         unshare a
         join b protocols=range:t
         beat c
         list",
        &expect![[r#"
            > share a
            a: epoch 2 [t:0,1,2]
            > join b protocols=range:t
            b: INCONSISTENT_GROUP_PROTOCOL 
            > join b protocols=range:t id=m7
            b: INCONSISTENT_GROUP_PROTOCOL 
            > heartbeat b id=m7
            b: UNKNOWN_MEMBER_ID
            > beat c
            c: GROUP_ID_NOT_FOUND (group 'g' is no consumer group: use another group.id, or its own group.protocol)
            > commit d gen=-1 t:0=5
            d: committed t:0=GROUP_ID_NOT_FOUND
            > txn-commit d gen=-1 pid=1 t:0=5
            d: pending t:0=GROUP_ID_NOT_FOUND
            > fetch d t:0
            d: fetched NONE t:0=-1/-1/""
            > delete-offsets d t:0
            d: deleted GROUP_ID_NOT_FOUND
            > describe g
            g: no group
            > may-delete
            -: may be deleted: false
            > delete g
            g: deleted NON_EMPTY_GROUP
            > unshare a
            a: epoch -1
            > join b protocols=range:t
            b: INCONSISTENT_GROUP_PROTOCOL 
            > beat c
            c: GROUP_ID_NOT_FOUND (group 'g' is no consumer group: use another group.id, or its own group.protocol)
            > list
            -: listed g=share/Empty/"share"
        "#]],
    );
}

#[test]
fn a_share_group_takes_no_id_of_another_type() {
    check(
        "commit d gen=-1 t:0=5 group=offsets
         share a group=offsets
         beat c group=consumers
         share a group=consumers
         unshare a group=consumers
         describe-share group=consumers
         describe-share group=nobody
         alter t group=consumers
         forget t group=consumers
         start t:0 group=consumers
         share-topics group=consumers
         may-delete group=consumers",
        &expect![[r#"
            > commit d gen=-1 t:0=5 group=offsets
            d: committed t:0=NONE
            > share a group=offsets
            a: GROUP_ID_NOT_FOUND (group 'offsets' is no share group: use another group.id)
            > beat c group=consumers
            c: epoch 2 [t:0,1,2]
            > share a group=consumers
            a: GROUP_ID_NOT_FOUND (group 'consumers' is no share group: use another group.id)
            > unshare a group=consumers
            a: GROUP_ID_NOT_FOUND (group 'consumers' is no share group: use another group.id)
            > describe-share group=consumers
            group=consumers: GROUP_ID_NOT_FOUND (group 'consumers' is no share group: use another group.id)
            > describe-share group=nobody
            group=nobody: GROUP_ID_NOT_FOUND (there is no share group 'nobody': a member joins with epoch 0)
            > alter t group=consumers
            t: GROUP_ID_NOT_FOUND (group 'consumers' is no share group: use another group.id)
            > forget t group=consumers
            t: GROUP_ID_NOT_FOUND (group 'consumers' is no share group: use another group.id)
            > start t:0 group=consumers
            t:0: None
            > share-topics group=consumers
            group=consumers: 
            > may-delete group=consumers
            group=consumers: may be deleted: false
        "#]],
    );
}

#[test]
fn an_empty_share_group_does_not_expire() {
    check(
        "share a
         unshare a
         +700000000
         list
         restart
         +700000000
         list",
        &expect![[r#"
            > share a
            a: epoch 2 [t:0,1,2]
            > unshare a
            a: epoch -1
            > +700000000
            > list
            -: listed g=share/Empty/"share"
            > restart
            > +700000000
            > list
            -: listed g=share/Empty/"share"
        "#]],
    );
}
