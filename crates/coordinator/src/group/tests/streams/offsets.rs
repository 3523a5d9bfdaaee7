//! Who may commit and fetch.

use crate::group::tests::script::streams::TWO_MEMBERS;
use crate::group::tests::script::{check, check_after};
use expect_test::expect;

#[test]
fn a_commit_needs_the_epoch_of_its_task_or_a_later_one() {
    check_after(
        TWO_MEMBERS,
        "s-beat a own=0.0
         commit a id=a gen=3 in:0=5
         # From epoch 2 on it had this task.
         commit a id=a gen=2 in:0=6
         commit a id=a gen=1 in:0=7
         commit a id=a gen=2 in:1=7
         commit a id=a gen=2 other:0=7
         commit a id=a gen=4 in:0=7
         commit x id=x gen=3 in:0=7
         commit a id=a gen=3 in:0=7 v=8
         commit x gen=-1 in:0=7
         fetch - in:0,1",
        &expect![[r#"
            > s-beat a own=0.0
            a: epoch 3 active 0.[0]
            > commit a id=a gen=3 in:0=5
            a: committed in:0=NONE
            > commit a id=a gen=2 in:0=6
            a: committed in:0=NONE
            > commit a id=a gen=1 in:0=7
            a: committed in:0=STALE_MEMBER_EPOCH
            > commit a id=a gen=2 in:1=7
            a: committed in:1=STALE_MEMBER_EPOCH
            > commit a id=a gen=2 other:0=7
            a: committed other:0=STALE_MEMBER_EPOCH
            > commit a id=a gen=4 in:0=7
            a: committed in:0=STALE_MEMBER_EPOCH
            > commit x id=x gen=3 in:0=7
            x: committed in:0=UNKNOWN_MEMBER_ID
            > commit a id=a gen=3 in:0=7 v=8
            a: committed in:0=UNSUPPORTED_VERSION
            > commit x gen=-1 in:0=7
            x: committed in:0=UNKNOWN_MEMBER_ID
            > fetch - in:0,1
            -: fetched NONE in:0=6/-1/"" in:1=-1/-1/""
        "#]],
    );
}

#[test]
fn so_does_one_in_a_transaction() {
    check_after(
        TWO_MEMBERS,
        "s-beat a own=0.0
         txn-commit a id=a gen=3 pid=1 in:0=5
         txn-commit a id=a gen=2 pid=1 in:0=6
         txn-commit a id=a gen=1 pid=1 in:0=7
         txn-commit x id=x gen=3 pid=1 in:0=7
         txn-commit - gen=-1 pid=1 in:1=8
         end - pid=1 commit
         fetch - in:0,1",
        &expect![[r#"
            > s-beat a own=0.0
            a: epoch 3 active 0.[0]
            > txn-commit a id=a gen=3 pid=1 in:0=5
            a: pending in:0=NONE
            > txn-commit a id=a gen=2 pid=1 in:0=6
            a: pending in:0=NONE
            > txn-commit a id=a gen=1 pid=1 in:0=7
            a: pending in:0=STALE_MEMBER_EPOCH
            > txn-commit x id=x gen=3 pid=1 in:0=7
            x: pending in:0=UNKNOWN_MEMBER_ID
            > txn-commit - gen=-1 pid=1 in:1=8
            -: pending in:1=NONE
            > end - pid=1 commit
            -: done
            > fetch - in:0,1
            -: fetched NONE in:0=6/-1/"" in:1=8/-1/""
        "#]],
    );
}

#[test]
fn a_group_with_members_is_not_deleted_and_keeps_the_offsets_it_reads() {
    check(
        "s-config delay=0 interval=0
         s-topics in:2
         s-beat a
         commit a id=a gen=2 in:0=5 other:0=6
         delete
         delete-offsets - in:0 other:0
         commit a id=a gen=2 in:0=5 other:0=6
         s-beat a epoch=-1
         commit x gen=-1 in:1=9
         delete-offsets - in:1
         delete
         s-describe",
        &expect![[r#"
            > s-config delay=0 interval=0
            > s-topics in:2
            > s-beat a
            a: epoch 2 active 0.[0,1]
               asked to draw
            > commit a id=a gen=2 in:0=5 other:0=6
            a: committed in:0=NONE other:0=NONE
            > delete
            -: deleted NON_EMPTY_GROUP
            > delete-offsets - in:0 other:0
            -: deleted NONE in:0=GROUP_SUBSCRIBED_TO_TOPIC other:0=NONE
            > commit a id=a gen=2 in:0=5 other:0=6
            a: committed in:0=NONE other:0=NONE
            > s-beat a epoch=-1
            a: epoch -1
            > commit x gen=-1 in:1=9
            x: committed in:1=NONE
            > delete-offsets - in:1
            -: deleted NONE in:1=NONE
            > delete
            -: deleted NONE
            > s-describe
            -: GROUP_ID_NOT_FOUND there is no streams group g
        "#]],
    );
}
