//! Streams groups, from request frame to response frame.

use crate::testing::{Bench, bench, bench_in};
use ottla_wire::message::streams_group_heartbeat_request::{
    KeyValue, Subtopology, TaskIds, TopicInfo, Topology,
};
use ottla_wire::message::streams_group_topology_description_update_request::{
    TopologyDescription, TopologyDescriptionNode, TopologyDescriptionSubtopology,
};
use ottla_wire::message::*;
use ottla_wire::{ErrorCode, Str};

/// Words are read, and counted in another subtopology.
fn topology(changelog: &[(&str, &str)]) -> Topology {
    let config = |(key, value): &(&str, &str)| KeyValue { key: (*key).into(), value: (*value).into() };
    let internal =
        |name: &str, topic_configs| TopicInfo { name: name.into(), topic_configs, ..Default::default() };
    let reading = Subtopology {
        subtopology_id: "0".into(),
        source_topics: vec!["lines".into()],
        repartition_sink_topics: vec!["app-words".into()],
        ..Default::default()
    };
    let counting = Subtopology {
        subtopology_id: "1".into(),
        repartition_source_topics: vec![internal("app-words", Vec::new())],
        state_changelog_topics: vec![internal("app-counts", changelog.iter().map(config).collect())],
        ..Default::default()
    };
    Topology { epoch: 0, subtopologies: vec![reading, counting] }
}

fn join(topology: Topology) -> StreamsGroupHeartbeatRequest {
    StreamsGroupHeartbeatRequest {
        group_id: "app".into(),
        member_id: "m".into(),
        rebalance_timeout_ms: 60_000,
        topology: Some(Box::new(topology)),
        process_id: Some("p".into()),
        ..Default::default()
    }
}

fn beat(epoch: i32) -> StreamsGroupHeartbeatRequest {
    StreamsGroupHeartbeatRequest {
        group_id: "app".into(),
        member_id: "m".into(),
        member_epoch: epoch,
        rebalance_timeout_ms: -1,
        ..Default::default()
    }
}

fn statuses(response: &StreamsGroupHeartbeatResponse) -> Vec<(i8, &str)> {
    let statuses = response.status.iter().flatten();
    statuses.map(|status| (status.status_code, status.status_detail.as_str())).collect()
}

/// Joins, with no waiting for others, until there is nothing in the way.
async fn run(bench: &Bench, version: i16) -> StreamsGroupHeartbeatResponse {
    no_waiting(bench).await;
    bench.create_topic("lines", 2).await;
    let first = bench.call(&join(topology(&[("cleanup.policy", "compact")])), version).await;
    assert_eq!(first.error_code, ErrorCode::NONE);
    assert_eq!(statuses(&first), [(3, "internal topics are still to be made: app-counts, app-words")]);
    bench.call(&beat(first.member_epoch), version).await
}

async fn no_waiting(bench: &Bench) {
    let entry = |name: &str| incremental_alter_configs_request::AlterableConfig {
        name: name.into(),
        value: Some("0".into()),
        ..Default::default()
    };
    let resource = incremental_alter_configs_request::AlterConfigsResource {
        resource_type: 32,
        resource_name: "app".into(),
        configs: vec![entry("streams.initial.rebalance.delay.ms"), entry("streams.assignment.interval.ms")],
    };
    let request = IncrementalAlterConfigsRequest { resources: vec![resource], ..Default::default() };
    let altered = bench.call(&request, 1).await;
    assert_eq!(altered.responses[0].error_code, ErrorCode::NONE, "{:?}", altered.responses[0].error_message);
}

#[test]
fn internal_topics_are_made_and_tasks_given_in_every_version() {
    for version in 0..=1 {
        bench(|bench| async move {
            let running = run(&bench, version).await;
            assert_eq!((statuses(&running), running.member_epoch), (vec![], 3));
            let tasks: Vec<(&str, &[i32])> = running
                .active_tasks
                .iter()
                .flatten()
                .map(|tasks| (tasks.subtopology_id.as_str(), tasks.partitions.as_slice()))
                .collect();
            assert_eq!(tasks, [("0", [0, 1].as_slice()), ("1", [0, 1].as_slice())]);
            let counts = bench.broker.image.topic("app-counts").expect("the changelog is there");
            assert_eq!((counts.partitions, counts.overrides["cleanup.policy"].as_str()), (2, "compact"));
            assert_eq!(bench.broker.image.topic("app-words").expect("the other one, too").partitions, 2);
        });
    }
}

