//! One step of a member towards its target, without side effects.
//!
//! What it must not have any more is taken first, and the member stays in its epoch until it says that it has given
//! that back. Only then it comes to the epoch of the target, and gets what nobody else has; the rest it gets when
//! others have given it back. So a partition is never with two members.

use super::member::{Held, Member, MemberState};
use ottla_base::{PartitionId, TopicId};
use std::collections::BTreeSet;

/// What the member has just told.
pub(super) struct Said {
    /// What it has; `None` if it does not say.
    pub(super) owned: Option<BTreeSet<PartitionId>>,
    /// It subscribes to something else than before.
    pub(super) is_resubscribed: bool,
}

/// What a step depends on besides the member.
pub(super) struct Circumstances<'a> {
    /// The epoch of the target assignment.
    pub(super) target_epoch: i32,
    pub(super) said: &'a Said,
    /// Whether the member subscribes to a topic, and the topic exists.
    pub(super) is_subscribed: &'a dyn Fn(TopicId) -> bool,
    /// Whether no other member has a partition.
    pub(super) is_free: &'a dyn Fn(PartitionId) -> bool,
}

/// The member after its step; `None` if it stays as it is.
pub(super) fn step(member: &Member, circumstances: &Circumstances<'_>) -> Option<Member> {
    let is_at_target = member.epoch == circumstances.target_epoch;
    match member.state {
        MemberState::Stable if is_at_target && !circumstances.said.is_resubscribed => None,
        MemberState::Stable if is_at_target => give_up_unsubscribed(member, circumstances),
        MemberState::Unrevoked if circumstances.may_own(&member.revoking) => {
            if !circumstances.said.is_resubscribed {
                return None;
            }
            give_up_unsubscribed(member, circumstances)
        }
        MemberState::Stable | MemberState::Unrevoked | MemberState::Unreleased => {
            Some(advance(member, circumstances))
        }
    }
}

impl Circumstances<'_> {
    /// Whether the member has, as far as we know, one of these.
    fn may_own(&self, partitions: &Held) -> bool {
        match &self.said.owned {
            None => true,
            Some(owned) => partitions.keys().any(|partition| owned.contains(partition)),
        }
    }
}

/// What the member does not subscribe to any more goes at once, before there is a new target.
fn give_up_unsubscribed(member: &Member, circumstances: &Circumstances<'_>) -> Option<Member> {
    let (kept, unwanted): (Held, Held) =
        member.assigned.iter().partition(|(partition, _)| (circumstances.is_subscribed)(partition.topic));
    if unwanted.is_empty() {
        return None;
    }
    let mut next = Member { assigned: kept, ..member.clone() };
    next.enter(member.epoch);
    let mut revoking = member.revoking.clone();
    revoking.extend(unwanted);
    if circumstances.may_own(&revoking) {
        next.state = MemberState::Unrevoked;
        next.revoking = revoking;
    }
    Some(next)
}

/// Takes what is not in the target, or, if nothing is left to take, gives what is free of it.
fn advance(member: &Member, circumstances: &Circumstances<'_>) -> Member {
    let is_wanted = |partition: &PartitionId| {
        member.target.contains(partition) && (circumstances.is_subscribed)(partition.topic)
    };
    let (kept, unwanted): (Held, Held) =
        member.assigned.iter().partition(|(partition, _)| is_wanted(partition));
    let mut next = Member { assigned: kept, ..member.clone() };
    if !unwanted.is_empty() && circumstances.may_own(&unwanted) {
        next.enter(member.epoch);
        next.state = MemberState::Unrevoked;
        next.revoking = unwanted;
        return next;
    }
    let missing = member
        .target
        .iter()
        .filter(|partition| (circumstances.is_subscribed)(partition.topic))
        .filter(|partition| !member.assigned.contains_key(partition));
    let (free, taken): (Vec<PartitionId>, Vec<PartitionId>) =
        missing.partition(|partition| (circumstances.is_free)(**partition));
    next.assigned.extend(free.into_iter().map(|partition| (partition, circumstances.target_epoch)));
    next.enter(circumstances.target_epoch);
    next.state = if taken.is_empty() { MemberState::Stable } else { MemberState::Unreleased };
    next.revoking.clear();
    next
}
