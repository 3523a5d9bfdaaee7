//! How soon a broker is ready: on an empty directory, and again when it has data, after a stop in order and after a kill.
//!
//! What is stored is written once and stays from run to run. A broker that is killed when it has written all of it leaves
//! logs of which nothing is marked as safe on the disk, and so does each that is killed when it was measured. The least
//! that could be then is to read them once.

mod reading;

use super::{Compared, Point, Rank, Scenario};
use crate::bench::arena::Arena;
use crate::bench::cache;
use crate::bench::contender::Contender;
use crate::bench::load::{Extent, Load};
use crate::bench::recorder;
use crate::bench::sample::{Better, Metric, Sample};
use crate::bench::subject::ottla::Ottla;
use crate::bench::subject::{Durability, Server, Topic, create_topic};
use crate::clock::now;
use std::path::{Path, PathBuf};
use std::time::Instant;

pub(super) const SCENARIO: Scenario = Scenario { name: "restart", points };

const READY: Metric = Metric {
    name: "ready",
    title: "Ready after (ms)",
    better: Better::Less,
    numerator: "ready_ms",
    denominator: None,
    factor: 1.0,
};
const MEMORY: Metric = Metric {
    name: "memory",
    title: "Memory when ready (MiB)",
    better: Better::Less,
    numerator: "memory_peak_kib",
    denominator: None,
    factor: 1.0 / 1024.0,
};
const EMPTY_MS_MAX: f64 = 30.0;
const EMPTY_MIB_MAX: f64 = 15.0;
const CLEAN_MS_MAX: f64 = 100.0;
const CLEAN_MS_MAX_PER_PARTITION: f64 = 0.01;
/// As long as reading twice what may be torn.
const READS_MAX: f64 = 2.0;
/// The recovery point must not move.
const NEVER: &str = "log.flush.offset.checkpoint.interval.ms=86400000";
/// So many that no segment of 10 GiB gets full, which would let the recovery point move.
const TAIL_PARTITIONS: u32 = 16;

/// What is there before anything is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stock {
    gibibytes: u64,
    partitions: u32,
    /// How the broker ended that wrote it, and how all do that are measured.
    ending: Ending,
}

/// How the broker ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Stopped,
    Killed,
    /// And everything was written to the disk since, and nothing is in memory.
    KilledCold,
}

/// What happens to the data then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    /// A broker starts on it.
    Start,
    /// The logs are read, and nothing else.
    Read,
}

/// A broker that has ended, and what comes next.
struct Restart {
    stock: Stock,
    next: Next,
}

fn points() -> Vec<Point> {
    vec![
        killed(1, Ending::Killed),
        killed(1, Ending::KilledCold),
        killed(10, Ending::Killed),
        killed(10, Ending::KilledCold),
        stopped(1, 1),
        stopped(10, 1),
        stopped(10, 1_000),
        stopped(1, 10_000),
        empty(),
    ]
}

fn empty() -> Point {
    let stock = Stock { gibibytes: 0, partitions: 0, ending: Ending::Stopped };
    Point {
        name: "an empty directory".to_owned(),
        rank: Rank::Core,
        contenders: vec![Box::new(Restart { stock, next: Next::Start })],
        compared: vec![
            Compared::by(&READY).within(EMPTY_MS_MAX),
            Compared::by(&MEMORY).within(EMPTY_MIB_MAX),
        ],
    }
}

fn stopped(gibibytes: u64, partitions: u32) -> Point {
    let stock = Stock { gibibytes, partitions, ending: Ending::Stopped };
    let within = CLEAN_MS_MAX_PER_PARTITION.mul_add(f64::from(partitions), CLEAN_MS_MAX);
    Point {
        name: stock.text(),
        rank: Rank::Further,
        contenders: vec![Box::new(Restart { stock, next: Next::Start })],
        compared: vec![Compared::by(&READY).within(within)],
    }
}

