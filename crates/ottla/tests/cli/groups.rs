use crate::group_member::{Wire, application, consumer};
use crate::program::{Broker, program, run};
use crate::share_member::Member;
use serde_json::json;

/// A topic of two partitions with ten records in each, one second of 1970 apart.
fn ten_records_in_two_partitions() -> Broker {
    let broker = Broker::start();
    broker.ok(&["topic", "create", "t", "-p", "2"]);
    let lines: String = (0..20)
        .map(|n| json!({ "value": n, "partition": n % 2, "timestamp": n * 1000 }).to_string() + "\n")
        .collect();
    broker.ok_with(&["produce", "t", "--json"], &lines);
    broker
}

fn reset(broker: &Broker, arguments: &[&str]) -> Vec<(i64, Option<i64>, i64)> {
    let rows = broker.json(&[&["group", "reset-offsets", "g"], arguments].concat());
    let number = |value: &serde_json::Value| value.as_i64();
    rows.iter()
        .map(|row| (number(&row["partition"]).unwrap(), number(&row["from"]), number(&row["to"]).unwrap()))
        .collect()
}

#[test]
fn offsets_are_planned_then_set() {
    let broker = ten_records_in_two_partitions();
    assert_eq!(reset(&broker, &["-t", "t", "--to-latest", "--dry-run"]), [(0, None, 10), (1, None, 10)]);
    assert_eq!(broker.fails(&["group", "describe", "g"]).0, 9);

    reset(&broker, &["-t", "t", "--to-latest", "--yes"]);
    assert_eq!(reset(&broker, &["-t", "t:1", "--shift-by", "-3", "--yes"]), [(1, Some(10), 7)]);
    assert_eq!(reset(&broker, &["--to-datetime", "6000", "--dry-run"]), [(0, Some(10), 3), (1, Some(7), 3)]);
    assert_eq!(reset(&broker, &["--to-offset", "99", "--dry-run"]), [(0, Some(10), 10), (1, Some(7), 10)]);
    assert_eq!(reset(&broker, &["--to-earliest", "--dry-run"]), [(0, Some(10), 0), (1, Some(7), 0)]);
}

#[test]
fn lag_is_what_is_left_to_read() {
    let broker = ten_records_in_two_partitions();
    reset(&broker, &["-t", "t", "--to-offset", "4", "--yes"]);
    let listed = broker.json(&["group", "list"]);
    assert_eq!((&listed[0]["group"], &listed[0]["lag"]), (&json!("g"), &json!(12)));
    let described = &broker.json(&["group", "describe", "g"])[0];
    assert_eq!((&described["state"], &described["lag"]), (&json!("Empty"), &json!(12)));
    assert_eq!(described["partitions"][1]["lag"], json!(6));
    assert!(broker.ok(&["group", "describe", "g"]).contains("12 record(s) behind"));
}

#[test]
fn a_deleted_group_is_gone() {
    let broker = ten_records_in_two_partitions();
    reset(&broker, &["-t", "t", "--to-latest", "--yes"]);
    broker.ok(&["group", "delete", "g", "--dry-run"]);
    assert_eq!(broker.json(&["group", "list"]).len(), 1);
    assert_eq!(broker.fails(&["group", "delete", "g"]).0, 2);
    broker.ok(&["group", "delete", "g", "--yes"]);
    assert!(broker.json(&["group", "list"]).is_empty());
    assert_eq!(broker.fails(&["group", "delete", "g", "--yes"]).0, 9);
}

#[test]
fn a_reset_without_sense_is_refused() {
    let broker = ten_records_in_two_partitions();
    assert_eq!(broker.fails(&["group", "reset-offsets", "g", "--to-latest", "--yes"]).0, 9);
    assert_eq!(broker.fails(&["group", "reset-offsets", "g", "-t", "t"]).0, 2);
    assert_eq!(broker.fails(&["group", "reset-offsets", "g", "-t", "t:9", "--to-latest", "--yes"]).0, 9);
    assert_eq!(
        broker.fails(&["group", "reset-offsets", "g", "-t", "t", "--to-latest", "--to-earliest"]).0,
        2
    );
}

#[test]
fn a_group_reads_everything_once_and_goes_on_where_it_stopped() {
    let broker = ten_records_in_two_partitions();
    let read = |more: &[&str]| {
        broker.ok(&[&["consume", "t", "-g", "g", "-o", "beginning"], more].concat()).lines().count()
    };
    assert_eq!(read(&["-n", "5"]), 5);
    // All five came from one partition; where nothing is committed yet there is no lag, as in Kafka's tools.
    assert_eq!(broker.json(&["group", "list"])[0]["lag"], 5);
    assert_eq!(read(&["-e", "--no-commit"]), 15);
    assert_eq!(read(&["-e"]), 15);
    assert_eq!(read(&["-e"]), 0);
    assert_eq!(broker.json(&["group", "list"])[0]["state"], "Empty");
    let other = broker.ok(&["consume", "t", "-g", "other", "-o", "beginning", "-e"]);
    assert_eq!(other.lines().count(), 20, "each group gets everything");
}

