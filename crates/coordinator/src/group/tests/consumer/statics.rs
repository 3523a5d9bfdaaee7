//! Static members of consumer groups.

use crate::group::tests::script::check;
use expect_test::expect;

#[test]
fn a_static_member_that_comes_back_has_what_it_had() {
    check(
        "beat a instance=i1
         beat b instance=i2
         beat a instance=i1
         beat a instance=i1 owned=t:0,1
         beat b instance=i2
         away a instance=i1
         describe-consumer
         beat b instance=i2
         beat a instance=i1 epoch=3
         beat c instance=i1
         describe-consumer
         beat a instance=i1 epoch=3",
        &expect![[r#"
            > beat a instance=i1
            a: epoch 2 [t:0,1,2]
            > beat b instance=i2
            b: epoch 3 []
            > beat a instance=i1
            a: epoch 2 [t:0,1]
            > beat a instance=i1 owned=t:0,1
            a: epoch 3
            > beat b instance=i2
            b: epoch 3 [t:2]
            > away a instance=i1
            a: epoch -2
            > describe-consumer
            -: Reconciling epoch 3/3 uniform
                a/i1 epoch -2 [t:0,1] -> [t:0,1]
                b/i2 epoch 3 [t:2] -> [t:2]
            > beat b instance=i2
            b: epoch 3
            > beat a instance=i1 epoch=3
            a: FENCED_MEMBER_EPOCH (the member comes with epoch 3, and its epoch is -2: it must give up all partitions and join again)
            > beat c instance=i1
            c: epoch 3 [t:0,1]
            > describe-consumer
            -: Stable epoch 3/3 uniform
                b/i2 epoch 3 [t:2] -> [t:2]
                c/i1 epoch 3 [t:0,1] -> [t:0,1]
            > beat a instance=i1 epoch=3
            a: FENCED_INSTANCE_ID (instance id 'i1' belongs to member 'c' now: two clients use it)
        "#]],
    );
}

#[test]
fn an_instance_that_has_not_left_is_not_taken_over() {
    check(
        "beat a instance=i1
         beat b instance=i1
         quit b instance=i1
         away b instance=i1
         quit a instance=i2
         away a instance=i1
         quit a instance=i1
         describe-consumer",
        &expect![[r#"
            > beat a instance=i1
            a: epoch 2 [t:0,1,2]
            > beat b instance=i1
            b: UNRELEASED_INSTANCE_ID (instance id 'i1' belongs to member 'a', which has not left: use another one, or wait until its session is over)
            > quit b instance=i1
            b: FENCED_INSTANCE_ID (instance id 'i1' belongs to member 'a' now: two clients use it)
            > away b instance=i1
            b: FENCED_INSTANCE_ID (instance id 'i1' belongs to member 'a' now: two clients use it)
            > quit a instance=i2
            a: UNKNOWN_MEMBER_ID (group 'g' has no member with instance id 'i2': join with epoch 0)
            > away a instance=i1
            a: epoch -2
            > quit a instance=i1
            a: epoch -1
            > describe-consumer
            -: Empty epoch 3/3 uniform
        "#]],
    );
}

#[test]
fn who_does_not_come_back_in_its_session_is_out() {
    check(
        "beat a instance=i1
         away a instance=i1
         +44999
         describe-consumer
         +1
         describe-consumer
         beat b instance=i1",
        &expect![[r#"
            > beat a instance=i1
            a: epoch 2 [t:0,1,2]
            > away a instance=i1
            a: epoch -2
            > +44999
            > describe-consumer
            -: Reconciling epoch 2/2 uniform
                a/i1 epoch -2 [t:0,1,2] -> [t:0,1,2]
            > +1
            > describe-consumer
            -: Empty epoch 3/3 uniform
            > beat b instance=i1
            b: epoch 4 [t:0,1,2]
        "#]],
    );
}

#[test]
fn who_goes_while_it_has_to_give_back_has_given_it_back() {
    check(
        "beat a instance=i1
         beat b
         beat a instance=i1
         beat b
         away a instance=i1
         beat b
         +30000
         beat b
         beat c instance=i1
         describe-consumer",
        &expect![[r#"
            > beat a instance=i1
            a: epoch 2 [t:0,1,2]
            > beat b
            b: epoch 3 []
            > beat a instance=i1
            a: epoch 2 [t:0,1]
            > beat b
            b: epoch 3
            > away a instance=i1
            a: epoch -2
            > beat b
            b: epoch 3 [t:2]
            > +30000
            > beat b
            b: epoch 3
            > beat c instance=i1
            c: epoch 3 [t:0,1]
            > describe-consumer
            -: Stable epoch 3/3 uniform
                b epoch 3 [t:2] -> [t:2]
                c/i1 epoch 3 [t:0,1] -> [t:0,1]
        "#]],
    );
}

/// It was found without what the pattern matches, since that had gone with the member that it takes the place of.
#[test]
fn a_static_member_that_comes_back_still_has_what_its_pattern_matches() {
    check(
        "beat c instance=i1 topics= regex=[tu]
         away c instance=i1
         beat c instance=i1 topics= regex=[tu]
         beat c instance=i1 owned=ack
         describe-consumer",
        &expect![[r#"
            > beat c instance=i1 topics= regex=[tu]
            c: epoch 2 [t:0,1,2 u:0]
            > away c instance=i1
            c: epoch -2
            > beat c instance=i1 topics= regex=[tu]
            c: epoch 2 [t:0,1,2 u:0]
            > beat c instance=i1 owned=ack
            c: epoch 2
            > describe-consumer
            -: Stable epoch 2/2 uniform
                c/i1 epoch 2 [t:0,1,2 u:0] -> [t:0,1,2 u:0]
        "#]],
    );
}
