//! Dead letters: is one right, and is one missing?

use super::{End, Ledger, at};
use ottla_coordinator::share_partition::Letter;
use std::collections::BTreeSet;

impl Ledger {
    /// A letter of this life was written.
    pub(in crate::groups::queue) fn lettered(&self, offset: i64, letter: &Letter) -> Result<(), String> {
        let wrong = |what: &str| Err(format!("the letter of {offset} says {letter:?}, {what}"));
        let Some(entry) = self.entries.get(at(offset)) else { return wrong("and nobody had it") };
        if let Some(holder) = &entry.holder {
            return wrong(&format!("and {} has it", holder.member));
        }
        if letter.delivery_count != entry.count {
            return wrong(&format!("and it was given {} times", entry.count));
        }
        match &entry.durable.end {
            Some(End::Accepted) => wrong("and it was accepted"),
            Some(End::GivenUp { reason, member, .. }) if *reason == letter.reason => {
                if member.as_str() == &*letter.member {
                    Ok(())
                } else {
                    wrong(&format!("and {member} had it"))
                }
            }
            Some(End::GivenUp { .. } | End::Passed) | None if self.may_end(entry, letter.reason) => Ok(()),
            end => wrong(&format!("and it is {end:?}")),
        }
    }

    /// The first record that was durably given up and is neither on its way nor in the topic.
    pub(in crate::groups::queue) fn without_letter(
        &self,
        archiving: &BTreeSet<i64>,
        has_letter: impl Fn(i64) -> bool,
    ) -> Option<i64> {
        let owed = self.entries.iter().zip(0..).filter(|(entry, _)| match &entry.durable.end {
            Some(End::GivenUp { at, owed, .. }) => {
                *owed && self.letterless_until.is_none_or(|until| until < *at)
            }
            Some(End::Accepted | End::Passed) | None => false,
        });
        owed.map(|(_, offset)| offset).find(|offset| !archiving.contains(offset) && !has_letter(*offset))
    }
}
