//! What a failure below looks like to a client: every error of storage and topics becomes a Kafka code here, and
//! nowhere else.

use crate::shard::Unavailable;
use crate::topics::TopicError;
use ottla_storage::{AppendError, CreateError, DeleteError, MetaError, ReadError, TrimError};
use ottla_wire::error_code::ErrorCode;

pub(crate) fn of_append(error: &AppendError) -> ErrorCode {
    match error {
        AppendError::NotFound(_) => ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
        AppendError::Storage(_) | AppendError::NoSpace(_) => ErrorCode::KAFKA_STORAGE_ERROR,
        AppendError::TooLarge { .. } => ErrorCode::RECORD_LIST_TOO_LARGE,
        AppendError::OutOfOrderSequence { .. } => ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER,
        AppendError::InvalidProducerEpoch { .. } => ErrorCode::INVALID_PRODUCER_EPOCH,
        AppendError::InvalidTransactionState => ErrorCode::INVALID_TXN_STATE,
        AppendError::FencedCoordinator { .. } => ErrorCode::TRANSACTION_COORDINATOR_FENCED,
        AppendError::Malformed(_) => ErrorCode::CORRUPT_MESSAGE,
        AppendError::Closed => ErrorCode::NOT_LEADER_OR_FOLLOWER,
    }
}

pub(crate) fn of_read(error: &ReadError) -> ErrorCode {
    match error {
        ReadError::NotFound(_) => ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
        ReadError::OutOfRange { .. } => ErrorCode::OFFSET_OUT_OF_RANGE,
        // The start has told of it.
        ReadError::Offline(_) => ErrorCode::KAFKA_STORAGE_ERROR,
        ReadError::Io { .. } | ReadError::Damaged { .. } => {
            tracing::error!(%error, "a partition cannot be read");
            ErrorCode::KAFKA_STORAGE_ERROR
        }
    }
}

pub(crate) fn of_trim(error: &TrimError) -> ErrorCode {
    match error {
        TrimError::NotFound(_) => ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
        TrimError::OutOfRange { .. } => ErrorCode::OFFSET_OUT_OF_RANGE,
        TrimError::Offline(_) | TrimError::Io(_) => ErrorCode::KAFKA_STORAGE_ERROR,
    }
}

impl TopicError {
    /// What the client is told.
    pub(crate) fn code(&self) -> ErrorCode {
        match self {
            Self::Exists | Self::Meta(MetaError::TopicExists(_)) => ErrorCode::TOPIC_ALREADY_EXISTS,
            Self::Collides(_) | Self::Internal => ErrorCode::INVALID_TOPIC_EXCEPTION,
            Self::Unknown | Self::Meta(MetaError::TopicNotFound(_)) => ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
            Self::Meta(MetaError::NotMore { .. }) => ErrorCode::INVALID_PARTITIONS,
            Self::Meta(MetaError::Failed(_))
            | Self::Create(CreateError::Exists(_) | CreateError::NoSpace(_) | CreateError::Io { .. })
            | Self::Delete(DeleteError::NotFound(_) | DeleteError::Io { .. })
            | Self::BrokenOff(_) => ErrorCode::KAFKA_STORAGE_ERROR,
        }
    }
}

/// The client looks for the coordinator again, finds this one, and tries again.
impl From<Unavailable> for ErrorCode {
    fn from(Unavailable: Unavailable) -> Self {
        Self::NOT_COORDINATOR
    }
}
