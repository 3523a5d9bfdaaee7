//! Topics that are missing, made, or do not fit.

use crate::group::tests::script::check;
use expect_test::expect;

#[test]
fn missing_sources_are_named() {
    check(
        "s-config delay=0 interval=0
         define 0:src=a+b+c+d+e 1:src=in
         s-topics in:2
         s-beat a
         s-describe
         s-topics in:2 a:1 b:1 c:1 d:1 e:3
         s-beat a
         s-describe",
        &expect![[r#"
            > s-config delay=0 interval=0
            > define 0:src=a+b+c+d+e 1:src=in
            > s-topics in:2
            > s-beat a
            a: epoch 2 active
               status 1 there are no source topics a, b, c and 2 more: create them
               asked to draw
            > s-describe
            -: NotReady epoch 2/2
               0: src=a+b+c+d+e rep= sink= log=
               1: src=in rep= sink= log=
               a epoch 2 has [] wants []
            > s-topics in:2 a:1 b:1 c:1 d:1 e:3
            > s-beat a
            a: epoch 3 active 0.[0,1,2] 1.[0,1]
            > s-describe
            -: Stable epoch 3/3
               0: src=a+b+c+d+e rep= sink= log=
               1: src=in rep= sink= log=
               a epoch 3 has [0.[0,1,2]1.[0,1]] wants [0.[0,1,2]1.[0,1]]
        "#]],
    );
}

#[test]
fn internal_topics_are_asked_for_with_their_counts_and_configs() {
    check(
        "s-config delay=0 interval=0
         define 0:src=in+wide,sink=r 1:rep=r,log=c,sink=s 2:rep=s/3,log=d
         s-topics in:2 wide:4
         s-beat a
         s-describe
         s-topics in:2 wide:4 r:4 c:4 s:3
         s-beat a
         s-topics in:2 wide:4 r:4 c:4 s:3 d:3
         s-beat a
         s-beat a
         s-describe",
        &expect![[r#"
            > s-config delay=0 interval=0
            > define 0:src=in+wide,sink=r 1:rep=r,log=c,sink=s 2:rep=s/3,log=d
            > s-topics in:2 wide:4
            > s-beat a
            a: epoch 2 active again in 1000
               status 3 internal topics are still to be made: c, d, r and 1 more
               create c:4 rf -1 ["k=v"]
               create d:3 rf -1 ["k=v"]
               create r:4 rf -1 ["k=v"]
               create s:3 rf -1 ["k=v"]
               asked to draw
            > s-describe
            -: NotReady epoch 2/2
               0: src=in+wide rep= sink=r log=
               1: src= rep=r:0 sink=s log=c:0
               2: src= rep=s:3 sink= log=d:0
               a epoch 2 has [] wants []
            > s-topics in:2 wide:4 r:4 c:4 s:3
            > s-beat a
            a: epoch 3 again in 1000
               status 3 internal topics are still to be made: d
               create d:3 rf -1 ["k=v"]
            > s-topics in:2 wide:4 r:4 c:4 s:3 d:3
            > s-beat a
            a: epoch 4 active 0.[0,1,2,3] 1.[0,1,2,3] 2.[0,1,2]
            > s-beat a
            a: epoch 4
            > s-describe
            -: Stable epoch 4/4
               0: src=in+wide rep= sink=r log=
               1: src= rep=r:4 sink=s log=c:4
               2: src= rep=s:3 sink= log=d:3
               a epoch 4 has [0.[0,1,2,3]1.[0,1,2,3]2.[0,1,2]] wants [0.[0,1,2,3]1.[0,1,2,3]2.[0,1,2]]
        "#]],
    );
}

#[test]
fn topics_that_exist_must_fit() {
    check(
        "s-config delay=0 interval=0
         define 0:src=in,log=c
         s-topics in:2 c:3
         s-beat a
         s-topics in:2 c:2
         s-beat a
         s-topics in:3 c:2
         s-beat a
         s-describe",
        &expect![[r#"
            > s-config delay=0 interval=0
            > define 0:src=in,log=c
            > s-topics in:2 c:3
            > s-beat a
            a: epoch 2 active
               status 2 topic c needs 2 partitions and has 3: delete it, or reset the application
               asked to draw
            > s-topics in:2 c:2
            > s-beat a
            a: epoch 3 active 0.[0,1]
            > s-topics in:3 c:2
            > s-beat a
            a: epoch 3 active
               status 2 topic c needs 3 partitions and has 2: delete it, or reset the application
            > s-describe
            -: NotReady epoch 4/4
               0: src=in rep= sink= log=c:0
               a epoch 3 has [] wants []
        "#]],
    );
}

#[test]
fn copartitioned_sources_must_be_equal() {
    check(
        "s-config delay=0 interval=0
         define 0:src=a+b,co=a+b
         s-topics a:2 b:3
         s-beat x
         s-topics a:3 b:3
         s-beat x",
        &expect![[r#"
            > s-config delay=0 interval=0
            > define 0:src=a+b,co=a+b
            > s-topics a:2 b:3
            > s-beat x
            x: epoch 2 active
               status 2 topics that are read together must have equally many partitions, and these do not: a=2, b=3
               asked to draw
            > s-topics a:3 b:3
            > s-beat x
            x: epoch 3 active 0.[0,1,2]
        "#]],
    );
}

#[test]
fn copartitioned_repartition_topics_follow_the_sources() {
    check(
        "s-config delay=0 interval=0
         define 0:src=in,sink=r 1:src=a,rep=r,log=c,co=a+r
         s-topics in:2 a:6
         s-beat x",
        &expect![[r#"
            > s-config delay=0 interval=0
            > define 0:src=in,sink=r 1:src=a,rep=r,log=c,co=a+r
            > s-topics in:2 a:6
            > s-beat x
            x: epoch 2 active again in 1000
               status 3 internal topics are still to be made: c, r
               create c:6 rf -1 ["k=v"]
               create r:6 rf -1 ["k=v"]
               asked to draw
        "#]],
    );
}

#[test]
fn a_fixed_repartition_topic_must_equal_the_sources_it_is_copartitioned_with() {
    check(
        "s-config delay=0 interval=0
         define 0:src=in,sink=r 1:src=a,rep=r/4,co=a+r
         s-topics in:2 a:6
         s-beat x",
        &expect![[r#"
            > s-config delay=0 interval=0
            > define 0:src=in,sink=r 1:src=a,rep=r/4,co=a+r
            > s-topics in:2 a:6
            > s-beat x
            x: epoch 2 active
               status 2 repartition topic r is fixed at 4 partitions, and is read together with topics of 6: they must be the same
               asked to draw
        "#]],
    );
}

#[test]
fn repartition_topics_among_themselves_follow_the_fixed_one_or_the_largest() {
    check(
        "s-config delay=0 interval=0
         define 0:src=in,sink=r+s 1:src=wide,sink=t 2:rep=r/3+s+t,co=r+s+t 3:rep=u+v,co=u+v 4:src=wide,sink=u 5:src=in,sink=v
         s-topics in:2 wide:4
         s-beat x",
        &expect![[r#"
            > s-config delay=0 interval=0
            > define 0:src=in,sink=r+s 1:src=wide,sink=t 2:rep=r/3+s+t,co=r+s+t 3:rep=u+v,co=u+v 4:src=wide,sink=u 5:src=in,sink=v
            > s-topics in:2 wide:4
            > s-beat x
            x: epoch 2 active again in 1000
               status 3 internal topics are still to be made: r, s, t and 2 more
               create r:3 rf -1 ["k=v"]
               create s:3 rf -1 ["k=v"]
               create t:3 rf -1 ["k=v"]
               create u:4 rf -1 ["k=v"]
               create v:4 rf -1 ["k=v"]
               asked to draw
        "#]],
    );
}

#[test]
fn fixed_ones_that_differ_only_matter_in_one_set() {
    check(
        "s-config delay=0 interval=0
         define 0:src=in,sink=r+s+t 1:rep=r/3+s/4,co=r+s
         s-topics in:2
         s-beat x
         define 0:src=in,sink=r+s+t 1:rep=r/3+t,co=r+t 2:rep=s/4
         s-beat x group=h",
        &expect![[r#"
            > s-config delay=0 interval=0
            > define 0:src=in,sink=r+s+t 1:rep=r/3+s/4,co=r+s
            > s-topics in:2
            > s-beat x
            x: epoch 2 active
               status 2 topics that are read together must have equally many partitions, and these do not: r=3, s=4
               asked to draw
            > define 0:src=in,sink=r+s+t 1:rep=r/3+t,co=r+t 2:rep=s/4
            > s-beat x group=h
            x: GROUP_ID_NOT_FOUND there is no streams group h
        "#]],
    );
}

#[test]
fn loops_and_orphans_are_no_topology() {
    check(
        "s-config delay=0 interval=0
         define 0:rep=r,sink=s 1:rep=s,sink=r
         s-beat a
         define 0:src=in 1:rep=r
         s-beat a
         # A loop with an entrance is fine.
         define 0:src=in,rep=r,sink=r
         s-beat a",
        &expect![[r#"
            > s-config delay=0 interval=0
            > define 0:rep=r,sink=s 1:rep=s,sink=r
            > s-beat a
            a: STREAMS_INVALID_TOPOLOGY repartition topics feed each other in a circle, so that none can tell how many partitions the next one needs: fix the number of one of them
            > define 0:src=in 1:rep=r
            > s-beat a
            a: STREAMS_INVALID_TOPOLOGY nothing writes into repartition topic r, so that nobody can tell how many partitions it needs: fix its number
            > define 0:src=in,rep=r,sink=r
            > s-beat a
            a: epoch 2 active again in 1000
               status 3 internal topics are still to be made: r
               create r:2 rf -1 ["k=v"]
               asked to draw
        "#]],
    );
}

#[test]
fn what_no_broker_can_run_is_refused() {
    check(
        "define 0:log=c
         s-beat a
         define 0:src=__consumer_offsets
         s-beat a
         define 0:src=in,log=c/3
         s-beat a
         define 0:src=in,sink=bad!name
         s-beat a
         define 0:src=in 0:src=in
         s-beat a
         define 0:src=in,regex=x.*
         s-beat a
         define 0:src=in,rep=r/-4
         s-beat a
         define 0:src=in
         s-beat a topology-epoch=-1
         define 0:src=in
         s-topics in:100001
         s-beat a
         list",
        &expect![[r#"
            > define 0:log=c
            > s-beat a
            a: STREAMS_INVALID_TOPOLOGY subtopology 0 reads no topic: each needs a source
            > define 0:src=__consumer_offsets
            > s-beat a
            a: STREAMS_INVALID_TOPOLOGY topic __consumer_offsets is kept for Kafka's own state: a topology cannot use it
            > define 0:src=in,log=c/3
            > s-beat a
            a: STREAMS_INVALID_TOPOLOGY changelog topic c asks for 3 partitions: it gets as many as there are tasks, so ask for 0
            > define 0:src=in,sink=bad!name
            > s-beat a
            a: STREAMS_INVALID_TOPOLOGY 'bad!name' cannot be a topic's name: 1 to 249 of a-z, A-Z, 0-9, '.', '_' and '-'
            > define 0:src=in 0:src=in
            > s-beat a
            a: STREAMS_INVALID_TOPOLOGY subtopology '0' is there twice: ids must be unique
            > define 0:src=in,regex=x.*
            > s-beat a
            a: INVALID_REQUEST subtopology '0' reads topics by a pattern, which streams groups cannot do: name them
            > define 0:src=in,rep=r/-4
            > s-beat a
            a: STREAMS_INVALID_TOPOLOGY topic 'r' cannot have -4 partitions and a replication factor of 0: 0 of either leaves the number to the broker
            > define 0:src=in
            > s-beat a topology-epoch=-1
            a: STREAMS_INVALID_TOPOLOGY_EPOCH the topology epoch is -1, but it must be 0 or greater
            > define 0:src=in
            > s-topics in:100001
            > s-beat a
            a: STREAMS_INVALID_TOPOLOGY the topology comes to 100001 tasks; the most are 100000: use fewer partitions or split the application
            > list
            -: listed
        "#]],
    );
}

#[test]
fn a_topic_that_grows_or_is_made_anew_makes_a_new_assignment() {
    check(
        "s-config delay=0 interval=0
         s-topics in:2
         s-beat a
         s-topics in:2 unrelated:1
         s-beat a
         s-topics in:3
         s-beat a
         s-topics unrelated:1
         s-beat a
         s-describe
         s-topics in:3
         s-beat a",
        &expect![[r#"
            > s-config delay=0 interval=0
            > s-topics in:2
            > s-beat a
            a: epoch 2 active 0.[0,1]
               asked to draw
            > s-topics in:2 unrelated:1
            > s-beat a
            a: epoch 2
            > s-topics in:3
            > s-beat a
            a: epoch 3 active 0.[0,1,2]
            > s-topics unrelated:1
            > s-beat a
            a: epoch 3 active
               status 1 there are no source topics in: create them
            > s-describe
            -: NotReady epoch 4/4
               0: src=in rep= sink= log=
               a epoch 3 has [] wants []
            > s-topics in:3
            > s-beat a
            a: epoch 5 active 0.[0,1,2]
        "#]],
    );
}
