//! The same asked of Ottla and of other servers at the same rate and for the same promise: what each spends on a record,
//! and how long a record takes from who writes it to who reads it.
//!
//! At a fixed rate the load is equal on both sides, and a server that could do more gains nothing by it. Who speaks
//! Kafka's protocol is asked by the same generators as Ottla; NATS by its own, with batches where it has them.

use super::{Compared, Point, Rank, Scenario};
use crate::bench::contender::Contender;
use crate::bench::driver::nats_bench::NATS;
use crate::bench::driver::rdkafka::RDKAFKA;
use crate::bench::driver::{Driver, Tool, kafka_tools};
use crate::bench::journey::{Journey, Leg};
use crate::bench::load::{Extent, Load};
use crate::bench::sample::{Better, MEBIBYTE, Metric};
use crate::bench::subject::kafka::Kafka;
use crate::bench::subject::nats::Nats;
use crate::bench::subject::ottla::Ottla;
use crate::bench::subject::tansu::Tansu;
use crate::bench::subject::{Durability, Subject};

pub(super) const SCENARIO: Scenario = Scenario { name: "peers", points };

const NANOSECONDS: f64 = 1e9;

const WRITE: Metric = Metric {
    name: "write",
    title: "Processor time of the server for a record of 1 KiB that is written, 64 in a batch (ns)",
    better: Better::Less,
    numerator: "write.cpu_seconds",
    denominator: Some("write.records"),
    factor: NANOSECONDS,
};
const READ: Metric = Metric {
    name: "read",
    title: "Processor time of the server for a record of 1 KiB that is read (ns)",
    numerator: "read.cpu_seconds",
    denominator: Some("read.records"),
    ..WRITE
};
const SMALL: Metric = Metric {
    name: "small",
    title: "Processor time of the server for a record of 100 B with a key that one of 64 producers writes, 4 in a batch (ns)",
    numerator: "small.cpu_seconds",
    denominator: Some("small.records"),
    ..WRITE
};
const THROUGHPUT: Metric = Metric {
    name: "throughput",
    title: "Records written as fast as it goes (MiB/s)",
    better: Better::More,
    numerator: "write.bytes",
    denominator: Some("write.seconds"),
    factor: 1.0 / MEBIBYTE,
};
const P50: Metric = Metric {
    name: "p50",
    title: "Half of the records come to their reader within (µs)",
    better: Better::Less,
    numerator: "latency.p50_us",
    denominator: None,
    factor: 1.0,
};
const P99: Metric = Metric {
    name: "p99",
    title: "99 of 100 records come to their reader within (µs)",
    numerator: "latency.p99_us",
    ..P50
};
const MEMORY: Metric = Metric {
    name: "memory",
    title: "Most memory that was resident (MiB)",
    better: Better::Less,
    numerator: "read.memory_peak_kib",
    denominator: None,
    factor: 1.0 / 1024.0,
};

fn points() -> Vec<Point> {
    vec![steady(), slow(), latency(), slow_latency(), synced(), promise(), rdkafka(), perf_tools()]
}

/// Writing 50 MB/s, reading it, and 20,000 records a second from many producers.
fn steady() -> Point {
    let durability = Durability::Os;
    Point {
        name: "acknowledged by the operating system".to_owned(),
        rank: Rank::Core,
        contenders: vec![
            contender(Ottla { durability }, legs()),
            contender(Kafka { durability }, legs()),
            contender(Nats { durability }, nats_legs()),
        ],
        compared: vec![
            Compared::by(&WRITE).aim("kafka", 0.25).aim("nats", 1.0),
            Compared::by(&READ).aim("kafka", 1.0 / 3.0).aim("nats", 1.0),
            Compared::by(&SMALL).aim("kafka", 0.25).aim("nats", 1.0),
            Compared::by(&MEMORY),
        ],
    }
}

/// The same as slowly as a database keeps up with: writing 10 MB/s, and 2,000 records a second from many producers.
fn slow() -> Point {
    let legs = || {
        vec![
            Leg::new("write", cannon(SLOW, Extent::Mebibytes { warm_up: 20, measured: 80 })),
            Leg::new("read", reader(Extent::Mebibytes { warm_up: 0, measured: 100 })),
            Leg::new("small", cannon(SMALL_BATCHES_SLOW, Extent::Mebibytes { warm_up: 0, measured: 1 })),
        ]
    };
    Point {
        name: "acknowledged by the operating system, a fifth and a tenth of the rates".to_owned(),
        rank: Rank::Core,
        contenders: vec![contender(Ottla { durability: Durability::Os }, legs()), contender(Tansu, legs())],
        compared: [&WRITE, &READ, &SMALL].map(|metric| Compared::by(metric).aim("tansu", 1.0)).into(),
    }
}

