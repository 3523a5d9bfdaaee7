//! Offsets of share groups: told, set, skipped, deleted, and gone with their groups and topics.

use super::*;
use crate::testing::{Bench, bench};
use ottla_wire::message::alter_share_group_offsets_request::{
    AlterShareGroupOffsetsRequestPartition, AlterShareGroupOffsetsRequestTopic,
};
use ottla_wire::message::delete_share_group_offsets_request::DeleteShareGroupOffsetsRequestTopic;
use ottla_wire::message::delete_topics_request::DeleteTopicState;
use ottla_wire::message::{
    AlterShareGroupOffsetsRequest, DeleteGroupsRequest, DeleteShareGroupOffsetsRequest, DeleteTopicsRequest,
    ShareGroupHeartbeatRequest,
};

async fn heartbeat(bench: &Bench, member: &'static str, epoch: i32) {
    let request = ShareGroupHeartbeatRequest {
        group_id: "g".into(),
        member_id: member.into(),
        member_epoch: epoch,
        subscribed_topic_names: (epoch == 0).then(|| vec!["t".into()]),
        ..Default::default()
    };
    let answer = bench.call(&request, 1).await;
    assert_eq!(answer.error_code, ErrorCode::NONE, "{:?}", answer.error_message);
}

/// A queue `t` of two partitions with four records in the first one, and a member that joined.
async fn set_up(bench: &Bench) -> TopicId {
    let topic = bench.create_queue(2).await;
    bench.append(topic, 0, &["a", "b", "c", "d"]).await;
    heartbeat(bench, "m", 0).await;
    topic
}

async fn described(bench: &Bench, topics: Option<Vec<AskedTopic>>, ranges_max: i32) -> Vec<Topic> {
    let groups = vec![Asked { group_id: "g".into(), topics }];
    let answer = bench.call(&DescribeShareGroupOffsetsRequest { groups, ranges_max }, 1).await;
    let group = answer.groups.into_iter().next().expect("one was asked for");
    assert_eq!(group.error_code, ErrorCode::NONE);
    group.topics
}

/// Start and lag of each partition of the only topic.
async fn starts(bench: &Bench) -> Vec<(i64, i64)> {
    let topics = described(bench, None, -1).await;
    assert!(topics.len() < 2);
    let partitions = topics.into_iter().flat_map(|topic| topic.partitions);
    partitions.map(|partition| (partition.start_offset, partition.lag)).collect()
}

fn alter(partition_index: i32, start_offset: i64) -> AlterShareGroupOffsetsRequest {
    let partitions = vec![AlterShareGroupOffsetsRequestPartition { partition_index, start_offset }];
    let topics = vec![AlterShareGroupOffsetsRequestTopic { topic_name: "t".into(), partitions }];
    AlterShareGroupOffsetsRequest { group_id: "g".into(), topics, ..Default::default() }
}

async fn altered(bench: &Bench, request: &AlterShareGroupOffsetsRequest) -> ErrorCode {
    let answer = bench.call(request, 0).await;
    match answer.error_code {
        ErrorCode::NONE => answer.responses[0].partitions[0].error_code,
        code => code,
    }
}

#[test]
fn lag_counts_what_is_not_done() {
    bench(|bench| async move {
        let topic = set_up(&bench).await;
        assert_eq!(starts(&bench).await, [(-1, -1), (-1, -1)], "nobody has fetched");
        let member = bench.member("m", 1, topic);
        member.fetch().await;
        assert_eq!(starts(&bench).await, [(0, 4), (-1, -1)]);
        member.say(&[(1, 2, &[1])]).await;
        assert_eq!(starts(&bench).await, [(0, 2), (-1, -1)], "done behind the start");
        member.say(&[(0, 0, &[1])]).await;
        assert_eq!(starts(&bench).await, [(3, 1), (-1, -1)]);
        let named =
            |topic_name: &'static str, partitions| AskedTopic { topic_name: topic_name.into(), partitions };
        let some = described(&bench, Some(vec![named("t", vec![0, 9]), named("nowhere", vec![0])]), -1).await;
        let told = |topic: &Topic| -> Vec<(i32, i64)> {
            topic.partitions.iter().map(|it| (it.partition_index, it.start_offset)).collect()
        };
        assert_eq!(told(&some[0]), [(0, 3), (9, -1)]);
        assert_eq!((told(&some[1]), TopicId(some[1].topic_id)), (vec![(0, -1)], TopicId::NONE));
        assert_eq!(some[0].partitions[0].standing, []);
    });
}

