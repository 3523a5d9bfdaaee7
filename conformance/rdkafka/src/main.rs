//! What the rdkafka crate can do against a broker; prints one JSON line per feature.

mod client;
mod suite;

use client::{
    Admin, Member, Record, Transaction, committed, contents, offset_for_time, produce, read, read_isolated, take,
    take_over, text, transact,
};
use rdkafka::message::Message;
use rdkafka::{Offset, Timestamp};
use std::sync::Arc;
use suite::{Ledger, Outcome, equal, report, wait_until};

fn main() {
    let librdkafka = rdkafka::util::get_rdkafka_version().1;
    let version = format!("{} (librdkafka {librdkafka})", crate_version());
    println!("{}", serde_json::json!({ "version": version }));
    let admin = Admin::new().expect("the settings are valid");
    report("create", |topic| create(&admin, topic, 3));
    for codec in ["none", "gzip", "snappy", "lz4", "zstd"] {
        report(codec, |topic| compression(&admin, topic, codec));
    }
    report("headers", |topic| headers(&admin, topic));
    report("earliest", |topic| earliest(&admin, topic));
    report("timestamp", |topic| timestamp(&admin, topic));
    report("group", |topic| group(&admin, topic));
    report("broadcast", |topic| broadcast(&admin, topic));
    report("resume", |topic| resume(&admin, topic));
    report("idempotent", |topic| idempotent(&admin, topic));
    report("transactions", |topic| transactions(&admin, topic));
    report("fencing", |topic| fencing(&admin, topic));
    report("cooperative", |topic| cooperative(&admin, topic));
    report("static", |topic| static_members(&admin, topic));
    report("configs", |topic| configs(&admin, topic));
    report("groups", |topic| groups(&admin, topic));
    report("delete", |topic| delete(&admin, topic));
}

/// The crate does not tell its version, its line in the lock file does.
fn crate_version() -> &'static str {
    let (_, rest) =
        include_str!("../Cargo.lock").split_once("name = \"rdkafka\"\nversion = \"").unwrap_or_default();
    rest.split('"').next().unwrap_or_default()
}

fn create(admin: &Admin, topic: &str, partitions: i32) -> Outcome {
    admin.create_topic(topic, partitions)?;
    let wanted = usize::try_from(partitions).expect("it is positive");
    wait_until(|| admin.partitions(topic) == wanted, || format!("topic {topic}"))
}

fn values(name: &str, count: usize) -> Vec<String> {
    (0..count).map(|number| format!("{name}{number}")).collect()
}

/// Records for values, spread over the partitions in turn.
fn records(values: &[String], partitions: i32) -> Vec<Record> {
    let record = |(partition, value): (i32, &String)| Record {
        partition,
        value: Some(value.clone().into_bytes()),
        ..Record::default()
    };
    (0..partitions).cycle().zip(values).map(record).collect()
}

fn texts(messages: &[impl Message]) -> Vec<String> {
    let text =
        |message: &_| String::from_utf8_lossy(Message::payload(message).unwrap_or_default()).into_owned();
    messages.iter().map(text).collect()
}

fn compression(admin: &Admin, topic: &str, codec: &str) -> Outcome {
    create(admin, topic, 1)?;
    let wanted: Vec<String> = values("v", 100).iter().map(|value| value.repeat(50)).collect();
    produce(topic, &records(&wanted, 1), &[("compression.type", codec)])?;
    equal(texts(&read(topic, 100, 0)?), wanted, "values")
}

fn headers(admin: &Admin, topic: &str) -> Outcome {
    create(admin, topic, 1)?;
    let header =
        |key: &str, value: Option<&str>| (key.to_owned(), value.map(|value| value.as_bytes().to_vec()));
    let sent = [
        Record {
            key: Some(b"k".to_vec()),
            headers: vec![
                header("h", Some("1")),
                header("h", Some("2")),
                header("null", None),
                header("empty", Some("")),
            ],
            ..Record::default()
        },
        Record { key: Some(Vec::new()), value: Some(vec![0, 255]), ..Record::default() },
        Record { value: Some(Vec::new()), ..Record::default() },
    ];
    produce(topic, &sent, &[])?;
    for (number, (message, sent)) in read(topic, 3, 0)?.iter().zip(&sent).enumerate() {
        let got = contents(message);
        equal(&got.key, &sent.key, &format!("key {number}"))?;
        equal(&got.value, &sent.value, &format!("value {number}"))?;
        equal(&got.headers, &sent.headers, &format!("headers {number}"))?;
    }
    Ok(())
}

