//! StreamsGroupHeartbeat and StreamsGroupDescribe.

use crate::asking::Topic;
use crate::scenario::{Difference, Ran, Scenario, Subject};
use crate::side::Side;
use crate::streaming::{Group, counting, reading, step, until_ready};
use ottla_wire::Str;
use ottla_wire::message::offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
use ottla_wire::message::streams_group_heartbeat_request::{
    CopartitionGroup, Endpoint, KeyValue, TaskIds, Topology,
};
use ottla_wire::message::{
    DeleteGroupsRequest, DescribeGroupsRequest, ListGroupsRequest, OffsetCommitRequest,
    StreamsGroupDescribeRequest,
};

const ASKED_TO_DRAW: Difference = Difference {
    step: "",
    field: "topology_description_required",
    because: "Ottla keeps descriptions of topologies without a plug-in, and asks for them",
};

/// After an answer that was lost it is only by this that a member learns what it has.
const fn told_again(step: &'static str) -> Difference {
    Difference {
        step,
        field: "_tasks",
        because: "Ottla tells a member its tasks again when it says that it has others; Apache Kafka tells them once",
    }
}

pub const SUBJECT: Subject = Subject {
    name: "streams-groups",
    about: "StreamsGroupHeartbeat and StreamsGroupDescribe: joining, moving tasks, topics that are missing, refusals.",
    scenarios: &[
        Scenario {
            name: "alone",
            asks: "one member joins, lives, and leaves",
            run: alone,
            differs: &[ASKED_TO_DRAW],
        },
        Scenario {
            name: "moving",
            asks: "tasks move from one member to another, and back",
            run: moving,
            differs: &[ASKED_TO_DRAW, told_again("a has not let go")],
        },
        Scenario {
            name: "epochs",
            asks: "heartbeats of other epochs, also when an answer was lost",
            run: epochs,
            differs: &[ASKED_TO_DRAW, told_again("a again, as if the answer was lost")],
        },
        Scenario {
            name: "refused",
            asks: "requests that are not whole, and topologies that no broker can run",
            run: refused,
            differs: &[
                ASKED_TO_DRAW,
                Difference {
                    step: "topology: ",
                    field: "error_code",
                    because: "Apache Kafka fails with UNKNOWN_SERVER_ERROR on numbers that cannot be and ids that are \
                              there twice; Ottla says what is wrong",
                },
            ],
        },
        Scenario {
            name: "topics",
            asks: "sources that are missing, internal topics that are made, partitions that do not fit",
            run: topics,
            differs: &[
                ASKED_TO_DRAW,
                Difference {
                    step: "internal topics are missing",
                    field: "heartbeat_interval_ms",
                    because: "Ottla has made the topics by then, and tells the member to come again soon",
                },
                told_again("and are found"),
            ],
        },
        Scenario {
            name: "static",
            asks: "members with an instance id that go for a moment, or for good",
            run: statics,
            differs: &[ASKED_TO_DRAW],
        },
        Scenario {
            name: "status",
            asks: "a wish to stop, endpoints, tags, an old topology",
            run: status,
            differs: &[ASKED_TO_DRAW],
        },
        Scenario {
            name: "offsets",
            asks: "commits of members of several epochs, and of nobody",
            run: offsets,
            differs: &[ASKED_TO_DRAW],
        },
        Scenario {
            name: "other-apis",
            asks: "how lists, descriptions and deletions treat a streams group",
            run: other_apis,
            differs: &[ASKED_TO_DRAW],
        },
    ],
};

fn alone(side: &mut Side) -> Ran {
    for version in 0..=1 {
        let topic = Topic::make_wide(side, &format!("in{version}"), 3, &[])?;
        let group = Group::make(side, &format!("g{version}"), &[])?;
        side.ask("join", version, &group.join("a", reading(&topic)));
        side.ask("again", version, &group.beat("a", 2));
        side.ask("owning", version, &group.owning("a", 2, &[("0", &[0, 1, 2])]));
        group.describe(side, "describe", version);
        side.ask("join again", version, &group.join("a", reading(&topic)));
        side.ask("leave", version, &group.beat("a", -1));
        group.describe(side, "describe when empty", version);
        side.ask("after", version, &group.beat("a", 2));
    }
    Ok(())
}

