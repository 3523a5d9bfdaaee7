use crate::program::Broker;
use serde_json::{Value, json};

#[test]
fn what_is_produced_is_consumed_in_order() {
    let broker = Broker::start();
    broker.ok_with(&["produce", "greetings"], "one\ntwo\nthree");
    assert_eq!(broker.ok(&["consume", "greetings", "-o", "beginning", "-e"]), "one\ntwo\nthree\n");
    assert_eq!(broker.ok(&["consume", "greetings", "-o", "-2", "-e"]), "two\nthree\n");
    assert_eq!(broker.ok(&["consume", "greetings", "-o", "1", "-n", "1"]), "two\n");
    assert_eq!(broker.ok(&["consume", "greetings", "-o", "end", "-e"]), "");
}

#[test]
fn every_compression_carries_many_records() {
    let broker = Broker::start();
    let lines: String = (0..5000).map(|n| format!("value {n}\n")).collect();
    for codec in ["none", "gzip", "snappy", "lz4", "zstd"] {
        broker.ok_with(&["produce", codec, "-z", codec], &lines);
        assert_eq!(broker.ok(&["consume", codec, "-o", "beginning", "-e"]), lines, "{codec}");
    }
}

#[test]
fn keys_headers_partitions_and_times_arrive() {
    let broker = Broker::start();
    broker.ok(&["topic", "create", "t", "-p", "2"]);
    let produce = ["produce", "t", "-K", ":", "-p", "1", "-T", "1500", "-H", "h=1", "-H", "h=2", "-Z"];
    broker.ok_with(&produce, "k:v\nempty:\n");
    let format = "%t %p %o %k=%v %h %T %d %K %S\\n";
    assert_eq!(
        broker.ok(&["consume", "t", "-o", "beginning", "-e", "-f", format]),
        "t 1 0 k=v h=1,h=2 1500 1970-01-01T00:00:01.500Z 1 1\n\
         t 1 1 empty= h=1,h=2 1500 1970-01-01T00:00:01.500Z 5 -1\n"
    );
    assert_eq!(broker.ok(&["consume", "t", "-p", "0", "-o", "beginning", "-e"]), "");
}

#[test]
fn json_comes_back_as_it_went() {
    let broker = Broker::start();
    let line = json!({ "key": "k", "value": null, "headers": { "h": "1" }, "timestamp": 5, "partition": 0 });
    broker.ok_with(&["produce", "a", "--json"], &line.to_string());
    let read = broker.ok(&["consume", "a", "-o", "beginning", "-e", "--output", "json"]);
    // Into another topic and out again: all that a record is survives.
    let again: Value = serde_json::from_str(&read).unwrap();
    for (name, value) in line.as_object().unwrap() {
        assert_eq!(again[name], *value, "{name}");
    }
    let mut moved = again.clone();
    moved["topic"] = json!("b");
    broker.ok_with(&["produce", "ignored", "--json"], &moved.to_string());
    let read = &broker.json(&["consume", "b", "-o", "beginning", "-e"])[0];
    assert_eq!(read["headers"], again["headers"]);
}

#[test]
fn reading_begins_at_a_time() {
    let broker = Broker::start();
    for (time, value) in [("1000", "old"), ("2000", "middle"), ("3000", "new")] {
        broker.ok_with(&["produce", "t", "-T", time], value);
    }
    let from = |when: &str| broker.ok(&["consume", "t", "-o", when, "-e"]);
    assert_eq!(from("@2000"), "middle\nnew\n");
    assert_eq!(from("@1970-01-01T00:00:02.001Z"), "new\n");
    assert_eq!(from("@4000"), "");
}

#[test]
fn a_bad_record_stops_with_its_number_and_keeps_those_before() {
    let broker = Broker::start();
    let output = broker.run_with(&["produce", "t", "--json"], "{\"value\":1}\nnonsense\n{\"value\":3}\n");
    assert_eq!(output.0, 2);
    assert!(output.1.contains("record 2") && output.1.contains("1 record(s) before"), "{}", output.1);
    assert_eq!(broker.ok(&["consume", "t", "-o", "beginning", "-e"]), "1\n");
}

#[test]
fn what_cannot_be_read_or_written_says_why() {
    let broker = Broker::start();
    assert_eq!(broker.fails(&["consume", "missing", "-e"]).0, 9);
    broker.ok(&["topic", "create", "t"]);
    assert_eq!(broker.fails(&["consume", "t", "-p", "7", "-e"]).0, 9);
    let (status, said) = broker.fails(&["produce", "t", "/nowhere/file"]);
    assert_eq!(status, 2);
    assert!(said.contains("/nowhere/file"), "{said}");
    broker.ok(&["topic", "alter", "t", "--set", "max.message.bytes=100"]);
    let output = broker.run_with(&["produce", "t"], &"x".repeat(200));
    assert_eq!(output.0, 8);
    assert!(output.1.contains("MESSAGE_TOO_LARGE"), "{}", output.1);
}