fn earliest(admin: &Admin, topic: &str) -> Outcome {
    create(admin, topic, 1)?;
    produce(topic, &records(&values("v", 50), 1), &[])?;
    let messages = read(topic, 50, 0)?;
    equal(messages.iter().map(Message::offset).collect(), (0..50).collect::<Vec<i64>>(), "offsets")?;
    equal(texts(&messages), values("v", 50), "values")
}

fn timestamp(admin: &Admin, topic: &str) -> Outcome {
    create(admin, topic, 1)?;
    let first = 1_600_000_000_000;
    let mut sent = records(&values("v", 10), 1);
    for (record, number) in sent.iter_mut().zip(0..) {
        record.timestamp = Some(first + 1000 * number);
    }
    produce(topic, &sent, &[])?;
    equal(offset_for_time(topic, first + 5500)?, Offset::Offset(6), "offset at the time")?;
    equal(read(topic, 1, 6)?[0].timestamp(), Timestamp::CreateTime(first + 6000), "timestamp")
}

fn group(admin: &Admin, topic: &str) -> Outcome {
    create(admin, topic, 6)?;
    let ledger = Arc::new(Ledger::default());
    let sent = ["first", "second", "third"].map(|name| values(name, 120));
    let join = |name| Member::join(&ledger, topic, name, &[]);
    let (a, b, c) = (join("a")?, join("b")?, join("c")?);
    ledger.wait_for_shares(&[("a", 2), ("b", 2), ("c", 2)])?;
    produce(topic, &records(&sent[0], 6), &[])?;
    ledger.wait_for_records(120)?;
    c.leave();
    produce(topic, &records(&sent[1], 6), &[])?;
    ledger.wait_for_shares(&[("a", 3), ("b", 3)])?;
    ledger.wait_for_records(240)?;
    let d = join("d")?;
    produce(topic, &records(&sent[2], 6), &[])?;
    ledger.wait_for_shares(&[("a", 2), ("b", 2), ("d", 2)])?;
    ledger.wait_for_records(360)?;
    [a, b, d].into_iter().for_each(Member::leave);
    ledger.settle(sent.concat())
}

fn broadcast(admin: &Admin, topic: &str) -> Outcome {
    create(admin, topic, 2)?;
    let mut wanted = values("v", 60);
    produce(topic, &records(&wanted, 2), &[])?;
    wanted.sort();
    for name in ["one", "two"] {
        let mut got = texts(&take(&format!("{topic}-{name}"), topic, 60)?);
        got.sort();
        equal(&got, &wanted, name)?;
    }
    Ok(())
}

fn resume(admin: &Admin, topic: &str) -> Outcome {
    create(admin, topic, 1)?;
    let wanted = values("v", 20);
    produce(topic, &records(&wanted, 1), &[])?;
    equal(texts(&take(topic, topic, 10)?).as_slice(), &wanted[..10], "values before the commit")?;
    equal(committed(topic, topic)?, Offset::Offset(10), "committed offset")?;
    equal(texts(&take(topic, topic, 10)?).as_slice(), &wanted[10..], "values after the commit")
}

fn idempotent(admin: &Admin, topic: &str) -> Outcome {
    create(admin, topic, 1)?;
    let offsets = produce(topic, &records(&values("v", 200), 1), &[("enable.idempotence", "true")])?;
    equal(offsets, (0..200).collect(), "offsets")?;
    equal(texts(&read(topic, 200, 0)?), values("v", 200), "values")
}

