//! Share groups, from request to answer.

use super::*;
use ottla_base::{PartitionId, TopicId};
use ottla_coordinator::group::share::Start;
use ottla_wire::message::create_partitions_request::CreatePartitionsTopic;
use ottla_wire::message::delete_topics_request::DeleteTopicState;
use ottla_wire::message::incremental_alter_configs_request::{AlterConfigsResource, AlterableConfig};

fn heartbeat(member: &str, epoch: i32, topics: &[&str]) -> ShareGroupHeartbeatRequest {
    ShareGroupHeartbeatRequest {
        group_id: "g".into(),
        member_id: member.into(),
        member_epoch: epoch,
        subscribed_topic_names: (epoch == 0).then(|| topics.iter().map(|name| Str::from(*name)).collect()),
        ..Default::default()
    }
}

/// The answer's epoch, and what it assigns of each topic.
async fn beat(
    bench: &Bench,
    request: &ShareGroupHeartbeatRequest,
) -> (i32, Option<Vec<(TopicId, Vec<i32>)>>) {
    let response = bench.call(request, 1).await;
    assert_eq!((response.error_code, response.error_message), (ErrorCode::NONE, None));
    let assigned = response.assignment.map(|assignment| {
        let topics = assignment.topic_partitions.into_iter();
        topics.map(|topic| (TopicId(topic.topic_id), topic.partitions)).collect()
    });
    (response.member_epoch, assigned)
}

async fn alter_group(bench: &Bench, key: &str, value: &str) {
    let config = AlterableConfig { name: key.into(), value: Some(value.into()), ..Default::default() };
    let resource =
        AlterConfigsResource { resource_type: 32, resource_name: "g".into(), configs: vec![config] };
    let request = IncrementalAlterConfigsRequest { resources: vec![resource], validate_only: false };
    let response = bench.call(&request, 1).await;
    assert_eq!(response.responses[0].error_code, ErrorCode::NONE, "{:?}", response.responses[0]);
}

async fn list(bench: &Bench) -> Vec<(Str, Str, Str, Str)> {
    let response = bench.call(&ListGroupsRequest::default(), 5).await;
    let facts = |group: list_groups_response::ListedGroup| {
        (group.group_id, group.group_type, group.group_state, group.protocol_type)
    };
    response.groups.into_iter().map(facts).collect()
}

#[test]
fn members_follow_topics_that_come_grow_and_go() {
    bench(|bench| async move {
        alter_group(&bench, "share.assignment.interval.ms", "0").await;
        assert_eq!(beat(&bench, &heartbeat("a", 0, &["t"])).await, (2, Some(vec![])));
        let topic = bench.create_topic("t", 1).await;
        assert_eq!(beat(&bench, &heartbeat("a", 2, &[])).await, (3, Some(vec![(topic, vec![0])])));
        assert_eq!(beat(&bench, &heartbeat("a", 3, &[])).await, (3, None));
        let grown = CreatePartitionsTopic { name: "t".into(), count: 3, assignments: None };
        let request =
            CreatePartitionsRequest { topics: vec![grown], timeout_ms: 1_000, ..Default::default() };
        assert_eq!(bench.call(&request, 3).await.results[0].error_code, ErrorCode::NONE);
        assert_eq!(beat(&bench, &heartbeat("a", 3, &[])).await, (4, Some(vec![(topic, vec![0, 1, 2])])));
        let share_start = async |index| {
            let partition = PartitionId { topic, index: PartitionIndex(index) };
            bench.broker.groups.share_start(&"g".into(), partition).await.expect("the groups are loaded")
        };
        assert_eq!(share_start(0).await, Some(Start::Reset));
        assert_eq!(share_start(2).await, Some(Start::Earliest));
        assert_eq!(share_start(3).await, None);
        let gone = DeleteTopicState { name: Some("t".into()), ..Default::default() };
        let request = DeleteTopicsRequest { topics: vec![gone], timeout_ms: 1_000, ..Default::default() };
        assert_eq!(bench.call(&request, 6).await.responses[0].error_code, ErrorCode::NONE);
        assert_eq!(beat(&bench, &heartbeat("a", 4, &[])).await, (5, Some(vec![])));
        assert_eq!(share_start(0).await, None);
        assert_eq!(bench.broker.groups.share_topics(&"g".into()).await, Ok(vec![]));
    });
}

#[test]
fn members_survive_a_restart() {
    let dir = tempfile::tempdir().expect("a directory for the test");
    bench_in(dir.path(), |bench| async move {
        bench.create_topic("t", 2).await;
        let (epoch, assigned) = beat(&bench, &heartbeat("a", 0, &["t"])).await;
        assert_eq!((epoch, assigned.map(|topics| topics.len())), (2, Some(1)));
    });
    bench_in(dir.path(), |bench| async move {
        assert_eq!(beat(&bench, &heartbeat("a", 2, &[])).await, (2, None));
        let described = describe(&bench, &["g"]).await.remove(0);
        assert_eq!((&*described.group_state, described.group_epoch), ("Stable", 2));
        assert_eq!(described.members[0].assignment.topic_partitions[0].partitions, [0, 1]);
    });
}

