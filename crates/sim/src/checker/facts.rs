//! What the history says, sorted by what it is about. Nothing is judged here but what contradicts itself at once.

use super::Count;
use super::anomaly::{Anomalies, Kind};
use crate::history::{
    Commit, Committed, End, Ending, Event, Isolation, Key, Outcome, Poll, Producer, Send, Transaction,
};
use foldhash::fast::FixedState;
use std::collections::{HashMap, HashSet};

/// Hashed with a fixed seed: one history, one report.
pub(super) type Map<K, V> = HashMap<K, V, FixedState>;

/// A partition or a client, by the order in which they were first named.
pub(super) type Name = usize;

/// A record that somebody sent.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) client: Name,
    pub(super) partition: Name,
    pub(super) value: u64,
    pub(super) outcome: Outcome,
    pub(super) offset: Option<i64>,
    /// Whether it may stand at two places.
    pub(super) is_plain: bool,
    /// Which of [`Facts::transactions`] it belongs to.
    pub(super) transaction: Option<usize>,
    pub(super) key: Option<Key>,
    /// A power cut took it, and might.
    pub(super) is_lost: bool,
}

/// Where and when a value was seen.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    /// The place where it was seen first.
    pub(super) partition: Name,
    pub(super) offset: i64,
}

/// What one reader read of one partition without a seek.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) client: Name,
    pub(super) partition: Name,
    pub(super) isolation: Isolation,
    /// Nothing before the first poll of a reader that did not say where it begins.
    pub(super) first: Option<i64>,
    pub(super) next: i64,
    /// Rising.
    pub(super) offsets: Vec<i64>,
}

/// What is known of one partition.
#[derive(Debug, Default)]
pub(super) struct Partition {
    /// The value that was first seen at each offset.
    pub(super) places: Map<i64, u64>,
    /// Values at a second place, with that place.
    pub(super) repeats: Vec<(u64, i64)>,
    /// Below this nothing need be there.
    pub(super) trimmed: i64,
    /// The greatest position of a reader, by isolation.
    pub(super) passed: [i64; 2],
    /// Whether a reader of the isolation read everything.
    pub(super) drained: [bool; 2],
    /// Offset and value of what was seen and then taken by a power cut.
    pub(super) lost: Vec<(i64, u64)>,
    /// When power cuts had taken something.
    pub(super) losses: Vec<u64>,
}

/// What a poll at `read_uncommitted` gave of a compacted partition.
#[derive(Debug)]
pub(super) struct Look {
    pub(super) start: u64,
    pub(super) end: u64,
    /// The positions before and after.
    pub(super) range: std::ops::Range<i64>,
    /// Rising.
    pub(super) offsets: Vec<i64>,
}

/// The history, sorted.
#[derive(Debug, Default)]
pub(super) struct Facts {
    names: Map<String, Name>,
    texts: Vec<String>,
    pub(super) written: Vec<Written>,
    pub(super) by_value: Map<u64, usize>,
    pub(super) seen: Map<u64, Seen>,
    /// The least end of a poll at `read_committed` that gave the value.
    pub(super) shown: Map<u64, u64>,
    pub(super) partitions: Map<Name, Partition>,
    pub(super) sessions: Vec<Session>,
    open: Map<(Name, Name), usize>,
    has_keys: HashSet<Name, FixedState>,
    /// With the indexes of the first record and behind the last one in `written`.
    pub(super) transactions: Vec<(Transaction, usize, usize)>,
    pub(super) commits: Vec<Commit>,
    pub(super) committed: Vec<Committed>,
    pub(super) ends: Vec<End>,
    /// The end and the position after each poll, by partition and isolation.
    pub(super) polls: Map<(Name, Isolation), Vec<(u64, i64)>>,
    /// Of partitions that hold records with keys.
    pub(super) looks: Map<Name, Vec<Look>>,
    polled: u64,
}

impl Facts {
    pub(super) fn add(&mut self, event: Event, anomalies: &mut Anomalies) {
        match event {
            Event::Send(send) => self.send(&send, anomalies),
            Event::Transaction(transaction) => self.transaction(transaction, anomalies),
            Event::Assign { client, partition, offset } => {
                let key = (self.name(&client), self.name(&partition));
                self.assign(key, offset);
            }
            Event::Poll(poll) => self.poll(&poll, anomalies),
            Event::Commit(commit) => self.commits.push(commit),
            Event::Committed(committed) => self.committed.push(committed),
            Event::End(end) => self.ends.push(end),
            Event::Trim { client: _, partition, offset } => {
                let partition = self.partition(&partition);
                partition.trimmed = partition.trimmed.max(offset);
            }
            Event::Lost { partition, offset, at } => self.lose(&partition, offset, at),
            Event::Drained { client: _, isolation, partition } => {
                self.partition(&partition).drained[isolation as usize] = true;
            }
        }
    }

