//! The cannon and the reader against the servers that do the least: what one says to have sent is what the other has.

use crate::program::{Server, bench, result};
use ottla_wire::record::{BatchHeader, validate};
use serde_json::Value;
use std::fs;
use std::path::Path;

/// The batches in a file, each of which has to be whole and where the one before ended.
fn batches(path: &Path) -> Vec<BatchHeader> {
    let bytes = fs::read(path).unwrap();
    let (mut found, mut at, mut next) = (Vec::new(), 0, 0);
    while at < bytes.len() {
        let size = BatchHeader::parse(&bytes[at..]).unwrap().size();
        let header = validate(&bytes[at..at + size]).unwrap();
        assert_eq!(header.base_offset.0, next, "{}", path.display());
        next = header.next_offset().0;
        at += size;
        found.push(header);
    }
    found
}

/// Runs the cannon and returns what it says.
fn fire(address: &str, arguments: &str) -> Value {
    let mut run = bench(&["cannon", "--address", address, "--topic", "t", "--partitions", "4"]);
    result(&run.args(arguments.split(' ')).output().unwrap())
}

#[test]
fn the_floor_has_every_batch_that_the_cannon_fired() {
    for (durability, load) in [
        ("os", "--connections 3 --depth 4 --record-bytes 100 --records-per-batch 5"),
        ("os", "--connections 1 --depth 1 --record-bytes 5000 --records-per-batch 100"),
        (
            "os",
            "--connections 2 --depth 9 --record-bytes 100 --records-per-batch 5 --batches-per-request 2 --acks 1",
        ),
        ("sync", "--connections 2 --depth 3 --record-bytes 100 --records-per-batch 5 --codec lz4 --keys 9"),
        ("os", "--connections 3 --depth 4 --record-bytes 100 --records-per-batch 5 --acks 0"),
        ("os", "--connections 3 --depth 4 --record-bytes 100 --records-per-batch 5 --acks 0 --rate 2000"),
        ("os", "--connections 3 --depth 1 --record-bytes 100 --records-per-batch 5 --rate 2000"),
    ] {
        let data = tempfile::tempdir().unwrap();
        let path = data.path().to_str().unwrap();
        let floor =
            Server::start(&["floor", "--data", path, "--partitions", "4", "--durability", durability]);
        let said = fire(&floor.address, &format!("{load} --warm-up-bytes 20000 --total-bytes 60000"));
        let files =
            (0..4).map(|at| batches(&data.path().join(format!("floor-{at}/00000000000000000000.log"))));
        let files: Vec<Vec<BatchHeader>> = files.collect();
        let records: i32 = files.iter().flatten().map(|batch| batch.record_count).sum();
        let payload = if load.contains("5000") { 5000 } else { 100 };
        // Whole requests of at least so many bytes, once for each part.
        let per_request = said["bytes"].as_u64().unwrap() / said["requests"].as_u64().unwrap();
        let sent = (20_000u64.div_ceil(per_request) + 60_000u64.div_ceil(per_request)) * per_request;
        assert_eq!(u64::try_from(records).unwrap() * payload, sent, "{load}");
        assert_eq!(said["bytes"], 60_000u64.div_ceil(per_request) * per_request, "{load}");
        assert_eq!(said["records"].as_u64().unwrap() * payload, said["bytes"].as_u64().unwrap());
        let most = files.iter().map(Vec::len).max().unwrap();
        assert!(files.iter().all(|batches| most - batches.len() <= 3 + 1), "in turn: {load}");
    }
}

#[test]
fn the_cannon_fails_at_the_first_refusal() {
    let data = tempfile::tempdir().unwrap();
    let floor = Server::start(&["floor", "--data", data.path().to_str().unwrap(), "--partitions", "1"]);
    let mut run = bench(&["cannon", "--address", &floor.address, "--topic", "t", "--partitions", "2"]);
    let output = run.args(["--total-bytes", "1000000"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("partition 1 refused a batch: UNKNOWN_TOPIC_OR_PARTITION"), "{said}");
}

#[test]
fn the_cannon_takes_the_echo_for_an_answer_only_when_told() {
    let echo = Server::start(&["echo"]);
    let load = "--connections 3 --depth 4 --record-bytes 1000 --records-per-batch 5 --total-bytes 60000";
    assert_eq!(fire(&echo.address, &format!("{load} --echo"))["requests"], 12);
    let mut run = bench(&["cannon", "--address", &echo.address, "--topic", "t"]);
    assert_eq!(run.args(load.split(' ')).output().unwrap().status.code(), Some(1));
}

#[test]
fn the_cannon_stops_when_its_time_is_over() {
    let echo = Server::start(&["echo"]);
    let said = fire(&echo.address, "--echo --seconds 0.2 --rate 100 --records-per-batch 1");
    // One request at once and then one every hundredth of a second; how late the last is depends on the machine.
    assert!((1..=21).contains(&said["requests"].as_u64().unwrap()), "{said}");
}

#[test]
fn the_reader_reads_the_file_that_sendfile_serves_from_end_to_end_and_again() {
    let data = tempfile::tempdir().unwrap();
    let path = data.path().to_str().unwrap();
    for (shape, response_bytes) in [("100", "1000"), ("100", "100000"), ("30000", "1"), ("30000", "100000")] {
        let mut serve = vec!["sendfile", "--data", path, "--bytes", "1000000", "--records-per-batch", "2"];
        serve.extend(["--record-bytes", shape]);
        let sendfile = Server::start(&serve);
        let stored = batches(&data.path().join("batches.log"));
        let (bytes, records) = (
            stored.iter().map(BatchHeader::size).sum::<usize>(),
            stored.iter().map(|b| b.record_count).sum::<i32>(),
        );
        // One connection reads two partitions, which are the same file, twice each and in turn.
        let total = (4 * bytes).to_string();
        let mut run = bench(&["reader", "--address", &sendfile.address, "--topic", "t", "--partitions", "2"]);
        run.args(["--connections", "1", "--response-bytes", response_bytes, "--total-bytes", &total]);
        let said = result(&run.output().unwrap());
        assert_eq!(
            (&said["bytes"], &said["records"]),
            (&(4 * bytes).into(), &(4 * records).into()),
            "{shape}"
        );
        let per_answer = (response_bytes.parse::<usize>().unwrap() / stored[0].size()).max(1);
        assert_eq!(said["requests"], 4 * stored.len().div_ceil(per_answer), "no answer is empty");
    }
}