async fn describe(bench: &Bench, groups: &[&str]) -> Vec<share_group_describe_response::DescribedGroup> {
    let request = ShareGroupDescribeRequest {
        group_ids: groups.iter().map(|group| Str::from(*group)).collect(),
        include_authorized_operations: true,
    };
    bench.call(&request, 1).await.groups
}

#[test]
fn share_groups_are_described_listed_and_deleted() {
    bench(|bench| async move {
        bench.create_topic("t", 1).await;
        beat(&bench, &ShareGroupHeartbeatRequest { rack_id: Some("r".into()), ..heartbeat("a", 0, &["t"]) })
            .await;
        become_member(&bench, "classic", 5).await;
        let mut described = describe(&bench, &["g", "classic", "nobody", ""]).await;
        let codes: Vec<_> = described.iter().map(|group| group.error_code).collect();
        let not_found = ErrorCode::GROUP_ID_NOT_FOUND;
        assert_eq!(codes, [ErrorCode::NONE, not_found, not_found, ErrorCode::INVALID_GROUP_ID]);
        assert!(described[1].error_message.is_some() && described[2].error_message.is_some());
        let group = described.remove(0);
        assert_eq!((group.assignment_epoch, &*group.assignor_name), (2, "simple"));
        assert_ne!(group.authorized_operations, i32::MIN);
        let member = &group.members[0];
        assert_eq!((&*member.member_id, member.rack_id.as_deref(), member.member_epoch), ("a", Some("r"), 2));
        assert_eq!(member.subscribed_topic_names, ["t"]);
        assert_eq!(&*member.assignment.topic_partitions[0].topic_name, "t");
        let expected: Vec<(Str, Str, Str, Str)> = vec![
            ("g".into(), "share".into(), "Stable".into(), "share".into()),
            ("classic".into(), "classic".into(), "Stable".into(), "consumer".into()),
        ];
        let mut listed = list(&bench).await;
        listed.sort_by_key(|(id, ..)| std::cmp::Reverse(id.clone()));
        assert_eq!(listed, expected);
        let groups = &bench.broker.groups;
        assert_eq!(groups.may_delete_share(&"g".into()).await, Ok(false));
        let delete = DeleteGroupsRequest { groups_names: vec!["g".into()] };
        assert_eq!(bench.call(&delete, 2).await.results[0].error_code, ErrorCode::NON_EMPTY_GROUP);
        let gone = bench.call(&heartbeat("a", -1, &[]), 1).await;
        assert_eq!(
            (gone.error_code, gone.member_epoch, gone.heartbeat_interval_ms),
            (ErrorCode::NONE, -1, 0)
        );
        assert_eq!(groups.may_delete_share(&"g".into()).await, Ok(true));
        assert_eq!(groups.may_delete_share(&"classic".into()).await, Ok(false));
        assert_eq!(bench.call(&delete, 2).await.results[0].error_code, ErrorCode::NONE);
        assert_eq!(describe(&bench, &["g"]).await[0].error_code, ErrorCode::GROUP_ID_NOT_FOUND);
    });
}

/// The group went and its share-partitions stayed: the next group of its name began where it had been.
#[test]
fn a_share_group_whose_share_partitions_cannot_be_deleted_now_stays() {
    bench(|bench| async move {
        bench.create_topic("t", 1).await;
        beat(&bench, &heartbeat("a", 0, &["t"])).await;
        bench.call(&heartbeat("a", -1, &[]), 1).await;
        let delete = DeleteGroupsRequest { groups_names: vec!["g".into()] };
        let deleted = async || bench.call(&delete, 2).await.results[0].error_code;
        let shard = bench.broker.share.partitions.shard("g");
        shard.unload();
        assert_eq!(deleted().await, ErrorCode::NOT_COORDINATOR);
        assert_eq!(describe(&bench, &["g"]).await[0].error_code, ErrorCode::NONE);
        shard.lose().await;
        assert_eq!(deleted().await, ErrorCode::NONE);
        assert_eq!(describe(&bench, &["g"]).await[0].error_code, ErrorCode::GROUP_ID_NOT_FOUND);
    });
}

#[test]
fn what_is_set_for_a_group_holds_from_the_next_heartbeat_on() {
    bench(|bench| async move {
        let response = bench.call(&heartbeat("a", 0, &["t"]), 1).await;
        assert_eq!(response.heartbeat_interval_ms, 5_000);
        alter_group(&bench, "share.heartbeat.interval.ms", "7000").await;
        let response = bench.call(&heartbeat("a", 2, &[]), 1).await;
        assert_eq!((response.heartbeat_interval_ms, response.assignment), (7_000, None));
    });
}