    /// The text of a name.
    pub(super) fn text(&self, name: Name) -> &str {
        &self.texts[name]
    }

    /// The name of a partition or a client that the history may never have named.
    pub(super) fn known(&self, text: &str) -> Option<Name> {
        self.names.get(text).copied()
    }

    /// Whose value it is, for evidence.
    pub(super) fn sender(&self, value: u64) -> &str {
        self.by_value.get(&value).map_or("nobody", |at| self.text(self.written[*at].client))
    }

    /// Whether a transaction took effect: it is known to have, or a reader saw a part of it.
    pub(super) fn took_effect(&self, transaction: usize) -> bool {
        let (transaction, from, to) = &self.transactions[transaction];
        match transaction.outcome {
            Ending::Committed => true,
            Ending::Aborted => false,
            Ending::Unknown => {
                self.written[*from..*to].iter().any(|written| self.shows_committed(written.value))
            }
        }
    }

    /// Whether a reader at `read_committed` was given the value.
    pub(super) fn shows_committed(&self, value: u64) -> bool {
        self.shown.contains_key(&value)
    }

    /// How much there is.
    pub(super) fn count(&self) -> Count {
        let mut count = Count { seen: self.seen.len() as u64, polled: self.polled, ..Count::default() };
        for written in &self.written {
            let ending = written.transaction.map(|at| self.transactions[at].0.outcome);
            match (ending, written.outcome) {
                (Some(Ending::Committed), _) | (None, Outcome::Ok) => count.acknowledged += 1,
                (Some(Ending::Unknown), _) | (None, Outcome::Unknown) => count.unknown += 1,
                (Some(Ending::Aborted), _) | (None, Outcome::Failed) => count.refused += 1,
            }
        }
        for (transaction, _, _) in &self.transactions {
            match transaction.outcome {
                Ending::Committed => {
                    count.committed += 1;
                    count.offsets += transaction.reads.len() as u64;
                }
                Ending::Aborted => count.aborted += 1,
                Ending::Unknown => count.undecided += 1,
            }
        }
        count.offsets += self.commits.iter().filter(|commit| commit.outcome == Outcome::Ok).count() as u64;
        let is_plain = |value: &u64| self.by_value.get(value).is_some_and(|at| self.written[*at].is_plain);
        let repeats = self.partitions.values().flat_map(|partition| &partition.repeats);
        count.repeated = repeats.filter(|(value, _)| is_plain(value)).count() as u64;
        count
    }

    fn name(&mut self, text: &str) -> Name {
        if let Some(name) = self.names.get(text) {
            return *name;
        }
        self.texts.push(text.to_owned());
        self.names.insert(text.to_owned(), self.texts.len() - 1);
        self.texts.len() - 1
    }

    fn partition(&mut self, text: &str) -> &mut Partition {
        let name = self.name(text);
        self.partitions.entry(name).or_default()
    }

    fn send(&mut self, send: &Send, anomalies: &mut Anomalies) {
        let written = Written {
            client: self.name(&send.client),
            partition: self.name(&send.partition),
            value: send.value,
            outcome: send.outcome,
            offset: send.offset.filter(|_| send.outcome == Outcome::Ok),
            is_plain: send.producer == Producer::Plain,
            transaction: None,
            key: send.key,
            is_lost: false,
        };
        self.write(written, anomalies);
    }

    fn transaction(&mut self, transaction: Transaction, anomalies: &mut Anomalies) {
        let from = self.written.len();
        for sent in &transaction.sends {
            let written = Written {
                client: self.name(&transaction.client),
                partition: self.name(&sent.partition),
                value: sent.value,
                // Of a transaction that did not end well nobody knows which records were stored.
                outcome: match transaction.outcome {
                    Ending::Committed => Outcome::Ok,
                    Ending::Aborted | Ending::Unknown => Outcome::Unknown,
                },
                offset: sent.offset,
                is_plain: false,
                transaction: Some(self.transactions.len()),
                key: sent.key,
                is_lost: false,
            };
            self.write(written, anomalies);
        }
        let to = self.written.len();
        // By its records alone one whose end is unknown shows that it took effect.
        let is_unknown = transaction.outcome == Ending::Unknown;
        if is_unknown && !transaction.reads.is_empty() && transaction.sends.is_empty() {
            let client = &transaction.client;
            anomalies.note(Kind::InvalidHistory, || {
                format!("{client} consumed in a transaction and sent nothing")
            });
        }
        self.transactions.push((transaction, from, to));
    }

    fn write(&mut self, written: Written, anomalies: &mut Anomalies) {
        let (value, at) = (written.value, self.written.len());
        self.partitions.entry(written.partition).or_default();
        if written.key.is_some() {
            self.has_keys.insert(written.partition);
        }
        self.written.push(written);
        if let Some(other) = self.by_value.insert(value, at) {
            let names = [other, at].map(|at| self.text(self.written[at].client));
            anomalies.note(Kind::InvalidHistory, || {
                format!("{value} was sent by {} and by {}", names[0], names[1])
            });
        }
    }

