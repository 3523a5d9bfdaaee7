//! `cargo xtask reliability SUITE`: what must never happen, looked for at length.
//!
//! A suite runs Ottla in trouble, has what clients saw judged, and fails at the first violation, which leaves
//! everything behind that is needed to look into it. Its figures stand in `docs/reliability.md`, one section each,
//! written by the long run and by nobody else. `--quick` makes a run short enough for every change and writes nothing.

mod blows;
mod broker;
mod compaction;
mod crash;
mod document;
mod load;
mod loops;
mod options;
mod queues;
mod schedule;
mod sim;
mod tools;
mod verdict;

use crate::{Outcome, built, chance, clock};

const USAGE: &str = "\
cargo xtask reliability SUITE [--quick]

  compaction   whether compaction makes producers wait
  crash   kill -9 under load from real clients [--kills N] [--seed N]
  groups  simulated members of groups, one world from each seed [--seeds N] [--from N]
  queues  kill -9 of queues: share consumers, dead letters, requeues [--kills N] [--seed N]
  sim     simulated power cuts, one world from each seed [--seeds N] [--from N]
  tools   Kafka's own tools of torture: transactional copies, load in transactions";

/// How the suite that the arguments name is called, or all suites.
pub(crate) fn usage(arguments: &[String]) -> String {
    match arguments.first().map(String::as_str) {
        Some("compaction") => compaction::USAGE.to_owned(),
        Some("crash") => crash::usage(),
        Some("groups" | "sim") => sim::USAGE.to_owned(),
        Some("queues") => queues::usage(),
        Some("tools") => tools::USAGE.to_owned(),
        _ => USAGE.to_owned(),
    }
}

/// Runs the suite that the arguments name.
///
/// # Errors
/// If it found a violation, or could not run.
pub(crate) fn run(arguments: &[String]) -> Outcome {
    match arguments.split_first() {
        Some((suite, rest)) if suite == "compaction" => compaction::run(rest),
        Some((suite, rest)) if suite == "crash" => crash::run(rest),
        Some((suite, rest)) if suite == "groups" => sim::run(rest, sim::GROUPS),
        Some((suite, rest)) if suite == "queues" => queues::run(rest),
        Some((suite, rest)) if suite == "sim" => sim::run(rest, sim::SIM),
        Some((suite, rest)) if suite == "tools" => tools::run(rest),
        Some((suite, _)) => Err(format!("no suite {suite:?}\n\n{USAGE}")),
        None => Err(USAGE.to_owned()),
    }
}
