use crate::program::{Broker, program};
use serde_json::json;
use std::io::Write;
use std::process::{Child, Stdio};

/// A producer that has written one record of a transaction and waits for more input.
struct Holder(Child);

impl Holder {
    fn start(broker: &Broker, topic: &str, id: &str) -> Self {
        let mut command = program();
        command.args([
            "produce",
            topic,
            "--transactional-id",
            id,
            "--linger-ms",
            "0",
            "-b",
            broker.address(),
        ]);
        let mut process = command.stdin(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let input = process.stdin.as_mut().unwrap();
        input.write_all(b"held\n").unwrap();
        while broker.json(&["transaction", "list", "--state", "Ongoing"]).is_empty() {}
        while starts(broker, topic).is_empty() {}
        Self(process)
    }

    /// Ends its input and waits for its end.
    fn finish(mut self) -> Option<i32> {
        drop(self.0.stdin.take());
        self.0.wait().unwrap().code()
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        // It has ended already, unless the test failed.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Where transactions are open in the topic's only partition.
fn starts(broker: &Broker, topic: &str) -> Vec<i64> {
    let producers = broker.json(&["transaction", "producers", topic]);
    producers.iter().filter_map(|producer| producer["open_since"].as_i64()).collect()
}

fn read(broker: &Broker, more: &[&str]) -> String {
    broker.ok(&[&["consume", "t", "-o", "beginning", "-e"], more].concat())
}

#[test]
fn a_transaction_is_seen_whole_or_not_at_all() {
    let broker = Broker::start();
    let produce = |input: &str, more: &[&str]| {
        broker.ok_with(&[&["produce", "t", "--transactional-id", "x"], more].concat(), input)
    };
    produce("a\nb\n", &[]);
    produce("lost\n", &["--abort"]);
    produce("c\n", &[]);
    assert_eq!(read(&broker, &[]), "a\nb\nc\n");
    assert_eq!(read(&broker, &["--isolation", "read_uncommitted"]), "a\nb\nlost\nc\n");
    assert_eq!(read(&broker, &["-g", "g"]), "a\nb\nc\n");
    let listed = broker.json(&["transaction", "list"]);
    assert_eq!((&listed[0]["transaction"], &listed[0]["state"]), (&json!("x"), &json!("CompleteCommit")));
}

#[test]
fn input_that_cannot_be_read_takes_the_transaction_back() {
    let broker = Broker::start();
    let (status, said) = broker
        .run_with(&["produce", "t", "--json", "--transactional-id", "x"], "{\"value\":\"a\"}\nnonsense\n");
    assert_eq!(status, 2);
    assert!(said.contains("the transaction was taken back"), "{said}");
    assert_eq!(read(&broker, &[]), "");
    assert_eq!(broker.fails(&["produce", "t", "--transactional-id", "x", "--acks", "1"]).0, 2);
}

#[test]
fn an_open_transaction_is_shown_from_all_sides() {
    let broker = Broker::start();
    broker.ok_with(&["produce", "t"], "before\n");
    let holder = Holder::start(&broker, "t", "x");
    assert_eq!(starts(&broker, "t"), [1]);
    assert_eq!(read(&broker, &[]), "before\n");
    let described = &broker.json(&["transaction", "describe", "x"])[0];
    assert_eq!((&described["state"], &described["partitions"]), (&json!("Ongoing"), &json!(["t-0"])));
    assert!(broker.ok(&["transaction", "describe", "x"]).contains("x: Ongoing"));
    assert!(
        broker.json(&["transaction", "list", "--open-for-ms", "3600000", "--state", "Ongoing"]).is_empty()
    );
    assert!(broker.json(&["transaction", "list", "--matching", "nothing"]).is_empty());
    assert!(broker.json(&["transaction", "find-hanging", "--open-for-ms", "0"]).is_empty());
    let (status, said) = broker.fails(&["transaction", "abort", "t:0", "--start-offset", "1", "--yes"]);
    assert_eq!(status, 8);
    assert!(said.contains("belongs to 'x'"), "{said}");
    assert_eq!(holder.finish(), Some(0));
    assert_eq!(read(&broker, &[]), "before\nheld\n");
}

#[test]
fn what_hangs_is_ended_by_force() {
    let broker = Broker::start();
    let _holder = Holder::start(&broker, "t", "x");
    let abort: [&str; 6] = ["transaction", "abort", "t:0", "--start-offset", "0", "--force"];
    let shown = broker.json(&[&abort[..], &["--dry-run"]].concat());
    assert_eq!((&shown[0]["start_offset"], &shown[0]["topic"]), (&json!(0), &json!("t")));
    assert_eq!(starts(&broker, "t"), [0]);
    assert_eq!(broker.fails(&abort).0, 2, "there is nobody to ask");
    broker.ok(&[&abort[..], &["--yes"]].concat());
    assert!(starts(&broker, "t").is_empty());
    assert_eq!(read(&broker, &[]), "");
    assert_eq!(broker.fails(&[&abort[..], &["--yes"]].concat()).0, 9);
}

#[test]
fn what_does_not_exist_is_not_found() {
    let broker = Broker::start();
    assert_eq!(broker.fails(&["transaction", "describe", "x"]).0, 9);
    assert_eq!(broker.fails(&["transaction", "producers", "t"]).0, 9);
    broker.ok(&["topic", "create", "t"]);
    assert_eq!(broker.fails(&["transaction", "producers", "t:7"]).0, 9);
    assert_eq!(broker.fails(&["transaction", "producers", "t:x"]).0, 2);
    let (status, said) = broker.fails(&["transaction", "list", "--state", "Sleeping"]);
    assert_eq!(status, 2);
    assert!(said.contains("there is no such state"), "{said}");
}
