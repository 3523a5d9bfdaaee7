//! Files stay short enough to be read in one sitting, and tests stand beside the code, not in it.
//!
//! Function length is clippy's (`too_many_lines`). A limit on functions alone lets files grow without end,
//! so files have a limit of their own.

use super::Violation;
use super::source::is_generated;
use crate::tree::Tree;

/// Above this many lines a file is listed as getting long.
const LINES_HABIT: usize = 500;
/// Above this many lines a file fails.
const LINES_MAX: usize = 800;
/// Longest inline test module, in lines, from its attribute to its closing brace.
const INLINE_TEST_LINES_MAX: usize = 50;

/// Fails files of more than [`LINES_MAX`] lines. Generated files have no reader and no limit.
pub(super) fn files_stay_short(tree: &Tree) -> Vec<Violation> {
    longer_than(tree, LINES_MAX)
        .map(|(path, lines)| {
            let message = format!("{lines} lines, at most {LINES_MAX}: make it a folder by noun or verb");
            Violation::new(path, 0, message)
        })
        .collect()
}

/// The files over the habit but under the limit. They are printed, and fail nothing.
pub(super) fn files_getting_long(tree: &Tree) -> Vec<Violation> {
    longer_than(tree, LINES_HABIT)
        .filter(|(_, lines)| *lines <= LINES_MAX)
        .map(|(path, lines)| Violation::new(path, 0, format!("{lines} lines: one idea?")))
        .collect()
}

fn longer_than(tree: &Tree, limit: usize) -> impl Iterator<Item = (&str, usize)> {
    tree.files()
        .filter(|(path, _)| {
            [".rs", ".py", ".js", ".ts", ".go", ".java"].iter().any(|end| path.ends_with(end))
        })
        .filter(|(_, text)| !is_generated(text))
        .map(|(path, text)| (path, text.lines().count()))
        .filter(move |(_, lines)| *lines > limit)
}

/// An inline test module has at most [`INLINE_TEST_LINES_MAX`] lines; a longer one is `NAME/tests.rs`.
pub(super) fn inline_tests_stay_short(tree: &Tree) -> Vec<Violation> {
    tree.under("", ".rs")
        .filter_map(|(path, text)| {
            let lines: Vec<&str> = text.lines().collect();
            let start = lines.iter().position(|line| line.starts_with("#[cfg(test)]"))?;
            let body = lines[start..].iter().take(4).position(|line| line.ends_with("mod tests {"))?;
            let end = lines[start + body..].iter().position(|line| *line == "}")?;
            let length = body + end + 1;
            let message =
                format!("{length} lines of inline tests, at most {INLINE_TEST_LINES_MAX}: move them beside");
            (length > INLINE_TEST_LINES_MAX).then(|| Violation::new(path, start + 1, message))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_over_the_limit_is_found_and_one_over_the_habit_is_listed() {
        let (limit, habit) = ("x\n".repeat(LINES_MAX), "x\n".repeat(LINES_HABIT));
        let long = format!("{limit}x\n");
        let generated = format!("// @generated\n{long}");
        let tree =
            Tree::of(&[("long.rs", &long), ("made.rs", &generated), ("edge.rs", &limit), ("ok.rs", &habit)]);
        let paths = |found: Vec<Violation>| found.into_iter().map(|v| v.path).collect::<Vec<_>>();
        assert_eq!(paths(files_stay_short(&tree)), ["long.rs"]);
        assert_eq!(paths(files_getting_long(&tree)), ["edge.rs"]);
    }

    #[test]
    fn inline_tests_are_counted_from_attribute_to_brace() {
        let file =
            |body: usize| format!("fn a() {{}}\n#[cfg(test)]\nmod tests {{\n{}}}\n", "    x\n".repeat(body));
        let (short, long) = (file(INLINE_TEST_LINES_MAX - 3), file(INLINE_TEST_LINES_MAX - 2));
        let found = inline_tests_stay_short(&Tree::of(&[("a.rs", &short), ("b.rs", &long)]));
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].path.as_str(), found[0].line), ("b.rs", 2));
    }
}
