//! Writing that is acknowledged when it is on the disk, beside a loop that writes and syncs and does nothing else.
//!
//! All processors are everybody's: what is measured is how busy the disk is kept, and for that the broker syncs on one
//! while it receives on another.

use super::{Compared, Point, Rank, Scenario};
use crate::bench::arena::Arena;
use crate::bench::contender::{Contender, Served, Sharing};
use crate::bench::load::{Extent, Load};
use crate::bench::sample::{Better, Metric, Sample};
use crate::bench::subject::ottla::Ottla;
use crate::bench::subject::{Durability, Topic};

pub(super) const SCENARIO: Scenario = Scenario { name: "durable", points };

const THROUGHPUT: Metric = Metric {
    name: "throughput",
    title: "Records on the disk (MiB/s)",
    better: Better::More,
    numerator: "bytes",
    denominator: Some("seconds"),
    factor: 1.0 / (1_u64 << 20) as f64,
};
/// Of the loop: one for each sync.
const ANSWERS: Metric = Metric {
    name: "answers",
    title: "Requests on the disk in a second",
    better: Better::More,
    numerator: "requests",
    denominator: Some("seconds"),
    factor: 1.0,
};
const THROUGHPUT_AIM: f64 = 0.8;
/// Of so many clients that each wait for an answer, half wait for the sync under way, and the others for the next.
const WAITING: u32 = 64;

/// Writes and syncs in turn.
struct SyncLoop(Load);

fn points() -> Vec<Point> {
    vec![
        throughput(16, 4, Rank::Core),
        throughput(4, 4, Rank::Further),
        throughput(1, 1, Rank::Further),
        answers(),
    ]
}

/// As many bytes are under way as the loop writes before each sync.
fn throughput(connections: u32, depth: u32, rank: Rank) -> Point {
    let requests = connections * depth;
    let extent = match requests {
        1 => Extent::Mebibytes { warm_up: 16, measured: 128 },
        _ => Extent::Mebibytes { warm_up: 128, measured: 1024 },
    };
    let cannon = format!(
        "cannon --address {{address}} --topic {{topic}} --partitions {{partitions}} --record-bytes 1024 \
         --records-per-batch 64 --connections {connections} --depth {depth} --warm-up-bytes {{warm_up}} --total-bytes \
         {{measured}}"
    );
    let loop_arguments = format!(
        "syncloop --data {{data}} --bytes 65536 --per-sync {requests} --warm-up-bytes {{warm_up}} --total-bytes {{measured}}"
    );
    let throughput = match rank {
        Rank::Core => Compared::by(&THROUGHPUT).aim(LOOP, THROUGHPUT_AIM),
        Rank::Further => Compared::by(&THROUGHPUT),
    };
    Point {
        name: format!("64 KiB a request, {requests} under way"),
        rank,
        contenders: contenders(Load::new(cannon, extent), Load::new(loop_arguments, extent)),
        compared: vec![throughput],
    }
}

fn answers() -> Point {
    let cannon = format!(
        "cannon --address {{address}} --topic {{topic}} --record-bytes 100 --records-per-batch 1 --connections {WAITING} \
         --warm-up-bytes 200000 --seconds {{measured}}"
    );
    let loop_arguments =
        "syncloop --data {data} --bytes 4096 --warm-up-bytes {warm_up} --total-bytes {measured}";
    let cannon = Load::new(cannon, Extent::Seconds { warm_up: 0, measured: 3 });
    let loop_load = Load::new(loop_arguments, Extent::Mebibytes { warm_up: 1, measured: 16 });
    Point {
        name: format!("100 B a request, {WAITING} clients that wait"),
        rank: Rank::Further,
        contenders: contenders(cannon, loop_load),
        compared: vec![Compared::by(&ANSWERS)],
    }
}

fn contenders(cannon: Load, loop_load: Load) -> Vec<Box<dyn Contender>> {
    let ottla = Ottla { durability: Durability::Sync };
    let contenders: [Box<dyn Contender>; 2] =
        [Box::new(Served::new(ottla, 1, cannon)), Box::new(SyncLoop(loop_load))];
    contenders.map(|contender| Box::new(Sharing(contender)) as _).into()
}

impl Contender for SyncLoop {
    fn name(&self) -> &'static str {
        LOOP
    }

    fn settings(&self) -> String {
        "one thread that writes to a growing file and syncs it (`fdatasync`) each time as many bytes are written as \
         clients have under way; a request of it is a sync"
            .to_owned()
    }

    fn missing(&self, _arena: &Arena) -> Option<String> {
        None
    }

    fn bytes(&self) -> u64 {
        self.0.bytes()
    }

    fn run(&self, arena: &Arena) -> Result<Sample, String> {
        self.0.run(arena, None, &Topic::new(1))
    }
}

const LOOP: &str = "loop";
