//! Reading what was written long ago while others go on writing at a steady rate, beside reading alone.

use super::writing::THROUGHPUT;
use super::{Compared, Point, Rank, Scenario};
use crate::bench::contender::Served;
use crate::bench::load::{Extent, Load};
use crate::bench::subject::Durability;
use crate::bench::subject::ottla::Ottla;

pub(super) const SCENARIO: Scenario = Scenario { name: "catchup", points };

const STORED_MIB: u64 = 1024;

fn points() -> Vec<Point> {
    [10, 100].map(point).into()
}

fn point(mebibytes_per_second: u32) -> Point {
    let ottla = || Served::new(Ottla { durability: Durability::Os }, 1, read()).after(fill());
    Point {
        name: format!("{mebibytes_per_second} MiB/s are written meanwhile"),
        rank: Rank::Further,
        contenders: vec![
            Box::new(ottla().beside(write(mebibytes_per_second))),
            Box::new(ottla().called("alone", "the same broker while nothing is written")),
        ],
        compared: vec![Compared::by(&THROUGHPUT)],
    }
}

fn read() -> Load {
    let arguments = "reader --address {address} --topic {topic} --partitions {partitions} --total-bytes {measured} \
                     --connections 1 --response-bytes 1048576";
    Load::new(arguments, Extent::Mebibytes { warm_up: 0, measured: 4 * STORED_MIB })
}

fn fill() -> Load {
    let arguments = "cannon --address {address} --topic {topic} --partitions {partitions} --total-bytes {measured} \
                     --record-bytes 1024 --records-per-batch 64 --connections 4 --depth 4";
    Load::new(arguments, Extent::Mebibytes { warm_up: 0, measured: STORED_MIB })
}

/// Requests of 64 KiB for longer than the reading takes.
fn write(mebibytes_per_second: u32) -> Load {
    let arguments = format!(
        "cannon --address {{address}} --topic {{topic}} --partitions {{partitions}} --seconds 60 --record-bytes 1024 \
         --records-per-batch 64 --rate {}",
        mebibytes_per_second * 16
    );
    Load::new(arguments, Extent::Seconds { warm_up: 0, measured: 0 })
}
