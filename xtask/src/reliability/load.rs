//! Programs of clients at work, each with its log and its history in the folder of the run.

use super::clock::{now, pause};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::time::Duration;

/// Who flushes when everything is over waits for records that were sent before the last kill.
const END_LIMIT: Duration = Duration::from_secs(180);

/// One program. It is killed when dropped.
pub(super) struct Running {
    name: String,
    process: Child,
    input: Option<ChildStdin>,
    history: PathBuf,
}

/// Several of them.
#[derive(Default)]
pub(super) struct Load(Vec<Running>);

impl Running {
    /// Starts a program, which works until its input ends.
    ///
    /// # Errors
    /// If it cannot be started.
    pub(super) fn start(mut command: Command, name: &str, folder: &Path) -> Result<Self, String> {
        let log = folder.join(format!("{name}.log"));
        let history = folder.join(format!("{name}.jsonl"));
        let create = |path: &Path| File::create(path).map_err(|error| format!("{}: {error}", path.display()));
        let errors = create(&log)?;
        // A program may be killed before it begins to tell anything.
        create(&history)?;
        let mut process = command
            .env("HISTORY", &history)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(errors)
            .spawn()
            .map_err(|error| format!("cannot start {command:?}: {error}"))?;
        let input = process.stdin.take();
        Ok(Self { name: name.to_owned(), process, input, history })
    }

    /// # Errors
    /// If it has ended, which only happens when something is wrong.
    pub(super) fn check(&mut self) -> Result<(), String> {
        match self.process.try_wait().map_err(|error| error.to_string())? {
            Some(status) => Err(format!("{} ended with {status} in the middle; see its log", self.name)),
            None => Ok(()),
        }
    }

    /// SIGKILL, and gone. Gives the history.
    pub(super) fn kill(self) -> PathBuf {
        self.history.clone()
    }

    fn wait(&mut self, limit: Duration) -> Result<(), String> {
        let (name, begin) = (&self.name, now());
        let status: ExitStatus = loop {
            match self.process.try_wait().map_err(|error| error.to_string())? {
                Some(status) => break status,
                None if limit < begin.elapsed() => {
                    return Err(format!("{name} does not come to an end; see its log"));
                }
                None => pause(Duration::from_millis(20)),
            }
        };
        if status.success() { Ok(()) } else { Err(format!("{name} ended with {status}; see its log")) }
    }
}

impl Load {
    pub(super) fn add(&mut self, running: Running) {
        self.0.push(running);
    }

    /// # Errors
    /// If a program has ended, which only happens when something is wrong.
    pub(super) fn check(&mut self) -> Result<(), String> {
        self.0.iter_mut().try_for_each(Running::check)
    }

    /// Tells all to end, waits until they have, and gives their histories.
    ///
    /// # Errors
    /// If one fails or takes too long.
    pub(super) fn end(mut self) -> Result<Vec<PathBuf>, String> {
        self.0.iter_mut().for_each(|running| running.input = None);
        let begin = now();
        for running in &mut self.0 {
            running.wait(END_LIMIT.saturating_sub(begin.elapsed()))?;
        }
        Ok(self.0.iter().map(|running| running.history.clone()).collect())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Most have ended by now.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}