fn moving(side: &mut Side) -> Ran {
    let topic = Topic::make_wide(side, "in", 4, &[])?;
    let group = Group::make(side, "g", &[])?;
    step(side, "a joins", &group.join("a", reading(&topic)))?;
    step(side, "b joins", &group.join("b", reading(&topic)))?;
    step(side, "b waits", &group.owning("b", 3, &[]))?;
    let answer = side.ask("a hears", 1, &group.owning("a", 2, &[("0", &[0, 1, 2, 3])])).ok_or("no answer")?;
    let kept: Vec<i32> =
        answer.active_tasks.iter().flatten().flat_map(|tasks| tasks.partitions.clone()).collect();
    group.describe(side, "while moving", 1);
    step(side, "a has not let go", &group.owning("a", 2, &[("0", &[0, 1, 2, 3])]))?;
    step(side, "a says nothing", &group.beat("a", 2))?;
    step(side, "b still waits", &group.owning("b", 3, &[]))?;
    step(side, "a lets go", &group.owning("a", 2, &[("0", &kept)]))?;
    step(side, "b gets", &group.owning("b", 3, &[]))?;
    group.describe(side, "moved", 1);
    step(side, "b leaves", &group.beat("b", -1))?;
    step(side, "a gets back", &group.owning("a", 3, &[("0", &kept)]))?;
    group.describe(side, "back", 1);
    Ok(())
}

fn epochs(side: &mut Side) -> Ran {
    let topic = Topic::make_wide(side, "in", 2, &[])?;
    let group = Group::make(side, "g", &[])?;
    step(side, "no such group", &group.beat("a", 5))?;
    step(side, "leaving no group", &group.beat("a", -1))?;
    step(side, "a joins", &group.join("a", reading(&topic)))?;
    step(side, "stranger", &group.beat("x", 2))?;
    step(side, "stranger leaves", &group.beat("x", -1))?;
    step(side, "too new", &group.beat("a", 3))?;
    step(side, "too old", &group.owning("a", 1, &[]))?;
    step(side, "b joins", &group.join("b", reading(&topic)))?;
    step(side, "a lets go", &group.owning("a", 2, &[]))?;
    step(side, "a again, as if the answer was lost", &group.owning("a", 2, &[]))?;
    step(side, "a again, with what it has not", &group.owning("a", 2, &[("0", &[0, 1])]))?;
    step(side, "a again, without a word", &group.beat("a", 2))?;
    Ok(())
}

fn refused(side: &mut Side) -> Ran {
    let topic = Topic::make_wide(side, "in", 2, &[])?;
    let group = Group::make(side, "g", &[])?;
    let join = || group.join("a", reading(&topic));
    let mut ask =
        |name: &str, request: ottla_wire::message::StreamsGroupHeartbeatRequest| side.ask(name, 1, &request);
    ask("no member id", group.join("", reading(&topic)));
    ask(
        "no group id",
        ottla_wire::message::StreamsGroupHeartbeatRequest { group_id: Str::default(), ..join() },
    );
    for blank in ["", " "] {
        let mut request = join();
        request.instance_id = Some(blank.into());
        ask(&format!("instance '{blank}'"), request);
        let mut request = join();
        request.rack_id = Some(blank.into());
        ask(&format!("rack '{blank}'"), request);
    }
    for epoch in [-3, i32::MIN, -2] {
        ask(&format!("epoch {epoch}"), group.beat("a", epoch));
    }
    let mut request = join();
    request.rebalance_timeout_ms = -1;
    ask("no timeout", request);
    let mut request = join();
    request.topology = None;
    ask("no topology", request);
    let tasks = || Some(vec![TaskIds { subtopology_id: "0".into(), partitions: vec![0] }]);
    let mut request = join();
    request.active_tasks = tasks();
    ask("joins with tasks", request);
    let mut request = join();
    request.warmup_tasks = tasks();
    ask("joins with warm-up tasks", request);
    let mut request = group.beat("a", 2);
    request.active_tasks = tasks();
    ask("only active tasks", request);
    let mut request = group.beat("a", 2);
    request.topology = Some(Box::new(reading(&topic)));
    ask("topology of who is in", request);
    topologies(side, &group, &topic);
    step(side, "joins", &group.join("a", reading(&topic)))?;
    step(side, "no such subtopology", &group.owning("a", 2, &[("9", &[0])]))?;
    step(side, "no such task", &group.owning("a", 2, &[("0", &[2])]))?;
    step(side, "another topology", &group.join("b", counting(&topic, &group.id)))?;
    let mut newer = reading(&topic);
    newer.epoch = 1;
    step(side, "a newer topology", &group.join("b", newer))?;
    Ok(())
}

