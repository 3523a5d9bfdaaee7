//! One member of a classic group.

use crate::group::Client;
use crate::machine::Ticket;
use bytes::Bytes;
use ottla_wire::Str;
use ottla_wire::message::JoinGroupRequest;
use ottla_wire::message::join_group_request::JoinGroupRequestProtocol;

/// A protocol a member knows, with what it says about itself in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Protocol {
    pub(super) name: Str,
    pub(super) metadata: Bytes,
}

/// What is known of a member.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) instance: Option<Str>,
    pub(super) client: Client,
    /// Not negative, in milliseconds.
    pub(super) rebalance_timeout_ms: i32,
    pub(super) session_timeout_ms: i32,
    /// The most preferred first.
    pub(super) protocols: Vec<Protocol>,
    /// Empty if there is none.
    pub(super) assignment: Bytes,
    /// It has not been part of a generation yet.
    pub(super) newcomer: bool,
    /// Who waits for the next generation.
    pub(super) join: Option<Ticket>,
    /// Who waits for the assignment.
    pub(super) sync: Option<Ticket>,
}

impl Member {
    /// A member that has not joined yet.
    pub(super) fn new(request: &JoinGroupRequest, client: Client) -> Self {
        Self {
            instance: request.group_instance_id.as_ref().map(Str::detached),
            client,
            rebalance_timeout_ms: rebalance_timeout_ms(request),
            session_timeout_ms: request.session_timeout_ms,
            protocols: protocols(&request.protocols),
            assignment: Bytes::new(),
            newcomer: true,
            join: None,
            sync: None,
        }
    }

    /// What it says in a protocol; nothing if it does not know that.
    pub(super) fn metadata(&self, protocol: &str) -> Bytes {
        let known = self.protocols.iter().find(|known| &*known.name == protocol);
        known.map(|known| known.metadata.clone()).unwrap_or_default()
    }

    /// Whether silence is no sign of death. One that waits for an answer is silent because of us; a newcomer's
    /// long first deadline holds all the same, so that one that died while joining goes in the end.
    pub(super) fn may_be_silent(&self) -> bool {
        !self.newcomer && (self.join.is_some() || self.sync.is_some())
    }
}

/// The protocols of a request, in memory of their own. A name that comes twice counts once, or votes could be
/// stuffed.
pub(super) fn protocols(requested: &[JoinGroupRequestProtocol]) -> Vec<Protocol> {
    let mut protocols = Vec::<Protocol>::with_capacity(requested.len().min(PROTOCOLS_USUAL));
    let mut seen = std::collections::HashSet::new();
    for JoinGroupRequestProtocol { name, metadata, .. } in requested {
        if seen.insert(name) {
            protocols.push(Protocol { name: name.detached(), metadata: Bytes::copy_from_slice(metadata) });
        }
    }
    protocols
}

/// Version 0 has no rebalance timeout; the session's serves.
pub(super) fn rebalance_timeout_ms(request: &JoinGroupRequest) -> i32 {
    if request.rebalance_timeout_ms < 0 { request.session_timeout_ms } else { request.rebalance_timeout_ms }
}

const PROTOCOLS_USUAL: usize = 8;
