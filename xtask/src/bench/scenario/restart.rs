//! How soon a broker is ready: on an empty directory, and again when it has data, after a stop in order and after a kill.
//!
//! What is stored is written once and stays from run to run. A kill leaves a tail behind of which nothing is marked as safe
//! on the disk. The least that could be then is to read it once.

mod tail;

use super::{Compared, Point, Rank, Scenario};
use crate::bench::arena::Arena;
use crate::bench::cache;
use crate::bench::contender::Contender;
use crate::bench::load::{Extent, Load};
use crate::bench::logs;
use crate::bench::recorder;
use crate::bench::sample::{Better, Metric, Sample};
use crate::bench::subject::ottla::Ottla;
use crate::bench::subject::{Durability, Server, Topic, create_topic};
use crate::clock::now;
use std::path::{Path, PathBuf};
use tail::Piece;

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
const TAIL_MIB: u64 = 512;
/// So many that no segment gets full while tails are written, which would move the recovery point.
const TAIL_PARTITIONS: u32 = 16;

/// What is there before anything is measured, from a broker that was stopped in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stock {
    gibibytes: u64,
    partitions: u32,
}

/// How the broker ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Stopped,
    Killed,
    /// As if the power had failed a little later: all is on the disk, and nothing in memory.
    KilledCold,
}

/// What happens to the data then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    /// A broker starts on it.
    Start,
    /// The tail is read, and nothing else.
    Read,
}

/// A broker that has ended, and what comes next.
struct Restart {
    stock: Stock,
    ending: Ending,
    next: Next,
}

fn points() -> Vec<Point> {
    let of_size = |gibibytes| {
        [
            killed(gibibytes, Ending::Killed, "killed"),
            killed(gibibytes, Ending::KilledCold, "killed, nothing in memory"),
            stopped(gibibytes, 1),
            stopped(gibibytes, 1_000),
        ]
    };
    [1, 10].into_iter().flat_map(of_size).chain([empty()]).collect()
}

fn empty() -> Point {
    let stock = Stock { gibibytes: 0, partitions: 0 };
    Point {
        name: "an empty directory".to_owned(),
        rank: Rank::Core,
        contenders: vec![Box::new(Restart { stock, ending: Ending::Stopped, next: Next::Start })],
        compared: vec![
            Compared::by(&READY).within(EMPTY_MS_MAX),
            Compared::by(&MEMORY).within(EMPTY_MIB_MAX),
        ],
    }
}

fn stopped(gibibytes: u64, partitions: u32) -> Point {
    let (stock, ending) = (Stock { gibibytes, partitions }, Ending::Stopped);
    let within = CLEAN_MS_MAX_PER_PARTITION.mul_add(f64::from(partitions), CLEAN_MS_MAX);
    Point {
        name: format!("{}, stopped in order", stock.text()),
        rank: Rank::Further,
        contenders: vec![Box::new(Restart { stock, ending, next: Next::Start })],
        compared: vec![Compared::by(&READY).within(within)],
    }
}

fn killed(gibibytes: u64, ending: Ending, name: &str) -> Point {
    let stock = Stock { gibibytes, partitions: TAIL_PARTITIONS };
    Point {
        name: format!("{} and a tail of {TAIL_MIB} MiB, {name}", stock.text()),
        rank: Rank::Further,
        contenders: vec![
            Box::new(Restart { stock, ending, next: Next::Start }),
            Box::new(Restart { stock, ending, next: Next::Read }),
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
                "`log.durability=os`, and `{NEVER}`, so that after a kill everything that was written since the last \
                 start has to be looked at"
            ),
            Next::Read => {
                "one thread that reads what a killed broker has written since its start, once".to_owned()
            }
        }
    }

    fn missing(&self, _arena: &Arena) -> Option<String> {
        if self.ending == Ending::KilledCold { cache::not_to_be_dropped() } else { None }
    }

    fn bytes(&self) -> u64 {
        match self.ending {
            Ending::Stopped => 0,
            Ending::Killed | Ending::KilledCold => TAIL_MIB << 20,
        }
    }

    fn run(&self, arena: &Arena) -> Result<Sample, String> {
        let data = self.stock.ready(arena)?;
        let tail = match self.ending {
            Ending::Stopped => Vec::new(),
            Ending::Killed | Ending::KilledCold => self.stock.tail(arena, &data)?,
        };
        if self.ending == Ending::KilledCold {
            cache::drop_all()?;
        }
        let begin = now();
        if self.next == Next::Read {
            tail::read(&tail)?;
        }
        let read = begin.elapsed();
        let server = serve(arena, &data)?;
        let ready = begin.elapsed();
        let mut sample = Sample::default();
        let measured = if self.next == Next::Read { read } else { ready };
        sample.set("ready_ms", measured.as_secs_f64() * 1000.0);
        let peaks = server.pids().into_iter().map(recorder::peak_kib).collect::<Result<Vec<_>, _>>()?;
        sample.set("memory_peak_kib", peaks.into_iter().map(f64::from).sum());
        // In order, so that the next run finds no tail but its own.
        server.stop()?;
        Ok(sample)
    }
}

impl Stock {
    fn text(self) -> String {
        let Self { gibibytes, partitions } = self;
        format!("{gibibytes} GiB in {partitions} partition{}", if partitions == 1 { "" } else { "s" })
    }

    /// Where it lies. It is made if it is not there; of nothing, a new one each time.
    fn ready(self, arena: &Arena) -> Result<PathBuf, String> {
        let Self { gibibytes, partitions } = self;
        if gibibytes == 0 {
            return Ok(arena.data());
        }
        let data = arena.kept(&format!("{gibibytes}-{partitions}"))?;
        if !data.exists() {
            let server = serve(arena, &data)?;
            create_topic(&arena.programs.ottla, &server.address, &Topic::new(partitions))?;
            self.fill(arena, &server, gibibytes << 10)?;
            server.stop()?;
        }
        Ok(data)
    }

    /// Adds a tail, and kills the broker that wrote it.
    fn tail(self, arena: &Arena, data: &Path) -> Result<Vec<Piece>, String> {
        let server = serve(arena, data)?;
        let before = logs::lengths(data)?;
        self.fill(arena, &server, TAIL_MIB)?;
        drop(server);
        let since =
            |(path, _): (PathBuf, u64)| Piece { from: before.get(&path).copied().unwrap_or_default(), path };
        Ok(logs::lengths(data)?.into_iter().map(since).collect())
    }

    fn fill(self, arena: &Arena, server: &Server, mebibytes: u64) -> Result<(), String> {
        let arguments = "cannon --address {address} --topic {topic} --partitions {partitions} --total-bytes {measured} \
                         --record-bytes 1024 --records-per-batch 900 --connections 4 --depth 2";
        let load = Load::new(arguments, Extent::Stored { mebibytes });
        load.run(arena, Some(server), &Topic::new(self.partitions)).map(drop)
    }
}

fn serve(arena: &Arena, data: &Path) -> Result<Server, String> {
    Ottla { durability: Durability::Os }.serve_in(arena, data, &[NEVER])
}
