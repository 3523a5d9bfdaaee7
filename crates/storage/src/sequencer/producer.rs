//! What is known of one producer in one partition: its epoch, its newest batches, its open transaction.

use ottla_base::{Offset, ProducerEpoch, Timestamp};

/// How many batches of a producer are remembered: the most that an idempotent client keeps in flight.
pub const WINDOW: usize = 5;

/// One remembered batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RememberedBatch {
    /// Sequence number of its last record.
    pub last_sequence: i32,
    /// Offset of its last record.
    pub last_offset: Offset,
    /// Last offset minus first offset.
    pub offset_delta: i32,
    /// Its largest timestamp.
    pub timestamp: Timestamp,
}

impl RememberedBatch {
    /// Sequence number of its first record.
    #[must_use]
    pub fn first_sequence(&self) -> i32 {
        match self.last_sequence.checked_sub(self.offset_delta) {
            Some(first) if 0 <= first => first,
            // The batch crosses the wrap: count back from 2147483647.
            _ => i32::MAX - (self.offset_delta - self.last_sequence - 1),
        }
    }

    /// Offset of its first record.
    #[must_use]
    pub fn base_offset(&self) -> Offset {
        self.last_offset.plus(-i64::from(self.offset_delta))
    }
}

/// What is known of one producer in one partition. Copied before a change, so that a failed write can undo it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Producer {
    /// Its newest incarnation.
    pub epoch: ProducerEpoch,
    /// Of the coordinator that wrote the last marker; -1 if none did.
    pub coordinator_epoch: i32,
    /// First offset of its open transaction.
    pub transaction_start: Option<Offset>,
    /// The timestamp of its newest batch or marker.
    pub last_timestamp: Timestamp,
    /// When it last wrote here, by this process's wall clock.
    pub seen: Timestamp,
    /// The newest batches of `epoch`, oldest first; `window[..remembered]` counts.
    window: [RememberedBatch; WINDOW],
    remembered: u8,
}

impl Producer {
    /// A producer as a snapshot knows it; `window` is its newest batches, oldest first, and empty if it has
    /// only sent markers.
    #[must_use]
    pub fn restored(epoch: ProducerEpoch, window: &[RememberedBatch], seen: Timestamp) -> Self {
        let mut producer = Self {
            epoch,
            coordinator_epoch: -1,
            transaction_start: None,
            last_timestamp: window.last().map_or(Timestamp::NONE, |batch| batch.timestamp),
            seen,
            window: [RememberedBatch::default(); WINDOW],
            remembered: 0,
        };
        window.iter().for_each(|batch| producer.remember(*batch));
        producer
    }

    /// The remembered batches of the newest epoch, oldest first.
    #[must_use]
    pub fn window(&self) -> &[RememberedBatch] {
        &self.window[..usize::from(self.remembered)]
    }

    /// The newest batch of the newest epoch.
    #[must_use]
    pub fn last(&self) -> Option<&RememberedBatch> {
        self.window().last()
    }

    /// Takes up an epoch. If it is another one, the old one's batches are forgotten.
    pub(super) fn enter(&mut self, epoch: ProducerEpoch) {
        if self.epoch != epoch {
            self.epoch = epoch;
            (self.window, self.remembered) = ([RememberedBatch::default(); WINDOW], 0);
        }
    }

    /// Takes up a batch as the newest of the epoch.
    pub(super) fn remember(&mut self, batch: RememberedBatch) {
        let remembered = usize::from(self.remembered);
        if remembered == WINDOW {
            self.window.rotate_left(1);
            self.window[WINDOW - 1] = batch;
        } else {
            self.window[remembered] = batch;
            self.remembered += 1;
        }
    }
}
