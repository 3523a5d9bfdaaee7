//! DescribeGroups and ListGroups.

use super::Reply;
use super::live::Directory;
use super::turn::Turn;
use crate::machine::Ticket;
use ottla_wire::Str;

/// A description to give.
#[derive(Debug)]
pub struct Describe {
    /// Who waits.
    pub ticket: Ticket,
    /// Of which group.
    pub group: Str,
}

/// A list to give. An empty filter lets everything pass, an unknown word in it nothing.
#[derive(Clone, Debug)]
pub struct List {
    /// Who waits.
    pub ticket: Ticket,
    /// States to show, in any case, such as `Stable`.
    pub states: Vec<Str>,
    /// Types to show, in any case, such as `classic`.
    pub types: Vec<Str>,
}

pub(super) fn describe(groups: &Directory, turn: &mut Turn<'_>, describe: &Describe) {
    let described = groups.0.get(&describe.group).and_then(super::live::Live::described);
    turn.reply(describe.ticket, Reply::Describe(described));
}

pub(super) fn list(groups: &Directory, turn: &mut Turn<'_>, list: &List) {
    let passes =
        |filter: &[Str], word: &str| filter.is_empty() || filter.iter().any(|asked| is_same(asked, word));
    let listed = groups.0.values().map(super::live::Live::listed);
    let listed = listed
        .filter(|group| passes(&list.states, &group.group_state) && passes(&list.types, &group.group_type));
    let listed = listed.collect();
    turn.reply(list.ticket, Reply::List(listed));
}

fn is_same(asked: &str, word: &str) -> bool {
    asked.trim().eq_ignore_ascii_case(word)
}
