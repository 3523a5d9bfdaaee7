//! The group APIs from request frame to response frame, in every version, on a broker without sockets.

mod consumer;
mod share;
mod streams;
mod transactions;

use super::*;
use crate::testing::{Bench, bench, bench_in};
use bytes::Bytes;
use ottla_wire::message::join_group_request::JoinGroupRequestProtocol;
use ottla_wire::message::leave_group_request::MemberIdentity;
use ottla_wire::message::offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
use ottla_wire::message::offset_delete_request::{OffsetDeleteRequestPartition, OffsetDeleteRequestTopic};
use ottla_wire::message::offset_fetch_request::{OffsetFetchRequestTopic, OffsetFetchRequestTopics};
use ottla_wire::message::sync_group_request::SyncGroupRequestAssignment;
use ottla_wire::message::*;

#[test]
fn groups_live_where_kafka_has_them() {
    // As `Utils.abs(groupId.hashCode()) % 50` gives.
    assert_eq!(shard_of(""), 0);
    assert_eq!(shard_of("a"), 97 % 50);
    assert_eq!(shard_of("test-group"), 12);
    // The text with the smallest hash, whose absolute value does not exist: Kafka takes 0.
    assert_eq!(shard_of("polygenelubricants"), 0);
}

fn join(group: &str, member: &str) -> JoinGroupRequest {
    let range =
        JoinGroupRequestProtocol { name: "range".into(), metadata: Bytes::from_static(b"\0\0\0\0\0\0") };
    JoinGroupRequest {
        group_id: group.into(),
        session_timeout_ms: 10_000,
        member_id: member.into(),
        protocol_type: "consumer".into(),
        protocols: vec![range],
        ..Default::default()
    }
}

/// Joins and syncs alone; returns the member id.
async fn become_member(bench: &Bench, group: &str, version: i16) -> Str {
    let first = bench.call(&join(group, ""), version).await;
    let joined = if version < 4 {
        first
    } else {
        assert_eq!(first.error_code, ErrorCode::MEMBER_ID_REQUIRED, "v{version}");
        bench.call(&join(group, &first.member_id), version).await
    };
    assert_eq!((joined.error_code, joined.generation_id), (ErrorCode::NONE, 1), "v{version}");
    assert_eq!((joined.protocol_name.as_deref(), &joined.leader), (Some("range"), &joined.member_id));
    assert_eq!(joined.members.len(), 1);
    let version = version.min(5);
    let mine = SyncGroupRequestAssignment { member_id: joined.member_id.clone(), assignment: "mine".into() };
    let mut sync = SyncGroupRequest {
        group_id: group.into(),
        generation_id: 1,
        member_id: joined.member_id.clone(),
        assignments: vec![mine],
        ..Default::default()
    };
    if 5 <= version {
        let nameless = bench.call(&sync, version).await;
        assert_eq!(nameless.error_code, ErrorCode::INCONSISTENT_GROUP_PROTOCOL);
        (sync.protocol_type, sync.protocol_name) = (Some("consumer".into()), Some("range".into()));
    }
    let synced = bench.call(&sync, version).await;
    assert_eq!((synced.error_code, &*synced.assignment), (ErrorCode::NONE, b"mine".as_slice()));
    joined.member_id
}

fn heartbeat(group: &str, member: &Str) -> HeartbeatRequest {
    HeartbeatRequest {
        group_id: group.into(),
        generation_id: 1,
        member_id: member.clone(),
        group_instance_id: None,
    }
}

#[test]
fn a_member_lives_and_leaves_in_every_version() {
    bench(async |bench| {
        for version in 0..=9 {
            let group = format!("group-{version}");
            let member = become_member(&bench, &group, version).await;
            let beat = bench.call(&heartbeat(&group, &member), version.min(4)).await;
            assert_eq!(beat.error_code, ErrorCode::NONE);
            let leave_version = version.min(5);
            let mut leave = LeaveGroupRequest { group_id: group.as_str().into(), ..Default::default() };
            if leave_version < 3 {
                leave.member_id = member.clone();
            } else {
                leave.members = vec![MemberIdentity { member_id: member.clone(), ..Default::default() }];
            }
            assert_eq!(bench.call(&leave, leave_version).await.error_code, ErrorCode::NONE);
            // Who has left cannot leave: the old versions say so at the top, the new ones for the member.
            let again = bench.call(&leave, leave_version).await;
            let (top, members) = (again.error_code, again.members);
            if leave_version < 3 {
                assert_eq!(top, ErrorCode::UNKNOWN_MEMBER_ID);
            } else {
                assert_eq!((top, members[0].error_code), (ErrorCode::NONE, ErrorCode::UNKNOWN_MEMBER_ID));
            }
            let beat = bench.call(&heartbeat(&group, &member), version.min(4)).await;
            assert_eq!(beat.error_code, ErrorCode::UNKNOWN_MEMBER_ID);
        }
    });
}

