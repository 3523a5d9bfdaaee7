//! Topics that are named twice, in two ways, or not at all.

use crate::testing::bench;
use ottla_wire::error_code::ErrorCode;
use ottla_wire::message::DeleteTopicsRequest;
use ottla_wire::message::delete_topics_request::DeleteTopicState;
use uuid::Uuid;

#[test]
fn a_topic_that_comes_by_name_and_by_id_stays() {
    bench(|bench| async move {
        let id = bench.create_topic("t", 1).await.0;
        let by_name = DeleteTopicState { name: Some("t".into()), topic_id: Uuid::nil() };
        let by_id = DeleteTopicState { name: None, topic_id: id };
        for topics in [vec![by_name.clone(), by_id.clone()], vec![by_id, by_name]] {
            let answer = bench.call(&DeleteTopicsRequest { topics, ..Default::default() }, 6).await;
            let told: Vec<_> = answer
                .responses
                .iter()
                .map(|one| (one.name.as_deref(), one.topic_id, one.error_code))
                .collect();
            assert_eq!(told, [(Some("t"), id, ErrorCode::INVALID_REQUEST)]);
            assert!(bench.broker.image.topic("t").is_some());
        }
    });
}

#[test]
fn a_topic_that_comes_twice_in_one_way_is_answered_once_and_stays() {
    bench(|bench| async move {
        let id = bench.create_topic("t", 1).await.0;
        let by_name = DeleteTopicState { name: Some("t".into()), topic_id: Uuid::nil() };
        let by_id = DeleteTopicState { name: None, topic_id: id };
        for one in [by_name, by_id] {
            let topics = vec![one.clone(), one];
            let answer = bench.call(&DeleteTopicsRequest { topics, ..Default::default() }, 6).await;
            let codes: Vec<_> = answer.responses.iter().map(|one| one.error_code).collect();
            assert_eq!(codes, [ErrorCode::INVALID_REQUEST]);
            assert!(bench.broker.image.topic("t").is_some());
        }
    });
}

#[test]
fn a_name_beside_an_id_is_refused_and_the_topic_stays() {
    bench(|bench| async move {
        let id = bench.create_topic("t", 1).await.0;
        let topics = vec![DeleteTopicState { name: Some("t".into()), topic_id: id }];
        let answer = bench.call(&DeleteTopicsRequest { topics, ..Default::default() }, 6).await;
        assert_eq!(answer.responses[0].error_code, ErrorCode::INVALID_REQUEST);
        assert!(bench.broker.image.topic("t").is_some());
    });
}

#[test]
fn every_topic_without_name_and_id_is_answered() {
    bench(|bench| async move {
        let nothing = DeleteTopicState { name: None, topic_id: Uuid::nil() };
        let topics = vec![nothing.clone(), nothing];
        let answer = bench.call(&DeleteTopicsRequest { topics, ..Default::default() }, 6).await;
        let codes: Vec<_> = answer.responses.iter().map(|one| one.error_code).collect();
        assert_eq!(codes, [ErrorCode::INVALID_REQUEST; 2]);
    });
}
