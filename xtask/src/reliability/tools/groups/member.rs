//! A member of a group as a process: a verifiable tool, which prints every event as a line of JSON.

use super::super::super::clock::{now, pause};
use super::{LIMIT, Run};
use rustix::process::{Pid, Signal};
use serde_json::Value;
use std::collections::BTreeMap;
use std::process::Child;
use std::time::Duration;

/// A partition and an offset, and how often it was delivered.
pub(super) type Deliveries = BTreeMap<(u64, u64), usize>;

/// Killed when dropped.
pub(super) struct Member<'a> {
    run: &'a Run<'a>,
    process: Child,
    output: String,
}

impl<'a> Member<'a> {
    /// Starts the tool; what it prints goes to the file `name`.
    pub(super) fn start(
        run: &'a Run<'a>,
        tool: &str,
        arguments: &[&str],
        name: &str,
    ) -> Result<Self, String> {
        let address = run.broker.address();
        let all = [&["--bootstrap-server", &address], arguments].concat();
        let output = format!("{name}.out");
        let process = run.kit.start(tool, &all, &output)?;
        Ok(Self { run, process, output })
    }

    /// Every event of one name so far.
    pub(super) fn events(&self, name: &str) -> Vec<Value> {
        self.events_of(&[name])
    }

    /// Every event of these names so far, in their order.
    pub(super) fn events_of(&self, names: &[&str]) -> Vec<Value> {
        let printed = self.run.kit.printed(&self.output);
        let events = printed.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        events.filter(|event| event["name"].as_str().is_some_and(|name| names.contains(&name))).collect()
    }

    /// How many records events of one name speak of.
    pub(super) fn count(&self, name: &str) -> u64 {
        self.events(name).iter().filter_map(|event| event["count"].as_u64()).sum()
    }

    /// Ends it as an operator does, and looks whether it closed in order.
    pub(super) fn stop(mut self) -> Result<(), String> {
        let output = self.output.clone();
        rustix::process::kill_process(Pid::from_child(&self.process), Signal::TERM)
            .map_err(|error| format!("{output} cannot be stopped: {error}"))?;
        wait(&format!("the end of {output}"), || {
            self.process.try_wait().map(|status| status.is_some()).map_err(|error| error.to_string())
        })?;
        if self.events("shutdown_complete").len() == 1 {
            return Ok(());
        }
        Err(format!("the member did not close in order: see {output}"))
    }
}

impl Drop for Member<'_> {
    fn drop(&mut self) {
        // Often it has ended by now, which is as good.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// Waits until something is so.
pub(super) fn wait(what: &str, mut is_so: impl FnMut() -> Result<bool, String>) -> Result<(), String> {
    let begin = now();
    while begin.elapsed() < LIMIT {
        if is_so()? {
            return Ok(());
        }
        pause(Duration::from_millis(200));
    }
    Err(format!("waited {LIMIT:?} in vain for {what}"))
}
