//! What asks a server for something while it is measured: a generator of our own, or a program of other people.

pub(super) mod kafka_tools;
pub(super) mod nats_bench;
pub(super) mod rdkafka;

use super::arena::{Arena, Size};
use super::kit::Kit;
use super::load::{Load, Moment};
use super::processor;
use super::sample::Sample;
use super::subject::{Server, Topic};
use crate::clock::{now, pause};
use serde::Serialize;
use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

/// Something that loads a server.
pub(super) trait Driver {
    /// Why it cannot be run on this machine, if so.
    fn missing(&self) -> Option<String>;

    /// The bytes of records that it moves.
    fn bytes(&self) -> u64;

    /// Runs it to its end.
    ///
    /// # Errors
    /// If it fails in any way, or does less than it should.
    fn run(&self, arena: &Arena, server: &Server, topic: &Topic) -> Result<Sample, String>;
}

impl Driver for Load {
    fn missing(&self) -> Option<String> {
        None
    }

    fn bytes(&self) -> u64 {
        self.bytes()
    }

    fn run(&self, arena: &Arena, server: &Server, topic: &Topic) -> Result<Sample, String> {
        self.run(arena, Some(server), topic)
    }
}

/// A program of other people, which knows nothing of a warm-up and says in its own words what happened. It is measured
/// from its start to its end, a short time without load included.
#[derive(Debug, Clone)]
pub(super) struct Tool {
    kind: Kind,
    /// Its arguments. `{address}` and `{topic}` stand for what they name, `{records}` for how many it moves.
    arguments: &'static str,
    records: u64,
    record_bytes: u64,
}

/// How a program is had and understood.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kind {
    kit: Kit,
    /// The program in the kit's folder.
    program: fn(&Path) -> Command,
    /// What its words mean, when it moved `records`.
    result: fn(&str, u64) -> Result<Told, String>,
}

/// What a program told.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct Told {
    records: u64,
    seconds: f64,
    /// Where it tells, until what is written was acknowledged.
    #[serde(skip_serializing_if = "Option::is_none")]
    p99_us: Option<f64>,
}

/// A program that takes longer hangs.
const TIME_MAX: Duration = Duration::from_secs(180);
/// How often it is looked whether it has ended.
const PAUSE: Duration = Duration::from_millis(5);
/// Records of a quick run.
const QUICK: u64 = 5_000;

impl Tool {
    pub(super) fn new(kind: Kind, records: u64, record_bytes: u64, arguments: &'static str) -> Self {
        Self { kind, arguments, records, record_bytes }
    }

    fn records(&self, size: Size) -> u64 {
        match size {
            Size::Full => self.records,
            Size::Quick => QUICK,
        }
    }

    fn command(&self, address: &str, topic: &Topic, records: u64) -> Result<Command, String> {
        let mut command = (self.kind.program)(&self.kind.kit.found()?);
        command.args(self.arguments.split_whitespace().map(|argument| {
            argument
                .replace("{address}", address)
                .replace("{topic}", topic.name)
                .replace("{records}", &records.to_string())
        }));
        Ok(command)
    }

    /// What its words mean as a sample.
    fn sample(&self, words: &str, records: u64) -> Result<Sample, String> {
        let told = (self.kind.result)(words, records)?;
        if told.records < records {
            return Err(format!("it moved {} of {records} records", told.records));
        }
        let mut sample = Sample::of(serde_json::to_value(told).map_err(|error| error.to_string())?);
        #[expect(clippy::cast_precision_loss, reason = "a run moves far less than 2^53 bytes")]
        sample.set("bytes", (told.records * self.record_bytes) as f64);
        Ok(sample)
    }
}

impl Driver for Tool {
    fn missing(&self) -> Option<String> {
        self.kind.kit.found().err()
    }

    fn bytes(&self) -> u64 {
        self.records * self.record_bytes
    }

    fn run(&self, arena: &Arena, server: &Server, topic: &Topic) -> Result<Sample, String> {
        let records = self.records(arena.size);
        let mut command = self.command(&server.address, topic, records)?;
        let log = arena.log("tool");
        let blame = |why: String| format!("{}: {why}; see {}", self.arguments, log.display());
        let before = Moment::read(&server.pids(), None)?;
        let status = end(&mut command, &log).map_err(blame)?;
        let after = Moment::read(&server.pids(), None)?;
        if !status.success() {
            return Err(blame(status.to_string()));
        }
        let words = std::fs::read_to_string(&log).map_err(|error| blame(error.to_string()))?;
        let mut sample = self.sample(&words, records).map_err(blame)?;
        before.until(&after, &mut sample);
        Ok(sample)
    }
}

/// Runs a command on the processor of generators, with all that it says in the file `log`.
fn end(command: &mut Command, log: &Path) -> Result<ExitStatus, String> {
    let words = File::create(log).map_err(|error| error.to_string())?;
    let errors = words.try_clone().map_err(|error| error.to_string())?;
    command.stdin(Stdio::null()).stdout(words).stderr(errors);
    let started = processor::on(processor::GENERATOR, || command.spawn());
    let mut running =
        Running(started.map_err(|error| format!("cannot run {}: {error}", command.get_program().display()))?);
    let begun = now();
    while begun.elapsed() < TIME_MAX {
        if let Some(status) = running.0.try_wait().map_err(|error| error.to_string())? {
            return Ok(status);
        }
        pause(PAUSE);
    }
    Err(format!("it did not end in {TIME_MAX:?}"))
}

/// A program at work; killed when dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// The number that ends where `after` begins: `… 8,564 msgs/sec` → 8564.
fn number_before(words: &str, after: &str) -> Option<f64> {
    let end = words.find(after)?;
    let text = words[..end].trim_end().rsplit(|letter: char| !is_numeral(letter)).next()?;
    text.replace(',', "").parse().ok()
}

fn is_numeral(letter: char) -> bool {
    letter.is_ascii_digit() || letter == '.' || letter == ','
}

/// The program says nothing of how it ended.
fn silent(words: &str) -> String {
    let last = words.lines().map(str::trim).rfind(|line| !line.is_empty());
    format!("it ended with {:?}, which says nothing", last.unwrap_or_default())
}

#[cfg(test)]
mod tests;
