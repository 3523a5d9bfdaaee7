//! What became of the records of one share-partition, as members and operators were told, and what must not happen.
//!
//! What was decided counts at once for what is decided next, and for good when it is durable. A crash takes back the
//! rest. Where the ledger cannot know what the machine did, because settings changed or a clock jumped meanwhile, it
//! lets both be right.

mod given;
mod letter;

use super::log::{Log, Said};
use ottla_base::Now;
use ottla_coordinator::share_partition::{AcknowledgeBatch, Backoff, Config, Reason};
use std::collections::BTreeSet;

/// One life of a share-partition: from an operator's setting of its offsets to the next.
#[derive(Debug, Clone, Default)]
pub(super) struct Ledger {
    pub(super) life: u64,
    /// By offset.
    entries: Vec<Entry>,
    /// Offsets of what was decided and is not durable.
    undecided: BTreeSet<usize>,
    /// Offsets that somebody has.
    held: BTreeSet<usize>,
    /// What lies before was left behind since the machine was loaded.
    trimmed: i64,
    /// The machine was loaded then.
    loaded: Now,
    /// The clock's latest reading since.
    latest: i64,
    /// The clock's latest reading ever.
    latest_ever: i64,
    /// The lowest limit of deliveries that ever was.
    limit_min: i16,
    /// The shortest longest rest since the machine was loaded.
    rest_max_ms: i64,
    /// What ended up to then, the group may have had no topic for.
    letterless_until: Option<u64>,
}

/// One record.
#[derive(Debug, Clone, Default)]
struct Entry {
    /// How often it was given to somebody, as it was told.
    count: i16,
    holder: Option<Holder>,
    now: Kept,
    /// What a crash leaves.
    durable: Kept,
    /// Whether its rest began before the machine was loaded.
    is_of_before: bool,
    heard: Heard,
    /// The earliest expiry that any setting gave it.
    expires_first: Option<i64>,
}

#[derive(Debug, Clone)]
struct Holder {
    member: String,
    until: u64,
}

#[derive(Debug, Clone, Default)]
struct Kept {
    count: i16,
    rest: Option<Rest>,
    end: Option<End>,
}

/// Not to be given to anybody before: on the one clock, and after a crash on the other.
#[derive(Debug, Clone, Copy)]
struct Rest {
    tick: u64,
    wall: i64,
}

/// How a record ended.
#[derive(Debug, Clone, PartialEq, Eq)]
enum End {
    Accepted,
    /// Left behind by an operator, or by retention.
    Passed,
    /// Not delivered any more, with a letter if one is owed.
    GivenUp {
        reason: Reason,
        member: String,
        at: u64,
        owed: bool,
    },
}

/// What the machine was told of a record since it was loaded, at least.
#[derive(Debug, Clone, Copy, Default)]
enum Heard {
    #[default]
    Nothing,
    At(Said),
}

impl Entry {
    /// Whether its time to live is over, for certain.
    fn has_expired(&self, wall: i64) -> bool {
        matches!(self.heard, Heard::At(Said { expires: Some(at), .. }) if at <= wall)
    }

    fn key(&self) -> Option<u8> {
        match self.heard {
            Heard::Nothing => None,
            Heard::At(said) => said.key,
        }
    }

    fn priority(&self) -> Option<u8> {
        match self.heard {
            Heard::Nothing => None,
            Heard::At(said) => said.priority,
        }
    }
}

impl Ledger {
    pub(super) fn new(now: Now, config: &Config) -> Self {
        let mut ledger = Self { loaded: now, limit_min: i16::MAX, rest_max_ms: i64::MAX, ..Self::default() };
        ledger.set(now, config);
        ledger
    }

    /// The clocks show this.
    pub(super) fn reads(&mut self, now: Now) {
        self.latest = self.latest.max(now.wall.0);
        self.latest_ever = self.latest_ever.max(now.wall.0);
    }

    /// The operator's settings are these.
    pub(super) fn set(&mut self, now: Now, config: &Config) {
        self.limit_min = self.limit_min.min(config.delivery_count_limit);
        self.rest_max_ms = self.rest_max_ms.min(config.backoff.max_ms);
        self.letterless_until = match (config.dead_letters, self.letterless_until) {
            (false, _) => Some(u64::MAX),
            (true, Some(u64::MAX)) => Some(now.tick.0),
            (true, until) => until,
        };
    }

