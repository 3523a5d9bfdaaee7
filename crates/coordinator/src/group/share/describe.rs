//! ShareGroupDescribe, and what a share group answers to questions that every type of group is asked.

use super::heartbeat::no_share_group;
use super::{Group, Member, Reply};
use crate::assignor;
use crate::group::Catalog;
use crate::group::live::{Directory, Live};
use crate::group::turn::Turn;
use crate::machine::Ticket;
use ottla_wire::message::list_groups_response::ListedGroup;
use ottla_wire::message::share_group_describe_response::{
    Assignment, DescribedGroup, Member as DescribedMember, TopicPartitions,
};
use ottla_wire::{ErrorCode, Str};
use std::sync::Arc;
use std::time::Duration;

/// Longer than it takes to delete share-partitions. If that fails, members may join again after it.
const DELETION_MAX: Duration = Duration::from_secs(10);

/// A description to give.
#[derive(Debug)]
pub struct Describe {
    /// Who waits.
    pub ticket: Ticket,
    /// Of which group.
    pub group: Str,
    /// The topics there are: the ones that members have are told by name.
    pub topics: Arc<Catalog>,
}

pub(super) fn describe(groups: &Directory, turn: &mut Turn<'_>, describe: Describe) {
    let Describe { ticket, group, topics } = describe;
    let described = match groups.0.get(&group) {
        Some(Live::Share(group)) => group.described(&topics),
        Some(_) | None => {
            let refusal = no_share_group(groups, &group);
            DescribedGroup {
                error_code: refusal.code,
                error_message: Some(refusal.message),
                group_id: group,
                ..Default::default()
            }
        }
    };
    turn.reply(ticket, Reply::Describe(Box::new(described)));
}

pub(super) fn may_delete(groups: &mut Directory, turn: &mut Turn<'_>, ticket: Ticket, group: &str) {
    let may = match groups.0.get_mut(group) {
        Some(Live::Share(group)) if group.is_vacant() => {
            group.going_until = Some(turn.now.tick + DELETION_MAX);
            true
        }
        Some(_) | None => false,
    };
    turn.reply(ticket, Reply::MayDelete(may));
}

impl Group {
    fn described(&self, topics: &Catalog) -> DescribedGroup {
        DescribedGroup {
            group_id: self.id.clone(),
            group_state: Str::from_static(self.state()),
            group_epoch: self.head.epoch,
            assignment_epoch: self.head.assignment_epoch,
            assignor_name: Str::from_static(ASSIGNOR),
            members: self.members.iter().map(|(id, member)| member.described(id, topics)).collect(),
            ..Default::default()
        }
    }

    pub(in crate::group) fn is_vacant(&self) -> bool {
        self.members.is_empty()
    }

    pub(in crate::group) fn check_delete(&self) -> Result<(), ErrorCode> {
        if self.is_vacant() { Ok(()) } else { Err(ErrorCode::NON_EMPTY_GROUP) }
    }

    pub(in crate::group) fn listed(&self) -> ListedGroup {
        ListedGroup {
            group_id: self.id.clone(),
            protocol_type: Str::from_static("share"),
            group_state: Str::from_static(self.state()),
            group_type: Str::from_static("share"),
        }
    }

    /// "Dead" of Kafka's words is a group that is not there.
    fn state(&self) -> &'static str {
        if self.is_vacant() { "Empty" } else { "Stable" }
    }
}

impl Member {
    fn described(&self, id: &Str, topics: &Catalog) -> DescribedMember {
        // Without topics that do not exist any more.
        let named = assignor::by_topic(&self.assigned).filter_map(|(topic, partitions)| {
            Some(TopicPartitions {
                topic_id: topic.0,
                topic_name: topics.name(topic)?.clone(),
                partitions: partitions.into_iter().map(|index| index.0).collect(),
            })
        });
        DescribedMember {
            member_id: id.clone(),
            rack_id: self.rack.clone(),
            member_epoch: self.epoch,
            client_id: self.client.id.clone(),
            client_host: self.client.host.clone(),
            subscribed_topic_names: self.topics.iter().cloned().collect(),
            assignment: Assignment { topic_partitions: named.collect() },
        }
    }
}

/// The one that there is.
const ASSIGNOR: &str = "simple";
