//! `cargo xtask measure start`: how soon an empty broker is ready, and how much memory it holds when idle.
//!
//! Numbers in `docs/performance.md` are written by this program and by nobody else: each section stands
//! between two comment lines and is replaced as a whole by the run that measured it.

mod report;

use crate::step::{cargo, finish};
use crate::{Outcome, tree};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Starts per measurement. Odd, so that the median is one of them.
const RUNS: usize = 15;
/// How long a broker is left alone before its memory is read.
const IDLE: Duration = Duration::from_secs(2);
/// What the project promises; `--check` fails above it.
const READY_MS_MAX: f64 = 100.0;
const RESIDENT_KIB_MAX: u64 = 30 * 1024;

/// What one start cost.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Start {
    /// From before the process was made to the line that says it is ready.
    ready_ms: f64,
    /// Resident memory after [`IDLE`], file pages included.
    resident_kib: u64,
    /// The part of it that no file backs.
    anonymous_kib: u64,
}

/// Runs the measurement that the arguments name.
pub(crate) fn run(arguments: &[String]) -> Outcome {
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["start"] => report::write("start", &report::text(&starts()?)),
        ["start", "--check"] => check(&starts()?),
        _ => Err("usage: cargo xtask measure start [--check]".to_owned()),
    }
}

/// Fails where the promise is broken, and prints what was measured either way.
fn check(starts: &[Start]) -> Outcome {
    println!("{}", report::text(starts));
    let ready = report::median(starts.iter().map(|start| start.ready_ms));
    let resident = starts.iter().map(|start| start.resident_kib).max().unwrap_or(u64::MAX);
    if READY_MS_MAX < ready {
        return Err(format!("ready after {ready:.1} ms, promised are {READY_MS_MAX} ms"));
    }
    if RESIDENT_KIB_MAX < resident {
        return Err(format!("{resident} KiB resident when idle, promised are {RESIDENT_KIB_MAX} KiB"));
    }
    Ok(())
}

fn starts() -> Result<Vec<Start>, String> {
    finish(cargo(&["build", "--release", "--locked", "--package", "ottla"]))?;
    let target = target();
    let data = target.join("measure");
    let starts = (0..RUNS).map(|_| start(&target.join("release/ottla"), &data)).collect();
    remove(&data)?;
    starts
}

/// One start on an empty directory, ended by SIGKILL: how a broker stops is not measured here.
#[expect(clippy::disallowed_methods, reason = "measuring time is what this program is for")]
fn start(program: &Path, data: &Path) -> Result<Start, String> {
    remove(data)?;
    std::fs::create_dir_all(data).map_err(|error| format!("{}: {error}", data.display()))?;
    let begun = Instant::now();
    let mut child = Command::new(program)
        .args(["serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(data)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("cannot start {}: {error}", program.display()))?;
    let line = first_line(&mut child);
    let ready_ms = begun.elapsed().as_secs_f64() * 1000.0;
    std::thread::sleep(IDLE);
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
    child.kill().and_then(|()| child.wait()).map_err(|error| format!("cannot end the broker: {error}"))?;
    if !line.contains("\"ready\":true") {
        return Err(format!("the broker's first line is no ready line: {line:?}"));
    }
    Ok(Start { ready_ms, resident_kib: kib(&status, "VmRSS")?, anonymous_kib: kib(&status, "RssAnon")? })
}

fn first_line(child: &mut Child) -> String {
    let mut line = String::new();
    if let Some(output) = child.stdout.take() {
        // A broker that ends without a word leaves the line empty, and the caller says so.
        let _ = BufReader::new(output).read_line(&mut line);
    }
    line
}

/// `VmRSS:     1234 kB` → 1234
fn kib(status: &str, name: &str) -> Result<u64, String> {
    let value = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    value
        .and_then(|value| value.trim().trim_end_matches("kB").trim().parse().ok())
        .ok_or_else(|| format!("the broker's status has no {name}: has it ended?"))
}

fn remove(data: &Path) -> Outcome {
    match std::fs::remove_dir_all(data) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(format!("{}: {error}", data.display()))
        }
        _ => Ok(()),
    }
}

/// Where cargo builds: beside the sources, so on a disk and not in memory, unless the developer moved it.
fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| tree::root().join("target"), PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_from_the_status_of_the_process() {
        let status = "Name:\tottla\nVmRSS:\t   8844 kB\nRssAnon:\t    2040 kB\n";
        assert_eq!(kib(status, "VmRSS"), Ok(8844));
        assert_eq!(kib(status, "RssAnon"), Ok(2040));
        assert!(kib("", "VmRSS").is_err());
    }

    #[test]
    fn a_broken_promise_fails_the_check() {
        let good = Start { ready_ms: 20.0, resident_kib: 10_000, anonymous_kib: 1_000 };
        assert_eq!(check(&[good; 3]), Ok(()));
        assert!(check(&[Start { ready_ms: 101.0, ..good }; 3]).is_err());
        assert!(check(&[good, good, Start { resident_kib: 30 * 1024 + 1, ..good }]).is_err());
    }
}