    /// A power cut took the end of a log. What was seen there is seen no more; what readers were given stands.
    fn lose(&mut self, text: &str, offset: i64, at: u64) {
        let partition = self.partition(text);
        partition.losses.push(at);
        partition.passed = partition.passed.map(|passed| passed.min(offset));
        partition.repeats.retain(|(_, place)| *place < offset);
        let taken = partition.places.extract_if(|place, _| offset <= *place);
        partition.lost.extend(taken);
        let name = self.name(text);
        let is_taken = |place: Option<i64>| place.is_some_and(|place| offset <= place);
        for written in self.written.iter_mut().filter(|written| written.partition == name) {
            let seen = self.seen.get(&written.value).filter(|seen| seen.partition == name);
            if is_taken(written.offset) || is_taken(seen.map(|seen| seen.offset)) {
                written.is_lost = true;
                (written.outcome, written.offset) = (Outcome::Unknown, None);
            }
        }
        self.seen.retain(|_, seen| seen.partition != name || seen.offset < offset);
        for session in self.sessions.iter_mut().filter(|session| session.partition == name) {
            session.next = session.next.min(offset);
            session.offsets.retain(|place| *place < offset);
        }
        self.open.retain(|(_, partition), _| *partition != name);
        self.looks.entry(name).or_default().retain(|look| look.range.end <= offset);
    }

    fn assign(&mut self, key: (Name, Name), offset: Option<i64>) -> usize {
        let (client, partition) = key;
        self.partitions.entry(partition).or_default();
        self.sessions.push(Session {
            client,
            partition,
            isolation: Isolation::ReadUncommitted,
            first: offset,
            next: offset.unwrap_or(i64::MIN),
            offsets: Vec::new(),
        });
        self.open.insert(key, self.sessions.len() - 1);
        self.sessions.len() - 1
    }

    fn poll(&mut self, poll: &Poll, anomalies: &mut Anomalies) {
        let key = (self.name(&poll.client), self.name(&poll.partition));
        let at = match self.open.get(&key) {
            Some(at) => *at,
            None => self.assign(key, None),
        };
        let session = &mut self.sessions[at];
        session.isolation = poll.isolation;
        let before = if session.next == i64::MIN { poll.next } else { session.next };
        session.first = session.first.or(poll.records.first().map(|(offset, _)| *offset)).or(Some(poll.next));
        for (offset, value) in &poll.records {
            if *offset < session.next {
                let next = session.next;
                anomalies.note(Kind::NonMonotonicPoll, || {
                    let Poll { client, partition, .. } = poll;
                    format!("{client} was given {partition}@{offset} ({value}) when its position was {next}")
                });
                continue;
            }
            session.next = offset.saturating_add(1);
            session.offsets.push(*offset);
        }
        if poll.next < session.next {
            let Poll { client, partition, next, .. } = poll;
            anomalies.note(Kind::NonMonotonicPoll, || {
                format!("{client} read {partition} to {} and stands at {next}", session.next)
            });
        }
        session.next = session.next.max(poll.next);
        if poll.isolation == Isolation::ReadUncommitted && self.has_keys.contains(&key.1) {
            let offsets = poll.records.iter().map(|(offset, _)| *offset).collect();
            let look = Look { start: poll.start, end: poll.end, range: before..poll.next, offsets };
            self.looks.entry(key.1).or_default().push(look);
        }
        self.see(key.1, poll, anomalies);
    }

    /// Notes what the poll shows of the log, whoever reads.
    fn see(&mut self, name: Name, poll: &Poll, anomalies: &mut Anomalies) {
        let partition = self.partitions.entry(name).or_default();
        let passed = &mut partition.passed[poll.isolation as usize];
        *passed = poll.next.max(*passed);
        self.polls.entry((name, poll.isolation)).or_default().push((poll.end, poll.next));
        self.polled += poll.records.len() as u64;
        for (offset, value) in &poll.records {
            if poll.isolation == Isolation::ReadCommitted {
                let shown = self.shown.entry(*value).or_insert(poll.end);
                *shown = poll.end.min(*shown);
            }
            let is_new = match partition.places.get(offset) {
                None => partition.places.insert(*offset, *value).is_none(),
                Some(other) => {
                    if other != value {
                        let Poll { client, partition, .. } = poll;
                        anomalies.note(Kind::InconsistentOffset, || {
                            format!("{partition}@{offset} is {other} and, for {client}, {value}")
                        });
                    }
                    false
                }
            };
            let seen = self.seen.entry(*value).or_insert(Seen { partition: name, offset: *offset });
            if is_new && (seen.partition, seen.offset) != (name, *offset) {
                partition.repeats.push((*value, *offset));
            }
        }
    }
}
