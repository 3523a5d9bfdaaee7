//! Records that members of a share group take and accept, beside records that are only read: what it costs to remember
//! of each record who has it.

use super::{Compared, Point, Rank, Scenario};
use crate::bench::contender::Served;
use crate::bench::load::{Extent, Load};
use crate::bench::sample::{Better, Metric};
use crate::bench::subject::Durability;
use crate::bench::subject::ottla::Ottla;

pub(super) const SCENARIO: Scenario = Scenario { name: "queue", points };

const RECORDS: Metric = Metric {
    name: "records",
    title: "Records for a second of the server's processor time",
    better: Better::More,
    numerator: "records",
    denominator: Some("cpu_seconds"),
    factor: 1.0,
};
const RATE: Metric = Metric {
    name: "rate",
    title: "Records in a second",
    better: Better::More,
    numerator: "records",
    denominator: Some("seconds"),
    factor: 1.0,
};
const PARTITIONS: u32 = 4;
const AIM: f64 = 0.5;
/// More than all fetches take.
const STORED_MIB: u64 = 160;

fn points() -> Vec<Point> {
    vec![
        point("500 a fetch, 4 members", Rank::Core, 500, 4),
        point("500 a fetch, 16 members", Rank::Further, 500, 16),
        point("50 a fetch, 16 members", Rank::Further, 50, 16),
    ]
}

/// Batches are as large as what is fetched at once, so that both take whole ones.
fn point(name: &str, rank: Rank, records: u64, members: u32) -> Point {
    let share = Load::new(
        format!(
            "share --address {{address}} --topic {{topic}} --members {members} --records-max {records} --warm-up \
             {{warm_up}} --total {{measured}}"
        ),
        Extent::Requests { warm_up: 200, measured: 2_000 },
    );
    let read = Load::new(
        format!(
            "reader --address {{address}} --topic {{topic}} --partitions {{partitions}} --connections {members} \
             --response-bytes {} --total-bytes {{measured}}",
            // One batch: two do not fit.
            records * 120
        ),
        Extent::Mebibytes { warm_up: 0, measured: 2 * STORED_MIB },
    );
    let ottla = || Ottla { durability: Durability::Os };
    let consume = Served::new(ottla(), PARTITIONS, read).after(fill(records));
    Point {
        name: name.to_owned(),
        rank,
        contenders: vec![
            Box::new(Served::new(ottla(), PARTITIONS, share).after(fill(records))),
            Box::new(consume.called("consume", "the same broker, whose records are only read")),
        ],
        compared: vec![Compared::by(&RECORDS).aim("consume", AIM), Compared::by(&RATE)],
    }
}

fn fill(records: u64) -> Load {
    let arguments = format!(
        "cannon --address {{address}} --topic {{topic}} --partitions {{partitions}} --total-bytes {{measured}} \
         --record-bytes 100 --records-per-batch {records} --connections 4 --depth 4"
    );
    Load::new(arguments, Extent::Mebibytes { warm_up: 0, measured: STORED_MIB })
}
