//! Share sessions: a share consumer names its partitions once, and from then on only what changed travels.
//!
//! Pure: state and a request go in; which partitions to serve and what to report come out. A member has one session,
//! and its epoch rises by one with every ShareFetch and ShareAcknowledge, so that a lost answer is noticed.
//!
//! A session lives as long as the connection that opened it. When the connection ends the session ends, and whoever
//! asked gives back what the member holds; nothing here knows of records. As in Apache Kafka a new session in place of
//! an old one gives nothing back: the member may still be working on it.
//!
//! Bounds: `group.share.max.share.sessions` sessions, each of at most [`PARTITIONS_MAX`] partitions; idle ones are not
//! thrown out, for their connections close by themselves.

#[cfg(test)]
mod tests;

use foldhash::{HashMap, HashMapExt};
use ottla_base::PartitionId;
use ottla_wire::Str;
use ottla_wire::error_code::ErrorCode;
use std::collections::BTreeMap;

/// Most partitions of one session: a member of ten thousand partitions is served, one that names what does not exist for
/// ever is not.
pub(crate) const PARTITIONS_MAX: usize = 100_000;

/// Which connection of this broker, for as long as the process lives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct ConnectionId(pub(crate) u64);

/// Whose session.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(crate) group: Str,
    pub(crate) member: Str,
}

impl Key {
    /// The same without a hold on the request that it was read from.
    fn detached(self) -> Self {
        Self { group: self.group.detached(), member: self.member.detached() }
    }
}

/// The session part of a ShareFetch request.
#[derive(Debug)]
pub(crate) struct Begin {
    pub(crate) key: Key,
    pub(crate) epoch: i32,
    pub(crate) connection: ConnectionId,
    /// What the request adds to the session.
    pub(crate) added: Vec<PartitionId>,
    pub(crate) forgotten: Vec<PartitionId>,
    pub(crate) acknowledges: Acknowledges,
}

/// Whether a ShareFetch carries acknowledgements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Acknowledges {
    Some,
    None,
}

/// What a request means to its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// It began: every partition is reported.
    Opened,
    /// It goes on: what changed is reported.
    Continued,
    /// It is to end when the request is answered; nothing is fetched.
    Closing,
}

/// What a ShareFetch serves, in the order of service, and how its answer is reported.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) partitions: Vec<PartitionId>,
    pub(crate) stage: Stage,
    /// Which the session had while the request was served.
    epoch: i32,
}

/// The part of a partition's answer that decides whether it is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reported {
    pub(crate) has_records: bool,
    pub(crate) is_error: bool,
}

#[derive(Debug)]
struct Session {
    /// The epoch that the next request must carry.
    epoch: i32,
    connection: ConnectionId,
    /// In the order in which they are served; the value tells whether the next answer must name the partition.
    partitions: BTreeMap<u64, (PartitionId, MustReport)>,
    places: HashMap<PartitionId, u64>,
    next_place: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum MustReport {
    Yes,
    No,
}

/// All share sessions of a broker.
#[derive(Debug, Default)]
pub(crate) struct ShareSessions {
    sessions: HashMap<Key, Session>,
    by_connection: HashMap<ConnectionId, Vec<Key>>,
}

const EPOCH_OPEN: i32 = 0;
const EPOCH_CLOSE: i32 = -1;

impl ShareSessions {
    /// What the request serves, where at most `sessions_max` sessions may be open.
    ///
    /// # Errors
    /// The code of an answer without partitions: an opening request that acknowledges (INVALID_REQUEST), one for which
    /// there is no room (SHARE_SESSION_LIMIT_REACHED), one whose session is unknown (SHARE_SESSION_NOT_FOUND) or has
    /// another epoch (INVALID_SHARE_SESSION_EPOCH), and one that names too many partitions (INVALID_REQUEST).
    pub(crate) fn begin(&mut self, request: Begin, sessions_max: usize) -> Result<Plan, ErrorCode> {
        let Begin { key, epoch, connection, added, forgotten, acknowledges } = request;
        match epoch {
            EPOCH_CLOSE if !self.sessions.contains_key(&key) => Err(ErrorCode::SHARE_SESSION_NOT_FOUND),
            EPOCH_CLOSE => Ok(Plan { partitions: Vec::new(), stage: Stage::Closing, epoch }),
            EPOCH_OPEN if acknowledges == Acknowledges::Some => Err(ErrorCode::INVALID_REQUEST),
            EPOCH_OPEN => {
                self.end(&key);
                if sessions_max <= self.sessions.len() {
                    return Err(ErrorCode::SHARE_SESSION_LIMIT_REACHED);
                }
                let mut session = Session::new(connection);
                session.update(added, &[], MustReport::No)?;
                let plan = session.plan(Stage::Opened);
                let key = key.detached();
                self.by_connection.entry(connection).or_default().push(key.clone());
                self.sessions.insert(key, session);
                Ok(plan)
            }
            _ => {
                let session = self.continued(&key, epoch)?;
                session.update(added, &forgotten, MustReport::Yes)?;
                Ok(session.plan(Stage::Continued))
            }
        }
    }