fn topologies(side: &mut Side, group: &Group, topic: &Topic) {
    let mut ask = |name: &str, change: fn(&mut Topology)| {
        let mut topology = counting(topic, &group.id);
        change(&mut topology);
        side.ask(name, 1, &group.join("a", topology));
    };
    ask("a changelog with partitions", |topology| {
        topology.subtopologies[1].state_changelog_topics[0].partitions = 3;
    });
    ask("a pattern", |topology| topology.subtopologies[0].source_topic_regex = vec!["x.*".into()]);
    ask("Kafka's own topic", |topology| {
        topology.subtopologies[0].source_topics = vec!["__consumer_offsets".into()]
    });
    ask("an illegal name", |topology| topology.subtopologies[0].source_topics = vec!["a b".into()]);
    ask("a repartition topic that nobody writes", |topology| {
        topology.subtopologies[0].repartition_sink_topics.clear();
    });
    ask("a loop", |topology| {
        topology.subtopologies[1].repartition_sink_topics =
            topology.subtopologies[0].repartition_sink_topics.clone();
        topology.subtopologies.remove(0);
    });
    ask("topology: an index that leads nowhere", |topology| {
        topology.subtopologies[0].copartition_groups =
            vec![CopartitionGroup { source_topics: vec![7], ..Default::default() }];
    });
    ask("topology: one id twice", |topology| {
        let again = topology.subtopologies[0].clone();
        topology.subtopologies.push(again);
    });
    ask("topology: a negative epoch", |topology| topology.epoch = -1);
    ask("topology: a negative count", |topology| {
        topology.subtopologies[1].repartition_source_topics[0].partitions = -4;
    });
    ask("topology: nothing is read", |topology| topology.subtopologies[0].source_topics.clear());
}

fn topics(side: &mut Side) -> Ran {
    let topic = Topic::make_wide(side, "in", 3, &[])?;
    let other = Topic::make_wide(side, "other", 2, &[])?;
    let unknown = Topic::unknown(side);
    let missing = Group::make(side, "missing", &[])?;
    step(side, "a source is missing", &missing.join("a", reading(&unknown)))?;
    missing.describe(side, "describe without sources", 1);
    let group = Group::make(side, "made", &[])?;
    // One, because Apache Kafka names several in no order.
    let mut topology = counting(&topic, &group.id);
    topology.subtopologies[1].state_changelog_topics.clear();
    step(side, "internal topics are missing", &group.join("a", topology.clone()))?;
    let epoch = until_ready(side, &group, "a", 2)?;
    step(side, "they are there", &group.join("a", topology))?;
    step(side, "and are found", &group.owning("a", epoch, &[]))?;
    let copartitioned = Group::make(side, "co", &[])?;
    let mut topology = reading(&topic);
    topology.subtopologies[0].source_topics.push(other.name.clone());
    topology.subtopologies[0].copartition_groups =
        vec![CopartitionGroup { source_topics: vec![0, 1], ..Default::default() }];
    step(side, "sources that are not copartitioned", &copartitioned.join("a", topology))?;
    let fixed = Group::make(side, "fixed", &[])?;
    let mut topology = counting(&topic, &fixed.id);
    topology.subtopologies[1].repartition_source_topics[0].partitions = 5;
    topology.subtopologies[1].source_topics = vec![topic.name.clone()];
    topology.subtopologies[1].copartition_groups = vec![CopartitionGroup {
        source_topics: vec![0],
        repartition_source_topics: vec![0],
        ..Default::default()
    }];
    step(side, "a fixed count that does not fit", &fixed.join("a", topology))?;
    let wrong = Group::make(side, "wrong", &[])?;
    Topic::make_wide(side, "wrong-changelog", 7, &[])?;
    let mut topology = reading(&topic);
    let changelog = ottla_wire::message::streams_group_heartbeat_request::TopicInfo {
        name: side.name("wrong-changelog"),
        ..Default::default()
    };
    topology.subtopologies[0].state_changelog_topics = vec![changelog];
    step(side, "a changelog that does not fit", &wrong.join("a", topology))?;
    Ok(())
}

fn statics(side: &mut Side) -> Ran {
    let topic = Topic::make_wide(side, "in", 2, &[])?;
    let group = Group::make(side, "g", &[])?;
    let named = |mut request: ottla_wire::message::StreamsGroupHeartbeatRequest| {
        request.instance_id = Some("i".into());
        request
    };
    step(side, "joins", &named(group.join("a", reading(&topic))))?;
    step(side, "another with its name", &named(group.join("b", reading(&topic))))?;
    step(side, "another lives under its name", &named(group.beat("b", 2)))?;
    step(side, "another leaves under its name", &named(group.beat("b", -1)))?;
    step(side, "goes for a moment", &named(group.beat("a", -2)))?;
    group.describe(side, "while it is away", 1);
    let mut back = named(group.join("c", reading(&topic)));
    back.process_id = Some("process of a".into());
    step(side, "is back", &back)?;
    step(side, "as it was", &named(group.beat("a", 2)))?;
    group.describe(side, "when it is back", 1);
    step(side, "goes for good", &named(group.beat("c", -1)))?;
    step(side, "a name that nobody has", &named(group.beat("c", 2)))?;
    Ok(())
}

