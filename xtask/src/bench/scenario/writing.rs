//! One way of writing records to Ottla and to the floor; several scenarios are lists of these.

use super::{Compared, Point, Rank};
use crate::bench::contender::Served;
use crate::bench::load::{Extent, Load};
use crate::bench::sample::{Better, GIBIBYTE, MEBIBYTE, Metric};
use crate::bench::subject::Durability;
use crate::bench::subject::floor::Floor;
use crate::bench::subject::ottla::Ottla;

pub(super) const CPU: Metric = Metric {
    name: "cpu",
    title: "Processor time of the server for a GiB of records (s)",
    better: Better::Less,
    numerator: "cpu_seconds",
    denominator: Some("bytes"),
    factor: GIBIBYTE,
};
pub(super) const THROUGHPUT: Metric = Metric {
    name: "throughput",
    title: "Records (MiB/s)",
    better: Better::More,
    numerator: "bytes",
    denominator: Some("seconds"),
    factor: 1.0 / MEBIBYTE,
};

/// One way of writing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Writing {
    pub(super) name: &'static str,
    pub(super) rank: Rank,
    /// Arguments of `ottla-bench cannon`, besides where to and how much.
    pub(super) arguments: &'static str,
    pub(super) partitions: u32,
    pub(super) extent: Extent,
    /// The aim for processor time beside the floor.
    pub(super) aim: Option<f64>,
}

/// Long enough for a figure that is aimed at, and short enough for the page cache to take it all.
pub(super) const CORE: Writing = Writing {
    name: "",
    rank: Rank::Core,
    arguments: "",
    partitions: 16,
    extent: Extent::Mebibytes { warm_up: 256, measured: 1024 },
    aim: Some(1.25),
};
pub(super) const FURTHER: Writing = Writing {
    rank: Rank::Further,
    extent: Extent::Mebibytes { warm_up: 128, measured: 512 },
    aim: None,
    ..CORE
};

impl Writing {
    pub(super) fn point(&self) -> Point {
        let durability = Durability::Os;
        let cpu = self.aim.into_iter().fold(Compared::by(&CPU), |cpu, ratio| cpu.aim("floor", ratio));
        Point {
            name: self.name.to_owned(),
            rank: self.rank,
            contenders: vec![
                Box::new(Served::new(Ottla { durability }, self.partitions, self.load())),
                Box::new(Served::new(Floor { durability }, self.partitions, self.load())),
            ],
            compared: vec![cpu, Compared::by(&THROUGHPUT)],
        }
    }

    /// The generator that writes so.
    pub(super) fn load(&self) -> Load {
        let arguments = format!(
            "cannon --address {{address}} --topic {{topic}} --partitions {{partitions}} --warm-up-bytes {{warm_up}} \
             --total-bytes {{measured}} {}",
            self.arguments
        );
        Load::new(arguments, self.extent)
    }
}
