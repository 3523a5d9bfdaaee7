//! Who keeps the metadata: DescribeQuorum, and requests to join, leave and be forgotten.

use crate::asking::versions;
use crate::flat;
use crate::scenario::{Difference, Ran, Scenario, Subject};
use crate::side::Side;
use ottla_wire::Str;
use ottla_wire::message::add_raft_voter_request::Listener;
use ottla_wire::message::describe_quorum_request::{PartitionData, TopicData};
use ottla_wire::message::{
    AddRaftVoterRequest, DescribeClusterRequest, DescribeQuorumRequest, RemoveRaftVoterRequest,
    UnregisterBrokerRequest, UnregisterControllerRequest,
};
use uuid::Uuid;

pub const SUBJECT: Subject = Subject {
    name: "quorum",
    about: "The quorum of one node that is broker and controller. Its epoch and the offsets of its log are each broker's \
            own; that they are told and agree is compared.",
    scenarios: &[
        Scenario { name: "described", asks: "DescribeQuorum", run: described, differs: DESCRIBED },
        Scenario { name: "voters", asks: "voters that cannot join or leave", run: voters, differs: &[] },
        Scenario {
            name: "forgotten",
            asks: "brokers and controllers that are not there",
            run: forgotten,
            differs: &[],
        },
    ],
};

fn ask(side: &mut Side, step: &str, version: i16, topics: &[(&str, &[i32])]) -> Ran {
    let topic = |(name, partitions): &(&str, &[i32])| TopicData {
        topic_name: (*name).into(),
        partitions: partitions.iter().map(|index| PartitionData { partition_index: *index }).collect(),
    };
    let request = DescribeQuorumRequest { topics: topics.iter().map(topic).collect() };
    let mut answer = side.setup(version, &request)?;
    for partition in answer.topics.iter_mut().flat_map(|topic| &mut topic.partitions) {
        for voter in &mut partition.current_voters {
            voter.log_end_offset = (voter.log_end_offset - partition.high_watermark).min(0);
            if !voter.replica_directory_id.is_nil() {
                voter.replica_directory_id = Uuid::max();
            }
        }
        partition.high_watermark = partition.high_watermark.min(0);
        // A busy machine may let Apache Kafka elect itself again.
        partition.leader_epoch = partition.leader_epoch.min(1);
    }
    side.keep_as::<DescribeQuorumRequest>(step, version, flat::fields(&answer));
    Ok(())
}

fn described(side: &mut Side) -> Ran {
    for version in versions::<DescribeQuorumRequest>() {
        ask(side, "the metadata", version, &[(METADATA, &[0])])?;
        ask(side, "another partition", version, &[(METADATA, &[1])])?;
        ask(side, "two partitions", version, &[(METADATA, &[0, 1])])?;
        ask(side, "another topic", version, &[("t", &[0])])?;
        ask(side, "two topics", version, &[(METADATA, &[0]), ("t", &[0, 3])])?;
        ask(side, "no partitions", version, &[(METADATA, &[])])?;
        ask(side, "nothing", version, &[])?;
    }
    Ok(())
}

fn voters(side: &mut Side) -> Ran {
    let cluster =
        side.setup(1, &DescribeClusterRequest { endpoint_type: 1, ..Default::default() })?.cluster_id;
    let directory = Uuid::from_u128(0x4_0000_0000_0000_0001);
    let listener = || Listener { name: "CONTROLLER".into(), host: "127.0.0.1".into(), port: 9 };
    for version in versions::<AddRaftVoterRequest>() {
        for (step, cluster_id, voter_id, voter_directory_id, listeners) in [
            ("another cluster", Some(Str::from("another")), 2, directory, vec![listener()]),
            ("a voter below 0", None, -1, directory, vec![listener()]),
            ("no directory", None, 2, Uuid::nil(), vec![listener()]),
            ("no listener", None, 2, directory, vec![]),
            ("itself", None, 1, directory, vec![listener()]),
            ("itself in this cluster", Some(cluster.clone()), 1, directory, vec![listener()]),
        ] {
            let request = AddRaftVoterRequest {
                cluster_id,
                timeout_ms: 1_000,
                voter_id,
                voter_directory_id,
                listeners,
                ..Default::default()
            };
            side.ask(step, version, &request);
        }
    }
    for (step, cluster_id, voter_id, voter_directory_id) in [
        ("another cluster", Some(Str::from("another")), 2, directory),
        ("a voter below 0", None, -1, directory),
        ("no directory", None, 2, Uuid::nil()),
        ("a stranger", None, 2, directory),
        ("a stranger in this cluster", Some(cluster), 2, directory),
        ("itself in another directory", None, 1, directory),
    ] {
        side.ask(step, 0, &RemoveRaftVoterRequest { cluster_id, voter_id, voter_directory_id });
    }
    Ok(())
}

fn forgotten(side: &mut Side) -> Ran {
    for broker_id in [2, -1] {
        side.ask(&format!("broker {broker_id}"), 0, &UnregisterBrokerRequest { broker_id });
    }
    for controller_id in [2, -1, 1] {
        side.ask(&format!("controller {controller_id}"), 0, &UnregisterControllerRequest { controller_id });
    }
    Ok(())
}

const METADATA: &str = "__cluster_metadata";

const DESCRIBED: &[Difference] = &[
    Difference {
        step: "the metadata",
        field: "replica_directory_id",
        because: "Ottla's data directory has no id, as that of a voter in Apache Kafka below kraft.version 1.",
    },
    Difference {
        step: "the metadata",
        field: "listeners[",
        because: "Ottla has no listener for controllers: what one is asked is answered where the client came by.",
    },
];
