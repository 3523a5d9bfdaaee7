//! DescribeGroups and ListGroups.

use super::Reply;
use super::live::Directory;
use super::turn::Turn;
use crate::machine::Ticket;
use ottla_wire::Str;
use std::collections::BTreeSet;
use std::sync::Arc;

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
    /// States to show, such as `Stable`.
    pub states: Words,
    /// Types to show, such as `classic`.
    pub types: Words,
}

/// The words of a filter, in any case. A request may have a great many, and each group is compared with all of them.
#[derive(Clone, Debug, Default)]
pub struct Words(Arc<BTreeSet<String>>);

impl Words {
    /// These words; blanks around them do not count.
    pub fn new<'a>(words: impl IntoIterator<Item = &'a Str>) -> Self {
        Self(Arc::new(words.into_iter().map(|word| word.trim().to_ascii_lowercase()).collect()))
    }

    fn lets_pass(&self, word: &str) -> bool {
        self.0.is_empty() || self.0.contains(&word.to_ascii_lowercase())
    }
}

pub(super) fn describe(groups: &Directory, turn: &mut Turn<'_>, describe: &Describe) {
    let described = groups.0.get(&describe.group).and_then(super::live::Live::described);
    turn.reply(describe.ticket, Reply::Describe(described));
}

pub(super) fn list(groups: &Directory, turn: &mut Turn<'_>, list: &List) {
    let listed = groups.0.values().map(super::live::Live::listed);
    let listed = listed
        .filter(|group| list.states.lets_pass(&group.group_state) && list.types.lets_pass(&group.group_type));
    let listed = listed.collect();
    turn.reply(list.ticket, Reply::List(listed));
}
