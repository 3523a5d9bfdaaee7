//! `cargo xtask ci`: everything that must pass before a change lands, the same at the desk and in CI.
//!
//! Cheap checks come first, the tests last, so that the last line printed is their count. Nothing here is
//! skipped because something else failed, and what cannot run on this machine says so in one line.

use crate::step::{Step, cargo, finish, run_all};
use crate::{Outcome, bench, generate, instructions, licences, measure, reliability, test, tidy};
use std::process::Stdio;

const CHECKS: &[Step] = &[
    Step { name: "format", run: format },
    Step { name: "tidy", run: || tidy::run(&[]) },
    Step { name: "generate --check", run: || generate::run(&["--check".to_owned()]) },
    Step { name: "licences", run: licences::check },
    Step { name: "deny", run: deny },
    Step { name: "clippy", run: clippy },
    Step { name: "measure --check", run: || measure::run(&["start".to_owned(), "--check".to_owned()]) },
    Step { name: "bench --quick", run: || bench::run(&["--quick".to_owned()]) },
    Step { name: "instructions", run: || instructions::run(&["--check".to_owned()]) },
    Step { name: "sim --quick", run: || reliability::run(&["sim".to_owned(), "--quick".to_owned()]) },
    Step { name: "groups --quick", run: || reliability::run(&["groups".to_owned(), "--quick".to_owned()]) },
    Step { name: "crash --quick", run: || reliability::run(&["crash".to_owned(), "--quick".to_owned()]) },
    Step { name: "queues --quick", run: || reliability::run(&["queues".to_owned(), "--quick".to_owned()]) },
];

/// Runs all checks, then all tests.
pub(crate) fn run(arguments: &[String]) -> Outcome {
    if !arguments.is_empty() {
        return Err("usage: cargo xtask ci".to_owned());
    }
    let checks = run_all(CHECKS);
    let tests = test::run(&[]);
    match (checks, tests) {
        (Ok(()), tests) => tests,
        (checks, Ok(())) => checks,
        (Err(checks), Err(tests)) => Err(format!("{checks}\ntests: {tests}")),
    }
}

fn format() -> Outcome {
    finish(cargo(&["fmt", "--all", "--check"]))
}

fn clippy() -> Outcome {
    finish(cargo(&["clippy", "--workspace", "--all-targets", "--locked", "--", "--deny", "warnings"]))
}

/// `cargo deny` is a program of its own and takes minutes to build, so it runs where it is installed. What
/// it would find first, a licence or a crate that `deny.toml` refuses, the step `licences` finds everywhere.
fn deny() -> Outcome {
    let mut probe = cargo(&["deny", "--version"]);
    let installed =
        probe.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success());
    if !installed {
        println!("skipped: cargo-deny is not installed (cargo install --locked cargo-deny)");
        return Ok(());
    }
    finish(cargo(&["deny", "--offline", "check", "bans", "licenses", "sources"]))
}
