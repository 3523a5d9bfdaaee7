//! ConsumerGroupHeartbeat and ConsumerGroupDescribe.

use crate::asking::Topic;
use crate::scenario::{Difference, Ran, Scenario, Subject};
use crate::settings;
use crate::side::{Side, until};
use ottla_wire::Str;
use ottla_wire::message::consumer_group_heartbeat_request::TopicPartitions;
use ottla_wire::message::*;

pub const SUBJECT: Subject = Subject {
    name: "consumer-groups",
    about: "ConsumerGroupHeartbeat and ConsumerGroupDescribe: joining, moving partitions, static members, refusals.",
    scenarios: &[
        Scenario {
            name: "consumer-alone",
            asks: "one member joins, subscribes anew, leaves",
            run: alone,
            differs: &[],
        },
        Scenario {
            name: "consumer-moving",
            asks: "partitions move from one member to another, and back",
            run: moving,
            differs: &[],
        },
        Scenario {
            name: "consumer-epochs",
            asks: "heartbeats of other epochs and of strangers",
            run: epochs,
            differs: &[],
        },
        Scenario {
            name: "consumer-static",
            asks: "members with an instance id that go for a moment, or for good",
            run: statics,
            differs: &[],
        },
        Scenario {
            name: "consumer-patterns",
            asks: "regular expressions that match, match nothing, and are none",
            run: patterns,
            differs: &[Difference {
                step: "join with a pattern of nothing",
                field: "member_epoch",
                because: "Apache Kafka looks for the topics after it has answered, and until then nothing is new to \
                          the group; Ottla has looked when it answers",
            }],
        },
        Scenario {
            name: "consumer-nothing",
            asks: "members that subscribe to nothing, and to what does not exist",
            run: nothing,
            differs: &[],
        },
        Scenario {
            name: "consumer-older",
            asks: "the version in which the coordinator names members",
            run: older,
            differs: &[],
        },
        Scenario {
            name: "consumer-refused",
            asks: "requests that are not whole",
            run: refused,
            differs: &[],
        },
    ],
};

/// A group whose target assignment never waits, so that both brokers assign at once.
struct Group {
    id: Str,
}

impl Group {
    fn make(side: &mut Side) -> Result<Self, String> {
        settings::group(side, "g", &[("consumer.assignment.interval.ms", "0")]).map(|id| Self { id })
    }

    fn join(&self, member: &str, topics: &[&Topic]) -> ConsumerGroupHeartbeatRequest {
        ConsumerGroupHeartbeatRequest {
            rebalance_timeout_ms: 60_000,
            subscribed_topic_names: Some(topics.iter().map(|topic| topic.name.clone()).collect()),
            topic_partitions: Some(Vec::new()),
            ..self.beat(member, 0)
        }
    }

    fn beat(&self, member: &str, epoch: i32) -> ConsumerGroupHeartbeatRequest {
        ConsumerGroupHeartbeatRequest {
            group_id: self.id.clone(),
            member_id: member.into(),
            member_epoch: epoch,
            rebalance_timeout_ms: -1,
            ..Default::default()
        }
    }

    /// A heartbeat that says what the member has.
    fn has(
        &self,
        member: &str,
        epoch: i32,
        topic: &Topic,
        partitions: &[i32],
    ) -> ConsumerGroupHeartbeatRequest {
        let owned = TopicPartitions { topic_id: topic.id, partitions: partitions.to_vec() };
        let owned = if partitions.is_empty() { Vec::new() } else { vec![owned] };
        ConsumerGroupHeartbeatRequest { topic_partitions: Some(owned), ..self.beat(member, epoch) }
    }

    fn describe(&self, side: &mut Side, step: &str) {
        let request = ConsumerGroupDescribeRequest { group_ids: vec![self.id.clone()], ..Default::default() };
        for version in 0..=1 {
            side.ask(step, version, &request);
        }
    }
}

/// The request of a static member.
fn of(instance: &str, request: ConsumerGroupHeartbeatRequest) -> ConsumerGroupHeartbeatRequest {
    ConsumerGroupHeartbeatRequest { instance_id: Some(instance.into()), ..request }
}