#[test]
fn refused_joins_can_be_written_in_every_version() {
    bench(async |bench| {
        for version in 0..=9 {
            let refused = bench.call(&join("", ""), version).await;
            assert_eq!(refused.error_code, ErrorCode::INVALID_GROUP_ID);
            let refused = bench.call(&join("g", "stranger"), version).await;
            let protocol = if version < 7 { Some("") } else { None };
            assert_eq!(refused.protocol_name.as_deref(), protocol, "v{version}");
            assert_eq!((refused.error_code, &*refused.member_id), (ErrorCode::UNKNOWN_MEMBER_ID, "stranger"));
        }
    });
}

#[test]
fn the_coordinator_is_where_the_client_reached_us() {
    bench(async |bench| {
        for version in 0..=6 {
            let keys = ["a", "b"].map(Str::from).to_vec();
            let mut request = FindCoordinatorRequest::default();
            match version {
                0..4 => request.key = "a".into(),
                _ => request.coordinator_keys = keys,
            }
            let found = bench.call(&request, version).await;
            if version < 4 {
                assert_eq!(
                    (found.error_code, &*found.host, found.port),
                    (ErrorCode::NONE, "127.0.0.1", 9092)
                );
            } else {
                let found: Vec<_> = found.coordinators.iter().map(|one| (&*one.key, one.port)).collect();
                assert_eq!(found, [("a", 9092), ("b", 9092)]);
            }
        }
        let shares = FindCoordinatorRequest { key_type: 2, key: "g:t:0".into(), ..Default::default() };
        let refused = bench.call(&shares, 3).await;
        assert_eq!((refused.error_code, refused.node_id), (ErrorCode::INVALID_REQUEST, -1));
        let shares = FindCoordinatorRequest {
            key_type: 2,
            coordinator_keys: vec!["g:t:0".into()],
            ..Default::default()
        };
        let refused = bench.call(&shares, 6).await;
        assert_eq!(refused.coordinators[0].error_code, ErrorCode::INVALID_REQUEST);
    });
}

fn commit(version: i16, topics: &[(&str, TopicId, &[i32])], offset: i64) -> OffsetCommitRequest {
    let topic = |(name, id, partitions): &(&str, TopicId, &[i32])| OffsetCommitRequestTopic {
        name: if version < 10 { (*name).into() } else { Str::default() },
        topic_id: if version < 10 { uuid::Uuid::nil() } else { id.0 },
        partitions: partitions
            .iter()
            .map(|index| OffsetCommitRequestPartition {
                partition_index: *index,
                committed_offset: offset,
                committed_metadata: Some("where I am".into()),
                ..Default::default()
            })
            .collect(),
    };
    OffsetCommitRequest {
        group_id: "g".into(),
        topics: topics.iter().map(topic).collect(),
        ..Default::default()
    }
}

/// Partition → offset or error, of the one group.
async fn fetch(bench: &Bench, version: i16, topic: (&str, TopicId)) -> Vec<(i32, i64, ErrorCode)> {
    let indexes = vec![0, 1];
    let mut request = OffsetFetchRequest::default();
    if version < 8 {
        request.group_id = "g".into();
        request.topics =
            Some(vec![OffsetFetchRequestTopic { name: topic.0.into(), partition_indexes: indexes }]);
        let response = bench.call(&request, version).await;
        assert_eq!(response.error_code, ErrorCode::NONE);
        let partitions = response.topics.into_iter().flat_map(|topic| topic.partitions);
        return partitions.map(|it| (it.partition_index, it.committed_offset, it.error_code)).collect();
    }
    let topic = OffsetFetchRequestTopics {
        name: if version < 10 { topic.0.into() } else { Str::default() },
        topic_id: if version < 10 { uuid::Uuid::nil() } else { topic.1.0 },
        partition_indexes: indexes,
    };
    let group =
        OffsetFetchRequestGroup { group_id: "g".into(), topics: Some(vec![topic]), ..Default::default() };
    request.groups = vec![group];
    let response = bench.call(&request, version).await;
    let partitions =
        response.groups.into_iter().flat_map(|group| group.topics).flat_map(|topic| topic.partitions);
    partitions.map(|it| (it.partition_index, it.committed_offset, it.error_code)).collect()
}

