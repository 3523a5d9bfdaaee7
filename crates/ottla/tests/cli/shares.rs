//! The command line as a member of a share group.

use crate::program::Broker;
use crate::share_member::Member;
use serde_json::json;

/// A queue of ten records in a topic with so many partitions.
fn queue(partitions: &str) -> Broker {
    let broker = Broker::start();
    broker.ok(&["topic", "create", "work", "-p", partitions]);
    broker.ok(&["queue", "settings", "g", "share.auto.offset.reset=earliest"]);
    let lines: String = (0..10).map(|n| format!("k{n}:v{n}\n")).collect();
    broker.ok_with(&["produce", "work", "-K", ":", "-z", "gzip"], &lines);
    broker
}

fn taken(broker: &Broker, more: &[&str]) -> Vec<String> {
    let text = broker.ok(&[&["consume", "work", "--share", "g"], more].concat());
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    lines.sort_unstable();
    lines
}

fn values(numbers: std::ops::Range<usize>) -> Vec<String> {
    numbers.map(|n| format!("v{n}")).collect()
}

#[test]
fn what_is_printed_is_accepted_and_does_not_come_again() {
    let broker = queue("3");
    assert_eq!(taken(&broker, &["-e"]), values(0..10));
    assert_eq!(taken(&broker, &["-e"]), values(0..0));
    let described = &broker.json(&["queue", "describe", "g"])[0];
    assert_eq!((&described["depth"], &described["in_flight"]), (&json!(0), &json!(0)));
}

#[test]
fn no_more_is_taken_than_wanted() {
    let broker = queue("1");
    assert_eq!(taken(&broker, &["-n", "2"]), values(0..2));
    let described = broker.json(&["queue", "describe", "g", "--ranges", "9"]).remove(0);
    assert_eq!((&described["depth"], &described["in_flight"]), (&json!(8), &json!(0)));
    let ranges = described["ranges"].as_array().unwrap();
    assert!(ranges.iter().all(|range| range["deliveries"] == json!(0)), "{ranges:?}");
    assert_eq!(taken(&broker, &["-n", "8"]), values(2..10));
}

#[test]
fn what_others_have_is_left_to_them() {
    let broker = queue("1");
    let member = Member::holding(&broker, "g", "work", 3);
    assert_eq!(taken(&broker, &["-e"]), values(3..10));
    drop(member);
    assert_eq!(taken(&broker, &["-n", "3"]), values(0..3), "its locks end with its connection");
}

#[test]
fn a_new_share_group_begins_at_the_end() {
    let broker = queue("1");
    assert_eq!(broker.ok(&["consume", "work", "--share", "another", "-e"]), "");
    broker.ok_with(&["produce", "work"], "later\n");
    assert_eq!(broker.ok(&["consume", "work", "--share", "another", "-n", "1"]), "later\n");
}

#[test]
fn what_makes_no_sense_for_a_share_group_is_refused() {
    let broker = queue("1");
    for more in [&["-g", "h"][..], &["-o", "beginning"], &["-p", "0"], &["-i", "read_committed"]] {
        let (status, _) = broker.fails(&[&["consume", "work", "--share", "g", "-e"], more].concat());
        assert_eq!(status, 2, "{more:?}");
    }
    assert_eq!(broker.fails(&["consume", "wrok", "--share", "g", "-e"]).0, 9);
    broker.ok(&["consume", "work", "-g", "classic", "-o", "beginning", "-e"]);
    let (status, message) = broker.fails(&["consume", "work", "--share", "classic", "-e"]);
    assert_eq!(status, 9, "{message}");
    assert!(message.contains("share group classic"), "{message}");
}
