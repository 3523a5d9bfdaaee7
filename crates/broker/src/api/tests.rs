//! The data path from request frame to response frame, in every served version. A response that sets a field
//! which its version lacks cannot be written, so each answer here is filled as far as it can be.

use crate::testing::{Bench, bench, bench_in};
use crate::topics::{NewTopic, TopicError};
use bytes::Bytes;
use ottla_base::{Timestamp, TopicId};
use ottla_wire::error_code::ErrorCode;
use ottla_wire::message::fetch_request::{FetchPartition, FetchTopic};
use ottla_wire::message::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use ottla_wire::message::metadata_request::MetadataRequestTopic;
use ottla_wire::message::offset_for_leader_epoch_request::{OffsetForLeaderPartition, OffsetForLeaderTopic};
use ottla_wire::message::produce_request::{PartitionProduceData, TopicProduceData};
use ottla_wire::message::*;
use ottla_wire::record::{BatchBuilder, BatchOptions, Records};
use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

const FEATURES: &[&str] = &[
    "metadata.version",
    "group.version",
    "share.version",
    "streams.version",
    "transaction.version",
    "eligible.leader.replicas.version",
];
const AT: Timestamp = Timestamp(1_700_000_000_000);

fn batch() -> Bytes {
    let mut builder = BatchBuilder::new(BatchOptions::default());
    builder.append(AT, Some(b"k"), Some(b"v"), &[]).expect("a small record fits");
    builder.build()
}

fn produce(version: i16, id: TopicId, batch: Bytes) -> ProduceRequest {
    let records = Some(Records::from(batch));
    let data = PartitionProduceData { index: 0, records };
    let mut topic = TopicProduceData { partition_data: vec![data], ..Default::default() };
    if 13 <= version {
        topic.topic_id = id.0;
    } else {
        topic.name = "t".into();
    }
    ProduceRequest { acks: -1, timeout_ms: 1_000, topic_data: vec![topic], ..Default::default() }
}

async fn produced(bench: &Bench, version: i16, id: TopicId, batch: Bytes) -> (ErrorCode, i64) {
    let response = bench.call(&produce(version, id, batch), version).await;
    let partition = &response.responses[0].partition_responses[0];
    (partition.error_code, partition.base_offset)
}

fn fetch(version: i16, id: TopicId, offset: i64) -> FetchRequest {
    let partition =
        FetchPartition { fetch_offset: offset, partition_max_bytes: 1 << 20, ..Default::default() };
    let mut topic = FetchTopic { partitions: vec![partition], ..Default::default() };
    if 13 <= version {
        topic.topic_id = id.0;
    } else {
        topic.topic = "t".into();
    }
    FetchRequest { max_bytes: 1 << 20, isolation_level: 1, topics: vec![topic], ..Default::default() }
}

#[test]
fn produce_appends_and_refuses_in_every_version() {
    bench(|bench| async move {
        let id = bench.create_topic("t", 1).await;
        for (offset, version) in (0..).zip(3..=13) {
            assert_eq!(produced(&bench, version, id, batch()).await, (ErrorCode::NONE, offset), "v{version}");
            let mut damaged = batch().to_vec();
            *damaged.last_mut().expect("not empty") ^= 1;
            let refused = produced(&bench, version, id, damaged.into()).await;
            assert_eq!(refused, (ErrorCode::CORRUPT_MESSAGE, -1), "v{version}");
        }
        let unknown = produced(&bench, 13, TopicId(uuid::Uuid::from_u128(9)), batch()).await;
        assert_eq!(unknown.0, ErrorCode::UNKNOWN_TOPIC_ID);
        let mut request = produce(9, id, batch());
        request.acks = 2;
        let response = bench.call(&request, 9).await;
        let partition = &response.responses[0].partition_responses[0];
        assert_eq!(partition.error_code, ErrorCode::INVALID_REQUIRED_ACKS);
    });
}

