//! How much one request may create.

use crate::testing::bench;
use ottla_wire::error_code::ErrorCode;
use ottla_wire::message::create_partitions_request::CreatePartitionsTopic;
use ottla_wire::message::create_topics_request::{CreatableTopic, CreatableTopicConfig};
use ottla_wire::message::{CreatePartitionsRequest, CreateTopicsRequest};

/// The codes for topics of so many partitions, which are only validated.
fn ask(partitions: &[i32]) -> CreateTopicsRequest {
    let topic = |(at, count): (usize, &i32)| CreatableTopic {
        name: format!("t{at}").into(),
        num_partitions: *count,
        replication_factor: 1,
        ..Default::default()
    };
    let topics = partitions.iter().enumerate().map(topic).collect();
    CreateTopicsRequest { topics, validate_only: true, ..Default::default() }
}

#[test]
fn what_one_request_creates_is_counted_together() {
    bench(|bench| async move {
        let (well, too_many) = (ErrorCode::NONE, ErrorCode::POLICY_VIOLATION);
        for (partitions, expected) in [
            (&[9_999][..], &[well][..]),
            (&[10_000], &[too_many]),
            (&[i32::MAX], &[too_many]),
            (&[4_999, 4_999], &[well, well]),
            (&[5_000, 4_999], &[too_many, too_many]),
            (&[1, 10_000], &[too_many, too_many]),
        ] {
            let answer = bench.call(&ask(partitions), 7).await;
            let codes: Vec<_> = answer.topics.iter().map(|topic| topic.error_code).collect();
            assert_eq!(codes, expected, "{partitions:?}");
        }
    });
}

#[test]
fn settings_count_as_partitions_do() {
    bench(|bench| async move {
        let retention = CreatableTopicConfig { name: "retention.ms".into(), value: Some("7".into()) };
        for (partitions, expected) in [(9_998, ErrorCode::NONE), (9_999, ErrorCode::POLICY_VIOLATION)] {
            let mut request = ask(&[partitions]);
            request.topics[0].configs.push(retention.clone());
            let answer = bench.call(&request, 7).await;
            assert_eq!(answer.topics[0].error_code, expected, "{partitions}");
        }
    });
}

#[test]
fn what_topics_grow_by_is_counted_together() {
    bench(|bench| async move {
        for name in ["a", "b"] {
            bench.create_topic(name, 1).await;
        }
        let topic = |name: &str, count| CreatePartitionsTopic { name: name.into(), count, assignments: None };
        for (count, expected) in [(5_001, ErrorCode::NONE), (5_002, ErrorCode::POLICY_VIOLATION)] {
            let topics = vec![topic("a", 5_001), topic("b", count)];
            let request = CreatePartitionsRequest { topics, validate_only: true, ..Default::default() };
            let answer = bench.call(&request, 3).await;
            let codes: Vec<_> = answer.results.iter().map(|result| result.error_code).collect();
            assert_eq!(codes, [expected; 2]);
        }
    });
}
