//! Named pieces of a long run: each prints its name and its time, and a failing one does not hide the next.

use crate::{Outcome, tree};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// One piece of a run.
pub(crate) struct Step {
    pub(crate) name: &'static str,
    pub(crate) run: fn() -> Outcome,
}

/// Runs every step, whatever becomes of the others, and ends with one line per step.
///
/// # Errors
/// If any step failed, naming them. What went wrong is printed where it happened.
pub(crate) fn run_all(steps: &[Step]) -> Outcome {
    let mut summary = Vec::new();
    let mut failed = Vec::new();
    for Step { name, run } in steps {
        println!("\n── {name}");
        let (outcome, took) = timed(run);
        let verdict = if outcome.is_ok() { "ok" } else { "FAILED" };
        summary.push(format!("  {verdict:<7} {name:<16} {:>6.1} s", took.as_secs_f64()));
        if let Err(message) = outcome {
            println!("{name}: {message}");
            failed.push(*name);
        }
    }
    println!("\n{}", summary.join("\n"));
    if failed.is_empty() { Ok(()) } else { Err(format!("failed: {}", failed.join(", "))) }
}

#[expect(clippy::disallowed_methods, reason = "a developer's program may look at the clock")]
fn timed<T>(run: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let value = run();
    (value, start.elapsed())
}

/// The cargo that runs this program, in the root, with no standard input.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).current_dir(tree::root()).stdin(Stdio::null());
    command
}

/// Runs a command to its end with its output going where ours goes.
///
/// # Errors
/// If it cannot be started or exits with anything but 0.
pub(crate) fn finish(mut command: Command) -> Outcome {
    let status = command.status().map_err(|error| format!("cannot run {command:?}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{status}")) }
}