fn alone(side: &mut Side) -> Ran {
    let (one, two) = (Topic::make(side, "one", &[])?, Topic::make(side, "two", &[])?);
    let group = Group::make(side)?;
    group.describe(side, "describe before");
    let join = ConsumerGroupHeartbeatRequest { rack_id: Some("rack".into()), ..group.join("a", &[&one]) };
    side.ask("join", 1, &join);
    side.ask("again", 1, &group.beat("a", 2));
    group.describe(side, "describe");
    let say = |topics: &[&Topic], epoch| ConsumerGroupHeartbeatRequest {
        member_epoch: epoch,
        topic_partitions: None,
        ..group.join("a", topics)
    };
    side.ask("the same subscription", 1, &say(&[&one], 2));
    side.ask("another subscription", 1, &say(&[&two], 2));
    side.ask("it has let go", 1, &group.has("a", 2, &one, &[]));
    side.ask("no subscription", 1, &say(&[], 3));
    group.describe(side, "describe without a subscription");
    side.ask("it has let go again", 1, &group.has("a", 3, &two, &[]));
    side.ask("join again", 1, &group.join("a", &[&one]));
    side.ask("leave", 1, &group.beat("a", -1));
    group.describe(side, "describe when empty");
    side.ask("leave again", 1, &group.beat("a", -1));
    side.ask("go on", 1, &group.beat("a", 5));
    side.ask("another joins", 1, &group.join("b", &[&one]));
    Ok(())
}

fn moving(side: &mut Side) -> Ran {
    let topic = Topic::make_wide(side, "one", 3, &[])?;
    let group = Group::make(side)?;
    side.ask("a joins", 1, &group.join("a", &[&topic]));
    side.ask("b joins", 1, &group.join("b", &[&topic]));
    side.ask("a must give back", 1, &group.beat("a", 2));
    side.ask("b waits", 1, &group.beat("b", 3));
    group.describe(side, "describe on the way");
    side.ask("a has not yet", 1, &group.has("a", 2, &topic, &[0, 1, 2]));
    side.ask("a has", 1, &group.has("a", 2, &topic, &[0, 1]));
    side.ask("b gets it", 1, &group.beat("b", 3));
    group.describe(side, "describe when stable");
    side.ask("b leaves", 1, &group.beat("b", -1));
    side.ask("a gets it back", 1, &group.has("a", 3, &topic, &[0, 1]));
    group.describe(side, "describe alone");
    Ok(())
}

fn epochs(side: &mut Side) -> Ran {
    let topic = Topic::make_wide(side, "one", 2, &[])?;
    let group = Group::make(side)?;
    side.ask("a joins", 1, &group.join("a", &[&topic]));
    side.ask("too new", 1, &group.beat("a", 3));
    side.ask("a stranger", 1, &group.beat("x", 2));
    side.ask("a stranger leaves", 1, &group.beat("x", -1));
    side.ask("b joins", 1, &group.join("b", &[&topic]));
    side.ask("a goes on", 1, &group.beat("a", 2));
    side.ask("a has let go", 1, &group.has("a", 2, &topic, &[0]));
    side.ask("a again, as if the answer was lost", 1, &group.has("a", 2, &topic, &[0]));
    side.ask("too old, and does not say what it has", 1, &group.beat("a", 2));
    side.ask("too old, with what it never had", 1, &group.has("a", 2, &topic, &[0, 1]));
    side.ask("much too old", 1, &group.has("a", 1, &topic, &[0]));
    side.ask("joins again", 1, &group.join("a", &[&topic]));
    let nobody = Group { id: side.name("nobody") };
    side.ask("no such group", 1, &nobody.beat("a", 2));
    side.ask("leaving no group", 1, &nobody.beat("a", -1));
    nobody.describe(side, "describe no group");
    Ok(())
}

fn statics(side: &mut Side) -> Ran {
    let topic = Topic::make_wide(side, "one", 2, &[])?;
    let group = Group::make(side)?;
    side.ask("a joins", 1, &of("i", group.join("a", &[&topic])));
    side.ask("another of the name", 1, &of("i", group.join("b", &[&topic])));
    side.ask("going on as another", 1, &of("i", group.beat("b", 2)));
    side.ask("an unknown name", 1, &of("j", group.beat("a", 2)));
    side.ask("a goes for a moment", 1, &of("i", group.beat("a", -2)));
    group.describe(side, "describe without it");
    side.ask("b takes its place", 1, &of("i", group.join("b", &[&topic])));
    side.ask("a goes on", 1, &of("i", group.beat("a", 2)));
    side.ask("b goes on", 1, &of("i", group.beat("b", 2)));
    group.describe(side, "describe with b");
    side.ask("b goes for a moment", 1, &of("i", group.beat("b", -2)));
    side.ask("c takes its place with another subscription", 1, &of("i", group.join("c", &[])));
    side.ask("c goes for good", 1, &of("i", group.beat("c", -1)));
    group.describe(side, "describe when empty");
    side.ask("a moment without a name", 1, &group.beat("c", -2));
    Ok(())
}

