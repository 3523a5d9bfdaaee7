//! How an application draws its topology, for people who describe its group (KIP-1331).
//!
//! In Kafka this needs a plug-in; Ottla keeps the description with the group. Members are asked for it one at a time,
//! and less often the longer none comes.

use super::Group;
use super::tasks::count;
use crate::codec::{DecodeError, Input, Output};
use crate::group::live::{Directory, Live};
use crate::group::refusal::Refusal;
use crate::group::turn::Turn;
use crate::machine::Ticket;
use ottla_base::Tick;
use ottla_base::limits::STREAMS_DESCRIPTION_BYTES_MAX;
use ottla_wire::message::streams_group_describe_response as response;
use ottla_wire::message::streams_group_topology_description_update_request as request;
use ottla_wire::message::{
    StreamsGroupTopologyDescriptionUpdateRequest, StreamsGroupTopologyDescriptionUpdateResponse,
};
use ottla_wire::{ErrorCode, Str};
use std::sync::Arc;
use std::time::Duration;

/// A StreamsGroupTopologyDescriptionUpdate to decide.
#[derive(Debug)]
pub struct Describing {
    /// Who waits.
    pub ticket: Ticket,
    /// What was asked.
    pub request: StreamsGroupTopologyDescriptionUpdateRequest,
}

/// The nodes of a topology and how they hang together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Description {
    subtopologies: Vec<(Str, Vec<Node>)>,
    /// Each with its source and its processor.
    global_stores: Vec<(Node, Node)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Node {
    name: Str,
    kind: Kind,
    successors: Vec<Str>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    /// Reads these topics.
    Source(Vec<Str>),
    /// Uses these stores.
    Processor(Vec<Str>),
    /// Writes this topic, if it always is the same.
    Sink(Option<Str>),
}

/// When members may be asked again.
#[derive(Debug)]
pub(super) struct Asking {
    topology_epoch: i32,
    not_before: Tick,
    wait: Duration,
}

pub(super) fn update(groups: &mut Directory, turn: &mut Turn<'_>, describing: &Describing) {
    let error = store(groups, turn, &describing.request).err();
    let response = StreamsGroupTopologyDescriptionUpdateResponse {
        error_code: error.as_ref().map_or(ErrorCode::NONE, |refusal| refusal.code),
        error_message: error.map(|refusal| refusal.message),
        ..Default::default()
    };
    turn.reply(describing.ticket, super::Reply::Describing(response));
}

fn store(
    groups: &mut Directory,
    turn: &mut Turn<'_>,
    request: &StreamsGroupTopologyDescriptionUpdateRequest,
) -> Result<(), Refusal> {
    if request.member_id.is_empty() {
        return Err(Refusal::invalid("a member needs an id: send a UUID of its own as MemberId"));
    }
    if request.group_id.is_empty() {
        return Err(Refusal::invalid("a group needs an id: set application.id"));
    }
    let Some(Live::Streams(group)) = groups.0.get_mut(&request.group_id) else {
        return Err(super::not_found(&request.group_id));
    };
    group.known(&request.member_id)?;
    let epoch = group.stored.topology.epoch;
    if request.topology_epoch != epoch {
        let message = format!(
            "the description is of topology epoch {}, and the group is at {epoch}: send that of the present topology",
            request.topology_epoch
        );
        return Err(Refusal::new(ErrorCode::INVALID_REQUEST, message));
    }
    let description = Description::parse(&request.topology_description)?;
    group.stored.description = Some((epoch, Arc::new(description)));
    group.is_changed = true;
    group.flush(turn);
    Ok(())
}

