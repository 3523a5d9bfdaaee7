//! Letters arrive once, whatever comes in between.

use super::*;
use crate::testing::share::Said;
use crate::testing::{Bench, bench, bench_in, idle_bench_in};
use ottla_base::{PartitionId, PartitionIndex, TopicId};
use ottla_coordinator::share_partition::{Described, Totals};
use ottla_wire::ErrorCode;
use ottla_wire::record::Record;
use std::path::Path;

const DLQ: &[(&str, &str)] = &[("errors.deadletterqueue.topic.name", "dlq.t")];
const TAKES_LETTERS: &[(&str, &str)] = &[("errors.deadletterqueue.group.enable", "true")];
const REJECTS_ALL: &[Said] = &[(0, 1, &[3])];

/// A queue `t` with a topic for dead letters, and two records in it.
async fn set_up(bench: &Bench) -> (TopicId, TopicId) {
    let topic = bench.create_queue(1).await;
    let letters = bench.create_topic_with("dlq.t", 1, TAKES_LETTERS).await;
    bench.set_group(DLQ).await;
    bench.append_with(topic, "a", &[("h", "1".to_owned())]).await;
    bench.append(topic, 0, &["b"]).await;
    (topic, letters)
}

fn ids(bench: &Bench) -> (TopicId, TopicId) {
    let id = |name| bench.broker.image.topic(name).expect("topics stay").id;
    (id("t"), id("dlq.t"))
}

async fn described(bench: &Bench, topic: TopicId) -> Described {
    let partition = PartitionId { topic, index: PartitionIndex(0) };
    let describe = |ticket| {
        Command::Describe(Describe {
            ticket,
            group: Some("g".into()),
            partitions: Some([partition].into()),
            ranges_max: 0,
        })
    };
    match bench.broker.share.partitions.ask("g", describe).await {
        Ok(Reply::Described(mut described)) => described.remove(0),
        other => panic!("{other:?}"),
    }
}

/// Resolves when no letter is on its way. Those that no topic takes are on it for ever.
async fn all_arrived(bench: &Bench, topic: TopicId) {
    let arrival = async {
        while 0 < described(bench, topic).await.archiving {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), arrival).await.expect("they are written or given up");
}

/// The letters that there are when none is on its way.
async fn arrived(bench: &Bench, (topic, letters): (TopicId, TopicId)) -> Vec<Record> {
    all_arrived(bench, topic).await;
    bench.everything(letters, 0)
}

fn said<'a>(record: &'a Record, name: &str) -> Option<&'a str> {
    let header = record.headers.iter().rev().find(|header| header.key_text() == name)?;
    std::str::from_utf8(header.value.as_deref()?).ok()
}

fn values(letters: &[Record]) -> Vec<&str> {
    letters
        .iter()
        .map(|letter| std::str::from_utf8(letter.value.as_deref().unwrap_or(b"-")).unwrap())
        .collect()
}

async fn reject_all(bench: &Bench, topic: TopicId) {
    let member = bench.member("m", 1, topic);
    assert_eq!(member.fetch().await.values, ["a", "b"]);
    assert_eq!(member.say(REJECTS_ALL).await, ErrorCode::NONE);
}

#[test]
fn a_rejected_record_arrives_with_all_it_had_and_its_story() {
    bench(|bench| async move {
        let (topic, letters) = set_up(&bench).await;
        reject_all(&bench, topic).await;
        let arrived = arrived(&bench, (topic, letters)).await;
        assert_eq!(values(&arrived), ["a", "b"]);
        let letter = &arrived[0];
        assert_eq!(letter.key.as_deref(), Some(&b"key"[..]));
        for (name, expected) in [
            ("h", "1"),
            ("__dlq.errors.topic", "t"),
            ("__dlq.errors.partition", "0"),
            ("__dlq.errors.offset", "0"),
            ("__dlq.errors.group", "g"),
            ("__dlq.errors.delivery.count", "1"),
            ("ottla-dlq-reason", "rejected"),
            ("ottla-dlq-member", "m"),
        ] {
            assert_eq!(said(letter, name), Some(expected), "{name}");
        }
        let Described { start, totals, .. } = described(&bench, topic).await;
        let Totals { rejected, dead_lettered, .. } = totals;
        assert_eq!((start, rejected, dead_lettered), (Offset(2), 2, 2));
    });
}

