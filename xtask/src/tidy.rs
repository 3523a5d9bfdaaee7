//! The house rules that a machine can check.
//!
//! A rule that is not a test rots. Each rule is a function from the [`Tree`] to its [`Violation`]s in a
//! file of its own, and each has tests that plant what it forbids. The whole list runs in
//! `cargo xtask tidy` and, so that nobody has to remember that, in `cargo test -p xtask`.
//!
//! Deliberately absent: a way to switch a rule off for a file. A rule that needs exceptions names them in
//! its own code, with the reason.

mod api_files;
mod decisions;
mod heads;
mod length;
mod links;
mod manifests;
mod modules;
mod places;
mod reach;
mod root;
mod source;
mod words;

use crate::Outcome;
use crate::tree::Tree;
use std::fmt;

/// One broken rule at one place.
#[derive(Debug, PartialEq, Eq)]
struct Violation {
    path: String,
    /// Counted from 1; 0 means the whole file.
    line: usize,
    /// What is wrong and what to do instead.
    message: String,
}

impl Violation {
    fn new(path: &str, line: usize, message: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, message: message.into() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.path, self.message),
            line => write!(f, "{}:{line}: {}", self.path, self.message),
        }
    }
}

type Rule = fn(&Tree) -> Vec<Violation>;

const RULES: &[Rule] = &[
    api_files::say_name_key_and_versions,
    decisions::every_dependency_has_its_reason,
    heads::every_module_says_what_it_is_for,
    length::files_stay_short,
    length::inline_tests_stay_short,
    links::markdown_links_resolve,
    manifests::arrows_point_one_way,
    manifests::few_packages_are_locked,
    manifests::foreign_crates_stay_in_their_room,
    manifests::versions_stand_in_one_table,
    modules::every_file_is_somebodys_module,
    places::no_machine_or_registry_is_named,
    reach::clocks_are_real_in_one_place,
    reach::only_the_program_reads_its_surroundings,
    reach::pure_crates_touch_nothing,
    reach::storage_sees_no_request,
    reach::storage_has_one_door_to_files,
    reach::unsafe_stays_in_one_file,
    root::the_root_is_short,
    words::nothing_unfinished_is_merged,
];

/// Checks the tree on disk, prints what is getting long, and fails with every violation.
pub(crate) fn run(arguments: &[String]) -> Outcome {
    if !arguments.is_empty() {
        return Err("usage: cargo xtask tidy".to_owned());
    }
    let tree = Tree::read()?;
    for warning in length::files_getting_long(&tree) {
        println!("warning: {warning}");
    }
    let violations = check(&tree);
    if violations.is_empty() {
        println!("tidy: {} rules, no violation", RULES.len());
        return Ok(());
    }
    let lines: Vec<String> = violations.iter().map(Violation::to_string).collect();
    Err(format!("{}\ntidy: {} violations", lines.join("\n"), lines.len()))
}

fn check(tree: &Tree) -> Vec<Violation> {
    RULES.iter().flat_map(|rule| rule(tree)).collect()
}

#[cfg(test)]
mod tests;
