//! One entry of an answer that says no: Kafka's code for programs, cause and cure for people.

use crate::config::AlterError;
use crate::topics::TopicError;
use ottla_base::name::IllegalTopicName;
use ottla_wire::Str;
use ottla_wire::error_code::ErrorCode;

/// Why one part of a request is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) code: ErrorCode,
    pub(super) message: String,
}

impl Refused {
    pub(super) fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// INVALID_REQUEST.
    pub(super) fn request(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::INVALID_REQUEST, message)
    }

    /// UNKNOWN_TOPIC_OR_PARTITION.
    pub(super) fn unknown_topic(name: &str) -> Self {
        Self::new(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, format!("there is no topic '{name}'"))
    }

    /// UNKNOWN_TOPIC_OR_PARTITION, of a topic that exists.
    pub(super) fn unknown_partition(topic: &str, index: i32) -> Self {
        let message = format!("the topic '{topic}' has no partition {index}");
        Self::new(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, message)
    }

    /// What an answer's pair of fields holds: the code, and the message if there is one.
    pub(super) fn fields(outcome: Result<(), Self>) -> (ErrorCode, Option<Str>) {
        match outcome {
            Ok(()) => (ErrorCode::NONE, None),
            Err(Self { code, message }) => (code, Some(message.into())),
        }
    }
}

impl From<AlterError> for Refused {
    fn from(error: AlterError) -> Self {
        match error {
            AlterError::Request(message) => Self::new(ErrorCode::INVALID_REQUEST, message),
            AlterError::Config(message) => Self::new(ErrorCode::INVALID_CONFIG, message),
        }
    }
}

impl From<TopicError> for Refused {
    fn from(error: TopicError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

impl From<IllegalTopicName> for Refused {
    fn from(illegal: IllegalTopicName) -> Self {
        Self::new(ErrorCode::INVALID_TOPIC_EXCEPTION, illegal.to_string())
    }
}
