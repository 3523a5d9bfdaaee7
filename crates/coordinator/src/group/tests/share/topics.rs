//! What a group remembers of topics, and where share-partitions begin.

use crate::group::tests::script::check;
use expect_test::expect;

#[test]
fn partitions_that_come_later_begin_at_the_beginning() {
    check(
        "start t:0
         share a
         start t:0
         start t:2
         start t:3
         start u:0
         topics t=5 u=1
         start t:4
         share a
         start t:2
         start t:3
         start t:4
         restart
         start t:2
         start t:3
         share-topics",
        &expect![[r#"
            > start t:0
            t:0: None
            > share a
            a: epoch 2 [t:0,1,2]
            > start t:0
            t:0: Some(Reset)
            > start t:2
            t:2: Some(Reset)
            > start t:3
            t:3: None
            > start u:0
            u:0: None
            > topics t=5 u=1
            > start t:4
            t:4: None
            > share a
            a: epoch 3 [t:0,1,2,3,4]
            > start t:2
            t:2: Some(Reset)
            > start t:3
            t:3: Some(Earliest)
            > start t:4
            t:4: Some(Earliest)
            > restart
            > start t:2
            t:2: Some(Reset)
            > start t:3
            t:3: Some(Earliest)
            > share-topics
            -: t=5 
        "#]],
    );
}

#[test]
fn a_topic_is_known_until_it_is_deleted_or_forgotten() {
    check(
        "share a topics=t,u
         share a topics=u
         share-topics
         forget t
         unshare a
         forget t x
         share-topics
         forget t
         share a topics=t,u
         start t:2
         share-topics
         # The topic u has this id.
         topics-gone 373
         share-topics
         forget t group=other",
        &expect![[r#"
            > share a topics=t,u
            a: epoch 2 [t:0,1,2 u:0]
            > share a topics=u
            a: epoch 3 [u:0]
            > share-topics
            -: t=3 u=1 
            > forget t
            t: NON_EMPTY_GROUP (share group 'g' has members: stop its consumers first)
            > unshare a
            a: epoch -1
            > forget t x
            t: forgotten: t
            > share-topics
            -: u=1 
            > forget t
            t: forgotten: 
            > share a topics=t,u
            a: epoch 5 [t:0,1,2 u:0]
            > start t:2
            t:2: Some(Reset)
            > share-topics
            -: t=3 u=1 
            > topics-gone 373
            373: done
            > share-topics
            -: t=3 
            > forget t group=other
            t: GROUP_ID_NOT_FOUND (there is no share group 'other': a member joins with epoch 0)
        "#]],
    );
}

#[test]
fn offsets_can_be_set_before_anybody_joins() {
    check(
        "alter group=new
         list
         alter t group=new
         list
         share-topics group=new
         share a group=new topics=u
         alter t group=new
         share-topics group=new
         unshare a group=new
         topics t=4 u=1
         alter t group=new
         start t:3 group=new
         may-delete group=new
         delete group=new
         share-topics group=new
         start t:3 group=new",
        &expect![[r#"
            > alter group=new
            group=new: GROUP_ID_NOT_FOUND (there is no share group 'new': a member joins with epoch 0)
            > list
            -: listed
            > alter t group=new
            t: altered
            > list
            -: listed new=share/Empty/"share"
            > share-topics group=new
            group=new: t=3 
            > share a group=new topics=u
            a: epoch 2 [u:0]
            > alter t group=new
            t: NON_EMPTY_GROUP (share group 'new' has members: stop its consumers first)
            > share-topics group=new
            group=new: t=3 u=1 
            > unshare a group=new
            a: epoch -1
            > topics t=4 u=1
            > alter t group=new
            t: altered
            > start t:3 group=new
            t:3: Some(Earliest)
            > may-delete group=new
            group=new: may be deleted: true
            > delete group=new
            group=new: deleted NONE
            > share-topics group=new
            group=new: 
            > start t:3 group=new
            t:3: None
        "#]],
    );
}
