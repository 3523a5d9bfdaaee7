//! Records are given to a member: may they be?

use super::{End, Entry, Heard, Holder, Ledger, at};
use crate::groups::queue::log::{Log, Said};
use ottla_base::Now;
use ottla_coordinator::share_partition::{Config, Range, Reason};

impl Ledger {
    /// A member was given records; it has not heard of it yet.
    pub(in crate::groups::queue) fn given(
        &mut self,
        member: &str,
        ranges: &[Range],
        (log, now, config): (&Log, Now, &Config),
    ) -> Result<(), String> {
        self.reads(now);
        if config.paused && !ranges.is_empty() {
            return Err(format!("{member} is given {ranges:?} of a queue that is paused"));
        }
        for range in ranges {
            for offset in range.first.0..=range.last.0 {
                let may_be = self.may_be_given(offset, range.delivery_count, (log, now, config));
                may_be.map_err(|why| format!("{member} is given {offset}, which {why}"))?;
                let until = now.tick.0 + u64::from(config.lock_duration_ms.unsigned_abs());
                let entry = self.entry(offset);
                entry.count = range.delivery_count;
                entry.holder = Some(Holder { member: member.to_owned(), until });
                self.held.insert(at(offset));
            }
        }
        Ok(())
    }

    /// Where priorities count, what was given is the most urgent of what was known, or the oldest. Nothing is known from
    /// `next` on.
    pub(in crate::groups::queue) fn is_urgent(
        &self,
        ranges: &[Range],
        (now, config, next): (Now, &Config, i64),
    ) -> Result<(), String> {
        if !config.priority {
            return Ok(());
        }
        let left =
            || self.entries.iter().take(at(next)).enumerate().filter(|(_, entry)| self.is_ready(entry, now));
        let urgent = left().max_by_key(|(_, entry)| entry.priority());
        let Some(((urgent, its), (oldest, _))) = urgent.zip(left().next()) else { return Ok(()) };
        for offset in ranges.iter().flat_map(|range| range.first.0..=range.last.0).map(at) {
            let priority = self.entries[offset].priority();
            if priority.is_some() && priority < its.priority() && oldest < offset {
                return Err(format!(
                    "{offset} is given though {urgent} is more urgent and {oldest} is older"
                ));
            }
        }
        Ok(())
    }

    /// Whether a record could have been given for certain.
    fn is_ready(&self, entry: &Entry, now: Now) -> bool {
        let Heard::At(Said { due, key: None, priority: Some(_), .. }) = entry.heard else { return false };
        let has_rested = entry.now.rest.is_none_or(|rest| !entry.is_of_before && rest.tick <= now.tick.0);
        let is_due = due.is_none_or(|due| due <= now.wall.0);
        let is_free = entry.holder.is_none() && entry.now.end.is_none();
        is_free && is_due && has_rested && entry.count < 2 && !self.may_have_ended(entry)
    }

    fn may_have_ended(&self, entry: &Entry) -> bool {
        self.may_end(entry, Reason::Expired) || self.may_end(entry, Reason::Exhausted)
    }

    fn may_be_given(
        &mut self,
        offset: i64,
        count: i16,
        (log, now, config): (&Log, Now, &Config),
    ) -> Result<(), String> {
        if log.made(offset).is_none() || offset < log.start {
            return Err("is not there".to_owned());
        }
        let entry = self.entry(offset).clone();
        match &entry.now.end {
            None => {}
            Some(End::Accepted) => return Err("was accepted".to_owned()),
            Some(End::Passed) => return Err("was left behind".to_owned()),
            Some(End::GivenUp { reason, .. }) => return Err(format!("was given up: {reason:?}")),
        }
        if let Some(Holder { member, until }) = &entry.holder {
            return Err(format!("{member} has until {until}"));
        }
        if entry.count + 1 != count || config.delivery_count_limit < count {
            return Err(format!("is said to come for time {count} after time {}", entry.count));
        }
        self.is_its_time(&entry, now)?;
        self.is_its_turn(offset, &entry, now)
    }

    fn is_its_time(&self, entry: &Entry, now: Now) -> Result<(), String> {
        let Heard::At(Said { due, .. }) = entry.heard else {
            return Err("nobody has looked at".to_owned());
        };
        // What was due stays due when the clock is set back, and so does what was delivered before.
        if let Some(due) = due.filter(|due| self.latest_ever < *due && entry.count == 0) {
            return Err(format!("is due at {due} and not at {}", now.wall));
        }
        if entry.has_expired(now.wall.0) {
            return Err("has expired".to_owned());
        }
        let Some(rest) = entry.now.rest else { return Ok(()) };
        // After a crash a rest goes on by the clock of the day, for no longer than the longest.
        let until = match entry.is_of_before {
            false => rest.tick,
            true => {
                let left_ms = (rest.wall - self.latest).clamp(0, self.rest_max_ms);
                self.loaded.tick.0 + left_ms.unsigned_abs()
            }
        };
        if now.tick.0 < until { Err(format!("rests until {until}")) } else { Ok(()) }
    }

    /// Of one key none is with anybody, and none before it may still be delivered.
    fn is_its_turn(&self, offset: i64, entry: &Entry, now: Now) -> Result<(), String> {
        let Some(key) = entry.key() else { return Ok(()) };
        let others = self
            .entries
            .iter()
            .enumerate()
            .filter(|(other, its)| *other != at(offset) && its.key() == Some(key));
        for (other, its) in others {
            if let Some(holder) = &its.holder {
                return Err(format!("has the key of {other}, which {} has", holder.member));
            }
            let is_before = other < at(offset) && its.now.end.is_none();
            if is_before && self.holds_up(its, now) {
                return Err(format!("has the key of {other}, which comes first"));
            }
        }
        Ok(())
    }

    /// Whether a record that nobody has must be delivered before those of its key that come after it.
    fn holds_up(&self, entry: &Entry, now: Now) -> bool {
        let Heard::At(Said { due, .. }) = entry.heard else { return false };
        // A scheduled record takes its place when it is due.
        let is_scheduled = entry.count == 0 && due.is_some_and(|due| now.wall.0 < due);
        !is_scheduled && !self.may_have_ended(entry)
    }
}
