//! Moving between types while members live, and the one place where requests of classic members find their group.
//!
//! ```text
//! classic ── the first member of the consumer protocol joins ──> consumer, with classic members in it
//! classic <── the last member of the consumer protocol is gone ── consumer
//! ```
//! Members that were classic stay so, with what they were assigned, and are told to join again when they must move.
//! Only groups whose members speak the embedded protocol of consumers can move; `group.consumer.migration.policy` says
//! which way. A group without members takes the type of whoever joins first.

use super::consumer::{self, Config};
use super::live::{Directory, Live};
use super::refusal::Refusal;
use super::turn::Turn;
use super::{Catalog, Client, Heartbeat, Join, Leave, Sync, classic};
use bytes::Bytes;
use ottla_wire::{ErrorCode, Str};

/// A member on its way from one type to the other.
pub(super) struct Migrant {
    pub(super) id: Str,
    pub(super) instance: Option<Str>,
    pub(super) client: Client,
    pub(super) rebalance_timeout_ms: i32,
    pub(super) session_timeout_ms: i32,
    /// What it says in each protocol it knows, the most preferred first.
    pub(super) protocols: Vec<(Str, Bytes)>,
    /// What it says in the protocol of its generation.
    pub(super) subscription: Bytes,
    /// What it was assigned, as it reads it.
    pub(super) assignment: Bytes,
}

/// JoinGroup, in whichever type of group.
pub(super) fn join(groups: &mut Directory, turn: &mut Turn<'_>, join: Join) {
    let id = join.request.group_id.clone();
    if let Some(Live::Consumer(group)) = groups.0.get_mut(&id) {
        group.note(&join.topics, &join.consumers);
        // It would have become classic when the last other member went, had the topics been known then; and a static
        // member that is the last of the consumer protocol goes by coming back as a classic one.
        let instance = join.request.group_instance_id.as_ref().filter(|_| join.request.member_id.is_empty());
        group.go_for_return(instance, turn);
        downgrade(groups, turn, &id);
    }
    match groups.0.get_mut(&id) {
        Some(Live::Consumer(group)) if !group.is_vacant() => group.join_classic(turn, join),
        Some(_) | None => classic::join(groups, turn, join),
    }
}

/// SyncGroup, in whichever type of group.
pub(super) fn sync(groups: &mut Directory, turn: &mut Turn<'_>, sync: Sync) {
    match groups.0.get_mut(&sync.request.group_id) {
        Some(Live::Consumer(group)) => group.sync_classic(turn, &sync),
        Some(_) | None => classic::sync(groups, turn, sync),
    }
}

/// Heartbeat, in whichever type of group.
pub(super) fn heartbeat(groups: &mut Directory, turn: &mut Turn<'_>, heartbeat: Heartbeat) {
    match groups.0.get_mut(&heartbeat.request.group_id) {
        Some(Live::Consumer(group)) => group.heartbeat_classic(turn, &heartbeat),
        Some(_) | None => classic::heartbeat(groups, turn, heartbeat),
    }
}

/// LeaveGroup, in whichever type of group.
pub(super) fn leave(groups: &mut Directory, turn: &mut Turn<'_>, leave: Leave) {
    let id = leave.request.group_id.clone();
    match groups.0.get_mut(&id) {
        Some(Live::Consumer(group)) => {
            group.leave_classic(turn, leave);
            downgrade(groups, turn, &id);
        }
        Some(_) | None => classic::leave(groups, turn, leave),
    }
}

/// The consumer group that a classic one would be, which stays as it is: the move may still be refused.
pub(super) fn upgraded(
    group: &classic::Group,
    id: &Str,
    topics: &Catalog,
    config: &Config,
) -> Result<consumer::Group, Refusal> {
    let refuse = |why: &str| {
        let message = format!(
            "group '{id}' is a classic group with members, and cannot become a consumer group: {why}"
        );
        Err(Refusal::new(ErrorCode::GROUP_ID_NOT_FOUND, message))
    };
    if !config.migration.upgrade {
        return refuse("group.consumer.migration.policy does not allow it");
    }
    if !group.is_of_consumers() {
        return refuse("its members are no consumers");
    }
    let migrants = group.migrants();
    if config.size_max < migrants.len() {
        return refuse("it has more members than group.consumer.max.size allows");
    }
    match consumer::Group::of_migrants(id.detached(), group.generation_now(), migrants, topics) {
        Some(upgraded) => Ok(upgraded),
        None => refuse("its assignor has words of its own in assignments; use one of Kafka's for the move"),
    }
}

/// Makes a consumer group classic if no member of the consumer protocol is left in it.
pub(super) fn downgrade(groups: &mut Directory, turn: &mut Turn<'_>, id: &Str) {
    let Some(Live::Consumer(group)) = groups.0.get_mut(id) else { return };
    let Some(migrants) = group.migrants(turn) else { return };
    let (id, epoch) = (id.detached(), group.epoch());
    group.remove_all(turn);
    let mut downgraded = classic::Group::of_migrants(id.clone(), epoch, migrants, turn);
    if let Some(former) = groups.0.remove(&id) {
        former.stop(turn);
    }
    downgraded.start_again(turn);
    groups.0.insert(id, Live::Classic(downgraded));
}
