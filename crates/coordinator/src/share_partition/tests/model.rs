//! A naive model: one entry for each record, looked through from beginning to end every time. It follows what clients see
//! and says whether that may be.

use crate::share_partition::{Config, Facts, Order, Range, Reason};
use ottla_base::{Now, Offset, Timestamp};
use std::collections::BTreeMap;

/// First and last offset, and one type for all or one for each.
type Said = (i64, i64, Vec<i8>);

#[derive(Debug, Default)]
pub(super) struct Model {
    pub(super) records: BTreeMap<i64, Seen>,
    start: i64,
    /// What was due stays due when the clock is set back.
    latest: Timestamp,
}

#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) facts: Facts,
    pub(super) fate: Fate,
    pub(super) count: i16,
    /// The count that a crash leaves.
    durable_count: i16,
    /// Not before, on the monotonic clock and, after a crash, on the other one.
    rest: u64,
    rest_wall: i64,
    /// The rest began before a crash.
    is_of_before: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Waiting,
    With {
        member: String,
        until: u64,
    },
    Archiving(Reason),
    /// Accepted, archived or not in the log any more.
    Done,
}

impl Model {
    pub(super) fn appended(&mut self, offset: i64, facts: Facts) {
        let seen = Seen {
            facts,
            fate: Fate::Waiting,
            count: 0,
            durable_count: 0,
            rest: 0,
            rest_wall: 0,
            is_of_before: false,
        };
        self.records.insert(offset, seen);
    }

    /// Nothing before is delivered any more. Dead letters are written all the same.
    pub(super) fn started(&mut self, start: i64) {
        self.start = self.start.max(start);
        for (_, seen) in self.records.range_mut(..self.start) {
            if !matches!(seen.fate, Fate::Archiving(_)) {
                seen.fate = Fate::Done;
            }
        }
    }

    /// An operator has set the start: everything is as new.
    pub(super) fn altered(&mut self, start: i64) {
        self.start = start;
        for (offset, seen) in &mut self.records {
            let fate = if *offset < start { Fate::Done } else { Fate::Waiting };
            *seen = Seen { fate, count: 0, durable_count: 0, rest: 0, ..seen.clone() };
        }
    }

    /// What the settings make of the facts of a record.
    fn facts(seen: &Seen, config: &Config) -> Facts {
        let due = if config.delay { seen.facts.due } else { Timestamp::NONE };
        let expires = if config.ttl { seen.facts.expires } else { Timestamp::NONE };
        Facts { due, expires, ..seen.facts }
    }

    pub(super) fn acquired(&mut self, member: &str, ranges: &[Range], config: &Config, now: Now) {
        self.latest = self.latest.max(now.wall);
        let mut before = -1;
        for range in ranges {
            assert!(before < range.first.0 && range.first <= range.last, "ranges ascend");
            before = range.last.0;
            for offset in range.first.0..=range.last.0 {
                self.acquired_one(member, offset, range.delivery_count, (config, now));
            }
        }
        let held = self.held(member);
        if 0 < config.member_in_flight_max {
            assert!(
                held <= i64::from(config.member_in_flight_max)
                    .max(held - i64::try_from(ranges.len()).unwrap()),
                "the cap holds"
            );
        }
    }

    fn acquired_one(&mut self, member: &str, offset: i64, count: i16, (config, now): (&Config, Now)) {
        assert!(!config.paused, "a paused queue hands out nothing");
        self.in_order(offset, config, now);
        let latest = self.latest;
        let seen = self.records.get_mut(&offset).unwrap_or_else(|| panic!("{offset} is not in the log"));
        assert_eq!(seen.fate, Fate::Waiting, "{offset} was available");
        assert_eq!(seen.count + 1, count, "{offset} counts its deliveries");
        assert!(count <= config.delivery_count_limit, "{offset} was delivered too often");
        let facts = Self::facts(seen, config);
        assert!(facts.is_due(latest), "{offset} is due");
        assert!(!facts.is_expired(now.wall), "{offset} has not expired");
        let has_rested = seen.rest <= now.tick.0 || (seen.is_of_before && seen.rest_wall <= latest.0);
        assert!(has_rested, "{offset} has rested");
        seen.count = count;
        let until = now.tick.0 + u64::try_from(config.lock_duration_ms).unwrap();
        seen.fate = Fate::With { member: member.to_owned(), until };
    }

    /// No other record of its key is with anybody, and none before it is still to be delivered.
    fn in_order(&self, offset: i64, config: &Config, now: Now) {
        let Some(key) = self.records[&offset].facts.key.filter(|_| config.order == Order::Key) else {
            return;
        };
        for (other, seen) in
            self.records.iter().filter(|(other, seen)| **other != offset && seen.facts.key == Some(key))
        {
            let facts = Self::facts(seen, config);
            let is_due = facts.is_due(now.wall) && !facts.is_expired(now.wall);
            match &seen.fate {
                Fate::With { .. } => panic!("{other} has the key of {offset} and is in flight"),
                Fate::Waiting => assert!(!is_due || offset < *other, "{other} comes before {offset}"),
                Fate::Archiving(_) | Fate::Done => {}
            }
        }
    }