#[test]
fn a_record_that_nobody_accepts_arrives_after_its_last_delivery() {
    bench(|bench| async move {
        let (topic, letters) = set_up(&bench).await;
        bench.set_group(&[("share.delivery.count.limit", "2")]).await;
        let member = bench.member("m", 1, topic);
        for _ in 0..2 {
            member.fetch().await;
            assert_eq!(member.say(&[(0, 0, &[2])]).await, ErrorCode::NONE);
        }
        let arrived = arrived(&bench, (topic, letters)).await;
        assert_eq!(values(&arrived), ["a"]);
        assert_eq!(said(&arrived[0], "ottla-dlq-reason"), Some("exhausted"));
        assert_eq!(said(&arrived[0], "__dlq.errors.delivery.count"), Some("2"));
        let history: serde_json::Value =
            serde_json::from_str(said(&arrived[0], "ottla-dlq-history").expect("it has one")).expect("JSON");
        let told = history.as_array().expect("a list").iter();
        let told: Vec<_> = told.map(|one| (one["member"].as_str(), one["ending"].as_str())).collect();
        assert_eq!(told, [(Some("m"), Some("released")); 2]);
        let now = bench.broker.env.now().wall.0;
        let times = ["at", "until"].map(|name| history[1][name].as_i64().expect("a time"));
        assert!(history[0]["until"].as_i64() <= Some(times[0]) && times[0] <= times[1] && times[1] <= now);
    });
}

/// The record counts for more than what became of its deliveries.
#[test]
fn a_letter_that_has_no_room_for_its_history_arrives_without_it() {
    bench(|bench| async move {
        let (topic, letters) = set_up(&bench).await;
        bench.broker.set_overrides(letters, overrides("600")).await.expect("a legal setting");
        let member = bench.member("m", 1, topic);
        for _ in 0..5 {
            member.fetch().await;
            assert_eq!(member.say(&[(0, 0, &[2])]).await, ErrorCode::NONE);
        }
        let arrived = arrived(&bench, (topic, letters)).await;
        assert_eq!(values(&arrived), ["a"]);
        assert_eq!(said(&arrived[0], "__dlq.errors.delivery.count"), Some("5"));
        assert_eq!(
            (said(&arrived[0], "ottla-dlq-history"), said(&arrived[0], "ottla-dlq-note")),
            (None, None)
        );
    });
}

#[test]
fn letters_without_copies_and_of_records_that_are_too_large_have_no_value() {
    bench(|bench| async move {
        let (topic, letters) = set_up(&bench).await;
        bench.broker.set_overrides(letters, overrides("700")).await.expect("a legal setting");
        bench.append(topic, 0, &[&"x".repeat(1_000)]).await;
        let member = bench.member("m", 1, topic);
        member.fetch().await;
        assert_eq!(member.say(&[(2, 2, &[3])]).await, ErrorCode::NONE);
        let first = arrived(&bench, (topic, letters)).await;
        assert_eq!(values(&first), ["-"]);
        bench.set_group(&[("errors.deadletterqueue.copy.record.enable", "false")]).await;
        let note = said(&first[0], "ottla-dlq-note").expect("it says why");
        assert!(note.contains("max.message.bytes of 'dlq.t' is 700"), "{note}");
        assert_eq!(member.say(&[(0, 0, &[3])]).await, ErrorCode::NONE);
        let both = arrived(&bench, (topic, letters)).await;
        assert_eq!(values(&both), ["-", "-"]);
        assert_eq!((said(&both[1], "h"), said(&both[1], "ottla-dlq-note")), (None, None));
    });
}

