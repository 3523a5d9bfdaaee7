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
    #[cfg(test)]
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
            #[cfg(test)]
            code: $code,
            name: stringify!($name),
            advice: Advice::$advice,
            message: $message,
        }),*];
    };
}

codes! {
    -1 UNKNOWN_SERVER_ERROR Final
        "The server failed in a way it has no code for; its log says what happened.";
    0 NONE Final
        "Success; there is nothing to do.";
    1 OFFSET_OUT_OF_RANGE Final
        "No record has this offset: it was deleted already or not written yet; start from the earliest or latest offset.";
    2 CORRUPT_MESSAGE Retriable
        "The batch was damaged on its way or its checksum was computed wrongly; send it again.";
    3 UNKNOWN_TOPIC_OR_PARTITION Retriable
        "The broker has no such topic or partition; check the name, create the topic, or wait until its creation is known.";
    4 INVALID_FETCH_SIZE Final
        "The maximum size of the fetch is not usable; ask for a positive number of bytes.";
    5 LEADER_NOT_AVAILABLE Retriable
        "The partition has no leader at the moment; ask for metadata again and retry.";
    6 NOT_LEADER_OR_FOLLOWER Retriable
        "Another broker leads the partition now; ask for metadata and send the request there.";
    7 REQUEST_TIMED_OUT Retriable
        "The request was not finished within its time limit; retry, or allow it more time.";
    8 BROKER_NOT_AVAILABLE Final
        "The broker is not reachable; check that it runs and that the address is right.";
    9 REPLICA_NOT_AVAILABLE Retriable
        "The replica is not on this broker or not ready; ask for metadata again.";
    10 MESSAGE_TOO_LARGE Final
        "The batch is larger than the topic accepts; send smaller batches or raise max.message.bytes.";
    11 STALE_CONTROLLER_EPOCH Final
        "The request comes from a controller that was replaced; only the current one may send it.";
    12 OFFSET_METADATA_TOO_LARGE Final
        "The text stored with the committed offset is too long; shorten it or raise offset.metadata.max.bytes.";
    13 NETWORK_EXCEPTION Retriable
        "The connection broke before the answer arrived; the client connects again and retries.";
    14 COORDINATOR_LOAD_IN_PROGRESS Retriable
        "The coordinator is still reading its state; retry in a moment.";
    15 COORDINATOR_NOT_AVAILABLE Retriable
        "No coordinator can serve this group or transaction right now; look it up again and retry.";
    16 NOT_COORDINATOR Retriable
        "Another broker coordinates this group or transaction; look the coordinator up again.";
    17 INVALID_TOPIC_EXCEPTION Final
        "The topic is internal or its name not legal: 1 to 249 letters, digits, dots, underscores and hyphens.";
    18 RECORD_LIST_TOO_LARGE Final
        "The batch is larger than a segment of the log can be; send smaller batches or raise segment.bytes.";
    19 NOT_ENOUGH_REPLICAS Retriable
        "Fewer replicas are in sync than min.insync.replicas asks for; nothing was written, retry when replicas are back.";
    20 NOT_ENOUGH_REPLICAS_AFTER_APPEND Retriable
        "The batch was written, but fewer replicas than min.insync.replicas have it; retry when replicas are back.";
    21 INVALID_REQUIRED_ACKS Final
        "Acks must be 0, 1 or -1 (all); correct the setting of the producer.";
    22 ILLEGAL_GENERATION Final
        "The member speaks for a generation of the group that is over; join the group again.";
    23 INCONSISTENT_GROUP_PROTOCOL Final
        "Member and group have no protocol in common or differ in its type; align the assignors of all members.";
    24 INVALID_GROUP_ID Final
        "The group id is empty or not allowed for this request; set a valid group.id.";
    25 UNKNOWN_MEMBER_ID Final
        "The group does not know this member: its session ended or it never joined; join the group again.";
    26 INVALID_SESSION_TIMEOUT Final
        "The session time-out is outside of the broker's range; choose one between its minimum and maximum.";
    27 REBALANCE_IN_PROGRESS Final
        "The group is rebalancing; join again to learn the new assignment.";
    28 INVALID_COMMIT_OFFSET_SIZE Final
        "The offsets are too large to be stored together; commit fewer partitions or shorter metadata at once.";
    29 TOPIC_AUTHORIZATION_FAILED Final
        "The principal may not do this with the topic; grant it the operation in an access control list.";
    30 GROUP_AUTHORIZATION_FAILED Final
        "The principal may not use the group; grant it the operation in an access control list.";
    31 CLUSTER_AUTHORIZATION_FAILED Final
        "The principal may not do this with the cluster; grant it the operation in an access control list.";
    32 INVALID_TIMESTAMP Final
        "The timestamp of a record is too far from the broker's clock; correct it or widen the topic's timestamp limits.";
    33 UNSUPPORTED_SASL_MECHANISM Final
        "The broker does not offer this SASL mechanism; choose one of those in the answer.";
    34 ILLEGAL_SASL_STATE Final
        "The request does not fit the state of the SASL exchange; authenticate first, in the proper order.";
    35 UNSUPPORTED_VERSION Final
        "The broker does not speak this version of the API; choose one from its ApiVersions answer.";
    36 TOPIC_ALREADY_EXISTS Final
        "A topic of this name exists, or one that differs only in dots and underscores; choose another name.";
    37 INVALID_PARTITIONS Final
        "The number of partitions is not possible; it must be positive and can only grow.";
    38 INVALID_REPLICATION_FACTOR Final
        "The replication factor is not possible; it must be positive and at most the number of brokers.";
    39 INVALID_REPLICA_ASSIGNMENT Final
        "The assignment of replicas is not possible; name existing brokers, each once per partition, and every partition.";
    40 INVALID_CONFIG Final
        "A setting has a name or value that is not valid; correct it as the message says.";
    41 NOT_CONTROLLER Retriable
        "This broker is not the controller; ask for metadata and send the request to the controller.";
    42 INVALID_REQUEST Final
        "The request contradicts itself or lacks something; this is a mistake of the client.";
    43 UNSUPPORTED_FOR_MESSAGE_FORMAT Final
        "The record format of the topic lacks what the request needs; convert the topic to the current format.";
    44 POLICY_VIOLATION Final
        "A policy of the cluster forbids what was asked; change the request to comply with it.";
    45 OUT_OF_ORDER_SEQUENCE_NUMBER Final
        "A batch of this producer is missing before this one; the producer must restart its sequence.";
    46 DUPLICATE_SEQUENCE_NUMBER Final
        "The batch was written before and is not written again; the producer can go on.";
    47 INVALID_PRODUCER_EPOCH Final
        "The producer's epoch is not the newest: another instance took over; initialise the producer id again.";
    48 INVALID_TXN_STATE Final
        "The transaction is not in a state that allows this; begin, commit and abort in order.";
    49 INVALID_PRODUCER_ID_MAPPING Final
        "The producer id does not belong to this transactional id; initialise the transactional producer again.";
    50 INVALID_TRANSACTION_TIMEOUT Final
        "The transaction time-out is larger than transaction.max.timeout.ms or not positive; choose a smaller one.";
    51 CONCURRENT_TRANSACTIONS Retriable
        "The previous step of the transaction is still being finished; retry in a moment.";
    52 TRANSACTION_COORDINATOR_FENCED Final
        "The coordinator that ended the transaction has been replaced; its markers are refused.";
    53 TRANSACTIONAL_ID_AUTHORIZATION_FAILED Final
        "The principal may not use the transactional id; grant it the operation in an access control list.";
    54 SECURITY_DISABLED Final
        "No authorizer is configured, so there are no access control lists; configure one first.";
    55 OPERATION_NOT_ATTEMPTED Final
        "The operation was not tried because another part of the request failed; correct that part and send it again.";
    56 KAFKA_STORAGE_ERROR Retriable
        "The disk of the partition failed; the log of the broker names the file and the cause.";
    57 LOG_DIR_NOT_FOUND Final
        "The log directory is not among those of the broker; name a configured one.";
    58 SASL_AUTHENTICATION_FAILED Final
        "The credentials were refused; check user, password or token, and the mechanism.";
    59 UNKNOWN_PRODUCER_ID Final
        "The broker no longer knows the producer id, for its last records were deleted; initialise the producer id again.";
    60 REASSIGNMENT_IN_PROGRESS Final
        "The partition is being moved already; wait or cancel the move first.";
    61 DELEGATION_TOKEN_AUTH_DISABLED Final
        "Delegation tokens are switched off; set the broker's secret key for tokens.";
    62 DELEGATION_TOKEN_NOT_FOUND Final
        "The delegation token does not exist; create a new one.";
    63 DELEGATION_TOKEN_OWNER_MISMATCH Final
        "The principal is not the owner or a renewer of the delegation token; use one who is.";
    64 DELEGATION_TOKEN_REQUEST_NOT_ALLOWED Final
        "Delegation tokens cannot be managed over this connection; authenticate with TLS or SASL, and not by a token.";
    65 DELEGATION_TOKEN_AUTHORIZATION_FAILED Final
        "The principal may not use the delegation token; grant it the operation in an access control list.";
    66 DELEGATION_TOKEN_EXPIRED Final
        "The delegation token has expired; create a new one.";
    67 INVALID_PRINCIPAL_TYPE Final
        "The type of principal is not supported; use User.";
    68 NON_EMPTY_GROUP Final
        "The group has members; stop them before changing or deleting it.";
    69 GROUP_ID_NOT_FOUND Final
        "There is no such group; check the id and the type of the group.";
    70 FETCH_SESSION_ID_NOT_FOUND Retriable
        "The broker has forgotten the fetch session; the client starts a new one by a full fetch.";
    71 INVALID_FETCH_SESSION_EPOCH Retriable
        "The fetch session is at another epoch; the client starts a new one by a full fetch.";
    72 LISTENER_NOT_FOUND Retriable
        "The leader has no listener of the name that the client used; configure the same listeners on every broker.";
    73 TOPIC_DELETION_DISABLED Final
        "Deleting topics is switched off; set delete.topic.enable to true.";
    74 FENCED_LEADER_EPOCH Retriable
        "The client knows an older leader epoch than the broker; it asks for metadata and retries.";
    75 UNKNOWN_LEADER_EPOCH Retriable
        "The client knows a newer leader epoch than the broker; it retries when the broker has caught up.";
    76 UNSUPPORTED_COMPRESSION_TYPE Final
        "The client or topic cannot use this compression; zstd needs a newer request version.";
    77 STALE_BROKER_EPOCH Final
        "The broker's epoch is not the current one; it must register again.";
    78 OFFSET_NOT_AVAILABLE Retriable
        "The new leader cannot tell its high watermark yet; retry in a moment.";
    79 MEMBER_ID_REQUIRED Final
        "The member must join again with the id that this answer gives it.";
    80 PREFERRED_LEADER_NOT_AVAILABLE Retriable
        "The preferred leader is not in sync or not up; retry when it is.";
    81 GROUP_MAX_SIZE_REACHED Final
        "The group has as many members as group.max.size allows; raise it or start fewer members.";
    82 FENCED_INSTANCE_ID Final
        "Another member took over this group.instance.id; give each instance an id of its own.";
    83 ELIGIBLE_LEADERS_NOT_AVAILABLE Retriable
        "No replica that may lead the partition is up; bring one back or allow an unclean election.";
    84 ELECTION_NOT_NEEDED Retriable
        "The partition has the leader it should have; there is nothing to do.";
    85 NO_REASSIGNMENT_IN_PROGRESS Final
        "The partition is not being moved; there is nothing to cancel.";
    86 GROUP_SUBSCRIBED_TO_TOPIC Final
        "Members of the group subscribe to the topic; unsubscribe before deleting its offsets.";
    87 INVALID_RECORD Final
        "A record breaks a rule, as a missing key does on a compacted topic; correct the record that is named.";
    88 UNSTABLE_OFFSET_COMMIT Retriable
        "A transaction has offsets pending that are not decided; retry when it has ended.";
    89 THROTTLING_QUOTA_EXCEEDED Retriable
        "The quota for changes is used up; wait for the time the answer gives.";
    90 PRODUCER_FENCED Final
        "A newer instance with the same transactional id has taken over; this one must close.";
    91 RESOURCE_NOT_FOUND Final
        "There is no such resource; check its name and type.";
    92 DUPLICATE_RESOURCE Final
        "A resource of this name exists; choose another name.";
    93 UNACCEPTABLE_CREDENTIAL Final
        "The credential does not meet the rules; change it as the message says.";
    94 INCONSISTENT_VOTER_SET Final
        "The sender and the receiver disagree about the set of voters; correct the quorum's configuration.";
    95 INVALID_UPDATE_VERSION Final
        "The version of the update is not the one that follows; read the current state and try again.";
    96 FEATURE_UPDATE_FAILED Final
        "The feature could not be changed; the message says which broker or level is in the way.";
    97 PRINCIPAL_DESERIALIZATION_FAILURE Final
        "The forwarded principal cannot be read; use the same principal builder on every node.";
    98 SNAPSHOT_NOT_FOUND Final
        "The snapshot does not exist any more; fetch a newer one.";
    99 POSITION_OUT_OF_RANGE Final
        "The position lies behind the end of the snapshot; start the snapshot again.";
    100 UNKNOWN_TOPIC_ID Retriable
        "The broker has no topic with this id: it was deleted or is not known yet; ask for metadata again.";
    101 DUPLICATE_BROKER_REGISTRATION Final
        "A broker with this node id is registered already; give each broker an id of its own.";
    102 BROKER_ID_NOT_REGISTERED Final
        "No broker with this id is registered; register it first.";
    103 INCONSISTENT_TOPIC_ID Retriable
        "The topic has another id than the client believes: it was created anew; ask for metadata again.";
    104 INCONSISTENT_CLUSTER_ID Final
        "The request is meant for another cluster; check the bootstrap addresses and the cluster id.";
    105 TRANSACTIONAL_ID_NOT_FOUND Final
        "There is no such transactional id; check its spelling, it may have expired.";
    106 FETCH_SESSION_TOPIC_ID_ERROR Retriable
        "The fetch session mixes topic names and ids; the client starts a new one by a full fetch.";
    107 INELIGIBLE_REPLICA Final
        "The replica may not join those in sync; it must be registered and running.";
    108 NEW_LEADER_ELECTED Final
        "A new leader was elected meanwhile; send the request to it.";
    109 OFFSET_MOVED_TO_TIERED_STORAGE Final
        "The offset has moved to remote storage; read from there, or from the local start of the log.";
    110 FENCED_MEMBER_EPOCH Final
        "The member's epoch is not the group's view of it; join again with epoch 0.";
    111 UNRELEASED_INSTANCE_ID Final
        "The group.instance.id is in use by a member that has not left; stop it or wait for its session to end.";
    112 UNSUPPORTED_ASSIGNOR Final
        "The group does not know the assignor that the member asks for; choose one that the broker offers.";
    113 STALE_MEMBER_EPOCH Final
        "The member's epoch is behind; send a heartbeat, learn the new epoch, and retry.";
    114 MISMATCHED_ENDPOINT_TYPE Final
        "The request is for another kind of node; send it to a broker or controller, whichever it names.";
    115 UNSUPPORTED_ENDPOINT_TYPE Final
        "This kind of endpoint is not served here; ask for the brokers instead.";
    116 UNKNOWN_CONTROLLER_ID Final
        "No controller has this id; ask for the quorum's state.";
    117 UNKNOWN_SUBSCRIPTION_ID Final
        "The subscription id of the telemetry is not current; ask for the subscriptions again.";
    118 TELEMETRY_TOO_LARGE Final
        "The telemetry is larger than the broker accepts; send fewer metrics at once.";
    119 INVALID_REGISTRATION Final
        "The registration of the controller is not valid; correct its listeners and features.";
    120 TRANSACTION_ABORTABLE Final
        "The transaction cannot be completed; abort it and start it again.";
    121 INVALID_RECORD_STATE Final
        "The record is not acquired by this member, for example because its lock expired; it is delivered again.";
    122 SHARE_SESSION_NOT_FOUND Retriable
        "The broker has no such share session; the client starts a new one.";
    123 INVALID_SHARE_SESSION_EPOCH Retriable
        "The share session is at another epoch; the client starts a new one.";
    124 FENCED_STATE_EPOCH Final
        "The state epoch of the share group is not current; the share coordinator must read it again.";
    125 INVALID_VOTER_KEY Final
        "The voter's directory id is not the one that the quorum knows; correct it.";
    126 DUPLICATE_VOTER Final
        "The voter is part of the quorum already; there is nothing to add.";
    127 VOTER_NOT_FOUND Final
        "The quorum has no such voter; check its id and directory id.";
    128 INVALID_REGULAR_EXPRESSION Final
        "The regular expression of the subscription is not valid; correct its RE2 syntax.";
    129 REBOOTSTRAP_REQUIRED Final
        "The client must begin anew at its bootstrap addresses, for the broker it reached is not the one it believes.";
    130 STREAMS_INVALID_TOPOLOGY Final
        "The topology of the streams application is not valid; correct it as the message says.";
    131 STREAMS_INVALID_TOPOLOGY_EPOCH Final
        "The topology epoch is not valid; restart the streams application with one topology.";
    132 STREAMS_TOPOLOGY_FENCED Final
        "The topology epoch of the member is behind that of the group; restart it with the current topology.";
    133 SHARE_SESSION_LIMIT_REACHED Retriable
        "The broker holds as many share sessions as it may; retry later or raise the limit.";
    134 GROUP_DELETION_FAILED Final
        "The group could not be deleted; the message says why.";
    135 STREAMS_TOPOLOGY_DESCRIPTION_UPDATE_FAILED Final
        "The description of the topology could not be stored; the message says why.";
    136 CONTROLLER_ID_NOT_REGISTERED Final
        "No controller with this id is registered; check the id.";
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
