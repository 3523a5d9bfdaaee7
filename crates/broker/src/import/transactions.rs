//! Who may write under a transactional id.
//!
//! Ids come along at rest. A transaction that was open is not continued: its records are aborted at the first start,
//! because no coordinator knows it, and its producer gets a new epoch, so that what it still sends is refused.

use super::fields::{Fields, IsFlexible};
use super::{ImportError, log};
use ottla_base::{ProducerEpoch, ProducerId, Timestamp};
use ottla_coordinator::transaction::{Claim, Record as Row, Stored, Version};
use ottla_storage::inspect::PartitionFiles;
use ottla_wire::Str;
use std::collections::BTreeMap;

/// All transactional ids of a cluster.
#[derive(Debug, Default)]
pub(super) struct Transactions(BTreeMap<String, Id>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Id {
    producer: ProducerId,
    epoch: ProducerEpoch,
    timeout_ms: i32,
    status: i8,
    version: Version,
    updated: Timestamp,
}

impl Transactions {
    /// Reads one partition of `__transaction_state`.
    pub(super) fn read(&mut self, files: &PartitionFiles) -> Result<(), ImportError> {
        log::read(files, &mut |path, record| {
            let what = "a record of a transaction";
            let unreadable =
                || ImportError::Unreadable { path: path.to_owned(), offset: record.offset.0, what };
            let mut key = Fields(record.key.as_deref().ok_or_else(unreadable)?);
            let (Some(0), Some(id)) = (key.short(), key.text()) else { return Err(unreadable()) };
            match record.value.as_deref() {
                None => drop(self.0.remove(id)),
                Some(value) => {
                    let found = read_id(&mut Fields(value)).ok_or_else(unreadable)?;
                    self.0.insert(id.to_owned(), found);
                }
            }
            Ok(())
        })
    }

    /// Brings every id to rest, or says why that cannot be.
    pub(super) fn settle(&mut self, left: &mut Vec<String>) -> Result<(), ImportError> {
        let decided = self.0.iter().find(|(_, id)| id.status == PREPARE_COMMIT);
        if let Some((id, _)) = decided {
            return Err(ImportError::HalfEnded(id.clone()));
        }
        self.0.retain(|_, id| id.status != DEAD);
        let mut used_up = Vec::new();
        for (name, id) in &mut self.0 {
            if [ONGOING, PREPARE_ABORT, PREPARE_FENCE].contains(&id.status) {
                left.push(format!("the open transaction of '{name}': it is aborted at the first start"));
                id.epoch = ProducerEpoch(id.epoch.0.saturating_add(1));
            }
            if i16::MAX - 1 <= id.epoch.0 {
                used_up.push(name.clone());
            }
        }
        // Whoever comes with such an id gets a new producer id.
        self.0.retain(|name, _| !used_up.contains(name));
        Ok(())
    }

    #[cfg(test)]
    pub(super) fn understands(value: &[u8]) -> bool {
        read_id(&mut Fields(value)).is_some()
    }

    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    /// The journal's record of each id, with the id.
    pub(super) fn rows(&self) -> impl Iterator<Item = (&str, Row)> {
        self.0.iter().map(|(name, id)| {
            let claim = Claim { producer: id.producer, epoch: id.epoch };
            let stored = Stored::at_rest(claim, id.timeout_ms, id.version, id.updated);
            (name.as_str(), Row::Id { id: Str::from(name.as_str()), stored: Some(stored) })
        })
    }
}

fn read_id(value: &mut Fields<'_>) -> Option<Id> {
    let is_flexible = IsFlexible::from(value.short()?, 1);
    let (producer, epoch) = (ProducerId(value.long()?), ProducerEpoch(value.short()?));
    let (timeout_ms, status) = (value.int()?, value.byte()?);
    skip_partitions(value, is_flexible)?;
    let (updated, _started) = (Timestamp(value.long()?), value.long()?);
    let mut version = Version::One;
    if is_flexible == IsFlexible::Yes {
        for (tag, mut field) in value.tagged()? {
            if tag == 2 && 2 <= field.short()? {
                version = Version::Two;
            }
        }
    }
    Some(Id { producer, epoch, timeout_ms, status, version, updated })
}

fn skip_partitions(value: &mut Fields<'_>, is_flexible: IsFlexible) -> Option<()> {
    let count = |value: &mut Fields<'_>| match is_flexible {
        IsFlexible::Yes => value.compact_length().map(Option::unwrap_or_default),
        IsFlexible::No => value.int().map(|count| usize::try_from(count).unwrap_or(0)),
    };
    for _ in 0..count(value)? {
        value.text_of(is_flexible)??;
        for _ in 0..count(value)? {
            value.int()?;
        }
        if is_flexible == IsFlexible::Yes {
            value.tagged()?;
        }
    }
    Some(())
}

const ONGOING: i8 = 1;
const PREPARE_COMMIT: i8 = 2;
const PREPARE_ABORT: i8 = 3;
const DEAD: i8 = 6;
const PREPARE_FENCE: i8 = 7;
