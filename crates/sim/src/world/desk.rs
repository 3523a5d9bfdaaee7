//! What all clients of a world write on and read from: the history, the topics, what was promised to whom.

use crate::chance::Chance;
use crate::history::{End, Event, Isolation, Key};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// A partition as clients name it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) topic: String,
    pub(super) index: i32,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.topic, self.index)
    }
}

/// A record as a client makes it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Record {
    pub(super) value: u64,
    /// Of a compacted topic only.
    pub(super) key: Option<Key>,
}

/// How the records of a topic are kept.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Keeping {
    /// They are acknowledged before they are durable.
    pub(super) may_lose: bool,
    /// Only the last one of each key is kept.
    pub(super) is_compacted: bool,
    /// They are removed when they are older than this.
    pub(super) retention_ms: Option<i64>,
}

/// What was promised about a partition.
#[derive(Debug, Clone, Default)]
pub(super) struct Promised {
    /// Behind every record that was acknowledged.
    pub(super) end: i64,
    /// The greatest start that anybody asked for.
    pub(super) trim_asked: i64,
    /// The greatest start that was acknowledged.
    pub(super) start: i64,
    /// How often its end was gone.
    pub(super) losses: u64,
    /// Offset and time of batches that were acknowledged, where records are removed by their age.
    pub(super) dated: Vec<(i64, i64)>,
}

/// The desk.
#[derive(Debug)]
pub(super) struct Desk {
    pub(super) chance: Chance,
    pub(super) history: Vec<Event>,
    /// What a client has found to be wrong by itself.
    pub(super) violations: Vec<String>,
    pub(super) promised: BTreeMap<Place, Promised>,
    /// Partitions of topics whose creation was acknowledged.
    pub(super) places: Vec<Place>,
    /// By the name of their topic.
    pub(super) keeping: BTreeMap<String, Keeping>,
    /// Partitions whose end may be gone (see [`Desk::may_have_lost`]), and nobody has looked yet where they end now.
    pub(super) untold: BTreeSet<Place>,
    /// Who was given which identity as a transactional producer.
    pub(super) identities: BTreeMap<(i64, i16), String>,
    /// The one partition whose records are removed by request.
    pub(super) trimmed: Option<Place>,
    /// Whether clients begin nothing new.
    pub(super) is_closing: bool,
    /// The simulated wall clock, for records.
    pub(super) wall_ms: i64,
    /// What happened, for people; `None` if nobody reads it.
    pub(super) trace: Option<Vec<String>>,
    values: u64,
    time: u64,
}

impl Desk {
    pub(super) fn new(chance: Chance, is_traced: bool) -> Self {
        Self {
            chance,
            history: Vec::new(),
            violations: Vec::new(),
            promised: BTreeMap::new(),
            places: Vec::new(),
            keeping: BTreeMap::new(),
            untold: BTreeSet::new(),
            identities: BTreeMap::new(),
            trimmed: None,
            is_closing: false,
            wall_ms: START_MS,
            trace: is_traced.then(Vec::new),
            values: 0,
            time: 0,
        }
    }

    /// A value that nobody has sent yet.
    pub(super) fn value(&mut self) -> u64 {
        self.values += 1;
        self.values
    }

    pub(super) fn keeping(&self, place: &Place) -> Keeping {
        self.keeping.get(&place.topic).copied().unwrap_or_default()
    }

    /// Up to `most` records for a partition.
    pub(super) fn records(&mut self, place: &Place, most: usize) -> Vec<Record> {
        let is_compacted = self.keeping(place).is_compacted;
        let count = 1 + self.chance.below(most);
        let key = |chance: &mut Chance| Key { number: chance.within(0..KEYS), deletes: chance.percent(25) };
        (0..count)
            .map(|_| {
                let key = is_compacted.then(|| key(&mut self.chance));
                Record { value: self.value(), key }
            })
            .collect()
    }

    /// A moment later than all before.
    pub(super) fn moment(&mut self) -> u64 {
        self.time += 1;
        self.time
    }

    pub(super) fn promised(&mut self, place: &Place) -> &mut Promised {
        if !self.promised.contains_key(place) {
            self.promised.insert(place.clone(), Promised::default());
        }
        self.promised.get_mut(place).expect("it was just put there")
    }

    /// Records up to `end` were acknowledged.
    pub(super) fn acknowledged(&mut self, place: &Place, end: i64) {
        let promised = self.promised(place);
        promised.end = promised.end.max(end);
    }

    /// A batch of that time was acknowledged at `offset`.
    pub(super) fn dated(&mut self, place: &Place, offset: i64, time_ms: i64) {
        if self.keeping(place).retention_ms.is_some() {
            self.promised(place).dated.push((offset, time_ms));
        }
    }

    /// The greatest offset at which the log may start now.
    pub(super) fn start_max(&mut self, place: &Place) -> i64 {
        let (retention_ms, now_ms) = (self.keeping(place).retention_ms, self.wall_ms);
        let promised = self.promised(place);
        let Some(retention_ms) = retention_ms else { return promised.trim_asked };
        let is_young = |(_, time): &&(i64, i64)| now_ms <= time + retention_ms;
        let first = promised.dated.iter().filter(is_young).map(|(offset, _)| *offset).min();
        first.unwrap_or(i64::MAX).max(promised.trim_asked)
    }

    /// The power was cut, or the disk has failed while a start looked for what only the page cache has.
    pub(super) fn may_have_lost(&mut self) {
        let may_lose = self.places.iter().filter(|place| self.keeping(place).may_lose);
        self.untold = may_lose.cloned().collect();
    }

    /// What stood at `end` and behind it is gone.
    pub(super) fn lost(&mut self, place: &Place, end: i64) {
        let at = self.moment();
        let promised = self.promised(place);
        promised.end = end;
        promised.losses += 1;
        promised.dated.retain(|(offset, _)| *offset < end);
        self.history.push(Event::Lost { partition: place.to_string(), offset: end, at });
    }

    /// Somebody was told where a partition ends.
    pub(super) fn told_end(&mut self, client: &str, place: &Place, isolation: Isolation, told: (i64, u64)) {
        let ((offset, start), end) = (told, self.moment());
        let (client, partition) = (client.to_owned(), place.to_string());
        self.history.push(Event::End(End { client, isolation, partition, offset, start, end }));
    }

    pub(super) fn violation(&mut self, what: String) {
        self.note(|| format!("VIOLATION {what}"));
        self.violations.push(what);
    }

    pub(super) fn note(&mut self, line: impl FnOnce() -> String) {
        if let Some(trace) = &mut self.trace {
            trace.push(line());
        }
    }
}

/// So few that most records are replaced soon.
const KEYS: u64 = 6;
/// Some day in November 2023.
const START_MS: i64 = 1_700_000_000_000;