#[test]
fn a_busy_group_is_described_and_left_alone() {
    let broker = ten_records_in_two_partitions();
    let mut member = broker.start_verb(&["consume", "t", "-g", "g", "-o", "beginning"]);
    for _ in 0..20 {
        member.line();
    }
    let described = &broker.json(&["group", "describe", "g"])[0];
    assert_eq!(
        (&described["state"], &described["members"][0]["partitions"]),
        (&json!("Stable"), &json!(["t-0", "t-1"]))
    );
    let (status, said) = broker.fails(&["group", "reset-offsets", "g", "-t", "t", "--to-earliest", "--yes"]);
    assert_eq!(status, 8);
    assert!(said.contains("1 member(s): stop them first"), "{said}");
    assert_eq!(broker.fails(&["group", "delete", "g", "--yes"]).0, 8);
    assert_eq!(member.stop("INT"), Some(0));
    let described = &broker.json(&["group", "describe", "g"])[0];
    assert_eq!((&described["state"], &described["lag"]), (&json!("Empty"), &json!(0)));
}

#[test]
fn two_members_share_the_partitions() {
    let broker = ten_records_in_two_partitions();
    let mut first = broker.start_verb(&["consume", "t", "-g", "g", "-o", "beginning", "-f", "%p\\n"]);
    for _ in 0..20 {
        first.line();
    }
    let mut second = broker.start_verb(&["consume", "t", "-g", "g", "-f", "%p\\n"]);
    let share = |described: &serde_json::Value| -> Vec<usize> {
        let members = described["members"].as_array().unwrap();
        members.iter().map(|member| member["partitions"].as_array().unwrap().len()).collect()
    };
    // The second member's join makes the first one come back at its next heartbeat.
    while share(&broker.json(&["group", "describe", "g"])[0]) != [1, 1] {}
    broker.ok_with(
        &["produce", "t", "--json"],
        "{\"value\":1,\"partition\":0}\n{\"value\":2,\"partition\":1}\n",
    );
    let mut read = [first.line(), second.line()];
    read.sort();
    assert_eq!(read, ["0\n", "1\n"]);
    assert_eq!((first.stop("TERM"), second.stop("TERM")), (Some(0), Some(0)));
}

#[test]
fn a_consumer_group_is_described_with_the_epochs_of_its_members() {
    let broker = ten_records_in_two_partitions();
    let wire = Wire::open(&broker);
    consumer(&wire, "c", "t", 2);
    let described = &broker.json(&["group", "describe", "c"])[0];
    assert_eq!(
        (&described["type"], &described["state"], &described["assignor"]),
        (&json!("consumer"), &json!("Stable"), &json!("uniform"))
    );
    let member = &described["members"][0];
    assert_eq!(member["epoch"], described["epoch"]);
    assert_eq!((&member["instance"], &member["partitions"]), (&json!("desk"), &json!(["t-0", "t-1"])));
    assert_eq!(described["partitions"][1]["member"], member["member"]);
    let said = broker.ok(&["group", "describe", "c"]);
    assert!(said.starts_with("c: consumer group, Stable, 1 member(s), 0 record(s) behind"), "{said}");
    assert_eq!(broker.fails(&["group", "reset-offsets", "c", "-t", "t", "--to-latest", "--yes"]).0, 8);

    let mut command = program();
    command.args([
        "kafka-consumer-groups",
        "--bootstrap-server",
        broker.address(),
        "--describe",
        "--group",
        "c",
    ]);
    command.args(["--members", "--verbose"]);
    let said = String::from_utf8(run(command, "").stdout).unwrap();
    let epoch = described["epoch"].to_string();
    let row: Vec<&str> = said.lines().nth(2).unwrap().split_whitespace().collect();
    assert_eq!((row[0], row[2]), ("c", "desk"), "{said}");
    assert_eq!(row[5..], ["2", &epoch, "t:0,1", &epoch, "t:0,1"], "{said}");
}

#[test]
fn a_share_group_is_described_and_has_no_offsets_to_reset() {
    let broker = ten_records_in_two_partitions();
    broker.ok(&["queue", "settings", "s", "share.auto.offset.reset=earliest"]);
    let mut member = Member::holding(&broker, "s", "t", 3);
    member.accept(1);
    let described = &broker.json(&["group", "describe", "s"])[0];
    assert_eq!((&described["type"], &described["state"]), (&json!("share"), &json!("Stable")));
    assert_eq!(described["members"][0]["partitions"], json!(["t-0", "t-1"]));
    // Two of the three and the seven behind them are left; nobody has read the other partition yet.
    assert_eq!((&described["partitions"][0]["committed"], &described["lag"]), (&json!(0), &json!(9)));
    assert_eq!(broker.json(&["group", "list"])[0]["lag"], 9);
    drop(member);
    for topics in [&[][..], &["-t", "t"]] {
        let (status, said) =
            broker.fails(&[&["group", "reset-offsets", "s", "--to-latest", "--yes"], topics].concat());
        assert_eq!(status, 8);
        assert!(said.contains("share group") && said.contains("ottla queue purge s"), "{said}");
    }
}

#[test]
fn a_streams_group_is_described_with_the_tasks_of_its_members() {
    let broker = Broker::start_with(&["--ephemeral", "--set", "group.streams.initial.rebalance.delay.ms=0"]);
    broker.ok(&["topic", "create", "t", "-p", "2"]);
    let wire = Wire::open(&broker);
    application(&wire, "a", "t", 2);
    let described = &broker.json(&["group", "describe", "a"])[0];
    assert_eq!((&described["type"], &described["state"]), (&json!("streams"), &json!("Stable")));
    assert_eq!(described["members"][0]["partitions"], json!(["0_0", "0_1"]));
    assert!(broker.ok(&["group", "describe", "a"]).contains("0_0"));
    assert_eq!(broker.json(&["group", "list"])[0]["type"], "streams");
}
