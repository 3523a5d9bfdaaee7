//! Small transactions, one after the other from each producer: what a commit costs.

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
    denominator: Some("requests"),
    factor: 1e6,
};
const RATE: Metric = Metric {
    name: "rate",
    title: "Transactions in a second",
    better: Better::More,
    numerator: "requests",
    denominator: Some("seconds"),
    factor: 1.0,
};
const PARTITIONS: u32 = 16;

fn points() -> Vec<Point> {
    vec![
        point(16, 10, Extent::Requests { warm_up: 200, measured: 2_000 }),
        point(1, 10, Extent::Requests { warm_up: 20, measured: 200 }),
        point(64, 10, Extent::Requests { warm_up: 400, measured: 4_000 }),
        point(16, 1, Extent::Requests { warm_up: 200, measured: 2_000 }),
    ]
}

fn point(producers: u32, records: u32, extent: Extent) -> Point {
    let arguments = format!(
        "transact --address {{address}} --topic {{topic}} --partitions {{partitions}} --producers {producers} --records \
         {records} --warm-up {{warm_up}} --total {{measured}}"
    );
    let ottla = Ottla { durability: Durability::Sync };
    Point {
        name: format!("records in each: {records}, producers: {producers}"),
        rank: Rank::Further,
        contenders: vec![Box::new(Served::new(ottla, PARTITIONS, Load::new(arguments, extent)))],
        compared: vec![Compared::by(&CPU), Compared::by(&RATE)],
    }
}