impl Group {
    /// Whether a member that runs this topology should send its description now.
    pub(super) fn asks_for_description(&mut self, topology_epoch: i32, turn: &Turn<'_>) -> bool {
        let described = self.stored.description.as_ref().map(|(epoch, _)| *epoch);
        if topology_epoch != self.stored.topology.epoch || described == Some(topology_epoch) {
            return false;
        }
        let asked = self.asking.as_ref().filter(|asking| asking.topology_epoch == topology_epoch);
        let wait = match asked {
            Some(asking) if turn.now.tick < asking.not_before => return false,
            Some(asking) => (asking.wait * 2).min(WAIT_MAX),
            None => WAIT_MIN,
        };
        self.asking = Some(Asking { topology_epoch, not_before: turn.now.tick + wait, wait });
        true
    }
}

const WAIT_MIN: Duration = Duration::from_secs(30);
const WAIT_MAX: Duration = Duration::from_secs(3_600);

impl Description {
    fn parse(description: &request::TopologyDescription) -> Result<Self, Refusal> {
        let size = size(description);
        if STREAMS_DESCRIPTION_BYTES_MAX < size {
            return Err(Refusal::new(
                ErrorCode::STREAMS_TOPOLOGY_DESCRIPTION_UPDATE_FAILED,
                format!(
                    "the description is larger than {STREAMS_DESCRIPTION_BYTES_MAX} bytes and is not kept: the group works without it"
                ),
            ));
        }
        let subtopology = |part: &request::TopologyDescriptionSubtopology| {
            let nodes = part.nodes.iter().map(Node::parse).collect::<Result<_, _>>()?;
            Ok((part.subtopology_id.detached(), nodes))
        };
        let store = |store: &request::TopologyDescriptionGlobalStore| {
            let (source, processor) = (Node::parse(&store.source)?, Node::parse(&store.processor)?);
            match (&source.kind, &processor.kind) {
                (Kind::Source(_), Kind::Processor(_)) => Ok((source, processor)),
                _ => Err(Refusal::invalid(
                    "a global store has a source and a processor: other nodes cannot be read as one",
                )),
            }
        };
        Ok(Self {
            subtopologies: description.subtopologies.iter().map(subtopology).collect::<Result<_, _>>()?,
            global_stores: description.global_stores.iter().map(store).collect::<Result<_, _>>()?,
        })
    }

    pub(super) fn to_response(&self) -> response::TopologyDescription {
        let subtopology = |(id, nodes): &(Str, Vec<Node>)| response::TopologyDescriptionSubtopology {
            subtopology_id: id.clone(),
            nodes: nodes.iter().map(Node::to_response).collect(),
        };
        let store = |(source, processor): &(Node, Node)| response::TopologyDescriptionGlobalStore {
            source: source.to_response(),
            processor: processor.to_response(),
        };
        response::TopologyDescription {
            subtopologies: self.subtopologies.iter().map(subtopology).collect(),
            global_stores: self.global_stores.iter().map(store).collect(),
        }
    }

    pub(super) fn encode(&self, output: Output) -> Output {
        let output = output.int(count(self.subtopologies.len()));
        let output = self.subtopologies.iter().fold(output, |output, (id, nodes)| {
            let output = output.text(id).int(count(nodes.len()));
            nodes.iter().fold(output, |output, node| node.encode(output))
        });
        let output = output.int(count(self.global_stores.len()));
        let stores = self.global_stores.iter();
        stores.fold(output, |output, (source, processor)| processor.encode(source.encode(output)))
    }

    pub(super) fn decode(input: &mut Input<'_>) -> Result<Self, DecodeError> {
        let subtopologies = input.int()?;
        let subtopologies = (0..subtopologies).map(|_| {
            let (id, nodes) = (input.text()?, input.int()?);
            Ok((id, (0..nodes).map(|_| Node::decode(input)).collect::<Result<_, _>>()?))
        });
        let subtopologies = subtopologies.collect::<Result<_, _>>()?;
        let stores = input.int()?;
        let stores = (0..stores).map(|_| Ok((Node::decode(input)?, Node::decode(input)?)));
        Ok(Self { subtopologies, global_stores: stores.collect::<Result<_, _>>()? })
    }
}

