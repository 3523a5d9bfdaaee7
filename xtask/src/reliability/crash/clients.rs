//! The two programs of clients.

use super::super::load::{Load, Running};
use crate::conformance::clients::{JAVA_NEW, JVM, class_path, java_program, rust_program};
use crate::conformance::packages::{Setback, Shelf};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A program, ready to be run with `load` or `drain` as its argument.
struct Program {
    name: &'static str,
    command: fn(&Programs) -> Command,
}

const PROGRAMS: &[Program] = &[
    Program { name: "librdkafka", command: |programs| Command::new(&programs.rdkafka) },
    Program { name: "java", command: |programs| programs.java() },
];

/// What runs them.
pub(super) struct Programs {
    rdkafka: PathBuf,
    class_path: String,
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
    pub(super) fn what() -> String {
        format!("librdkafka (Rust crate rdkafka) and the Java client {JAVA_NEW} in two processes")
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
        self.start("load", folder, |command| {
            command.env("BOOTSTRAP", address).env("SEED", seed.to_string()).env("FEATURES", features);
        })
    }

    /// Reads all that is left, and gives the histories.
    ///
    /// # Errors
    /// If one does not succeed.
    pub(super) fn drain(&self, folder: &Path, address: &str, features: &str) -> Result<Vec<PathBuf>, String> {
        let load = self.start("drain", folder, |command| {
            command.env("BOOTSTRAP", address).env("FEATURES", features);
        })?;
        load.end()
    }

    fn start(&self, task: &str, folder: &Path, settings: impl Fn(&mut Command)) -> Result<Load, String> {
        let mut load = Load::default();
        for program in PROGRAMS {
            let mut command = (program.command)(self);
            settings(command.arg(task));
            load.add(Running::start(command, &format!("{}-{task}", program.name), folder)?);
        }
        Ok(load)
    }
}
