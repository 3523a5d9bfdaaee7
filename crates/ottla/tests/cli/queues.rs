//! Queues from the command line. What share consumers do to them is tested with real ones, by the examples.

use crate::program::Broker;
use serde_json::{Value, json};

/// A queue with a dead-letter topic, and three letters in it: as Ottla writes them, as Kafka does (without the headers
/// of the record), and one that only names its record.
fn three_letters() -> Broker {
    let broker = Broker::start();
    broker.ok(&["topic", "create", "work", "-p", "2"]);
    broker.ok(&["topic", "create", "dlq.work", "--config", "errors.deadletterqueue.group.enable=true"]);
    broker.ok(&["queue", "settings", "g", "errors.deadletterqueue.topic.name=dlq.work"]);
    let records: String = (0..3)
        .map(|n| {
            let record = json!({ "key": format!("k{n}"), "value": format!("v{n}"), "headers": { "h": n.to_string() },
                "partition": 1 });
            record.to_string() + "\n"
        })
        .collect();
    broker.ok_with(&["produce", "work", "--json"], &records);
    let letters: String = (0..3).map(|n| letter(n).to_string() + "\n").collect();
    broker.ok_with(&["produce", "dlq.work", "--json"], &letters);
    broker
}

fn letter(offset: usize) -> Value {
    let mut headers = json!({
        "__dlq.errors.topic": "work",
        "__dlq.errors.partition": "1",
        "__dlq.errors.offset": offset.to_string(),
        "__dlq.errors.group": "g",
        "__dlq.errors.delivery.count": "5",
        "__dlq.errors.message": "why not",
    });
    if offset == 0 {
        headers["h"] = json!("0");
    }
    let (key, value) = match offset {
        2 => (Value::Null, Value::Null),
        n => (json!(format!("k{n}")), json!(format!("v{n}"))),
    };
    json!({ "key": key, "value": value, "headers": headers })
}

fn listed(broker: &Broker, more: &[&str]) -> Vec<(String, Value)> {
    let rows = broker.json(&[&["queue", "dlq", "list", "g"], more].concat());
    rows.iter().map(|row| (row["letter"].as_str().unwrap().to_owned(), row["settled"].clone())).collect()
}

#[test]
fn a_requeued_letter_is_its_record_again_and_leaves_the_list() {
    let broker = three_letters();
    assert_eq!(listed(&broker, &[]).len(), 3);
    broker.ok(&["queue", "dlq", "requeue", "g", "--all", "--dry-run"]);
    assert_eq!(broker.fails(&["queue", "dlq", "requeue", "g", "--all"]).0, 2, "there is nobody to ask");
    assert_eq!(listed(&broker, &[]).len(), 3);

    broker.ok(&["queue", "dlq", "requeue", "g", "0/0", "0/2", "--yes"]);
    assert_eq!(listed(&broker, &[]), [("0/1".to_owned(), Value::Null)]);
    broker.ok(&["queue", "dlq", "requeue", "g", "--all", "--yes"]);
    assert_eq!(listed(&broker, &[]), []);
    assert_eq!(listed(&broker, &["--settled"])[1], ("0/1".to_owned(), json!("requeued")));
    assert_eq!(broker.fails(&["queue", "dlq", "requeue", "g", "0/1", "--yes"]).0, 9);

    let records = broker.json(&["consume", "work", "-o", "beginning", "-e"]);
    let again: Vec<_> = records[3..]
        .iter()
        .map(|record| [&record["key"], &record["value"], &record["headers"]["h"], &record["partition"]])
        .collect();
    let expected =
        |n: usize| [json!(format!("k{n}")), json!(format!("v{n}")), json!(n.to_string()), json!(1)];
    let expected = [expected(0), expected(2), expected(1)];
    assert_eq!(again, expected.each_ref().map(|record| record.each_ref()));
    for record in &records[3..] {
        assert_eq!(record["headers"]["ottla-requeued-for"], json!("g"));
        assert_eq!(record["headers"]["__dlq.errors.group"], Value::Null);
    }
}

