//! Why a record was not written.

use crate::error::{CallError, Refused, RequestError};
use ottla_base::PartitionIndex;
use std::sync::Arc;

/// A record was not written, or nobody knows whether it was.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ProduceError {
    /// The topic could not be looked up, or no producer id be had. Nothing was written.
    #[error(transparent)]
    Lookup(#[from] RequestError),
    /// The record is larger than the producer's limit. Nothing was written.
    #[error(
        "the record takes {bytes} bytes, more than the {limit} allowed: raise the limit or make it smaller"
    )]
    TooLarge {
        /// Its size in a batch.
        bytes: usize,
        /// Most that is allowed.
        limit: usize,
    },
    /// The topic has no such partition. Nothing was written.
    #[error("topic {topic} has {count} partitions, so there is no partition {partition}")]
    NoPartition {
        /// The topic.
        topic: Arc<str>,
        /// The partition asked for.
        partition: PartitionIndex,
        /// How many there are.
        count: usize,
    },
    /// The broker refused the record's batch. Nothing was written.
    #[error(transparent)]
    Refused(Refused),
    /// Time is up; the batch may have been written, and is only if an attempt reached the broker.
    #[error("not acknowledged within {after_ms} ms; the last attempt: {last}")]
    TimedOut {
        /// The producer's delivery timeout.
        after_ms: u64,
        /// What went wrong last.
        last: Box<RequestError>,
    },
    /// The request failed in a way that no retry mends.
    #[error(transparent)]
    Failed(CallError),
    /// Its transaction was aborted before it was sent.
    #[error("the transaction was aborted before the record was sent")]
    Aborted,
    /// The producer was dropped before.
    #[error("the producer was closed before the record was acknowledged")]
    Closed,
    /// Numbered batches make sense only if every one is acknowledged.
    #[error("idempotence needs acknowledgement by all replicas: set acks to all or switch idempotence off")]
    IdempotenceNeedsAcks,
}
