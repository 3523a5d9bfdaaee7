//! The target assignment, and how members come to it.

use crate::group::tests::script::check;
use expect_test::expect;

#[test]
fn a_partition_goes_to_another_member_only_when_the_first_one_has_given_it_back() {
    check(
        "beat a
         beat b
         beat a
         beat b
         beat a owned=t:0,1,2
         beat b
         beat a owned=t:0,1
         beat b
         describe-consumer",
        &expect![[r#"
            > beat a
            a: epoch 2 [t:0,1,2]
            > beat b
            b: epoch 3 []
            > beat a
            a: epoch 2 [t:0,1]
            > beat b
            b: epoch 3
            > beat a owned=t:0,1,2
            a: epoch 2
            > beat b
            b: epoch 3
            > beat a owned=t:0,1
            a: epoch 3
            > beat b
            b: epoch 3 [t:2]
            > describe-consumer
            -: Stable epoch 3/3 uniform
                a epoch 3 [t:0,1] -> [t:0,1]
                b epoch 3 [t:2] -> [t:2]
        "#]],
    );
}

#[test]
fn who_does_not_give_back_in_time_is_out() {
    check(
        "beat a rebalance=20000
         beat b
         beat a
         +19999
         beat a
         describe-consumer
         +1
         beat b
         describe-consumer
         beat a",
        &expect![[r#"
            > beat a rebalance=20000
            a: epoch 2 [t:0,1,2]
            > beat b
            b: epoch 3 []
            > beat a
            a: epoch 2 [t:0,1]
            > +19999
            > beat a
            a: epoch 2
            > describe-consumer
            -: Reconciling epoch 3/3 uniform
                a epoch 2 [t:0,1,2] -> [t:0,1]
                b epoch 3 [] -> [t:2]
            > +1
            > beat b
            b: epoch 4 [t:0,1,2]
            > describe-consumer
            -: Stable epoch 4/4 uniform
                b epoch 4 [t:0,1,2] -> [t:0,1,2]
            > beat a
            a: UNKNOWN_MEMBER_ID ('a' is no member of group 'g': join with epoch 0)
        "#]],
    );
}

#[test]
fn assignments_are_an_interval_apart_and_the_first_is_at_once() {
    check(
        "config interval=1000
         beat a
         +400
         beat b
         +300
         beat c topics=u
         describe-consumer
         +300
         beat a
         describe-consumer
         quit a
         quit b
         quit c
         beat a",
        &expect![[r#"
            > config interval=1000
            > beat a
            a: epoch 2 [t:0,1,2]
            > +400
            > beat b
            b: epoch 2 []
            > +300
            > beat c topics=u
            c: epoch 2 []
            > describe-consumer
            -: Assigning epoch 2/4 uniform
                a epoch 2 [t:0,1,2] -> [t:0,1,2]
                b epoch 2 [] -> []
                c epoch 2 [] -> []
            > +300
            > beat a
            a: epoch 2 [t:0,1]
            > describe-consumer
            -: Reconciling epoch 4/4 uniform
                a epoch 2 [t:0,1,2] -> [t:0,1]
                b epoch 2 [] -> [t:2]
                c epoch 2 [] -> [u:0]
            > quit a
            a: epoch -1
            > quit b
            b: epoch -1
            > quit c
            c: epoch -1
            > beat a
            a: epoch 8 [t:0,1,2]
        "#]],
    );
}

#[test]
fn most_members_decide_the_assignor() {
    check(
        "beat a
         beat b assignor=range
         describe-consumer
         beat a assignor=uniform
         beat c assignor=uniform
         describe-consumer
         config assignors=range,uniform
         beat d group=h
         describe-consumer group=h",
        &expect![[r#"
            > beat a
            a: epoch 2 [t:0,1,2]
            > beat b assignor=range
            b: epoch 3 []
            > describe-consumer
            -: Reconciling epoch 3/3 range
                a epoch 2 [t:0,1,2] -> [t:0,1]
                b epoch 3 [] -> [t:2]
            > beat a assignor=uniform
            a: epoch 2 [t:0,1]
            > beat c assignor=uniform
            c: epoch 5 []
            > describe-consumer
            -: Reconciling epoch 5/5 uniform
                a epoch 2 [t:0,1,2] -> [t:0]
                b epoch 3 [] -> [t:2]
                c epoch 5 [] -> [t:1]
            > config assignors=range,uniform
            > beat d group=h
            d: epoch 2 [t:0,1,2]
            > describe-consumer group=h
            group=h: Stable epoch 2/2 range
                d epoch 2 [t:0,1,2] -> [t:0,1,2]
        "#]],
    );
}
