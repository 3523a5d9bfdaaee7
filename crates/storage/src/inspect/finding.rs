//! What is wrong, where, and what mends it.

use ottla_base::{LeaderEpoch, Offset, PartitionIndex, TopicName};
use std::path::PathBuf;

/// One thing that is wrong with a data directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The topic and partition, unless the whole directory is concerned.
    pub partition: Option<(TopicName, PartitionIndex)>,
    /// The file.
    pub path: PathBuf,
    /// The first byte of it that is wrong, if that can be told.
    pub position: Option<u64>,
    /// The first offset that is concerned, if that can be told.
    pub offset: Option<Offset>,
    /// What is wrong.
    pub cause: String,
    /// Records that cannot be read for it.
    pub lost: Option<LostOffsets>,
    /// What would mend it.
    pub mend: Mend,
}

/// Offsets whose records are gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LostOffsets {
    /// The first of them.
    pub first: Offset,
    /// The first after them that can be read again; `None` at the end of a log, where nobody knows how many there
    /// were.
    pub next: Option<Offset>,
}

/// What mends a [`Finding`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mend {
    /// The next start of a broker ends the log here, as after any crash: what follows was not known to be durable.
    /// Whole batches in it are kept aside.
    NextStart,
    /// The segment's log ends at this byte from now on; the rest is kept aside.
    CutTail {
        /// The segment.
        base: Offset,
        /// Its new length.
        position: u64,
    },
    /// The bytes from `position` to `end` are taken out and kept aside; what follows becomes a segment of its own.
    CutOut {
        /// The segment.
        base: Offset,
        /// The first byte to go.
        position: u64,
        /// The first byte that stays.
        end: u64,
        /// Offset of the batch that begins there.
        next: Offset,
    },
    /// The segment's indexes are made anew from its log.
    RebuildIndexes {
        /// The segment.
        base: Offset,
    },
    /// The batch at `position` gets the leader epoch of its neighbours, which its checksum does not cover.
    SetEpoch {
        /// The segment.
        base: Offset,
        /// Where the batch begins.
        position: u64,
        /// What it was.
        epoch: LeaderEpoch,
    },
    /// The leader epochs are written anew: these are those of the log's batches.
    RebuildEpochs(Vec<(LeaderEpoch, Offset)>),
    /// The file is put aside under another name; a broker does without it.
    SetAside,
    /// The log goes on at this offset, behind what was known to be durable: no offset is given twice.
    GoOnAt(Offset),
    /// Nothing here can: the operator has to restore, move or remove the file.
    ByHand(&'static str),
}

impl Mend {
    /// What to do about it, as a sentence for people.
    #[must_use]
    pub fn cure(&self) -> String {
        match self {
            Self::NextStart => "nothing: the next start of the broker cuts it off".to_owned(),
            Self::CutTail { .. } => "'ottla log repair' cuts it off and keeps a copy".to_owned(),
            Self::CutOut { .. } => "'ottla log repair' takes it out and keeps a copy".to_owned(),
            Self::RebuildIndexes { .. } | Self::RebuildEpochs(_) => {
                "'ottla log repair' makes it anew from the log".to_owned()
            }
            Self::SetEpoch { epoch, .. } => format!("'ottla log repair' sets it to {epoch}"),
            Self::SetAside => "'ottla log repair' puts the file aside; a broker does without it".to_owned(),
            Self::GoOnAt(offset) => format!("'ottla log repair' lets the log go on at offset {offset}"),
            Self::ByHand(cure) => (*cure).to_owned(),
        }
    }
}
