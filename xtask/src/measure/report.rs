//! What was measured, as a section of `docs/performance.md`.

pub(super) use crate::statistics::median;
use crate::{Outcome, section};

const DOCUMENT: &str = "docs/performance.md";

/// A section's text: the command, what it did, where, and a table of `rows`.
pub(super) fn table(command: &str, what: &str, rows: &[String]) -> String {
    format!(
        "`{command}`, release build: {what}, at {}, on {}.\n\n| | median | least | most |\n|---|---|---|---|\n{}",
        section::commit(),
        section::machine(),
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

/// KiB as a number to calculate with.
#[expect(clippy::cast_precision_loss, reason = "memory in KiB fits a double's 53 bits")]
pub(super) fn kibibytes(kib: u64) -> f64 {
    kib as f64
}

/// KiB in MiB.
pub(super) fn mebibytes(kib: u64) -> f64 {
    kibibytes(kib) / 1024.0
}

/// Replaces the section `name` of the document, and prints it.
pub(super) fn write(name: &str, text: &str) -> Outcome {
    section::write(DOCUMENT, name, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_the_middle_the_least_and_the_greatest() {
        assert_eq!(row("a (ms)", [3.0, 1.25, 2.0].into_iter()), "| a (ms) | 2.0 | 1.2 | 3.0 |\n");
    }
}