fn transactions(admin: &Admin, topic: &str) -> Outcome {
    create(admin, topic, 1)?;
    let [kept, lost, more] = ["kept", "lost", "more"].map(|name| values(name, 5));
    let transaction =
        |values: &[String], offset, commits| Transaction { records: records(values, 1), offset, commits };
    let three = [transaction(&kept, 3, true), transaction(&lost, 99, false), transaction(&more, 7, true)];
    transact(topic, &three)?;
    let valid = [kept.clone(), more.clone()].concat();
    equal(texts(&read_isolated(topic, 10, 0, "read_committed")?), valid, "read_committed")?;
    let all = [kept, lost, more].concat();
    equal(texts(&read_isolated(topic, 15, 0, "read_uncommitted")?), all, "read_uncommitted")?;
    equal(committed(topic, topic)?, Offset::Offset(7), "committed offset")
}

fn fencing(admin: &Admin, topic: &str) -> Outcome {
    create(admin, topic, 1)?;
    let (old, renewed) = (values("old", 5), values("new", 5));
    let heard = take_over(topic, &records(&old, 1), &records(&renewed, 1))?;
    equal(heard.is_some(), true, "whether the first one's commit is refused")?;
    equal(texts(&read_isolated(topic, 5, 0, "read_committed")?), renewed, "read_committed")
}

fn cooperative(admin: &Admin, topic: &str) -> Outcome {
    create(admin, topic, 4)?;
    let ledger = Arc::new(Ledger::default());
    let join =
        |name| Member::join(&ledger, topic, name, &[("partition.assignment.strategy", "cooperative-sticky")]);
    let a = join("a")?;
    ledger.wait_for_shares(&[("a", 4)])?;
    let b = join("b")?;
    ledger.wait_for_shares(&[("a", 2), ("b", 2)])?;
    equal(ledger.revocations(), 2, "partitions that were taken from the first member")?;
    ledger.no_faults()?;
    [a, b].into_iter().for_each(Member::leave);
    Ok(())
}

fn static_members(admin: &Admin, topic: &str) -> Outcome {
    create(admin, topic, 4)?;
    let ledger = Arc::new(Ledger::default());
    let join = |name| Member::join(&ledger, topic, name, &[("group.instance.id", name)]);
    let (a, b) = (join("a")?, join("b")?);
    ledger.wait_for_shares(&[("a", 2), ("b", 2)])?;
    let (before, assignments) = (ledger.owned_by("b"), a.assignments());
    b.leave();
    ledger.wait_for_shares(&[("a", 2)])?;
    let b = join("b")?;
    ledger.wait_for_shares(&[("a", 2), ("b", 2)])?;
    equal(ledger.owned_by("b"), before, "partitions of the member that came back")?;
    equal(a.assignments(), assignments, "assignments of the member that stayed")?;
    [a, b].into_iter().for_each(Member::leave);
    Ok(())
}

fn configs(admin: &Admin, topic: &str) -> Outcome {
    create(admin, topic, 1)?;
    equal(admin.config(topic, "retention.ms")?.as_deref(), Some("604800000"), "default")?;
    admin.alter_config(topic, "retention.ms", "123456789")?;
    let changed =
        || admin.config(topic, "retention.ms").is_ok_and(|value| value.as_deref() == Some("123456789"));
    wait_until(changed, || text("the changed value"))
}

fn groups(admin: &Admin, topic: &str) -> Outcome {
    create(admin, topic, 2)?;
    let ledger = Arc::new(Ledger::default());
    let member = Member::join(&ledger, topic, "a", &[])?;
    ledger.wait_for_shares(&[("a", 2)])?;
    equal(admin.group(topic)?, Some(("Stable".to_owned(), vec!["a".to_owned()])), "state and client ids")?;
    member.leave();
    admin.delete_group(topic)?;
    equal(admin.group(topic)?, None, "the group after it was deleted")
}

fn delete(admin: &Admin, topic: &str) -> Outcome {
    create(admin, topic, 1)?;
    admin.delete_topic(topic)?;
    wait_until(|| admin.partitions(topic) == 0, || "the topic to vanish".to_owned())
}
