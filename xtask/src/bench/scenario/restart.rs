//! How soon a broker that has data is ready again, after a stop in order and after a kill.
//!
//! For the kill nothing is marked as safe on the disk beforehand, so that the whole log has to be looked at: no crash
//! is worse. The least that could be is to read it once.

use super::{Compared, Point, Rank, Scenario};
use crate::bench::arena::Arena;
use crate::bench::cache;
use crate::bench::contender::Contender;
use crate::bench::load::{Extent, Load};
use crate::bench::sample::{Better, Metric, Sample};
use crate::bench::subject::ottla::Ottla;
use crate::bench::subject::{Durability, Server, Topic, create_topic};
use crate::clock::now;
use std::fs::File;
use std::io::Read;
use std::path::Path;

pub(super) const SCENARIO: Scenario = Scenario { name: "restart", points };

const READY: Metric = Metric {
    name: "ready",
    title: "Ready after (ms)",
    better: Better::Less,
    numerator: "ready_ms",
    denominator: None,
    factor: 1.0,
};
const PARTITIONS: u32 = 10;
/// 100 ms, and 10 µs for each partition.
const CLEAN_MS_MAX: f64 = 100.0 + 0.01 * PARTITIONS as f64;
/// As long as reading twice what may be torn.
const READS_MAX: f64 = 2.0;
/// The recovery point must not move.
const NEVER: &str = "log.flush.offset.checkpoint.interval.ms=86400000";

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
    /// It is read, and nothing else.
    Read,
}

/// A broker that was filled and has ended, and what comes next.
struct Restart {
    gibibytes: u64,
    ending: Ending,
    next: Next,
}

fn points() -> Vec<Point> {
    [1, 10].into_iter().flat_map(of_size).collect()
}

fn of_size(gibibytes: u64) -> [Point; 3] {
    [
        stopped(gibibytes),
        killed(gibibytes, Ending::Killed, "killed"),
        killed(gibibytes, Ending::KilledCold, "killed, nothing in memory"),
    ]
}

fn stopped(gibibytes: u64) -> Point {
    Point {
        name: format!("{gibibytes} GiB, stopped in order"),
        rank: Rank::Further,
        contenders: vec![Box::new(Restart { gibibytes, ending: Ending::Stopped, next: Next::Start })],
        compared: vec![Compared::by(&READY).within(CLEAN_MS_MAX)],
    }
}

fn killed(gibibytes: u64, ending: Ending, name: &str) -> Point {
    Point {
        name: format!("{gibibytes} GiB, {name}"),
        rank: Rank::Further,
        contenders: vec![
            Box::new(Restart { gibibytes, ending, next: Next::Start }),
            Box::new(Restart { gibibytes, ending, next: Next::Read }),
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
                "`log.durability=os`, {PARTITIONS} partitions, and `{NEVER}`, so that after a kill the whole log has to \
                 be looked at"
            ),
            Next::Read => "one thread that reads the logs of a killed broker once".to_owned(),
        }
    }

    fn missing(&self, _arena: &Arena) -> Option<String> {
        if self.ending == Ending::KilledCold { cache::not_to_be_dropped() } else { None }
    }

    fn bytes(&self) -> u64 {
        self.gibibytes << 30
    }

    fn run(&self, arena: &Arena) -> Result<Sample, String> {
        let server = filled(arena, self.gibibytes)?;
        match self.ending {
            Ending::Stopped => server.stop()?,
            Ending::Killed => drop(server),
            Ending::KilledCold => {
                drop(server);
                cache::drop_all()?;
            }
        }
        let begin = now();
        match self.next {
            Next::Start => drop(serve(arena)?),
            Next::Read => read(&arena.data())?,
        }
        let mut sample = Sample::default();
        sample.set("ready_ms", begin.elapsed().as_secs_f64() * 1000.0);
        Ok(sample)
    }
}

fn serve(arena: &Arena) -> Result<Server, String> {
    Ottla { durability: Durability::Os }.serve(arena, &[NEVER])
}

fn filled(arena: &Arena, gibibytes: u64) -> Result<Server, String> {
    let topic = Topic::new(PARTITIONS);
    let server = serve(arena)?;
    create_topic(&arena.programs.ottla, &server.address, &topic)?;
    let arguments = "cannon --address {address} --topic {topic} --partitions {partitions} --total-bytes {measured} \
                     --record-bytes 1024 --records-per-batch 900 --connections 4 --depth 2";
    let load = Load::new(arguments, Extent::Mebibytes { warm_up: 0, measured: gibibytes << 10 });
    load.run(arena, Some(&server), &topic)?;
    Ok(server)
}

/// Every byte of every log.
fn read(data: &Path) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("{}: {error}", data.display());
    let mut buffer = vec![0; 1 << 20];
    for partition in std::fs::read_dir(data).map_err(failed)? {
        let partition = partition.map_err(failed)?.path();
        for file in std::fs::read_dir(&partition).into_iter().flatten() {
            let path = file.map_err(failed)?.path();
            if path.extension().is_some_and(|extension| extension == "log") {
                let mut file = File::open(&path).map_err(failed)?;
                while 0 < file.read(&mut buffer).map_err(failed)? {}
            }
        }
    }
    Ok(())
}
