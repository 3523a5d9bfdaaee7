//! What a connection may expect of the built broker: answers in order, room for thousands, an end when idle.
#![allow(clippy::unwrap_used, reason = "a test program: a failed unwrap is a failed test")]

use ottla_wire::ApiKey;
use ottla_wire::codec::{Reader, Request, decode_response_header, encode_request};
use ottla_wire::message::add_partitions_to_txn_request::AddPartitionsToTxnTopic;
use ottla_wire::message::create_topics_request::CreatableTopic;
use ottla_wire::message::fetch_request::{FetchPartition, FetchTopic};
use ottla_wire::message::join_group_request::JoinGroupRequestProtocol;
use ottla_wire::message::produce_request::{PartitionProduceData, TopicProduceData};
use ottla_wire::message::*;
use ottla_wire::record::{BatchBuilder, BatchOptions, Records};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// How long an answer may take before the test fails. Never waited for when all is well.
const PATIENCE: Duration = Duration::from_secs(20);

/// Rounds of requests in which something must have happened that nearly every one may bring about.
const ROUNDS_MAX: i64 = 100_000;

/// A running broker on temporary data. Killed when dropped.
struct Broker {
    process: Child,
    address: SocketAddr,
}

impl Broker {
    fn start(settings: &[&str]) -> Self {
        Self::start_with(settings, Stdio::null())
    }

    fn start_with(settings: &[&str], stderr: Stdio) -> Self {
        Self::start_as(settings, &[], stderr)
    }

