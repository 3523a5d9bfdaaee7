use super::*;
use crate::testing::{Fake, Reply, read, reply};
use ottla_wire::message::FindCoordinatorResponse;
use ottla_wire::message::find_coordinator_response::Coordinator;
use std::sync::atomic::{AtomicUsize, Ordering};

#[tokio::test(start_paused = true)]
async fn topics_leaders_and_brokers_are_found() {
    let client = Fake::broker(|_, _| Reply::Close).client().await;
    let topic = client.topic("t").await.unwrap();
    let order: Vec<_> = topic.partitions.iter().map(|partition| partition.index.0).collect();
    assert_eq!(order, [0, 1]);
    assert_eq!(client.leader("t", PartitionIndex(1)).await.unwrap(), 7);
    let error = client.leader("t", PartitionIndex(2)).await.unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION));
    assert!(matches!(client.broker(8).await, Err(CallError::UnknownBroker(8))));
    assert_eq!(client.broker(7).await.unwrap().address(), "fake:1");
}

#[tokio::test(start_paused = true)]
async fn a_missing_topic_is_an_answer_at_once() {
    let client = Fake::broker(|_, _| Reply::Close).client().await;
    let before = Instant::now();
    let error = client.topic("other").await.unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION));
    assert_eq!(before.elapsed().as_millis(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_coordinator_that_has_moved_is_looked_for_again() {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let fake = Fake::broker(move |header, reader| {
        let request: FindCoordinatorRequest = read(header, reader);
        let error_code = match count.fetch_add(1, Ordering::Relaxed) {
            0 => ErrorCode::COORDINATOR_NOT_AVAILABLE,
            _ => ErrorCode::NONE,
        };
        let key = request.coordinator_keys[0].clone();
        let found =
            Coordinator { key, node_id: 7, host: "fake".into(), port: 1, error_code, error_message: None };
        reply(header, &FindCoordinatorResponse { coordinators: vec![found], ..Default::default() })
    });
    let client = fake.client().await;
    let request = |_| MetadataRequest { topics: Some(Vec::new()), ..MetadataRequest::default() };
    let key = (CoordinatorKind::Group, "g");
    client.ask_coordinator(key, request, |response| response.error_code).await.unwrap();
    assert_eq!(asked.load(Ordering::Relaxed), 2);
}

#[tokio::test(start_paused = true)]
async fn forks_have_connections_of_their_own() {
    let client = Fake::broker(|_, _| Reply::Close).client().await;
    let fork = client.fork();
    let (one, same, other) = (
        client.broker(7).await.unwrap(),
        client.clone().broker(7).await.unwrap(),
        fork.broker(7).await.unwrap(),
    );
    let heartbeat = ottla_wire::message::HeartbeatRequest::default();
    assert!(one.call(&heartbeat).await.is_err());
    assert!(one.is_closed() && same.is_closed() && !other.is_closed());
    assert!(!client.broker(7).await.unwrap().is_closed());
}
