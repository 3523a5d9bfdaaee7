//! The words of this machine, and what is stored of a transactional id.

use ottla_base::{PartitionId, PartitionIndex, ProducerEpoch, ProducerId, Timestamp};
use ottla_wire::Str;
use ottla_wire::record::MarkerKind;

/// Where a transactional id is in the life of its transactions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// No transaction since its producer was initialised.
    Empty,
    /// A transaction is open.
    Ongoing,
    /// How it ends is decided; the markers are being written.
    Prepare(MarkerKind),
    /// It has ended.
    Complete(MarkerKind),
}

impl State {
    /// Kafka's word, as the admin APIs show it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Empty => "Empty",
            Self::Ongoing => "Ongoing",
            Self::Prepare(MarkerKind::Commit) => "PrepareCommit",
            Self::Prepare(MarkerKind::Abort) => "PrepareAbort",
            Self::Complete(MarkerKind::Commit) => "CompleteCommit",
            Self::Complete(MarkerKind::Abort) => "CompleteAbort",
        }
    }

    /// Whether Kafka has a state of this name. Nothing here is ever in two of them, but asking for them is no mistake.
    #[must_use]
    pub fn is_name(name: &str) -> bool {
        ["Empty", "Ongoing", "PrepareCommit", "PrepareAbort", "CompleteCommit", "CompleteAbort"]
            .contains(&name)
            || ["Dead", "PrepareEpochFence"].contains(&name)
    }
}

/// How a client ends its transactions (`transaction.version`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// 0 and 1: the epoch stays from one transaction to the next.
    One,
    /// 2 (KIP-890): every end gives the producer a new epoch, so that nothing late can fall into the next transaction.
    Two,
}

/// Who a request says it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The producer.
    pub producer: ProducerId,
    /// Its incarnation.
    pub epoch: ProducerEpoch,
}

/// What takes part in a transaction, and hears how it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Participant {
    /// A partition that was written to.
    Partition(PartitionId),
    /// A partition of `__consumer_offsets`, which is a shard of groups: offsets were committed there.
    Offsets(PartitionIndex),
}

/// A transaction whose end is decided and durable: markers with `claim` go to every participant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// Whose transaction.
    pub id: Str,
    /// What the markers carry. Under version 2 the epoch is one above that of the records.
    pub claim: Claim,
    /// How it ends.
    pub outcome: MarkerKind,
    /// By which rule logs judge the markers.
    pub version: Version,
    /// Who must hear of it.
    pub participants: Vec<Participant>,
}

/// What is stored of a transactional id, but for its participants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stored {
    pub(super) producer: ProducerId,
    pub(super) epoch: ProducerEpoch,
    /// The epoch that the producer itself gave up for the present one; a repetition of the request that did it is
    /// answered like the first time. None if somebody else took its place.
    pub(super) last_epoch: ProducerEpoch,
    /// The producer id that was exhausted before this one.
    pub(super) previous: ProducerId,
    /// While prepared: the producer id that takes over at the end, because this one is exhausted.
    pub(super) next: ProducerId,
    pub(super) timeout_ms: i32,
    pub(super) state: State,
    /// How the client of the newest transaction ends it.
    pub(super) version: Version,
    /// When the newest transaction began, none if there was none since its producer was initialised.
    pub(super) started: Timestamp,
    /// When anything changed.
    pub(super) updated: Timestamp,
}

impl Stored {
    /// An id whose last transaction is over, as another store has it.
    #[must_use]
    pub fn at_rest(claim: Claim, timeout_ms: i32, version: Version, updated: Timestamp) -> Self {
        Self {
            producer: claim.producer,
            epoch: claim.epoch,
            last_epoch: ProducerEpoch::NONE,
            previous: ProducerId::NONE,
            next: ProducerId::NONE,
            timeout_ms,
            state: State::Empty,
            version,
            started: Timestamp::NONE,
            updated,
        }
    }
}

/// The last epoch that a client is given. One more is left for a marker that fences it.
const EPOCH_MAX: ProducerEpoch = ProducerEpoch(i16::MAX - 1);

/// A producer with this epoch needs a new id.
pub(super) fn is_exhausted(epoch: ProducerEpoch) -> bool {
    EPOCH_MAX <= epoch
}

/// The epoch after this one.
pub(super) fn after(epoch: ProducerEpoch) -> ProducerEpoch {
    ProducerEpoch(epoch.0.saturating_add(1))
}

impl Stored {
    /// A producer that nobody knew.
    pub(super) fn new(producer: ProducerId, timeout_ms: i32, now: Timestamp) -> Self {
        Self {
            producer,
            epoch: ProducerEpoch(0),
            last_epoch: ProducerEpoch::NONE,
            previous: ProducerId::NONE,
            next: ProducerId::NONE,
            timeout_ms,
            state: State::Empty,
            version: Version::One,
            started: Timestamp::NONE,
            updated: now,
        }
    }

    pub(super) fn claim(&self) -> Claim {
        Claim { producer: self.producer, epoch: self.epoch }
    }

    /// The producer gave up `epoch` for the present one by itself.
    pub(super) fn was_given_up(&self, epoch: ProducerEpoch) -> bool {
        epoch != ProducerEpoch::NONE && epoch == self.last_epoch
    }

    /// The claim is of the producer id before this one, exhausted. Its owner may not have heard of the new one.
    pub(super) fn is_rotated_from(&self, claim: Claim) -> bool {
        claim.producer == self.previous && is_exhausted(claim.epoch)
    }

    /// How long the open transaction may still last. A clock that was set back does not make it longer than it was.
    pub(super) fn rest_ms(&self, now: Timestamp) -> i64 {
        let timeout_ms = i64::from(self.timeout_ms);
        let passed_ms = now.0.saturating_sub(self.started.0);
        timeout_ms.saturating_sub(passed_ms).clamp(0, timeout_ms)
    }
}