    fn start_as(settings: &[&str], arguments: &[&str], stderr: Stdio) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ottla"));
        command.args(["serve", "--ephemeral", "--listen", "127.0.0.1:0"]).args(arguments).env_clear();
        settings.iter().for_each(|setting| _ = command.args(["--set", setting]));
        let streams = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(stderr);
        let mut process = streams.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready: serde_json::Value = serde_json::from_str(&line).unwrap();
        Self { process, address: ready["kafka"].as_str().unwrap().parse().unwrap() }
    }

    /// Asks it to stop.
    fn terminate(&self) {
        let pid = rustix::process::Pid::from_child(&self.process);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    }

    fn connect(&self) -> Client {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Client(stream)
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

struct Client(TcpStream);

impl Client {
    /// The next answer's correlation id, and what follows it.
    fn answer(&mut self) -> (i32, Reader, Vec<u8>) {
        let mut length = [0; 4];
        self.0.read_exact(&mut length).unwrap();
        let mut frame = vec![0; usize::try_from(i32::from_be_bytes(length)).unwrap()];
        self.0.read_exact(&mut frame).unwrap();
        let id = i32::from_be_bytes(frame[..4].try_into().unwrap());
        (id, Reader::new(frame.clone().into()), frame)
    }

    fn ask<R: Request>(&mut self, request: &R, version: i16) -> R::Response {
        self.0.write_all(&frame(1, request, version)).unwrap();
        let (_, mut reader, _) = self.answer();
        decode_response_header(&mut reader, R::KEY, version).unwrap();
        <R::Response as ottla_wire::codec::Message>::decode(&mut reader, version).unwrap()
    }

    /// Opens a transaction on partition 0 of `t`. Gives the producer's id and epoch.
    fn begin(&mut self, id: &str) -> (i64, i16) {
        let init = InitProducerIdRequest {
            transactional_id: Some(id.into()),
            transaction_timeout_ms: 60_000,
            producer_id: -1,
            producer_epoch: -1,
            ..Default::default()
        };
        let InitProducerIdResponse { producer_id, producer_epoch, .. } = self.ask(&init, 4);
        let topic = AddPartitionsToTxnTopic { name: "t".into(), partitions: vec![0] };
        let add = AddPartitionsToTxnRequest {
            v3_and_below_transactional_id: id.into(),
            v3_and_below_producer_id: producer_id,
            v3_and_below_producer_epoch: producer_epoch,
            v3_and_below_topics: vec![topic],
            ..Default::default()
        };
        let added = self.ask(&add, 3);
        let code = added.results_by_topic_v3_and_below[0].results_by_partition[0].partition_error_code;
        assert_eq!(code, ottla_wire::ErrorCode::NONE);
        (producer_id, producer_epoch)
    }

    /// Whether the broker has closed the connection, once it does anything.
    fn is_closed(&mut self) -> bool {
        self.0.read(&mut [0; 1]).is_ok_and(|count| count == 0)
    }
}

fn frame<R: Request>(correlation_id: i32, request: &R, version: i16) -> Vec<u8> {
    encode_request(Some("test"), correlation_id, request, version).unwrap().into_bytes().unwrap().to_vec()
}

fn versions() -> ApiVersionsRequest {
    ApiVersionsRequest::default()
}

fn create(name: &str) -> CreateTopicsRequest {
    let topic =
        CreatableTopic { name: name.into(), num_partitions: 1, replication_factor: 1, ..Default::default() };
    CreateTopicsRequest { topics: vec![topic], timeout_ms: 10_000, ..Default::default() }
}

fn produce(acks: i16, value: &str) -> ProduceRequest {
    let mut batch = BatchBuilder::new(BatchOptions::default());
    batch.append(ottla_base::Timestamp(1_700_000_000_000), None, Some(value.as_bytes()), &[]).unwrap();
    let data = PartitionProduceData { index: 0, records: Some(Records::from(batch.build())) };
    let topic = TopicProduceData { name: "t".into(), partition_data: vec![data], ..Default::default() };
    ProduceRequest { acks, timeout_ms: 10_000, topic_data: vec![topic], ..Default::default() }
}

fn fetch(max_wait_ms: i32, offset: i64) -> FetchRequest {
    let partition =
        FetchPartition { fetch_offset: offset, partition_max_bytes: 1 << 20, ..Default::default() };
    let topic = FetchTopic { topic: "t".into(), partitions: vec![partition], ..Default::default() };
    FetchRequest { max_wait_ms, min_bytes: 1, max_bytes: 1 << 20, topics: vec![topic], ..Default::default() }
}

#[test]
fn pipelined_requests_are_answered_in_order_with_their_effects_in_order() {
    let broker = Broker::start(&[]);
    let mut client = broker.connect();
    let mut sent = frame(0, &create("t"), 5);
    for id in 1..=50 {
        // Every tenth is something else between the produced batches.
        let request = if id % 10 == 0 { frame(id, &versions(), 2) } else { frame(id, &produce(-1, "v"), 9) };
        sent.extend(request);
    }
    client.0.write_all(&sent).unwrap();
    let mut next_offset = 0;
    for id in 0..=50 {
        let (answered, mut reader, _) = client.answer();
        assert_eq!(answered, id);
        if id % 10 != 0 {
            decode_response_header(&mut reader, ApiKey::Produce, 9).unwrap();
            let response = <ProduceResponse as ottla_wire::codec::Message>::decode(&mut reader, 9).unwrap();
            assert_eq!(response.responses[0].partition_responses[0].base_offset, next_offset);
            next_offset += 1;
        }
    }
    assert_eq!(next_offset, 45);
}

/// What comes together is written together, and everybody hears of what he has sent.
#[test]
fn many_that_produce_at_once_are_answered_for_their_own_records() {
    for durability in ["log.durability=os", "log.durability=sync"] {
        let broker = Broker::start(&["worker.threads=1", durability]);
        broker.connect().ask(&create("t"), 5);
        let mut clients: Vec<_> = (0..16).map(|_| broker.connect()).collect();
        let value = |client: usize, id: i32| format!("{client}:{id}");
        for (number, client) in clients.iter_mut().enumerate() {
            let sent: Vec<_> = (1..=40).map(|id| frame(id, &produce(-1, &value(number, id)), 9)).collect();
            client.0.write_all(&sent.concat()).unwrap();
        }
        let mut expected = vec![String::new(); 16 * 40];
        for (number, client) in clients.iter_mut().enumerate() {
            let mut last = -1;
            for id in 1..=40 {
                let (answered, mut reader, _) = client.answer();
                decode_response_header(&mut reader, ApiKey::Produce, 9).unwrap();
                let response =
                    <ProduceResponse as ottla_wire::codec::Message>::decode(&mut reader, 9).unwrap();
                let base_offset = response.responses[0].partition_responses[0].base_offset;
                assert!(answered == id && last < base_offset, "{answered}, {last}, {base_offset}");
                last = base_offset;
                expected[usize::try_from(base_offset).unwrap()] = value(number, id);
            }
        }
        let fetched = clients[0].ask(&fetch(0, 0), 11);
        let records = fetched.responses[0].partitions[0].records.clone().unwrap().to_bytes().unwrap();
        let stored: Vec<_> = ottla_wire::record::batches(&records)
            .map(|entry| {
                let (header, batch) = entry.unwrap();
                let mut records = ottla_wire::record::records(header, &batch).unwrap();
                String::from_utf8(records.next().unwrap().unwrap().value.unwrap().to_vec()).unwrap()
            })
            .collect();
        assert_eq!(stored, expected);
    }
}

#[test]
fn without_acknowledgement_there_is_no_answer_and_failure_closes() {
    let broker = Broker::start(&[]);
    let mut client = broker.connect();
    client.ask(&create("t"), 5);
    client.0.write_all(&[frame(7, &produce(0, "v"), 9), frame(8, &versions(), 2)].concat()).unwrap();
    assert_eq!(client.answer().0, 8, "the first answer is to the second request");
    assert_eq!(client.ask(&fetch(0, 0), 11).responses[0].partitions[0].high_watermark, 1);
    let mut damaged = frame(9, &produce(0, "v"), 9);
    let record = damaged.len() - 4;
    damaged[record] ^= 1;
    client.0.write_all(&damaged).unwrap();
    assert!(client.is_closed());
}

#[test]
fn what_was_asked_before_bad_bytes_is_answered() {
    let broker = Broker::start(&["log.durability=sync"]);
    let mut client = broker.connect();
    client.ask(&create("t"), 5);
    let mut sent = frame(7, &produce(-1, "v"), 9);
    sent.extend([0x7f, 0xff, 0xff, 0xff]);
    client.0.write_all(&sent).unwrap();
    assert_eq!(client.answer().0, 7);
    assert!(client.is_closed());
    // A key that nobody knows.
    let mut client = broker.connect();
    client
        .0
        .write_all(&[frame(8, &produce(-1, "v"), 9), vec![0, 0, 0, 4, 0x33, 0x33, 0, 0]].concat())
        .unwrap();
    assert_eq!(client.answer().0, 8);
    assert!(client.is_closed());
}

#[test]
fn a_waiting_fetch_sees_what_another_connection_writes() {
    let broker = Broker::start(&[]);
    let (mut reader, mut writer) = (broker.connect(), broker.connect());
    writer.ask(&create("t"), 5);
    reader.0.write_all(&frame(1, &fetch(600_000, 0), 11)).unwrap();
    writer.ask(&produce(-1, "hello"), 9);
    let (_, _, answer) = reader.answer();
    assert!(answer.windows(5).any(|window| window == b"hello"));
}

#[test]
fn a_waiting_fetch_is_answered_when_the_broker_stops() {
    let mut broker = Broker::start(&[]);
    let mut client = broker.connect();
    client.ask(&create("t"), 5);
    client.0.write_all(&frame(7, &fetch(600_000, 0), 11)).unwrap();
    // When so many later connections are answered, the fetch has been taken in.
    for _ in 0..64 {
        broker.connect().ask(&versions(), 2);
    }
    broker.terminate();
    assert_eq!(client.answer().0, 7);
    assert!(broker.process.wait().unwrap().success());
}

/// A rebalance can wait for minutes for a member that is busy; a stop does not.
#[test]
fn a_member_that_waits_for_others_is_answered_when_the_broker_stops() {
    let mut broker = Broker::start(&["group.initial.rebalance.delay.ms=600000"]);
    let mut client = broker.connect();
    let join = JoinGroupRequest {
        group_id: "g".into(),
        session_timeout_ms: 30_000,
        rebalance_timeout_ms: 600_000,
        protocol_type: "consumer".into(),
        protocols: vec![JoinGroupRequestProtocol { name: "range".into(), ..Default::default() }],
        ..Default::default()
    };
    client.0.write_all(&frame(7, &join, 3)).unwrap();
    for _ in 0..64 {
        broker.connect().ask(&versions(), 2);
    }
    broker.terminate();
    assert_eq!(client.answer().0, 7);
    assert!(broker.process.wait().unwrap().success());
}

/// A regression: the jobs that end transactions were stopped first, and whoever had asked for an end was cut off after
/// five seconds.
#[test]
fn transactions_that_are_ending_end_before_the_broker_stops() {
    let mut broker = Broker::start_with(&["worker.threads=2"], Stdio::piped());
    broker.connect().ask(&create("t"), 5);
    let mut clients: Vec<_> = (0..32)
        .map(|number| {
            let mut client = broker.connect();
            let id = format!("x{number}");
            let (producer_id, producer_epoch) = client.begin(&id);
            let transactional_id = id.as_str().into();
            (client, EndTxnRequest { transactional_id, producer_id, producer_epoch, committed: true })
        })
        .collect();
    for (client, end) in &mut clients {
        client.0.write_all(&frame(7, end, 3)).unwrap();
    }
    broker.terminate();
    for (client, _) in &mut clients {
        // What had not been taken in has no answer, and its connection is closed.
        let _ = client.0.read(&mut [0; 64]);
    }
    assert!(broker.process.wait().unwrap().success());
    let mut said = String::new();
    broker.process.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert!(!said.contains("cut off"), "{said}");
}

#[test]
fn a_listener_open_to_other_machines_is_warned_of_and_loopback_is_not() {
    let warned = |listen: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ottla"));
        command.args(["serve", "--ephemeral", "--listen", listen]).env_clear().stdin(Stdio::null());
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut String::new()).unwrap();
        let pid = rustix::process::Pid::from_child(&process);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        let said = process.wait_with_output().unwrap().stderr;
        String::from_utf8(said).unwrap().contains("open to other machines without authentication")
    };
    assert!(warned("0.0.0.0:0"));
    assert!(!warned("127.0.0.1:0"));
}

