//! What only queues of Ottla have, from the producer's headers to what members get over the wire.

mod commits;

use crate::testing::share::{Got, Member};
use crate::testing::{Bench, bench, bench_in};
use ottla_base::TopicId;
use ottla_wire::ErrorCode;

async fn queue(bench: &Bench, settings: &[(&str, &str)]) -> TopicId {
    bench.set_group(settings).await;
    bench.create_queue(1).await
}

async fn fetched(member: &Member<'_>) -> Vec<String> {
    member.fetch().await.values
}

/// A member that waits for records up to ten seconds.
fn patient<'a>(bench: &'a Bench, name: &'static str, connection: u64, topic: TopicId) -> Member<'a> {
    Member { max_wait_ms: 10_000, ..bench.member(name, connection, topic) }
}

fn said(name: &'static str, value: &str) -> [(&'static str, String); 1] {
    [(name, value.to_owned())]
}

#[test]
fn a_delayed_record_lets_others_pass_and_wakes_who_waits() {
    bench(|bench| async move {
        let topic = queue(&bench, &[("queue.delay.enable", "true")]).await;
        let start = bench.broker.env.now().wall;
        bench.append_with(topic, "later", &said("ottla-delay", "1s")).await;
        bench.append_with(topic, "next week", &said("ottla-delay", "7d")).await;
        bench.append_with(topic, "now", &said("ottla-deliver-at", "soon")).await;
        let member = patient(&bench, "m", 1, topic);
        assert_eq!(fetched(&member).await, ["now"], "a header that cannot be read counts as absent");
        assert_eq!(fetched(&member).await, ["later"]);
        let waited = bench.broker.env.now().wall.0 - start.0;
        assert!(1_000 <= waited, "{waited} ms");
    });
}

#[test]
fn delays_are_known_again_after_a_restart() {
    let dir = tempfile::tempdir().expect("a directory for the test");
    bench_in(dir.path(), |bench| async move {
        let topic = queue(&bench, &[("queue.delay.enable", "true")]).await;
        bench.append_with(topic, "next week", &said("ottla-delay", "7d")).await;
        bench.append(topic, 0, &["now"]).await;
        let member = bench.member("m", 1, topic);
        assert_eq!(fetched(&member).await, ["now"]);
        assert_eq!(member.say(&[(1, 1, &[1])]).await, ErrorCode::NONE);
    });
    bench_in(dir.path(), |bench| async move {
        let topic = bench.broker.image.topic("t").expect("topics stay").id;
        assert_eq!(bench.member("m", 1, topic).fetch().await, Got::default());
    });
}

#[test]
fn a_record_whose_time_is_over_is_not_delivered() {
    bench(|bench| async move {
        let topic = queue(&bench, &[("queue.ttl.enable", "true")]).await;
        bench.append_with(topic, "stale", &said("ottla-ttl", "0")).await;
        bench.append_with(topic, "fresh", &said("ottla-ttl", "1h")).await;
        assert_eq!(fetched(&bench.member("m", 1, topic)).await, ["fresh"]);
    });
}

#[test]
fn urgent_records_come_first() {
    bench(|bench| async move {
        let topic = queue(&bench, &[("queue.priority.enable", "true")]).await;
        for priority in ["1", "9", "5"] {
            bench.append_with(topic, priority, &said("ottla-priority", priority)).await;
        }
        let member = Member { max_records: 1, ..bench.member("m", 1, topic) };
        for priority in ["9", "5", "1"] {
            assert_eq!(fetched(&member).await, [priority]);
        }
    });
}

#[test]
fn records_of_one_key_wait_for_each_other() {
    bench(|bench| async move {
        let topic = queue(&bench, &[("queue.order", "key")]).await;
        bench.append_with(topic, "first", &[]).await;
        bench.append_with(topic, "second", &[]).await;
        bench.append(topic, 0, &["free"]).await;
        let (one, two) = (bench.member("one", 1, topic), patient(&bench, "two", 2, topic));
        assert_eq!(fetched(&one).await, ["first", "free"]);
        let (second, code) = tokio::join!(fetched(&two), one.say(&[(0, 0, &[1])]));
        assert_eq!((second, code), (vec!["second".to_owned()], ErrorCode::NONE));
    });
}

