//! DeleteGroups: a group that nobody is in goes, and its offsets with it.

use super::Hard;
use super::live::Directory;
use super::offsets::delete::delete_all;
use super::record::Record;
use super::turn::Turn;
use crate::machine::Ticket;
use ottla_wire::message::delete_groups_response::DeletableGroupResult;
use ottla_wire::{ErrorCode, Str};

/// A deletion to decide.
#[derive(Debug)]
pub struct Delete {
    /// Who waits.
    pub ticket: Ticket,
    /// Which group.
    pub group: Str,
}

pub(super) fn delete(hard: &Hard, groups: &mut Directory, turn: &mut Turn<'_>, delete: Delete) {
    let Delete { ticket, group } = delete;
    let checked =
        groups.0.get(&group).ok_or(ErrorCode::GROUP_ID_NOT_FOUND).and_then(|live| live.check_delete());
    if checked.is_ok() {
        if let Some(entry) = hard.groups.get(&group) {
            delete_all(&group, entry, turn);
        }
        turn.record(Record::Group { group: group.clone(), stored: None });
        if let Some(live) = groups.0.remove(&group) {
            live.stop(turn);
        }
    }
    let error_code = checked.err().unwrap_or(ErrorCode::NONE);
    let error_message = message(error_code).map(Str::from_static);
    let result = DeletableGroupResult { group_id: group, error_code, error_message };
    turn.reply(ticket, result);
}

/// What a person reads, from DeleteGroups 3 on.
fn message(error: ErrorCode) -> Option<&'static str> {
    match error {
        ErrorCode::GROUP_ID_NOT_FOUND => Some("there is no group of this name"),
        ErrorCode::NON_EMPTY_GROUP => Some("the group has members: stop its consumers, then delete it"),
        _ => None,
    }
}
