//! The generators that send at a steady rate, against servers of this crate, with next to nothing to do.

use crate::program::{Server, bench, result};
use serde_json::Value;

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