#[test]
fn a_refusal_says_what_to_do() {
    bench(|bench| async move {
        let response = bench.call(&heartbeat("a", 4, &[]), 1).await;
        assert_eq!(response.error_code, ErrorCode::GROUP_ID_NOT_FOUND);
        assert!(response.error_message.is_some_and(|message| message.contains("join")), "a cause and a cure");
        assert_eq!((response.member_id, response.member_epoch), (None, 0));
    });
}

#[test]
fn offsets_are_set_and_deleted_where_nobody_is() {
    bench(|bench| async move {
        let topic = bench.create_topic("t", 2).await;
        let (groups, group) = (&bench.broker.groups, Str::from("g"));
        assert_eq!(groups.alter_share(&group, vec![(topic, 2)]).await, Ok(Ok(())));
        assert_eq!(groups.share_topics(&group).await, Ok(vec![(topic, 2)]));
        assert_eq!(list(&bench).await[0].2, "Empty");
        beat(&bench, &heartbeat("a", 0, &["t"])).await;
        for refused in [
            groups.alter_share(&group, vec![(topic, 2)]).await.map(|result| result.map(drop)),
            groups.forget_share(&group, vec![topic]).await.map(|result| result.map(drop)),
        ] {
            let refusal = refused.expect("the groups are loaded").expect_err("there is a member");
            assert_eq!(refusal.code, ErrorCode::NON_EMPTY_GROUP);
        }
        bench.call(&heartbeat("a", -1, &[]), 1).await;
        assert_eq!(groups.forget_share(&group, vec![topic, TopicId::NONE]).await, Ok(Ok(vec![topic])));
    });
}

/// librdkafka leaves the group before it ends its session, and acknowledges with that what it has worked on.
#[test]
fn who_has_left_may_still_acknowledge() {
    bench(|bench| async move {
        let topic = bench.create_queue(1).await;
        bench.append(topic, 0, &["a", "b"]).await;
        beat(&bench, &heartbeat("m", 0, &["t"])).await;
        let member = bench.member("m", 1, topic);
        assert_eq!(member.fetch().await.values, ["a", "b"]);
        assert_eq!(bench.call(&heartbeat("m", -1, &[]), 1).await.error_code, ErrorCode::NONE);
        assert_eq!(member.say_at(-1, &[(0, 0, &[1])]).await, ErrorCode::NONE);
        let other = bench.member("other", 2, topic);
        assert_eq!(other.fetch().await.values, ["b"], "what it did not acknowledge goes to others at once");
    });
}

#[test]
fn a_group_that_was_deleted_begins_anew() {
    bench(|bench| async move {
        let topic = bench.create_queue(1).await;
        bench.append(topic, 0, &["a"]).await;
        for round in 0..2 {
            beat(&bench, &heartbeat("m", 0, &["t"])).await;
            let member = bench.member("m", round, topic);
            assert_eq!(member.fetch().await.values, ["a"]);
            assert_eq!(member.say(&[(0, 0, &[1])]).await, ErrorCode::NONE);
            bench.call(&heartbeat("m", -1, &[]), 1).await;
            let delete = DeleteGroupsRequest { groups_names: vec!["g".into()] };
            assert_eq!(bench.call(&delete, 2).await.results[0].error_code, ErrorCode::NONE);
            bench.disconnect(round);
        }
    });
}

/// `latest` is for what was there when the group came, not for partitions that it could not know of.
#[test]
fn partitions_that_are_added_are_read_from_the_beginning() {
    bench(|bench| async move {
        bench
            .set_group(&[("share.auto.offset.reset", "latest"), ("share.assignment.interval.ms", "0")])
            .await;
        let topic = bench.create_topic("t", 1).await;
        bench.append(topic, 0, &["old"]).await;
        beat(&bench, &heartbeat("m", 0, &["t"])).await;
        let member = crate::testing::share::Member { partitions: 2, ..bench.member("m", 1, topic) };
        assert_eq!(member.fetch().await.values, [""; 0]);
        bench.broker.add_partitions(topic, 2).await.expect("there is room");
        bench.append(topic, 1, &["new"]).await;
        beat(&bench, &heartbeat("m", 2, &[])).await;
        let response = member.send(&member.request(&[])).await;
        let partitions = response.responses.iter().flat_map(|topic| &topic.partitions);
        let got = partitions.map(|data| (data.partition_index, crate::testing::share::got(data).values));
        assert_eq!(got.collect::<Vec<_>>(), [(1, vec!["new".to_owned()])]);
    });
}