fn status(side: &mut Side) -> Ran {
    let topic = Topic::make_wide(side, "in", 2, &[])?;
    let group = Group::make(side, "g", &[("streams.rack.aware.assignment.tags", "zone,rack")])?;
    let mut topology = reading(&topic);
    topology.epoch = 3;
    let mut join = group.join("a", topology);
    step(side, "joins", &join)?;
    join.client_tags = Some(vec![KeyValue { key: "zone".into(), value: "z".into() }]);
    join.user_endpoint = Some(Box::new(Endpoint { host: "h".into(), port: 80 }));
    step(side, "joins again with an endpoint and a tag", &join)?;
    let mut told = group.beat("a", 3);
    told.endpoint_information_epoch = 1;
    step(side, "knows the endpoints", &told)?;
    side.ask("an older version hears of no tags", 0, &told);
    step(side, "an old topology", &group.join("b", reading(&topic)))?;
    let mut stop = group.beat("b", 4);
    stop.shutdown_application = true;
    step(side, "wants all to stop", &stop)?;
    step(side, "hears of it", &told)?;
    step(side, "one leaves", &group.beat("b", -1))?;
    step(side, "still hears of it", &told)?;
    Ok(())
}

fn offsets(side: &mut Side) -> Ran {
    let topic = Topic::make_wide(side, "in", 2, &[])?;
    let other = Topic::make(side, "other", &[])?;
    let group = Group::make(side, "g", &[])?;
    step(side, "a joins", &group.join("a", reading(&topic)))?;
    step(side, "b joins", &group.join("b", reading(&topic)))?;
    let answer = side.ask("a lets go", 1, &group.owning("a", 2, &[])).ok_or("no answer")?;
    let kept = answer.active_tasks.iter().flatten().flat_map(|tasks| tasks.partitions.clone()).next();
    let kept = kept.ok_or("a has nothing left")?;
    let commit = |member: &str, epoch: i32, topic: &Topic, partition: i32| OffsetCommitRequest {
        group_id: group.id.clone(),
        generation_id_or_member_epoch: epoch,
        member_id: member.into(),
        topics: vec![OffsetCommitRequestTopic {
            name: topic.name.clone(),
            topic_id: topic.id,
            partitions: vec![OffsetCommitRequestPartition {
                partition_index: partition,
                committed_offset: 7,
                ..Default::default()
            }],
        }],
        ..Default::default()
    };
    for version in [8, 9, 10] {
        for epoch in 1..=4 {
            side.ask(&format!("epoch {epoch}"), version, &commit("a", epoch, &topic, kept));
        }
        side.ask("a partition of another", version, &commit("a", 2, &topic, 1 - kept));
        side.ask("a topic that it does not read", version, &commit("a", 2, &other, 0));
        side.ask("the same in this epoch", version, &commit("a", 3, &other, 0));
        side.ask("a stranger", version, &commit("x", 3, &topic, 0));
        side.ask("nobody", version, &commit("", -1, &topic, 0));
    }
    Ok(())
}

fn other_apis(side: &mut Side) -> Ran {
    let topic = Topic::make_wide(side, "in", 2, &[])?;
    let group = Group::make(side, "g", &[])?;
    step(side, "joins", &group.join("a", reading(&topic)))?;
    for version in 0..=1 {
        for (step, id) in [("describe nobody", side.name("nobody")), ("describe no name", Str::default())] {
            let request = StreamsGroupDescribeRequest { group_ids: vec![id], ..Default::default() };
            side.ask(step, version, &request);
        }
    }
    for version in 5..=6 {
        let request = DescribeGroupsRequest { groups: vec![group.id.clone()], ..Default::default() };
        side.ask("describe as a classic group", version, &request);
    }
    let delete = DeleteGroupsRequest { groups_names: vec![group.id.clone()] };
    side.ask("delete", 2, &delete);
    for state in ["stable", "Empty", "not_ready"] {
        let request =
            ListGroupsRequest { states_filter: vec![state.into()], types_filter: vec!["streams".into()] };
        let answer = side.setup(5, &request)?;
        let found = answer.groups.iter().filter(|found| found.group_id == group.id).cloned().collect();
        let answer = ottla_wire::message::ListGroupsResponse { groups: found, ..answer };
        side.keep_as::<ListGroupsRequest>(&format!("list {state}"), 5, crate::flat::fields(&answer));
    }
    step(side, "leaves", &group.beat("a", -1))?;
    side.ask("delete when empty", 2, &delete);
    group.describe(side, "describe when deleted", 1);
    Ok(())
}
