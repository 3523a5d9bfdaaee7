//! What the checker says of a run's histories. It is a program of its own, for `xtask` uses no crate of Ottla's.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The checker's report.
pub(super) struct Verdict(Value);

impl Verdict {
    /// Has the histories judged together.
    ///
    /// # Errors
    /// If they cannot be read.
    pub(super) fn of(judge: &Path, histories: &[PathBuf]) -> Result<Self, String> {
        let output = Command::new(judge)
            .args(["check", "--json"])
            .args(histories)
            .stdin(Stdio::null())
            .output()
            .map_err(|error| format!("cannot run {}: {error}", judge.display()))?;
        let report = String::from_utf8_lossy(&output.stdout).into_owned();
        let complaint = || String::from_utf8_lossy(&output.stderr).trim().to_owned();
        serde_json::from_str(&report).map(Self).map_err(|_| format!("the checker: {}", complaint()))
    }

    /// # Errors
    /// If there is a violation, or nothing was looked at.
    pub(super) fn clean(&self) -> Result<(), String> {
        if self.count("acknowledged") == 0 || self.count("seen") == 0 {
            return Err(format!("nothing was checked: {}", self.text()));
        }
        match self.0["violations"].as_u64() {
            Some(0) => Ok(()),
            _ => Err(format!("violated: {:#}", self.0)),
        }
    }

    fn count(&self, name: &str) -> u64 {
        self.0["count"][name].as_u64().unwrap_or(0)
    }

    /// One line.
    pub(super) fn text(&self) -> String {
        let figures = self.figures().into_iter().map(|(name, figure)| format!("{name}: {figure}"));
        figures.collect::<Vec<_>>().join(", ")
    }

    /// Names and figures.
    pub(super) fn figures(&self) -> Vec<(&'static str, String)> {
        let transactions = ["committed", "aborted", "undecided"].map(|name| self.count(name));
        let mut figures = vec![
            ("records acknowledged", self.count("acknowledged").to_string()),
            ("records without an answer", self.count("unknown").to_string()),
            ("records checked", self.count("seen").to_string()),
            ("records given to readers", self.count("polled").to_string()),
        ];
        if transactions != [0; 3] {
            let [committed, aborted, unknown] = transactions;
            let text = format!("{committed}, {aborted}, {unknown}");
            figures.push(("transactions committed, aborted, without an answer", text));
        }
        figures.push(("group offsets committed", self.count("offsets").to_string()));
        figures.push(("violations", self.0["violations"].to_string()));
        figures
    }
}
