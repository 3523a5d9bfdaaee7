//! Reads all of a data directory and tells what is wrong with it.
//!
//! Judged is what a broker would meet: batches with their checksums and offsets, whether indexes lead to the right
//! place, whether snapshots and checkpoints can be read and are plausible. After a stop that was not orderly, the
//! end of a log may be torn and its newest indexes behind; a start mends that, so that it is told but no damage.

mod logs;
mod small;

use super::directory::{DataDirectory, PartitionFiles};
use super::finding::{Finding, Mend};
use crate::error::OpenError;
use crate::local::checkpoint::Offsets;
use crate::local::names;
use ottla_base::Offset;
use std::path::PathBuf;

/// How much is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// Every batch, with its checksum.
    Batches,
    /// Also every record in every batch, unpacked.
    Records,
}

/// What was looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// How many partitions.
    pub partitions: u64,
    /// How many segments.
    pub segments: u64,
    /// How many whole batches.
    pub batches: u64,
    /// How many records they say that they have.
    pub records: u64,
    /// Places where offsets are missing. Compaction leaves such, and so does a repair.
    pub gaps: u64,
    /// Bytes of logs that were read.
    pub bytes: u64,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// What is wrong, partition by partition.
    pub findings: Vec<Finding>,
    /// What was looked at.
    pub totals: Totals,
}

impl Verified {
    /// Whether nothing is wrong that a start would not mend by itself without a loss.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.findings.iter().all(|finding| finding.mend == Mend::NextStart && finding.lost.is_none())
    }
}

/// Reads the partitions that `wanted` accepts. `progress` hears of bytes read.
///
/// # Errors
/// `Io` if something cannot be read at all; damage is no error but a finding.
pub fn verify(
    data: &DataDirectory,
    depth: Depth,
    wanted: &dyn Fn(&PartitionFiles) -> bool,
    progress: &mut dyn FnMut(u64),
) -> Result<Verified, OpenError> {
    let mut verified = Verified::default();
    let checkpoints = Checkpoints::load(data, &mut verified.findings)?;
    for files in data.partitions()?.iter().filter(|files| wanted(files)) {
        let known = checkpoints.of(files);
        logs::Checking::new(files, known, depth, progress, &mut verified).run()?;
        verified.totals.partitions += 1;
    }
    Ok(verified)
}

/// What the directory's own files say of a partition.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    /// Below it everything was on stable storage; `None` if no file says so.
    pub(super) durable_to: Option<Offset>,
    pub(super) log_start: Option<Offset>,
    /// It was compacted before, so that there may be gaps.
    pub(super) compacted: bool,
    /// The last stop was orderly.
    pub(super) clean: bool,
    /// All that was written is there, synced or not.
    pub(super) intact: bool,
}

struct Checkpoints {
    recovery_points: Offsets,
    log_starts: Offsets,
    compacted_to: Offsets,
    clean: bool,
    intact: bool,
}

impl Checkpoints {
    fn load(data: &DataDirectory, findings: &mut Vec<Finding>) -> Result<Self, OpenError> {
        let mut load = |name: &str, meaning: &str| {
            let offsets = data.checkpoint(name)?;
            if offsets.is_none() {
                findings.push(whole_directory(data, name, meaning));
            }
            Ok::<_, OpenError>(offsets.unwrap_or_default())
        };
        Ok(Self {
            recovery_points: load(
                names::RECOVERY_POINTS,
                "it cannot be read: a start checks all logs from their beginning",
            )?,
            log_starts: load(
                names::LOG_STARTS,
                "it cannot be read: records that were deleted by DeleteRecords may be seen again",
            )?,
            compacted_to: data.checkpoint(names::COMPACTED_TO)?.unwrap_or_default(),
            clean: data.is_clean(),
            intact: data.is_intact(),
        })
    }

    fn of(&self, files: &PartitionFiles) -> Known {
        let key = (files.topic.clone(), files.index);
        Known {
            durable_to: self.recovery_points.get(&key).copied(),
            log_start: self.log_starts.get(&key).copied(),
            compacted: self.compacted_to.contains_key(&key),
            clean: self.clean,
            intact: self.intact,
        }
    }
}

fn whole_directory(data: &DataDirectory, name: &str, cause: &str) -> Finding {
    Finding {
        partition: None,
        path: data.path().join(name),
        position: None,
        offset: None,
        cause: cause.to_owned(),
        lost: None,
        mend: Mend::SetAside,
    }
}

/// A finding about a file of a partition, as yet without a position.
fn about(files: &PartitionFiles, path: PathBuf, cause: String, mend: Mend) -> Finding {
    Finding {
        partition: Some((files.topic.clone(), files.index)),
        path,
        position: None,
        offset: None,
        cause,
        lost: None,
        mend,
    }
}
