//! Incremental fetch sessions (KIP-227): a consumer names its partitions once, and from then on only what
//! changed travels.
//!
//! Pure: state, a request and the time go in; what to read and what to report come out. A session's epoch
//! rises by one with every fetch, so that a lost answer is noticed. Partitions that returned records move to
//! the end of the session's order, so that a busy one cannot starve the others.

#[cfg(test)]
mod tests;

use foldhash::{HashMap, HashMapExt};
use ottla_base::{Tick, TopicId};
use ottla_wire::Str;
use ottla_wire::error_code::ErrorCode;
use std::collections::BTreeMap;

/// How a client names a topic: by id from Fetch v13 on, by name before.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum TopicKey {
    Id(TopicId),
    Name(Str),
}

/// Which partition, in the client's words.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(crate) topic: TopicKey,
    pub(crate) partition: i32,
}

impl Key {
    /// The same without a hold on the request that it was read from.
    fn detached(self) -> Self {
        match self.topic {
            TopicKey::Id(_) => self,
            TopicKey::Name(name) => Self { topic: TopicKey::Name(name.detached()), ..self },
        }
    }
}

/// What a client wants of one partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) key: Key,
    pub(crate) offset: i64,
    pub(crate) bytes_max: i32,
    /// -1: the client does not check.
    pub(crate) leader_epoch: i32,
    /// -1: the client does not check.
    pub(crate) last_fetched_epoch: i32,
}

/// The part of an answer that a session compares with what it said last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reported {
    pub(crate) has_records: bool,
    pub(crate) is_error: bool,
    /// A diverging epoch or a preferred replica: always worth telling.
    pub(crate) has_notice: bool,
    pub(crate) high_watermark: i64,
    pub(crate) log_start: i64,
}

/// The session part of a Fetch request.
#[derive(Debug)]
pub(crate) struct Begin {
    pub(crate) session_id: i32,
    pub(crate) session_epoch: i32,
    pub(crate) by_id: bool,
    pub(crate) wanted: Vec<Wanted>,
    pub(crate) forgotten: Vec<Key>,
}

/// What a fetch reads, and how its answer is reported.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) partitions: Vec<Wanted>,
    /// Where the partitions stand in their session, in order, if they do.
    places: Vec<u64>,
    by_id: bool,
    mode: Mode,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// Everything is reported and nothing remembered.
    Sessionless,
    /// Everything is reported, and a session begins if there is room.
    Full,
    /// What changed is reported.
    Incremental { session_id: i32 },
}

/// What the answer carries.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Report {
    /// 0: there is no session.
    pub(crate) session_id: i32,
    /// For each planned partition, in order: whether it belongs into the answer.
    pub(crate) included: Vec<bool>,
}

#[derive(Debug)]
struct Cached {
    wanted: Wanted,
    high_watermark: i64,
    log_start: i64,
}

#[derive(Debug)]
struct Session {
    /// The epoch that the next fetch must carry.
    epoch: i32,
    by_id: bool,
    created: Tick,
    used: Tick,
    /// In the order in which they are served.
    partitions: BTreeMap<u64, Cached>,
    places: HashMap<Key, u64>,
    next_place: u64,
}

/// All sessions of a broker.
#[derive(Debug)]
pub(crate) struct FetchSessions {
    sessions: HashMap<i32, Session>,
    slots: usize,
}

const NO_SESSION: i32 = 0;
const EPOCH_FULL: i32 = 0;
const EPOCH_CLOSE: i32 = -1;
/// A session that idled this long gives way, and one that lived this long may give way to a larger one.
const EVICTION_MS: u64 = 120_000;
/// Reported for a partition whose answer was an error, so that its recovery counts as a change.
const UNKNOWN: i64 = -1;

impl FetchSessions {
    /// Room for `slots` sessions (`max.incremental.fetch.session.cache.slots`).
    pub(crate) fn new(slots: usize) -> Self {
        Self { sessions: HashMap::new(), slots }
    }

    /// What the request reads.
    ///
    /// # Errors
    /// The top-level code of an answer without partitions: the session is unknown (70), its epoch is another
    /// (71), or it names topics the other way (106).
    pub(crate) fn begin(&mut self, now: Tick, request: Begin) -> Result<Plan, ErrorCode> {
        let Begin { session_id, session_epoch, by_id, wanted, forgotten } = request;
        if session_epoch == EPOCH_FULL || session_epoch == EPOCH_CLOSE {
            self.sessions.remove(&session_id);
            let mode = if session_epoch == EPOCH_CLOSE { Mode::Sessionless } else { Mode::Full };
            return Ok(Plan { partitions: wanted, places: Vec::new(), by_id, mode });
        }
        let session = self.sessions.get_mut(&session_id).ok_or(ErrorCode::FETCH_SESSION_ID_NOT_FOUND)?;
        if session.epoch != session_epoch {
            return Err(ErrorCode::INVALID_FETCH_SESSION_EPOCH);
        }
        if session.by_id != by_id {
            return Err(ErrorCode::FETCH_SESSION_TOPIC_ID_ERROR);
        }
        session.update(wanted, &forgotten);
        if session.partitions.is_empty() {
            self.sessions.remove(&session_id);
            return Ok(Plan { partitions: Vec::new(), places: Vec::new(), by_id, mode: Mode::Sessionless });
        }
        session.used = now;
        session.epoch = next_epoch(session_epoch);
        let planned = session.partitions.iter().map(|(&place, cached)| (place, cached.wanted.clone()));
        let (places, partitions) = planned.unzip();
        Ok(Plan { partitions, places, by_id, mode: Mode::Incremental { session_id } })
    }

