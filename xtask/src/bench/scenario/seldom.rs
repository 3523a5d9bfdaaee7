//! Writing at the rates at which other servers are asked, beside the least that a broker does: every request finds a server
//! asleep and caches cold.

use super::peers::{SMALL_BATCHES, STEADY};
use super::{Compared, Point, Rank, Scenario};
use crate::bench::contender::Served;
use crate::bench::load::{Extent, Load};
use crate::bench::sample::{Better, Metric};
use crate::bench::subject::Durability;
use crate::bench::subject::floor::Floor;
use crate::bench::subject::ottla::Ottla;

pub(super) const SCENARIO: Scenario = Scenario { name: "seldom", points };

const CPU: Metric = Metric {
    name: "cpu",
    title: "Processor time of the server for a record (ns)",
    better: Better::Less,
    numerator: "cpu_seconds",
    denominator: Some("records"),
    factor: 1e9,
};
const PARTITIONS: u32 = 16;

fn points() -> Vec<Point> {
    vec![
        point(
            "1 KiB, 64 a batch, 763 requests a second",
            STEADY,
            Extent::Mebibytes { warm_up: 150, measured: 400 },
        ),
        point(
            "100 B, 4 a batch, 5,000 requests a second",
            SMALL_BATCHES,
            Extent::Mebibytes { warm_up: 4, measured: 16 },
        ),
    ]
}

fn point(name: &str, how: &str, extent: Extent) -> Point {
    let load = || {
        let arguments = format!(
            "cannon --address {{address}} --topic {{topic}} --partitions {{partitions}} --warm-up-bytes {{warm_up}} \
             --total-bytes {{measured}} --acks -1 {how}"
        );
        Load::new(arguments, extent)
    };
    let durability = Durability::Os;
    Point {
        name: name.to_owned(),
        rank: Rank::Core,
        contenders: vec![
            Box::new(Served::new(Ottla { durability }, PARTITIONS, load())),
            Box::new(Served::new(Floor { durability }, PARTITIONS, load())),
        ],
        compared: vec![Compared::by(&CPU)],
    }
}
