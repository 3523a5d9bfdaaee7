//! `cargo xtask measure NAME`: what Ottla costs, measured on the release build.
//!
//! Numbers in `docs/performance.md` are written by this program and by nobody else: each section stands
//! between two comment lines and is replaced as a whole by the run that measured it.

mod groups;
mod idle;
mod process;
mod report;
mod start;

use crate::Outcome;
use crate::conformance::broker::{released, released_for_checks};

/// How it is called.
pub(crate) const USAGE: &str = "\
cargo xtask measure start [--check]    how soon an empty broker is ready, and what it holds when idle
cargo xtask measure idle               what an idle connection and an idle partition hold
cargo xtask measure groups [--check]   how soon a large group is settled after members left";

/// Runs the measurement that the arguments name.
pub(crate) fn run(arguments: &[String]) -> Outcome {
    process::tidy_up()?;
    let outcome = measure(arguments);
    process::tidy_up().and(outcome)
}

fn measure(arguments: &[String]) -> Outcome {
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["start"] => report::write("start", &start::text(&start::measure(&released("ottla")?)?)),
        ["start", "--check"] => start::check(&start::measure(&released_for_checks("ottla")?)?),
        ["idle"] => report::write("idle", &idle::measure(&released("ottla")?)?),
        ["groups"] => report::write("groups", &groups::text(&groups::measure(&released("ottla")?)?)),
        ["groups", "--check"] => groups::check(&groups::measure(&released_for_checks("ottla")?)?),
        _ => Err(USAGE.to_owned()),
    }
}
