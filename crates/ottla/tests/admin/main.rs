//! Admin requests as no polite client sends them: what Kafka 4.4 answers to each was read off a real one.
#![expect(clippy::unwrap_used, reason = "what a test relies on either holds, or the test has failed")]

use ottla_broker::environment::SystemEnv;
use ottla_client::{Client, ClientOptions};
use ottla_wire::ErrorCode;
use ottla_wire::codec::Request;
use ottla_wire::message::{
    AlterConfigsRequest, CreatePartitionsRequest, CreateTopicsRequest, DeleteRecordsRequest,
    DeleteTopicsRequest, DescribeClusterRequest, DescribeConfigsRequest, DescribeTopicPartitionsRequest,
    IncrementalAlterConfigsRequest, alter_configs_request, create_partitions_request, create_topics_request,
    delete_records_request, delete_topics_request, describe_configs_request,
    describe_topic_partitions_request, incremental_alter_configs_request,
};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

/// A broker of our own, and a client of it. Ends with the test.
struct Broker {
    process: Child,
    runtime: tokio::runtime::Runtime,
    client: Client,
}

impl Broker {
    fn start(arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ottla"));
        command
            .env_clear()
            .args(["serve", "--ephemeral", "--listen", "127.0.0.1:0", "--log", "off"])
            .args(arguments);
        let mut process = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready: serde_json::Value = serde_json::from_str(&line).unwrap();
        let address = ready["kafka"].as_str().unwrap().parse().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let connecting = Client::connect(ClientOptions::new(vec![address]), Arc::new(SystemEnv::new()));
        let client = runtime.block_on(connecting).unwrap();
        Self { process, runtime, client }
    }

    fn ask<R: Request>(&self, request: &R) -> R::Response {
        self.runtime.block_on(self.client.call_any(request)).unwrap()
    }

    fn ask_at<R: Request>(&self, request: &R, version: i16) -> R::Response {
        self.runtime
            .block_on(async { self.client.any().await.unwrap().call_at(request, version).await.unwrap() })
    }

    /// Creates topics of one partition each.
    fn create(&self, names: &[&str]) {
        let response = self.ask(&creation(names.iter().map(|name| topic(name, 1)).collect()));
        assert!(response.topics.iter().all(|topic| topic.error_code.is_none()), "{response:?}");
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        // Asked to stop it removes its temporary data, killed it could not.
        let _ = Command::new("kill").arg(self.process.id().to_string()).status();
        let _ = self.process.wait();
    }
}

fn topic(name: &str, partitions: i32) -> create_topics_request::CreatableTopic {
    create_topics_request::CreatableTopic {
        name: name.into(),
        num_partitions: partitions,
        replication_factor: -1,
        ..Default::default()
    }
}

fn creation(topics: Vec<create_topics_request::CreatableTopic>) -> CreateTopicsRequest {
    CreateTopicsRequest { topics, ..Default::default() }
}

fn assigned(name: &str, partitions: &[(i32, &[i32])]) -> create_topics_request::CreatableTopic {
    let assignments =
        partitions.iter().map(|(index, brokers)| create_topics_request::CreatableReplicaAssignment {
            partition_index: *index,
            broker_ids: brokers.to_vec(),
        });
    create_topics_request::CreatableTopic { assignments: assignments.collect(), ..topic(name, -1) }
}

#[test]
fn a_topic_named_twice_is_answered_once_and_not_created() {
    let broker = Broker::start(&[]);
    let response = broker.ask(&creation(vec![topic("a", 1), topic("b", 1), topic("a", 2)]));
    let answers: Vec<_> =
        response.topics.iter().map(|topic| (topic.name.as_str(), topic.error_code)).collect();
    assert_eq!(answers, [("a", ErrorCode::INVALID_REQUEST), ("b", ErrorCode::NONE)]);
    broker.create(&["a"]);

    let named = |name: &str| delete_topics_request::DeleteTopicState {
        name: Some(name.into()),
        ..Default::default()
    };
    let request =
        DeleteTopicsRequest { topics: vec![named("a"), named("a"), named("b")], ..Default::default() };
    let codes: Vec<_> = broker.ask(&request).responses.iter().map(|topic| topic.error_code).collect();
    assert_eq!(codes, [ErrorCode::INVALID_REQUEST, ErrorCode::NONE]);

    let grow = |name: &str| create_partitions_request::CreatePartitionsTopic {
        name: name.into(),
        count: 2,
        assignments: None,
    };
    let request = CreatePartitionsRequest { topics: vec![grow("a"), grow("a")], ..Default::default() };
    let codes: Vec<_> = broker.ask(&request).results.iter().map(|topic| topic.error_code).collect();
    assert_eq!(codes, [ErrorCode::INVALID_REQUEST]);
}

