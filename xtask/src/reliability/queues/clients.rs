//! The programs of clients, and what they are asked to do.

use super::super::load::{Load, Running};
use super::groups::GROUPS;
use crate::conformance::clients::{JAVA_NEW, JVM, class_path, java_program, python_environment};
use crate::conformance::packages::{Setback, Shelf};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Whose clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    Java,
    Python,
}

const LANGUAGES: [Language; 2] = [Language::Java, Language::Python];

/// What runs them, and what all of them are told.
pub(super) struct Programs {
    class_path: String,
    python: PathBuf,
    script: PathBuf,
}

/// Where the programs of one run work.
pub(super) struct Site<'a> {
    pub(super) programs: &'a Programs,
    pub(super) folder: &'a Path,
    pub(super) address: String,
    pub(super) seed: u64,
}

impl Programs {
    /// # Errors
    /// If the machine lacks something that they need, or they do not build.
    pub(super) fn prepare(shelf: &Shelf) -> Result<Self, Setback> {
        let (jars, classes) = java_program(shelf, "queues", JAVA_NEW)?;
        let python = python_environment(shelf)?.join("bin/python");
        Ok(Self { class_path: class_path(&classes, &jars), python, script: shelf.script("queues/queues.py") })
    }

    /// Which clients these are, for the document.
    pub(super) fn what() -> String {
        format!("share consumers of the Java client {JAVA_NEW} and of confluent-kafka (librdkafka)")
    }

    fn command(&self, language: Language) -> Command {
        match language {
            Language::Java => {
                let mut command = Command::new("java");
                command.args(JVM).arg("-cp").arg(&self.class_path).arg("Queues");
                command
            }
            Language::Python => {
                let mut command = Command::new(&self.python);
                command.arg(&self.script);
                command
            }
        }
    }
}

impl Site<'_> {
    /// Starts a program; its members have names that begin with `name`.
    ///
    /// # Errors
    /// If it cannot be started.
    pub(super) fn start(&self, language: Language, name: &str, task: &[&str]) -> Result<Running, String> {
        let mut command = self.programs.command(language);
        command
            .args(task)
            .env("BOOTSTRAP", &self.address)
            .env("SEED", self.seed.to_string())
            .env("CLIENTS", name);
        Running::start(command, name, self.folder)
    }

    /// Producers, and members that live through everything.
    ///
    /// # Errors
    /// If a program cannot be started.
    pub(super) fn load(&self) -> Result<Load, String> {
        self.both("load", &["load"])
    }

    /// Members of all groups that accept everything.
    ///
    /// # Errors
    /// If a program cannot be started.
    pub(super) fn drain(&self) -> Result<Load, String> {
        let task: Vec<&str> = ["drain"].into_iter().chain(GROUPS.iter().map(|group| group.name)).collect();
        self.both("drain", &task)
    }

    /// Reads all topics, and gives the history.
    ///
    /// # Errors
    /// If that does not succeed.
    pub(super) fn read(&self) -> Result<Vec<PathBuf>, String> {
        let task: Vec<&str> = ["read"].into_iter().chain(GROUPS.iter().map(|group| group.name)).collect();
        let mut load = Load::default();
        load.add(self.start(Language::Python, "reader", &task)?);
        load.end()
    }

    fn both(&self, name: &str, task: &[&str]) -> Result<Load, String> {
        let mut load = Load::default();
        for language in LANGUAGES {
            let name = format!("{}-{name}", format!("{language:?}").to_lowercase());
            load.add(self.start(language, &name, task)?);
        }
        Ok(load)
    }
}
