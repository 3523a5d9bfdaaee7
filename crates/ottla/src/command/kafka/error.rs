//! Why a tool stops, and failures in the words of Kafka's clients.
//!
//! Whoever reads the output of a script knows these words: the class of an exception, and the sentence that goes with
//! an error code where the broker sends none of its own.

use crate::exit::{Failure, Status};
use ottla_client::{CallError, FetchError, GroupError, Refused, RequestError};
use ottla_wire::ErrorCode;
use std::{fmt, io};

/// Why a tool stops before it has done everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// The flags make no sense: the reason and the help go to standard error, and the status is 1.
    Usage(String),
    /// A line for standard error; the status is 1.
    Error(String),
    /// A line for standard output; the status is 1.
    Printed(String),
    /// What was asked for failed; the tool knows how to say it.
    Failed(Trouble),
    /// A line for standard output; the status is 0 all the same.
    Noted(String),
    /// Whoever read our output has closed it.
    Closed,
}

/// A failure as Kafka's clients tell it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Trouble {
    /// The class of the exception.
    pub(super) class: &'static str,
    /// Its words.
    pub(super) message: String,
}

/// With its class, as an exception is printed that is the cause of another.
impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.class, self.message)
    }
}

/// Failures that never reached a broker, or of which it did not tell.
const GENERAL: &str = "org.apache.kafka.common.KafkaException";

impl Trouble {
    pub(super) fn new(class: &'static str, message: impl Into<String>) -> Self {
        Self { class, message: message.into() }
    }

    /// What a code means if the broker says nothing about it.
    pub(super) fn of_code(code: ErrorCode) -> Self {
        let (class, sentence) = words(code);
        Self::new(class, sentence)
    }

    /// The failure as the cause of another one, whose words it is then.
    pub(super) fn wrapped(&self) -> Self {
        Self::new(self.class, self.to_string())
    }

    /// The failure behind two others.
    pub(super) fn wrapped_twice(&self) -> Self {
        Self::new(self.class, format!("java.util.concurrent.ExecutionException: {self}"))
    }

    /// A failure without a class of its own.
    pub(super) fn general(message: impl Into<String>) -> Self {
        Self::new(GENERAL, message)
    }
}

impl From<&Refused> for Trouble {
    fn from(refused: &Refused) -> Self {
        let (class, sentence) = words(refused.code);
        Self::new(class, refused.message.as_deref().unwrap_or(sentence))
    }
}

impl From<CallError> for Trouble {
    fn from(error: CallError) -> Self {
        let class = match &error {
            CallError::Unsupported { .. } | CallError::Inexpressible { .. } => {
                "org.apache.kafka.common.errors.UnsupportedVersionException"
            }
            CallError::Connect { .. } | CallError::TimedOut { .. } | CallError::UnknownBroker(_) => {
                "org.apache.kafka.common.errors.TimeoutException"
            }
            CallError::Closed { .. } => "org.apache.kafka.common.errors.DisconnectException",
            CallError::Malformed { .. } => GENERAL,
        };
        Self::new(class, error.to_string())
    }
}

impl From<RequestError> for Trouble {
    fn from(error: RequestError) -> Self {
        match error {
            RequestError::Call(error) => error.into(),
            RequestError::Refused(refused) => (&refused).into(),
        }
    }
}

impl From<Trouble> for Stop {
    fn from(trouble: Trouble) -> Self {
        Self::Failed(trouble)
    }
}

impl From<Refused> for Stop {
    fn from(refused: Refused) -> Self {
        Trouble::from(&refused).into()
    }
}

impl From<CallError> for Stop {
    fn from(error: CallError) -> Self {
        Trouble::from(error).into()
    }
}

impl From<RequestError> for Stop {
    fn from(error: RequestError) -> Self {
        Trouble::from(error).into()
    }
}

impl From<FetchError> for Stop {
    fn from(error: FetchError) -> Self {
        match error {
            FetchError::Request(error) => error.into(),
            FetchError::OutOfRange { .. } | FetchError::Damaged { .. } => {
                Trouble::general(error.to_string()).into()
            }
        }
    }
}

impl From<GroupError> for Stop {
    fn from(error: GroupError) -> Self {
        match error {
            GroupError::Request(error) => error.into(),
            GroupError::Fetch(error) => error.into(),
            GroupError::Rebalancing(refused) => refused.into(),
            GroupError::Fenced(_) | GroupError::Malformed { .. } | GroupError::Interrupted => {
                Trouble::general(error.to_string()).into()
            }
        }
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        match failure.status {
            Status::Ended => Self::Closed,
            _ => Trouble::general(failure.message).into(),
        }
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Failure::from(error).into()
    }
}

/// What a client of Kafka makes of a code: the class of the exception, and what it says if the broker does not.
fn words(code: ErrorCode) -> (&'static str, &'static str) {
    macro_rules! table {
        ($($name:ident $class:literal $sentence:literal;)*) => {
            match code {
                $(ErrorCode::$name => (concat!("org.apache.kafka.common.errors.", $class), $sentence),)*
                _ => (GENERAL, code.message()),
            }
        };
    }
    table! {
        UNKNOWN_SERVER_ERROR "UnknownServerException" "The server experienced an unexpected error when processing the request.";
        UNKNOWN_TOPIC_OR_PARTITION "UnknownTopicOrPartitionException" "This server does not host this topic-partition.";
        LEADER_NOT_AVAILABLE "LeaderNotAvailableException" "There is no leader for this topic-partition as we are in the middle of a leadership election.";
        COORDINATOR_NOT_AVAILABLE "CoordinatorNotAvailableException" "The coordinator is not available.";
        INVALID_TOPIC_EXCEPTION "InvalidTopicException" "The request attempted to perform an operation on an invalid topic.";
        INVALID_GROUP_ID "InvalidGroupIdException" "The group id is invalid.";
        UNKNOWN_MEMBER_ID "UnknownMemberIdException" "The coordinator is not aware of this member.";
        TOPIC_ALREADY_EXISTS "TopicExistsException" "Topic with this name already exists.";
        INVALID_PARTITIONS "InvalidPartitionsException" "Number of partitions is below 1.";
        INVALID_REPLICATION_FACTOR "InvalidReplicationFactorException" "Replication factor is below 1 or larger than the number of available brokers.";
        INVALID_REPLICA_ASSIGNMENT "InvalidReplicaAssignmentException" "Replica assignment is invalid.";
        INVALID_CONFIG "InvalidConfigurationException" "Configuration is invalid.";
        INVALID_REQUEST "InvalidRequestException" "This most likely occurs because of a request being malformed by the client library or the message was sent to an incompatible broker. See the broker logs for more details.";
        POLICY_VIOLATION "PolicyViolationException" "Request parameters do not satisfy the configured policy.";
        NON_EMPTY_GROUP "GroupNotEmptyException" "The group is not empty.";
        GROUP_ID_NOT_FOUND "GroupIdNotFoundException" "The group id does not exist.";
        GROUP_SUBSCRIBED_TO_TOPIC "GroupSubscribedToTopicException" "Deleting offsets of a topic is forbidden while the consumer group is actively subscribed to it.";
        UNKNOWN_TOPIC_ID "UnknownTopicIdException" "This server does not host this topic ID.";
        UNSUPPORTED_VERSION "UnsupportedVersionException" "The version of API is not supported.";
    }
}
