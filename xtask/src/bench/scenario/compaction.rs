//! Compaction: what it costs to go through a log of which newer records have replaced most, beside Kafka's cleaner.
//!
//! The topic is written before it is compacted, so that all of it is gone through at once, by the same means on both: a
//! topic's settings and a broker's, changed while it runs. It is over when no file of the topic has changed for a while;
//! what was spent is counted until the last change.

use super::{Compared, Point, Rank, Scenario};
use crate::bench::arena::{Arena, Size};
use crate::bench::contender::Contender;
use crate::bench::load::{Extent, Load, Moment};
use crate::bench::logs;
use crate::bench::sample::{Better, GIBIBYTE, MEBIBYTE, Metric, Sample};
use crate::bench::subject::kafka::Kafka;
use crate::bench::subject::ottla::Ottla;
use crate::bench::subject::{Durability, Server, Subject, Topic, ask};
use crate::clock::{now, pause};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

pub(super) const SCENARIO: Scenario = Scenario { name: "compaction", points };

const CPU: Metric = Metric {
    name: "cpu",
    title: "Processor time of the server for a GiB of log that is compacted (s)",
    better: Better::Less,
    numerator: "cpu_seconds",
    denominator: Some("bytes"),
    factor: GIBIBYTE,
};
const RATE: Metric = Metric {
    name: "rate",
    title: "Log compacted (MiB/s)",
    better: Better::More,
    numerator: "bytes",
    denominator: Some("wall_seconds"),
    factor: 1.0 / MEBIBYTE,
};
const LEFT: Metric = Metric {
    name: "left",
    title: "Log that is left (%)",
    better: Better::Less,
    numerator: "left",
    denominator: Some("bytes"),
    factor: 100.0,
};

const PARTITIONS: u32 = 4;
/// Each writes records of its own keys to every partition, the same again and again.
const WRITERS: Writers = Writers { number: 64, mebibytes: 16, segment: "16777216" };
const QUICK: Writers = Writers { number: 2, segment: "1048576", ..WRITERS };
/// Begins when it is asked to.
const BACKOFF: &str = "log.cleaner.backoff.ms=100";
const BETWEEN: Duration = Duration::from_millis(10);
/// Longer than a cleaner rests between two partitions.
const QUIET: Duration = Duration::from_secs(3);
const PATIENCE: Duration = Duration::from_secs(120);

/// Who writes what is compacted.
#[derive(Debug, Clone, Copy)]
struct Writers {
    number: u64,
    /// What each of them writes, in a full run.
    mebibytes: u64,
    /// `segment.bytes`: the last segment of a partition is never compacted.
    segment: &'static str,
}

/// A broker that compacts.
struct Compacting {
    subject: Box<dyn Subject>,
    /// Its logs below the data directory.
    logs: &'static str,
}

fn points() -> Vec<Point> {
    let durability = Durability::Os;
    vec![Point {
        name: "1 KiB, 4 or 5 records of each key in a partition".to_owned(),
        rank: Rank::Core,
        contenders: vec![
            Box::new(Compacting { subject: Box::new(Ottla { durability }), logs: "" }),
            Box::new(Compacting { subject: Box::new(Kafka { durability }), logs: "log" }),
        ],
        compared: vec![
            Compared::by(&CPU).aim("kafka", 1.0),
            Compared::by(&RATE).aim("kafka", 1.0),
            Compared::by(&LEFT),
        ],
    }]
}

impl Contender for Compacting {
    fn name(&self) -> &'static str {
        self.subject.name()
    }

    fn settings(&self) -> String {
        self.subject.settings()
    }

    fn missing(&self, arena: &Arena) -> Option<String> {
        self.subject.missing(arena)
    }

    fn bytes(&self) -> u64 {
        (2 * WRITERS.number * WRITERS.mebibytes) << 20
    }

    fn run(&self, arena: &Arena) -> Result<Sample, String> {
        let topic = Topic::new(PARTITIONS);
        let server = self.subject.start(arena, &topic)?;
        self.compact(arena, &server, &topic).map_err(|why| format!("{}: {}", self.name(), server.blame(&why)))
    }
}

impl Compacting {
    fn compact(&self, arena: &Arena, server: &Server, topic: &Topic) -> Result<Sample, String> {
        let writers = match arena.size {
            Size::Full => WRITERS,
            Size::Quick => QUICK,
        };
        let alter = |resource: &str, settings: &[&str]| {
            let settings = settings.iter().flat_map(|setting| ["--set", setting]);
            ask(
                &arena.programs.ottla,
                &server.address,
                ["config", "alter", resource].into_iter().chain(settings),
            )
        };
        let resource = format!("topic:{}", topic.name);
        alter(&resource, &[&format!("segment.bytes={}", writers.segment)])?;
        alter("broker", &[BACKOFF])?;
        writers.write(arena, server, topic)?;
        let data = arena.data().join(self.logs);
        let before = lengths(&data, topic)?;
        let begin = Moment::read(&server.pids(), None)?;
        alter(&resource, &["cleanup.policy=compact", "min.cleanable.dirty.ratio=0.01"])?;
        let (end, after) = settled(server, || lengths(&data, topic), &before)?;
        let mut sample = Sample::default();
        begin.until(&end, &mut sample);
        sample.set("bytes", bytes(&before));
        sample.set("left", bytes(&after));
        Ok(sample)
    }
}

impl Writers {
    fn write(self, arena: &Arena, server: &Server, topic: &Topic) -> Result<(), String> {
        (0..self.number).try_for_each(|seed| {
            let arguments = format!(
                "cannon --address {{address}} --topic {{topic}} --partitions {{partitions}} --total-bytes {{measured}} \
                 --record-bytes 1024 --records-per-batch 900 --keys 1000000000 --seed {seed} --depth 4"
            );
            let extent = Extent::Stored { mebibytes: self.mebibytes };
            Load::new(arguments, extent).run(arena, Some(server), topic).map(drop)
        })
    }
}

type Lengths = BTreeMap<PathBuf, u64>;

/// Of the topic's logs alone: a broker has others, which change at any time.
fn lengths(data: &Path, topic: &Topic) -> Result<Lengths, String> {
    let is_of_topic = |path: &Path| {
        let folder = path.parent().and_then(Path::file_name).and_then(|name| name.to_str());
        folder.and_then(|name| name.rsplit_once('-')).is_some_and(|(name, _)| name == topic.name)
    };
    let mut lengths = logs::lengths(data)?;
    lengths.retain(|path, _| is_of_topic(path));
    Ok(lengths)
}

/// Waits until `look` shows the same for a while and less than half of what there was: when it became so, and what it is.
fn settled(
    server: &Server,
    look: impl Fn() -> Result<Lengths, String>,
    before: &Lengths,
) -> Result<(Moment, Lengths), String> {
    let begin = now();
    let read = || Moment::read(&server.pids(), None);
    let mut last: (Instant, Moment, Lengths) = (begin, read()?, before.clone());
    while begin.elapsed() < PATIENCE {
        pause(BETWEEN);
        let lengths = look()?;
        if lengths != last.2 {
            last = (now(), read()?, lengths);
        } else if QUIET < last.0.elapsed() && bytes(&last.2) < bytes(before) / 2.0 {
            return Ok((last.1, last.2));
        }
    }
    Err(format!("after {PATIENCE:?} {} of {} bytes of the log are left", bytes(&last.2), bytes(before)))
}

#[expect(clippy::cast_precision_loss, reason = "no log here has 2^53 bytes")]
fn bytes(lengths: &Lengths) -> f64 {
    lengths.values().sum::<u64>() as f64
}