#[test]
fn who_asks_is_told_how_a_share_partition_stands() {
    bench(|bench| async move {
        let topic = set_up(&bench).await;
        let member = bench.member("m", 1, topic);
        member.fetch().await;
        member.say(&[(1, 1, &[1]), (2, 2, &[2])]).await;
        let standing = described(&bench, None, 100).await.remove(0).partitions.remove(0).standing.remove(0);
        let counts = (standing.ready, standing.acquired, standing.delivery_complete, standing.next_offset);
        assert_eq!(counts, (1, 2, 1, 4));
        let totals = (standing.total_acquired, standing.total_accepted, standing.total_released);
        assert_eq!(totals, (4, 1, 1));
        assert!(0 < standing.oldest_timestamp);
        let ranges: Vec<_> = standing
            .ranges
            .iter()
            .map(|range| (range.first_offset, range.last_offset, range.delivery_count, range.state))
            .collect();
        assert_eq!(ranges, [(0, 0, 1, 4), (2, 2, 1, 0), (3, 3, 1, 4)]);
        let lock = &standing.ranges[0];
        assert_eq!(lock.member_id.as_deref(), Some("m"));
        assert!((1..=30_000).contains(&lock.rest_ms), "{}", lock.rest_ms);
        let few = described(&bench, None, 1).await.remove(0).partitions.remove(0).standing.remove(0);
        assert_eq!(few.ranges.len(), 1);
    });
}