/// 10,000 records of 100 B a second.
fn latency() -> Point {
    let durability = Durability::Os;
    Point {
        name: "10,000 records a second".to_owned(),
        rank: Rank::Core,
        contenders: vec![
            alone(Ottla { durability }, open_loop("latency --topic {topic}", 10_000)),
            alone(Kafka { durability }, open_loop("latency --topic {topic}", 10_000)),
            alone(Nats { durability }, open_loop(NATS_OPEN_LOOP, 10_000)),
        ],
        compared: vec![Compared::by(&P50), Compared::by(&P99).aim("kafka", 1.0 / 3.0).aim("nats", 1.0)],
    }
}

/// What a database keeps up with.
fn slow_latency() -> Point {
    let load = || open_loop("latency --topic {topic}", 200);
    Point {
        name: "200 records a second".to_owned(),
        rank: Rank::Core,
        contenders: vec![alone(Ottla { durability: Durability::Os }, load()), alone(Tansu, load())],
        compared: vec![Compared::by(&P50), Compared::by(&P99).aim("tansu", 1.0)],
    }
}

/// Records at times that were fixed before, from one producer to one consumer.
fn open_loop(way: &str, rate: u32) -> Vec<Leg> {
    let arguments = format!(
        "{way} --address {{address}} --rate {rate} --record-bytes 100 --warm-up {{warm_up}} --seconds {{measured}}"
    );
    vec![Leg::new("latency", Load::new(arguments, Extent::Seconds { warm_up: 3, measured: 10 }))]
}

/// Writing 10 MB/s where each batch is on the disk before it is acknowledged.
fn synced() -> Point {
    let durability = Durability::Sync;
    let write = || vec![Leg::new("write", cannon(SLOW, Extent::Mebibytes { warm_up: 20, measured: 80 }))];
    let nats = vec![Leg::new("write", Tool::new(NATS, 80_000, 1024, NATS_SLOW))];
    Point {
        name: "acknowledged by the disk".to_owned(),
        rank: Rank::Core,
        contenders: vec![
            contender(Ottla { durability }, write()),
            contender(Kafka { durability }, write()),
            contender(Nats { durability }, nats),
        ],
        compared: vec![Compared::by(&WRITE).aim("kafka", 0.25).aim("nats", 1.0)],
    }
}

/// Ottla's stronger promise against Kafka's weaker one.
fn promise() -> Point {
    let write = || vec![Leg::new("write", cannon(FAST, Extent::Mebibytes { warm_up: 128, measured: 768 }))];
    Point {
        name: "Ottla when the disk has it, Kafka when the operating system has it".to_owned(),
        rank: Rank::Core,
        contenders: vec![
            contender(Ottla { durability: Durability::Sync }, write()),
            contender(Kafka { durability: Durability::Os }, write()),
        ],
        compared: vec![Compared::by(&THROUGHPUT).aim("kafka", 1.0)],
    }
}

fn rdkafka() -> Point {
    let legs = || {
        vec![
            Leg::new("write", Tool::new(RDKAFKA, 500_000, 1024, RDKAFKA_WRITE)),
            Leg::new("read", Tool::new(RDKAFKA, 500_000, 1024, RDKAFKA_READ)),
        ]
    };
    Point { name: "by rdkafka_performance, as fast as it goes".to_owned(), ..by_others(legs) }
}

fn perf_tools() -> Point {
    let legs = || {
        vec![
            Leg::new("write", Tool::new(kafka_tools::PRODUCER, 400_000, 1024, PERF_WRITE)),
            Leg::new("read", Tool::new(kafka_tools::CONSUMER, 400_000, 1024, PERF_READ)),
        ]
    };
    Point { name: "by Kafka's perf tools, 50,000 records a second".to_owned(), ..by_others(legs) }
}

/// The same by clients that others wrote: that our own generators are not what makes the difference.
fn by_others(legs: impl Fn() -> Vec<Leg>) -> Point {
    let durability = Durability::Os;
    Point {
        name: String::new(),
        rank: Rank::Further,
        contenders: vec![alone(Ottla { durability }, legs()), alone(Kafka { durability }, legs())],
        compared: vec![Compared::by(&WRITE).aim("kafka", 0.25), Compared::by(&READ).aim("kafka", 1.0 / 3.0)],
    }
}