impl Node {
    fn parse(node: &request::TopologyDescriptionNode) -> Result<Self, Refusal> {
        let detached = |names: &[Str]| names.iter().map(Str::detached).collect();
        let kind = match node.node_type {
            SOURCE => Kind::Source(detached(&node.source_topics)),
            PROCESSOR => Kind::Processor(detached(&node.stores)),
            SINK => Kind::Sink(node.sink_topic.as_ref().map(Str::detached)),
            other => {
                let message = format!(
                    "a node of the topology has the unknown type {other}: 1 is a source, 2 a processor, 3 a sink"
                );
                return Err(Refusal::new(ErrorCode::INVALID_REQUEST, message));
            }
        };
        Ok(Self { name: node.name.detached(), kind, successors: detached(&node.successors) })
    }

    fn to_response(&self) -> response::TopologyDescriptionNode {
        let Self { name, kind, successors } = self;
        let node = response::TopologyDescriptionNode {
            name: name.clone(),
            successors: successors.clone(),
            ..Default::default()
        };
        match kind {
            Kind::Source(topics) => {
                response::TopologyDescriptionNode { node_type: SOURCE, source_topics: topics.clone(), ..node }
            }
            Kind::Processor(stores) => {
                response::TopologyDescriptionNode { node_type: PROCESSOR, stores: stores.clone(), ..node }
            }
            Kind::Sink(topic) => {
                response::TopologyDescriptionNode { node_type: SINK, sink_topic: topic.clone(), ..node }
            }
        }
    }

    fn encode(&self, output: Output) -> Output {
        let output = encode_names(&self.successors, output.text(&self.name));
        match &self.kind {
            Kind::Source(topics) => encode_names(topics, output.byte(SOURCE.cast_unsigned())),
            Kind::Processor(stores) => encode_names(stores, output.byte(PROCESSOR.cast_unsigned())),
            Kind::Sink(topic) => output.byte(SINK.cast_unsigned()).maybe_text(topic.as_deref()),
        }
    }

    fn decode(input: &mut Input<'_>) -> Result<Self, DecodeError> {
        let (name, successors) = (input.text()?, decode_names(input)?);
        let kind = match input.byte()?.cast_signed() {
            SOURCE => Kind::Source(decode_names(input)?),
            PROCESSOR => Kind::Processor(decode_names(input)?),
            SINK => Kind::Sink(input.maybe_text()?),
            other => return Err(DecodeError::Unknown(other.cast_unsigned())),
        };
        Ok(Self { name, kind, successors })
    }
}

fn encode_names(names: &[Str], output: Output) -> Output {
    names.iter().fold(output.int(count(names.len())), |output, name| output.text(name))
}

fn decode_names(input: &mut Input<'_>) -> Result<Vec<Str>, DecodeError> {
    let names = input.int()?;
    (0..names).map(|_| input.text()).collect()
}

fn size(description: &request::TopologyDescription) -> usize {
    let names = |names: &[Str]| names.iter().map(|name| name.len() + SIZE_OF_ENTRY).sum::<usize>();
    let node = |node: &request::TopologyDescriptionNode| {
        let lists = names(&node.source_topics) + names(&node.stores) + names(&node.successors);
        node.name.len() + SIZE_OF_ENTRY + node.sink_topic.as_ref().map_or(0, |topic| topic.len()) + lists
    };
    let part = |part: &request::TopologyDescriptionSubtopology| {
        part.subtopology_id.len() + SIZE_OF_ENTRY + part.nodes.iter().map(node).sum::<usize>()
    };
    let stores = description.global_stores.iter().map(|store| node(&store.source) + node(&store.processor));
    description.subtopologies.iter().map(part).sum::<usize>() + stores.sum::<usize>()
}

/// What an entry of a list costs besides its text, roughly.
const SIZE_OF_ENTRY: usize = 32;
const SOURCE: i8 = 1;
const PROCESSOR: i8 = 2;
const SINK: i8 = 3;
