//! The codes by which responses say what went wrong.

use std::fmt;

/// The outcome of a request or of one part of it, as the wire carries it. The default is success.
///
/// A code that this version does not know is kept as it is.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ErrorCode(pub i16);

/// Whether a client may send the same request again and hope.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Advice {
    Retriable,
    Final,
}

struct Entry {
    code: i16,
    name: &'static str,
    advice: Advice,
    message: &'static str,
}

impl ErrorCode {
    /// Kafka's name of the code, as `NOT_COORDINATOR`; `UNKNOWN_ERROR_CODE` if there is none.
    pub fn name(self) -> &'static str {
        self.entry().map_or("UNKNOWN_ERROR_CODE", |entry| entry.name)
    }

    /// One sentence for a person: what is the cause, and what can be done.
    pub fn message(self) -> &'static str {
        self.entry().map_or("The peer uses an error code that is not known here.", |entry| entry.message)
    }

    /// Whether Kafka's clients send the request again by themselves.
    pub fn is_retriable(self) -> bool {
        self.entry().is_some_and(|entry| entry.advice == Advice::Retriable)
    }

    /// Whether the code says success.
    pub const fn is_none(self) -> bool {
        self.0 == 0
    }

    /// Success is `Ok`, any other code an error.
    ///
    /// # Errors
    /// The code itself, if it is not [`ErrorCode::NONE`].
    pub const fn ok(self) -> Result<(), Self> {
        if self.is_none() { Ok(()) } else { Err(self) }
    }

    fn entry(self) -> Option<&'static Entry> {
        // The codes are contiguous from -1 on; a test says so.
        let index = usize::try_from(i32::from(self.0) + 1).ok()?;
        ENTRIES.get(index)
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name(), self.0)
    }
}

impl fmt::Debug for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for ErrorCode {}

/// One line per code: number, name, whether Kafka's clients try again, sentence.
macro_rules! codes {
    ($($code:literal $name:ident $advice:ident $message:literal;)*) => {
        impl ErrorCode {
            $(
                #[doc = $message]
                pub const $name: Self = Self($code);
            )*

            /// Every code, ascending from -1.
            pub const ALL: &[Self] = &[$(Self::$name),*];
        }

        static ENTRIES: &[Entry] = &[$(Entry {
            code: $code,
            name: stringify!($name),
            advice: Advice::$advice,
            message: $message,
        }),*];
    };
}

