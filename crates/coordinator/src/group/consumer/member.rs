//! One member of a consumer group: who it is, what it wants, and where it stands.

use super::Assignor;
use super::classic::Classic;
use crate::assignor::Assignment;
use crate::group::Client;
use ottla_base::PartitionId;
use ottla_wire::Str;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A member. Shared by the live and the hard state, and therefore never changed: a changed one takes its place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Member {
    /// Its group instance id, if it is static.
    pub(super) instance: Option<Str>,
    pub(super) rack: Option<Str>,
    pub(super) client: Client,
    /// How long it may take to give partitions back, in milliseconds.
    pub(super) rebalance_timeout_ms: i32,
    /// The assignor it asks for.
    pub(super) assignor: Option<Assignor>,
    /// The names it subscribes to.
    pub(super) topics: Arc<BTreeSet<Str>>,
    /// The regular expression it subscribes to as well, empty if none.
    pub(super) pattern: Str,
    /// The epoch of the target assignment it has come to; 0 before the first, [`AWAY`] for a static one that will
    /// be back.
    pub(super) epoch: i32,
    /// The one before: a member that did not hear our last answer still has it.
    pub(super) previous_epoch: i32,
    pub(super) state: MemberState,
    pub(super) assigned: Held,
    /// What it was told to give back, and has not.
    pub(super) revoking: Held,
    /// What it should have.
    pub(super) target: Assignment,
    /// What there is besides to a member of the classic protocol.
    pub(super) classic: Option<Classic>,
}

/// Partitions of a member, each with the epoch in which the member got it (KIP-1251).
pub(super) type Held = BTreeMap<PartitionId, i32>;

/// The epoch of a static member that left for a while.
pub(super) const AWAY: i32 = -2;

/// How far a member is on its way to its target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum MemberState {
    /// It has what it should have in its epoch.
    #[default]
    Stable,
    /// It must give partitions back first.
    Unrevoked,
    /// Some of what it should have is still with others.
    Unreleased,
}

impl Member {
    pub(super) fn is_reconciled_to(&self, assignment_epoch: i32) -> bool {
        self.state == MemberState::Stable && self.epoch == assignment_epoch
    }

    /// Whether the group waits for it: to give something back, or, of a classic member, to join again or to sync.
    pub(super) fn is_expected(&self) -> bool {
        self.state == MemberState::Unrevoked || self.classic.is_some()
    }

    /// Comes to an epoch, which may be the one it has.
    pub(super) fn enter(&mut self, epoch: i32) {
        self.previous_epoch = self.epoch;
        self.epoch = epoch;
    }
}
