//! Which member a heartbeat comes from, and whether it may go on as that.

use super::member::{AWAY, Member};
use super::{Config, Group, Heartbeat};
use crate::group::refusal::Refusal;
use ottla_base::PartitionId;
use ottla_wire::message::ConsumerGroupHeartbeatRequest;
use ottla_wire::{ErrorCode, Str};
use std::collections::BTreeSet;
use std::sync::Arc;

/// A member that was found, or may become one.
pub(super) struct Who {
    pub(super) id: Str,
    /// As it was before the heartbeat.
    pub(super) before: Arc<Member>,
    /// The static member whose place it takes.
    pub(super) replaces: Option<Str>,
}

impl Group {
    /// Changes nothing, so that a refusal leaves no trace.
    pub(super) fn who(
        &self,
        heartbeat: &Heartbeat,
        owned: Option<&BTreeSet<PartitionId>>,
    ) -> Result<Who, Refusal> {
        let request = &heartbeat.request;
        self.check_room(request, &heartbeat.config)?;
        let is_joining = request.member_epoch == 0;
        let id = match request.member_id.is_empty() {
            true => Str::from(heartbeat.fresh.to_string()),
            false => request.member_id.clone(),
        };
        let former = request.instance_id.as_ref().map(|instance| (instance, self.statics.get(instance)));
        match former {
            Some((instance, None)) if !is_joining => Err(self.unknown_instance(instance)),
            Some((instance, Some(former))) if is_joining => {
                let member = self.member(former)?;
                if member.epoch != AWAY && member.classic.is_none() {
                    return Err(unreleased(instance, former));
                }
                let before = Member { epoch: 0, previous_epoch: 0, ..(**member).clone() };
                Ok(Who { id, before: Arc::new(before), replaces: Some(former.clone()) })
            }
            Some((instance, Some(former))) if *former != id => Err(fenced(instance, former)),
            Some(_) | None => {
                let before = match self.members.get(&id) {
                    Some(member) => Arc::clone(member),
                    None if is_joining => Arc::default(),
                    None => return Err(self.unknown_member(&id)),
                };
                check_epoch(&before, request.member_epoch, owned)?;
                Ok(Who { id, before, replaces: None })
            }
        }
    }

    /// A member that leaves, by both of its names.
    pub(super) fn who_leaves(&self, request: &ConsumerGroupHeartbeatRequest) -> Result<Str, Refusal> {
        let Some(instance) = &request.instance_id else {
            self.member(&request.member_id)?;
            return Ok(request.member_id.clone());
        };
        match self.statics.get(instance) {
            None => Err(self.unknown_instance(instance)),
            Some(current) if *current != request.member_id => Err(fenced(instance, current)),
            Some(current) => Ok(current.clone()),
        }
    }

    pub(super) fn member(&self, id: &Str) -> Result<&Arc<Member>, Refusal> {
        self.members.get(id).ok_or_else(|| self.unknown_member(id))
    }

    fn check_room(&self, request: &ConsumerGroupHeartbeatRequest, config: &Config) -> Result<(), Refusal> {
        let is_here = self.members.contains_key(&request.member_id)
            || request.instance_id.as_ref().is_some_and(|instance| self.statics.contains_key(instance));
        if is_here || self.members.len() < config.size_max {
            return Ok(());
        }
        let message = format!(
            "group '{}' has {} members, and group.consumer.max.size allows no more: stop one, or raise it",
            self.id,
            self.members.len()
        );
        Err(Refusal::new(ErrorCode::GROUP_MAX_SIZE_REACHED, message))
    }

    fn unknown_member(&self, id: &Str) -> Refusal {
        let message = format!("'{id}' is no member of group '{}': join with epoch 0", self.id);
        Refusal::new(ErrorCode::UNKNOWN_MEMBER_ID, message)
    }

    fn unknown_instance(&self, instance: &Str) -> Refusal {
        let message =
            format!("group '{}' has no member with instance id '{instance}': join with epoch 0", self.id);
        Refusal::new(ErrorCode::UNKNOWN_MEMBER_ID, message)
    }
}

/// Whether a member may go on in an epoch. Who joins may always. The one before is good if the member did not hear
/// our last answer, which shows in that it has nothing that it did not have before.
fn check_epoch(member: &Member, epoch: i32, owned: Option<&BTreeSet<PartitionId>>) -> Result<(), Refusal> {
    let has_no_more =
        || owned.is_some_and(|owned| owned.iter().all(|partition| member.assigned.contains_key(partition)));
    if epoch == 0 || epoch == member.epoch {
        return Ok(());
    }
    if epoch < member.epoch && epoch == member.previous_epoch && has_no_more() {
        return Ok(());
    }
    let message = format!(
        "the member comes with epoch {epoch}, and its epoch is {}: it must give up all partitions and join again",
        member.epoch
    );
    Err(Refusal::new(ErrorCode::FENCED_MEMBER_EPOCH, message))
}

fn unreleased(instance: &Str, owner: &Str) -> Refusal {
    let message = format!(
        "instance id '{instance}' belongs to member '{owner}', which has not left: use another one, or wait until \
         its session is over"
    );
    Refusal::new(ErrorCode::UNRELEASED_INSTANCE_ID, message)
}

fn fenced(instance: &Str, owner: &Str) -> Refusal {
    let message = format!("instance id '{instance}' belongs to member '{owner}' now: two clients use it");
    Refusal::new(ErrorCode::FENCED_INSTANCE_ID, message)
}