#[test]
fn offsets_are_set_while_nobody_is_in_the_group() {
    bench(|bench| async move {
        let topic = set_up(&bench).await;
        bench.member("m", 1, topic).fetch().await;
        assert_eq!(altered(&bench, &alter(0, 2)).await, ErrorCode::NON_EMPTY_GROUP);
        heartbeat(&bench, "m", -1).await;
        assert_eq!(altered(&bench, &alter(0, 2)).await, ErrorCode::NONE);
        assert_eq!(starts(&bench).await, [(2, 2), (-1, -1)]);
        assert_eq!(altered(&bench, &alter(9, 2)).await, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
        assert_eq!(altered(&bench, &alter(0, -1)).await, ErrorCode::NONE);
        assert_eq!(starts(&bench).await[0], (0, 4), "where the settings say");
        let nameless = AlterShareGroupOffsetsRequest { group_id: "".into(), ..alter(0, 0) };
        assert_eq!(altered(&bench, &nameless).await, ErrorCode::INVALID_GROUP_ID);
    });
}

#[test]
fn what_is_skipped_is_given_up_also_while_members_work() {
    bench(|bench| async move {
        let topic = set_up(&bench).await;
        let skip = |start| AlterShareGroupOffsetsRequest { skip: true, ..alter(0, start) };
        let member = bench.member("m", 1, topic);
        member.fetch().await;
        bench.append(topic, 0, &["e"]).await;
        assert_eq!(altered(&bench, &skip(-1)).await, ErrorCode::NONE);
        assert_eq!(starts(&bench).await[0], (5, 0));
        assert_eq!(member.say(&[(0, 3, &[1])]).await, ErrorCode::NONE, "it is done in any case");
        assert_eq!(member.fetch().await.values, [""; 0]);
        bench.append(topic, 0, &["f"]).await;
        assert_eq!(altered(&bench, &skip(2)).await, ErrorCode::NONE);
        assert_eq!(member.fetch().await.values, ["f"], "it never goes back");
        let fresh = AlterShareGroupOffsetsRequest { skip: true, ..alter(1, -1) };
        assert_eq!(altered(&bench, &fresh).await, ErrorCode::NONE, "nobody has fetched there");
        let nobody = AlterShareGroupOffsetsRequest { group_id: "nobody".into(), ..skip(-1) };
        assert_eq!(altered(&bench, &nobody).await, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
    });
}

#[test]
fn deleted_offsets_start_as_at_first() {
    bench(|bench| async move {
        let topic = set_up(&bench).await;
        let delete = |group: &'static str, names: &[&'static str]| {
            let topic =
                |name: &&'static str| DeleteShareGroupOffsetsRequestTopic { topic_name: (*name).into() };
            let topics = names.iter().map(topic).collect();
            let request = DeleteShareGroupOffsetsRequest { group_id: group.into(), topics };
            let bench = &bench;
            async move {
                let answer = bench.call(&request, 0).await;
                let topics =
                    answer.responses.iter().map(|topic| (topic.topic_name.to_string(), topic.error_code));
                (answer.error_code, topics.collect::<Vec<_>>())
            }
        };
        let member = bench.member("m", 1, topic);
        member.fetch().await;
        member.say(&[(0, 3, &[1])]).await;
        assert_eq!(delete("g", &["t"]).await.0, ErrorCode::NON_EMPTY_GROUP);
        heartbeat(&bench, "m", -1).await;
        assert_eq!(delete("nobody", &["t"]).await.0, ErrorCode::GROUP_ID_NOT_FOUND);
        let (unknown, fine) = (ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, ErrorCode::NONE);
        let deleted = delete("g", &["nowhere", "t"]).await;
        assert_eq!(deleted, (fine, vec![("t".to_owned(), fine), ("nowhere".to_owned(), unknown)]));
        assert_eq!(delete("g", &["t"]).await, (fine, vec![("t".to_owned(), unknown)]));
        assert_eq!(starts(&bench).await, []);
        heartbeat(&bench, "n", 0).await;
        assert_eq!(bench.member("n", 2, topic).fetch().await.values, ["a", "b", "c", "d"]);
    });
}

#[test]
fn a_deletion_that_got_half_way_is_finished_by_the_next() {
    bench(|bench| async move {
        let topic = set_up(&bench).await;
        let member = bench.member("m", 1, topic);
        member.fetch().await;
        assert_eq!(member.say(&[(0, 1, &[1])]).await, ErrorCode::NONE);
        heartbeat(&bench, "m", -1).await;
        let known = bench.broker.groups.forget_share(&"g".into(), vec![topic]).await;
        assert_eq!(known.expect("it is loaded").expect("it is empty"), [topic]);
        let topics = vec![DeleteShareGroupOffsetsRequestTopic { topic_name: "t".into() }];
        bench.call(&DeleteShareGroupOffsetsRequest { group_id: "g".into(), topics }, 0).await;
        heartbeat(&bench, "n", 0).await;
        assert_eq!(bench.member("n", 2, topic).fetch().await.values, ["a", "b", "c", "d"]);
    });
}

#[test]
fn states_go_with_their_group_and_with_their_topic() {
    bench(|bench| async move {
        let topic = set_up(&bench).await;
        let left = |topic| {
            let partition = PartitionId { topic, index: PartitionIndex(0) };
            let share = &bench.broker.share.partitions;
            async move { share.describe(&"g".into(), [partition].into(), 0).await.expect("it is loaded").len() }
        };
        bench.member("m", 1, topic).fetch().await;
        let delete = DeleteGroupsRequest { groups_names: vec!["g".into()] };
        let refused = bench.call(&delete, 3).await.results.remove(0).error_code;
        assert_eq!((refused, left(topic).await), (ErrorCode::NON_EMPTY_GROUP, 1));
        heartbeat(&bench, "m", -1).await;
        let deleted = bench.call(&delete, 3).await.results.remove(0).error_code;
        assert_eq!((deleted, left(topic).await), (ErrorCode::NONE, 0));
        heartbeat(&bench, "m", 0).await;
        let member = bench.member("m", 1, topic);
        member.fetch().await;
        let gone = DeleteTopicState { name: Some("t".into()), ..Default::default() };
        let deleted = bench.call(&DeleteTopicsRequest { topics: vec![gone], ..Default::default() }, 6).await;
        assert_eq!((deleted.responses[0].error_code, left(topic).await), (ErrorCode::NONE, 0));
        let again = bench.create_topic("t", 1).await;
        bench.append(again, 0, &["new"]).await;
        let late = member.send(&member.request(&[])).await;
        let code = late.responses[0].partitions[0].error_code;
        assert_eq!(code, ErrorCode::UNKNOWN_TOPIC_ID, "its session still names the old one");
        heartbeat(&bench, "n", 0).await;
        assert_eq!(bench.member("n", 2, again).fetch().await.values, ["new"]);
    });
}