#[test]
fn offsets_are_committed_and_fetched_in_every_version() {
    bench(async |bench| {
        let id = bench.create_topic("t", 1).await;
        for version in 2..=10 {
            let offset = i64::from(version);
            let response = bench.call(&commit(version, &[("t", id, &[0, 1])], offset), version).await;
            let partitions = response.topics.iter().flat_map(|topic| &topic.partitions);
            let codes: Vec<_> = partitions.map(|it| (it.partition_index, it.error_code)).collect();
            // The topic has one partition.
            assert_eq!(
                codes,
                [(0, ErrorCode::NONE), (1, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)],
                "v{version}"
            );
            for fetch_version in 1..=10 {
                let fetched = fetch(&bench, fetch_version, ("t", id)).await;
                let expected = [(0, offset, ErrorCode::NONE), (1, -1, ErrorCode::NONE)];
                assert_eq!(fetched, expected, "v{fetch_version}");
            }
        }
    });
}

#[test]
fn topics_that_do_not_exist_are_refused_by_name_and_by_id() {
    bench(async |bench| {
        let stranger = TopicId(uuid::Uuid::from_u128(99));
        for (version, error) in
            [(9, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION), (10, ErrorCode::UNKNOWN_TOPIC_ID)]
        {
            let response = bench.call(&commit(version, &[("none", stranger, &[0])], 1), version).await;
            assert_eq!(response.topics[0].partitions[0].error_code, error);
        }
        assert_eq!(fetch(&bench, 9, ("none", stranger)).await[0], (0, -1, ErrorCode::NONE));
        assert_eq!(fetch(&bench, 10, ("none", stranger)).await[0], (0, -1, ErrorCode::UNKNOWN_TOPIC_ID));
        assert!(
            bench.broker.groups.list(&[], &[]).await.expect("loaded").is_empty(),
            "the group was not asked"
        );
    });
}

#[test]
fn all_offsets_are_fetched_by_leaving_out_the_topics() {
    bench(async |bench| {
        let (t, u) = (bench.create_topic("t", 1).await, bench.create_topic("u", 1).await);
        bench.call(&commit(9, &[("t", t, &[0]), ("u", u, &[0])], 5), 9).await;
        for version in 2..8 {
            let request = OffsetFetchRequest { group_id: "g".into(), topics: None, ..Default::default() };
            assert_eq!(bench.call(&request, version).await.topics.len(), 2, "v{version}");
        }
        for version in 8..=10 {
            let group = |id: &str| OffsetFetchRequestGroup {
                group_id: id.into(),
                topics: None,
                ..Default::default()
            };
            let request = OffsetFetchRequest { groups: vec![group("g"), group("h")], ..Default::default() };
            let groups = bench.call(&request, version).await.groups;
            assert_eq!((groups[0].topics.len(), groups[1].topics.len()), (2, 0), "v{version}");
            if version == 10 {
                assert_eq!([groups[0].topics[0].topic_id, groups[0].topics[1].topic_id], [t.0, u.0]);
            }
        }
        // What a deleted topic had is gone, also if one of its name is made again.
        bench.broker.delete_topic(t).await.expect("it exists");
        let again = bench.create_topic("t", 1).await;
        assert_eq!(fetch(&bench, 10, ("t", again)).await[0], (0, -1, ErrorCode::NONE));
        assert_eq!(fetch(&bench, 9, ("t", again)).await[0], (0, -1, ErrorCode::NONE));
    });
}

