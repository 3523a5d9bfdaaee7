//! `kafka-consumer-groups --list`.

use super::{Ran, Tool};
use crate::command::kafka::error::Stop;
use crate::output;
use std::fmt::Write;

/// The states that a consumer group can be in, in the order of Kafka's complaint.
const STATES: &[&str] =
    &["Dead", "PreparingRebalance", "Stable", "Empty", "CompletingRebalance", "Assigning", "Reconciling"];
const TYPES: &[&str] = &["Consumer", "Classic"];

/// Prints them.
pub(super) async fn run(tool: &Tool<'_>) -> Ran {
    let given = tool.given;
    let (with_type, with_state) = (given.has("type"), given.has("state"));
    let types = wanted(given.one("type")?, TYPES, "types")?;
    let states = wanted(given.one("state")?, STATES, "state")?;
    let mut groups = tool.listed().await?;
    let is_among = |names: &[&str], name: &str| names.iter().any(|known| known.eq_ignore_ascii_case(name));
    groups.retain(|group| {
        let by_type = match types.is_empty() {
            // Whoever names neither type nor state means the two types of consumers.
            true => with_type || with_state || is_among(TYPES, &group.group_type),
            false => is_among(&types, &group.group_type),
        };
        by_type && (states.is_empty() || is_among(&states, &group.state))
    });
    if !with_type && !with_state {
        let lines: String = groups.iter().map(|group| format!("{}\n", group.id)).collect();
        return Ok(output::text(&lines)?);
    }
    let width = groups.iter().map(|group| group.id.chars().count()).max().unwrap_or(0).max(15) + 10;
    let mut printed = String::new();
    let mut row = |id: &str, group_type: &str, state: &str| {
        let named = |name: &str| TYPES.iter().find(|known| known.eq_ignore_ascii_case(name)).copied();
        let group_type = named(group_type).unwrap_or(group_type);
        write!(printed, "{id:width$}").and_then(|()| {
            if with_type {
                write!(printed, " {group_type:20}")?;
            }
            if with_state {
                write!(printed, " {state:20}")?;
            }
            writeln!(printed)
        })
    };
    // Writing to a string does not fail.
    let _ = row("GROUP", "TYPE", "STATE");
    for group in &groups {
        let _ = row(&group.id, &group.group_type, &group.state);
    }
    Ok(output::text(&printed)?)
}

/// Reads a list of names between commas, in whichever case.
fn wanted(text: Option<&str>, all: &[&'static str], what: &str) -> Ran<Vec<&'static str>> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(Vec::new()) };
    let read = |name: &str| all.iter().find(|known| known.eq_ignore_ascii_case(name.trim())).copied();
    let found: Option<Vec<_>> = text.split(',').map(read).collect();
    found.ok_or_else(|| {
        let valid = if what == "state" { "states" } else { what };
        Stop::Usage(format!("Invalid {what} list '{text}'. Valid {valid} are: {}", all.join(", ")))
    })
}
