//! Writing: what the broker's processor does for a GiB of records, beside a floor that does the least.
//!
//! Generators replay frames that were made before, so that they cost little.

use super::{Compared, Point, Rank, Scenario};
use crate::bench::contender::Served;
use crate::bench::load::{Extent, Load};
use crate::bench::sample::{Better, Metric};
use crate::bench::subject::Durability;
use crate::bench::subject::floor::Floor;
use crate::bench::subject::ottla::Ottla;

pub(super) const SCENARIO: Scenario = Scenario { name: "produce", points };

const GIBIBYTE: f64 = (1_u64 << 30) as f64;
const MEBIBYTE: f64 = (1_u64 << 20) as f64;

const CPU: Metric = Metric {
    name: "cpu",
    title: "Processor time of the server for a GiB of records (s)",
    better: Better::Less,
    numerator: "cpu_seconds",
    denominator: Some("bytes"),
    factor: GIBIBYTE,
};
const THROUGHPUT: Metric = Metric {
    name: "throughput",
    title: "Records written (MiB/s)",
    better: Better::More,
    numerator: "bytes",
    denominator: Some("seconds"),
    factor: 1.0 / MEBIBYTE,
};

/// One way of writing.
struct Writing {
    name: &'static str,
    rank: Rank,
    partitions: u32,
    arguments: &'static str,
    extent: Extent,
    target: Option<f64>,
}

const GIB: Extent = Extent::Mebibytes { warm_up: 256, measured: 1024 };
const HALF: Extent = Extent::Mebibytes { warm_up: 128, measured: 512 };

const CORE: Writing =
    Writing { name: "", rank: Rank::Core, partitions: 1, arguments: "", extent: GIB, target: Some(1.25) };
const FURTHER: Writing = Writing { rank: Rank::Further, extent: HALF, target: None, ..CORE };

const WRITINGS: &[Writing] = &[
    Writing {
        name: "1 KiB, 64 a batch",
        arguments: "--record-bytes 1024 --records-per-batch 64 --connections 4 --depth 8",
        ..CORE
    },
    Writing {
        name: "1 KiB, 900 a batch",
        arguments: "--record-bytes 1024 --records-per-batch 900 --connections 4 --depth 2",
        ..CORE
    },
    Writing {
        name: "100 B, 160 a batch",
        arguments: "--record-bytes 100 --records-per-batch 160 --connections 4 --depth 16",
        ..CORE
    },
    Writing {
        name: "10 KiB, 10 a batch",
        arguments: "--record-bytes 10240 --records-per-batch 10 --connections 4 --depth 8",
        ..FURTHER
    },
];

fn points() -> Vec<Point> {
    WRITINGS.iter().map(Writing::point).collect()
}

impl Writing {
    fn point(&self) -> Point {
        let load = || {
            let arguments = format!(
                "cannon --address {{address}} --topic {{topic}} --partitions {{partitions}} --warm-up-bytes {{warm_up}} \
                 --total-bytes {{measured}} --acks -1 {}",
                self.arguments
            );
            Load::new(arguments, self.extent)
        };
        let durability = Durability::Os;
        let cpu = self.target.into_iter().fold(Compared::by(&CPU), |cpu, ratio| cpu.aim("floor", ratio));
        Point {
            name: self.name.to_owned(),
            rank: self.rank,
            contenders: vec![
                Box::new(Served::new(Ottla { durability }, self.partitions, load())),
                Box::new(Served::new(Floor { durability }, self.partitions, load())),
            ],
            compared: vec![cpu, Compared::by(&THROUGHPUT)],
        }
    }
}
