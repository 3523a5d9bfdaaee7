//! A suite's section of `docs/reliability.md`.

use crate::{Outcome, section};

const DOCUMENT: &str = "docs/reliability.md";

/// Writes the section `suite`: the command, what it did and where, and a table of names and figures.
///
/// # Errors
/// If the document has no such section or cannot be written.
pub(super) fn write(suite: &str, what: &str, figures: &[(&str, String)]) -> Outcome {
    section::write(DOCUMENT, suite, &text(suite, what, figures))
}

fn text(suite: &str, what: &str, figures: &[(&str, String)]) -> String {
    let rows: Vec<String> = figures.iter().map(|(name, figure)| format!("| {name} | {figure} |\n")).collect();
    format!(
        "`cargo xtask reliability {suite}`: {what}, at {}, on {}.\n\n| | |\n|---|---|\n{}",
        section::commit(),
        section::machine(),
        rows.concat()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_names_its_command_and_has_a_row_for_each_figure() {
        let text = text("x", "one run", &[("violations", "0".to_owned())]);
        assert!(text.starts_with("`cargo xtask reliability x`: one run, at "), "{text}");
        assert!(text.ends_with("\n\n| | |\n|---|---|\n| violations | 0 |\n"), "{text}");
    }
}