#[test]
fn why_a_topic_cannot_be_made_is_told() {
    bench(|bench| async move {
        no_waiting(&bench).await;
        bench.create_topic("lines", 2).await;
        let response = bench.call(&join(topology(&[("no.such.config", "1")])), 1).await;
        let told = statuses(&response);
        let detail = "internal topics are still to be made: app-counts, app-words; topics could not be made: app-counts (";
        assert!(told[0].0 == 3 && told[0].1.starts_with(detail), "{told:?}");
        assert!(bench.broker.image.topic("app-words").is_some(), "the others are made all the same");
    });
}

/// A list of all of them is longer than a text may be on the wire.
#[test]
fn that_hundreds_of_topics_cannot_be_made_can_be_told() {
    bench(|bench| async move {
        no_waiting(&bench).await;
        bench.create_topic("lines", 2).await;
        let mut wide = topology(&[("no.such.config", "1")]);
        let changelog = &wide.subtopologies[1].state_changelog_topics[0];
        let named = |at| TopicInfo { name: format!("app-{at:03}").into(), ..changelog.clone() };
        wide.subtopologies[1].state_changelog_topics = (0..500).map(named).collect();
        let response = bench.call(&join(wide), 1).await;
        let told = statuses(&response);
        assert!(
            told[0].0 == 3 && told[0].1.contains("app-002 (") && told[0].1.ends_with(" and 497 more"),
            "{told:?}"
        );
    });
}

#[test]
fn a_group_is_described_listed_and_deleted_and_survives_a_restart() {
    let dir = tempfile::tempdir().expect("a directory");
    bench_in(dir.path(), |bench| async move {
        let running = run(&bench, 1).await;
        assert!(!running.topology_description_required, "it was asked for before");
        let node = TopologyDescriptionNode { name: "source".into(), node_type: 1, ..Default::default() };
        let drawn = TopologyDescriptionSubtopology { subtopology_id: "0".into(), nodes: vec![node] };
        let update = StreamsGroupTopologyDescriptionUpdateRequest {
            group_id: "app".into(),
            member_id: "m".into(),
            topology_epoch: 0,
            topology_description: TopologyDescription { subtopologies: vec![drawn], ..Default::default() },
        };
        assert_eq!(bench.call(&update, 0).await.error_code, ErrorCode::NONE);
        let deleted = bench.call(&DeleteGroupsRequest { groups_names: vec!["app".into()] }, 2).await;
        assert_eq!(deleted.results[0].error_code, ErrorCode::NON_EMPTY_GROUP);
    });
    bench_in(dir.path(), |bench| async move {
        let describe = StreamsGroupDescribeRequest {
            group_ids: vec!["app".into(), "other".into(), Str::default()],
            include_authorized_operations: true,
            include_topology_description: true,
        };
        let described = bench.call(&describe, 1).await;
        let [app, other, unnamed] = described.groups.as_slice() else { panic!("three answers") };
        assert_eq!(
            (app.error_code, app.group_state.as_str(), app.group_epoch),
            (ErrorCode::NONE, "Stable", 3)
        );
        assert_eq!(app.topology_description_status, 3);
        assert_eq!(app.topology_description.as_ref().map(|drawn| drawn.subtopologies.len()), Some(1));
        assert_eq!(app.members[0].assignment.active_tasks.len(), 2);
        assert_eq!(other.error_code, ErrorCode::GROUP_ID_NOT_FOUND);
        assert_eq!(unnamed.error_code, ErrorCode::INVALID_GROUP_ID);
        let plain = StreamsGroupDescribeRequest { include_topology_description: false, ..describe };
        assert_eq!(bench.call(&plain, 0).await.groups[0].topology_description, None);

        let types = ListGroupsRequest { types_filter: vec!["streams".into()], ..Default::default() };
        let listed = bench.call(&types, 5).await;
        assert_eq!((listed.groups.len(), listed.groups[0].protocol_type.as_str()), (1, "streams"));
        let classic = DescribeGroupsRequest { groups: vec!["app".into()], ..Default::default() };
        assert_eq!(bench.call(&classic, 6).await.groups[0].error_code, ErrorCode::GROUP_ID_NOT_FOUND);

        // The member is there after the restart, with what it had.
        let tasks = |id: &str| TaskIds { subtopology_id: id.into(), partitions: vec![0, 1] };
        let mut again = beat(3);
        again.active_tasks = Some(vec![tasks("0"), tasks("1")]);
        (again.standby_tasks, again.warmup_tasks) = (Some(Vec::new()), Some(Vec::new()));
        let answer = bench.call(&again, 1).await;
        assert_eq!((answer.error_code, answer.member_epoch, answer.active_tasks), (ErrorCode::NONE, 3, None));
        assert_eq!(bench.call(&beat(-1), 1).await.error_code, ErrorCode::NONE);
        let deleted = bench.call(&DeleteGroupsRequest { groups_names: vec!["app".into()] }, 2).await;
        assert_eq!(deleted.results[0].error_code, ErrorCode::NONE);
        assert_eq!(bench.call(&beat(3), 1).await.error_code, ErrorCode::GROUP_ID_NOT_FOUND);
    });
}