#[test]
fn assignments_must_name_this_broker_once_and_partitions_in_a_row() {
    let broker = Broker::start(&[]);
    let code = |topic| broker.ask(&creation(vec![topic])).topics[0].error_code;
    assert_eq!(code(assigned("t", &[(0, &[1]), (2, &[1])])), ErrorCode::INVALID_REPLICA_ASSIGNMENT);
    assert_eq!(code(assigned("t", &[(1, &[1])])), ErrorCode::INVALID_REPLICA_ASSIGNMENT);
    assert_eq!(code(assigned("t", &[(0, &[2])])), ErrorCode::INVALID_REPLICA_ASSIGNMENT);
    assert_eq!(code(assigned("t", &[(0, &[1, 1])])), ErrorCode::INVALID_REPLICA_ASSIGNMENT);
    assert_eq!(code(assigned("t", &[(0, &[])])), ErrorCode::INVALID_REPLICA_ASSIGNMENT);
    let mut both = assigned("t", &[(0, &[1])]);
    both.num_partitions = 1;
    assert_eq!(code(both), ErrorCode::INVALID_REQUEST);
    assert_eq!(code(topic("t", 10_001)), ErrorCode::POLICY_VIOLATION);
    assert_eq!(code(topic("__cluster_metadata", 1)), ErrorCode::INVALID_REQUEST);
    assert_eq!(code(assigned("t", &[(1, &[1]), (0, &[1])])), ErrorCode::NONE);
}

#[test]
fn a_created_topic_is_echoed_with_its_configuration() {
    let broker = Broker::start(&["--set", "log.retention.hours=2"]);
    let echoed = broker.ask(&creation(vec![topic("t", 3)])).topics.remove(0);
    assert_eq!((echoed.num_partitions, echoed.replication_factor), (3, 1));
    assert_ne!(echoed.topic_id, uuid::Uuid::nil());
    let configs = echoed.configs.unwrap();
    let retention = configs.iter().find(|config| config.name == "retention.ms").unwrap();
    assert_eq!((retention.value.as_deref(), retention.config_source), (Some("7200000"), 4));
    let old = broker.ask_at(&creation(vec![topic("u", 1)]), 4).topics.remove(0);
    assert_eq!((old.error_code, old.num_partitions), (ErrorCode::NONE, -1));
}

/// Pages of `limit` partitions, each as `topic:first-last`, until there is no cursor any more.
fn pages(broker: &Broker, names: &[&str], limit: i32) -> Vec<String> {
    let topics =
        names.iter().map(|name| describe_topic_partitions_request::TopicRequest { name: (*name).into() });
    let mut request = DescribeTopicPartitionsRequest {
        topics: topics.collect(),
        response_partition_limit: limit,
        ..Default::default()
    };
    let mut pages = Vec::new();
    loop {
        let response = broker.ask(&request);
        let show = |topic: &ottla_wire::message::describe_topic_partitions_response::DescribeTopicPartitionsResponseTopic| {
            let indexes: Vec<_> = topic.partitions.iter().map(|partition| partition.partition_index.to_string()).collect();
            format!("{}:{}{}", topic.name.as_deref().unwrap(), indexes.join(""), if topic.error_code.is_none() { "" } else { "!" })
        };
        pages.push(response.topics.iter().map(show).collect::<Vec<_>>().join(" "));
        let Some(next) = response.next_cursor else { return pages };
        request.cursor = Some(Box::new(describe_topic_partitions_request::Cursor {
            topic_name: next.topic_name.clone(),
            partition_index: next.partition_index,
        }));
    }
}

#[test]
fn partitions_come_page_by_page_in_the_order_of_names() {
    let broker = Broker::start(&[]);
    let response = broker.ask(&creation(vec![topic("b", 3), topic("a", 2), topic("c", 1)]));
    assert!(response.topics.iter().all(|topic| topic.error_code.is_none()));
    assert_eq!(pages(&broker, &[], 2000), ["a:01 b:012 c:0"]);
    assert_eq!(pages(&broker, &[], 2), ["a:01", "b:01", "b:2 c:0"]);
    assert_eq!(pages(&broker, &[], 0), ["a:0", "a:1", "b:0", "b:1", "b:2", "c:0"]);
    assert_eq!(pages(&broker, &["c", "b", "b", "x"], 3), ["b:012", "c:0 x:!"]);
}