#[test]
fn a_discarded_letter_leaves_the_list_and_nothing_else_happens() {
    let broker = three_letters();
    broker.ok(&["queue", "dlq", "discard", "g", "0/1", "--yes"]);
    assert_eq!(listed(&broker, &[]).len(), 2);
    assert_eq!(listed(&broker, &["--settled"])[1], ("0/1".to_owned(), json!("discarded")));
    assert_eq!(broker.json(&["consume", "work", "-o", "beginning", "-e"]).len(), 3);
    let shown = &broker.json(&["queue", "dlq", "show", "g", "0/0"])[0];
    assert_eq!(
        (&shown["value"], &shown["reason"], &shown["offset"]),
        (&json!("v0"), &json!("why not"), &json!(0))
    );
}

#[test]
fn letters_of_nobody_are_refused_with_a_cure() {
    let broker = three_letters();
    assert_eq!(broker.fails(&["queue", "dlq", "show", "g", "0/7"]).0, 9);
    assert_eq!(broker.fails(&["queue", "dlq", "show", "g", "seven"]).0, 2);
    assert_eq!(broker.fails(&["queue", "dlq", "requeue", "g", "0/7", "--yes"]).0, 9);
    assert_eq!(broker.fails(&["queue", "dlq", "requeue", "g"]).0, 2);
    let (status, message) = broker.fails(&["queue", "dlq", "list", "another"]);
    assert_eq!(status, 9);
    assert!(message.contains("queue settings another"), "{message}");
    assert_eq!(broker.json(&["queue", "dlq", "list", "another", "--topic", "dlq.work"]).len(), 0);
}

#[test]
fn a_letter_whose_record_is_gone_is_not_requeued_as_nothing() {
    let broker = three_letters();
    broker.ok(&["topic", "delete", "work", "--yes"]);
    broker.ok(&["topic", "create", "work", "-p", "2"]);
    let (status, message) = broker.fails(&["queue", "dlq", "requeue", "g", "--all", "--yes"]);
    assert_eq!(status, 9);
    assert!(message.contains("letter 0/2 only names its record"), "{message}");
    assert_eq!(listed(&broker, &[]).len(), 3, "all of the transaction or nothing");
    broker.ok(&["queue", "dlq", "requeue", "g", "0/0", "0/1", "--yes"]);
    assert_eq!(broker.json(&["consume", "work", "-o", "beginning", "-e"]).len(), 2);
}

#[test]
fn settings_of_a_queue_are_shown_explained_and_changed() {
    let broker = Broker::start();
    let value = |name: &str| {
        let rows = broker.json(&["queue", "settings", "g"]);
        let row = rows.into_iter().find(|row| row["name"] == name).unwrap();
        assert!(20 < row["meaning"].as_str().unwrap().len());
        (row["value"].clone(), row["set_by"].clone())
    };
    assert_eq!(value("queue.order"), (json!("none"), json!("default")));
    broker.ok(&["queue", "settings", "g", "queue.order=key", "share.delivery.count.limit=3"]);
    assert_eq!(value("queue.order"), (json!("key"), json!("queue")));
    broker.ok(&["queue", "settings", "g", "queue.order="]);
    assert_eq!(value("queue.order"), (json!("none"), json!("default")));
    broker.ok(&["queue", "pause", "g"]);
    assert_eq!(value("queue.paused"), (json!("true"), json!("queue")));
    broker.ok(&["queue", "resume", "g"]);
    assert_eq!(value("queue.paused").0, json!("false"));
    broker.ok(&["queue", "settings", "g", "queue.ttl.ms=5", "--dry-run"]);
    assert_eq!(value("queue.ttl.ms").0, json!("-1"));
    assert_eq!(broker.fails(&["queue", "settings", "g", "queue.order=time"]).0, 8);
    assert_eq!(broker.fails(&["queue", "settings", "g", "queue.order"]).0, 2);
}
