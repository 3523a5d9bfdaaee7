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
               status 1 Source topics a, b, c and 2 additional topics are missing.
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
               status 3 Internal topics are missing: c, d, r and 1 additional topics
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
               status 3 Internal topics are missing: d
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
               status 2 Existing topic c has different number of partitions: expected 2, found 3
               asked to draw
            > s-topics in:2 c:2
            > s-beat a
            a: epoch 3 active 0.[0,1]
            > s-topics in:3 c:2
            > s-beat a
            a: epoch 3 active
               status 2 Existing topic c has different number of partitions: expected 3, found 2
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
               status 2 Following topics do not have the same number of partitions: [{a=2, b=3}]
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
               status 3 Internal topics are missing: c, r
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
               status 2 Number of partitions [4] of repartition topic [r] doesn't match number of partitions [6] of the source topic.
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
               status 3 Internal topics are missing: r, s, t and 2 additional topics
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
               status 2 Following topics do not have the same number of partitions: [{r=3, s=4}]
               asked to draw
            > define 0:src=in,sink=r+s+t 1:rep=r/3+t,co=r+t 2:rep=s/4
            > s-beat x group=h
            x: GROUP_ID_NOT_FOUND Group h is not a streams group.
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
            a: STREAMS_INVALID_TOPOLOGY Failed to compute number of partitions for all repartition topics. There may be loops in the topology that cannot be resolved.
            > define 0:src=in 1:rep=r
            > s-beat a
            a: STREAMS_INVALID_TOPOLOGY Failed to compute number of partitions for all repartition topics, because a repartition source topic is never used as a sink topic: r
            > define 0:src=in,rep=r,sink=r
            > s-beat a
            a: epoch 2 active again in 1000
               status 3 Internal topics are missing: r
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
            a: STREAMS_INVALID_TOPOLOGY No source topics found for subtopology 0
            > define 0:src=__consumer_offsets
            > s-beat a
            a: STREAMS_INVALID_TOPOLOGY Use of Kafka internal topics __consumer_offsets in a Kafka Streams topology is prohibited.
            > define 0:src=in,log=c/3
            > s-beat a
            a: STREAMS_INVALID_TOPOLOGY Changelog topic c must have an undefined partition count, but it is set to 3.
            > define 0:src=in,sink=bad!name
            > s-beat a
            a: STREAMS_INVALID_TOPOLOGY Topic names bad!name are not valid topic names.
            > define 0:src=in 0:src=in
            > s-beat a
            a: STREAMS_INVALID_TOPOLOGY subtopology '0' is there twice: ids must be unique
            > define 0:src=in,regex=x.*
            > s-beat a
            a: INVALID_REQUEST subtopology '0' reads topics by a pattern, which streams groups cannot do: name them
            > define 0:src=in,rep=r/-4
            > s-beat a
            a: STREAMS_INVALID_TOPOLOGY topic 'r' cannot have -4 partitions and a replication factor of 0
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
               status 1 Source topics in are missing.
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
