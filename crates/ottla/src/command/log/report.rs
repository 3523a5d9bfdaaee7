//! Findings as people and programs read them.

use crate::arguments::{Common, Form};
use crate::exit::Outcome;
use crate::output;
use ottla_storage::inspect::{Finding, LostOffsets};
use serde_json::{Value, json};
use std::path::Path;

/// Prints each finding: a paragraph for people, an object for programs. `kept` is where bytes went.
pub(super) fn finding(common: &Common, data: &Path, finding: &Finding, kept: Option<&Path>) -> Outcome {
    match common.output {
        Form::Human => output::line(paragraph(data, finding, kept)),
        Form::Json => output::json(&object(data, finding, kept)),
    }
}

fn paragraph(data: &Path, finding: &Finding, kept: Option<&Path>) -> String {
    let mut text = inside(data, &finding.path);
    if let Some(position) = finding.position {
        text.push_str(&format!(", byte {position}"));
    }
    if let Some(offset) = finding.offset {
        text.push_str(&format!(", offset {offset}"));
    }
    text.push_str(&format!("\n  {}", finding.cause));
    if let Some(lost) = &finding.lost {
        text.push_str(&format!("\n  lost: {}", offsets(lost)));
    }
    match kept {
        Some(kept) => text.push_str(&format!("\n  kept: {}", inside(data, kept))),
        None => text.push_str(&format!("\n  cure: {}", finding.mend.cure())),
    }
    text
}

fn object(data: &Path, finding: &Finding, kept: Option<&Path>) -> Value {
    json!({
        "partition": finding.partition.as_ref().map(|(topic, index)| format!("{topic}-{index}")),
        "file": inside(data, &finding.path),
        "position": finding.position,
        "offset": finding.offset.map(|offset| offset.0),
        "cause": finding.cause,
        "lost_first": finding.lost.map(|lost| lost.first.0),
        "lost_next": finding.lost.and_then(|lost| lost.next).map(|next| next.0),
        "cure": finding.mend.cure(),
        "kept": kept.map(|kept| inside(data, kept)),
    })
}

/// Which offsets cannot be read.
pub(super) fn offsets(lost: &LostOffsets) -> String {
    match lost.next {
        Some(next) if next.0 == lost.first.0 + 1 => format!("offset {}", lost.first),
        Some(next) => format!("offsets {} to {}", lost.first, next.0 - 1),
        None => format!("what there was from offset {} on", lost.first),
    }
}

/// The path below the data directory.
fn inside(data: &Path, path: &Path) -> String {
    path.strip_prefix(data).unwrap_or(path).display().to_string()
}
