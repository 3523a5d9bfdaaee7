//! One member of a share group: who it is, what it wants, and what it has.

use crate::assignor::Assignment;
use crate::group::Client;
use ottla_wire::Str;
use std::collections::BTreeSet;
use std::sync::Arc;

/// A member. Shared by the live and the hard state, and therefore never changed: a changed one takes its place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Member {
    pub(super) rack: Option<Str>,
    pub(super) client: Client,
    /// The names it subscribes to.
    pub(super) topics: Arc<BTreeSet<Str>>,
    /// The epoch of the target assignment it has come to; 0 before the first.
    pub(super) epoch: i32,
    /// The one before: a member that did not hear our last answer still has it.
    pub(super) previous_epoch: i32,
    /// What it has.
    pub(super) assigned: Assignment,
    /// What it should have.
    pub(super) target: Assignment,
}
