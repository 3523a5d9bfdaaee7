//! `cargo xtask bench SCENARIO…`: what Ottla costs, beside the least that could be, in the same run.
//!
//! A scenario lists points; at each, Ottla and what it is compared with do the same in turn, and the ratio of
//! neighbours is what counts. What was found becomes a section of `docs/performance.md` and plots beside it, written by
//! this program and by nobody else. Servers that show the least that could be, and generators of load, are programs of
//! `crates/bench`; this decides what they do and what to make of it.

mod arena;
mod cache;
mod calibration;
mod contender;
mod driver;
mod journey;
mod kit;
mod load;
mod logs;
mod network;
mod options;
mod pairs;
mod plot;
mod processor;
mod profile;
mod recorder;
mod report;
mod sample;
mod scenario;
mod subject;

use crate::{Outcome, section, tree};
use arena::{Arena, Size};
use calibration::Calibration;
use network::Congestion;
use options::Options;
pub(crate) use options::usage;
use profile::Profile;
use report::{Circumstances, Found};
use sample::Sample;
use scenario::Point;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

const DOCUMENT: &str = "docs/performance.md";
const PLOTS: &str = "docs/plots";

/// Runs what the arguments name.
///
/// # Errors
/// If something cannot be run, or does not do what it should. A missed target is a figure, not an error.
pub(crate) fn run(arguments: &[String]) -> Outcome {
    if arguments == ["--prepare"] {
        return kit::prepare();
    }
    let options = Options::parse(arguments)?;
    let programs = options.programs()?;
    let congestion = Congestion::set();
    let folder = tree::target().join("bench");
    let arena = Arena::new(programs, options.size, folder)?;
    for scenario in &options.scenarios {
        let (pairs, mut calibration) = match options.size {
            Size::Full if !scenario.is_long() => (options.pairs, Calibration::begin()),
            Size::Full | Size::Quick => (1, Calibration::none()),
        };
        let mut points = (scenario.points)();
        if options.size == Size::Quick {
            points.truncate(1);
        }
        if let Some(text) = &options.only {
            points.retain(|point| point.name.contains(text.as_str()));
        }
        let mut circumstances = Circumstances {
            scenario: scenario.name,
            origin: options.origin(),
            congestion: congestion.text(),
            calibration: String::new(),
            missing: Vec::new(),
            settings: Vec::new(),
        };
        let mut found: Vec<Found> = Vec::new();
        for point in points {
            println!("{}: {}", scenario.name, point.name);
            let point = point.without_missing(&arena, &mut circumstances);
            if found.is_empty() && options.size == Size::Full && !scenario.is_long() {
                warm_up(&arena, &point)?;
            }
            let mut measured = measure(&arena, point, pairs, &mut calibration)?;
            if options.size == Size::Full && !report::missed(std::slice::from_ref(&measured))?.is_empty() {
                measured.profile = profile(&arena, &measured.point)?;
            }
            found.push(measured);
        }
        circumstances.calibration = calibration.text();
        tell(&options, &circumstances, &found)?;
    }
    Ok(())
}

/// The first runs of all find a machine that has been idle, or at something else, and are dearer. They do not count.
fn warm_up(arena: &Arena, point: &Point) -> Outcome {
    point.contenders.iter().try_for_each(|contender| {
        arena.prepare(contender.bytes())?;
        contender.run(arena).map(drop)
    })
}

fn measure(
    arena: &Arena,
    point: Point,
    pairs: usize,
    calibration: &mut Calibration,
) -> Result<Found, String> {
    let log = arena.log("samples");
    let pairs = point.rank.pairs(pairs);
    let runs = pairs::interleave(point.contenders.len(), pairs, calibration, |number| {
        let contender = &point.contenders[number];
        arena.prepare(contender.bytes())?;
        let sample = contender.run(arena)?;
        keep(&log, &point, contender.name(), &sample)?;
        Ok(sample)
    })?;
    let names = point.contenders.iter().map(|contender| contender.name()).collect();
    Ok(Found { point, names, runs, profile: None })
}

/// Runs what missed its target once more, to see where the time goes.
fn profile(arena: &Arena, point: &Point) -> Result<Option<Profile>, String> {
    let ottla = &point.contenders[0];
    arena.prepare(ottla.bytes())?;
    let profile = ottla.profile(arena)?;
    if profile.is_none() {
        println!("  where its time goes is not told: there is no `perf`, or nothing that it could look at");
    }
    Ok(profile)
}

/// Every run, disturbed ones too, for whoever wants to look behind a figure.
fn keep(log: &Path, point: &Point, contender: &str, sample: &Sample) -> Outcome {
    let figures = point.compared.iter().map(|compared| {
        compared.metric.rough(sample).map(|value| format!("{} {}", compared.metric.name, plot::figure(value)))
    });
    println!("  {contender}: {}", figures.collect::<Result<Vec<_>, _>>()?.join(", "));
    let line = serde_json::json!({ "point": point.name, "contender": contender, "sample": sample.json() });
    let file = OpenOptions::new().create(true).append(true).open(log);
    file.and_then(|mut file| writeln!(file, "{line}")).map_err(|error| format!("{}: {error}", log.display()))
}

fn tell(options: &Options, circumstances: &Circumstances, found: &[Found]) -> Outcome {
    let scenario = circumstances.scenario;
    if options.size == Size::Quick {
        println!("{scenario}: everything works; figures of a run as short as this say nothing");
        return Ok(());
    }
    let text = report::text(circumstances, found)?;
    if options.only.is_some() {
        println!("{text}");
        return Ok(());
    }
    let folder = tree::root().join(PLOTS);
    std::fs::create_dir_all(&folder).map_err(|error| format!("{PLOTS}: {error}"))?;
    for (name, svg) in report::plots(scenario, found)? {
        std::fs::write(folder.join(&name), svg).map_err(|error| format!("{PLOTS}/{name}: {error}"))?;
    }
    section::write(DOCUMENT, scenario, &text)?;
    for missed in report::missed(found)? {
        println!("missed: {missed}");
    }
    Ok(())
}

impl Point {
    /// Without the contenders that cannot be run here, and notes who is left and who is not.
    fn without_missing(mut self, arena: &Arena, circumstances: &mut Circumstances) -> Self {
        let mut left = Vec::new();
        for contender in self.contenders {
            match contender.missing(arena) {
                Some(why) => note(&mut circumstances.missing, format!("{}: {why}", contender.name())),
                None => {
                    note(&mut circumstances.settings, (contender.name(), contender.settings()));
                    left.push(contender);
                }
            }
        }
        self.contenders = left;
        self
    }
}

fn note<T: PartialEq>(list: &mut Vec<T>, entry: T) {
    if !list.contains(&entry) {
        list.push(entry);
    }
}