    /// The broker has read these records for the machine.
    pub(super) fn heard(&mut self, log: &Log, (first, last): (i64, i64), config: &Config) {
        for offset in first..=last {
            let Some(made) = log.made(offset) else { continue };
            let said = made.says(config);
            let entry = self.entry(offset);
            entry.expires_first = entry.expires_first.into_iter().chain(said.expires).min();
            entry.heard = Heard::At(match entry.heard {
                Heard::Nothing => said,
                Heard::At(before) => Said {
                    due: before.due.filter(|_| before.due == said.due),
                    expires: before.expires.and_then(|at| Some(at.max(said.expires?))),
                    priority: before.priority.filter(|_| before.priority == said.priority),
                    key: before.key.filter(|_| before.key == said.key),
                },
            });
        }
    }

    fn entry(&mut self, offset: i64) -> &mut Entry {
        let at = at(offset);
        if self.entries.len() <= at {
            self.entries.resize_with(at + 1, Entry::default);
        }
        &mut self.entries[at]
    }

    fn change(&mut self, offset: i64, change: impl FnOnce(&mut Kept)) {
        let entry = self.entry(offset);
        entry.holder = None;
        entry.is_of_before = false;
        entry.now.count = entry.count;
        change(&mut entry.now);
        self.held.remove(&at(offset));
        self.undecided.insert(at(offset));
    }

    /// Locks whose time is over end; the group's settings are these.
    pub(super) fn pass(&mut self, now: Now, config: &Config) {
        let is_over = |offset: &&usize| {
            self.entries[**offset].holder.as_ref().is_some_and(|holder| holder.until <= now.tick.0)
        };
        let over: Vec<usize> = self.held.iter().filter(is_over).copied().collect();
        for offset in over {
            let until = self.entries[offset].holder.as_ref().map_or(0, |holder| holder.until);
            let late_ms = now.tick.0 - until;
            let wall = now.wall.0.saturating_sub_unsigned(late_ms);
            self.give_back(offset, (until, wall), config);
        }
        self.reads(now);
    }

    /// A record is available again, or has ended.
    fn give_back(&mut self, offset: usize, (tick, wall): (u64, i64), config: &Config) {
        let entry = &self.entries[offset];
        let member = entry.holder.as_ref().map(|holder| holder.member.clone()).unwrap_or_default();
        let given_up = |reason| {
            Some(End::GivenUp { reason, member: member.clone(), at: tick, owed: config.dead_letters })
        };
        let end = if entry.has_expired(wall) {
            given_up(Reason::Expired)
        } else if config.delivery_count_limit <= entry.count {
            given_up(Reason::Exhausted)
        } else {
            None
        };
        let rest_ms = rest_ms(config.backoff, entry.count);
        let rest = Rest { tick: tick + rest_ms.unsigned_abs(), wall: wall + rest_ms };
        let rest = (0 < rest_ms).then_some(rest);
        self.change(offset.try_into().expect("few"), |kept| (kept.end, kept.rest) = (end, rest));
    }

    /// A member has given back everything.
    pub(super) fn released(&mut self, member: &str, now: Now, config: &Config) {
        let is_his = |offset: &&usize| {
            self.entries[**offset].holder.as_ref().is_some_and(|holder| holder.member == member)
        };
        let his: Vec<usize> = self.held.iter().filter(is_his).copied().collect();
        his.into_iter().for_each(|offset| self.give_back(offset, (now.tick.0, now.wall.0), config));
    }

    /// Acknowledgements of a member were taken.
    pub(super) fn acknowledged(
        &mut self,
        member: &str,
        batches: &[AcknowledgeBatch],
        (now, config, start): (Now, &Config, i64),
    ) -> Result<(), String> {
        for batch in batches {
            for (index, offset) in (batch.first.0..=batch.last.0).enumerate() {
                let holder = self.entry(offset).holder.clone();
                if holder.is_none_or(|holder| holder.member != member) {
                    // What lies before the start is done, and nobody minds.
                    if offset < start.max(self.trimmed) {
                        continue;
                    }
                    return Err(format!(
                        "{member} does not have {offset}, and is believed what it says of it"
                    ));
                }
                let kind = batch.types.get(index).or(batch.types.first()).copied();
                match kind {
                    Some(2) => self.give_back(at(offset), (now.tick.0, now.wall.0), config),
                    Some(3) => {
                        let (reason, member, at) = (Reason::Rejected, member.to_owned(), now.tick.0);
                        let end = End::GivenUp { reason, member, at, owed: config.dead_letters };
                        self.change(offset, |kept| kept.end = Some(end));
                    }
                    Some(4) => {
                        let until = now.tick.0 + u64::from(config.lock_duration_ms.unsigned_abs());
                        self.entry(offset).holder = Some(Holder { member: member.to_owned(), until });
                    }
                    _ => self.change(offset, |kept| kept.end = Some(End::Accepted)),
                }
            }
        }
        Ok(())
    }