#[test]
fn fetch_returns_what_was_produced_in_every_version() {
    bench(|bench| async move {
        let id = bench.create_topic("t", 1).await;
        produced(&bench, 9, id, batch()).await;
        for version in 4..=18 {
            let response = bench.call(&fetch(version, id, 0), version).await;
            let data = &response.responses[0].partitions[0];
            assert_eq!((data.error_code, data.high_watermark), (ErrorCode::NONE, 1), "v{version}");
            let records = data.records.as_ref().and_then(Records::as_bytes).expect("records in memory");
            assert_eq!(records.slice(61..), batch().slice(61..), "v{version}");
            assert_eq!(data.aborted_transactions.as_deref(), Some(&[][..]), "v{version}");
            let beyond = bench.call(&fetch(version, id, 5), version).await;
            let code = beyond.responses[0].partitions[0].error_code;
            assert_eq!(code, ErrorCode::OFFSET_OUT_OF_RANGE, "v{version}");
        }
    });
}

#[test]
fn a_parked_fetch_is_answered_when_records_arrive() {
    bench(|bench| async move {
        let id = bench.create_topic("t", 1).await;
        let waiting = FetchRequest { max_wait_ms: 600_000, min_bytes: 1, ..fetch(12, id, 0) };
        let (fetched, _) = tokio::join!(bench.call(&waiting, 12), produced(&bench, 9, id, batch()));
        assert_eq!(fetched.responses[0].partitions[0].high_watermark, 1);
    });
}

#[test]
fn a_fetch_does_not_wait_for_more_than_an_answer_may_carry() {
    bench(|bench| async move {
        let id = bench.create_topic("t", 1).await;
        produced(&bench, 9, id, batch()).await;
        let greedy =
            FetchRequest { max_wait_ms: 600_000, min_bytes: 1 << 20, max_bytes: 1, ..fetch(12, id, 0) };
        let fetched = tokio::time::timeout(Duration::from_secs(20), bench.call(&greedy, 12)).await;
        assert_eq!(fetched.expect("there is as much as fits").responses.len(), 1);
    });
}

#[test]
fn a_fetch_parked_on_a_topic_that_goes_away_is_answered() {
    bench(|bench| async move {
        let id = bench.create_topic("t", 1).await;
        let waiting = FetchRequest { max_wait_ms: 600_000, min_bytes: 1, ..fetch(13, id, 0) };
        let (fetched, deleted) = tokio::join!(bench.call(&waiting, 13), bench.broker.delete_topic(id));
        deleted.expect("the topic was there");
        assert_eq!(fetched.responses[0].partitions[0].error_code, ErrorCode::UNKNOWN_TOPIC_ID);
    });
}

#[test]
fn a_topic_whose_logs_cannot_be_made_leaves_its_name_free() {
    let dir = tempfile::tempdir().expect("a directory for the test");
    let obstacle = dir.path().join("t-1");
    bench_in(dir.path(), |bench| async move {
        std::fs::write(&obstacle, "in the way").expect("writable");
        let name = || ottla_base::TopicName::parse("t").expect("a legal name");
        let new = || NewTopic { name: name(), partitions: 3, overrides: Default::default() };
        assert!(matches!(bench.broker.create_topic(new()).await, Err(TopicError::Create(_))));
        assert!(bench.broker.image.topic("t").is_none());
        std::fs::remove_file(&obstacle).expect("it was there");
        assert_eq!(bench.broker.create_topic(new()).await.expect("nothing is in the way").partitions, 3);
    });
}

#[test]
fn a_change_goes_on_when_its_client_goes_away() {
    bench(|bench| async move {
        let id = bench.create_topic("t", 3).await;
        let mut deletion = Box::pin(bench.broker.delete_topic(id));
        let is_done = poll_fn(|cx| Poll::Ready(deletion.as_mut().poll(cx).is_ready())).await;
        drop(deletion);
        assert!(!is_done && bench.broker.image.topic("t").is_some(), "the client left in the middle");
        let gone = async {
            while bench.broker.image.topic("t").is_some() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), gone).await.expect("the topic goes all the same");
        assert_ne!(bench.create_topic("t", 3).await, id, "and its name is free");
    });
}

