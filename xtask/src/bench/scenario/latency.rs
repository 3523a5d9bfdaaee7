//! How long a record takes from when it was due until a consumer has it, beside an echo at the same rate: what the way
//! there and back takes before anybody has done anything.
//!
//! The loop is open: records are due at fixed times, whatever became of those before.

use super::{Compared, Point, Rank, Scenario};
use crate::bench::contender::{Contender, Served, Sharing};
use crate::bench::load::{Extent, Load};
use crate::bench::sample::{Better, Metric};
use crate::bench::subject::Durability;
use crate::bench::subject::echo::Echo;
use crate::bench::subject::ottla::Ottla;

pub(super) const SCENARIO: Scenario = Scenario { name: "latency", points };

const MEDIAN: Metric = Metric {
    name: "p50",
    title: "Half of the records came within (µs)",
    better: Better::Less,
    numerator: "p50_us",
    denominator: None,
    factor: 1.0,
};
const TAIL: Metric = Metric {
    name: "p99",
    title: "99 of 100 records came within (µs)",
    better: Better::Less,
    numerator: "p99_us",
    denominator: None,
    factor: 1.0,
};
const ACKNOWLEDGED: Metric = Metric {
    name: "acks",
    title: "99 of 100 records were acknowledged within (µs)",
    better: Better::Less,
    numerator: "ack_p99_us",
    denominator: None,
    factor: 1.0,
};
const CPU: Metric = Metric {
    name: "cpu",
    title: "Processor time of the server for a record (µs)",
    better: Better::Less,
    numerator: "cpu_seconds",
    denominator: Some("records"),
    factor: 1e6,
};
/// A record takes two wake-ups more than an echo.
const AIM: f64 = 2.0;
const RECORD_BYTES: u32 = 100;

fn points() -> Vec<Point> {
    vec![
        // First, for a quick run, what every machine keeps up with.
        point(1_000, Durability::Os, Rank::Further),
        point(10_000, Durability::Os, Rank::Core),
        shared(10_000),
        point(50_000, Durability::Os, Rank::Further),
        point(1_000, Durability::Sync, Rank::Further),
    ]
}

/// The same where all processors are everybody's: broker, generator and echo then run wherever the system puts them.
fn shared(rate: u32) -> Point {
    let Point { name, rank, contenders, compared } = point(rate, Durability::Os, Rank::Core);
    let contenders = contenders.into_iter().map(|contender| Box::new(Sharing(contender)) as _).collect();
    Point { name: format!("{name}, processors shared"), rank, contenders, compared }
}

fn point(rate: u32, durability: Durability, rank: Rank) -> Point {
    let load = |command: &str| {
        let arguments = format!(
            "{command} --address {{address}} --rate {rate} --record-bytes {RECORD_BYTES} --warm-up {{warm_up}} --seconds \
             {{measured}}"
        );
        Load::new(arguments, Extent::Seconds { warm_up: 2, measured: 10 })
    };
    let contenders: Vec<Box<dyn Contender>> = vec![
        Box::new(Served::new(Ottla { durability }, 1, load("latency --topic {topic}"))),
        Box::new(Served::new(Echo, 1, load("pingpong"))),
    ];
    let tail = match rank {
        Rank::Core => Compared::by(&TAIL).aim("echo", AIM),
        Rank::Further => Compared::by(&TAIL),
    };
    Point {
        name: format!("{rate} records a second of {RECORD_BYTES} B, {}", durability.word()),
        rank,
        contenders,
        compared: vec![tail, Compared::by(&MEDIAN), Compared::by(&ACKNOWLEDGED), Compared::by(&CPU)],
    }
}
