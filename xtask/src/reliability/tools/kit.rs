//! Kafka's tools, each run as a program of its own.

use super::super::clock::{now, pause};
use crate::conformance::clients::{JVM, java_jars};
use crate::conformance::packages::{Setback, Shelf};
use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// The version of the tools of torture.
pub(super) const VERSION: &str = "4.3.1";

/// Where the tools are, and where what they print goes.
pub(super) struct Kit {
    class_path: String,
    logs: PathBuf,
}

impl Kit {
    /// # Errors
    /// If the machine lacks something that they need.
    pub(super) fn prepare(shelf: &Shelf, version: &str) -> Result<Self, Setback> {
        let jars = java_jars(shelf, "console", version)?;
        Ok(Self { class_path: format!("{}/*", jars.display()), logs: shelf.folder("tools-run") })
    }

    /// Starts a tool; what it prints goes to the file `output` in the run's folder.
    ///
    /// # Errors
    /// If it cannot be started.
    pub(super) fn start(&self, tool: &str, arguments: &[&str], output: &str) -> Result<Child, String> {
        let path = self.logs.join(output);
        let create = |path: &Path| File::create(path).map_err(|error| format!("{}: {error}", path.display()));
        Command::new("java")
            .args(JVM)
            .arg("-cp")
            .arg(&self.class_path)
            .arg(format!("org.apache.kafka.tools.{tool}"))
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(create(&path)?)
            .stderr(create(&path.with_extension("err"))?)
            .spawn()
            .map_err(|error| format!("cannot start {tool}: {error}"))
    }

    /// What a tool printed to the file `output`.
    pub(super) fn printed(&self, output: &str) -> String {
        let bytes = std::fs::read(self.logs.join(output)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Runs a tool to its end and gives what it printed.
    ///
    /// # Errors
    /// If it fails or takes longer than `limit`.
    pub(super) fn run(&self, tool: &str, arguments: &[&str], limit: Duration) -> Result<String, String> {
        let output = format!("{}.out", tool.rsplit('.').next().unwrap_or(tool));
        let mut child = self.start(tool, arguments, &output)?;
        let begin = now();
        while begin.elapsed() < limit {
            match child.try_wait().map_err(|error| error.to_string())? {
                Some(status) if status.success() => return Ok(self.printed(&output)),
                Some(status) => return Err(format!("{tool} ended with {status}: see {output}")),
                None => pause(Duration::from_millis(50)),
            }
        }
        // It may have ended just now.
        drop(child.kill());
        drop(child.wait());
        Err(format!("{tool} did not end within {limit:?}: see {output}"))
    }

    /// All values of a topic at `read_committed`, by partition and in order.
    ///
    /// # Errors
    /// If the tool fails.
    pub(super) fn read(&self, address: &str, topic: &str) -> Result<BTreeMap<String, Vec<String>>, String> {
        let class = "consumer.ConsoleConsumer";
        let output = self.run(
            class,
            &[
                "--bootstrap-server",
                address,
                "--topic",
                topic,
                "--from-beginning",
                "--isolation-level",
                "read_committed",
                "--timeout-ms",
                "5000",
                "--formatter-property",
                "print.partition=true",
            ],
            Duration::from_secs(120),
        )?;
        let mut values: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (partition, value) in output.lines().filter_map(|line| line.split_once('\t')) {
            values.entry(partition.to_owned()).or_default().push(value.to_owned());
        }
        Ok(values)
    }
}
