//! SyncGroup: the leader tells the assignment, the others ask for theirs.

use super::{Group, State, sync_error};
use crate::group::Catalog;
use crate::group::live::{Directory, Stored};
use crate::group::record::Record;
use crate::group::turn::Turn;
use crate::machine::Ticket;
use bytes::Bytes;
use ottla_wire::message::sync_group_request::SyncGroupRequestAssignment;
use ottla_wire::message::{SyncGroupRequest, SyncGroupResponse};
use ottla_wire::{ErrorCode, Str};
use std::collections::HashMap;
use std::sync::Arc;

/// A sync to decide.
#[derive(Debug)]
pub struct Sync {
    /// Who waits.
    pub ticket: Ticket,
    /// What was asked.
    pub request: SyncGroupRequest,
    /// The topics there are, for a group that is a consumer group.
    pub topics: Arc<Catalog>,
}

pub(in crate::group) fn sync(groups: &mut Directory, turn: &mut Turn<'_>, sync: Sync) {
    let Sync { ticket, request, .. } = sync;
    if request.group_id.is_empty() {
        return turn.reply(ticket, sync_error(ErrorCode::INVALID_GROUP_ID));
    }
    let Some(group) = groups.classic(&request.group_id) else {
        return turn.reply(ticket, sync_error(ErrorCode::UNKNOWN_MEMBER_ID));
    };
    if let Err(error) = group.check_sync(&request) {
        return turn.reply(ticket, sync_error(error));
    }
    let id = request.member_id;
    match group.state {
        State::Empty => turn.reply(ticket, sync_error(ErrorCode::UNKNOWN_MEMBER_ID)),
        State::PreparingRebalance(_) => turn.reply(ticket, sync_error(ErrorCode::REBALANCE_IN_PROGRESS)),
        State::CompletingRebalance => {
            group.park_sync(&id, ticket, turn);
            group.has_synced(&id, turn);
            if group.is_leader(&id) {
                group.assign(request.assignments, turn);
            }
        }
        State::Stable => {
            group.has_synced(&id, turn);
            let response = group.assigned(&id);
            turn.reply(ticket, response);
        }
    }
}

impl Group {
    fn check_sync(&self, request: &SyncGroupRequest) -> Result<(), ErrorCode> {
        self.check_member(&request.member_id, request.group_instance_id.as_ref())?;
        // Before version 5 the client does not say what it believes the protocol to be.
        let differs = |said: &Option<Str>, known: &Option<Str>| said.is_some() && said != known;
        if request.generation_id != self.generation {
            Err(ErrorCode::ILLEGAL_GENERATION)
        } else if differs(&request.protocol_type, &self.protocol_type)
            || differs(&request.protocol_name, &self.protocol)
        {
            Err(ErrorCode::INCONSISTENT_GROUP_PROTOCOL)
        } else {
            Ok(())
        }
    }

    fn park_sync(&mut self, id: &Str, ticket: Ticket, turn: &mut Turn<'_>) {
        self.answer_sync(id, sync_error(ErrorCode::REBALANCE_IN_PROGRESS), turn);
        if let Some(member) = self.members.get_mut(id) {
            member.sync = Some(ticket);
        }
    }

    fn has_synced(&mut self, id: &Str, turn: &mut Turn<'_>) {
        self.unsynced.remove(id);
        if self.unsynced.is_empty() {
            turn.cancel(&self.sync_timer());
        }
    }

    /// The leader has decided: the generation becomes durable, and who waits is told. Who got nothing has an
    /// empty assignment; what was assigned to strangers is dropped.
    fn assign(&mut self, assignments: Vec<SyncGroupRequestAssignment>, turn: &mut Turn<'_>) {
        let mut assignments: HashMap<_, _> =
            assignments.into_iter().map(|assigned| (assigned.member_id, assigned.assignment)).collect();
        for (id, member) in &mut self.members {
            let assignment = assignments.remove(id).unwrap_or_default();
            member.assignment = Bytes::copy_from_slice(&assignment);
        }
        self.enter(State::Stable, turn.now.wall);
        turn.record(Record::Group { group: self.id.clone(), stored: Some(Stored::Classic(self.stored())) });
        self.answer_all_syncs(ErrorCode::NONE, turn);
    }

    pub(super) fn assigned(&self, id: &str) -> SyncGroupResponse {
        SyncGroupResponse {
            protocol_type: self.protocol_type.clone(),
            protocol_name: self.protocol.clone(),
            assignment: self.members.get(id).map(|member| member.assignment.clone()).unwrap_or_default(),
            ..Default::default()
        }
    }
}
