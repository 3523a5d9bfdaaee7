//! What is asked for by id, by name, twice.

use crate::testing::bench;
use ottla_wire::error_code::ErrorCode;
use ottla_wire::message::MetadataRequest;
use ottla_wire::message::metadata_request::MetadataRequestTopic;
use uuid::Uuid;

fn ask(topics: &[(Uuid, Option<&str>)]) -> MetadataRequest {
    let topic = |(topic_id, name): &(Uuid, Option<&str>)| MetadataRequestTopic {
        topic_id: *topic_id,
        name: name.map(Into::into),
    };
    MetadataRequest { topics: Some(topics.iter().map(topic).collect()), ..Default::default() }
}

#[test]
fn where_one_topic_is_asked_for_by_id_names_do_not_count() {
    bench(|bench| async move {
        let a = bench.create_topic("a", 1).await.0;
        bench.create_topic("b", 1).await;
        for version in 12..=13 {
            let request = ask(&[(a, Some("b")), (Uuid::nil(), Some("b")), (a, None)]);
            let topics = bench.call(&request, version).await.topics;
            let names: Vec<_> = topics.iter().map(|topic| topic.name.as_deref()).collect();
            assert_eq!(names, [Some("a")], "v{version}");
        }
    });
}

#[test]
fn a_topic_that_is_asked_for_twice_is_told_once() {
    bench(|bench| async move {
        bench.create_topic("a", 1).await;
        for version in 0..=13 {
            let twice = [(Uuid::nil(), Some("a")), (Uuid::nil(), Some("a"))];
            assert_eq!(bench.call(&ask(&twice), version).await.topics.len(), 1, "v{version}");
        }
    });
}

#[test]
fn an_id_before_there_were_any_refuses_the_whole_request() {
    bench(|bench| async move {
        let id = bench.create_topic("a", 1).await.0;
        for version in 10..=11 {
            let answer = bench.call(&ask(&[(Uuid::nil(), Some("a")), (id, None)]), version).await;
            let codes: Vec<_> = answer.topics.iter().map(|topic| topic.error_code).collect();
            assert_eq!(codes, [ErrorCode::INVALID_REQUEST; 2], "v{version}");
            assert!(answer.brokers.is_empty(), "v{version}");
        }
    });
}

#[test]
fn neither_name_nor_id_refuses_the_whole_request() {
    bench(|bench| async move {
        bench.create_topic("a", 1).await;
        for version in 10..=13 {
            let answer = bench.call(&ask(&[(Uuid::nil(), Some("a")), (Uuid::nil(), None)]), version).await;
            let codes: Vec<_> = answer.topics.iter().map(|topic| topic.error_code).collect();
            assert_eq!(codes, [ErrorCode::INVALID_REQUEST; 2], "v{version}");
            let of_all = if version < 13 { ErrorCode::NONE } else { ErrorCode::INVALID_REQUEST };
            assert_eq!(answer.error_code, of_all, "v{version}");
        }
    });
}

#[test]
fn who_asks_hears_what_may_be_done_with_a_topic_that_is_not_there() {
    bench(|bench| async move {
        let request = MetadataRequest {
            allow_auto_topic_creation: false,
            include_topic_authorized_operations: true,
            ..ask(&[(Uuid::nil(), Some("a"))])
        };
        let answer = bench.call(&request, 12).await;
        assert_eq!(answer.topics[0].topic_authorized_operations, super::TOPIC_OPERATIONS);
    });
}
