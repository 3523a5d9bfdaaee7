//! Why records could not be read.

use crate::error::RequestError;
use crate::metadata::TopicPartition;
use ottla_base::Offset;
use ottla_wire::record::BatchError;

/// Records could not be read.
#[derive(Clone, Debug, thiserror::Error)]
pub enum FetchError {
    /// A broker refused or did not answer, and no retry mends it.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// The position is not in the log, and nobody said where else to go on.
    #[error("offset {position} of {partition} is not in the log: seek to another one or set a reset policy")]
    OutOfRange {
        /// Of which partition.
        partition: TopicPartition,
        /// The position.
        position: Offset,
    },
    /// The broker sent a batch that is damaged.
    #[error("a batch of {partition} is damaged: {source}")]
    Damaged {
        /// Of which partition.
        partition: TopicPartition,
        /// What is wrong with it.
        source: BatchError,
    },
}
