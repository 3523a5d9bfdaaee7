//! Where a program runs and what it may open.

use crate::command::{Failure, Outcome, While};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::thread::{CpuSet, sched_setaffinity};

/// Keeps this thread, and those that it starts from now on, on one processor; without a number, nothing changes.
pub(crate) fn to_cpu(number: Option<usize>) -> Outcome {
    let Some(number) = number else { return Ok(()) };
    let mut set = CpuSet::new();
    if CpuSet::MAX_CPU <= number {
        return Err(Failure::new(format!(
            "--cpu {number}: processors are counted from 0 to {}",
            CpuSet::MAX_CPU - 1
        )));
    }
    set.set(number);
    sched_setaffinity(None, &set).while_doing(format_args!("moving to processor {number} (is there one?)"))
}

/// Lets this process open as many files and connections as the machine allows it without asking.
pub(crate) fn raise_open_files() -> Outcome {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum })
        .while_doing("raising the limit of open files")
}
