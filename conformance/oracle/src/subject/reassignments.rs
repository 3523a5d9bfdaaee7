//! ElectLeaders, AlterPartitionReassignments, ListPartitionReassignments, where one broker is the only replica.

use crate::asking::{Topic, versions};
use crate::flat;
use crate::scenario::{Ran, Scenario, Subject};
use crate::side::Side;
use ottla_wire::Str;
use ottla_wire::message::alter_partition_reassignments_request::{ReassignablePartition, ReassignableTopic};
use ottla_wire::message::elect_leaders_request::TopicPartitions;
use ottla_wire::message::list_partition_reassignments_request::ListPartitionReassignmentsTopics;
use ottla_wire::message::{
    AlterPartitionReassignmentsRequest, ElectLeadersRequest, ListPartitionReassignmentsRequest,
};

pub const SUBJECT: Subject = Subject {
    name: "reassignments",
    about: "Elections and reassignments where one broker is everybody's only replica.",
    scenarios: &[
        Scenario {
            name: "elections",
            asks: "ElectLeaders of both kinds and of none",
            run: elections,
            differs: &[],
        },
        Scenario { name: "altered", asks: "every assignment that can be wished", run: altered, differs: &[] },
        Scenario { name: "listed", asks: "what moves, by name and all", run: listed, differs: &[] },
    ],
};

fn elect(election_type: i8, topics: Option<&[(&Str, &[i32])]>) -> ElectLeadersRequest {
    let topic = |(topic, partitions): &(&Str, &[i32])| TopicPartitions {
        topic: (*topic).clone(),
        partitions: partitions.to_vec(),
    };
    let topic_partitions = topics.map(|topics| topics.iter().map(topic).collect());
    ElectLeadersRequest { election_type, topic_partitions, timeout_ms: 10_000 }
}

fn elections(side: &mut Side) -> Ran {
    let topic = Topic::make_wide(side, "t", 2, &[])?;
    let unknown = Topic::unknown(side).name;
    for version in versions::<ElectLeadersRequest>() {
        let kinds: &[i8] = if version == 0 { &[0] } else { &[0, 1, 2, -1] };
        for kind in kinds {
            let step = |what: &str| format!("type {kind}: {what}");
            let asked = |topics: &[(&Str, &[i32])]| elect(*kind, Some(topics));
            side.ask(&step("two partitions"), version, &asked(&[(&topic.name, &[0, 1])]));
            side.ask(&step("partitions that are not there"), version, &asked(&[(&topic.name, &[1, 2, -1])]));
            side.ask(&step("unknown topic"), version, &asked(&[(&unknown, &[0]), (&topic.name, &[0])]));
            side.ask(&step("illegal name"), version, &asked(&[(&"a b!".into(), &[0])]));
            side.ask(&step("one twice"), version, &asked(&[(&topic.name, &[0, 0])]));
            side.ask(&step("no partitions"), version, &asked(&[(&topic.name, &[])]));
            side.ask(&step("nothing"), version, &asked(&[]));
            all(side, &step("all"), version, *kind)?;
        }
    }
    Ok(())
}

/// Topics of other scenarios are none of this one's business.
fn all(side: &mut Side, step: &str, version: i16, kind: i8) -> Ran {
    let ours = side.name("t");
    let mut answer = side.setup(version, &elect(kind, None))?;
    answer.replica_election_results.retain(|result| result.topic == ours);
    side.keep_as::<ElectLeadersRequest>(step, version, flat::fields(&answer));
    Ok(())
}

fn reassign(topics: &[(&Str, &[(i32, Option<&[i32]>)])]) -> AlterPartitionReassignmentsRequest {
    let partition = |(partition_index, replicas): &(i32, Option<&[i32]>)| ReassignablePartition {
        partition_index: *partition_index,
        replicas: replicas.map(<[i32]>::to_vec),
    };
    let topics = topics.iter().map(|(name, partitions)| ReassignableTopic {
        name: (*name).clone(),
        partitions: partitions.iter().map(partition).collect(),
    });
    AlterPartitionReassignmentsRequest { timeout_ms: 10_000, topics: topics.collect(), ..Default::default() }
}

fn altered(side: &mut Side) -> Ran {
    let topic = Topic::make_wide(side, "t", 2, &[])?;
    let unknown = Topic::unknown(side).name;
    let name = &topic.name;
    for version in versions::<AlterPartitionReassignmentsRequest>() {
        let counts: &[bool] = if version == 0 { &[true] } else { &[true, false] };
        for may_change in counts {
            for (step, topics) in [
                ("as they are", &[(name, &[(0, Some(&[1][..])), (1, Some(&[1]))][..])][..]),
                ("to nobody", &[(name, &[(0, Some(&[]))])]),
                ("to a stranger", &[(name, &[(0, Some(&[2]))])]),
                ("to both", &[(name, &[(0, Some(&[1, 2]))])]),
                ("to itself twice", &[(name, &[(0, Some(&[1, 1]))])]),
                ("to a number below 0", &[(name, &[(0, Some(&[-1]))])]),
                ("cancelled", &[(name, &[(0, None)])]),
                ("partitions that are not there", &[(name, &[(2, Some(&[1])), (-1, None)])]),
                ("unknown topic", &[(&unknown, &[(0, Some(&[1])), (1, None)])]),
                ("one good, one bad", &[(name, &[(0, Some(&[1])), (1, Some(&[7]))])]),
                ("one twice", &[(name, &[(0, Some(&[1])), (0, None)])]),
                ("no partitions", &[(name, &[])]),
                ("nothing", &[]),
            ] {
                let request = AlterPartitionReassignmentsRequest {
                    allow_replication_factor_change: *may_change,
                    ..reassign(topics)
                };
                let step = if *may_change { step.to_owned() } else { format!("{step}, as many replicas") };
                side.ask(&step, version, &request);
            }
        }
    }
    Ok(())
}

fn listed(side: &mut Side) -> Ran {
    let topic = Topic::make(side, "t", &[])?;
    let ask = |side: &mut Side, step: &str, topics: Option<&[(&Str, &[i32])]>| {
        let topic = |(name, partitions): &(&Str, &[i32])| ListPartitionReassignmentsTopics {
            name: (*name).clone(),
            partition_indexes: partitions.to_vec(),
        };
        let topics = topics.map(|topics| topics.iter().map(topic).collect());
        side.ask(step, 0, &ListPartitionReassignmentsRequest { timeout_ms: 10_000, topics });
    };
    let unknown = Topic::unknown(side).name;
    ask(side, "all", None);
    ask(side, "one", Some(&[(&topic.name, &[0])]));
    ask(side, "partitions that are not there", Some(&[(&topic.name, &[1, -1])]));
    ask(side, "unknown topic", Some(&[(&unknown, &[0])]));
    ask(side, "nothing", Some(&[]));
    Ok(())
}