/// A setting for speed is no reason to serve nobody.
#[test]
fn a_congestion_control_that_the_system_lacks_is_told_once_and_passed_over() {
    let said = |control: &str| {
        let setting = format!("socket.loopback.congestion.control={control}");
        let mut broker = Broker::start_with(&[&setting], Stdio::piped());
        for _ in 0..2 {
            let mut client = broker.connect();
            client.0.write_all(&frame(5, &versions(), 2)).unwrap();
            assert_eq!(client.answer().0, 5);
        }
        broker.terminate();
        broker.process.wait().unwrap();
        let mut said = String::new();
        broker.process.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        said.matches("socket.loopback.congestion.control is not to be had").count()
    };
    assert_eq!(said("no-such-control"), 1);
    assert_eq!(said("reno"), 0);
    assert_eq!(said(""), 0);
}

/// Whoever is handed to another worker must not notice: requests that are under way are answered before, and those that
/// have come already go with it.
#[test]
fn connections_that_go_from_worker_to_worker_are_answered_in_order() {
    // A worker hands over to another that has nothing to do at all.
    let settings = ["worker.threads=2", "worker.busy.ratio=0", "log.durability=sync"];
    let log = ["--log", "ottla_broker=debug"];
    let mut broker = Broker::start_as(&settings, &log, Stdio::piped());
    let (heard, moves) = std::sync::mpsc::channel();
    let said = BufReader::new(broker.process.stderr.take().unwrap());
    let listen = move || {
        for line in
            said.lines().map_while(Result::ok).filter(|line| line.contains("a connection goes to worker"))
        {
            // Nobody listens any more at the end of the test.
            let _ = heard.send(line);
        }
    };
    std::thread::Builder::new().name("listener".to_owned()).spawn(listen).unwrap();
    let (mut first, mut second) = (broker.connect(), broker.connect());
    let mut third = broker.connect();
    first.ask(&create("t"), 5);
    // Asks again and again, until connections have gone to these workers, and tells how often.
    let ask_until_moved = |client: &mut Client, requests: &[Vec<u8>], mut to: &[&str]| {
        for round in 0..ROUNDS_MAX {
            let Some((next, later)) = to.split_first() else { return round };
            client.0.write_all(&requests.concat()).unwrap();
            requests.iter().zip(1..).for_each(|(_, id)| assert_eq!(client.answer().0, id));
            if let Ok(line) = moves.try_recv() {
                assert!(line.contains(next), "{line}");
                to = later;
            }
        }
        panic!("no connection goes to {to:?}");
    };
    let produces = |value: &str| (1..=5).map(|id| frame(id, &produce(-1, value), 9)).collect::<Vec<_>>();
    let small = [produces("v"), vec![frame(6, &fetch(0, 0), 11), frame(7, &versions(), 2)]].concat();
    // The first one goes where nobody is. From then on there is always one left behind, wherever the second is.
    let rounds = ask_until_moved(&mut first, &small, &["worker 1"])
        + ask_until_moved(&mut second, &small, &["worker 1", "worker 0", "worker 1", "worker 0"]);
    // The first ends behind what is read at once: its answer waits while more is read.
    let long = FetchRequest { rack_id: "r".repeat(20_000).into(), ..Default::default() };
    let long = [frame(1, &long, 11), frame(2, &long, 11), frame(3, &versions(), 2)];
    ask_until_moved(&mut second, &long, &["worker 1", "worker 0"].repeat(3));
    let marks = third.ask(&fetch(0, 0), 11);
    assert_eq!(marks.responses[0].partitions[0].high_watermark, 5 * rounds);
    // Memory is reserved for each of these, by the worker that reads it.
    ask_until_moved(&mut second, &produces(&"v".repeat(20_000))[..2], &["worker 1", "worker 0"]);
}

