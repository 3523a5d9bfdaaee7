//! An hour of writing, reading and retention: whether the broker holds more memory and more files at the end than at
//! the beginning.

use super::{Compared, Point, Rank, Scenario};
use crate::bench::arena::{Arena, Size};
use crate::bench::contender::Contender;
use crate::bench::load::{Extent, Load};
use crate::bench::recorder::{self, Holding};
use crate::bench::sample::{Better, Metric, Sample};
use crate::bench::subject::ottla::Ottla;
use crate::bench::subject::{Durability, Server, Topic, create_topic};
use crate::clock::pause;
use crate::statistics::median;
use std::time::Duration;

pub(super) const SCENARIO: Scenario = Scenario { name: "soak", points };

const MEMORY: Metric = Metric {
    name: "memory",
    title: "More memory that no file backs, last tenth of the hour to first (KiB)",
    better: Better::Less,
    numerator: "memory_growth_kib",
    denominator: None,
    factor: 1.0,
};
const FILES: Metric = Metric {
    name: "files",
    title: "More open files, last tenth of the hour to first",
    better: Better::Less,
    numerator: "files_growth",
    denominator: None,
    factor: 1.0,
};
/// What an allocator may keep of one busy moment.
const MEMORY_KIB_MAX: f64 = 1024.0;
/// Segments are closed and opened all the time.
const FILES_MAX: f64 = 4.0;
/// 20 MiB a second fill a segment of a partition in less than a minute, so that retention has work all the time.
const SETTINGS: &[&str] =
    &["log.segment.bytes=67108864", "log.retention.bytes=134217728", "log.retention.check.interval.ms=10000"];
const PARTITIONS: u32 = 16;
const FOLLOWED: Topic = Topic { name: "followed", partitions: 1 };

/// How long, and how often the broker is looked at.
#[derive(Debug, Clone, Copy)]
struct Length {
    warm_up: Duration,
    looks: u32,
    between: Duration,
}

const FULL: Length =
    Length { warm_up: Duration::from_secs(300), looks: 360, between: Duration::from_secs(10) };
const QUICK: Length =
    Length { warm_up: Duration::from_millis(100), looks: 10, between: Duration::from_millis(50) };

struct Soak;

fn points() -> Vec<Point> {
    vec![Point {
        name: "20 MiB/s written, 1,000 records a second read at once".to_owned(),
        rank: Rank::Core,
        contenders: vec![Box::new(Soak)],
        compared: vec![Compared::by(&MEMORY).within(MEMORY_KIB_MAX), Compared::by(&FILES).within(FILES_MAX)],
    }]
}

impl Contender for Soak {
    fn name(&self) -> &'static str {
        "ottla"
    }

    fn settings(&self) -> String {
        format!("as installed, but for `log.durability=os` and `{}`", SETTINGS.join("`, `"))
    }

    fn missing(&self, _arena: &Arena) -> Option<String> {
        None
    }

    fn bytes(&self) -> u64 {
        0
    }

    fn run(&self, arena: &Arena) -> Result<Sample, String> {
        let length = match arena.size {
            Size::Full => FULL,
            Size::Quick => QUICK,
        };
        let server = Ottla { durability: Durability::Os }.serve(arena, SETTINGS)?;
        let looks = watch(arena, &server, length).map_err(|why| server.blame(&why))?;
        let mut sample = Sample::default();
        sample.set("memory_growth_kib", growth(&looks, |look| look.anonymous_kib));
        sample.set("files_growth", growth(&looks, |look| look.files));
        Ok(sample)
    }
}

/// What the broker holds, time and again, while it has work.
fn watch(arena: &Arena, server: &Server, length: Length) -> Result<Vec<Holding>, String> {
    let topic = Topic::new(PARTITIONS);
    create_topic(&arena.programs.ottla, &server.address, &topic)?;
    create_topic(&arena.programs.ottla, &server.address, &FOLLOWED)?;
    let mut write = write(length).beside(arena, server, &topic)?;
    let mut follow = follow(length).beside(arena, server, &FOLLOWED)?;
    pause(length.warm_up);
    let mut looks = Vec::new();
    for _ in 0..length.looks {
        pause(length.between);
        write.expect_at_work()?;
        follow.expect_at_work()?;
        for pid in server.pids() {
            looks.push(recorder::holding(pid)?);
        }
    }
    Ok(looks)
}

impl Length {
    /// Longer than is looked at: what goes on beside is killed.
    fn seconds_and_more(self) -> u64 {
        2 * (self.warm_up + self.between * self.looks).as_secs() + 10
    }
}

fn write(length: Length) -> Load {
    let seconds = length.seconds_and_more();
    let arguments = format!(
        "cannon --address {{address}} --topic {{topic}} --partitions {{partitions}} --record-bytes 1024 \
         --records-per-batch 64 --connections 4 --rate 320 --seconds {seconds}"
    );
    Load::new(arguments, Extent::Seconds { warm_up: 0, measured: 0 })
}

/// Records that are read as they come.
fn follow(length: Length) -> Load {
    let seconds = length.seconds_and_more();
    let arguments = format!(
        "latency --address {{address}} --topic {{topic}} --rate 1000 --record-bytes 100 --warm-up 0 --seconds {seconds}"
    );
    Load::new(arguments, Extent::Seconds { warm_up: 0, measured: 0 })
}

/// The median of the last tenth less that of the first.
fn growth(looks: &[Holding], part: impl Fn(&Holding) -> u32) -> f64 {
    let tenth = looks.len().div_ceil(10);
    let middle = |looks: &[Holding]| median(looks.iter().map(|look| f64::from(part(look))));
    middle(&looks[looks.len() - tenth..]) - middle(&looks[..tenth])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_for_a_moment_is_no_growth_and_what_stays_is() {
        let looks = |values: [u32; 30]| values.map(|files| Holding { anonymous_kib: 0, files });
        let mut peak = [5; 30];
        (peak[14], peak[29]) = (900, 900);
        assert_eq!(growth(&looks(peak), |look| look.files).to_bits(), 0.0_f64.to_bits());
        let rising: [u32; 30] = std::array::from_fn(|at| u32::try_from(at).unwrap());
        assert_eq!(growth(&looks(rising), |look| look.files).to_bits(), 27.0_f64.to_bits());
    }
}
