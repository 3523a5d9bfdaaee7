//! Requests with one record each, beside a server that sends every frame back: what a request costs when there is
//! nothing to share its price.

use super::{Compared, Point, Rank, Scenario};
use crate::bench::contender::Served;
use crate::bench::load::{Extent, Load};
use crate::bench::sample::{Better, Metric};
use crate::bench::subject::Durability;
use crate::bench::subject::echo::Echo;
use crate::bench::subject::ottla::Ottla;

pub(super) const SCENARIO: Scenario = Scenario { name: "request", points };

const CPU: Metric = Metric {
    name: "cpu",
    title: "Processor time of the server for a request (µs)",
    better: Better::Less,
    numerator: "cpu_seconds",
    denominator: Some("requests"),
    factor: 1e6,
};
const RATE: Metric = Metric {
    name: "rate",
    title: "Requests in a second",
    better: Better::More,
    numerator: "requests",
    denominator: Some("seconds"),
    factor: 1.0,
};
const AIM: f64 = 1.6;

fn points() -> Vec<Point> {
    [64, 1, 16, 256].map(point).into()
}

fn point(connections: u32) -> Point {
    let load = |answers| {
        let arguments = format!(
            "cannon --address {{address}} --topic {{topic}} --record-bytes 100 --records-per-batch 1 --warm-up-bytes \
             1000000 --seconds {{measured}} --connections {connections}{answers}"
        );
        Load::new(arguments, Extent::Seconds { warm_up: 0, measured: 2 })
    };
    Point {
        name: format!("100 B, connections: {connections}"),
        rank: Rank::Core,
        contenders: vec![
            Box::new(Served::new(Ottla { durability: Durability::Os }, 1, load(""))),
            Box::new(Served::new(Echo, 1, load(" --echo"))),
        ],
        compared: vec![Compared::by(&CPU).aim("echo", AIM), Compared::by(&RATE)],
    }
}