#[test]
fn a_released_record_rests() {
    bench(|bench| async move {
        let topic = queue(&bench, &[("queue.retry.backoff.ms", "400")]).await;
        bench.append(topic, 0, &["a"]).await;
        let member = patient(&bench, "m", 1, topic);
        member.fetch().await;
        let start = bench.broker.env.now().wall;
        assert_eq!(member.fetch_after(&[(0, 0, &[2])]).await.0.ranges, [(0, 0, 2)]);
        let waited = bench.broker.env.now().wall.0 - start.0;
        assert!((350..5_000).contains(&waited), "{waited} ms");
    });
}

#[test]
fn a_member_gets_no_more_than_its_cap_and_more_when_it_has_acknowledged() {
    bench(|bench| async move {
        let topic = queue(&bench, &[("queue.member.in.flight.max", "2")]).await;
        bench.append(topic, 0, &["a", "b", "c"]).await;
        let member = bench.member("m", 1, topic);
        assert_eq!(member.fetch().await.ranges, [(0, 1, 1)]);
        assert_eq!(member.fetch().await, Got::default());
        assert_eq!(member.fetch_after(&[(0, 0, &[1])]).await.0.ranges, [(2, 2, 1)]);
    });
}

#[test]
fn a_paused_queue_delivers_nothing_and_takes_acknowledgements() {
    bench(|bench| async move {
        let topic = queue(&bench, &[]).await;
        bench.append(topic, 0, &["a"]).await;
        let member = bench.member("m", 1, topic);
        member.fetch().await;
        bench.append(topic, 0, &["b"]).await;
        bench.set_group(&[("queue.paused", "true")]).await;
        assert_eq!(member.fetch().await, Got::default());
        assert_eq!(member.say(&[(0, 0, &[1])]).await, ErrorCode::NONE);
        bench.set_group(&[("queue.paused", "false")]).await;
        assert_eq!(fetched(&member).await, ["b"]);
    });
}

/// A long poll took the settings of its beginning along, and set them for the whole group when it looked again.
#[test]
fn a_pause_counts_for_members_that_have_waited_since_before() {
    bench(|bench| async move {
        let topic = queue(&bench, &[]).await;
        let waiting = patient(&bench, "m", 1, topic);
        let (got, ()) = tokio::join!(waiting.fetch(), async {
            while !bench.broker.waiting.has_any() {
                tokio::task::yield_now().await;
            }
            bench.set_group(&[("queue.paused", "true")]).await;
            bench.append(topic, 0, &["a"]).await;
            // Whoever waits looks for the last time.
            bench.broker.waiting.close();
        });
        assert_eq!(got, Got::default());
        bench.set_group(&[("queue.paused", "false")]).await;
        assert_eq!(fetched(&bench.member("n", 2, topic)).await, ["a"]);
    });
}

#[test]
fn records_in_place_of_those_that_a_power_cut_took_are_delivered() {
    let dir = tempfile::tempdir().expect("a directory for the test");
    bench_in(dir.path(), |bench| async move {
        let topic = queue(&bench, &[]).await;
        bench.append(topic, 0, &["lost 1"]).await;
        bench.append(topic, 0, &["lost 2"]).await;
        let member = bench.member("m", 1, topic);
        assert_eq!(fetched(&member).await, ["lost 1", "lost 2"]);
        assert_eq!(member.say(&[(1, 1, &[1])]).await, ErrorCode::NONE);
    });
    let log = dir.path().join("t-0/00000000000000000000.log");
    std::fs::write(log, []).expect("the log can be emptied");
    std::fs::remove_file(dir.path().join(".kafka_cleanshutdown")).ok();
    bench_in(dir.path(), |bench| async move {
        let topic = bench.broker.image.topic("t").expect("topics stay").id;
        bench.append(topic, 0, &["new 1"]).await;
        bench.append(topic, 0, &["new 2"]).await;
        assert_eq!(fetched(&bench.member("m", 1, topic)).await, ["new 1", "new 2"]);
    });
}
