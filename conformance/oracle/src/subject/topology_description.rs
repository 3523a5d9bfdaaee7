//! StreamsGroupTopologyDescriptionUpdate: the drawing of a topology that a member sends.

use crate::asking::Topic;
use crate::scenario::{Difference, Ran, Scenario, Subject};
use crate::side::Side;
use crate::streaming::{Group, reading};
use ottla_wire::Str;
use ottla_wire::message::StreamsGroupTopologyDescriptionUpdateRequest;
use ottla_wire::message::streams_group_topology_description_update_request::{
    TopologyDescription, TopologyDescriptionNode, TopologyDescriptionSubtopology,
};

pub const SUBJECT: Subject = Subject {
    name: "topology-description",
    about: "StreamsGroupTopologyDescriptionUpdate: drawings of topologies, by members and strangers.",
    scenarios: &[Scenario {
        name: "drawn",
        asks: "drawings of members, strangers, other epochs, nobody",
        run: drawn,
        differs: DRAWN,
    }],
};

const DRAWN: &[Difference] = &[Difference {
    step: "",
    field: "error_",
    because: "Apache Kafka needs a plug-in to keep descriptions, and without one refuses each; Ottla keeps them itself, and \
              says what is wrong with the others.",
}];

fn drawing(
    group: &Str,
    member: &str,
    topology_epoch: i32,
    node_type: i8,
) -> StreamsGroupTopologyDescriptionUpdateRequest {
    let node = TopologyDescriptionNode {
        name: "n".into(),
        node_type,
        source_topics: vec!["t".into()],
        ..Default::default()
    };
    let subtopologies =
        vec![TopologyDescriptionSubtopology { subtopology_id: "0".into(), nodes: vec![node] }];
    StreamsGroupTopologyDescriptionUpdateRequest {
        group_id: group.clone(),
        member_id: member.into(),
        topology_epoch,
        topology_description: TopologyDescription { subtopologies, ..Default::default() },
    }
}

fn drawn(side: &mut Side) -> Ran {
    let topic = Topic::make(side, "in", &[])?;
    let group = Group::make(side, "g", &[])?;
    side.setup(1, &group.join("a", reading(&topic)))?;
    let unknown = side.name("unknown");
    let nameless: Str = "".into();
    for (step, request) in [
        ("a member", drawing(&group.id, "a", 0, 1)),
        ("a member again", drawing(&group.id, "a", 0, 1)),
        ("another epoch", drawing(&group.id, "a", 1, 1)),
        ("an unknown type of node", drawing(&group.id, "a", 0, 9)),
        ("a stranger", drawing(&group.id, "x", 0, 1)),
        ("no member", drawing(&group.id, "", 0, 1)),
        ("an unknown group", drawing(&unknown, "a", 0, 1)),
        ("no group", drawing(&nameless, "a", 0, 1)),
    ] {
        side.ask(step, 0, &request);
    }
    Ok(())
}
