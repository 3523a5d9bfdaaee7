//! A generator: a program that asks a server for something and says at its end what happened.
//!
//! Between the two lines that it prints, `{"measuring":true}` and its result, the server is measured.

use super::arena::Arena;
use super::processor;
use super::profile::{Profile, Profiler};
use super::recorder::{self, Cost, Reading};
use super::sample::Sample;
use super::subject::{Server, Topic};
use crate::clock::now;
use serde_json::Value;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

/// A generator that says nothing for so long hangs.
const SILENCE_MAX: Duration = Duration::from_secs(120);

/// How much a generator does, before and while it is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    Mebibytes {
        warm_up: u64,
        measured: u64,
    },
    Seconds {
        warm_up: u64,
        measured: u64,
    },
    /// What is to be there for others, who read less of it.
    Stored {
        mebibytes: u64,
    },
}

impl Extent {
    /// All its bytes, where it is told in bytes.
    pub(super) fn bytes(self) -> u64 {
        match self {
            Self::Mebibytes { warm_up, measured } => (warm_up + measured) << 20,
            Self::Stored { mebibytes } => mebibytes << 20,
            Self::Seconds { .. } => 0,
        }
    }
}

/// A generator's command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Load {
    /// A program besides `ottla-bench`.
    program: Option<PathBuf>,
    /// Its arguments. `{address}`, `{topic}`, `{partitions}` and `{data}` stand for what they name; `{warm_up}` and
    /// `{measured}` for the extent in bytes or seconds.
    arguments: String,
    extent: Extent,
}

impl Load {
    /// A subcommand of `ottla-bench` with its arguments.
    pub(super) fn new(arguments: impl Into<String>, extent: Extent) -> Self {
        Self { program: None, arguments: arguments.into(), extent }
    }

    /// The bytes that it moves.
    pub(super) fn bytes(&self) -> u64 {
        self.extent.bytes()
    }

    fn command(&self, arena: &Arena, address: &str, topic: &Topic) -> Command {
        let (warm_up, measured) = match arena.scaled(self.extent) {
            Extent::Mebibytes { warm_up, measured } => (warm_up << 20, measured << 20),
            Extent::Stored { mebibytes } => (0, mebibytes << 20),
            Extent::Seconds { warm_up, measured } => (warm_up, measured),
        };
        let filled = |argument: &str| {
            argument
                .replace("{address}", address)
                .replace("{topic}", topic.name)
                .replace("{partitions}", &topic.partitions.to_string())
                .replace("{data}", &arena.data().display().to_string())
                .replace("{warm_up}", &warm_up.to_string())
                .replace("{measured}", &measured.to_string())
        };
        let mut command = Command::new(self.program.as_deref().unwrap_or(&arena.programs.bench));
        command.args(self.arguments.split_whitespace().map(filled));
        command
    }

    /// Runs it to its end; measured is what `server` does, or, if there is none, what the generator itself does.
    ///
    /// # Errors
    /// If it fails, hangs, or says something else than it should.
    pub(super) fn run(
        &self,
        arena: &Arena,
        server: Option<&Server>,
        topic: &Topic,
    ) -> Result<Sample, String> {
        let address = server.map_or("", |server| &server.address);
        let log = arena.log("generator");
        let blame = |why: &str| format!("{}: {why}; see {}", self.arguments, log.display());
        let mut running = Running::start(arena, &mut self.command(arena, address, topic), &log)
            .map_err(|why| blame(&why))?;
        let measured = server.map_or_else(|| vec![running.pid()], Server::pids);
        let before = Moment::read(&measured, Some(running.pid()))?;
        let result = running.line().map_err(|why| blame(&why))?;
        let after = Moment::read(&measured, Some(running.pid()))?;
        running.finish().map_err(|why| blame(&why))?;
        let result: Value =
            serde_json::from_str(&result).map_err(|error| blame(&format!("{error}: {result:?}")))?;
        let mut sample = Sample::of(result);
        before.until(&after, &mut sample);
        Ok(sample)
    }

    /// Runs it to its end, and tells where the time of `server` went meanwhile, if that can be told.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub(super) fn profile(
        &self,
        arena: &Arena,
        server: &Server,
        topic: &Topic,
    ) -> Result<Option<Profile>, String> {
        let mut running = self.beside(arena, server, topic)?;
        let Some(profiler) = Profiler::start(arena, &server.pids()) else { return Ok(None) };
        running.line()?;
        profiler.stop()
    }

    /// Lets it ask `server` while something else is measured.
    ///
    /// # Errors
    /// If it does not begin.
    pub(super) fn beside(&self, arena: &Arena, server: &Server, topic: &Topic) -> Result<Running, String> {
        let log = arena.log("beside");
        Running::start(arena, &mut self.command(arena, &server.address, topic), &log)
            .map_err(|why| format!("{}: {why}; see {}", self.arguments, log.display()))
    }
}