    /// What a ShareAcknowledge means to its session. Never [`Stage::Opened`].
    ///
    /// # Errors
    /// As for [`begin`](Self::begin); INVALID_SHARE_SESSION_EPOCH also for epoch 0, which only a fetch can open with.
    pub(crate) fn acknowledge(&mut self, key: &Key, epoch: i32) -> Result<Stage, ErrorCode> {
        match epoch {
            EPOCH_OPEN => Err(ErrorCode::INVALID_SHARE_SESSION_EPOCH),
            EPOCH_CLOSE if !self.sessions.contains_key(key) => Err(ErrorCode::SHARE_SESSION_NOT_FOUND),
            EPOCH_CLOSE => Ok(Stage::Closing),
            _ => self.continued(key, epoch).map(|_| Stage::Continued),
        }
    }

    fn continued(&mut self, key: &Key, epoch: i32) -> Result<&mut Session, ErrorCode> {
        let session = self.sessions.get_mut(key).ok_or(ErrorCode::SHARE_SESSION_NOT_FOUND)?;
        if session.epoch != epoch {
            return Err(ErrorCode::INVALID_SHARE_SESSION_EPOCH);
        }
        session.epoch = next_epoch(epoch);
        Ok(session)
    }

    /// For each planned partition, in order, whether it belongs into the answer; and remembers what was told.
    ///
    /// # Errors
    /// INVALID_SHARE_SESSION_EPOCH if another request of the member has moved the session on meanwhile. Nothing is
    /// reported then, and the member starts over.
    pub(crate) fn finish(
        &mut self,
        key: &Key,
        plan: &Plan,
        outcome: &[Reported],
    ) -> Result<Vec<bool>, ErrorCode> {
        debug_assert_eq!(plan.partitions.len(), outcome.len(), "one outcome for each partition");
        let session = self.sessions.get_mut(key);
        match (plan.stage, session) {
            (Stage::Opened | Stage::Closing, None) | (Stage::Closing, Some(_)) => {
                Ok(vec![true; outcome.len()])
            }
            (Stage::Opened, Some(session)) => {
                for (partition, reported) in plan.partitions.iter().zip(outcome) {
                    session.note(*partition, *reported);
                }
                Ok(vec![true; outcome.len()])
            }
            (Stage::Continued, Some(session)) if session.epoch == plan.epoch => {
                let parts = plan.partitions.iter().zip(outcome);
                Ok(parts.map(|(partition, reported)| session.note(*partition, *reported)).collect())
            }
            (Stage::Continued, Some(_)) => Err(ErrorCode::INVALID_SHARE_SESSION_EPOCH),
            // It ended while records were looked for: the connection is gone, or the member left.
            (Stage::Continued, None) => Err(ErrorCode::SHARE_SESSION_NOT_FOUND),
        }
    }

    /// Ends a member's session, if it has one. The caller gives back what the member holds.
    pub(crate) fn end(&mut self, key: &Key) -> bool {
        let Some(session) = self.sessions.remove(key) else { return false };
        if let Some(keys) = self.by_connection.get_mut(&session.connection) {
            keys.retain(|other| other != key);
            if keys.is_empty() {
                self.by_connection.remove(&session.connection);
            }
        }
        true
    }

    /// The connection has ended: its sessions end, and these are their members, who hold nothing any longer.
    pub(crate) fn connection_ended(&mut self, connection: ConnectionId) -> Vec<Key> {
        let keys = self.by_connection.remove(&connection).unwrap_or_default();
        for key in &keys {
            self.sessions.remove(key);
        }
        keys
    }

    /// Whether the member has a session.
    #[cfg(test)]
    pub(crate) fn has(&self, key: &Key) -> bool {
        self.sessions.contains_key(key)
    }
}

impl Session {
    fn new(connection: ConnectionId) -> Self {
        Self {
            epoch: next_epoch(EPOCH_OPEN),
            connection,
            partitions: BTreeMap::new(),
            places: HashMap::new(),
            next_place: 0,
        }
    }

    /// Takes in what the client added and forgot.
    fn update(
        &mut self,
        added: Vec<PartitionId>,
        forgotten: &[PartitionId],
        report: MustReport,
    ) -> Result<(), ErrorCode> {
        if PARTITIONS_MAX < self.places.len() + added.len() {
            return Err(ErrorCode::INVALID_REQUEST);
        }
        for partition in added {
            if !self.places.contains_key(&partition) {
                self.append(partition, report);
            }
        }
        for partition in forgotten {
            if let Some(place) = self.places.remove(partition) {
                self.partitions.remove(&place);
            }
        }
        Ok(())
    }

    fn append(&mut self, partition: PartitionId, report: MustReport) {
        self.places.insert(partition, self.next_place);
        self.partitions.insert(self.next_place, (partition, report));
        self.next_place += 1;
    }

    fn plan(&self, stage: Stage) -> Plan {
        let partitions = self.partitions.values().map(|(partition, _)| *partition).collect();
        Plan { partitions, stage, epoch: self.epoch }
    }

    /// Remembers what is reported of a partition. Whether there is anything to report.
    fn note(&mut self, partition: PartitionId, reported: Reported) -> bool {
        let Some(place) = self.places.get(&partition).copied() else { return true };
        let Some((_, must_report)) = self.partitions.get_mut(&place) else { return true };
        let was_owed = std::mem::replace(must_report, MustReport::No) == MustReport::Yes;
        if reported.is_error {
            // Its recovery is worth telling.
            *must_report = MustReport::Yes;
        }
        if reported.has_records {
            let kept = *must_report;
            self.partitions.remove(&place);
            self.append(partition, kept);
        }
        was_owed || reported.has_records || reported.is_error
    }
}

/// Epochs count from 1 and, past the largest, go on from 1: 0 opens a session.
fn next_epoch(epoch: i32) -> i32 {
    epoch.checked_add(1).unwrap_or(1)
}
