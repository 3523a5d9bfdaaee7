//! Elections and reassignments where one broker is everybody's only replica.

use super::*;
use crate::testing::{Bench, bench};
use ottla_wire::message::alter_partition_reassignments_request::{ReassignablePartition, ReassignableTopic};
use ottla_wire::message::elect_leaders_request::TopicPartitions;
use ottla_wire::message::{AlterPartitionReassignmentsRequest, ListPartitionReassignmentsRequest};

async fn elected(
    bench: &Bench,
    topics: Option<&[(&str, &[i32])]>,
    election_type: i8,
    version: i16,
) -> (ErrorCode, Vec<(String, i32, ErrorCode)>) {
    let asked = |(topic, partitions): &(&str, &[i32])| TopicPartitions {
        topic: (*topic).into(),
        partitions: partitions.to_vec(),
    };
    let topic_partitions = topics.map(|topics| topics.iter().map(asked).collect());
    let request = ElectLeadersRequest { election_type, topic_partitions, timeout_ms: 1_000 };
    let answer = bench.call(&request, version).await;
    let results = answer.replica_election_results.iter().flat_map(|topic| {
        let of = |one: &PartitionResult| (topic.topic.to_string(), one.partition_id, one.error_code);
        topic.partition_result.iter().map(of)
    });
    (answer.error_code, results.collect())
}

#[test]
fn whoever_exists_is_led_already_in_every_version() {
    bench(|bench| async move {
        bench.create_topic("t", 2).await;
        let unknown = ErrorCode::UNKNOWN_TOPIC_OR_PARTITION;
        let expected = [
            ("t".to_owned(), 1, ErrorCode::ELECTION_NOT_NEEDED),
            ("t".to_owned(), 2, unknown),
            ("nowhere".to_owned(), 0, unknown),
        ];
        for version in VERSIONS {
            for kind in 0..=version.min(1) {
                let kind = i8::try_from(kind).expect("0 or 1");
                let asked: &[(&str, &[i32])] = &[("t", &[1, 2]), ("nowhere", &[0])];
                let (code, results) = elected(&bench, Some(asked), kind, version).await;
                assert_eq!((code, &results[..]), (ErrorCode::NONE, &expected[..]), "v{version}");
                let (code, results) = elected(&bench, None, kind, version).await;
                assert_eq!((code, results), (ErrorCode::NONE, vec![]), "v{version}: nobody needs one");
            }
        }
    });
}

#[test]
fn an_election_of_an_unknown_kind_is_refused_for_everybody() {
    bench(|bench| async move {
        bench.create_topic("t", 1).await;
        let refused = ErrorCode::INVALID_REQUEST;
        let (code, results) = elected(&bench, Some(&[("t", &[0])]), 2, 1).await;
        assert_eq!((code, results), (refused, vec![("t".to_owned(), 0, refused)]));
        assert_eq!(elected(&bench, None, -1, 2).await, (refused, vec![]));
        assert_eq!(
            elected(&bench, Some(&[]), -1, 2).await,
            (ErrorCode::NONE, vec![]),
            "nobody is to be elected"
        );
    });
}

#[test]
fn the_only_assignment_succeeds_and_nothing_ever_moves() {
    bench(|bench| async move {
        bench.create_topic("t", 1).await;
        let node = bench.broker.node.0;
        let partition = |partition_index, replicas| ReassignablePartition { partition_index, replicas };
        for version in 0..=1 {
            let wanted = [
                (partition(0, Some(vec![node])), ErrorCode::NONE),
                (partition(0, Some(vec![node + 1])), ErrorCode::INVALID_REPLICA_ASSIGNMENT),
                (partition(0, Some(vec![node, node])), ErrorCode::INVALID_REPLICA_ASSIGNMENT),
                (partition(0, Some(vec![])), ErrorCode::INVALID_REPLICA_ASSIGNMENT),
                (partition(0, None), ErrorCode::NO_REASSIGNMENT_IN_PROGRESS),
                (partition(1, Some(vec![node])), ErrorCode::UNKNOWN_TOPIC_OR_PARTITION),
            ];
            let partitions = wanted.iter().map(|(partition, _)| partition.clone()).collect();
            let request = AlterPartitionReassignmentsRequest {
                allow_replication_factor_change: version == 0,
                topics: vec![ReassignableTopic { name: "t".into(), partitions }],
                ..Default::default()
            };
            let answer = bench.call(&request, version).await;
            assert_eq!((answer.error_code, answer.error_message), (ErrorCode::NONE, None));
            assert_eq!(answer.allow_replication_factor_change, version == 0);
            let found: Vec<_> = answer.responses[0].partitions.iter().map(|one| one.error_code).collect();
            assert_eq!(found, wanted.map(|(_, code)| code), "v{version}");
        }
        let listed = bench.call(&ListPartitionReassignmentsRequest::default(), 0).await;
        assert_eq!((listed.error_code, listed.error_message, listed.topics), (ErrorCode::NONE, None, vec![]));
    });
}
