//! What was measured, as a section of `docs/performance.md`.

use crate::{Outcome, tree};
use std::process::Command;

const DOCUMENT: &str = "docs/performance.md";

/// A section's text: the command, what it did, where, and a table of `rows`.
pub(super) fn section(command: &str, what: &str, rows: &[String]) -> String {
    format!(
        "`{command}`, release build: {what}, at {}, on {}.\n\n| | median | least | most |\n|---|---|---|---|\n{}",
        commit(),
        machine(),
        rows.concat()
    )
}

/// A table's row with the median, the least and the greatest value.
pub(super) fn row(name: &str, values: impl Iterator<Item = f64>) -> String {
    let values: Vec<f64> = values.collect();
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    format!("| {name} | {:.1} | {least:.1} | {most:.1} |\n", median(values.into_iter()))
}

/// The middle value; of an even count the upper middle one.
pub(super) fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

/// KiB as a number to calculate with.
#[expect(clippy::cast_precision_loss, reason = "memory in KiB fits a double's 53 bits")]
pub(super) fn kibibytes(kib: u64) -> f64 {
    kib as f64
}

/// KiB in MiB.
pub(super) fn mebibytes(kib: u64) -> f64 {
    kibibytes(kib) / 1024.0
}

/// The commit that was measured, short, with a mark if the tree had changes.
fn commit() -> String {
    let output =
        Command::new("git").args(["describe", "--always", "--dirty"]).current_dir(tree::root()).output();
    let name =
        output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default();
    if name.is_empty() { "an unknown commit".to_owned() } else { format!("commit {name}") }
}

fn machine() -> String {
    let processors = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = processors.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let model = model.map_or("an unnamed processor", |(_, name)| name.trim());
    format!("{cores} cores of {model}, Linux {}", kernel.trim())
}

/// Replaces the section `name` of the document, and prints it.
pub(super) fn write(name: &str, text: &str) -> Outcome {
    let path = tree::root().join(DOCUMENT);
    let document = std::fs::read_to_string(&path).map_err(|error| format!("{DOCUMENT}: {error}"))?;
    let replaced = replace(&document, name, text)?;
    std::fs::write(&path, replaced).map_err(|error| format!("{DOCUMENT}: {error}"))?;
    println!("{text}\nwritten to {DOCUMENT}");
    Ok(())
}

fn replace(document: &str, name: &str, text: &str) -> Result<String, String> {
    let (open, close) = (format!("<!-- measured: {name} -->\n"), "<!-- end -->");
    let (before, rest) = document.split_once(&open).ok_or(format!("{DOCUMENT} has no line {open:?}"))?;
    let (_, after) = rest.split_once(close).ok_or(format!("{DOCUMENT}: section {name} has no end"))?;
    Ok(format!("{before}{open}{text}{close}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_named_section_is_replaced() {
        let document =
            "a\n<!-- measured: x -->\nold\n<!-- end -->\nb\n<!-- measured: y -->\nkept\n<!-- end -->\n";
        let expected =
            "a\n<!-- measured: x -->\nnew\n<!-- end -->\nb\n<!-- measured: y -->\nkept\n<!-- end -->\n";
        assert_eq!(replace(document, "x", "new\n").as_deref(), Ok(expected));
        assert!(replace(document, "z", "new\n").is_err());
    }

    #[test]
    fn a_row_has_the_middle_the_least_and_the_greatest() {
        assert_eq!(row("a (ms)", [3.0, 1.25, 2.0].into_iter()), "| a (ms) | 2.0 | 1.2 | 3.0 |\n");
        assert!(median(std::iter::empty()).is_nan());
    }
}
