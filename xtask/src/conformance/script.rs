//! One run of one script: its lines as they come, its errors in a file, its end within a limit.
//!
//! A script may start programs of its own, so it gets a process group, and the whole group ends with it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

/// How a script's run ended, and what it cost.
pub(super) struct Ended {
    /// Why the run as a whole is not well, although the features that were reported may be.
    pub(super) fault: Option<String>,
    pub(super) seconds: f64,
}

/// Runs the command with the settings in its environment and hands every line it prints to `hear`.
pub(super) fn run(
    mut command: Command,
    settings: &BTreeMap<&str, String>,
    log: &Path,
    limit: Duration,
    hear: impl FnMut(&str),
) -> Ended {
    let start = now();
    let fault = attempt(&mut command, settings, log, limit, hear).err();
    Ended { fault, seconds: (now() - start).as_secs_f64() }
}

fn attempt(
    command: &mut Command,
    settings: &BTreeMap<&str, String>,
    log: &Path,
    limit: Duration,
    mut hear: impl FnMut(&str),
) -> Result<(), String> {
    let errors = File::create(log).map_err(|error| format!("cannot create {}: {error}", log.display()))?;
    let mut child = command
        .envs(settings)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(errors)
        .process_group(0)
        .spawn()
        .map_err(|error| format!("cannot run {command:?}: {error}"))?;
    let group = rustix::process::Pid::from_child(&child);
    let output = child.stdout.take().expect("it was asked for just above");
    let (sender, lines) = mpsc::channel();
    std::thread::Builder::new()
        .name("script's lines".to_owned())
        .spawn(move || {
            BufReader::new(output).lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
        })
        .map_err(|error| format!("cannot start a thread: {error}"))?;
    let end = now() + limit;
    let in_time = loop {
        match lines.recv_timeout(end.saturating_duration_since(now())) {
            Ok(line) => hear(&line),
            Err(RecvTimeoutError::Disconnected) => break true,
            Err(RecvTimeoutError::Timeout) => break false,
        }
    };
    // A script that closed its output is done; whatever it left running would disturb the next one.
    let status = if in_time { child.wait() } else { Ok(Default::default()) };
    // Often the group is empty by now, which is as good.
    let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    drop(child.wait());
    match status {
        _ if !in_time => Err(format!("stopped after {} s", limit.as_secs())),
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("the script ended with {status}; {}", last_words(log))),
        Err(error) => Err(format!("cannot wait for the script: {error}")),
    }
}

/// The last line that a script wrote to its errors, and where the others are.
fn last_words(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let last = text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it said nothing");
    format!("{last} (all of it: {})", log.display())
}

#[expect(clippy::disallowed_methods, reason = "a developer's program may look at the clock")]
fn now() -> Instant {
    Instant::now()
}
