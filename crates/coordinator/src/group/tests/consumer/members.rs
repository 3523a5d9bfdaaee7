//! Who may join, go on and leave, and who is told what.

use crate::group::tests::script::check;
use expect_test::expect;

#[test]
fn a_request_that_makes_no_sense_is_refused_and_leaves_no_group() {
    check(
        "beat a id=none
         beat a epoch=4
         beat a epoch=-1
         beat a epoch=-3
         beat a epoch=-2
         beat a rebalance=-1
         beat a owned=t:0
         beat a instance=
         beat a rack=
         beat a assignor=sticky
         beat a regex=(a
         beat a group=
         list",
        &expect![[r#"
            > beat a id=none
            a: INVALID_REQUEST (the member id is empty: the client makes one, and keeps it while it lives)
            > beat a epoch=4
            a: GROUP_ID_NOT_FOUND (there is no consumer group 'g': join with epoch 0)
            > beat a epoch=-1
            a: GROUP_ID_NOT_FOUND (there is no consumer group 'g': join with epoch 0)
            > beat a epoch=-3
            a: INVALID_REQUEST (the member epoch is below -2: 0 joins, -1 leaves)
            > beat a epoch=-2
            a: INVALID_REQUEST (epoch -2 is for static members: give the instance id)
            > beat a rebalance=-1
            a: INVALID_REQUEST (a member joins without a rebalance timeout: epoch 0 asks for one)
            > beat a owned=t:0
            a: INVALID_REQUEST (a member joins with partitions: epoch 0 asks for an empty list)
            > beat a instance=
            a: INVALID_REQUEST (an instance id or rack id is empty: leave it out, or give it a text)
            > beat a rack=
            a: INVALID_REQUEST (an instance id or rack id is empty: leave it out, or give it a text)
            > beat a assignor=sticky
            a: UNSUPPORTED_ASSIGNOR (there is no assignor 'sticky': set group.remote.assignor to one of uniform, range)
            > beat a regex=(a
            a: INVALID_REGULAR_EXPRESSION (the regular expression '(a' cannot be used: a closing ) is missing, at character 2)
            > beat a group=
            a: INVALID_REQUEST (the group id is empty: set group.id)
            > list
            -: listed
        "#]],
    );
}

#[test]
fn an_old_client_gets_its_member_id_from_the_coordinator() {
    check(
        "beat a v=0 id=none
         beat a v=0 id=none epoch=2
         describe-consumer",
        &expect![[r#"
            > beat a v=0 id=none
            a: epoch 2 [t:0,1,2]
            > beat a v=0 id=none epoch=2
            a: INVALID_REQUEST (the member id is empty: the client makes one, and keeps it while it lives)
            > describe-consumer
            -: Stable epoch 2/2 uniform
                00000000-0000-0000-0000-000000000001 epoch 2 [t:0,1,2] -> [t:0,1,2]
        "#]],
    );
}

#[test]
fn a_full_group_takes_only_who_is_there() {
    check(
        "config size=1
         beat a instance=i
         beat b
         beat a
         away a instance=i
         beat c instance=i",
        &expect![[r#"
            > config size=1
            > beat a instance=i
            a: epoch 2 [t:0,1,2]
            > beat b
            b: GROUP_MAX_SIZE_REACHED (group 'g' has 1 members, and group.consumer.max.size allows no more: stop one, or raise it)
            > beat a
            a: epoch 2
            > away a instance=i
            a: epoch -2
            > beat c instance=i
            c: epoch 2 [t:0,1,2]
        "#]],
    );
}

#[test]
fn a_member_with_a_wrong_epoch_is_fenced_and_joins_again() {
    check(
        "beat a
         beat a epoch=3
         beat a
         beat b
         beat a
         beat a owned=t:0,1
         # The answer was lost: it comes with the epoch before, and has nothing new.
         beat a epoch=2 owned=t:0
         beat a epoch=2
         beat b epoch=2 owned=t:2
         beat c epoch=2",
        &expect![[r#"
            > beat a
            a: epoch 2 [t:0,1,2]
            > beat a epoch=3
            a: FENCED_MEMBER_EPOCH (the member comes with epoch 3, and its epoch is 2: it must give up all partitions and join again)
            > beat a
            a: epoch 2 [t:0,1,2]
            > beat b
            b: epoch 3 []
            > beat a
            a: epoch 2 [t:0,1]
            > beat a owned=t:0,1
            a: epoch 3
            > beat a epoch=2 owned=t:0
            a: epoch 3
            > beat a epoch=2
            a: FENCED_MEMBER_EPOCH (the member comes with epoch 2, and its epoch is 3: it must give up all partitions and join again)
            > beat b epoch=2 owned=t:2
            b: FENCED_MEMBER_EPOCH (the member comes with epoch 2, and its epoch is 3: it must give up all partitions and join again)
            > beat c epoch=2
            c: UNKNOWN_MEMBER_ID ('c' is no member of group 'g': join with epoch 0)
        "#]],
    );
}

#[test]
fn who_says_everything_hears_everything() {
    check(
        "beat a
         beat a
         beat a topics=t rebalance=60000 owned=t:0,1,2
         beat a topics=t owned=t:0,1,2
         beat a epoch=0",
        &expect![[r#"
            > beat a
            a: epoch 2 [t:0,1,2]
            > beat a
            a: epoch 2
            > beat a topics=t rebalance=60000 owned=t:0,1,2
            a: epoch 2 [t:0,1,2]
            > beat a topics=t owned=t:0,1,2
            a: epoch 2
            > beat a epoch=0
            a: epoch 2 [t:0,1,2]
        "#]],
    );
}

#[test]
fn who_leaves_frees_its_partitions_at_once() {
    check(
        "beat a
         beat b
         beat a
         beat a owned=t:0,1
         beat b
         quit a
         quit a
         beat b
         quit b
         quit b
         describe-consumer
         list
         beat c
         delete
         quit c
         delete
         quit c",
        &expect![[r#"
            > beat a
            a: epoch 2 [t:0,1,2]
            > beat b
            b: epoch 3 []
            > beat a
            a: epoch 2 [t:0,1]
            > beat a owned=t:0,1
            a: epoch 3
            > beat b
            b: epoch 3 [t:2]
            > quit a
            a: epoch -1
            > quit a
            a: UNKNOWN_MEMBER_ID ('a' is no member of group 'g': join with epoch 0)
            > beat b
            b: epoch 4 [t:0,1,2]
            > quit b
            b: epoch -1
            > quit b
            b: UNKNOWN_MEMBER_ID ('b' is no member of group 'g': join with epoch 0)
            > describe-consumer
            -: Empty epoch 5/5 uniform
            > list
            -: listed g=consumer/Empty/"consumer"
            > beat c
            c: epoch 6 [t:0,1,2]
            > delete
            -: deleted NON_EMPTY_GROUP
            > quit c
            c: epoch -1
            > delete
            -: deleted NONE
            > quit c
            c: GROUP_ID_NOT_FOUND (there is no consumer group 'g': join with epoch 0)
        "#]],
    );
}

#[test]
fn silent_members_are_out_after_their_session() {
    check(
        "beat a
         beat b
         beat a
         beat a owned=t:0,1
         +44999
         beat b
         +1
         describe-consumer
         beat b
         beat a",
        &expect![[r#"
            > beat a
            a: epoch 2 [t:0,1,2]
            > beat b
            b: epoch 3 []
            > beat a
            a: epoch 2 [t:0,1]
            > beat a owned=t:0,1
            a: epoch 3
            > +44999
            > beat b
            b: epoch 3 [t:2]
            > +1
            > describe-consumer
            -: Assigning epoch 3/4 uniform
                b epoch 3 [t:2] -> [t:2]
            > beat b
            b: epoch 4 [t:0,1,2]
            > beat a
            a: UNKNOWN_MEMBER_ID ('a' is no member of group 'g': join with epoch 0)
        "#]],
    );
}

#[test]
fn everything_but_the_interval_survives_a_crash() {
    check(
        "beat a instance=i rack=r
         beat b topics=t,u assignor=range
         beat a instance=i
         describe-consumer
         restart
         describe-consumer
         beat a instance=i owned=t:0,1
         beat b
         describe-consumer
         restart
         +44999
         describe-consumer
         +1
         describe-consumer",
        &expect![[r#"
            > beat a instance=i rack=r
            a: epoch 2 [t:0,1,2]
            > beat b topics=t,u assignor=range
            b: epoch 3 [u:0]
            > beat a instance=i
            a: epoch 2 [t:0,1]
            > describe-consumer
            -: Reconciling epoch 3/3 range
                a/i epoch 2 [t:0,1,2] -> [t:0,1]
                b epoch 3 [u:0] -> [t:2 u:0]
            > restart
            > describe-consumer
            -: Reconciling epoch 3/3 range
                a/i epoch 2 [t:0,1,2] -> [t:0,1]
                b epoch 3 [u:0] -> [t:2 u:0]
            > beat a instance=i owned=t:0,1
            a: epoch 3
            > beat b
            b: epoch 3 [t:2 u:0]
            > describe-consumer
            -: Stable epoch 3/3 range
                a/i epoch 3 [t:0,1] -> [t:0,1]
                b epoch 3 [t:2 u:0] -> [t:2 u:0]
            > restart
            > +44999
            > describe-consumer
            -: Stable epoch 3/3 range
                a/i epoch 3 [t:0,1] -> [t:0,1]
                b epoch 3 [t:2 u:0] -> [t:2 u:0]
            > +1
            > describe-consumer
            -: Empty epoch 5/5 uniform
        "#]],
    );
}
