//! Transactions of ten records of 1 KiB that are committed one after the other by each producer.
//!
//! Whatever the topic's durability, what is decided about a transaction is on the disk before its producer hears of it, and
//! its markers are written before the answer: who reads after a commit has returned sees it.

use super::{Compared, Point, Rank, Scenario};
use crate::bench::contender::Served;
use crate::bench::load::{Extent, Load};
use crate::bench::sample::{Better, Metric};
use crate::bench::subject::Durability;
use crate::bench::subject::ottla::Ottla;

pub(super) const SCENARIO: Scenario = Scenario { name: "transactions", points };

const CPU: Metric = Metric {
    name: "cpu",
    title: "Processor time of the server for a transaction (µs)",
    better: Better::Less,
    numerator: "cpu_seconds",
    denominator: Some("transactions"),
    factor: 1e6,
};
const RATE: Metric = Metric {
    name: "rate",
    title: "Transactions in a second",
    better: Better::More,
    numerator: "transactions",
    denominator: Some("seconds"),
    factor: 1.0,
};

fn points() -> Vec<Point> {
    [(16, 1), (16, 10), (1, 1), (1, 10)].map(|(producers, partitions)| point(producers, partitions)).into()
}

fn point(producers: u32, partitions: u32) -> Point {
    let arguments = format!(
        "transact --address {{address}} --topic {{topic}} --partitions {{partitions}} --producers {producers} \
         --warm-up {{warm_up}} --seconds {{measured}}"
    );
    let load = Load::new(arguments, Extent::Seconds { warm_up: 1, measured: 4 });
    let count = |number: u32, what: &str| format!("{number} {what}{}", if number == 1 { "" } else { "s" });
    Point {
        name: format!("{}, {}", count(producers, "producer"), count(partitions, "partition")),
        rank: Rank::Further,
        contenders: vec![Box::new(Served::new(Ottla { durability: Durability::Os }, partitions, load))],
        compared: vec![Compared::by(&CPU), Compared::by(&RATE)],
    }
}
