use super::document::page;
use super::matrix::{Cell, Matrix, Row, features};
use super::script::{Ended, run};
use super::*;
use std::process::Command;

fn row(lines: &[&str], fault: Option<&str>) -> Row {
    let mut row = Row::new("some-client", "Rust", features());
    lines.iter().for_each(|line| row.hear(line));
    row.close(Ended { fault: fault.map(str::to_owned), seconds: 1.0 });
    row
}

/// A script's lines in which every feature passes, but for those given.
fn all_but(others: &[(&str, &str)]) -> Vec<String> {
    let ok =
        |name: &str| others.iter().find(|(other, _)| *other == name).map_or("true", |(_, ok)| ok).to_owned();
    features()
        .iter()
        .map(|feature| {
            format!(r#"{{"feature":"{}","ok":{},"note":"so it is"}}"#, feature.name, ok(feature.name))
        })
        .collect()
}

fn heard(lines: &[String]) -> Row {
    row(&lines.iter().map(String::as_str).collect::<Vec<_>>(), None)
}

#[test]
fn answers_are_counted_and_what_does_not_apply_is_not() {
    let row = heard(&all_but(&[("lz4", "false"), ("static", "null")]));
    assert_eq!(row.tally(), Tally { passed: features().len() as u64 - 2, failed: 1, skipped: 0 });
    assert!(row.summary().contains("lz4: so it is"), "{}", row.summary());
    assert!(!row.summary().contains("static"), "{}", row.summary());
}

#[test]
fn a_script_that_dies_has_failed_in_all_that_it_never_answered() {
    let row = row(&[r#"{"feature":"create","ok":true,"note":""}"#], Some("exit status: 1"));
    assert_eq!(row.tally(), Tally { passed: 1, failed: features().len() as u64 - 1, skipped: 0 });
    assert!(row.summary().contains("exit status: 1"));
}

#[test]
fn a_fault_after_the_last_answer_is_a_failure_of_its_own() {
    let mut row = heard(&all_but(&[]));
    row.fail("the script ended with exit status: 1");
    assert_eq!(row.tally().failed, 1);
}

#[test]
fn a_skipped_client_is_one_skip_and_no_failure() {
    let mut row = Row::new("some-client", "Rust", features());
    row.skip("`cc` is not on this machine");
    assert_eq!(row.tally(), Tally { passed: 0, failed: 0, skipped: 1 });
    assert_eq!(row.summary(), "some-client: skipped: `cc` is not on this machine");
}

#[test]
fn features_that_nobody_asked_for_are_not_missed() {
    let mut row = Row::new("some-client", "Rust", features());
    row.limit_to(&["create".to_owned()]);
    row.hear(r#"{"feature":"create","ok":true,"note":""}"#);
    row.close(Ended { fault: None, seconds: 0.0 });
    assert_eq!(row.tally(), Tally { passed: 1, failed: 0, skipped: 0 });
    assert_eq!(row.cells[1], Cell::NotAsked);
}

#[test]
fn the_page_shows_every_client_and_why_something_does_not_apply() {
    let mut some = heard(&all_but(&[("static", "null")]));
    some.hear(r#"{"version":"1.2.3"}"#);
    some.notes.retain(|(feature, _)| feature == "static");
    let page = page(&Matrix { rows: vec![some], ..Matrix::default() });
    assert!(page.contains("| some-client (Rust) | 1.2.3 | ✓ |"), "{page}");
    assert!(page.contains("- some-client, static: so it is"), "{page}");
    assert!(!page.contains("1.0 s"), "durations would change the page at every run");
}

#[test]
fn the_page_leaves_out_what_is_different_at_every_run() {
    let lines: Vec<String> = all_but(&[("lz4", "false")])
        .iter()
        .map(|line| line.replace("so it is", "after 4711 records"))
        .collect();
    let mut seeds = heard(&lines);
    seeds.seconds = 47.11;
    let page = page(&Matrix { seeds: Some(seeds), ..Matrix::default() });
    assert!(page.contains("lz4: after 4711 records"), "{page}");
    assert_eq!(page.matches("4711").count(), 1, "{page}");
    assert!(!page.contains("47.1"), "{page}");
}

#[test]
fn a_script_that_hangs_is_stopped_with_all_that_it_started() {
    let log = std::env::temp_dir().join(format!("conformance-test-{}", std::process::id()));
    let mut command = Command::new("sh");
    command.args(["-c", "echo $GREETING; sleep 600 & sleep 600"]);
    let settings = BTreeMap::from([("GREETING", "hello".to_owned())]);
    let mut lines = Vec::new();
    let ended = run(command, &settings, &log, Duration::from_millis(300), |line| lines.push(line.to_owned()));
    drop(std::fs::remove_file(&log));
    assert_eq!(lines, ["hello"]);
    assert_eq!(ended.fault.as_deref(), Some("stopped after 0 s"));
    assert!(ended.seconds < 60.0);
}

#[test]
fn options_name_only_what_there_is() {
    let parse = |arguments: &[&str]| {
        Options::parse(&arguments.iter().map(|argument| (*argument).to_owned()).collect::<Vec<_>>())
    };
    assert!(parse(&[]).unwrap().is_whole());
    assert!(parse(&["--keep"]).unwrap().is_whole());
    assert!(!parse(&["--quick"]).unwrap().is_whole());
    assert_eq!(parse(&["--client", "kcat", "--against", "h:1"]).unwrap().against.as_deref(), Some("h:1"));
    for wrong in [&["--client", "kafcat"][..], &["--feature", "teleport"], &["--client"], &["x"]] {
        assert!(parse(wrong).is_err(), "{wrong:?}");
    }
}
