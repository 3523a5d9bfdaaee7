//! Which processor a process may use: it inherits that from the thread that starts it.

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use std::io;

/// The processor of what is measured.
pub(super) const SERVER: usize = 0;
/// The processor of what asks.
pub(super) const GENERATOR: usize = 1;

/// Runs `start` while this thread may use `processor` alone, so that what it starts may use nothing else either.
///
/// A machine with one processor has nothing to choose from.
///
/// # Errors
/// If the kernel refuses, or `start` fails.
pub(super) fn on<T>(processor: usize, start: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    let all = sched_getaffinity(None)?;
    if all.count() < 2 {
        return start();
    }
    let mut one = CpuSet::new();
    one.set(processor);
    sched_setaffinity(None, &one)?;
    let started = start();
    sched_setaffinity(None, &all)?;
    started
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_may_use_the_one_processor_and_this_thread_all_as_before() {
        let before = sched_getaffinity(None).unwrap();
        let output =
            on(SERVER, || std::process::Command::new("cat").arg("/proc/self/status").output()).unwrap();
        let status = String::from_utf8_lossy(&output.stdout).into_owned();
        let allowed = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:")).map(str::trim);
        if 1 < before.count() {
            assert_eq!(allowed, Some("0"));
        }
        assert_eq!(sched_getaffinity(None).unwrap(), before);
    }
}
