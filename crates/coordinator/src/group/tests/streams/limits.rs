//! What a member of a streams group may say at most, and how much it is told at most.

use crate::group::streams::{Answered, Command as Streams, Config, Heartbeat, Reply as Told, Statuses};
use crate::group::tests::script::World;
use crate::group::{Catalog, CatalogTopic, Client, Command, Reply, Settings};
use crate::machine::Ticket;
use ottla_base::TopicId;
use ottla_base::limits::{
    EXPLANATION_BYTES_MAX, MEMBER_ID_BYTES_MAX, STREAMS_MEMBER_BYTES_MAX, STREAMS_MEMBER_ENTRIES_MAX,
};
use ottla_wire::message::StreamsGroupHeartbeatRequest as Request;
use ottla_wire::message::StreamsGroupHeartbeatResponse as Response;
use ottla_wire::message::streams_group_heartbeat_request::{
    CopartitionGroup, Endpoint, KeyValue, Subtopology, TaskIds, TaskOffset, TopicInfo, Topology,
};
use ottla_wire::{ErrorCode, Str};
use std::sync::Arc;
use uuid::Uuid;

/// What the first member of a group is answered.
fn answer(request: Request, catalog: Catalog) -> Response {
    answered(request, catalog).response
}

/// The same, with what the broker should do.
fn answered(request: Request, catalog: Catalog) -> Answered {
    let config = Config { initial_rebalance_delay_ms: 0, ..Config::default() };
    let heartbeat = Heartbeat {
        ticket: Ticket(1),
        request,
        client: Client::default(),
        topics: Arc::new(catalog),
        config: Arc::new(config),
        statuses: Statuses::WithTags,
    };
    let command = Command::Streams(Streams::Heartbeat(Box::new(heartbeat)));
    match World::new(Settings::default()).decide_only(command) {
        Some(Reply::Streams(Told::Heartbeat(answered))) => *answered,
        other => panic!("{other:?}"),
    }
}

fn topics<'a>(names: impl IntoIterator<Item = (&'a str, i32)>) -> Catalog {
    let topic = |(at, (name, partitions)): (usize, (&str, i32))| {
        let id = TopicId(Uuid::from_u128(at as u128));
        (Str::from(name), CatalogTopic { id, partitions })
    };
    Catalog::new(1, names.into_iter().enumerate().map(topic))
}

fn joining(subtopologies: Vec<Subtopology>) -> Request {
    Request {
        group_id: "g".into(),
        member_id: "m".into(),
        rebalance_timeout_ms: 1_000,
        topology: Some(Box::new(Topology { epoch: 0, subtopologies })),
        process_id: Some("p".into()),
        ..Default::default()
    }
}

fn reading(sources: &[&str]) -> Subtopology {
    let source_topics = sources.iter().map(|name| Str::from(*name)).collect();
    Subtopology { subtopology_id: "0".into(), source_topics, ..Default::default() }
}

fn text(length: usize) -> Str {
    "x".repeat(length).into()
}

/// The limit, and a request that comes to so much.
type Case<'a> = (usize, &'a dyn Fn(usize) -> Request);

#[test]
fn what_is_kept_of_a_member_is_bounded() {
    let join = || joining(vec![reading(&["in"])]);
    let offset = |at: usize| TaskOffset {
        subtopology_id: "0".into(),
        partition: i32::try_from(at).expect("a partition"),
        offset: 1,
    };
    let offsets = |count| Some((0..count).map(offset).collect::<Vec<_>>());
    let cases: [Case<'_>; 8] = [
        (MEMBER_ID_BYTES_MAX, &|length| Request { member_id: text(length), ..join() }),
        (MEMBER_ID_BYTES_MAX, &|length| Request { instance_id: Some(text(length)), ..join() }),
        (MEMBER_ID_BYTES_MAX, &|length| Request { rack_id: Some(text(length)), ..join() }),
        (MEMBER_ID_BYTES_MAX, &|length| Request { process_id: Some(text(length)), ..join() }),
        (MEMBER_ID_BYTES_MAX, &|length| {
            let endpoint = Endpoint { host: text(length), port: 1 };
            Request { user_endpoint: Some(Box::new(endpoint)), ..join() }
        }),
        (STREAMS_MEMBER_ENTRIES_MAX, &|count| Request { task_offsets: offsets(count), ..join() }),
        (STREAMS_MEMBER_ENTRIES_MAX, &|count| Request { task_end_offsets: offsets(count), ..join() }),
        (STREAMS_MEMBER_BYTES_MAX, &|bytes| {
            let tags = [KeyValue { key: text(bytes / 2), value: text(bytes - bytes / 2) }];
            Request { client_tags: Some(tags.to_vec()), ..join() }
        }),
    ];
    for (max, with) in cases {
        let code = |size| answer(with(size), topics([("in", 1)])).error_code;
        assert_eq!(code(max), ErrorCode::NONE, "{max}");
        assert_eq!(code(max + 1), ErrorCode::INVALID_REQUEST, "more than {max}");
    }
}