codes! {
    -1 UNKNOWN_SERVER_ERROR Final "";
    0 NONE Final "";
    1 OFFSET_OUT_OF_RANGE Final "";
    2 CORRUPT_MESSAGE Retriable "";
    3 UNKNOWN_TOPIC_OR_PARTITION Retriable "";
    4 INVALID_FETCH_SIZE Final "";
    5 LEADER_NOT_AVAILABLE Retriable "";
    6 NOT_LEADER_OR_FOLLOWER Retriable "";
    7 REQUEST_TIMED_OUT Retriable "";
    8 BROKER_NOT_AVAILABLE Final "";
    9 REPLICA_NOT_AVAILABLE Retriable "";
    10 MESSAGE_TOO_LARGE Final "";
    11 STALE_CONTROLLER_EPOCH Final "";
    12 OFFSET_METADATA_TOO_LARGE Final "";
    13 NETWORK_EXCEPTION Retriable "";
    14 COORDINATOR_LOAD_IN_PROGRESS Retriable "";
    15 COORDINATOR_NOT_AVAILABLE Retriable "";
    16 NOT_COORDINATOR Retriable "";
    17 INVALID_TOPIC_EXCEPTION Final "";
    18 RECORD_LIST_TOO_LARGE Final "";
    19 NOT_ENOUGH_REPLICAS Retriable "";
    20 NOT_ENOUGH_REPLICAS_AFTER_APPEND Retriable "";
    21 INVALID_REQUIRED_ACKS Final "";
    22 ILLEGAL_GENERATION Final "";
    23 INCONSISTENT_GROUP_PROTOCOL Final "";
    24 INVALID_GROUP_ID Final "";
    25 UNKNOWN_MEMBER_ID Final "";
    26 INVALID_SESSION_TIMEOUT Final "";
    27 REBALANCE_IN_PROGRESS Final "";
    28 INVALID_COMMIT_OFFSET_SIZE Final "";
    29 TOPIC_AUTHORIZATION_FAILED Final "";
    30 GROUP_AUTHORIZATION_FAILED Final "";
    31 CLUSTER_AUTHORIZATION_FAILED Final "";
    32 INVALID_TIMESTAMP Final "";
    33 UNSUPPORTED_SASL_MECHANISM Final "";
    34 ILLEGAL_SASL_STATE Final "";
    35 UNSUPPORTED_VERSION Final "";
    36 TOPIC_ALREADY_EXISTS Final "";
    37 INVALID_PARTITIONS Final "";
    38 INVALID_REPLICATION_FACTOR Final "";
    39 INVALID_REPLICA_ASSIGNMENT Final "";
    40 INVALID_CONFIG Final "";
    41 NOT_CONTROLLER Retriable "";
    42 INVALID_REQUEST Final "";
    43 UNSUPPORTED_FOR_MESSAGE_FORMAT Final "";
    44 POLICY_VIOLATION Final "";
    45 OUT_OF_ORDER_SEQUENCE_NUMBER Final "";
    46 DUPLICATE_SEQUENCE_NUMBER Final "";
    47 INVALID_PRODUCER_EPOCH Final "";
    48 INVALID_TXN_STATE Final "";
    49 INVALID_PRODUCER_ID_MAPPING Final "";
    50 INVALID_TRANSACTION_TIMEOUT Final "";
    51 CONCURRENT_TRANSACTIONS Retriable "";
    52 TRANSACTION_COORDINATOR_FENCED Final "";
    53 TRANSACTIONAL_ID_AUTHORIZATION_FAILED Final "";
    54 SECURITY_DISABLED Final "";
    55 OPERATION_NOT_ATTEMPTED Final "";
    56 KAFKA_STORAGE_ERROR Retriable "";
    57 LOG_DIR_NOT_FOUND Final "";
    58 SASL_AUTHENTICATION_FAILED Final "";
    59 UNKNOWN_PRODUCER_ID Final "";
    60 REASSIGNMENT_IN_PROGRESS Final "";
    61 DELEGATION_TOKEN_AUTH_DISABLED Final "";
    62 DELEGATION_TOKEN_NOT_FOUND Final "";
    63 DELEGATION_TOKEN_OWNER_MISMATCH Final "";
    64 DELEGATION_TOKEN_REQUEST_NOT_ALLOWED Final "";
    65 DELEGATION_TOKEN_AUTHORIZATION_FAILED Final "";
    66 DELEGATION_TOKEN_EXPIRED Final "";
    67 INVALID_PRINCIPAL_TYPE Final "";
    68 NON_EMPTY_GROUP Final "";
    69 GROUP_ID_NOT_FOUND Final "";
    70 FETCH_SESSION_ID_NOT_FOUND Retriable "";
    71 INVALID_FETCH_SESSION_EPOCH Retriable "";
    72 LISTENER_NOT_FOUND Retriable "";
    73 TOPIC_DELETION_DISABLED Final "";
    74 FENCED_LEADER_EPOCH Retriable "";
    75 UNKNOWN_LEADER_EPOCH Retriable "";
    76 UNSUPPORTED_COMPRESSION_TYPE Final "";
    77 STALE_BROKER_EPOCH Final "";
    78 OFFSET_NOT_AVAILABLE Retriable "";
    79 MEMBER_ID_REQUIRED Final "";
    80 PREFERRED_LEADER_NOT_AVAILABLE Retriable "";
    81 GROUP_MAX_SIZE_REACHED Final "";
    82 FENCED_INSTANCE_ID Final "";
    83 ELIGIBLE_LEADERS_NOT_AVAILABLE Retriable "";
    84 ELECTION_NOT_NEEDED Retriable "";
    85 NO_REASSIGNMENT_IN_PROGRESS Final "";
    86 GROUP_SUBSCRIBED_TO_TOPIC Final "";
    87 INVALID_RECORD Final "";
    88 UNSTABLE_OFFSET_COMMIT Retriable "";
    89 THROTTLING_QUOTA_EXCEEDED Retriable "";
    90 PRODUCER_FENCED Final "";
    91 RESOURCE_NOT_FOUND Final "";
    92 DUPLICATE_RESOURCE Final "";
    93 UNACCEPTABLE_CREDENTIAL Final "";
    94 INCONSISTENT_VOTER_SET Final "";
    95 INVALID_UPDATE_VERSION Final "";
    96 FEATURE_UPDATE_FAILED Final "";
    97 PRINCIPAL_DESERIALIZATION_FAILURE Final "";
    98 SNAPSHOT_NOT_FOUND Final "";
    99 POSITION_OUT_OF_RANGE Final "";
    100 UNKNOWN_TOPIC_ID Retriable "";
    101 DUPLICATE_BROKER_REGISTRATION Final "";
    102 BROKER_ID_NOT_REGISTERED Final "";
    103 INCONSISTENT_TOPIC_ID Retriable "";
    104 INCONSISTENT_CLUSTER_ID Final "";
    105 TRANSACTIONAL_ID_NOT_FOUND Final "";
    106 FETCH_SESSION_TOPIC_ID_ERROR Retriable "";
    107 INELIGIBLE_REPLICA Final "";
    108 NEW_LEADER_ELECTED Final "";
    109 OFFSET_MOVED_TO_TIERED_STORAGE Final "";
    110 FENCED_MEMBER_EPOCH Final "";
    111 UNRELEASED_INSTANCE_ID Final "";
    112 UNSUPPORTED_ASSIGNOR Final "";
    113 STALE_MEMBER_EPOCH Final "";
    114 MISMATCHED_ENDPOINT_TYPE Final "";
    115 UNSUPPORTED_ENDPOINT_TYPE Final "";
    116 UNKNOWN_CONTROLLER_ID Final "";
    117 UNKNOWN_SUBSCRIPTION_ID Final "";
    118 TELEMETRY_TOO_LARGE Final "";
    119 INVALID_REGISTRATION Final "";
    120 TRANSACTION_ABORTABLE Final "";
    121 INVALID_RECORD_STATE Final "";
    122 SHARE_SESSION_NOT_FOUND Retriable "";
    123 INVALID_SHARE_SESSION_EPOCH Retriable "";
    124 FENCED_STATE_EPOCH Final "";
    125 INVALID_VOTER_KEY Final "";
    126 DUPLICATE_VOTER Final "";
    127 VOTER_NOT_FOUND Final "";
    128 INVALID_REGULAR_EXPRESSION Final "";
    129 REBOOTSTRAP_REQUIRED Final "";
    130 STREAMS_INVALID_TOPOLOGY Final "";
    131 STREAMS_INVALID_TOPOLOGY_EPOCH Final "";
    132 STREAMS_TOPOLOGY_FENCED Final "";
    133 SHARE_SESSION_LIMIT_REACHED Retriable "";
    134 GROUP_DELETION_FAILED Final "";
    135 STREAMS_TOPOLOGY_DESCRIPTION_UPDATE_FAILED Final "";
    136 CONTROLLER_ID_NOT_REGISTERED Final "";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_contiguous_and_each_has_a_sentence() {
        for (index, entry) in ENTRIES.iter().enumerate() {
            assert_eq!(i32::from(entry.code), index as i32 - 1, "{}", entry.name);
            assert!(entry.message.ends_with('.') && 20 < entry.message.len(), "{}", entry.name);
            assert_eq!(ErrorCode(entry.code).name(), entry.name);
        }
        assert_eq!(ErrorCode::ALL.len(), 138);
        assert_eq!(ErrorCode::ALL.last(), Some(&ErrorCode::CONTROLLER_ID_NOT_REGISTERED));
    }

    #[test]
    fn unknown_codes_are_kept() {
        for code in [ErrorCode(-2), ErrorCode(137), ErrorCode(i16::MAX), ErrorCode(i16::MIN)] {
            assert_eq!(code.name(), "UNKNOWN_ERROR_CODE");
            assert!(!code.is_retriable());
            assert_eq!(code.ok(), Err(code));
        }
    }

    #[test]
    fn clients_try_again_where_waiting_helps() {
        assert!(ErrorCode::NOT_COORDINATOR.is_retriable());
        assert!(ErrorCode::THROTTLING_QUOTA_EXCEEDED.is_retriable());
        assert!(!ErrorCode::ILLEGAL_GENERATION.is_retriable());
        assert!(!ErrorCode::NONE.is_retriable());
    }
}
