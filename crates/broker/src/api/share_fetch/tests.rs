//! Share groups over the wire: what members get, say and lose.

use super::*;
use crate::testing::share::Got;
use crate::testing::{Bench, bench};
use ottla_wire::message::share_fetch_request::ForgottenTopic;
use ottla_wire::message::share_fetch_response::PartitionData;

fn some(first: i64, last: i64, count: i16, values: &[&str]) -> Got {
    Got {
        ranges: vec![(first, last, count)],
        values: values.iter().map(|value| (*value).to_owned()).collect(),
    }
}

#[test]
fn a_member_gets_records_once_and_accepts_them_with_the_next_fetch() {
    bench(|bench| async move {
        let topic = bench.create_queue(1).await;
        bench.append(topic, 0, &["a", "b"]).await;
        bench.append(topic, 0, &["c"]).await;
        let member = bench.member("m", 1, topic);
        assert_eq!(member.fetch().await, some(0, 2, 1, &["a", "b", "c"]));
        assert_eq!(member.fetch().await, Got::default(), "it has them already");
        bench.append(topic, 0, &["d"]).await;
        let (got, code) = member.fetch_after(&[(0, 2, &[1])]).await;
        assert_eq!((got, code), (some(3, 3, 1, &["d"]), ErrorCode::NONE));
        assert_eq!(
            member.say(&[(0, 2, &[2])]).await,
            ErrorCode::INVALID_RECORD_STATE,
            "it has accepted them, and has them no more"
        );
        assert_eq!(member.fetch().await, Got::default(), "and stays so");
    });
}

#[test]
fn two_members_share_and_what_one_releases_the_other_gets_again() {
    bench(|bench| async move {
        let topic = bench.create_queue(1).await;
        bench.append(topic, 0, &["a", "b"]).await;
        bench.append(topic, 0, &["c", "d"]).await;
        let one = crate::testing::share::Member { max_records: 2, ..bench.member("one", 1, topic) };
        let two = bench.member("two", 2, topic);
        assert_eq!(one.fetch().await, some(0, 1, 1, &["a", "b"]));
        assert_eq!(two.fetch().await, some(2, 3, 1, &["c", "d"]));
        assert_eq!(two.say(&[(0, 0, &[1])]).await, ErrorCode::INVALID_RECORD_STATE, "it is one's");
        assert_eq!(one.say(&[(0, 1, &[1, 2])]).await, ErrorCode::NONE);
        assert_eq!(two.fetch().await, some(1, 1, 2, &["b"]));
        assert_eq!(two.say(&[(1, 1, &[3]), (2, 3, &[1])]).await, ErrorCode::NONE);
        assert_eq!(one.fetch().await, Got::default(), "rejected is never delivered again");
    });
}

#[test]
fn what_is_said_of_one_partition_counts_as_a_whole_or_not_at_all() {
    bench(|bench| async move {
        let topic = bench.create_queue(1).await;
        bench.append(topic, 0, &["a", "b", "c"]).await;
        let member = bench.member("m", 1, topic);
        member.fetch().await;
        for (says, code) in [
            ([(0, 0, &[1][..]), (7, 7, &[1])], ErrorCode::INVALID_REQUEST),
            ([(0, 0, &[1]), (2, 1, &[1])], ErrorCode::INVALID_REQUEST),
            ([(1, 1, &[1]), (0, 0, &[1])], ErrorCode::INVALID_REQUEST),
            ([(0, 0, &[1]), (1, 2, &[])], ErrorCode::INVALID_REQUEST),
            ([(0, 0, &[1]), (1, 2, &[1, 1, 1])], ErrorCode::INVALID_REQUEST),
            ([(0, 0, &[1]), (1, 2, &[5])], ErrorCode::INVALID_REQUEST),
        ] {
            assert_eq!(member.say(&says).await, code, "{says:?}");
        }
        assert_eq!(member.say(&[(0, 2, &[1, 0, 2])]).await, ErrorCode::NONE, "nothing had happened to them");
    });
}

#[test]
fn of_a_partition_that_is_named_twice_the_refusal_is_told() {
    bench(|bench| async move {
        let topic = bench.create_queue(1).await;
        bench.append(topic, 0, &["a", "b"]).await;
        let member = bench.member("m", 1, topic);
        member.fetch().await;
        let mut request = member.request(&[(0, (7, 7, &[1]))]);
        let again = member.request(&[(0, (0, 1, &[1]))]).topics.remove(0);
        request.topics.push(again);
        let data = member.send(&request).await.responses.remove(0).partitions.remove(0);
        assert_eq!(data.acknowledge_error_code, ErrorCode::INVALID_REQUEST);
        assert!(data.acknowledge_error_message.is_some());
    });
}

