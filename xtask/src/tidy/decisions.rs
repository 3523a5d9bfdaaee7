//! Every foreign crate in the workspace table has its reason in the decision on dependencies.

use super::Violation;
use crate::tree::Tree;
use toml::{Table, Value};

const DECISION: &str = "docs/decisions/0002-dependencies.md";

/// Finds crates of the workspace table that the decision does not name.
pub(super) fn every_dependency_has_its_reason(tree: &Tree) -> Vec<Violation> {
    let manifest: Table = tree.text("Cargo.toml").and_then(|text| text.parse().ok()).unwrap_or_default();
    let table = manifest
        .get("workspace")
        .and_then(|workspace| workspace.get("dependencies"))
        .and_then(Value::as_table);
    let decision = tree.text(DECISION).unwrap_or_default();
    let reasons: Vec<&str> = decision.lines().filter(|line| line.starts_with("| ")).collect();
    table
        .into_iter()
        .flatten()
        .filter(|(_, value)| value.get("path").is_none())
        .filter(|(name, _)| !reasons.iter().any(|row| names(row, name)))
        .map(|(name, _)| {
            Violation::new("Cargo.toml", 0, format!("`{name}` has no line in {DECISION}: why do we need it?"))
        })
        .collect()
}

/// Whether the first cell of a table's row names the crate.
fn names(row: &str, name: &str) -> bool {
    let first = row.trim_start_matches("| ").split(" |").next().unwrap_or_default();
    first.split(", ").any(|cell| cell == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_without_a_reason_is_found() {
        let manifest = "[workspace.dependencies]\nours = { path = \"x\" }\nbytes = \"1\"\nserde_json = \"1\"\nserde = \"1\"\n";
        let decision = "| crate | why |\n|---|---|\n| serde, serde_json | JSON, not bytes |\n";
        let tree = Tree::of(&[("Cargo.toml", manifest), (DECISION, decision)]);
        let found = every_dependency_has_its_reason(&tree);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].message.contains("`bytes`"));
    }
}
