use super::assignor::Subscriber;
use super::*;
use ottla_wire::message::ConsumerProtocolSubscription;

/// Members as `id topic topic …` or `id@instance topic …`, topics as `name=partitions`; the shares as text.
fn shares(assignor: Assignor, members: &[&str], topics: &[(&str, i32)]) -> Vec<String> {
    let subscriber = |text: &&str| {
        let mut words = text.split(' ');
        let id = words.next().unwrap();
        let (member_id, instance_id) = match id.split_once('@') {
            Some((id, instance)) => (id, Some(instance.to_owned())),
            None => (id, None),
        };
        Subscriber { member_id: member_id.to_owned(), instance_id, topics: words.map(Arc::from).collect() }
    };
    let topics = topics.iter().map(|(name, count)| (Arc::from(*name), *count)).collect();
    let shares = assignor.assign(members.iter().map(subscriber).collect(), &topics);
    let text = |(id, share): (String, Vec<TopicPartition>)| {
        let share: Vec<_> = share.iter().map(|partition| partition.to_string().replace('-', "")).collect();
        format!("{id}: {}", share.join(" "))
    };
    shares.into_iter().map(text).collect()
}

#[test]
fn range_gives_runs_of_each_topic() {
    let both = ["c a b", "d a b"];
    assert_eq!(shares(Assignor::Range, &both, &[("a", 3), ("b", 3)]), ["c: a0 a1 b0 b1", "d: a2 b2"]);
    let three = ["c a", "d a", "e a"];
    assert_eq!(shares(Assignor::Range, &three, &[("a", 2)]), ["c: a0", "d: a1", "e: "]);
    assert_eq!(
        shares(Assignor::Range, &["c a", "d b"], &[("a", 2), ("b", 1), ("x", 4)]),
        ["c: a0 a1", "d: b0"]
    );
}

#[test]
fn round_robin_takes_turns_over_all_topics() {
    let both = ["c a b", "d a b"];
    assert_eq!(shares(Assignor::RoundRobin, &both, &[("a", 3), ("b", 3)]), ["c: a0 a2 b1", "d: a1 b0 b2"]);
    // The classic example of an uneven subscription.
    let uneven = ["c a", "d a b", "e a b x"];
    let topics = [("a", 1), ("b", 2), ("x", 3)];
    assert_eq!(shares(Assignor::RoundRobin, &uneven, &topics), ["c: a0", "d: b0", "e: b1 x0 x1 x2"]);
}

#[test]
fn static_members_keep_their_place_when_their_id_changes() {
    let one = shares(Assignor::Range, &["z@first a", "y@second a", "b a"], &[("a", 3)]);
    assert_eq!(one, ["b: a2", "y: a1", "z: a0"]);
    let again = shares(Assignor::Range, &["c@first a", "y@second a", "b a"], &[("a", 3)]);
    assert_eq!(again, ["b: a2", "c: a0", "y: a1"]);
}

#[test]
fn assignments_travel_through_the_broker() {
    let partitions = [TopicPartition::new("a", 0), TopicPartition::new("a", 2), TopicPartition::new("b", 1)];
    let bytes = protocol::assignment(&partitions);
    assert_eq!(read_assignment(bytes.clone()).unwrap(), partitions);
    assert_eq!(read_assignment(bytes::Bytes::new()).unwrap(), []);
    // A version from the future is read as the newest known.
    let future = [&[0, 99], &protocol::assignment(&partitions)[2..]].concat();
    assert_eq!(read_assignment(future.into()).unwrap(), partitions);
    for cut in 1..bytes.len() {
        assert!(read_assignment(bytes.slice(..cut)).is_err(), "{cut}");
    }
}

#[test]
fn subscriptions_of_other_clients_are_read() {
    // Version 0 as kafka-python writes it: one topic `ab`, no user data.
    let bytes = bytes::Bytes::from_static(b"\0\0\0\0\0\x01\0\x02ab\xff\xff\xff\xff");
    let read: ConsumerProtocolSubscription = protocol::decode(bytes, "subscription").unwrap();
    assert_eq!(read.topics, ["ab"]);
    let ours = protocol::subscription(&["ab".into()]);
    assert_eq!(
        protocol::decode::<ConsumerProtocolSubscription>(ours, "subscription").unwrap().topics,
        ["ab"]
    );
}