fn contender(subject: impl Subject + 'static, legs: Vec<Leg>) -> Box<dyn Contender> {
    Box::new(Journey::new(subject, PARTITIONS, legs))
}

/// On one partition, which is all that some tools know.
fn alone(subject: impl Subject + 'static, legs: Vec<Leg>) -> Box<dyn Contender> {
    Box::new(Journey::new(subject, 1, legs))
}

fn legs() -> Vec<Leg> {
    vec![
        Leg::new("write", cannon(STEADY, Extent::Mebibytes { warm_up: 150, measured: 400 })),
        Leg::new("read", reader(Extent::Mebibytes { warm_up: 0, measured: 1024 })),
        Leg::new("small", cannon(SMALL_BATCHES, Extent::Mebibytes { warm_up: 4, measured: 16 })),
    ]
}

/// As many records as the others write and read.
fn nats_legs() -> Vec<Leg> {
    vec![
        Leg::new("write", Tool::new(NATS, 410_000, 1024, NATS_STEADY)),
        Leg::new("read", Tool::new(NATS, 410_000, 1024, NATS_READ)),
        Leg::new("small", Tool::new(NATS, 160_000, 100, NATS_SMALL)),
    ]
}

fn reader(extent: Extent) -> Load {
    let arguments = "reader --address {address} --topic {topic} --partitions {partitions} --connections 1 \
                     --response-bytes 1048576 --total-bytes {measured}";
    Load::new(arguments, extent)
}

fn cannon(how: &str, extent: Extent) -> impl Driver + 'static {
    let arguments = format!(
        "cannon --address {{address}} --topic {{topic}} --partitions {{partitions}} --warm-up-bytes {{warm_up}} \
         --total-bytes {{measured}} --acks -1 {how}"
    );
    Load::new(arguments, extent)
}

const PARTITIONS: u32 = 16;
/// 50 MB/s.
pub(super) const STEADY: &str =
    "--record-bytes 1024 --records-per-batch 64 --connections 4 --depth 8 --rate 763";
const NATS_STEADY: &str = "pub fast bench.b --server {address} --stream {topic} --no-progress --size 1024 --batch 64 \
                           --max-outstanding-acks 8 --throughput 48832 --msgs {records}";
const NATS_READ: &str =
    "ordered --server {address} --stream {topic} --no-progress --size 1024 --msgs {records}";
/// 20,000 records a second.
pub(super) const SMALL_BATCHES: &str =
    "--record-bytes 100 --keys 1000 --records-per-batch 4 --connections 64 --depth 1 --rate 5000";
/// 2,000 records a second.
const SMALL_BATCHES_SLOW: &str =
    "--record-bytes 100 --keys 1000 --records-per-batch 4 --connections 64 --depth 1 --rate 500";
const NATS_SMALL: &str = "pub async bench.b --server {address} --stream {topic} --no-progress --size 100 --batch 4 \
                          --clients 64 --throughput 20000 --msgs {records}";
/// The limit of unacknowledged batches is that of a Kafka producer; NATS's own is in messages, and larger.
const NATS_OPEN_LOOP: &str = "nats-latency --stream {topic} --subject bench.b --in-flight 256";
/// 10 MB/s.
const SLOW: &str = "--record-bytes 1024 --records-per-batch 64 --connections 4 --depth 8 --rate 153";
const NATS_SLOW: &str = "pub fast bench.b --server {address} --stream {topic} --no-progress --size 1024 --batch 64 \
                         --max-outstanding-acks 8 --throughput 9792 --msgs {records}";
const FAST: &str = "--record-bytes 1024 --records-per-batch 64 --connections 16 --depth 8";
const RDKAFKA_WRITE: &str = "-P -t {topic} -p 0 -b {address} -s 1024 -c {records} -a -1 -q -X linger.ms=5 \
                             -X batch.num.messages=64 -X queue.buffering.max.messages=1000000 \
                             -X queue.buffering.max.kbytes=1048576";
const RDKAFKA_READ: &str = "-C -t {topic} -p 0 -b {address} -o beginning -c {records} -q \
                            -X fetch.message.max.bytes=1048576 -X queued.min.messages=100000";
const PERF_WRITE: &str = "--bootstrap-server {address} --topic {topic} --num-records {records} --record-size 1024 \
                          --throughput 50000 --command-property acks=all batch.size=68000 linger.ms=5";
const PERF_READ: &str = "--bootstrap-server {address} --topic {topic} --num-records {records}";
