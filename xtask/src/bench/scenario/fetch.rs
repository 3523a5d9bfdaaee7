//! Reading: what the broker's processor does for a GiB of records, beside a server that sends ranges of a file.
//!
//! The reader looks at the heads of batches and throws the rest away, so that it costs little.

use super::writing::{CPU, THROUGHPUT};
use super::{Compared, Point, Rank, Scenario};
use crate::bench::contender::Served;
use crate::bench::load::{Extent, Load};
use crate::bench::subject::Durability;
use crate::bench::subject::ottla::Ottla;
use crate::bench::subject::sendfile::Sendfile;

pub(super) const SCENARIO: Scenario = Scenario { name: "fetch", points };

/// What there is to read, from the beginning again and again.
const STORED_MIB: u64 = 1024;

/// One way of reading.
struct Reading {
    name: &'static str,
    rank: Rank,
    response_bytes: u64,
    connections: u32,
    /// What batches are made of.
    shape: &'static str,
    aim: Option<f64>,
    cache: Cache,
}

/// Where the records are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cache {
    /// In memory.
    Warm,
    /// On the disk alone.
    Cold,
}

const CORE: Reading = Reading {
    name: "",
    rank: Rank::Core,
    response_bytes: 1 << 20,
    connections: 4,
    shape: "--record-bytes 1024 --records-per-batch 64",
    aim: Some(1.3),
    cache: Cache::Warm,
};
const FURTHER: Reading = Reading { rank: Rank::Further, aim: None, ..CORE };

const READINGS: &[Reading] = &[
    Reading { name: "1 MiB a response", ..CORE },
    Reading { name: "256 KiB a response", response_bytes: 256 << 10, ..CORE },
    Reading { name: "64 KiB a response", response_bytes: 64 << 10, ..FURTHER },
    Reading {
        name: "256 KiB a response, 160 records of 100 B a batch",
        response_bytes: 256 << 10,
        shape: "--record-bytes 100 --records-per-batch 160",
        ..FURTHER
    },
    Reading {
        name: "256 KiB a response, 10 records of 10 KiB a batch",
        response_bytes: 256 << 10,
        shape: "--record-bytes 10240 --records-per-batch 10",
        ..FURTHER
    },
    Reading { name: "1 MiB a response, 1 connection", connections: 1, ..FURTHER },
    Reading { name: "1 MiB a response, 64 connections", connections: 64, ..FURTHER },
    Reading {
        name: "1 MiB a response, 1 connection, from the disk",
        connections: 1,
        cache: Cache::Cold,
        ..FURTHER
    },
];

fn points() -> Vec<Point> {
    READINGS.iter().map(Reading::point).collect()
}

impl Reading {
    fn point(&self) -> Point {
        let cpu = self.aim.into_iter().fold(Compared::by(&CPU), |cpu, ratio| cpu.aim("sendfile", ratio));
        let ottla = Served::new(Ottla { durability: Durability::Os }, 1, self.load()).after(self.fill());
        let sendfile = Served::new(Sendfile { mebibytes: STORED_MIB, shape: self.shape }, 1, self.load());
        let contenders: [Served; 2] = match self.cache {
            Cache::Warm => [ottla, sendfile],
            Cache::Cold => [ottla.cold(), sendfile.cold()],
        };
        Point {
            name: self.name.to_owned(),
            rank: self.rank,
            contenders: contenders.into_iter().map(|served| Box::new(served) as _).collect(),
            compared: vec![cpu, Compared::by(&THROUGHPUT)],
        }
    }

    fn load(&self) -> Load {
        let Self { response_bytes, connections, cache, .. } = self;
        let arguments = format!(
            "reader --address {{address}} --topic {{topic}} --partitions {{partitions}} --total-bytes {{measured}} \
             --connections {connections} --response-bytes {response_bytes}"
        );
        let measured = match cache {
            Cache::Warm => 4 * STORED_MIB,
            // Each byte once, by one connection: read again it would come from memory.
            Cache::Cold => STORED_MIB,
        };
        Load::new(arguments, Extent::Mebibytes { warm_up: 0, measured })
    }

    fn fill(&self) -> Load {
        let arguments = format!(
            "cannon --address {{address}} --topic {{topic}} --partitions {{partitions}} --total-bytes {{measured}} \
             --connections 4 --depth 4 {}",
            self.shape
        );
        Load::new(arguments, Extent::Mebibytes { warm_up: 0, measured: STORED_MIB })
    }
}
