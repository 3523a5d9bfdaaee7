//! The generators that send at a steady rate, against servers of this crate, with next to nothing to do.
#![allow(clippy::unwrap_used, reason = "a test program: a failed unwrap is a failed test")]

use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Output, Stdio};

/// A server of this crate; killed when dropped.
struct Server {
    process: Child,
    address: String,
}

impl Server {
    fn start(arguments: &[&str]) -> Self {
        let mut process = bench(arguments).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready: Value = serde_json::from_str(&line).unwrap();
        Self { process, address: ready["address"].as_str().unwrap().to_owned() }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

fn bench(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ottla-bench"));
    command.args(arguments);
    command
}

/// The lines of a generator that went well: first that it measures, then what.
fn result(output: &Output) -> Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout.clone()).unwrap();
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert_eq!(lines[0]["measuring"], true);
    lines[1].clone()
}

#[test]
fn every_record_comes_back_from_the_echo_and_is_counted() {
    let echo = Server::start(&["echo"]);
    let run = ["pingpong", "--address", &echo.address, "--rate", "2000", "--record-bytes", "16"];
    let result = result(&bench(&run).args(["--warm-up", "0.05", "--seconds", "0.25"]).output().unwrap());
    assert_eq!((&result["records"], &result["bytes"]), (&Value::from(500), &Value::from(8000)));
    for histogram in ["histogram", "ack_histogram"] {
        let counts = result[histogram].as_array().unwrap().iter().map(|bucket| bucket[1].as_u64().unwrap());
        assert_eq!(counts.sum::<u64>(), 500, "{histogram}");
    }
}

#[test]
fn a_record_without_room_for_its_number_is_refused() {
    let run = ["pingpong", "--address", "127.0.0.1:9", "--rate", "1", "--record-bytes", "7"];
    let output = bench(&run).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("--record-bytes must be at least 8"), "{said}");
}

#[test]
fn the_sync_loop_writes_all_and_leaves_nothing_behind() {
    let data = tempfile::tempdir().unwrap();
    let path = data.path().to_str().unwrap();
    let run = ["syncloop", "--data", path, "--bytes", "4096", "--per-sync", "3", "--total-bytes", "30000"];
    let result = result(&bench(&run).output().unwrap());
    // Whole groups: three of three writes are more than was asked for, two are less.
    assert_eq!((&result["requests"], &result["records"]), (&Value::from(3), &Value::from(9)));
    assert_eq!(result["bytes"], 9 * 4096);
    assert_eq!(std::fs::read_dir(data.path()).unwrap().count(), 0);
}
