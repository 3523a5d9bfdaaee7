//! StreamsGroupDescribe: what the group runs, who is in it, and what each has and should have.

use super::member::Member;
use super::tasks::{Assigned, TaskId, Tasks, listed};
use super::topology::{InternalTopic, Subtopology};
use super::{Group, TaskOffsets, not_found};
use crate::group::live::{Directory, Live};
use crate::group::turn::Turn;
use crate::machine::Ticket;
use ottla_wire::Str;
use ottla_wire::message::streams_group_describe_response as response;
use ottla_wire::message::streams_group_describe_response::DescribedGroup;
use std::collections::BTreeMap;

/// A description to give.
#[derive(Debug)]
pub struct Describe {
    /// Who waits.
    pub ticket: Ticket,
    /// Of which group.
    pub group: Str,
    /// With the drawing of its topology.
    pub with_description: bool,
}

pub(super) fn describe(groups: &Directory, turn: &mut Turn<'_>, describe: &Describe) {
    let described = match groups.0.get(&describe.group) {
        Some(Live::Streams(group)) => group.describe(describe.with_description),
        _ => {
            let refusal = not_found(&describe.group);
            DescribedGroup {
                group_id: describe.group.clone(),
                error_code: refusal.code,
                error_message: Some(refusal.message),
                ..Default::default()
            }
        }
    };
    turn.reply(describe.ticket, super::Reply::Describe(Box::new(described)));
}

impl Group {
    fn describe(&self, with_description: bool) -> DescribedGroup {
        let topology = &self.stored.topology;
        let subtopologies = topology.subtopologies.iter().map(|(id, part)| self.subtopology(id, part));
        let described = DescribedGroup {
            group_id: self.id.clone(),
            group_state: Str::from_static(self.phase().name()),
            group_epoch: self.stored.epoch,
            assignment_epoch: self.stored.assignment_epoch,
            topology: Some(Box::new(response::Topology {
                epoch: topology.epoch,
                subtopologies: Some(subtopologies.collect()),
            })),
            members: self.members.iter().map(|(id, member)| self.member(id, member)).collect(),
            assignor_name: Some(Str::from_static(ASSIGNOR)),
            ..Default::default()
        };
        if !with_description {
            return described;
        }
        match self.stored.description.as_ref().filter(|(epoch, _)| *epoch == topology.epoch) {
            Some((_, description)) => DescribedGroup {
                topology_description: Some(Box::new(description.to_response())),
                topology_description_status: AVAILABLE,
                ..described
            },
            None => DescribedGroup { topology_description_status: NOT_STORED, ..described },
        }
    }

    fn subtopology(&self, id: &Str, part: &Subtopology) -> response::Subtopology {
        // As in Kafka the numbers of a ready topology are shown, else those the application asked for.
        let configured = self.configured.as_ref().filter(|configured| configured.is_ready());
        let topic = |topic: &InternalTopic| {
            let known = configured.and_then(|configured| configured.partitions.get(&topic.name).copied());
            let configs = topic.configs.iter();
            let configs =
                configs.map(|(key, value)| response::KeyValue { key: key.clone(), value: value.clone() });
            response::TopicInfo {
                name: topic.name.clone(),
                partitions: known.unwrap_or(topic.partitions),
                replication_factor: topic.replication_factor,
                topic_configs: configs.collect(),
            }
        };
        let topics = |topics: &[InternalTopic]| {
            let mut topics: Vec<_> = topics.iter().map(topic).collect();
            topics.sort_by(|one, other| one.name.cmp(&other.name));
            topics
        };
        let names = |names: &[Str]| {
            let mut names = names.to_vec();
            names.sort();
            names
        };
        response::Subtopology {
            subtopology_id: id.clone(),
            source_topics: names(&part.sources),
            repartition_sink_topics: names(&part.repartition_sinks),
            state_changelog_topics: topics(&part.changelogs),
            repartition_source_topics: topics(&part.repartition_sources),
        }
    }

    fn member(&self, id: &Str, member: &Member) -> response::Member {
        let Member { instance, rack, client, topology_epoch, process, endpoint, tags, epoch, .. } = member;
        let told = TaskOffsets::default();
        let told = self.task_offsets.get(id).unwrap_or(&told);
        let endpoint = endpoint.as_ref().map(|endpoint| {
            Box::new(response::Endpoint { host: endpoint.host.clone(), port: endpoint.port })
        });
        let tags =
            tags.iter().map(|(key, value)| response::KeyValue { key: key.clone(), value: value.clone() });
        response::Member {
            member_id: id.clone(),
            member_epoch: *epoch,
            instance_id: instance.clone(),
            rack_id: rack.clone(),
            client_id: client.id.clone(),
            client_host: client.host.clone(),
            topology_epoch: *topology_epoch,
            process_id: process.clone(),
            user_endpoint: endpoint,
            client_tags: tags.collect(),
            task_offsets: offsets(&told.offsets),
            task_end_offsets: offsets(&told.end_offsets),
            assignment: assigned(&member.assigned),
            target_assignment: target(&member.target),
            is_classic: false,
        }
    }
}

fn assigned(assigned: &Assigned) -> response::Assignment {
    response::Assignment {
        active_tasks: listed(assigned.active.keys()),
        standby_tasks: listed(assigned.standby.iter()),
        warmup_tasks: Vec::new(),
    }
}

fn target(target: &Tasks) -> response::Assignment {
    response::Assignment {
        active_tasks: listed(target.active.iter()),
        standby_tasks: listed(target.standby.iter()),
        warmup_tasks: Vec::new(),
    }
}

fn offsets(offsets: &BTreeMap<TaskId, i64>) -> Vec<response::TaskOffset> {
    let offset = |(task, offset): (&TaskId, &i64)| response::TaskOffset {
        subtopology_id: task.subtopology.clone(),
        partition: task.partition.0,
        offset: *offset,
    };
    offsets.iter().map(offset).collect()
}

/// The one assignor there is.
const ASSIGNOR: &str = "sticky";
const NOT_STORED: i8 = 1;
const AVAILABLE: i8 = 3;
