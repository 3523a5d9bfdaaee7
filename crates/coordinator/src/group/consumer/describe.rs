//! ConsumerGroupDescribe, and what a consumer group answers to questions that every type of group is asked.

use super::heartbeat::no_consumer_group;
use super::member::Member;
use super::{Config, Group, Reply, State};
use crate::group::Catalog;
use crate::group::live::{Directory, Live};
use crate::group::offsets::Expiry;
use crate::group::turn::Turn;
use crate::machine::Ticket;
use ottla_base::PartitionId;
use ottla_wire::message::consumer_group_describe_response::{
    Assignment, DescribedGroup, Member as DescribedMember, TopicPartitions,
};
use ottla_wire::message::list_groups_response::ListedGroup;
use ottla_wire::{ErrorCode, Str};
use std::sync::Arc;

/// A description to give.
#[derive(Debug)]
pub struct Describe {
    /// Who waits.
    pub ticket: Ticket,
    /// Of which group.
    pub group: Str,
    /// The topics there are: the ones that members have are told by name.
    pub topics: Arc<Catalog>,
    /// What is in force for this group.
    pub config: Arc<Config>,
}

pub(super) fn describe(groups: &Directory, turn: &mut Turn<'_>, describe: Describe) {
    let described = match groups.0.get(&describe.group) {
        Some(Live::Consumer(group)) => group.described(&describe.topics, &describe.config),
        Some(_) | None => {
            let refusal = no_consumer_group(groups, &describe.group);
            DescribedGroup {
                error_code: refusal.code,
                error_message: Some(refusal.message),
                group_id: describe.group,
                ..Default::default()
            }
        }
    };
    turn.reply(describe.ticket, Reply::Describe(Box::new(described)));
}

impl Group {
    fn described(&self, topics: &Catalog, config: &Config) -> DescribedGroup {
        DescribedGroup {
            group_id: self.id.clone(),
            group_state: Str::from_static(self.state().name()),
            group_epoch: self.head.epoch,
            assignment_epoch: self.head.assignment_epoch,
            assignor_name: Str::from_static(self.preferred_assignor(config).name()),
            members: self.members.iter().map(|(id, member)| member.described(id, topics)).collect(),
            ..Default::default()
        }
    }

    pub(in crate::group) fn is_vacant(&self) -> bool {
        self.members.is_empty()
    }

    pub(in crate::group) fn check_delete(&self) -> Result<(), ErrorCode> {
        match self.state() {
            State::Empty => Ok(()),
            State::Assigning | State::Reconciling | State::Stable => Err(ErrorCode::NON_EMPTY_GROUP),
        }
    }

    /// Which offsets may go is asked for each topic.
    #[expect(
        clippy::unused_self,
        clippy::unnecessary_wraps,
        reason = "every type of group is asked the same"
    )]
    pub(in crate::group) fn check_delete_offsets(&self) -> Result<(), ErrorCode> {
        Ok(())
    }

    pub(in crate::group) fn is_subscribed(&self, topic: &str) -> bool {
        self.subscriptions.contain(topic)
    }

    /// Offsets of topics that nobody subscribes to expire from their commit on, whether or not there are members.
    #[expect(clippy::unused_self, reason = "every type of group is asked the same")]
    pub(in crate::group) fn expiry(&self) -> Expiry {
        Expiry::SinceCommit
    }

    pub(in crate::group) fn listed(&self) -> ListedGroup {
        ListedGroup {
            group_id: self.id.clone(),
            protocol_type: Str::from_static("consumer"),
            group_state: Str::from_static(self.state().name()),
            group_type: Str::from_static("consumer"),
        }
    }
}

impl Member {
    fn described(&self, id: &Str, topics: &Catalog) -> DescribedMember {
        DescribedMember {
            member_id: id.clone(),
            instance_id: self.instance.clone(),
            rack_id: self.rack.clone(),
            member_epoch: self.epoch,
            client_id: self.client.id.clone(),
            client_host: self.client.host.clone(),
            subscribed_topic_names: self.topics.iter().cloned().collect(),
            subscribed_topic_regex: Some(self.pattern.clone()),
            // What it has not given back yet it still has.
            assignment: named(merge(self), topics),
            target_assignment: named(self.target.iter().copied(), topics),
            member_type: if self.classic.is_some() { MEMBER_TYPE_CLASSIC } else { MEMBER_TYPE_CONSUMER },
        }
    }
}

/// What is assigned and what is not given back, in the order of the partitions.
fn merge(member: &Member) -> impl Iterator<Item = PartitionId> {
    let held: std::collections::BTreeSet<_> =
        member.assigned.keys().chain(member.revoking.keys()).copied().collect();
    held.into_iter()
}

/// By topic, without those that do not exist any more.
fn named(partitions: impl Iterator<Item = PartitionId>, topics: &Catalog) -> Assignment {
    let mut topic_partitions = Vec::<TopicPartitions>::new();
    for partition in partitions {
        match topic_partitions.last_mut().filter(|last| last.topic_id == partition.topic.0) {
            Some(last) => last.partitions.push(partition.index.0),
            None => {
                let Some(name) = topics.name(partition.topic) else { continue };
                topic_partitions.push(TopicPartitions {
                    topic_id: partition.topic.0,
                    topic_name: name.clone(),
                    partitions: vec![partition.index.0],
                });
            }
        }
    }
    Assignment { topic_partitions }
}

const MEMBER_TYPE_CLASSIC: i8 = 0;
const MEMBER_TYPE_CONSUMER: i8 = 1;
