use crate::program::Broker;
use serde_json::json;

#[test]
fn a_topic_lives_from_create_to_delete() {
    let broker = Broker::start();
    let created = broker.json(&["topic", "create", "flights", "-p", "3", "-c", "retention.ms=1000"]);
    assert_eq!((&created[0]["topic"], &created[0]["partitions"]), (&json!("flights"), &json!(3)));
    assert_eq!(created[0]["id"].as_str().unwrap().len(), 22);

    let listed = broker.json(&["topic", "list"]);
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0]["id"], created[0]["id"]);

    broker.ok(&["topic", "alter", "flights", "-p", "5", "--set", "segment.bytes=2000000"]);
    let described = &broker.json(&["topic", "describe", "flights"])[0];
    assert_eq!(described["partitions"].as_array().unwrap().len(), 5);
    assert_eq!(described["settings"]["segment.bytes"], "2000000");
    assert_eq!(described["settings"]["retention.ms"], "1000");

    broker.ok(&["topic", "delete", "flights", "--dry-run"]);
    assert_eq!(broker.json(&["topic", "list"]).len(), 1);
    broker.ok(&["topic", "delete", "flights", "--yes"]);
    assert!(broker.json(&["topic", "list"]).is_empty());
}

#[test]
fn nothing_is_deleted_unasked() {
    let broker = Broker::start();
    broker.ok(&["topic", "create", "t"]);
    let (status, said) = broker.fails(&["topic", "delete", "t"]);
    assert_eq!(status, 2);
    assert!(said.contains("--yes"), "{said}");
    assert_eq!(broker.json(&["topic", "list"]).len(), 1);
}

#[test]
fn refusals_carry_the_brokers_reason_and_a_status() {
    let broker = Broker::start();
    broker.ok(&["topic", "create", "a.b"]);
    let cases: &[(&[&str], i32, &str)] = &[
        (&["topic", "create", "a.b"], 8, "exists already"),
        (&["topic", "create", "a_b"], 8, "collides"),
        (&["topic", "create", "a b"], 8, "INVALID_TOPIC_EXCEPTION"),
        (&["topic", "create", "t", "-r", "3"], 8, "there is one: ask for 1"),
        (&["topic", "create", "t", "-p", "0"], 8, "INVALID_PARTITIONS"),
        (&["topic", "create", "t", "-c", "retention.mss=1"], 8, "did you mean 'retention.ms'?"),
        (&["topic", "create", "t", "-c", "segment.bytes=1"], 8, "at least 1048576"),
        (&["topic", "alter", "a.b", "-p", "1"], 8, "partitions can only be added"),
        (&["topic", "describe", "missing"], 9, "missing"),
        (&["topic", "delete", "missing", "--yes"], 9, "missing"),
    ];
    for (arguments, expected, words) in cases {
        let (status, said) = broker.fails(arguments);
        assert_eq!(status, *expected, "{arguments:?}: {said}");
        assert!(said.contains(words), "{arguments:?}: {said}");
    }
    assert_eq!(broker.json(&["topic", "list"]).len(), 1);
}

#[test]
fn a_dry_run_checks_and_creates_nothing() {
    let broker = Broker::start();
    broker.ok(&["topic", "create", "t", "--dry-run"]);
    assert!(broker.json(&["topic", "list"]).is_empty());
    assert_eq!(broker.fails(&["topic", "create", "t", "-r", "2", "--dry-run"]).0, 8);
    broker.ok(&["topic", "create", "t"]);
    broker.ok(&["topic", "create", "t", "--if-not-exists"]);
}
