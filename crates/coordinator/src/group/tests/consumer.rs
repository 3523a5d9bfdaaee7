//! Consumer groups: joining, and coming to the target.

use super::script::check;
use expect_test::expect;

#[test]
fn a_partition_goes_to_another_member_only_when_the_first_one_has_given_it_back() {
    check(
        "beat a
         beat b
         beat a
         beat b
         beat a owned=t:0
         beat b
         describe-consumer",
        &expect![[r#"
            > beat a
            a: epoch 1 [t:0,1,2]
            > beat b
            b: epoch 2 []
            > beat a
            a: epoch 1 [t:0,1]
            > beat b
            b: epoch 2
            > beat a owned=t:0
            a: epoch 2
            > beat b
            b: epoch 2 [t:2]
            > describe-consumer
            -: Stable epoch 2/2 uniform
                a epoch 2 [t:0,1] -> [t:0,1]
                b epoch 2 [t:2] -> [t:2]
        "#]],
    );
}