#[test]
fn an_incremental_session_names_its_partitions_once() {
    bench(|bench| async move {
        let id = bench.create_topic("t", 1).await;
        let opened = bench.call(&FetchRequest { session_epoch: 0, ..fetch(12, id, 0) }, 12).await;
        assert_ne!(opened.session_id, 0);
        let next = |session_epoch| FetchRequest {
            session_id: opened.session_id,
            session_epoch,
            max_bytes: 1 << 20,
            ..Default::default()
        };
        assert_eq!(bench.call(&next(1), 12).await.responses, [], "nothing has changed");
        produced(&bench, 9, id, batch()).await;
        assert_eq!(bench.call(&next(2), 12).await.responses.len(), 1);
        assert_eq!(bench.call(&next(2), 12).await.error_code, ErrorCode::INVALID_FETCH_SESSION_EPOCH);
    });
}

#[test]
fn list_offsets_answers_every_timestamp_in_every_version() {
    bench(|bench| async move {
        let id = bench.create_topic("t", 1).await;
        produced(&bench, 9, id, batch()).await;
        for version in 1..=11 {
            let mut found = Vec::new();
            for timestamp in [-1, -2, -3, -4, -5, -6, -7, AT.0, AT.0 + 1] {
                let partition = ListOffsetsPartition { timestamp, ..Default::default() };
                let topic = ListOffsetsTopic { name: "t".into(), partitions: vec![partition] };
                let request = ListOffsetsRequest { topics: vec![topic], ..Default::default() };
                let response = bench.call(&request, version).await;
                let answer = &response.topics[0].partitions[0];
                found.push(if answer.error_code == ErrorCode::NONE { Some(answer.offset) } else { None });
            }
            let from = |first: i16, offset| (first <= version).then_some(offset);
            let expected = [
                Some(1),
                Some(0),
                from(7, 0),
                from(8, 0),
                from(9, -1),
                from(11, -1),
                None,
                Some(0),
                Some(-1),
            ];
            assert_eq!(found, expected, "v{version}");
        }
    });
}

#[test]
fn metadata_describes_finds_and_creates_in_every_version() {
    bench(|bench| async move {
        let id = bench.create_topic("t", 2).await;
        for version in 0..=13 {
            let named = |name: &str| {
                let topic = MetadataRequestTopic { name: Some(name.into()), ..Default::default() };
                MetadataRequest {
                    topics: Some(vec![topic]),
                    allow_auto_topic_creation: true,
                    ..Default::default()
                }
            };
            let known = bench.call(&named("t"), version).await;
            assert_eq!(known.topics[0].partitions.len(), 2, "v{version}");
            assert_eq!((known.brokers[0].host.as_ref(), known.brokers[0].port), ("127.0.0.1", 9092));
            let name = format!("made-{version}");
            let code = bench.call(&named(&name), version).await.topics[0].error_code;
            assert_eq!(code, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, "as in Kafka while it is being made");
            assert_eq!(bench.call(&named(&name), version).await.topics[0].error_code, ErrorCode::NONE);
            let code = bench.call(&named("a/b"), version).await.topics[0].error_code;
            assert_eq!(code, ErrorCode::INVALID_TOPIC_EXCEPTION, "v{version}");
            let everything = if version == 0 { Some(vec![]) } else { None };
            let all = MetadataRequest { topics: everything, ..Default::default() };
            let count = usize::try_from(version).expect("not negative") + 2;
            assert_eq!(bench.call(&all, version).await.topics.len(), count, "v{version}");
        }
        for version in 10..=13 {
            let ask = |id: TopicId| {
                let topic = MetadataRequestTopic { topic_id: id.0, name: None };
                MetadataRequest { topics: Some(vec![topic]), ..Default::default() }
            };
            let codes = [
                bench.call(&ask(id), version).await.topics[0].error_code,
                bench.call(&ask(TopicId(uuid::Uuid::from_u128(9))), version).await.topics[0].error_code,
            ];
            let expected = if version < 12 {
                [ErrorCode::INVALID_REQUEST; 2]
            } else {
                [ErrorCode::NONE, ErrorCode::UNKNOWN_TOPIC_ID]
            };
            assert_eq!(codes, expected, "v{version}");
        }
    });
}