    /// What lies before `start` is given up, but for what is on its way to the dead-letter topic.
    pub(super) fn trim(&mut self, start: i64) {
        self.trimmed = self.trimmed.max(start);
        for offset in 0..start {
            if self.entry(offset).now.end.is_none() {
                self.change(offset, |kept| kept.end = Some(End::Passed));
            }
        }
    }

    /// The offsets were set anew, or deleted: another life begins.
    pub(super) fn begin(&mut self, life: u64, start: i64, now: Now, config: &Config) {
        let letterless_until = (!config.dead_letters).then_some(u64::MAX);
        let (latest_ever, limit_min) = (self.latest_ever, config.delivery_count_limit);
        *self = Self { life, latest_ever, limit_min, letterless_until, ..Self::new(now, config) };
        self.trim(start);
    }

    /// Everything that was decided is durable.
    pub(super) fn commit(&mut self) {
        for offset in std::mem::take(&mut self.undecided) {
            let entry = &mut self.entries[offset];
            entry.durable = entry.now.clone();
        }
    }

    /// The state was lost, and loaded again from what is durable.
    pub(super) fn crash(&mut self, now: Now, config: &Config) {
        self.undecided.clear();
        self.held.clear();
        self.trimmed = 0;
        (self.loaded, self.latest, self.rest_max_ms) = (now, now.wall.0, config.backoff.max_ms);
        for entry in &mut self.entries {
            entry.now = entry.durable.clone();
            (entry.count, entry.holder, entry.heard) = (entry.now.count, None, Heard::Nothing);
            entry.is_of_before = true;
        }
    }

    /// How many records a member has.
    pub(super) fn held_by(&self, member: &str) -> usize {
        let is_his = |offset: &&usize| {
            self.entries[**offset].holder.as_ref().is_some_and(|holder| holder.member == member)
        };
        self.held.iter().filter(is_his).count()
    }

    /// How many records are with members.
    pub(super) fn held(&self) -> usize {
        self.held.len()
    }

    pub(super) fn accepted(&self) -> u64 {
        self.entries.iter().filter(|entry| entry.durable.end == Some(End::Accepted)).count() as u64
    }

    /// The first record whose end nothing explains. `has_letter` says whether there is a letter of this life.
    pub(super) fn unexplained(&self, log: &Log, has_letter: impl Fn(i64) -> bool) -> Option<String> {
        let nothing = Entry::default();
        let entry = |offset: i64| self.entries.get(at(offset)).unwrap_or(&nothing);
        let mut offsets = (log.start..log.end()).filter(|offset| log.made(*offset).is_some());
        let lost = offsets.find(|offset| {
            let entry = entry(*offset);
            let needs_letter = self.letterless_until.is_none();
            let is_explained = match &entry.durable.end {
                Some(End::Accepted | End::Passed) => true,
                Some(End::GivenUp { .. }) => !needs_letter || has_letter(*offset),
                None => {
                    let may_end =
                        self.may_end(entry, Reason::Expired) || self.may_end(entry, Reason::Exhausted);
                    may_end && (!needs_letter || has_letter(*offset))
                }
            };
            !is_explained
        });
        lost.map(|offset| format!("{offset}, of which is known {:?}", entry(offset)))
    }

    /// Whether the machine may have given a record up for that reason, though nobody was told.
    fn may_end(&self, entry: &Entry, reason: Reason) -> bool {
        match reason {
            Reason::Rejected => false,
            Reason::Exhausted => self.limit_min <= entry.count,
            Reason::Expired => entry.expires_first.is_some_and(|at| at <= self.latest_ever),
        }
    }
}

/// A rest, computed in another way than the machine does.
fn rest_ms(backoff: Backoff, count: i16) -> i64 {
    let halves: i64 = match backoff.multiplier {
        ..1.25 => 2,
        ..1.75 => 3,
        _ => 4,
    };
    let growths = u32::try_from(count - 1).expect("it was delivered");
    (backoff.first_ms * halves.pow(growths) / 2_i64.pow(growths)).min(backoff.max_ms)
}

fn at(offset: i64) -> usize {
    usize::try_from(offset).expect("offsets begin at 0")
}