#[test]
fn a_cursor_must_make_sense() {
    let broker = Broker::start(&[]);
    broker.create(&["a", "c"]);
    let ask = |names: &[&str], cursor: &str, partition_index: i32| {
        let topics =
            names.iter().map(|name| describe_topic_partitions_request::TopicRequest { name: (*name).into() });
        let response = broker.ask(&DescribeTopicPartitionsRequest {
            topics: topics.collect(),
            cursor: Some(Box::new(describe_topic_partitions_request::Cursor {
                topic_name: cursor.into(),
                partition_index,
            })),
            ..Default::default()
        });
        response
            .topics
            .iter()
            .map(|topic| (topic.name.clone().unwrap().to_string(), topic.error_code))
            .collect::<Vec<_>>()
    };
    assert_eq!(ask(&["a"], "c", 0), [("a".to_owned(), ErrorCode::INVALID_REQUEST)]);
    assert_eq!(ask(&["a"], "a", -1), [("a".to_owned(), ErrorCode::INVALID_REQUEST)]);
    // Between two pages the cursor's topic may have been deleted.
    assert_eq!(ask(&[], "b", 5), [("c".to_owned(), ErrorCode::NONE)]);
}

fn alterable(name: &str, value: Option<&str>) -> alter_configs_request::AlterableConfig {
    alter_configs_request::AlterableConfig { name: name.into(), value: value.map(Into::into) }
}

fn set_of(broker: &Broker, topic: &str) -> Vec<String> {
    let described = broker.ask(&described(TOPIC, topic)).results.remove(0);
    let own = described.configs.iter().filter(|config| config.config_source == 1);
    own.map(|config| format!("{}={}", config.name, config.value.as_deref().unwrap_or("null"))).collect()
}

fn described(resource_type: i8, name: &str) -> DescribeConfigsRequest {
    DescribeConfigsRequest {
        resources: vec![describe_configs_request::DescribeConfigsResource {
            resource_type,
            resource_name: name.into(),
            configuration_keys: None,
        }],
        ..Default::default()
    }
}

#[test]
fn the_old_way_to_alter_replaces_everything() {
    let broker = Broker::start(&[]);
    broker.create(&["t"]);
    let alter = |configs, validate_only| {
        let resource = alter_configs_request::AlterConfigsResource {
            resource_type: TOPIC,
            resource_name: "t".into(),
            configs,
        };
        broker.ask(&AlterConfigsRequest { resources: vec![resource], validate_only }).responses[0].error_code
    };
    let (retention, segment) =
        (alterable("retention.ms", Some("5")), alterable("segment.bytes", Some("2000000")));
    assert_eq!(alter(vec![retention.clone(), segment.clone()], false), ErrorCode::NONE);
    assert_eq!(set_of(&broker, "t"), ["retention.ms=5", "segment.bytes=2000000"]);
    assert_eq!(alter(vec![segment.clone()], true), ErrorCode::NONE);
    assert_eq!(set_of(&broker, "t").len(), 2);
    assert_eq!(alter(vec![segment], false), ErrorCode::NONE);
    assert_eq!(set_of(&broker, "t"), ["segment.bytes=2000000"]);
    assert_eq!(alter(vec![alterable("retention.ms", None)], false), ErrorCode::INVALID_REQUEST);
    assert_eq!(alter(vec![alterable("retention.mss", Some("1"))], false), ErrorCode::INVALID_CONFIG);
    assert_eq!(set_of(&broker, "t"), ["segment.bytes=2000000"]);
}

#[test]
fn changes_of_one_resource_happen_together_or_not_at_all() {
    let broker = Broker::start(&[]);
    broker.create(&["t"]);
    let change =
        |name: &str, config_operation, value: &str| incremental_alter_configs_request::AlterableConfig {
            name: name.into(),
            config_operation,
            value: Some(value.into()),
        };
    let resource = |name: &str, configs| incremental_alter_configs_request::AlterConfigsResource {
        resource_type: TOPIC,
        resource_name: name.into(),
        configs,
    };
    let codes = |resources| -> Vec<ErrorCode> {
        let request = IncrementalAlterConfigsRequest { resources, validate_only: false };
        broker.ask(&request).responses.iter().map(|response| response.error_code).collect()
    };
    let good = || change("retention.ms", 0, "5");
    assert_eq!(
        codes(vec![resource("t", vec![good(), change("segment.bytes", 0, "1")])]),
        [ErrorCode::INVALID_CONFIG]
    );
    assert_eq!(
        codes(vec![resource("t", vec![good(), change("cleanup.policy", 9, "x")])]),
        [ErrorCode::INVALID_REQUEST]
    );
    let twice = vec![resource("t", vec![good()]), resource("t", vec![good()])];
    assert_eq!(codes(twice), [ErrorCode::INVALID_REQUEST, ErrorCode::INVALID_REQUEST]);
    assert_eq!(codes(vec![resource("", vec![good()])]), [ErrorCode::INVALID_REQUEST]);
    assert_eq!(codes(vec![resource("gone", vec![good()])]), [ErrorCode::UNKNOWN_TOPIC_OR_PARTITION]);
    assert!(set_of(&broker, "t").is_empty());
    assert_eq!(codes(vec![resource("t", vec![good()])]), [ErrorCode::NONE]);
    assert_eq!(set_of(&broker, "t"), ["retention.ms=5"]);
}

