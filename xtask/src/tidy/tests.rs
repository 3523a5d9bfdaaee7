//! The project against its own rules, and what all rules share.

use super::*;

#[test]
fn the_project_is_tidy() {
    let tree = Tree::read().unwrap();
    let violations: Vec<String> = check(&tree).iter().map(Violation::to_string).collect();
    assert!(violations.is_empty(), "\n{}", violations.join("\n"));
}

#[test]
fn an_empty_tree_breaks_no_rule() {
    assert_eq!(check(&Tree::default()), []);
}

#[test]
fn a_violation_prints_like_a_compiler_message() {
    assert_eq!(Violation::new("a/b.rs", 7, "no").to_string(), "a/b.rs:7: no");
    assert_eq!(Violation::new("a/b.rs", 0, "no").to_string(), "a/b.rs: no");
}