    /// Whether these acknowledgements are right; and then they count. What is known to have left the log, nobody minds.
    pub(super) fn acknowledge(
        &mut self,
        member: &str,
        (acks, log_start): (&[Said], i64),
        (config, now): (&Config, Now),
    ) -> bool {
        let each = |(first, last, types): &Said| -> Vec<(i64, i8)> {
            let kind = |at: i64| {
                if types.len() == 1 { types[0] } else { types[usize::try_from(at - first).unwrap()] }
            };
            (*first..=*last).map(|at| (at, kind(at))).collect()
        };
        let each: Vec<(i64, i8)> = acks.iter().flat_map(each).filter(|(at, _)| log_start <= *at).collect();
        let has = |at: i64| {
            self.records
                .get(&at)
                .is_some_and(|seen| matches!(&seen.fate, Fate::With { member: owner, .. } if owner == member))
        };
        if !each.iter().all(|(at, kind)| has(*at) && (*kind != 4 || config.renew)) {
            return false;
        }
        for (at, kind) in each {
            let seen = self.records.get_mut(&at).unwrap();
            match kind {
                0 | 1 => seen.fate = Fate::Done,
                2 => seen.give_back(config, now),
                3 => seen.end(Reason::Rejected, config),
                _ => {
                    let until = now.tick.0 + u64::try_from(config.lock_duration_ms).unwrap();
                    seen.fate = Fate::With { member: member.to_owned(), until };
                }
            }
        }
        true
    }

    pub(super) fn released(&mut self, member: &str, config: &Config, now: Now) {
        for seen in self.records.values_mut() {
            if matches!(&seen.fate, Fate::With { member: owner, .. } if owner == member) {
                seen.give_back(config, now);
            }
        }
    }

    pub(super) fn passed(&mut self, config: &Config, now: Now) {
        for seen in self.records.values_mut() {
            if matches!(&seen.fate, Fate::With { until, .. } if *until <= now.tick.0) {
                seen.give_back(config, now);
            }
        }
    }

    /// What waits for longer than it may, or was delivered often enough for a limit that is lower now, has ended if the
    /// machine says so.
    pub(super) fn expired(&mut self, has_ended: impl Fn(i64, &Facts) -> bool, config: &Config, now: Now) {
        self.latest = self.latest.max(now.wall);
        for (offset, seen) in &mut self.records {
            if seen.fate == Fate::Waiting
                && Self::facts(seen, config).is_expired(self.latest)
                && has_ended(*offset, &seen.facts)
            {
                seen.end(Reason::Expired, config);
            }
            let is_last = config.delivery_count_limit <= seen.count;
            if seen.fate == Fate::Waiting && is_last && has_ended(*offset, &seen.facts) {
                seen.end(Reason::Exhausted, config);
            }
        }
    }

    pub(super) fn crashed(&mut self, config: &Config, now: Now) {
        for seen in self.records.values_mut() {
            if matches!(seen.fate, Fate::With { .. }) {
                seen.fate = Fate::Waiting;
                seen.count = seen.durable_count;
            }
            seen.is_of_before = true;
            let rest = (seen.rest_wall - now.wall.0).clamp(0, config.backoff.max_ms);
            seen.rest = seen.rest.min(now.tick.0 + u64::try_from(rest).unwrap());
        }
    }

    pub(super) fn lettered(&mut self, first: Offset, last: Offset) {
        for (offset, seen) in self.records.range_mut(first.0..=last.0) {
            assert!(matches!(seen.fate, Fate::Archiving(_)), "{offset} is on its way");
            seen.fate = Fate::Done;
        }
    }

    pub(super) fn held(&self, member: &str) -> i64 {
        let with = |seen: &&Seen| matches!(&seen.fate, Fate::With { member: owner, .. } if owner == member);
        i64::try_from(self.records.values().filter(with).count()).unwrap()
    }
}

impl Seen {
    fn give_back(&mut self, config: &Config, now: Now) {
        if Model::facts(self, config).is_expired(now.wall) {
            self.end(Reason::Expired, config);
        } else if config.delivery_count_limit <= self.count {
            self.end(Reason::Exhausted, config);
        } else {
            self.fate = Fate::Waiting;
            self.durable_count = self.count;
            let rest = config.backoff.after(self.count);
            self.is_of_before = false;
            self.rest = now.tick.0 + rest;
            self.rest_wall = now.wall.0 + i64::try_from(rest).unwrap();
        }
    }

    fn end(&mut self, reason: Reason, config: &Config) {
        self.fate = if config.dead_letters { Fate::Archiving(reason) } else { Fate::Done };
    }
}