#[test]
fn thousands_of_connections_are_served() {
    let broker = Broker::start(&[]);
    let mut clients: Vec<_> = (0..2_000).map(|_| broker.connect()).collect();
    for client in &mut clients {
        client.0.write_all(&frame(5, &versions(), 2)).unwrap();
    }
    for client in &mut clients {
        assert_eq!(client.answer().0, 5);
    }
}

#[test]
fn connections_beyond_the_limit_are_closed_and_places_are_given_again() {
    let broker = Broker::start(&["max.connections=2"]);
    let (mut first, mut second) = (broker.connect(), broker.connect());
    first.ask(&versions(), 2);
    second.ask(&versions(), 2);
    assert!(broker.connect().is_closed());
    drop(first);
    // The broker learns of the free place when it reads the end of the connection.
    let served =
        |mut client: Client| client.0.write_all(&frame(1, &versions(), 2)).is_ok() && !client.is_closed();
    while !served(broker.connect()) {}
}

#[test]
fn an_idle_connection_is_closed_and_a_waiting_one_is_not() {
    let broker = Broker::start(&["connections.max.idle.ms=300"]);
    let mut idle = broker.connect();
    idle.ask(&create("t"), 5);
    let mut waiting = broker.connect();
    waiting.0.write_all(&frame(3, &fetch(1_500, 0), 11)).unwrap();
    assert!(idle.is_closed());
    assert_eq!(waiting.answer().0, 3, "whoever waits for an answer is not idle");
}
