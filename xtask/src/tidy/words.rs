//! Words that must not be merged: marks of unfinished work and switched-off tests.

use super::Violation;
use super::source::has_word;
use crate::tree::Tree;

/// The word and what to do instead. Written in halves, so that this file does not find itself.
const BANNED: &[(&str, &str)] = &[
    (concat!("FIX", "ME"), "mend it, or file an issue"),
    (concat!("XX", "X"), "say what is meant"),
    (concat!("dbg", "!("), "remove it, or trace"),
    (concat!("to", "do!("), "finish it, or refuse clearly"),
    (concat!("unimpl", "emented!("), "finish it, or refuse clearly"),
    (concat!("#[ign", "ore"), "assert today's behaviour and say why it is wrong"),
    (concat!("#[should", "_panic"), "assert on the error instead"),
];

const LATER: &str = concat!("TO", "DO");
const ENDINGS: &[&str] = &[".rs", ".toml", ".sh", ".py", ".js", ".mjs", ".ts", ".go", ".java", ".ci/run"];

/// Finds the banned words in code of every language. Documents may speak of them.
pub(super) fn nothing_unfinished_is_merged(tree: &Tree) -> Vec<Violation> {
    let files = tree.files().filter(|(path, _)| ENDINGS.iter().any(|end| path.ends_with(end)));
    files.flat_map(|(path, text)| violations(path, text)).collect()
}

fn violations(path: &str, text: &str) -> Vec<Violation> {
    let mut found = Vec::new();
    for (index, line) in text.lines().enumerate() {
        for (word, instead) in BANNED.iter().filter(|(word, _)| has_word(line, word)) {
            found.push(Violation::new(path, index + 1, format!("`{word}`: {instead}")));
        }
        if line.match_indices(LATER).any(|(at, _)| !names_an_issue(&line[at + LATER.len()..])) {
            found.push(Violation::new(path, index + 1, format!("`{LATER}` needs an issue: {LATER}(#12)")));
        }
    }
    found
}

fn names_an_issue(rest: &str) -> bool {
    rest.strip_prefix("(#").is_some_and(|number| number.starts_with(|c: char| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_banned_word_is_found_in_code_and_none_in_documents() {
        for (word, _) in BANNED {
            let text = format!("fn a() {{\n    {word}\n}}\n");
            let tree = Tree::of(&[("a.rs", &text), ("a.md", &text)]);
            let found = nothing_unfinished_is_merged(&tree);
            assert_eq!(found.len(), 1, "{word}");
            assert_eq!((found[0].path.as_str(), found[0].line), ("a.rs", 2), "{word}");
        }
    }

    #[test]
    fn a_longer_name_is_another_word() {
        let text = format!("/// `\\u{}` is one character\n", "X".repeat(4));
        assert_eq!(nothing_unfinished_is_merged(&Tree::of(&[("a.rs", &text)])), []);
    }

    #[test]
    fn later_work_needs_an_issue() {
        let with = format!("// {LATER}(#12): later\n");
        let without = format!("// {LATER}: later\n");
        let found = nothing_unfinished_is_merged(&Tree::of(&[("with.rs", &with), ("without.rs", &without)]));
        assert_eq!(found.iter().map(|v| v.path.as_str()).collect::<Vec<_>>(), ["without.rs"]);
    }
}
