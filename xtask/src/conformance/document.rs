//! `docs/clients.md`: the matrix for readers. It carries no dates and no durations, so that a run that
//! finds what the last one found changes nothing.

use super::matrix::{Cell, Matrix, Row, features};
use crate::tree;
use std::fmt::Write;

const PATH: &str = "docs/clients.md";

const HEAD: &str = "\
# Clients

Clients that other people wrote, unmodified, against Ottla. `cargo xtask conformance` runs their scripts
(`conformance/`) and writes this page; nobody edits it. The same scripts pass on Apache Kafka 4.4:
`cargo xtask conformance --against HOST:PORT` shows it.

✓ works · ✗ fails · – the client has no such thing (why: below)

";

/// Writes the page, unless some client was skipped: then the page would lose what others know.
///
/// # Errors
/// If the file cannot be written.
pub(super) fn write(matrix: &Matrix) -> Result<(), String> {
    let skipped = matrix.tally().skipped;
    if skipped > 0 {
        println!("\n{PATH} stays as it is: {skipped} were skipped here");
        return Ok(());
    }
    std::fs::write(tree::root().join(PATH), page(matrix))
        .map_err(|error| format!("cannot write {PATH}: {error}"))
}

/// The whole page.
pub(super) fn page(matrix: &Matrix) -> String {
    let mut text = HEAD.to_owned();
    let names: Vec<&str> = features().iter().map(|feature| feature.name).collect();
    line(&mut text, &format!("| client | version | {} |", names.join(" | ")));
    line(&mut text, &format!("|---|---|{}", ":-:|".repeat(names.len())));
    for row in &matrix.rows {
        let cells: Vec<&str> = row.cells.iter().map(sign).collect();
        let client = format!("{} ({})", row.name, row.language);
        line(&mut text, &format!("| {client} | {} | {} |", row.version, cells.join(" | ")));
    }
    line(&mut text, "\n## What each feature asks\n");
    for feature in features() {
        line(&mut text, &format!("- **{}**: {}", feature.name, feature.asks));
    }
    line(&mut text, "\n## Remarks\n");
    for row in &matrix.rows {
        remarks(&mut text, row);
    }
    if let Some(row) = &matrix.files {
        line(&mut text, "\n## Kafka's files\n");
        line(&mut text, "| test | | what it shows |\n|---|:-:|---|");
        for (feature, cell) in row.features.iter().zip(&row.cells) {
            line(&mut text, &format!("| {} | {} | {} |", feature.name, sign(cell), feature.asks));
        }
        // What these tests remark when all is well counts records.
        let mut unwell = row.clone();
        unwell.notes.retain(|(feature, _)| !row.passed(feature));
        remarks(&mut text, &unwell);
    }
    versions(&mut text, "Consumer groups (KIP-848) and share groups (KIP-932)", &matrix.groups);
    versions(&mut text, "Kafka Streams", &matrix.streams);
    if let Some(row) = &matrix.tools {
        line(&mut text, "\n## Ottla's tools by the names of Kafka's\n");
        let sentence = "`ottla kafka-topics …` and its kin print what the tools of Apache Kafka";
        line(&mut text, &format!("{sentence} {} print, line by line.\n", row.version));
        line(&mut text, "| tool | | what is compared |\n|---|:-:|---|");
        for (feature, cell) in row.features.iter().zip(&row.cells) {
            line(&mut text, &format!("| {} | {} | {} |", feature.name, sign(cell), feature.asks));
        }
        remarks(&mut text, row);
    }
    if let Some(row) = &matrix.examples {
        line(&mut text, "\n## Examples\n");
        line(
            &mut text,
            "Unmodified share consumers and consumers of `examples/`, which check what they promise.\n",
        );
        line(&mut text, "| example | | what it shows |\n|---|:-:|---|");
        for (feature, cell) in row.features.iter().zip(&row.cells) {
            line(&mut text, &format!("| {} | {} | {} |", feature.name, sign(cell), feature.asks));
        }
        remarks(&mut text, row);
    }
    if let Some(row) = &matrix.seeds {
        line(&mut text, "\n## On real data\n");
        line(&mut text, "336,776 flights, keyed by tail number, with Java and Python in the same groups.\n");
        line(&mut text, "| test | | what it shows |\n|---|:-:|---|");
        for (feature, cell) in row.features.iter().zip(&row.cells) {
            line(&mut text, &format!("| {} | {} | {} |", feature.name, sign(cell), feature.asks));
        }
        // What these tests remark when all is well counts records, and is different at every run.
        let mut unwell = row.clone();
        unwell.notes.retain(|(feature, _)| !row.passed(feature));
        if !unwell.notes.is_empty() {
            text.push('\n');
        }
        remarks(&mut text, &unwell);
    }
    text
}

/// Tests with a column for each version that they are run with.
fn versions(text: &mut String, title: &str, rows: &[Row]) {
    let Some(widest) = rows.iter().max_by_key(|row| row.features.len()) else { return };
    line(text, &format!("\n## {title}\n"));
    let versions: Vec<&str> = rows.iter().map(|row| row.version.as_str()).collect();
    line(text, &format!("| test | {} | what it shows |", versions.join(" | ")));
    line(text, &format!("|---|{}---|", ":-:|".repeat(rows.len())));
    for feature in widest.features {
        let cell = |row: &Row| {
            let at = row.features.iter().position(|known| known.name == feature.name);
            at.map_or("", |at| sign(&row.cells[at]))
        };
        let cells: Vec<&str> = rows.iter().map(cell).collect();
        line(text, &format!("| {} | {} | {} |", feature.name, cells.join(" | "), feature.asks));
    }
    rows.iter().for_each(|row| remarks(text, row));
}

fn remarks(text: &mut String, row: &Row) {
    for (feature, note) in &row.notes {
        line(text, &format!("- {}, {feature}: {}", row.name, note.replace('|', "\\|")));
    }
}

fn line(text: &mut String, line: &str) {
    writeln!(text, "{line}").expect("writing to a string");
}

fn sign(cell: &Cell) -> &'static str {
    match cell {
        Cell::NotAsked => "",
        Cell::Passed => "✓",
        Cell::Failed | Cell::Silent => "✗",
        Cell::NotApplicable => "–",
    }
}
