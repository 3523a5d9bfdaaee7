//! Groups that move between the classic and the consumer protocol while their members live.

use super::script::check;
use expect_test::expect;

#[test]
fn groups_without_members_take_the_type_of_who_joins_and_keep_their_offsets() {
    check(
        "commit x gen=-1 t#372:0=5
         list
         beat a
         list
         quit a
         join b v=3
         list
         +3000
         fetch g t:0",
        &expect![[r#"
            > commit x gen=-1 t#372:0=5
            x: committed t:0=NONE
            > list
            -: listed g=classic/Empty/""
            > beat a
            a: epoch 2 [t:0,1,2]
            > list
            -: listed g=consumer/Stable/"consumer"
            > quit a
            a: epoch -1
            > join b v=3
            > list
            -: listed g=classic/PreparingRebalance/"consumer"
            > +3000
            b: joined m1 gen 1 range leader m1 [m1]
            > fetch g t:0
            g: fetched NONE t:0=5/-1/""
        "#]],
    );
}

#[test]
fn a_classic_group_goes_over_and_nothing_is_with_two() {
    check(
        "join m v=3
         join n v=3
         +6000
         sync m m=t:0,1 n=t:2
         sync n
         beat c
         list
         heartbeat m
         heartbeat n
         join m has=t:0
         sync m
         join n has=t:2
         sync n
         beat c
         heartbeat m
         commit m t#372:0=5
         describe-consumer",
        &expect![[r#"
            > join m v=3
            > join n v=3
            > +6000
            m: joined m1 gen 1 range leader m1 [m1 m2]
            n: joined m2 gen 1 range leader m1 []
            > sync m m=t:0,1 n=t:2
            m: assigned [t:0,1]
            > sync n
            n: assigned [t:2]
            > beat c
            c: epoch 2 []
            > list
            -: listed g=consumer/Reconciling/"consumer"
            > heartbeat m
            m: REBALANCE_IN_PROGRESS
            > heartbeat n
            n: REBALANCE_IN_PROGRESS
            > join m has=t:0
            m: joined m1 gen 2 range leader  []
            > sync m
            m: assigned [t:0]
            > join n has=t:2
            n: joined m2 gen 2 range leader  []
            > sync n
            n: assigned [t:2]
            > beat c
            c: epoch 2 [t:1]
            > heartbeat m
            m: NONE
            > commit m t#372:0=5
            m: committed t:0=NONE
            > describe-consumer
            -: Stable epoch 2/2 uniform
                c epoch 2 [t:1] -> [t:1]
                m1 epoch 2 [t:0] -> [t:0]
                m2 epoch 2 [t:2] -> [t:2]
        "#]],
    );
}

#[test]
fn members_of_both_protocols_come_and_go_also_after_a_crash() {
    check(
        "beat c
         join n v=3
         sync n
         beat c owned=t:0,1
         join n
         sync n
         beat d
         restart
         describe-consumer
         heartbeat n
         leave n
         describe-consumer
         beat c
         beat d",
        &expect![[r#"
            > beat c
            c: epoch 2 [t:0,1,2]
            > join n v=3
            n: joined 00000000-0000-0000-0000-000000000001 gen 3 range leader  []
            > sync n
            n: assigned []
            > beat c owned=t:0,1
            c: epoch 3 [t:0,1]
            > join n
            n: joined 00000000-0000-0000-0000-000000000001 gen 3 range leader  []
            > sync n
            n: assigned [t:2]
            > beat d
            d: epoch 4 []
            > restart
            > describe-consumer
            -: Reconciling epoch 4/4 uniform
                00000000-0000-0000-0000-000000000001 epoch 3 [t:2] -> [t:2]
                c epoch 3 [t:0,1] -> [t:0]
                d epoch 4 [] -> [t:1]
            > heartbeat n
            n: REBALANCE_IN_PROGRESS
            > leave n
            n: left NONE 00000000-0000-0000-0000-000000000001/-=NONE
            > describe-consumer
            -: Assigning epoch 4/5 uniform
                c epoch 3 [t:0,1] -> [t:0]
                d epoch 4 [] -> [t:1]
            > beat c
            c: epoch 3 [t:0]
            > beat d
            d: epoch 5
        "#]],
    );
}

#[test]
fn the_last_consumer_leaves_a_classic_group_behind() {
    check(
        "beat c
         join m v=3
         sync m
         beat c
         beat c owned=t:0,1
         heartbeat m
         join m
         sync m
         describe-consumer
         quit c
         list
         heartbeat m
         join m
         sync m m=t:0,1,2
         heartbeat m
         list",
        &expect![[r#"
            > beat c
            c: epoch 2 [t:0,1,2]
            > join m v=3
            m: joined 00000000-0000-0000-0000-000000000001 gen 3 range leader  []
            > sync m
            m: assigned []
            > beat c
            c: epoch 2 [t:0,1]
            > beat c owned=t:0,1
            c: epoch 3
            > heartbeat m
            m: REBALANCE_IN_PROGRESS
            > join m
            m: joined 00000000-0000-0000-0000-000000000001 gen 3 range leader  []
            > sync m
            m: assigned [t:2]
            > describe-consumer
            -: Stable epoch 3/3 uniform
                00000000-0000-0000-0000-000000000001 epoch 3 [t:2] -> [t:2]
                c epoch 3 [t:0,1] -> [t:0,1]
            > quit c
            c: epoch -1
            > list
            -: listed g=classic/PreparingRebalance/"consumer"
            > heartbeat m
            m: REBALANCE_IN_PROGRESS
            > join m
            m: joined 00000000-0000-0000-0000-000000000001 gen 4 range leader 00000000-0000-0000-0000-000000000001 [00000000-0000-0000-0000-000000000001]
            > sync m m=t:0,1,2
            m: assigned [t:0,1,2]
            > heartbeat m
            m: NONE
            > list
            -: listed g=classic/Stable/"consumer"
        "#]],
    );
}

#[test]
fn a_group_goes_back_also_when_the_last_consumer_is_silent() {
    check(
        "config session=10000
         beat c
         join m v=3 session=30000
         sync m
         beat c owned=t:0,1
         +9999
         list
         +1
         list
         heartbeat m",
        &expect![[r#"
            > config session=10000
            > beat c
            c: epoch 2 [t:0,1,2]
            > join m v=3 session=30000
            m: joined 00000000-0000-0000-0000-000000000001 gen 3 range leader  []
            > sync m
            m: assigned []
            > beat c owned=t:0,1
            c: epoch 3 [t:0,1]
            > +9999
            > list
            -: listed g=consumer/Reconciling/"consumer"
            > +1
            > list
            -: listed g=classic/PreparingRebalance/"consumer"
            > heartbeat m
            m: REBALANCE_IN_PROGRESS
        "#]],
    );
}

#[test]
fn a_policy_decides_which_way_groups_move() {
    check(
        "config policy=downgrade
         join m v=3
         +3000
         sync m m=t:0,1,2
         beat c
         config policy=upgrade
         beat c
         quit c
         list
         config policy=none
         beat d group=h
         join n v=3 group=h",
        &expect![[r#"
            > config policy=downgrade
            > join m v=3
            > +3000
            m: joined m1 gen 1 range leader m1 [m1]
            > sync m m=t:0,1,2
            m: assigned [t:0,1,2]
            > beat c
            c: GROUP_ID_NOT_FOUND (group 'g' is a classic group with members, and cannot become a consumer group: group.consumer.migration.policy does not allow it)
            > config policy=upgrade
            > beat c
            c: epoch 2 []
            > quit c
            c: epoch -1
            > list
            -: listed g=consumer/Assigning/"consumer"
            > config policy=none
            > beat d group=h
            d: epoch 2 [t:0,1,2]
            > join n v=3 group=h
            n: INCONSISTENT_GROUP_PROTOCOL 
        "#]],
    );
}

#[test]
fn only_consumers_with_plain_assignments_go_over() {
    check(
        "join m v=3 type=connect protocols=x:t
         +3000
         beat c
         join n v=3 group=h
         +3000
         sync n n=wild group=h
         beat c group=h
         list",
        &expect![[r#"
            > join m v=3 type=connect protocols=x:t
            > +3000
            m: joined m1 gen 1 x leader m1 [m1]
            > beat c
            c: GROUP_ID_NOT_FOUND (group 'g' is a classic group with members, and cannot become a consumer group: its members are no consumers)
            > join n v=3 group=h
            > +3000
            n: joined m2 gen 1 range leader m2 [m2]
            > sync n n=wild group=h
            n: assigned "wild"
            > beat c group=h
            c: GROUP_ID_NOT_FOUND (group 'h' is a classic group with members, and cannot become a consumer group: its assignor has words of its own in assignments; use one of Kafka's for the move)
            > list
            -: listed g=classic/CompletingRebalance/"connect" h=classic/Stable/"consumer"
        "#]],
    );
}

#[test]
fn who_waits_in_the_classic_group_is_told_to_join_the_new_one() {
    check(
        "join m v=3
         beat c
         join m v=3
         sync m
         list",
        &expect![[r#"
            > join m v=3
            > beat c
            m: REBALANCE_IN_PROGRESS m1
            c: epoch 1 [t:0,1]
            > join m v=3
            m: joined 00000000-0000-0000-0000-000000000002 gen 2 range leader  []
            > sync m
            m: assigned []
            > list
            -: listed g=consumer/Reconciling/"consumer"
        "#]],
    );
}

#[test]
fn classic_members_must_join_and_sync_in_time() {
    check(
        "beat c
         join m v=3 rebalance=5000 session=60000
         +4999
         describe-consumer
         +1
         describe-consumer
         join n v=3 rebalance=5000 session=60000
         sync n
         +5000
         beat c
         beat d
         heartbeat n
         +4000
         heartbeat n
         +1000
         describe-consumer",
        &expect![[r#"
            > beat c
            c: epoch 2 [t:0,1,2]
            > join m v=3 rebalance=5000 session=60000
            m: joined 00000000-0000-0000-0000-000000000001 gen 3 range leader  []
            > +4999
            > describe-consumer
            -: Reconciling epoch 3/3 uniform
                00000000-0000-0000-0000-000000000001 epoch 3 [] -> [t:2]
                c epoch 2 [t:0,1,2] -> [t:0,1]
            > +1
            > describe-consumer
            -: Assigning epoch 3/4 uniform
                c epoch 2 [t:0,1,2] -> [t:0,1]
            > join n v=3 rebalance=5000 session=60000
            n: joined 00000000-0000-0000-0000-000000000002 gen 5 range leader  []
            > sync n
            n: assigned []
            > +5000
            > beat c
            c: epoch 2 [t:0,1]
            > beat d
            d: epoch 6 []
            > heartbeat n
            n: REBALANCE_IN_PROGRESS
            > +4000
            > heartbeat n
            n: REBALANCE_IN_PROGRESS
            > +1000
            > describe-consumer
            -: Assigning epoch 6/7 uniform
                c epoch 2 [t:0,1,2] -> [t:0]
                d epoch 6 [] -> [t:1]
        "#]],
    );
}

#[test]
fn static_members_keep_their_place_from_one_protocol_to_the_other() {
    check(
        "join m instance=i1
         join n instance=i2
         +6000
         sync m m=t:0,1 n=t:2
         sync n
         beat c instance=i1
         describe-consumer
         heartbeat m instance=i1
         heartbeat n instance=i2
         join n instance=i2 has=t:2
         sync n instance=i2
         beat c instance=i1
         describe-consumer
         away c instance=i1
         join k instance=i1
         list",
        &expect![[r#"
            > join m instance=i1
            > join n instance=i2
            > +6000
            m: joined m1 gen 1 range leader m1 [m1 m2]
            n: joined m2 gen 1 range leader m1 []
            > sync m m=t:0,1 n=t:2
            m: assigned [t:0,1]
            > sync n
            n: assigned [t:2]
            > beat c instance=i1
            c: epoch 2 [t:0,1]
            > describe-consumer
            -: Reconciling epoch 2/2 uniform
                c/i1 epoch 2 [t:0,1] -> [t:0,1]
                m2/i2 epoch 1 [t:2] -> [t:2]
            > heartbeat m instance=i1
            m: FENCED_INSTANCE_ID
            > heartbeat n instance=i2
            n: REBALANCE_IN_PROGRESS
            > join n instance=i2 has=t:2
            n: joined m2 gen 2 range leader  []
            > sync n instance=i2
            n: assigned [t:2]
            > beat c instance=i1
            c: epoch 2
            > describe-consumer
            -: Stable epoch 2/2 uniform
                c/i1 epoch 2 [t:0,1] -> [t:0,1]
                m2/i2 epoch 2 [t:2] -> [t:2]
            > away c instance=i1
            c: epoch -2
            > join k instance=i1
            > list
            -: listed g=classic/PreparingRebalance/"consumer"
        "#]],
    );
}

#[test]
fn what_makes_no_sense_is_refused_and_changes_nothing() {
    check(
        "beat c
         join m v=3 type=connect protocols=x:t
         join m v=3 session=1
         join m
         join m id=m9
         sync m gen=5
         sync c id=c gen=2
         heartbeat c id=c gen=2
         leave nobody
         describe-consumer",
        &expect![[r#"
            > beat c
            c: epoch 2 [t:0,1,2]
            > join m v=3 type=connect protocols=x:t
            m: INCONSISTENT_GROUP_PROTOCOL 
            > join m v=3 session=1
            m: INVALID_SESSION_TIMEOUT 
            > join m
            m: MEMBER_ID_REQUIRED 00000000-0000-0000-0000-000000000003
            > join m id=m9
            m: joined client-00000000-0000-0000-0000-000000000009 gen 3 range leader  []
            > sync m gen=5
            m: ILLEGAL_GENERATION
            > sync c id=c gen=2
            c: UNKNOWN_MEMBER_ID
            > heartbeat c id=c gen=2
            c: UNKNOWN_MEMBER_ID
            > leave nobody
            nobody: left NONE nobody/-=UNKNOWN_MEMBER_ID
            > describe-consumer
            -: Reconciling epoch 3/3 uniform
                c epoch 2 [t:0,1,2] -> [t:0,1]
                client-00000000-0000-0000-0000-000000000009 epoch 3 [] -> [t:2]
        "#]],
    );
}