/// A set of what a request lists is made before anybody can tell which tasks there are.
#[test]
fn so_is_what_it_says_that_it_has() {
    let has = |count: usize| {
        let tasks = TaskIds { subtopology_id: "0".into(), partitions: vec![0; count] };
        let request = Request {
            member_epoch: 1,
            topology: None,
            active_tasks: Some(vec![tasks]),
            standby_tasks: Some(Vec::new()),
            warmup_tasks: Some(Vec::new()),
            ..joining(Vec::new())
        };
        answer(request, topics([])).error_code
    };
    assert_eq!(has(STREAMS_MEMBER_ENTRIES_MAX), ErrorCode::GROUP_ID_NOT_FOUND);
    assert_eq!(has(STREAMS_MEMBER_ENTRIES_MAX + 1), ErrorCode::INVALID_REQUEST);
}

/// Text of more than 32,767 bytes cannot be sent: instead of an answer the connection would be closed.
#[test]
fn what_is_wrong_is_told_in_words_that_can_be_sent() {
    let name = "é".repeat(16_000);
    let refused = answer(joining(vec![reading(&[&name])]), topics([]));
    assert_eq!(refused.error_code, ErrorCode::STREAMS_INVALID_TOPOLOGY);
    let message = refused.error_message.expect("it says why");
    assert!((EXPLANATION_BYTES_MAX - 1..=EXPLANATION_BYTES_MAX).contains(&message.len()), "{message}");
    assert!(message.starts_with("'éé") && message.ends_with('…'), "{message}");

    let names: Vec<String> = (0..400).map(|at| format!("{at}{}", "x".repeat(200))).collect();
    let sources: Vec<&str> = names.iter().map(String::as_str).collect();
    let copartition_groups =
        vec![CopartitionGroup { source_topics: (0..400).collect(), ..Default::default() }];
    let part = Subtopology { copartition_groups, ..reading(&sources) };
    let catalog = topics(sources.iter().zip(1..).map(|(name, partitions)| (*name, partitions)));
    let told = answer(joining(vec![part]), catalog).status.unwrap_or_default();
    assert_eq!((told.len(), told[0].status_code), (1, 2));
    assert_eq!(told[0].status_detail.len(), EXPLANATION_BYTES_MAX);
}

/// As large as may be, and in the order that helps least: each looks at the next one, which is not known yet.
#[test]
fn a_long_chain_named_from_its_end_is_worked_out() {
    let name = |at: usize| Str::from(format!("r{at:04}"));
    let part = |at: usize| Subtopology {
        subtopology_id: name(at),
        source_topics: if at == CHAIN { vec!["in".into()] } else { Vec::new() },
        repartition_source_topics: if at == CHAIN {
            Vec::new()
        } else {
            vec![TopicInfo { name: name(at), ..Default::default() }]
        },
        repartition_sink_topics: at.checked_sub(1).map(name).into_iter().collect(),
        ..Default::default()
    };
    let told = answered(joining((0..=CHAIN).map(part).collect()), topics([("in", 7)]));
    assert_eq!(told.missing.len(), CHAIN);
    assert!(told.missing.iter().all(|topic| topic.partitions == 7));
}

/// Each set is looked at with the topics in it, not with all there are.
#[test]
fn so_are_thousands_of_sets_of_copartitioned_topics() {
    let names: Vec<Str> = (0..4_000).map(|at| Str::from(format!("r{at}"))).collect();
    let set = |at: i16| CopartitionGroup {
        source_topics: vec![0],
        repartition_source_topics: vec![at],
        ..Default::default()
    };
    let part = Subtopology {
        repartition_source_topics: names
            .iter()
            .map(|name| TopicInfo { name: name.clone(), ..Default::default() })
            .collect(),
        repartition_sink_topics: names,
        copartition_groups: (0..4_000).map(set).collect(),
        ..reading(&["in"])
    };
    let told = answered(joining(vec![part]), topics([("in", 7)]));
    assert!(told.missing.len() == 4_000 && told.missing.iter().all(|topic| topic.partitions == 7));
}

const CHAIN: usize = 4_000;
