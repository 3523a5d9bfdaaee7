//! How soon a broker is ready on an empty directory, and what it holds when nobody talks to it.

use super::process::{Broker, Memory};
use super::report;
use crate::Outcome;
use std::path::Path;
use std::time::{Duration, Instant};

/// Starts per measurement. Odd, so that the median is one of them.
const RUNS: usize = 15;
/// How long a broker is left alone before its memory is read.
const IDLE: Duration = Duration::from_secs(2);
/// What the project promises.
const READY_MS_MAX: f64 = 30.0;
const RESIDENT_KIB_MAX: u64 = 15 * 1024;

/// What one start cost.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Start {
    /// From before the process was made to the line that says it is ready.
    ready_ms: f64,
    memory: Memory,
}

/// Starts brokers, one after the other.
pub(super) fn measure(program: &Path) -> Result<Vec<Start>, String> {
    (0..RUNS).map(|_| one(program)).collect()
}

#[expect(clippy::disallowed_methods, reason = "measuring time is what this program is for")]
fn one(program: &Path) -> Result<Start, String> {
    let begun = Instant::now();
    let broker = Broker::start(program)?;
    let ready_ms = begun.elapsed().as_secs_f64() * 1000.0;
    std::thread::sleep(IDLE);
    Ok(Start { ready_ms, memory: broker.memory()? })
}

/// Fails where the promise is broken, and prints what was measured either way.
pub(super) fn check(starts: &[Start]) -> Outcome {
    println!("{}", text(starts));
    let ready = report::median(starts.iter().map(|start| start.ready_ms));
    let resident = starts.iter().map(|start| start.memory.resident_kib).max().unwrap_or(u64::MAX);
    if READY_MS_MAX < ready {
        return Err(format!("ready after {ready:.1} ms, promised are {READY_MS_MAX} ms"));
    }
    if RESIDENT_KIB_MAX < resident {
        return Err(format!("{resident} KiB resident when idle, promised are {RESIDENT_KIB_MAX} KiB"));
    }
    Ok(())
}

/// The section of the document.
pub(super) fn text(starts: &[Start]) -> String {
    let memory =
        |part: fn(&Memory) -> u64| starts.iter().map(move |start| report::mebibytes(part(&start.memory)));
    let rows = [
        report::row("ready after (ms)", starts.iter().map(|start| start.ready_ms)),
        report::row("resident when idle (MiB)", memory(|memory| memory.resident_kib)),
        report::row("of it not backed by a file (MiB)", memory(|memory| memory.anonymous_kib)),
    ];
    let what = format!("{} starts on an empty directory, idle for {} s", starts.len(), IDLE.as_secs());
    report::table("cargo xtask measure start", &what, &rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_promise_fails_the_check() {
        let memory = Memory { resident_kib: 10_000, anonymous_kib: 1_000 };
        let good = Start { ready_ms: 20.0, memory };
        assert_eq!(check(&[good; 3]), Ok(()));
        assert!(check(&[Start { ready_ms: READY_MS_MAX + 1.0, ..good }; 3]).is_err());
        let heavy = Memory { resident_kib: RESIDENT_KIB_MAX + 1, ..memory };
        assert!(check(&[good, good, Start { memory: heavy, ..good }]).is_err());
    }
}
