//! What all clients of a world write on and read from: the history, the topics, what was promised to whom.

use crate::chance::Chance;
use crate::history::{End, Event, Isolation};
use std::collections::BTreeMap;
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

/// What was promised about a partition.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Promised {
    /// Behind every record that was acknowledged.
    pub(super) end: i64,
    /// The greatest start that anybody asked for.
    pub(super) trim_asked: i64,
    /// The greatest start that was acknowledged.
    pub(super) start: i64,
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

/// Some day in November 2023.
const START_MS: i64 = 1_700_000_000_000;
