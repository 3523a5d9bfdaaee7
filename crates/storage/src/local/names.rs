//! How files and directories are called; Kafka's names.

use ottla_base::{Offset, PartitionIndex, TopicName};
use std::path::{Path, PathBuf};

/// The kinds of files that belong to an offset of a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Log,
    Index,
    TimeIndex,
    TxnIndex,
    Snapshot,
}

impl Kind {
    pub(crate) const ALL: [Self; 5] =
        [Self::Log, Self::Index, Self::TimeIndex, Self::TxnIndex, Self::Snapshot];
    /// What is made from the log and goes with it.
    pub(crate) const INDEXES: [Self; 3] = [Self::Index, Self::TimeIndex, Self::TxnIndex];
    /// The files of one segment. Whoever removes one removes its log last: until then it is a segment.
    pub(crate) const OF_SEGMENTS: [Self; 4] = [Self::Index, Self::TimeIndex, Self::TxnIndex, Self::Log];

    fn extension(self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::Index => "index",
            Self::TimeIndex => "timeindex",
            Self::TxnIndex => "txnindex",
            Self::Snapshot => "snapshot",
        }
    }
}

/// The path of a partition's file: the offset as 20 digits, then the kind.
pub(crate) fn file(directory: &Path, offset: Offset, kind: Kind) -> PathBuf {
    directory.join(format!("{:020}.{}", offset.0, kind.extension()))
}

/// Reads a file name as [`file`] writes it.
pub(crate) fn parse_file(name: &str) -> Option<(Offset, Kind)> {
    let (digits, extension) = name.split_once('.')?;
    if digits.len() != 20 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let kind = Kind::ALL.into_iter().find(|kind| kind.extension() == extension)?;
    Some((Offset(digits.parse().ok()?), kind))
}

/// `<topic>-<n>`.
pub(crate) fn directory(topic: &TopicName, index: PartitionIndex) -> String {
    format!("{topic}-{index}")
}

/// Reads a directory name as [`directory`] writes it.
pub(crate) fn parse_directory(name: &str) -> Option<(TopicName, PartitionIndex)> {
    let (topic, index) = name.rsplit_once('-')?;
    let index: i32 = index.parse().ok()?;
    let topic = TopicName::parse(topic).ok()?;
    // Only the canonical form: not "topic-007", which would be a second directory of partition 7.
    (0 <= index && directory(&topic, PartitionIndex(index)) == name).then_some((topic, PartitionIndex(index)))
}

/// What [`directory`] becomes when the partition is deleted. `unique` keeps two deletions apart. The topic is
/// cut so that the name stays within 255 characters.
pub(crate) fn deleted_directory(directory: &str, unique: u64) -> String {
    let kept = &directory[..directory.len().min(DELETED_PREFIX_MAX)];
    format!("{kept}.{unique:016x}{DELETED_DIRECTORY_SUFFIX}")
}

pub(crate) const DELETED_DIRECTORY_SUFFIX: &str = "-delete";
pub(crate) const DELETED_FILE_SUFFIX: &str = ".deleted";
/// A segment that compaction is writing.
pub(crate) const CLEANED_SUFFIX: &str = ".cleaned";
/// A segment that compaction has written, and that takes the place of those whose offsets it covers.
pub(crate) const SWAP_SUFFIX: &str = ".swap";
/// Written, synced and then renamed to its real name.
pub(crate) const TEMPORARY_SUFFIX: &str = ".tmp";
/// What was taken out of a log and is kept for the operator.
pub(crate) const CUT_SUFFIX: &str = ".cut";
pub(crate) const LOCK: &str = ".lock";
/// In which run of the system the directory was written to, and what is in doubt since.
pub(crate) const RUN: &str = ".run";
pub(crate) const CLEAN_SHUTDOWN: &str = ".kafka_cleanshutdown";
pub(crate) const META_PROPERTIES: &str = "meta.properties";
pub(crate) const RECOVERY_POINTS: &str = "recovery-point-offset-checkpoint";
pub(crate) const LOG_STARTS: &str = "log-start-offset-checkpoint";
pub(crate) const COMPACTED_TO: &str = "cleaner-offset-checkpoint";
pub(crate) const LEADER_EPOCHS: &str = "leader-epoch-checkpoint";
pub(crate) const PARTITION_METADATA: &str = "partition.metadata";

const DELETED_PREFIX_MAX: usize = 255 - 1 - 16 - DELETED_DIRECTORY_SUFFIX.len();

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_canonical_names_are_ours() {
        let name = |text| parse_directory(text).map(|(topic, index)| (topic.to_string(), index.0));
        assert_eq!(name("my-topic-7"), Some(("my-topic".to_owned(), 7)));
        assert_eq!(name("topic-007"), None);
        assert_eq!(name("topic--1"), Some(("topic-".to_owned(), 1)));
        assert_eq!(name("topic"), None);
        assert_eq!(parse_file("00000000000000000042.log"), Some((Offset(42), Kind::Log)));
        assert_eq!(parse_file("00000000000000000042.log.deleted"), None);
        assert_eq!(parse_file("42.log"), None);
        let long = format!("{}-1", "x".repeat(249));
        let deleted = deleted_directory(&long, u64::MAX);
        assert_eq!(deleted.len(), 255);
        assert_eq!(parse_directory(&deleted), None);
    }
}
