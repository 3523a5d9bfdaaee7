//! How much a history holds.

use super::event::{Outcome, Reason, Verdict};
use super::facts::Facts;
use serde::Serialize;
use std::fmt;

/// How much a history holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Count {
    /// Records that were acknowledged to their producers.
    pub sent: u64,
    /// Members of share groups.
    pub members: u64,
    /// Records given to members, each as often as it was given.
    pub delivered: u64,
    /// Records that a member was told are accepted, in each group.
    pub accepted: u64,
    /// Records that a member was told are released, each as often.
    pub released: u64,
    /// Records that a member was told are rejected, in each group.
    pub rejected: u64,
    /// Verdicts of members who were never told whether they count.
    pub unconfirmed: u64,
    /// Dead letters of records that were rejected.
    pub letters_rejected: u64,
    /// Dead letters of records that were delivered too often in vain.
    pub letters_exhausted: u64,
    /// Dead letters that went back to their topics.
    pub requeued: u64,
    /// Records in their topics that were never committed.
    pub uncommitted: u64,
}

impl Count {
    pub(super) fn of(facts: &Facts) -> Self {
        let mut count = Self {
            sent: facts.sent.len() as u64,
            members: facts.members.len() as u64,
            uncommitted: facts.records.values().filter(|record| !record.committed).count() as u64,
            ..Self::default()
        };
        for (group, place) in facts.stories.keys() {
            count.delivered += facts.deliveries(*group, *place).len() as u64;
            for saying in facts.sayings(*group, *place) {
                let field = match (saying.confirmed, saying.verdict) {
                    (None, _) => &mut count.unconfirmed,
                    (Some(_), Verdict::Accept) => &mut count.accepted,
                    (Some(_), Verdict::Release) => &mut count.released,
                    (Some(_), Verdict::Reject) => &mut count.rejected,
                    (Some(_), Verdict::Renew) => continue,
                };
                *field += 1;
            }
        }
        for letter in facts.letters.values().flatten() {
            match letter.reason {
                Reason::Rejected => count.letters_rejected += 1,
                Reason::Exhausted => count.letters_exhausted += 1,
                Reason::Expired => {}
            }
        }
        let requeued = facts.receipts.iter().filter(|(_, outcome)| *outcome == Outcome::Requeued);
        count.requeued = requeued.count() as u64;
        count
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            sent,
            members,
            delivered,
            accepted,
            released,
            rejected,
            unconfirmed,
            letters_rejected,
            letters_exhausted,
            requeued,
            uncommitted,
        } = self;
        writeln!(f, "records: {sent} acknowledged to producers, {uncommitted} never committed")?;
        writeln!(f, "deliveries: {delivered} to {members} members")?;
        writeln!(
            f,
            "verdicts: {accepted} accepted, {released} released, {rejected} rejected, {unconfirmed} without an answer"
        )?;
        write!(
            f,
            "dead letters: {letters_rejected} rejected, {letters_exhausted} exhausted; {requeued} requeued"
        )
    }
}
