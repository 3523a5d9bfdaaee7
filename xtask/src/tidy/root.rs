//! The root folder is the first impression: few names, each expected.

use super::Violation;
use crate::tree::Tree;
use std::collections::BTreeSet;

/// Most names in the root, without the hidden ones.
const NAMES_MAX: usize = 17;

/// Counts the root's visible names.
pub(super) fn the_root_is_short(tree: &Tree) -> Vec<Violation> {
    let names: BTreeSet<&str> = tree
        .files()
        .filter_map(|(path, _)| path.split('/').next())
        .filter(|name| !name.starts_with('.'))
        .collect();
    if names.len() <= NAMES_MAX {
        return Vec::new();
    }
    vec![Violation::new(".", 0, format!("{} names in the root, at most {NAMES_MAX}: {names:?}", names.len()))]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_name_too_many_is_found() {
        let names: Vec<String> = (0..=NAMES_MAX).map(|n| format!("n{n}/a.rs")).collect();
        let mut files: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "")).collect();
        assert_eq!(the_root_is_short(&Tree::of(&files)).len(), 1);
        files.pop();
        files.push((".hidden/x", ""));
        files.push(("n0/another.rs", ""));
        assert_eq!(the_root_is_short(&Tree::of(&files)), []);
    }
}