#[test]
fn kafkas_own_topics_are_made_by_nobody() {
    bench(|bench| async move {
        for name in ["__consumer_offsets", "__transaction_state", "__share_group_state"] {
            let named = MetadataRequestTopic { name: Some(name.into()), ..Default::default() };
            let ask = |allow_auto_topic_creation| MetadataRequest {
                topics: Some(vec![named.clone()]),
                allow_auto_topic_creation,
                ..Default::default()
            };
            let made = bench.call(&ask(true), 9).await.topics[0].error_code;
            assert_eq!(made, ErrorCode::INVALID_TOPIC_EXCEPTION);
            let looked_at = bench.call(&ask(false), 9).await.topics[0].error_code;
            assert_eq!(looked_at, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
            let topic = create_topics_request::CreatableTopic {
                name: name.into(),
                num_partitions: 1,
                replication_factor: 1,
                ..Default::default()
            };
            for validate_only in [true, false] {
                let topics = vec![topic.clone()];
                let request = CreateTopicsRequest { topics, validate_only, ..Default::default() };
                let refused = bench.call(&request, 7).await.topics[0].error_code;
                assert_eq!(refused, ErrorCode::INVALID_TOPIC_EXCEPTION);
            }
            assert!(bench.broker.image.topic(name).is_none());
        }
    });
}

/// Null, not empty: a client takes any text for a complaint.
#[test]
fn a_topic_that_is_made_has_no_error_message() {
    bench(|bench| async move {
        let topic = create_topics_request::CreatableTopic {
            name: "t".into(),
            num_partitions: 1,
            replication_factor: 1,
            ..Default::default()
        };
        for validate_only in [true, false] {
            let topics = vec![topic.clone()];
            let request = CreateTopicsRequest { topics, validate_only, ..Default::default() };
            let made = bench.call(&request, 7).await.topics.remove(0);
            assert_eq!((made.error_code, made.error_message), (ErrorCode::NONE, None));
        }
    });
}

#[test]
fn leader_epochs_are_held_against_ours_in_every_version() {
    bench(|bench| async move {
        let id = bench.create_topic("t", 1).await;
        produced(&bench, 9, id, batch()).await;
        for version in 2..=4 {
            let ask = |current_leader_epoch, leader_epoch| {
                let partition = OffsetForLeaderPartition { partition: 0, current_leader_epoch, leader_epoch };
                let topic = OffsetForLeaderTopic { topic: "t".into(), partitions: vec![partition] };
                OffsetForLeaderEpochRequest { topics: vec![topic], ..Default::default() }
            };
            let ended = bench.call(&ask(-1, 0), version).await.topics.remove(0).partitions.remove(0);
            assert_eq!((ended.error_code, ended.end_offset), (ErrorCode::NONE, 1), "v{version}");
            let newer = bench.call(&ask(7, 0), version).await.topics.remove(0).partitions.remove(0);
            assert_eq!(newer.error_code, ErrorCode::UNKNOWN_LEADER_EPOCH, "v{version}");
        }
    });
}

#[test]
fn pages_tell_what_may_be_done_with_a_topic_that_is_not_there() {
    bench(|bench| async move {
        let topics = ["unknown", "a b"]
            .map(|name| describe_topic_partitions_request::TopicRequest { name: name.into() })
            .to_vec();
        let request =
            DescribeTopicPartitionsRequest { topics, response_partition_limit: 9, ..Default::default() };
        for topic in bench.call(&request, 0).await.topics {
            assert_eq!(topic.topic_authorized_operations, super::metadata::TOPIC_OPERATIONS);
        }
    });
}

#[test]
fn a_commit_of_nothing_for_a_topic_that_is_not_there_is_answered() {
    bench(|bench| async move {
        bench.create_topic("t", 1).await;
        for version in 2..=9 {
            let topic = |name: &str| offset_commit_request::OffsetCommitRequestTopic {
                name: name.into(),
                ..Default::default()
            };
            let request = OffsetCommitRequest {
                group_id: "g".into(),
                topics: vec![topic("t"), topic("unknown")],
                ..Default::default()
            };
            let answer = bench.call(&request, version).await;
            let names: Vec<&str> = answer.topics.iter().map(|topic| &*topic.name).collect();
            assert_eq!(names, ["unknown"], "v{version}");
        }
    });
}

#[test]
fn a_join_without_protocols_is_refused_for_that_first() {
    bench(|bench| async move {
        for version in 0..=9 {
            let request = JoinGroupRequest {
                group_id: "g".into(),
                session_timeout_ms: 10_000,
                member_id: "x".into(),
                protocol_type: "consumer".into(),
                ..Default::default()
            };
            let code = bench.call(&request, version).await.error_code;
            assert_eq!(code, ErrorCode::INCONSISTENT_GROUP_PROTOCOL, "v{version}");
        }
    });
}

#[test]
fn a_coordinator_that_is_found_has_a_message_before_version_4() {
    bench(|bench| async move {
        for version in 1..=3 {
            let request = FindCoordinatorRequest { key: "g".into(), ..Default::default() };
            let answer = bench.call(&request, version).await;
            assert_eq!(answer.error_message.as_deref(), Some("NONE"), "v{version}");
        }
    });
}

#[test]
fn a_setting_that_is_given_twice_is_refused() {
    bench(|bench| async move {
        bench.create_topic("t", 1).await;
        let config = |value: &str| alter_configs_request::AlterableConfig {
            name: "retention.ms".into(),
            value: Some(value.into()),
        };
        let resource = |resource_type, resource_name: &str| alter_configs_request::AlterConfigsResource {
            resource_type,
            resource_name: resource_name.into(),
            configs: vec![config("6"), config("7")],
        };
        // The second is a logger of a broker that there is not.
        let resources = vec![resource(2, "t"), resource(8, "77")];
        let answer = bench.call(&AlterConfigsRequest { resources, validate_only: true }, 2).await;
        let codes: Vec<_> = answer.responses.iter().map(|one| one.error_code).collect();
        assert_eq!(codes, [ErrorCode::INVALID_REQUEST; 2]);
    });
}

#[test]
fn every_producer_gets_an_id_of_its_own() {
    bench(|bench| async move {
        let mut seen = std::collections::BTreeSet::new();
        for version in 0..=5 {
            let request = InitProducerIdRequest { transactional_id: None, ..Default::default() };
            let response = bench.call(&request, version).await;
            assert_eq!((response.error_code, response.producer_epoch), (ErrorCode::NONE, 0), "v{version}");
            assert!(seen.insert(response.producer_id), "v{version}");
        }
    });
}

#[test]
fn what_is_listed_is_what_is_served() {
    bench(|bench| async move {
        for version in 0..=5 {
            let request = ApiVersionsRequest {
                client_software_name: "bench".into(),
                client_software_version: "1".into(),
                ..Default::default()
            };
            let response = bench.call(&request, version).await;
            assert_eq!(response.error_code, ErrorCode::NONE, "v{version}");
            let listed: Vec<_> = response.api_keys.iter().map(|api| (api.api_key, api.max_version)).collect();
            let served: Vec<_> = super::served().map(|api| (api.key as i16, *api.versions.end())).collect();
            assert_eq!(listed, served, "v{version}");
            let supported: Vec<_> =
                response.supported_features.iter().map(|feature| &*feature.name).collect();
            let finalized: Vec<_> =
                response.finalized_features.iter().map(|feature| &*feature.name).collect();
            match version {
                0..=2 => assert!(supported.is_empty() && finalized.is_empty(), "v{version}"),
                3 => {
                    assert_eq!((&supported[..], &finalized[..]), (&["metadata.version"][..], FEATURES), "v3")
                }
                _ => assert_eq!((&supported[..], &finalized[..]), (FEATURES, FEATURES), "v{version}"),
            }
        }
    });
}

#[test]
fn every_served_range_is_one_that_the_schemas_know() {
    for api in super::served() {
        let known = api.key.stable_versions();
        assert!(
            known.contains(api.versions.start()) && known.contains(api.versions.end()),
            "{}",
            api.key.name()
        );
    }
}
