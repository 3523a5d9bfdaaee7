//! `cargo xtask test`: every test there is, from unit tests to the client matrix and the quick part of the comparison
//! with Apache Kafka.
//!
//! The last line is `N passed, N failed`, summed over all test programs.

use crate::step::cargo;
use crate::{Outcome, conformance, oracle};
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

/// Tests that ran, by their end.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Count {
    passed: u64,
    failed: u64,
}

/// Runs all tests of the workspace, then asks the clients that others wrote.
pub(crate) fn run(arguments: &[String]) -> Outcome {
    if !arguments.is_empty() {
        return Err("usage: cargo xtask test".to_owned());
    }
    let mut count = Count::default();
    let outcome = counted(cargo(&["test", "--workspace", "--locked", "--no-fail-fast"]), &mut count);
    let (clients, matrix) = conformance::run_counted(&[])?;
    let (answers, compared) = oracle::quick()?;
    count.passed += clients.passed + answers.passed;
    count.failed += clients.failed + answers.failed;
    println!("\n{} passed, {} failed, {} skipped", count.passed, count.failed, clients.skipped);
    match outcome.and(matrix).and(compared) {
        Ok(()) if count.failed == 0 && count.passed > 0 => Ok(()),
        Ok(()) => Err("no test ran".to_owned()),
        Err(message) => Err(message),
    }
}

/// Runs a command, passes its standard output on and adds up what its closing lines say.
fn counted(mut command: Command, count: &mut Count) -> Outcome {
    let mut child =
        command.stdout(Stdio::piped()).spawn().map_err(|error| format!("cannot run {command:?}: {error}"))?;
    let output = child.stdout.take().expect("it was asked for just above");
    for line in BufReader::new(output).lines() {
        let line = line.map_err(|error| format!("cannot read what the tests print: {error}"))?;
        println!("{line}");
        add(count, &line);
    }
    let status = child.wait().map_err(|error| format!("cannot wait for the tests: {error}"))?;
    if status.success() {
        return Ok(());
    }
    // A test program that was killed or did not build has no closing line, and counts as one failure.
    count.failed = count.failed.max(1);
    Err(format!("{status}"))
}

/// Adds `test result: ok. 3 passed; 1 failed; …`, and leaves every other line alone.
fn add(count: &mut Count, line: &str) {
    let Some((_, numbers)) = line.split_once("test result: ") else { return };
    for part in numbers.split([';', '.']) {
        let words: Vec<&str> = part.split_whitespace().collect();
        match words.as_slice() {
            [number, "passed"] => count.passed += number.parse::<u64>().unwrap_or(0),
            [number, "failed"] => count.failed += number.parse::<u64>().unwrap_or(0),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_program_without_a_closing_line_counts_as_failed() {
        let mut count = Count::default();
        assert!(counted(Command::new("false"), &mut count).is_err());
        assert_eq!(count, Count { passed: 0, failed: 1 });
        assert_eq!(counted(Command::new("true"), &mut count), Ok(()));
    }

    #[test]
    fn results_of_all_test_programs_are_added_up() {
        let mut count = Count::default();
        for line in [
            "running 4 tests",
            "test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s",
            "test result: FAILED. 7 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.1s",
            "5 passed; 5 failed",
        ] {
            add(&mut count, line);
        }
        assert_eq!(count, Count { passed: 10, failed: 2 });
    }
}