    /// Decides what of the plan's outcome is reported, and remembers it. `fresh_id` names a session if one
    /// begins; it is positive.
    pub(crate) fn finish(&mut self, now: Tick, plan: &Plan, outcome: &[Reported], fresh_id: i32) -> Report {
        debug_assert_eq!(plan.partitions.len(), outcome.len(), "one outcome for each partition");
        let all = || vec![true; outcome.len()];
        match plan.mode {
            Mode::Sessionless => Report { session_id: NO_SESSION, included: all() },
            Mode::Full => {
                let session_id = self.open(now, plan, outcome, fresh_id);
                Report { session_id, included: all() }
            }
            Mode::Incremental { session_id } => {
                let included = match self.sessions.get_mut(&session_id) {
                    Some(session) => session.note(&plan.places, outcome),
                    // Evicted meanwhile: report all; the next fetch learns that the session is gone.
                    None => all(),
                };
                Report { session_id, included }
            }
        }
    }

    fn open(&mut self, now: Tick, plan: &Plan, outcome: &[Reported], fresh_id: i32) -> i32 {
        debug_assert!(fresh_id > 0, "session ids are positive");
        let is_free = !self.sessions.contains_key(&fresh_id);
        if !is_free || !self.make_room(now, plan.partitions.len()) {
            return NO_SESSION;
        }
        let mut session = Session {
            epoch: next_epoch(EPOCH_FULL),
            by_id: plan.by_id,
            created: now,
            used: now,
            partitions: BTreeMap::new(),
            places: HashMap::new(),
            next_place: 0,
        };
        session.update(plan.partitions.clone(), &[]);
        let place_of = |wanted: &Wanted| session.places.get(&wanted.key).copied();
        // A partition that is named twice has one place, and its last outcome counts.
        let parts: BTreeMap<u64, Reported> = plan
            .partitions
            .iter()
            .zip(outcome)
            .filter_map(|(wanted, out)| Some((place_of(wanted)?, *out)))
            .collect();
        let (places, outcome): (Vec<_>, Vec<_>) = parts.into_iter().unzip();
        session.note(&places, &outcome);
        self.sessions.insert(fresh_id, session);
        fresh_id
    }

    /// Makes room for a session of `size` partitions, if need be by taking another's place.
    fn make_room(&mut self, now: Tick, size: usize) -> bool {
        if self.sessions.len() < self.slots {
            return true;
        }
        let idle = self.sessions.iter().min_by_key(|(_, session)| session.used);
        let victim = match idle {
            Some((&id, session)) if now.since(session.used) > EVICTION_MS => Some(id),
            _ => {
                let old =
                    self.sessions.iter().filter(|(_, session)| now.since(session.created) > EVICTION_MS);
                let smallest = old.min_by_key(|(_, session)| session.partitions.len());
                smallest.filter(|(_, session)| session.partitions.len() < size).map(|(&id, _)| id)
            }
        };
        victim.is_some_and(|id| self.sessions.remove(&id).is_some())
    }
}

impl Session {
    /// Takes in what the client added, changed and forgot.
    fn update(&mut self, wanted: Vec<Wanted>, forgotten: &[Key]) {
        for wanted in wanted {
            match self.places.get(&wanted.key).and_then(|place| self.partitions.get_mut(place)) {
                Some(cached) => cached.wanted = Wanted { key: cached.wanted.key.clone(), ..wanted },
                None => {
                    let wanted = Wanted { key: wanted.key.detached(), ..wanted };
                    self.append(Cached { wanted, high_watermark: UNKNOWN, log_start: UNKNOWN });
                }
            }
        }
        for key in forgotten {
            if let Some(place) = self.places.remove(key) {
                self.partitions.remove(&place);
            }
        }
    }

    fn append(&mut self, cached: Cached) {
        self.places.insert(cached.wanted.key.clone(), self.next_place);
        self.partitions.insert(self.next_place, cached);
        self.next_place += 1;
    }

    /// Remembers what is reported of the partitions at `places`, which ascend. For each, whether there is anything to
    /// report: there is of one that has left its place meanwhile.
    fn note(&mut self, places: &[u64], outcome: &[Reported]) -> Vec<bool> {
        let mut served = Vec::new();
        let mut cached = self.partitions.iter_mut().peekable();
        let mut included = Vec::with_capacity(places.len());
        for (&place, &reported) in places.iter().zip(outcome) {
            // Both ascend, so that nothing has to be looked up.
            while cached.next_if(|(other, _)| **other < place).is_some() {}
            let Some((_, cached)) = cached.next_if(|(other, _)| **other == place) else {
                included.push(true);
                continue;
            };
            included.push(cached.note(reported));
            if reported.has_records {
                served.push(place);
            }
        }
        for place in served {
            if let Some(cached) = self.partitions.remove(&place) {
                self.append(cached);
            }
        }
        included
    }
}

impl Cached {
    /// Whether there is anything to report.
    fn note(&mut self, reported: Reported) -> bool {
        let changed = self.high_watermark != reported.high_watermark || self.log_start != reported.log_start;
        self.high_watermark = if reported.is_error { UNKNOWN } else { reported.high_watermark };
        self.log_start = reported.log_start;
        changed || reported.has_records || reported.is_error || reported.has_notice
    }
}

/// Epochs count from 1 and, past the largest, go on from 1: 0 means "new session".
fn next_epoch(epoch: i32) -> i32 {
    epoch.checked_add(1).unwrap_or(1)
}