#[test]
fn renewal_needs_its_flag_and_zero_limits() {
    bench(|bench| async move {
        let topic = bench.create_queue(1).await;
        bench.append(topic, 0, &["a"]).await;
        let member = bench.member("m", 1, topic);
        member.fetch().await;
        let asks = ShareFetchRequest { is_renew_ack: true, ..member.request(&[(0, (0, 0, &[4]))]) };
        let refused = member.send(&asks).await;
        assert_eq!(refused.error_code, ErrorCode::INVALID_REQUEST, "{:?}", refused.error_message);
        let renews = ShareFetchRequest { max_bytes: 0, min_bytes: 0, max_records: 0, max_wait_ms: 0, ..asks };
        bench.append(topic, 0, &["b"]).await;
        let renewed = member.send(&renews).await;
        assert_eq!(renewed.error_code, ErrorCode::NONE);
        let data = &renewed.responses[0].partitions[0];
        assert_eq!((data.acknowledge_error_code, data.acquired_records.len()), (ErrorCode::NONE, 0));
        let (_, code) = member.fetch_after(&[(0, 0, &[4])]).await;
        assert_eq!(code, ErrorCode::INVALID_REQUEST, "without the flag there is no type 4");
        bench.set_group(&[("share.renew.acknowledge.enable", "false")]).await;
        assert_eq!(member.say(&[(0, 0, &[4])]).await, ErrorCode::INVALID_RECORD_STATE);
        assert_eq!(member.say(&[(0, 0, &[1])]).await, ErrorCode::NONE);
    });
}

#[test]
fn record_limit_is_strict_and_batch_optimized_takes_whole_batches() {
    bench(|bench| async move {
        let topic = bench.create_queue(2).await;
        bench.append(topic, 0, &["a", "b", "c"]).await;
        bench.append(topic, 1, &["d", "e", "f"]).await;
        let strict = crate::testing::share::Member { partitions: 2, ..bench.member("strict", 1, topic) };
        let request = ShareFetchRequest { share_acquire_mode: 1, max_records: 4, ..strict.request(&[]) };
        let counts = |response: &ShareFetchResponse| -> Vec<i64> {
            let partitions = response.responses.iter().flat_map(|topic| &topic.partitions);
            let ranges = partitions.map(|data| data.acquired_records.iter());
            ranges
                .map(|ranges| ranges.map(|range| range.last_offset - range.first_offset + 1).sum())
                .collect()
        };
        assert_eq!(counts(&strict.send(&request).await), [3, 1], "the limit is for all partitions");
        bench.disconnect(1);
        let whole = crate::testing::share::Member { partitions: 2, ..bench.member("whole", 2, topic) };
        let request = ShareFetchRequest { max_records: 1, ..whole.request(&[]) };
        assert_eq!(counts(&whole.send(&request).await)[0], 3);
    });
}

#[test]
fn a_lost_connection_gives_back_at_once_what_its_member_had() {
    bench(|bench| async move {
        let topic = bench.create_queue(1).await;
        bench.append(topic, 0, &["a"]).await;
        let (one, two) = (bench.member("one", 1, topic), bench.member("two", 2, topic));
        assert_eq!(one.fetch().await, some(0, 0, 1, &["a"]));
        assert_eq!(two.fetch().await, Got::default());
        bench.disconnect(1);
        assert_eq!(two.fetch().await, some(0, 0, 2, &["a"]));
        assert_eq!(one.say(&[(0, 0, &[1])]).await, ErrorCode::SHARE_SESSION_NOT_FOUND);
    });
}

#[test]
fn a_closed_session_acknowledges_and_gives_back_the_rest() {
    bench(|bench| async move {
        let topic = bench.create_queue(1).await;
        bench.append(topic, 0, &["a", "b"]).await;
        let (one, two) = (bench.member("one", 1, topic), bench.member("two", 2, topic));
        one.fetch().await;
        assert_eq!(one.say_at(-1, &[(0, 0, &[1])]).await, ErrorCode::NONE);
        assert_eq!(two.fetch().await, some(1, 1, 2, &["b"]));
        two.epoch.set(-1);
        let closed = two.send(&two.request(&[(0, (1, 1, &[1]))])).await;
        assert_eq!(closed.error_code, ErrorCode::NONE);
        let data = &closed.responses[0].partitions[0];
        assert_eq!((data.acknowledge_error_code, data.acquired_records.len()), (ErrorCode::NONE, 0));
        assert_eq!(two.say_at(-1, &[]).await, ErrorCode::SHARE_SESSION_NOT_FOUND);
    });
}