fn patterns(side: &mut Side) -> Ran {
    let topic = Topic::make(side, "one", &[])?;
    let group = Group::make(side)?;
    let pattern = |regex: &str, epoch| ConsumerGroupHeartbeatRequest {
        subscribed_topic_names: None,
        subscribed_topic_regex: Some(regex.into()),
        member_epoch: epoch,
        ..group.join("a", &[])
    };
    for regex in ["(", "[a", "*", "a{2,1}", "\\", "(?<n>a)\\k<n>", "a++", "\\pX"] {
        side.ask(&format!("join with {regex}"), 1, &pattern(regex, 0));
    }
    // Apache Kafka looks for topics after its answer, so only what is told in the end is compared.
    side.ask("join with a pattern of nothing", 1, &pattern("no-such-topic-.*", 0));
    let all = topic.name.replace("one", ".*");
    side.setup(1, &pattern(&all, 0))?;
    until(|| {
        let answer = side.setup(1, &pattern(&all, 0))?;
        let has = answer.assignment.is_some_and(|assignment| !assignment.topic_partitions.is_empty());
        Ok(has.then_some(()))
    })?;
    Ok(())
}

fn nothing(side: &mut Side) -> Ran {
    let (topic, unknown) = (Topic::make(side, "one", &[])?, Topic::unknown(side));
    let group = Group::make(side)?;
    side.ask("a joins", 1, &group.join("a", &[]));
    side.ask("b joins", 1, &group.join("b", &[&unknown]));
    side.ask("c joins", 1, &group.join("c", &[]));
    group.describe(side, "describe");
    side.ask("d joins", 1, &group.join("d", &[&topic]));
    side.ask("a leaves", 1, &group.beat("a", -1));
    group.describe(side, "describe without a");
    Ok(())
}

fn older(side: &mut Side) -> Ran {
    let topic = Topic::make(side, "one", &[])?;
    let group = Group::make(side)?;
    let answer = side.ask("join without a name", 0, &group.join("", &[&topic])).ok_or("no answer")?;
    let name = answer.member_id.unwrap_or_default();
    side.ask("goes on", 0, &group.beat(&name, answer.member_epoch));
    group.describe(side, "describe");
    side.ask("join with a name", 0, &group.join("b", &[&topic]));
    side.ask("goes on without a name", 0, &group.beat("", 2));
    side.ask("a stranger", 0, &group.beat("x", 2));
    side.ask("leave without a name", 0, &group.beat("", -1));
    side.ask("leave", 0, &group.beat(&name, -1));
    group.describe(side, "describe in the end");
    Ok(())
}

fn refused(side: &mut Side) -> Ran {
    let topic = Topic::make(side, "one", &[])?;
    let group = Group::make(side)?;
    let join = group.join("a", &[&topic]);
    let with = |change: fn(&mut ConsumerGroupHeartbeatRequest)| {
        let mut request = join.clone();
        change(&mut request);
        request
    };
    side.ask("no member id", 1, &with(|request| request.member_id = Str::default()));
    side.ask("blank member id", 1, &with(|request| request.member_id = "  ".into()));
    side.ask("no group id", 1, &with(|request| request.group_id = Str::default()));
    side.ask("blank group id", 1, &with(|request| request.group_id = "  ".into()));
    side.ask("empty instance id", 1, &with(|request| request.instance_id = Some(Str::default())));
    side.ask("blank instance id", 1, &with(|request| request.instance_id = Some("  ".into())));
    side.ask("empty rack", 1, &with(|request| request.rack_id = Some(Str::default())));
    side.ask("blank rack", 1, &with(|request| request.rack_id = Some(" ".into())));
    side.ask("no rebalance timeout", 1, &with(|request| request.rebalance_timeout_ms = -1));
    side.ask("no subscription", 1, &with(|request| request.subscribed_topic_names = None));
    side.ask("nothing said of partitions", 1, &with(|request| request.topic_partitions = None));
    side.ask(
        "partitions",
        1,
        &with(|request| request.topic_partitions = Some(vec![TopicPartitions::default()])),
    );
    side.ask("an unknown assignor", 1, &with(|request| request.server_assignor = Some("sticky".into())));
    side.ask("an empty assignor", 1, &with(|request| request.server_assignor = Some(Str::default())));
    side.ask("epoch -3", 1, &with(|request| request.member_epoch = -3));
    side.ask("epoch -2 without an instance id", 1, &with(|request| request.member_epoch = -2));
    side.ask("epoch below", 1, &with(|request| request.member_epoch = i32::MIN));
    side.ask("an empty rebalance timeout", 1, &with(|request| request.rebalance_timeout_ms = 0));
    side.ask("a rebalance timeout below", 1, &with(|request| request.rebalance_timeout_ms = -5));
    let request = ConsumerGroupDescribeRequest { group_ids: vec![Str::default()], ..Default::default() };
    side.ask("describe no name", 1, &request);
    Ok(())
}
