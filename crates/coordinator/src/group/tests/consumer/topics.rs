//! What members subscribe to, and topics that come and go.

use crate::group::tests::script::check;
use expect_test::expect;

#[test]
fn topics_that_come_grow_and_go_are_seen_at_the_next_heartbeat() {
    check(
        "beat a topics=t,new
         topics t=3 new=1
         beat a
         beat a
         topics t=4 new=1
         beat a
         topics t=4 other=1
         beat a
         beat a owned=t:0,1,2,3
         topics t@2=2
         beat a
         beat a owned=-
         beat a
         describe-consumer",
        &expect![[r#"
            > beat a topics=t,new
            a: epoch 2 [t:0,1,2]
            > topics t=3 new=1
            > beat a
            a: epoch 3 [t:0,1,2 new:0]
            > beat a
            a: epoch 3
            > topics t=4 new=1
            > beat a
            a: epoch 4 [t:0,1,2,3 new:0]
            > topics t=4 other=1
            > beat a
            a: epoch 4 [t:0,1,2,3]
            > beat a owned=t:0,1,2,3
            a: epoch 5
            > topics t@2=2
            > beat a
            a: epoch 5 []
            > beat a owned=-
            a: epoch 6 [t:0,1]
            > beat a
            a: epoch 6
            > describe-consumer
            -: Stable epoch 6/6 uniform
                a epoch 6 [t:0,1] -> [t:0,1]
        "#]],
    );
}

#[test]
fn a_topic_that_concerns_nobody_changes_nothing() {
    check(
        "beat a
         topics t=3 u=7 x=1
         beat a
         describe-consumer",
        &expect![[r#"
            > beat a
            a: epoch 2 [t:0,1,2]
            > topics t=3 u=7 x=1
            > beat a
            a: epoch 2
            > describe-consumer
            -: Stable epoch 2/2 uniform
                a epoch 2 [t:0,1,2] -> [t:0,1,2]
        "#]],
    );
}

#[test]
fn patterns_find_what_is_there_and_what_comes() {
    check(
        "topics aa=1 ab=1 b=1
         beat a regex=a.*
         beat b regex=a.* topics=b
         beat a
         beat a owned=aa:0
         beat b
         topics aa=1 ab=1 b=1 ac=1
         beat a
         beat b
         describe-consumer
         beat a regex=
         beat a owned=-
         beat b
         describe-consumer
         beat b regex=[[
         restart
         beat b
         describe-consumer",
        &expect![[r#"
            > topics aa=1 ab=1 b=1
            > beat a regex=a.*
            a: epoch 2 [aa:0 ab:0]
            > beat b regex=a.* topics=b
            b: epoch 3 [b:0]
            > beat a
            a: epoch 3
            > beat a owned=aa:0
            a: epoch 3
            > beat b
            b: epoch 3
            > topics aa=1 ab=1 b=1 ac=1
            > beat a
            a: epoch 4
            > beat b
            b: epoch 4 [b:0 ac:0]
            > describe-consumer
            -: Stable epoch 4/4 uniform
                a epoch 4 [aa:0 ab:0] -> [aa:0 ab:0]
                b epoch 4 [b:0 ac:0] -> [b:0 ac:0]
            > beat a regex=
            a: epoch 4 []
            > beat a owned=-
            a: epoch 5
            > beat b
            b: epoch 5 [b:0 aa:0 ab:0 ac:0]
            > describe-consumer
            -: Stable epoch 5/5 uniform
                a epoch 5 [] -> []
                b epoch 5 [b:0 aa:0 ab:0 ac:0] -> [b:0 aa:0 ab:0 ac:0]
            > beat b regex=[[
            b: INVALID_REGULAR_EXPRESSION (the regular expression '[[' cannot be used: a closing ] is missing, at character 2)
            > restart
            > beat b
            b: epoch 5
            > describe-consumer
            -: Stable epoch 5/5 uniform
                a epoch 5 [] -> []
                b epoch 5 [b:0 aa:0 ab:0 ac:0] -> [b:0 aa:0 ab:0 ac:0]
        "#]],
    );
}

#[test]
fn a_new_subscription_takes_what_it_does_not_name_at_once() {
    check(
        "config interval=1000
         beat a topics=t,u
         +500
         beat a topics=u
         beat a owned=u:0
         +500
         beat a
         describe-consumer",
        &expect![[r#"
            > config interval=1000
            > beat a topics=t,u
            a: epoch 2 [t:0,1,2 u:0]
            > +500
            > beat a topics=u
            a: epoch 2 [u:0]
            > beat a owned=u:0
            a: epoch 2
            > +500
            > beat a
            a: epoch 3
            > describe-consumer
            -: Stable epoch 3/3 uniform
                a epoch 3 [u:0] -> [u:0]
        "#]],
    );
}