#[test]
fn a_long_poll_ends_with_new_records_with_what_is_given_back_and_with_the_time() {
    bench(|bench| async move {
        let topic = bench.create_queue(1).await;
        let (one, two) = (bench.member("one", 1, topic), bench.member("two", 2, topic));
        let patient =
            crate::testing::share::Member { max_wait_ms: 30_000, ..bench.member("patient", 3, topic) };
        let (got, ()) = tokio::join!(patient.fetch(), bench.append(topic, 0, &["a"]));
        assert_eq!(got, some(0, 0, 1, &["a"]));
        let (got, code) = tokio::join!(patient.fetch_after(&[(0, 0, &[2])]), one.fetch());
        assert_eq!((got.0, code), (some(0, 0, 2, &["a"]), Got::default()), "it was first to ask");
        let (got, ()) = tokio::join!(
            async {
                one.epoch.set(1);
                crate::testing::share::Member {
                    max_wait_ms: 30_000,
                    epoch: 1.into(),
                    ..bench.member("one", 1, topic)
                }
                .fetch()
                .await
            },
            async {
                assert_eq!(patient.say(&[(0, 0, &[2])]).await, ErrorCode::NONE);
            }
        );
        assert_eq!(got, some(0, 0, 3, &["a"]), "released while another waited");
        let began = bench.broker.env.now().tick;
        let short = crate::testing::share::Member { max_wait_ms: 60, ..bench.member("two", 2, topic) };
        assert_eq!(short.fetch().await, Got::default());
        assert!(60 <= bench.broker.env.now().tick.since(began), "it waits for its time");
        assert_eq!(two.epoch.get(), 0);
    });
}

#[test]
fn the_group_s_start_is_the_end_the_beginning_or_a_time_ago() {
    bench(|bench| async move {
        let topic = bench.create_topic("t", 1).await;
        bench.subscribe(&["t"]).await;
        bench.append(topic, 0, &["a"]).await;
        let latest = bench.member("m", 1, topic);
        assert_eq!(latest.fetch().await, Got::default());
        bench.append(topic, 0, &["b"]).await;
        assert_eq!(latest.fetch().await, some(1, 1, 1, &["b"]), "it began where it first looked");
        bench.set_group(&[("share.auto.offset.reset", "by_duration:PT1H")]).await;
        let again = bench.create_topic("u", 1).await;
        bench.subscribe(&["u"]).await;
        bench.append(again, 0, &["c"]).await;
        assert_eq!(bench.member("n", 2, again).fetch().await, some(0, 0, 1, &["c"]));
    });
}

#[test]
fn unknown_partitions_are_told_beside_the_others() {
    bench(|bench| async move {
        let topic = bench.create_queue(1).await;
        bench.append(topic, 0, &["a"]).await;
        let member = crate::testing::share::Member { partitions: 2, ..bench.member("m", 1, topic) };
        let mut request = member.request(&[]);
        let mut unknown = request.topics[0].clone();
        unknown.topic_id = uuid::Uuid::from_u128(77);
        unknown.partitions.truncate(1);
        request.topics.push(unknown);
        let response = member.send(&request).await;
        let codes: Vec<_> = response
            .responses
            .iter()
            .flat_map(|topic| topic.partitions.iter().map(|data| (data.partition_index, data.error_code)))
            .collect();
        let expected = [
            (0, ErrorCode::NONE),
            (1, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION),
            (0, ErrorCode::UNKNOWN_TOPIC_ID),
        ];
        assert_eq!(codes, expected);
        let has_cure = |data: &PartitionData| data.error_message.is_some();
        let told: Vec<bool> =
            response.responses.iter().flat_map(|topic| topic.partitions.iter().map(has_cure)).collect();
        assert_eq!(told, [false, true, true]);
        assert_eq!(response.acquisition_lock_timeout_ms, 30_000);
        let forgets = ForgottenTopic { topic_id: uuid::Uuid::from_u128(77), partitions: vec![0] };
        let request = ShareFetchRequest { forgotten_topics_data: vec![forgets], ..member.request(&[]) };
        let response = member.send(&request).await;
        assert_eq!(response.responses.len(), 1, "what is forgotten is not told of");
    });
}

#[test]
fn a_group_that_nobody_has_joined_gets_nothing_and_leaves_nothing() {
    bench(|bench| async move {
        let topic = bench.create_topic("t", 1).await;
        bench.append(topic, 0, &["a"]).await;
        let member = bench.member("m", 1, topic);
        let data = member.send(&member.request(&[])).await.responses.remove(0).partitions.remove(0);
        assert_eq!((data.error_code, data.acquired_records.len()), (ErrorCode::UNKNOWN_SERVER_ERROR, 0));
        assert!(data.error_message.is_some_and(|why| why.contains("subscribe")));
        let partition = PartitionId { topic, index: ottla_base::PartitionIndex(0) };
        let left = bench.broker.share.partitions.describe(&"g".into(), [partition].into(), 0).await;
        assert_eq!(left.map(|left| left.len()), Ok(0));
        bench.subscribe(&["t"]).await;
        assert!(bench.member("m", 1, topic).fetch().await.values.is_empty(), "it starts at the end");
    });
}

