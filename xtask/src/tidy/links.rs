//! Links in documents lead somewhere: the file is there, and so is the heading.
//!
//! Addresses of other hosts are not followed: a check that needs the network fails for the wrong reasons.

use super::Violation;
use crate::tree::Tree;

/// Checks `[text](target)` in every Markdown file, except inside code.
pub(super) fn markdown_links_resolve(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    for (path, text) in tree.under("", ".md") {
        for (number, line) in prose(text) {
            let broken = targets(line).filter(|target| !resolves(tree, path, target));
            found.extend(broken.map(|target| Violation::new(path, number, format!("nothing at `{target}`"))));
        }
    }
    found
}

/// Lines outside fenced code, with their numbers from 1.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    text.lines().enumerate().filter_map(move |(index, line)| {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
            return None;
        }
        (!fenced).then_some((index + 1, line))
    })
}

fn targets(line: &str) -> impl Iterator<Item = &str> {
    line.match_indices("](").filter_map(|(at, _)| line[at + 2..].split_once(')').map(|(target, _)| target))
}

fn resolves(tree: &Tree, from: &str, target: &str) -> bool {
    if target.contains("://") || target.starts_with("mailto:") {
        return true;
    }
    let (file, heading) = target.split_once('#').unwrap_or((target, ""));
    let path = if file.is_empty() { from.to_owned() } else { join(from, file) };
    if heading.is_empty() {
        return tree.holds(&path);
    }
    tree.text(&path).is_some_and(|text| prose(text).any(|(_, line)| anchor(line).as_deref() == Some(heading)))
}

/// `target` seen from the folder of the file `from`.
fn join(from: &str, target: &str) -> String {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "." | "" => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// The anchor of a heading: lower case, spaces to dashes, punctuation gone.
fn anchor(line: &str) -> Option<String> {
    let title = line.strip_prefix('#')?.trim_start_matches('#').strip_prefix(' ')?.trim();
    let kept = title.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    Some(kept.map(|c| if c == ' ' { '-' } else { c.to_ascii_lowercase() }).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broken(text: &str) -> Vec<String> {
        let tree = Tree::of(&[("docs/a.md", text), ("docs/b.md", "# The Log, kept\n"), ("src/c.rs", "")]);
        markdown_links_resolve(&tree).into_iter().map(|violation| violation.message).collect()
    }

    #[test]
    fn links_to_nothing_are_found() {
        assert_eq!(
            broken("see [x](nowhere.md) and [y](b.md#the-lock)"),
            ["nothing at `nowhere.md`", "nothing at `b.md#the-lock`"]
        );
    }

    #[test]
    fn files_folders_headings_and_addresses_resolve() {
        let text = "# Up\n[b](b.md) [h](b.md#the-log-kept) [u](#up) [c](../src/c.rs) [s](../src) [w](https://a.b/c)\n";
        assert!(broken(text).is_empty(), "{:?}", broken(text));
        assert!(broken("```\n[x](nowhere.md)\n```\n").is_empty());
    }
}