#[test]
fn an_old_client_hears_of_a_generation_where_a_newer_one_hears_of_its_epoch() {
    bench(|bench| async move {
        let running = run(&bench, 1).await;
        let producer = InitProducerIdRequest {
            transactional_id: Some("t".into()),
            transaction_timeout_ms: 60_000,
            ..Default::default()
        };
        let producer = bench.call(&producer, 5).await;
        let id = bench.broker.image.topic("lines").expect("it was created").id;
        let commit = |version: i16| {
            let partition = txn_offset_commit_request::TxnOffsetCommitRequestPartition {
                committed_offset: 1,
                ..Default::default()
            };
            let topic = txn_offset_commit_request::TxnOffsetCommitRequestTopic {
                name: if version < 6 { "lines".into() } else { Str::default() },
                topic_id: if version < 6 { uuid::Uuid::nil() } else { id.0 },
                partitions: vec![partition],
            };
            TxnOffsetCommitRequest {
                transactional_id: "t".into(),
                group_id: "app".into(),
                producer_id: producer.producer_id,
                producer_epoch: producer.producer_epoch,
                generation_id_or_member_epoch: running.member_epoch - 2,
                member_id: "m".into(),
                topics: vec![topic],
                ..Default::default()
            }
        };
        for (version, expected) in [(5, ErrorCode::ILLEGAL_GENERATION), (6, ErrorCode::STALE_MEMBER_EPOCH)] {
            let answer = bench.call(&commit(version), version).await;
            assert_eq!(answer.topics[0].partitions[0].error_code, expected);
        }
    });
}

#[test]
fn offsets_are_told_to_members_of_this_epoch() {
    bench(|bench| async move {
        let running = run(&bench, 1).await;
        let fetch = |member: Option<&str>, member_epoch| OffsetFetchRequest {
            groups: vec![offset_fetch_request::OffsetFetchRequestGroup {
                group_id: "app".into(),
                member_id: member.map(Str::from),
                member_epoch,
                ..Default::default()
            }],
            ..Default::default()
        };
        for (member, epoch, expected) in [
            (Some("m"), running.member_epoch, ErrorCode::NONE),
            (Some("m"), running.member_epoch - 1, ErrorCode::STALE_MEMBER_EPOCH),
            (Some("x"), running.member_epoch, ErrorCode::UNKNOWN_MEMBER_ID),
            (None, -1, ErrorCode::NONE),
        ] {
            let answer = bench.call(&fetch(member, epoch), 9).await;
            assert_eq!(answer.groups[0].error_code, expected, "{member:?} {epoch}");
        }
    });
}
