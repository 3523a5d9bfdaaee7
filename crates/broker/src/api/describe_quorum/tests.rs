//! A quorum of one, which nobody joins or leaves.

use super::*;
use crate::testing::{Bench, bench};
use ottla_wire::message::add_raft_voter_request::Listener as VoterListener;
use ottla_wire::message::describe_quorum_request::{
    PartitionData as AskedPartition, TopicData as AskedTopic,
};
use ottla_wire::message::{
    AddRaftVoterRequest, RemoveRaftVoterRequest, UnregisterBrokerRequest, UnregisterControllerRequest,
};
use uuid::Uuid;

fn ask(topics: &[(&str, &[i32])]) -> DescribeQuorumRequest {
    let topic = |(name, partitions): &(&str, &[i32])| AskedTopic {
        topic_name: (*name).into(),
        partitions: partitions.iter().map(|index| AskedPartition { partition_index: *index }).collect(),
    };
    DescribeQuorumRequest { topics: topics.iter().map(topic).collect() }
}

async fn described(bench: &Bench, version: i16) -> PartitionData {
    let mut answer = bench.call(&ask(&[(CLUSTER_METADATA, &[0])]), version).await;
    assert_eq!(answer.nodes.len(), usize::from(2 <= version), "v{version}");
    answer.topics.remove(0).partitions.remove(0)
}

#[test]
fn the_quorum_is_this_broker_and_its_offsets_count_changes() {
    bench(|bench| async move {
        for version in VERSIONS {
            let before = described(&bench, version).await.high_watermark;
            bench.create_topic(&format!("t{version}"), 1).await;
            let after = described(&bench, version).await;
            assert_eq!(after.high_watermark, before + 1, "v{version}");
            assert_eq!((after.error_code, after.leader_id), (ErrorCode::NONE, bench.broker.node.0));
            let [voter] = after.current_voters.as_slice() else { panic!("one voter: {after:?}") };
            assert_eq!((voter.replica_id, voter.log_end_offset), (after.leader_id, after.high_watermark));
            assert_eq!(0 < voter.last_fetch_timestamp, 1 <= version, "v{version}");
        }
        let node = bench.call(&ask(&[(CLUSTER_METADATA, &[0])]), 2).await.nodes.remove(0);
        assert_eq!((&*node.listeners[0].host, node.listeners[0].port), ("127.0.0.1", 9092));
    });
}

#[test]
fn no_other_quorum_is_known() {
    bench(|bench| async move {
        let metadata: (&str, &[i32]) = (CLUSTER_METADATA, &[0]);
        let both: &[(&str, &[i32])] = &[metadata, ("t", &[0])];
        for topics in
            [&[("t", &[0][..])][..], &[(CLUSTER_METADATA, &[1])], &[(CLUSTER_METADATA, &[0, 1])], both]
        {
            let answer = bench.call(&ask(topics), 2).await;
            assert_eq!((answer.error_code, answer.topics.len()), (ErrorCode::NONE, topics.len()));
            let codes = answer.topics.iter().flat_map(|topic| &topic.partitions).map(|one| one.error_code);
            assert!(
                codes.into_iter().all(|code| code == ErrorCode::UNKNOWN_TOPIC_OR_PARTITION),
                "{topics:?}"
            );
        }
    });
}

#[test]
fn nobody_joins_the_quorum_or_leaves_it() {
    bench(|bench| async move {
        let (node, directory) = (bench.broker.node.0, Uuid::from_u128(7));
        let ours = bench.broker.cluster_id.clone();
        let listener = VoterListener { name: "CONTROLLER".into(), host: "localhost".into(), port: 9093 };
        let voter = |voter_id, voter_directory_id| AddRaftVoterRequest {
            voter_id,
            voter_directory_id,
            listeners: vec![listener.clone()],
            cluster_id: None,
            ..Default::default()
        };
        let stranger = voter(node + 1, directory);
        for version in 0..=1 {
            for (request, expected) in [
                (stranger.clone(), ErrorCode::UNSUPPORTED_VERSION),
                (
                    AddRaftVoterRequest { cluster_id: Some(ours.clone()), ..stranger.clone() },
                    ErrorCode::UNSUPPORTED_VERSION,
                ),
                (
                    AddRaftVoterRequest { cluster_id: Some("x".into()), ..stranger.clone() },
                    ErrorCode::INCONSISTENT_CLUSTER_ID,
                ),
                (AddRaftVoterRequest { listeners: vec![], ..stranger.clone() }, ErrorCode::INVALID_REQUEST),
                (voter(node, directory), ErrorCode::DUPLICATE_VOTER),
                (voter(node, Uuid::nil()), ErrorCode::INVALID_REQUEST),
                (voter(-1, directory), ErrorCode::INVALID_REQUEST),
            ] {
                assert_eq!(bench.call(&request, version).await.error_code, expected, "{request:?}");
            }
        }
        for (voter_id, voter_directory_id, expected) in [
            (node, directory, ErrorCode::VOTER_NOT_FOUND),
            (node, Uuid::nil(), ErrorCode::INVALID_REQUEST),
            (-1, directory, ErrorCode::INVALID_REQUEST),
        ] {
            let request = RemoveRaftVoterRequest { cluster_id: None, voter_id, voter_directory_id };
            assert_eq!(bench.call(&request, 0).await.error_code, expected, "{request:?}");
        }
    });
}

#[test]
fn only_who_is_gone_could_be_forgotten() {
    bench(|bench| async move {
        let node = bench.broker.node.0;
        for (id, broker, controller) in [
            (node, ErrorCode::INVALID_REQUEST, ErrorCode::INVALID_REQUEST),
            (node + 1, ErrorCode::BROKER_ID_NOT_REGISTERED, ErrorCode::CONTROLLER_ID_NOT_REGISTERED),
        ] {
            assert_eq!(bench.call(&UnregisterBrokerRequest { broker_id: id }, 0).await.error_code, broker);
            let request = UnregisterControllerRequest { controller_id: id };
            assert_eq!(bench.call(&request, 0).await.error_code, controller);
        }
    });
}
