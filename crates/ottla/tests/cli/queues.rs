//! Queues from the command line. Real share consumers work on queues in the examples.

use crate::program::Broker;
use crate::share_member::Member;
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
        headers["ottla-dlq-history"] = json!(
            r#"[{"member":"m","at":1000,"until":2000,"ending":"timed-out","renewals":2},
                {"member":"n","at":3000,"until":4000,"ending":"rejected","renewals":0}]"#
        );
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
fn a_requeued_letter_is_for_its_group_alone() {
    let broker = Broker::start();
    broker.ok(&["topic", "create", "work"]);
    broker.ok(&["topic", "create", "dlq.work"]);
    for group in ["g", "h"] {
        broker.ok(&["queue", "settings", group, "share.auto.offset.reset=earliest"]);
    }
    let letters: String = (0..2)
        .map(|n| {
            let mut letter = letter(n);
            letter["headers"]["__dlq.errors.partition"] = json!("0");
            letter.to_string() + "\n"
        })
        .collect();
    broker.ok_with(&["produce", "dlq.work", "--json"], &letters);
    broker.ok_with(&["produce", "work"], "v0\nv1\n");
    broker.ok(&["queue", "dlq", "requeue", "g", "--topic", "dlq.work", "--all", "--yes"]);
    broker.ok_with(&["produce", "work"], "v2\n");
    // A marker stands between: offset 4.
    let in_flight = |group: &str, records| {
        let _member = Member::holding(&broker, group, "work", records);
        let queue = broker.json(&["queue", "describe", group, "--ranges", "9"]).remove(0);
        let ranges = queue["ranges"].as_array().unwrap().iter();
        ranges
            .map(|range| [&range["first"], &range["last"]].map(|at| at.as_i64().unwrap()))
            .collect::<Vec<_>>()
    };
    assert_eq!(in_flight("g", 5), [[0, 3], [5, 5]]);
    assert_eq!(in_flight("h", 3), [[0, 1], [5, 5]]);
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
fn a_letter_tells_what_became_of_each_delivery() {
    let broker = three_letters();
    let shown = &broker.json(&["queue", "dlq", "show", "g", "0/0"])[0];
    assert_eq!(shown["history"][0]["ending"], json!("timed-out"));
    assert_eq!(shown["about"]["ottla-dlq-history"], Value::Null, "once is enough");
    let text = broker.ok(&["queue", "dlq", "show", "g", "0/0", "--output", "human"]);
    for line in [
        "delivery    1970-01-01T00:00:01.000Z to 1970-01-01T00:00:02.000Z timed-out, renewed 2 times (m)\n",
        "delivery    1970-01-01T00:00:03.000Z to 1970-01-01T00:00:04.000Z rejected (n)\n",
    ] {
        assert!(text.contains(line), "{text}");
    }
    assert_eq!(broker.json(&["queue", "dlq", "show", "g", "0/1"])[0]["history"], Value::Null);
}

/// Anybody may write to the topic. What is no history was left out without a word.
#[test]
fn a_history_that_cannot_be_read_is_shown_as_it_is() {
    let broker = three_letters();
    let histories = ["soon", "{}", "[1]", r#"[{"at":"soon","until":-1}]"#];
    let letters: String = histories
        .iter()
        .map(|history| {
            let mut letter = letter(1);
            letter["headers"]["ottla-dlq-history"] = json!(history);
            letter.to_string() + "\n"
        })
        .collect();
    broker.ok_with(&["produce", "dlq.work", "--json"], &letters);
    for (id, history) in ["0/3", "0/4", "0/5"].into_iter().zip(histories) {
        let shown = &broker.json(&["queue", "dlq", "show", "g", id])[0];
        assert_eq!(
            (&shown["history"], &shown["about"]["ottla-dlq-history"]),
            (&Value::Null, &json!(history))
        );
        let text = broker.ok(&["queue", "dlq", "show", "g", id, "--output", "human"]);
        assert!(text.contains(&format!("ottla-dlq-history  {history}\n")), "{text}");
    }
    let text = broker.ok(&["queue", "dlq", "show", "g", "0/6", "--output", "human"]);
    assert!(text.contains("delivery    - to - - (-)\n"), "{text}");
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

/// Whatever stands at its offset when the topic was made anew went back in place of the record.
#[test]
fn a_letter_is_never_taken_for_what_stands_where_its_record_was() {
    let broker = three_letters();
    let mut whole = letter(1);
    let mut bare = letter(2);
    for letter in [&mut whole, &mut bare] {
        letter["headers"]["ottla-dlq-topic-id"] = json!("AAAAAAAAAAAAAAAAAAAAAQ");
        letter["headers"]["__dlq.errors.offset"] = json!("0");
    }
    broker.ok_with(&["produce", "dlq.work", "--json"], &format!("{whole}\n{bare}\n"));
    broker.ok(&["queue", "dlq", "requeue", "g", "0/3", "--yes"]);
    let record = &broker.json(&["consume", "work", "-o", "beginning", "-e"])[3];
    assert_eq!((&record["key"], &record["value"]), (&json!("k1"), &json!("v1")));
    let (status, message) = broker.fails(&["queue", "dlq", "requeue", "g", "0/4", "--yes"]);
    assert_eq!(status, 9);
    assert!(message.contains("letter 0/4 only names its record"), "{message}");
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

/// Ten records, three of which a member holds.
fn three_of_ten_are_held() -> (Broker, Member) {
    let broker = Broker::start();
    broker.ok(&["topic", "create", "work"]);
    broker.ok(&["queue", "settings", "g", "share.auto.offset.reset=earliest"]);
    let lines: String = (0..10).map(|n| format!("v{n}\n")).collect();
    broker.ok_with(&["produce", "work"], &lines);
    let member = Member::holding(&broker, "g", "work", 3);
    (broker, member)
}

fn described(broker: &Broker) -> Value {
    broker.json(&["queue", "describe", "g", "--sample", "0", "--ranges", "9"]).remove(0)
}

#[test]
fn a_queue_tells_what_waits_and_who_has_what_for_how_long_yet() {
    let (broker, member) = three_of_ten_are_held();
    let queue = described(&broker);
    assert_eq!((&queue["depth"], &queue["in_flight"]), (&json!(10), &json!(3)));
    let partition = &queue["partitions"][0];
    assert_eq!((&partition["ready"], &partition["in_flight"]), (&json!(7), &json!(3)));
    let range = &queue["ranges"][0];
    assert_eq!((&range["first"], &range["last"], &range["deliveries"]), (&json!(0), &json!(2), &json!(1)));
    assert_eq!((&range["state"], &range["member"]), (&json!("in-flight"), &queue["members"][0]["member"]));
    assert!((1..=30_000).contains(&range["for"].as_i64().unwrap()), "{range}");
    let listed = &broker.json(&["queue", "list"])[0];
    assert_eq!(
        (&listed["queue"], &listed["depth"], &listed["in_flight"]),
        (&json!("g"), &json!(10), &json!(3))
    );
    assert!(broker.json(&["queue", "list", "--matching", "x"]).is_empty());
    let grouped = &broker.json(&["group", "list"])[0];
    assert_eq!(
        (&grouped["type"], &grouped["lag"], &grouped["members"]),
        (&json!("share"), &json!(10), &json!(1))
    );
    drop(member);
    // The broker sees the end of the connection a moment later.
    let is_released = (0..300).any(|_| described(&broker)["in_flight"] == json!(0));
    assert!(is_released, "a lock outlives its member's connection");
}

/// Every queue had a "-" there, which says that it keeps none, unless they were to be counted.
#[test]
fn dead_letters_have_a_column_where_they_are_counted() {
    let (broker, _member) = three_of_ten_are_held();
    let dead_letters = |more: &[&str]| {
        let row = broker.json(&[&["queue", "list"], more].concat()).remove(0);
        row.get("dead_letters").cloned()
    };
    assert_eq!(dead_letters(&["--dead-letters"]), Some(Value::Null), "it keeps none");
    broker.ok(&["queue", "settings", "g", "errors.deadletterqueue.topic.name=dlq.work"]);
    assert_eq!(
        dead_letters(&["--dead-letters"]),
        Some(json!(0)),
        "there is no topic before the first letter"
    );
    broker.ok(&["topic", "create", "dlq.work"]);
    broker.ok_with(&["produce", "dlq.work", "--json"], &letter(0).to_string());
    assert_eq!(dead_letters(&["--dead-letters"]), Some(json!(1)));
    assert_eq!(dead_letters(&[]), None);
}

#[test]
fn peeking_shows_what_the_next_member_gets_and_takes_nothing() {
    let (broker, _member) = three_of_ten_are_held();
    let peek = |more: &[&str]| {
        let rows = broker.json(&[&["queue", "peek", "g"], more].concat());
        rows.iter().map(|row| row["offset"].as_i64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(peek(&["-n", "2"]), [3, 4]);
    assert_eq!(peek(&[]), [3, 4, 5, 6, 7, 8, 9]);
    assert_eq!(peek(&["--all", "-n", "4"]), [0, 1, 2, 3]);
    assert_eq!(peek(&["--topic", "another"]), [0_i64; 0]);
    assert_eq!(described(&broker)["in_flight"], json!(3));
}

#[test]
fn a_purged_queue_has_nothing_left_and_its_topic_everything() {
    let (broker, _member) = three_of_ten_are_held();
    assert_eq!(broker.json(&["queue", "purge", "g", "--dry-run"])[0]["records"], json!(10));
    assert_eq!(broker.fails(&["queue", "purge", "g"]).0, 2);
    assert_eq!(described(&broker)["depth"], json!(10));
    broker.ok(&["queue", "purge", "g", "--yes"]);
    let queue = described(&broker);
    assert_eq!((&queue["depth"], &queue["in_flight"]), (&json!(0), &json!(0)));
    assert_eq!(broker.json(&["consume", "work", "-o", "beginning", "-e"]).len(), 10);
}

#[test]
fn queues_that_do_not_exist_are_not_found() {
    let broker = Broker::start();
    assert!(broker.json(&["queue", "list"]).is_empty());
    for verb in [&["queue", "describe", "g"][..], &["queue", "peek", "g"], &["queue", "purge", "g", "--yes"]]
    {
        assert_eq!(broker.fails(verb).0, 9, "{verb:?}");
    }
}