fn killed(gibibytes: u64, ending: Ending) -> Point {
    let stock = Stock { gibibytes, partitions: TAIL_PARTITIONS, ending };
    Point {
        name: stock.text(),
        rank: Rank::Further,
        contenders: vec![
            Box::new(Restart { stock, next: Next::Start }),
            Box::new(Restart { stock, next: Next::Read }),
        ],
        compared: vec![Compared::by(&READY).aim("read", READS_MAX)],
    }
}

impl Contender for Restart {
    fn name(&self) -> &'static str {
        match self.next {
            Next::Start => "ottla",
            Next::Read => "read",
        }
    }

    fn settings(&self) -> String {
        match self.next {
            Next::Start => format!(
                "on all processors, `log.durability=os`, and `{NEVER}`, so that after a kill everything has to be looked \
                 at"
            ),
            Next::Read => "one thread that reads the logs of a killed broker, once".to_owned(),
        }
    }

    fn missing(&self, _arena: &Arena) -> Option<String> {
        match self.stock.ending {
            Ending::Stopped | Ending::Killed => None,
            Ending::KilledCold => cache::not_to_be_dropped(),
        }
    }

    fn bytes(&self) -> u64 {
        0
    }

    fn run(&self, arena: &Arena) -> Result<Sample, String> {
        let data = self.stock.ready(arena)?;
        if self.stock.ending == Ending::KilledCold {
            cache::drop_all()?;
        }
        let mut sample = Sample::default();
        let mut ready_after = |begin: Instant| sample.set("ready_ms", begin.elapsed().as_secs_f64() * 1000.0);
        let begin = now();
        if self.next == Next::Read {
            reading::read_all(&data)?;
            ready_after(begin);
            return Ok(sample);
        }
        // Nothing is asked of it, so that there is nobody to leave a processor to.
        let server = arena.sharing(|| serve(arena, &data))?;
        ready_after(begin);
        let peaks = server.pids().into_iter().map(recorder::peak_kib).collect::<Result<Vec<_>, _>>()?;
        sample.set("memory_peak_kib", peaks.into_iter().map(f64::from).sum());
        // So that the next run finds what this one has found.
        self.stock.end(server)?;
        Ok(sample)
    }
}

impl Stock {
    fn text(self) -> String {
        let Self { gibibytes, partitions, ending } = self;
        let ending = match ending {
            Ending::Stopped => "stopped in order",
            Ending::Killed => "killed",
            Ending::KilledCold => "killed, nothing in memory",
        };
        format!(
            "{gibibytes} GiB in {partitions} partition{}, {ending}",
            if partitions == 1 { "" } else { "s" }
        )
    }

    /// Where it lies. It is made if it is not there; of nothing, a new one each time.
    fn ready(self, arena: &Arena) -> Result<PathBuf, String> {
        let Self { gibibytes, partitions, ending } = self;
        if gibibytes == 0 {
            return Ok(arena.data());
        }
        let name = if ending == Ending::Stopped { "stopped" } else { "killed" };
        let data = arena.kept(&format!("{name}-{gibibytes}-{partitions}"))?;
        if !data.exists() {
            let server = serve(arena, &data)?;
            create_topic(&arena.programs.ottla, &server.address, &Topic::new(partitions))?;
            fill(arena, &server, self)?;
            self.end(server)?;
        }
        Ok(data)
    }

    fn end(self, server: Server) -> Result<(), String> {
        match self.ending {
            Ending::Stopped => server.stop(),
            Ending::Killed | Ending::KilledCold => {
                drop(server);
                Ok(())
            }
        }
    }
}

fn fill(arena: &Arena, server: &Server, Stock { gibibytes, partitions, .. }: Stock) -> Result<(), String> {
    let arguments = "cannon --address {address} --topic {topic} --partitions {partitions} --total-bytes {measured} \
                     --record-bytes 1024 --records-per-batch 900 --connections 4 --depth 2";
    let load = Load::new(arguments, Extent::Stored { mebibytes: gibibytes << 10 });
    load.run(arena, Some(server), &Topic::new(partitions)).map(drop)
}

fn serve(arena: &Arena, data: &Path) -> Result<Server, String> {
    Ottla { durability: Durability::Os }.serve_in(arena, data, &[NEVER])
}
