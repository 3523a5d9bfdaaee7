//! Offsets of consumer groups. Topic 372 is `t`, 373 is `u`.

use crate::group::tests::script::check;
use expect_test::expect;

#[test]
fn members_commit_in_their_epoch_and_for_what_they_kept_in_an_older_one() {
    check(
        "beat a
         commit a id=a gen=2 t#372:0=5
         commit a id=a gen=3 t#372:0=5
         commit a id=b gen=2 t#372:0=5
         commit x gen=-1 t#372:0=5
         commit a id=a gen=2 v=8 t#372:0=5
         beat b
         commit b id=b gen=3 t#372:2=5
         beat a
         commit a id=a gen=2 t#372:2=6
         beat a owned=t:0,1
         commit a id=a gen=2 t#372:0=7
         commit a id=a gen=2 t#372:2=7
         commit a id=a gen=2 t#372:0=8 t#372:2=8
         beat b
         commit b id=b gen=2 t#372:2=9
         fetch g t:0,2",
        &expect![[r#"
            > beat a
            a: epoch 2 [t:0,1,2]
            > commit a id=a gen=2 t#372:0=5
            a: committed t:0=NONE
            > commit a id=a gen=3 t#372:0=5
            a: committed t:0=STALE_MEMBER_EPOCH
            > commit a id=b gen=2 t#372:0=5
            a: committed t:0=UNKNOWN_MEMBER_ID
            > commit x gen=-1 t#372:0=5
            x: committed t:0=UNKNOWN_MEMBER_ID
            > commit a id=a gen=2 v=8 t#372:0=5
            a: committed t:0=UNSUPPORTED_VERSION
            > beat b
            b: epoch 3 []
            > commit b id=b gen=3 t#372:2=5
            b: committed t:2=NONE
            > beat a
            a: epoch 2 [t:0,1]
            > commit a id=a gen=2 t#372:2=6
            a: committed t:2=NONE
            > beat a owned=t:0,1
            a: epoch 3
            > commit a id=a gen=2 t#372:0=7
            a: committed t:0=NONE
            > commit a id=a gen=2 t#372:2=7
            a: committed t:2=STALE_MEMBER_EPOCH
            > commit a id=a gen=2 t#372:0=8 t#372:2=8
            a: committed t:0=STALE_MEMBER_EPOCH t:2=STALE_MEMBER_EPOCH
            > beat b
            b: epoch 3 [t:2]
            > commit b id=b gen=2 t#372:2=9
            b: committed t:2=STALE_MEMBER_EPOCH
            > fetch g t:0,2
            g: fetched NONE t:0=7/-1/"" t:2=6/-1/""
        "#]],
    );
}

#[test]
fn a_transaction_commits_by_the_same_rules() {
    check(
        "beat a
         txn-commit a id=a gen=2 t#372:0=5
         txn-commit a id=a gen=3 t#372:0=5
         txn-commit a id=b gen=2 t#372:0=5
         txn-commit x gen=-1 t#372:0=5
         quit a
         txn-commit x gen=-1 id=none t#372:1=5",
        &expect![[r#"
            > beat a
            a: epoch 2 [t:0,1,2]
            > txn-commit a id=a gen=2 t#372:0=5
            a: pending t:0=NONE
            > txn-commit a id=a gen=3 t#372:0=5
            a: pending t:0=STALE_MEMBER_EPOCH
            > txn-commit a id=b gen=2 t#372:0=5
            a: pending t:0=UNKNOWN_MEMBER_ID
            > txn-commit x gen=-1 t#372:0=5
            x: pending t:0=NONE
            > quit a
            a: epoch -1
            > txn-commit x gen=-1 id=none t#372:1=5
            x: pending t:1=NONE
        "#]],
    );
}

#[test]
fn who_says_that_it_is_a_member_must_be_one_to_fetch() {
    check(
        "beat a
         commit a id=a gen=2 t#372:0=5
         fetch g t:0
         fetch g as=a gen=2 t:0
         fetch g as=a gen=0 t:0
         fetch g as=b gen=2 t:0",
        &expect![[r#"
            > beat a
            a: epoch 2 [t:0,1,2]
            > commit a id=a gen=2 t#372:0=5
            a: committed t:0=NONE
            > fetch g t:0
            g: fetched NONE t:0=5/-1/""
            > fetch g as=a gen=2 t:0
            g: fetched NONE t:0=5/-1/""
            > fetch g as=a gen=0 t:0
            g: fetched STALE_MEMBER_EPOCH
            > fetch g as=b gen=2 t:0
            g: fetched UNKNOWN_MEMBER_ID
        "#]],
    );
}

#[test]
fn offsets_of_topics_that_members_subscribe_to_stay() {
    check(
        "beat a topics=t
         commit a id=a gen=2 t#372:0=5 u#373:0=6
         delete-offsets - t:0 u:0
         commit a id=a gen=2 u#373:0=6
         beat a regex=u
         delete-offsets - u:0
         beat a regex=
         quit a
         delete-offsets - t:0 u:0
         fetch g all",
        &expect![[r#"
            > beat a topics=t
            a: epoch 2 [t:0,1,2]
            > commit a id=a gen=2 t#372:0=5 u#373:0=6
            a: committed t:0=NONE u:0=NONE
            > delete-offsets - t:0 u:0
            -: deleted NONE t:0=GROUP_SUBSCRIBED_TO_TOPIC u:0=NONE
            > commit a id=a gen=2 u#373:0=6
            a: committed u:0=NONE
            > beat a regex=u
            a: epoch 3 [t:0,1,2 u:0]
            > delete-offsets - u:0
            -: deleted NONE u:0=GROUP_SUBSCRIBED_TO_TOPIC
            > beat a regex=
            a: epoch 3 [t:0,1,2]
            > quit a
            a: epoch -1
            > delete-offsets - t:0 u:0
            -: deleted NONE t:0=NONE u:0=NONE
            > fetch g all
            g: fetched NONE
        "#]],
    );
}

#[test]
fn offsets_of_other_topics_expire_from_their_commit_on() {
    check(
        "config session=2000000000
         beat a topics=t
         commit a id=a gen=2 t#372:0=5 u#373:0=6
         +604200000
         fetch g all
         +1200000
         fetch g all
         quit a
         +1200000
         fetch g all
         list",
        &expect![[r#"
            > config session=2000000000
            > beat a topics=t
            a: epoch 2 [t:0,1,2]
            > commit a id=a gen=2 t#372:0=5 u#373:0=6
            a: committed t:0=NONE u:0=NONE
            > +604200000
            > fetch g all
            g: fetched NONE t:0=5/-1/"" u:0=6/-1/""
            > +1200000
            > fetch g all
            g: fetched NONE t:0=5/-1/""
            > quit a
            a: epoch -1
            > +1200000
            > fetch g all
            g: fetched NONE
            > list
            -: listed
        "#]],
    );
}
