//! What the broker's cleaner reads and writes, as the kernel counts it for the thread.

use crate::reliability::clock::{now, pause};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The cleaner's thread of a running broker.
pub(super) struct Cleaner {
    tasks: PathBuf,
}

/// A pass over the compacted topic ends, or a next one begins, within this.
const WAIT: Duration = Duration::from_secs(60);
/// No work for so long means that there is none.
const REST: Duration = Duration::from_millis(1500);
/// Less than this is the thread waking others.
const WORK_BYTES: u64 = 1 << 20;

impl Cleaner {
    pub(super) fn of(pid: u32) -> Self {
        Self { tasks: PathBuf::from(format!("/proc/{pid}/task")) }
    }

    /// Bytes that it has read and written so far.
    pub(super) fn bytes(&self) -> Result<u64, String> {
        let failed = |error: std::io::Error| format!("{}: {error}", self.tasks.display());
        for task in std::fs::read_dir(&self.tasks).map_err(failed)? {
            let path = task.map_err(failed)?.path();
            // A thread may have ended since.
            let name = std::fs::read_to_string(path.join("comm")).unwrap_or_default();
            if name.trim() == "cleaner" {
                return counted(&path);
            }
        }
        Err("the broker has no cleaner".to_owned())
    }

    /// Until it has nothing to do.
    pub(super) fn await_rest(&self) -> Result<(), String> {
        self.wait(|bytes| bytes < WORK_BYTES, "the cleaner does not come to rest")
    }

    /// Until it works.
    pub(super) fn await_work(&self) -> Result<(), String> {
        self.wait(|bytes| WORK_BYTES <= bytes, "the cleaner does not begin")
    }

    fn wait(&self, is_over: impl Fn(u64) -> bool, otherwise: &str) -> Result<(), String> {
        let begin = now();
        while begin.elapsed() < WAIT {
            let before = self.bytes()?;
            pause(REST);
            if is_over(self.bytes()?.saturating_sub(before)) {
                return Ok(());
            }
        }
        Err(format!("{otherwise} within {WAIT:?}"))
    }
}

fn counted(task: &Path) -> Result<u64, String> {
    let path = task.join("io");
    let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    sum(&text).ok_or_else(|| format!("{}: not what was expected: {text:?}", path.display()))
}

pub(super) fn sum(text: &str) -> Option<u64> {
    let figure =
        |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse::<u64>().ok());
    Some(figure("rchar:")? + figure("wchar:")?)
}