#[test]
fn offsets_are_deleted_where_nobody_subscribes() {
    bench(async |bench| {
        let id = bench.create_topic("t", 1).await;
        let partitions =
            [0, 1].map(|partition_index| OffsetDeleteRequestPartition { partition_index }).to_vec();
        let delete = |group: &str| OffsetDeleteRequest {
            group_id: group.into(),
            topics: vec![OffsetDeleteRequestTopic { name: "t".into(), partitions: partitions.clone() }],
        };
        assert_eq!(bench.call(&delete(""), 0).await.error_code, ErrorCode::INVALID_GROUP_ID);
        assert_eq!(bench.call(&delete("g"), 0).await.error_code, ErrorCode::GROUP_ID_NOT_FOUND);
        bench.call(&commit(9, &[("t", id, &[0])], 5), 9).await;
        let deleted = bench.call(&delete("g"), 0).await;
        let codes: Vec<_> = deleted.topics[0].partitions.iter().map(|it| it.error_code).collect();
        assert_eq!(codes, [ErrorCode::NONE, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION]);
        assert_eq!(fetch(&bench, 9, ("t", id)).await[0], (0, -1, ErrorCode::NONE));
    });
}

#[test]
fn groups_are_described_listed_and_deleted_in_every_version() {
    bench(async |bench| {
        let member = become_member(&bench, "living", 9).await;
        let id = bench.create_topic("t", 1).await;
        bench.call(&commit(9, &[("t", id, &[0])], 5), 9).await;
        for version in 0..=6 {
            let request = DescribeGroupsRequest {
                groups: ["living", "none"].map(Str::from).to_vec(),
                include_authorized_operations: 3 <= version,
            };
            let groups = bench.call(&request, version).await.groups;
            assert_eq!((&*groups[0].group_state, &*groups[0].protocol_data), ("Stable", "range"));
            assert_eq!(
                (&*groups[0].members[0].client_id, &*groups[0].members[0].client_host),
                ("in-process", "/127.0.0.1")
            );
            assert_eq!(groups[0].members[0].member_id, member);
            assert_eq!(3 <= version, groups[0].authorized_operations != i32::MIN);
            let error = if version < 6 { ErrorCode::NONE } else { ErrorCode::GROUP_ID_NOT_FOUND };
            assert_eq!((&*groups[1].group_state, groups[1].error_code), ("Dead", error));
        }
        for version in 0..=5 {
            let mut request = ListGroupsRequest::default();
            assert_eq!(bench.call(&request, version).await.groups.len(), 2, "v{version}");
            if 4 <= version {
                request.states_filter = vec!["stable".into()];
                assert_eq!(&*bench.call(&request, version).await.groups[0].group_id, "living");
            }
            if 5 <= version {
                request.types_filter = vec!["share".into()];
                assert!(bench.call(&request, version).await.groups.is_empty());
            }
        }
        for version in 0..=3 {
            bench.call(&commit(9, &[("t", id, &[0])], 5), 9).await;
            let request =
                DeleteGroupsRequest { groups_names: ["g", "living", "none", "g"].map(Str::from).to_vec() };
            let results = bench.call(&request, version).await.results;
            let codes: Vec<_> = results.iter().map(|it| (&*it.group_id, it.error_code)).collect();
            let expected = [
                ("g", ErrorCode::NONE),
                ("living", ErrorCode::NON_EMPTY_GROUP),
                ("none", ErrorCode::GROUP_ID_NOT_FOUND),
            ];
            assert_eq!(codes, expected, "v{version}");
            assert_eq!(version == 3, results[1].error_message.is_some());
        }
        assert_eq!(
            fetch(&bench, 9, ("t", id)).await[0],
            (0, -1, ErrorCode::NONE),
            "its offsets went with it"
        );
    });
}

#[test]
fn members_and_offsets_outlive_the_broker() {
    let dir = tempfile::tempdir().expect("a directory for the test");
    let (mut member, mut id) = (Str::default(), TopicId::NONE);
    bench_in(dir.path(), async |bench| {
        id = bench.create_topic("t", 1).await;
        bench.call(&commit(9, &[("t", id, &[0])], 5), 9).await;
        member = become_member(&bench, "living", 9).await;
    });
    bench_in(dir.path(), async |bench| {
        assert_eq!(fetch(&bench, 10, ("t", id)).await[0], (0, 5, ErrorCode::NONE));
        let beat = bench.call(&heartbeat("living", &member), 4).await;
        assert_eq!(beat.error_code, ErrorCode::NONE, "it goes on without a rebalance");
    });
}
