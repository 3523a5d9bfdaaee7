//! `ottla log` on a data directory that a broker has left.

use crate::program::{Broker, failed, program, run};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// A directory with the topic `t` of three batches, one record each.
fn written() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let broker = Broker::start_with(&["--data", dir.path().to_str().unwrap()]);
    broker.ok(&["topic", "create", "t"]);
    for value in ["one", "two", "three"] {
        broker.ok_with(&["produce", "t"], value);
    }
    drop(broker);
    dir
}

fn log(dir: &Path) -> PathBuf {
    dir.join("t-0/00000000000000000000.log")
}

fn ottla(words: &[&str], data: Option<&Path>) -> std::process::Output {
    let mut command = program();
    command.arg("log").args(words);
    if let Some(data) = data {
        command.arg("--data").arg(data);
    }
    run(command, "")
}

#[track_caller]
fn ok(words: &[&str], data: Option<&Path>) -> String {
    let output = ottla(words, data);
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn json(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Flips a bit in the value of the second record.
fn damage(dir: &Path) {
    let mut bytes = std::fs::read(log(dir)).unwrap();
    let at = bytes.windows(3).position(|window| window == b"two").unwrap();
    bytes[at] ^= 1;
    std::fs::write(log(dir), bytes).unwrap();
}

#[test]
fn damage_is_found_mended_and_told() {
    let dir = written();
    let data = Some(dir.path());
    assert!(ok(&["verify"], data).contains("3 batches, 3 records"));
    damage(dir.path());
    let output = ottla(&["verify", "t"], data);
    assert_eq!(failed(&output).0, 6);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(
        said.contains("t-0/00000000000000000000.log, byte ") && said.contains("lost: offset 1"),
        "{said}"
    );

    let before = std::fs::read(log(dir.path())).unwrap();
    ok(&["repair", "--dry-run"], data);
    assert_eq!(failed(&ottla(&["repair"], data)).0, 2, "without a terminal it needs --yes");
    assert_eq!(std::fs::read(log(dir.path())).unwrap(), before, "nothing was changed");
    let said = json(&ok(&["repair", "--yes", "--output", "json"], data));
    let mended = said.iter().find(|line| line["kept"].is_string()).unwrap();
    assert_eq!((&mended["lost_first"], &mended["lost_next"]), (&Value::from(1), &Value::from(2)));
    ok(&["verify"], data);

    let broker = Broker::start_with(&["--data", dir.path().to_str().unwrap()]);
    assert_eq!(
        broker.ok(&["consume", "t", "-o", "beginning", "-e"]).lines().collect::<Vec<_>>(),
        ["one", "three"]
    );
    let (status, said) = failed(&ottla(&["verify"], data));
    assert!(status == 4 && said.contains("in use by process"), "{said}");
}

#[test]
fn files_are_dumped() {
    let dir = written();
    let partition = dir.path().join("t-0");
    let path = partition.to_str().unwrap();
    let lines = json(&ok(&["dump", path, "--records", "--output", "json"], None));
    assert_eq!(lines.len(), 6);
    assert_eq!((&lines[0]["base_offset"], &lines[0]["compression"]), (&Value::from(0), &Value::from("none")));
    assert_eq!((&lines[5]["offset"], &lines[5]["value"]), (&Value::from(2), &Value::from("three")));
    let lines = json(&ok(&["dump", path, "--from", "1", "--to", "2", "--output", "json"], None));
    assert_eq!(lines.len(), 1);
    assert!(ok(&["dump", path], None).contains("0..0  1 record(s)"));
    let checkpoint = dir.path().join("recovery-point-offset-checkpoint");
    assert!(ok(&["dump", checkpoint.to_str().unwrap()], None).contains("t 0 3"));
    let times = partition.join("00000000000000000000.timeindex");
    assert!(ok(&["dump", times.to_str().unwrap()], None).starts_with("TIMESTAMP"));
    damage(dir.path());
    let output = ottla(&["dump", path], None);
    assert_eq!(failed(&output).0, 6);
    assert!(String::from_utf8(output.stdout).unwrap().contains("then offset 2"));
    assert_eq!(failed(&ottla(&["dump", dir.path().join("meta.redb").to_str().unwrap()], None)).0, 2);
    assert_eq!(failed(&ottla(&["verify", "u"], Some(dir.path()))).0, 9);
}
