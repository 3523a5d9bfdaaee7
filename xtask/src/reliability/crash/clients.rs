//! The two programs of clients, their lives and their histories.

use super::super::clock::{now, pause};
use crate::conformance::clients::{JAVA_NEW, JVM, class_path, java_program, rust_program};
use crate::conformance::packages::{Setback, Shelf};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::time::Duration;

/// A program, ready to be run with `load` or `drain` as its argument.
struct Program {
    name: &'static str,
    command: fn(&Programs) -> Command,
}

const PROGRAMS: &[Program] = &[
    Program { name: "librdkafka", command: |programs| Command::new(&programs.rdkafka) },
    Program { name: "java", command: |programs| programs.java() },
];

/// Who flushes when everything is over waits for records that were sent before the last kill.
const END_LIMIT: Duration = Duration::from_secs(180);

/// What runs them.
pub(super) struct Programs {
    rdkafka: PathBuf,
    class_path: String,
}

/// The programs at work.
pub(super) struct Load {
    running: Vec<Running>,
}

struct Running {
    name: &'static str,
    process: Child,
    input: Option<ChildStdin>,
    history: PathBuf,
}

impl Programs {
    /// # Errors
    /// If the machine lacks something that they need, or they do not build.
    pub(super) fn prepare(shelf: &Shelf) -> Result<Self, Setback> {
        let rdkafka = rust_program(shelf, "crash", "crash-rdkafka")?;
        let (jars, classes) = java_program(shelf, "crash", JAVA_NEW)?;
        Ok(Self { rdkafka: rdkafka.get_program().into(), class_path: class_path(&classes, &jars) })
    }

    fn java(&self) -> Command {
        let mut command = Command::new("java");
        command.args(JVM).arg("-cp").arg(&self.class_path).arg("Crash");
        command
    }

    /// Which clients these are, for the document.
    pub(super) fn what(&self) -> String {
        format!(
            "release build, librdkafka (Rust crate rdkafka) and the Java client {JAVA_NEW} in two processes"
        )
    }

    /// Starts the load.
    ///
    /// # Errors
    /// If a program cannot be started.
    pub(super) fn load(
        &self,
        folder: &Path,
        address: &str,
        seed: u64,
        features: &str,
    ) -> Result<Load, String> {
        let mut load = Load { running: Vec::new() };
        for program in PROGRAMS {
            let mut running = self.start(program, "load", folder, |command| {
                command.env("BOOTSTRAP", address).env("SEED", seed.to_string()).env("FEATURES", features);
            })?;
            running.input = running.process.stdin.take();
            load.running.push(running);
        }
        Ok(load)
    }

    /// Reads all that is left, one program after the other, and gives the histories.
    ///
    /// # Errors
    /// If one does not succeed.
    pub(super) fn drain(&self, folder: &Path, address: &str, features: &str) -> Result<Vec<PathBuf>, String> {
        let mut load = Load { running: Vec::new() };
        for program in PROGRAMS {
            load.running.push(self.start(program, "drain", folder, |command| {
                command.env("BOOTSTRAP", address).env("FEATURES", features);
            })?);
        }
        load.end()?;
        Ok(load.histories())
    }

    fn start(
        &self,
        program: &Program,
        task: &str,
        folder: &Path,
        settings: impl FnOnce(&mut Command),
    ) -> Result<Running, String> {
        let name = program.name;
        let log = folder.join(format!("{name}-{task}.log"));
        let history = folder.join(format!("{name}-{task}.jsonl"));
        let errors = File::create(&log).map_err(|error| format!("{}: {error}", log.display()))?;
        let mut command = (program.command)(self);
        settings(&mut command);
        let process = command
            .arg(task)
            .env("HISTORY", &history)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(errors)
            .spawn()
            .map_err(|error| format!("cannot start {command:?}: {error}"))?;
        Ok(Running { name, process, input: None, history })
    }
}

impl Load {
    /// # Errors
    /// If a program has ended, which only happens when something is wrong.
    pub(super) fn check(&mut self) -> Result<(), String> {
        for Running { name, process, .. } in &mut self.running {
            if let Some(status) = process.try_wait().map_err(|error| error.to_string())? {
                return Err(format!("{name} ended with {status} in the middle; see its log"));
            }
        }
        Ok(())
    }

    /// Tells all to end and waits until they have.
    ///
    /// # Errors
    /// If one fails or takes too long.
    pub(super) fn end(&mut self) -> Result<(), String> {
        for running in &mut self.running {
            running.input = None;
        }
        let begin = now();
        for Running { name, process, .. } in &mut self.running {
            let status: ExitStatus = loop {
                match process.try_wait().map_err(|error| error.to_string())? {
                    Some(status) => break status,
                    None if END_LIMIT < begin.elapsed() => {
                        return Err(format!("{name} does not come to an end; see its log"));
                    }
                    None => pause(Duration::from_millis(20)),
                }
            };
            if !status.success() {
                return Err(format!("{name} ended with {status}; see its log"));
            }
        }
        Ok(())
    }

    pub(super) fn histories(&self) -> Vec<PathBuf> {
        self.running.iter().map(|running| running.history.clone()).collect()
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        for Running { process, .. } in &mut self.running {
            // Most have ended by now.
            drop(process.kill());
            drop(process.wait());
        }
    }
}