#[test]
fn a_description_can_be_narrowed_and_widened() {
    let broker = Broker::start(&["--set", "log.retention.ms=5"]);
    broker.create(&["t"]);
    let mut request = described(TOPIC, "t");
    request.resources[0].configuration_keys = Some(vec!["retention.ms".into(), "no.such.key".into()]);
    let plain = broker.ask(&request).results.remove(0).configs;
    assert_eq!(plain.len(), 1);
    assert_eq!((plain[0].value.as_deref(), plain[0].config_type, plain[0].synonyms.len()), (Some("5"), 5, 0));
    assert_eq!(plain[0].documentation.as_deref().unwrap_or(""), "");
    (request.include_synonyms, request.include_documentation) = (true, true);
    let full = broker.ask(&request).results.remove(0).configs.remove(0);
    let synonyms: Vec<_> =
        full.synonyms.iter().map(|synonym| (synonym.name.as_str(), synonym.source)).collect();
    assert_eq!(synonyms, [("log.retention.ms", 4), ("log.retention.hours", 5)]);
    assert!(full.documentation.unwrap().contains("How long records are kept"));
    let code = |kind, name| broker.ask(&described(kind, name)).results[0].error_code;
    assert_eq!(code(TOPIC, "gone"), ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
    assert_eq!(code(TOPIC, "a b"), ErrorCode::INVALID_TOPIC_EXCEPTION);
    assert_eq!(code(BROKER, "4711"), ErrorCode::INVALID_REQUEST);
    assert_eq!(code(BROKER, "1"), ErrorCode::NONE);
    assert_eq!(code(BROKER, ""), ErrorCode::NONE);
    assert_eq!(code(99, "x"), ErrorCode::INVALID_REQUEST);
}

#[test]
fn records_are_deleted_up_to_the_high_watermark_at_most() {
    let broker = Broker::start(&[]);
    broker.create(&["t"]);
    let delete = |topic: &str, partition_index, offset| {
        let partition = delete_records_request::DeleteRecordsPartition { partition_index, offset };
        let topic =
            delete_records_request::DeleteRecordsTopic { name: topic.into(), partitions: vec![partition] };
        let response = broker.ask(&DeleteRecordsRequest { topics: vec![topic], ..Default::default() });
        let answer = &response.topics[0].partitions[0];
        (answer.low_watermark, answer.error_code)
    };
    assert_eq!(delete("t", 0, -1), (0, ErrorCode::NONE));
    assert_eq!(delete("t", 0, 0), (0, ErrorCode::NONE));
    assert_eq!(delete("t", 0, 1), (-1, ErrorCode::OFFSET_OUT_OF_RANGE));
    assert_eq!(delete("t", 0, -2), (-1, ErrorCode::OFFSET_OUT_OF_RANGE));
    assert_eq!(delete("t", 1, 0), (-1, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION));
    assert_eq!(delete("gone", 0, 0), (-1, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION));
    let compacted = create_topics_request::CreatableTopicConfig {
        name: "cleanup.policy".into(),
        value: Some("compact".into()),
    };
    let response = broker.ask(&creation(vec![create_topics_request::CreatableTopic {
        configs: vec![compacted],
        ..topic("c", 1)
    }]));
    assert!(response.topics[0].error_code.is_none());
    assert_eq!(delete("c", 0, 0), (-1, ErrorCode::POLICY_VIOLATION));
}

#[test]
fn deletion_can_be_switched_off() {
    let broker = Broker::start(&["--set", "delete.topic.enable=false"]);
    broker.create(&["t"]);
    let named = delete_topics_request::DeleteTopicState { name: Some("t".into()), ..Default::default() };
    let request = DeleteTopicsRequest { topics: vec![named], ..Default::default() };
    assert_eq!(broker.ask(&request).responses[0].error_code, ErrorCode::TOPIC_DELETION_DISABLED);
    let old = DeleteTopicsRequest { topic_names: vec!["t".into()], ..Default::default() };
    assert_eq!(broker.ask_at(&old, 1).responses[0].error_code, ErrorCode::INVALID_REQUEST);
}

#[test]
fn only_brokers_can_be_described() {
    let broker = Broker::start(&["--set", "node.id=7"]);
    let ask = |endpoint_type| broker.ask(&DescribeClusterRequest { endpoint_type, ..Default::default() });
    assert_eq!(ask(1).brokers[0].broker_id, 7);
    assert_eq!(ask(2).error_code, ErrorCode::MISMATCHED_ENDPOINT_TYPE);
    assert_eq!(ask(3).error_code, ErrorCode::UNSUPPORTED_ENDPOINT_TYPE);
}

const TOPIC: i8 = 2;
const BROKER: i8 = 4;