/// The state of all that is recorded, at one time.
pub(super) struct Moment {
    at: std::time::Instant,
    servers: Vec<Reading>,
    generator: Option<Reading>,
    machine_nanos: u64,
}

impl Moment {
    /// # Errors
    /// If one of them has ended.
    pub(super) fn read(servers: &[u32], generator: Option<u32>) -> Result<Self, String> {
        Ok(Self {
            at: now(),
            servers: servers.iter().map(|pid| recorder::read(*pid)).collect::<Result<_, _>>()?,
            generator: generator.map(recorder::read).transpose()?,
            machine_nanos: recorder::machine_busy_nanos()?,
        })
    }

    /// Sets what happened from now until `after`.
    pub(super) fn until(&self, after: &Self, sample: &mut Sample) {
        let server = Cost::sum(self.servers.iter().zip(&after.servers).map(|(a, b)| Cost::between(a, b)));
        sample.set("cpu_seconds", seconds(server.cpu_nanos));
        sample.set("switches", count(server.switches));
        sample.set("memory_peak_kib", count(server.peak_kib));
        if let Some((before, after)) = self.generator.as_ref().zip(after.generator.as_ref()) {
            sample.set("generator_cpu_seconds", seconds(Cost::between(before, after).cpu_nanos));
        }
        sample.set("machine_cpu_seconds", seconds(after.machine_nanos.saturating_sub(self.machine_nanos)));
        sample.set("wall_seconds", after.at.duration_since(self.at).as_secs_f64());
    }
}

#[expect(clippy::cast_precision_loss, reason = "a run counts far less than 2^53 of anything")]
fn count(number: u64) -> f64 {
    number as f64
}

fn seconds(nanos: u64) -> f64 {
    Duration::from_nanos(nanos).as_secs_f64()
}

/// A generator that is past its warm-up; killed when dropped.
pub(super) struct Running {
    process: Child,
    lines: Receiver<String>,
}

impl Running {
    fn start(arena: &Arena, command: &mut Command, log: &Path) -> Result<Self, String> {
        let errors = File::create(log).map_err(|error| error.to_string())?;
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(errors);
        let mut process = arena
            .on(processor::GENERATOR, || command.spawn())
            .map_err(|error| format!("cannot run {}: {error}", command.get_program().display()))?;
        let output = process.stdout.take().expect("it was asked for just above");
        let mut running = Self { process, lines: lines(output)? };
        running.expect_start()?;
        Ok(running)
    }

    /// Whether it is still at it.
    ///
    /// # Errors
    /// If it has come to its end, good or bad.
    pub(super) fn expect_at_work(&mut self) -> Result<(), String> {
        match self.process.try_wait() {
            Ok(None) => Ok(()),
            Ok(Some(status)) => Err(format!("what was to go on beside it ended: {status}")),
            Err(error) => Err(error.to_string()),
        }
    }

    fn pid(&self) -> u32 {
        self.process.id()
    }

    fn line(&mut self) -> Result<String, String> {
        match self.lines.recv_timeout(SILENCE_MAX) {
            Ok(line) => Ok(line),
            Err(mpsc::RecvTimeoutError::Timeout) => Err(format!("silent for {SILENCE_MAX:?}")),
            Err(mpsc::RecvTimeoutError::Disconnected) => Err("it ended before it said all".to_owned()),
        }
    }

    fn expect_start(&mut self) -> Result<(), String> {
        let line = self.line()?;
        let value: Value = serde_json::from_str(&line).unwrap_or_default();
        if value["measuring"] == Value::Bool(true) { Ok(()) } else { Err(format!("it began with {line:?}")) }
    }

    fn finish(&mut self) -> Result<(), String> {
        let status = self.process.wait().map_err(|error| error.to_string())?;
        if status.success() { Ok(()) } else { Err(status.to_string()) }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// The lines of a program as they come, so that waiting for one can have a limit.
fn lines(output: ChildStdout) -> Result<Receiver<String>, String> {
    let (sender, receiver) = mpsc::channel();
    std::thread::Builder::new()
        .name("generator's lines".to_owned())
        .spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        })
        .map_err(|error| format!("cannot start a thread: {error}"))?;
    Ok(receiver)
}

#[cfg(test)]
mod tests;
