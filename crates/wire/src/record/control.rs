//! Markers: the one record of a control batch, which ends a transaction in a partition.
//!
//! ```text
//! key:   version i16 | type i16 (0 abort, 1 commit)      value: version i16 | coordinator epoch i32
//! ```

use super::builder::{BatchBuilder, BatchOptions, BatchScope};
use super::header::TimestampType;
use super::reader::Record;
use bytes::{Buf, Bytes};
use ottla_base::{ProducerEpoch, ProducerId, Timestamp};

/// How a transaction ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarkerKind {
    /// Its records are to be dropped.
    Abort,
    /// Its records are valid.
    Commit,
}

/// What a control record says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Marker {
    /// How the transaction ended.
    pub kind: MarkerKind,
    /// Which incarnation of the coordinator decided it.
    pub coordinator_epoch: i32,
}

impl Marker {
    /// Reads a control record. `None` for other control records (there are some in Kafka's own metadata log) and
    /// for malformed ones; readers skip both.
    #[must_use]
    pub fn of(record: &Record) -> Option<Self> {
        let (mut key, mut value) = (record.key.as_deref()?, record.value.as_deref()?);
        // Versions only ever add fields at the end.
        let version = key.try_get_i16().ok()?;
        let kind = match key.try_get_i16().ok()? {
            0 => MarkerKind::Abort,
            1 => MarkerKind::Commit,
            _ => return None,
        };
        let value_version = value.try_get_i16().ok()?;
        if version < 0 || value_version < 0 {
            return None;
        }
        Some(Self { kind, coordinator_epoch: value.try_get_i32().ok()? })
    }

    /// The control batch that carries this marker.
    #[must_use]
    pub fn batch(self, producer: ProducerId, epoch: ProducerEpoch, time: Timestamp) -> Bytes {
        let kind: i16 = match self.kind {
            MarkerKind::Abort => 0,
            MarkerKind::Commit => 1,
        };
        let [high, low] = kind.to_be_bytes();
        let key = [0, 0, high, low];
        let mut value = [0; 6];
        value[2..].copy_from_slice(&self.coordinator_epoch.to_be_bytes());
        let mut builder = BatchBuilder::new(BatchOptions {
            producer_id: producer,
            producer_epoch: epoch,
            scope: BatchScope::Marker,
            timestamp_type: TimestampType::CreateTime,
            ..BatchOptions::default()
        });
        builder.append(time, Some(&key), Some(&value), &[]).expect("ten bytes fit into an empty batch");
        builder.build()
    }
}