#[test]
fn less_than_min_bytes_is_left_alone_until_the_time_is_up() {
    bench(|bench| async move {
        let topic = bench.create_queue(1).await;
        bench.append(topic, 0, &["a"]).await;
        let member = bench.member("m", 1, topic);
        let patient = ShareFetchRequest { min_bytes: 1_000, max_wait_ms: 30_000, ..member.request(&[]) };
        let large = "x".repeat(1_000);
        let values = [large.as_str()];
        let (response, ()) = tokio::join!(member.send(&patient), bench.append(topic, 0, &values));
        let data = &response.responses[0].partitions[0];
        assert_eq!(crate::testing::share::got(data).ranges, [(0, 1, 1)], "both at once");
        bench.append(topic, 0, &["b"]).await;
        let short = ShareFetchRequest { max_wait_ms: 50, ..patient };
        let began = bench.broker.env.now().tick;
        let response =
            member.send(&ShareFetchRequest { share_session_epoch: 1, topics: vec![], ..short }).await;
        assert!(50 <= bench.broker.env.now().tick.since(began));
        let data = &response.responses[0].partitions[0];
        assert_eq!(crate::testing::share::got(data).ranges, [(2, 2, 1)], "what there is when the time is up");
    });
}

#[test]
fn requests_without_group_or_member_are_refused() {
    bench(|bench| async move {
        let topic = bench.create_queue(1).await;
        let long = "x".repeat(37);
        let member = bench.member("m", 1, topic);
        for (group, name) in
            [(None, Some("m")), (Some("g"), None), (Some("g"), Some("")), (Some("g"), Some(&*long))]
        {
            let request = ShareFetchRequest {
                group_id: group.map(Into::into),
                member_id: name.map(Into::into),
                ..member.request(&[])
            };
            assert_eq!(
                member.send(&request).await.error_code,
                ErrorCode::INVALID_REQUEST,
                "{group:?} {name:?}"
            );
            member.epoch.set(0);
        }
        let acknowledges = member.send(&member.request(&[(0, (0, 0, &[1]))])).await;
        assert_eq!(acknowledges.error_code, ErrorCode::INVALID_REQUEST, "epoch 0 acknowledges nothing");
        assert_eq!(member.say_at(0, &[]).await, ErrorCode::INVALID_SHARE_SESSION_EPOCH);
        assert_eq!(member.say_at(5, &[]).await, ErrorCode::SHARE_SESSION_NOT_FOUND);
    });
}

#[test]
fn max_bytes_is_for_all_and_the_first_batch_comes_in_any_case() {
    bench(|bench| async move {
        let topic = bench.create_queue(1).await;
        let large = "x".repeat(1_000);
        for _ in 0..3 {
            bench.append(topic, 0, &[&large]).await;
        }
        let member = bench.member("m", 1, topic);
        let request = ShareFetchRequest { max_bytes: 10, ..member.request(&[]) };
        let data = member.send(&request).await.responses.remove(0).partitions.remove(0);
        assert_eq!(crate::testing::share::got(&data).ranges, [(0, 0, 1)]);
        let request = ShareFetchRequest { max_bytes: 2_500, ..member.request(&[]) };
        let data = member.send(&request).await.responses.remove(0).partitions.remove(0);
        assert_eq!(crate::testing::share::got(&data).ranges, [(1, 2, 1)]);
    });
}

#[test]
fn accepted_records_stay_accepted_over_a_restart_and_others_come_again() {
    let dir = tempfile::tempdir().expect("a directory for the test");
    let open = |test: fn(Bench) -> std::pin::Pin<Box<dyn Future<Output = ()>>>| {
        crate::testing::bench_in(dir.path(), test);
    };
    open(|bench| {
        Box::pin(async move {
            let topic = bench.create_queue(1).await;
            bench.append(topic, 0, &["a", "b", "c", "d"]).await;
            let member = bench.member("m", 1, topic);
            member.fetch().await;
            assert_eq!(member.say(&[(0, 2, &[1, 2, 1])]).await, ErrorCode::NONE);
        })
    });
    open(|bench| {
        Box::pin(async move {
            let topic = bench.broker.image.topic("t").expect("topics stay").id;
            let got = bench.member("m", 1, topic).fetch().await;
            assert_eq!(got.values, ["b", "d"]);
            assert_eq!(
                got.ranges,
                [(1, 1, 2), (3, 3, 1)],
                "an attempt that was not persisted does not count"
            );
        })
    });
}
