//! What a member of a consumer group may say of itself at most.

use crate::group::consumer::{self, MemberIds};
use crate::group::tests::script::World;
use crate::group::{Client, Command, Reply, Settings};
use crate::machine::Ticket;
use ottla_base::TopicName;
use ottla_base::limits::{MEMBER_ID_BYTES_MAX, SUBSCRIBED_TOPICS_MAX};
use ottla_wire::message::ConsumerGroupHeartbeatRequest as Request;
use ottla_wire::{ErrorCode, Str};
use std::sync::Arc;
use uuid::Uuid;

fn joins(request: Request) -> bool {
    let heartbeat = consumer::Heartbeat {
        ticket: Ticket(1),
        client: Client::default(),
        request,
        member_ids: MemberIds::Client,
        fresh: Uuid::nil(),
        topics: Arc::default(),
        config: Arc::default(),
    };
    let command = Command::Consumer(consumer::Command::Heartbeat(Box::new(heartbeat)));
    match World::new(Settings::default()).decide_only(command) {
        Some(Reply::Consumer(consumer::Reply::Heartbeat(response))) => match response.error_code {
            ErrorCode::NONE => true,
            ErrorCode::INVALID_REQUEST => false,
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

fn request() -> Request {
    Request {
        group_id: "g".into(),
        member_id: "m".into(),
        rebalance_timeout_ms: 1_000,
        subscribed_topic_names: Some(vec!["t".into()]),
        topic_partitions: Some(Vec::new()),
        ..Default::default()
    }
}

#[test]
fn what_is_kept_of_a_member_is_bounded() {
    let text = |length: usize| Str::from("x".repeat(length));
    let names = |count: usize| (0..count).map(|number| Str::from(format!("topic-{number}"))).collect();
    let cases: [(usize, &dyn Fn(usize) -> Request); 5] = [
        (MEMBER_ID_BYTES_MAX, &|length| Request { member_id: text(length), ..request() }),
        (MEMBER_ID_BYTES_MAX, &|length| Request { instance_id: Some(text(length)), ..request() }),
        (MEMBER_ID_BYTES_MAX, &|length| Request { rack_id: Some(text(length)), ..request() }),
        (SUBSCRIBED_TOPICS_MAX, &|count| Request { subscribed_topic_names: Some(names(count)), ..request() }),
        (TopicName::LENGTH_MAX, &|length| Request {
            subscribed_topic_names: Some(vec![text(length)]),
            ..request()
        }),
    ];
    for (max, with) in cases {
        assert!(joins(with(max)), "{max}");
        assert!(!joins(with(max + 1)), "more than {max}");
    }
}
