//! What a judge of Ottla's says of a run's histories. It is a program of its own, for `xtask` uses no crate of Ottla's.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The judge's report.
pub(super) struct Verdict(Value);

impl Verdict {
    /// Has the histories judged together, by the command `verb` of the program.
    ///
    /// # Errors
    /// If they cannot be read.
    pub(super) fn of(judge: &Path, verb: &[&str], histories: &[PathBuf]) -> Result<Self, String> {
        let output = Command::new(judge)
            .args(verb)
            .arg("--json")
            .args(histories)
            .stdin(Stdio::null())
            .output()
            .map_err(|error| format!("cannot run {}: {error}", judge.display()))?;
        let report = String::from_utf8_lossy(&output.stdout).into_owned();
        let complaint = || String::from_utf8_lossy(&output.stderr).trim().to_owned();
        serde_json::from_str(&report).map(Self).map_err(|_| format!("the checker: {}", complaint()))
    }

    /// # Errors
    /// If there is a violation, or of one of these nothing was looked at.
    pub(super) fn clean(&self, looked_at: &[&str]) -> Result<(), String> {
        if looked_at.iter().any(|name| self.count(name) == 0) {
            return Err(format!("nothing was checked: {}", self.0["count"]));
        }
        match self.0["violations"].as_u64() {
            Some(0) => Ok(()),
            _ => Err(format!("violated: {:#}", self.0)),
        }
    }

    /// How much of something was looked at.
    pub(super) fn count(&self, name: &str) -> u64 {
        self.0["count"][name].as_u64().unwrap_or(0)
    }

    pub(super) fn violations(&self) -> String {
        self.0["violations"].to_string()
    }
}