fn overrides(bytes_max: &str) -> std::collections::BTreeMap<String, String> {
    let all = TAKES_LETTERS.iter().copied().chain([("max.message.bytes", bytes_max)]);
    all.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

#[test]
fn letters_wait_for_their_topic_and_for_its_leave() {
    bench(|bench| async move {
        let topic = bench.create_queue(1).await;
        bench.append(topic, 0, &["a", "b"]).await;
        bench.set_group(DLQ).await;
        reject_all(&bench, topic).await;
        let found = topic::find(&bench.broker, "dlq.t").await;
        let why = found.expect_err("there is no such topic").to_string();
        assert!(why.contains("does not exist") && why.contains("auto.create"), "{why}");
        assert_eq!(described(&bench, topic).await.archiving, 2, "nothing is given up");
        let letters = bench.create_topic("dlq.t", 1).await;
        let why = topic::find(&bench.broker, "dlq.t").await.expect_err("it does not allow it").to_string();
        assert!(why.contains("errors.deadletterqueue.group.enable=true"), "{why}");
        bench.broker.set_overrides(letters, overrides("100000")).await.expect("a legal setting");
        assert_eq!(values(&arrived(&bench, (topic, letters)).await), ["a", "b"]);
        let why = topic::find(&bench.broker, "other").await.expect_err("the prefix is another").to_string();
        assert!(why.contains("'dlq.'"), "{why}");
    });
}

#[test]
fn a_missing_topic_is_made_if_the_broker_says_so() {
    bench(|bench| async move {
        let topic = bench.create_queue(1).await;
        bench.append(topic, 0, &["a", "b"]).await;
        let enable = [("errors.deadletterqueue.auto.create.topics.enable".to_owned(), "true".to_owned())];
        bench.broker.configs.set_overrides(enable.into(), crate::config::Overrides::new());
        bench.set_group(DLQ).await;
        reject_all(&bench, topic).await;
        let (letters, topics) = (described(&bench, topic).await.archiving, Duration::from_millis(1));
        assert!(letters <= 2);
        while bench.broker.image.topic("dlq.t").is_none() {
            tokio::time::sleep(topics).await;
        }
        assert_eq!(values(&arrived(&bench, ids(&bench)).await), ["a", "b"]);
    });
}

#[test]
fn letters_of_a_group_that_wants_none_any_more_are_done() {
    bench(|bench| async move {
        let topic = bench.create_queue(1).await;
        bench.append(topic, 0, &["a", "b"]).await;
        bench.set_group(DLQ).await;
        reject_all(&bench, topic).await;
        bench.set_group(&[("errors.deadletterqueue.topic.name", "")]).await;
        all_arrived(&bench, topic).await;
    });
}

/// A writer as the broker has it, which the test stops where it likes.
async fn writer(bench: &Bench, topic: TopicId) -> (Writer, Vec<(Offset, Offset, Letter)>) {
    let shard = Arc::clone(bench.broker.share.partitions.shard("g"));
    let letters = match shard.ask(Command::DeadLetters).await {
        Ok(Reply::DeadLetters(mut letters)) => letters.remove(0),
        other => panic!("{other:?}"),
    };
    let partition = PartitionId { topic, index: PartitionIndex(0) };
    let id = Id { group: "g".into(), partition };
    (Writer { broker: Arc::clone(&bench.broker), shard, id, doubt: letters.position }, letters.ranges)
}

/// What a broker does before it dies.
type Last = fn(Bench) -> std::pin::Pin<Box<dyn Future<Output = ()>>>;

fn survives(dir: &Path, last: Last) {
    idle_bench_in(dir, last);
    bench_in(dir, |bench| async move {
        assert_eq!(values(&arrived(&bench, ids(&bench)).await), ["a", "b"], "each once");
        assert_eq!(bench.member("m", 1, ids(&bench).0).fetch().await.values, [""; 0]);
    });
}

#[test]
fn a_crash_before_anything_was_written_loses_no_letter() {
    let dir = tempfile::tempdir().expect("a directory for the test");
    survives(dir.path(), |bench| {
        Box::pin(async move {
            let (topic, _) = set_up(&bench).await;
            reject_all(&bench, topic).await;
        })
    });
}

#[test]
fn a_crash_behind_the_note_loses_no_letter() {
    let dir = tempfile::tempdir().expect("a directory for the test");
    survives(dir.path(), |bench| {
        Box::pin(async move {
            let (topic, letters) = set_up(&bench).await;
            reject_all(&bench, topic).await;
            let (mut writer, ranges) = writer(&bench, topic).await;
            let partition = PartitionId { topic: letters, index: PartitionIndex(0) };
            writer.note(Position { partition, offset: Offset(0) }, &ranges).await.expect("it is durable");
        })
    });
}

#[test]
fn a_crash_behind_the_append_writes_no_letter_twice() {
    let dir = tempfile::tempdir().expect("a directory for the test");
    survives(dir.path(), |bench| {
        Box::pin(async move {
            let (topic, letters) = set_up(&bench).await;
            reject_all(&bench, topic).await;
            let (mut writer, ranges) = writer(&bench, topic).await;
            let target = bench.broker.image.topic("dlq.t").expect("it was created");
            let partition = PartitionId { topic: letters, index: PartitionIndex(0) };
            writer.note(Position { partition, offset: Offset(0) }, &ranges).await.expect("it is durable");
            // The first of the two only, and nobody is told.
            let mut composer = Composer::new(&bench.broker, &writer.id, &target);
            let original = Source::new(&bench.broker.log, writer.id.partition).record(Offset(0));
            composer.add(Offset(0), original.expect("it is readable"), &ranges[0].2).expect("it fits");
            let batch = composer.finish().expect("there is one").batch;
            bench
                .broker
                .log
                .append(vec![Append { id: partition, batch }])
                .await
                .remove(0)
                .expect("it is taken");
        })
    });
}

#[test]
fn a_state_that_is_lost_and_loaded_again_writes_no_letter_twice() {
    bench(|bench| async move {
        let (topic, letters) = set_up(&bench).await;
        reject_all(&bench, topic).await;
        bench.broker.share.partitions.shard("g").lose().await;
        assert_eq!(values(&arrived(&bench, (topic, letters)).await), ["a", "b"]);
        bench.broker.share.partitions.shard("g").lose().await;
        bench.append(topic, 0, &["c"]).await;
        let member = bench.member("n", 2, topic);
        assert_eq!(member.fetch().await.values, ["c"]);
        assert_eq!(member.say(&[(2, 2, &[3])]).await, ErrorCode::NONE);
        assert_eq!(values(&arrived(&bench, (topic, letters)).await), ["a", "b", "c"]);
    });
}

#[test]
fn letters_that_were_given_out_twice_are_written_once() {
    let dir = tempfile::tempdir().expect("a directory for the test");
    idle_bench_in(dir.path(), |bench| async move {
        let (topic, letters) = set_up(&bench).await;
        reject_all(&bench, topic).await;
        let (mut first, ranges) = writer(&bench, topic).await;
        first.shard.lose().await;
        let (mut second, again) = writer(&bench, topic).await;
        assert_eq!(ranges, again, "whoever has them does not know that the state was lost");
        first.write(&ranges).await.expect("the topic takes them");
        second.write(&again).await.expect("there is nothing to do");
        assert_eq!(values(&bench.everything(letters, 0)), ["a", "b"]);
    });
}

#[test]
fn many_letters_are_written_in_batches_that_the_topic_takes() {
    bench(|bench| async move {
        let (topic, letters) = set_up(&bench).await;
        bench.broker.set_overrides(letters, overrides("2000")).await.expect("a legal setting");
        let value = "v".repeat(100);
        let many: Vec<&str> = (0..60).map(|_| value.as_str()).collect();
        bench.append(topic, 0, &many).await;
        let member = bench.member("m", 1, topic);
        member.fetch().await;
        assert_eq!(member.say(&[(0, 61, &[3])]).await, ErrorCode::NONE);
        let offsets = arrived(&bench, (topic, letters)).await;
        let offsets: Vec<_> =
            offsets.iter().map(|letter| said(letter, "__dlq.errors.offset").unwrap().to_owned()).collect();
        let expected: Vec<_> = (0..62).map(|offset| offset.to_string()).collect();
        assert_eq!(offsets, expected);
    });
}

#[test]
fn a_writer_ends_with_its_share_partition_and_not_before() {
    let dir = tempfile::tempdir().expect("a directory for the test");
    idle_bench_in(dir.path(), |bench| async move {
        let (topic, letters) = set_up(&bench).await;
        reject_all(&bench, topic).await;
        let (writer, ranges) = writer(&bench, topic).await;
        let id = writer.id.clone();
        let (desk, inbox) = mpsc::unbounded_channel();
        let running = tokio::task::spawn_local(writer.run(inbox, Duration::from_millis(1)));
        for _ in 0..20 {
            // It looks at least as often as this test does.
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        desk.send(Letters { id, position: None, ranges }).expect("it waits for letters");
        assert_eq!(values(&arrived(&bench, (topic, letters)).await), ["a", "b"]);
        bench.broker.share.partitions.delete_group(&"g".into(), None).await.expect("it is empty");
        let ended = tokio::time::timeout(Duration::from_secs(30), running).await;
        ended.expect("it looks whether it is still needed").expect("no panic");
        assert!(desk.is_closed());
    });
}
