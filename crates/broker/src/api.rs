//! The whole Kafka surface: every API key is served by a file of its own, or refused here by name.
//!
//! Decoding, the version check and encoding happen once, around all handlers. A handler is an async function from a request
//! to its response; those of Produce and Fetch say besides whether they have to wait at all. It runs up to its first await
//! before the next request of its connection starts; [`connection`](crate::connection) says which requests may overlap
//! after that.

mod add_offsets_to_txn;
mod add_partitions_to_txn;
mod add_raft_voter;
mod alter_configs;
mod alter_partition_reassignments;
mod alter_replica_log_dirs;
mod alter_share_group_offsets;
mod api_versions;
mod assignment;
mod commit_topics;
mod consumer_group_describe;
mod consumer_group_heartbeat;
mod create_partitions;
mod create_topics;
mod delete_groups;
mod delete_records;
mod delete_share_group_offsets;
mod delete_topics;
mod describe_cluster;
mod describe_configs;
mod describe_groups;
mod describe_log_dirs;
mod describe_producers;
mod describe_quorum;
mod describe_share_group_offsets;
mod describe_topic_partitions;
mod describe_transactions;
mod elect_leaders;
mod end_txn;
mod features;
mod fetch;
mod find_coordinator;
mod heartbeat;
mod incremental_alter_configs;
mod init_producer_id;
mod join_group;
mod leave_group;
mod list_config_resources;
mod list_groups;
mod list_offsets;
mod list_partition_reassignments;
mod list_transactions;
mod metadata;
mod metadata_records;
mod offset_commit;
mod offset_delete;
mod offset_fetch;
mod offset_for_leader_epoch;
mod produce;
mod refused;
mod remove_raft_voter;
mod resource;
mod share_acknowledge;
mod share_fetch;
mod share_group_describe;
mod share_group_heartbeat;
mod streams_group_describe;
mod streams_group_heartbeat;
mod streams_group_topology_description_update;
mod sync_group;
#[cfg(test)]
mod tests;
mod txn_offset_commit;
mod unregister_broker;
mod unregister_controller;
mod update_features;
mod write_txn_markers;

use crate::Broker;
use crate::connection::Peer;
use crate::gathering::Gathering;
use ottla_base::Now;
use ottla_coordinator::group::Client;
use ottla_wire::codec::{self, DecodeError, EncodeError, Encoded, Reader};
use ottla_wire::message::{Request, Response};
use ottla_wire::{ApiKey, Str};
use std::future::Future;
use std::ops::RangeInclusive;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, OnceLock};

/// Everything that a handler may know besides its request.
#[derive(Clone)]
pub(crate) struct Context {
    /// What all connections share.
    pub(crate) broker: Arc<Broker>,
    /// The connection that the request came in on.
    pub(crate) peer: Rc<Peer>,
    /// Where appends of its worker come together.
    pub(crate) gathering: Rc<Gathering>,
    /// The version that the client chose for this request.
    pub(crate) version: i16,
    /// What the client calls itself; for logs and group descriptions only.
    pub(crate) client_id: Option<Str>,
    /// When the request was read.
    pub(crate) now: Now,
    correlation_id: i32,
}

impl Context {
    /// Who sent the request, as operators see it, in memory of its own.
    fn client(&self) -> Client {
        Client {
            id: self.client_id.as_ref().map(Str::detached).unwrap_or_default(),
            host: Str::from(format!("/{}", self.peer.address.ip().to_canonical())),
        }
    }
}

/// What becomes of a request.
#[derive(Debug)]
pub(crate) enum Answer<R> {
    /// The client gets this response.
    Send(R),
    /// The client asked for no response (Produce with acks 0).
    Silent,
    /// The client asked for no response and something failed: closing the connection is the only way left
    /// to tell it.
    Close,
}

/// Why a request could not be carried through. The connection is closed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    /// The frame is no request.
    #[error("the request cannot be read: {0}")]
    Decode(#[from] DecodeError),
    /// A handler filled in a field that this version cannot carry: a bug of ours.
    #[error("the response cannot be written: {0}")]
    Encode(#[from] EncodeError),
    /// Kafka closes the connection, too.
    #[error("API key {key} is unknown; a client asks only for keys that ApiVersions lists")]
    UnknownKey { key: i16 },
    /// Kafka closes the connection, too.
    #[error("{} (key {}) is not served", .key.name(), *.key as i16)]
    NotServed { key: ApiKey },
    /// Kafka closes the connection, too.
    #[error("{} is served in versions {} to {}, not {version}", .key.name(), .served.start(), .served.end())]
    Version { key: ApiKey, version: i16, served: RangeInclusive<i16> },
}

/// A request whose answer has to be waited for.
pub(crate) type Call = Pin<Box<dyn Future<Output = Result<Answer<Encoded>, CallError>>>>;

/// A request whose header and body could be read.
pub(crate) enum Started {
    /// It has its answer.
    Answered(Answer<Encoded>),
    /// It goes on when it is polled.
    Running(Call),
}

/// How far a handler gets without waiting.
enum Step<R> {
    /// To the end.
    Answered(Answer<R>),
    /// To where it waits.
    Waits(Pin<Box<dyn Future<Output = Answer<R>>>>),
}

/// One Kafka API: its key, its versions, and who answers.
pub(crate) struct Api {
    pub(crate) key: ApiKey,
    pub(crate) versions: RangeInclusive<i16>,
    call: Box<dyn Fn(Context, Reader) -> Result<Started, CallError> + Send + Sync>,
}

impl Api {
    /// An API that always answers.
    fn new<R, F, Fut>(versions: RangeInclusive<i16>, handle: F) -> Self
    where
        R: Request,
        F: Fn(Context, R) -> Fut + Copy + Send + Sync + 'static,
        Fut: Future<Output = R::Response> + 'static,
    {
        let call = move |context: Context, mut body: Reader| {
            let (version, correlation_id) = (context.version, context.correlation_id);
            let response = handle(context, R::decode(&mut body, version)?);
            Ok(Started::Running(Box::pin(async move {
                encode(Answer::Send(response.await), correlation_id, version)
            })))
        };
        Self { key: R::KEY, versions, call: Box::new(call) }
    }

    /// An API that needs no waiting most of the time, and whose request may ask for no response.
    fn in_steps<R, F>(versions: RangeInclusive<i16>, handle: F) -> Self
    where
        R: Request<Response: 'static>,
        F: Fn(Context, R) -> Step<R::Response> + Copy + Send + Sync + 'static,
    {
        let call = move |context: Context, mut body: Reader| {
            let (version, correlation_id) = (context.version, context.correlation_id);
            let request = R::decode(&mut body, version)?;
            Ok(match handle(context, request) {
                Step::Answered(answer) => Started::Answered(encode(answer, correlation_id, version)?),
                Step::Waits(answer) => {
                    Started::Running(Box::pin(async move { encode(answer.await, correlation_id, version) }))
                }
            })
        };
        Self { key: R::KEY, versions, call: Box::new(call) }
    }
}

fn encode<R: Response>(
    answer: Answer<R>,
    correlation_id: i32,
    version: i16,
) -> Result<Answer<Encoded>, CallError> {
    Ok(match answer {
        Answer::Send(response) => Answer::Send(codec::encode_response(correlation_id, &response, version)?),
        Answer::Silent => Answer::Silent,
        Answer::Close => Answer::Close,
    })
}

/// Who answers `key`, or `None` where Ottla does not serve it.
#[expect(clippy::too_many_lines, reason = "a flat table: one line for each key")]
fn api(key: ApiKey) -> Option<Api> {
    Some(match key {
        ApiKey::Produce => produce::api(),
        ApiKey::Fetch => fetch::api(),
        ApiKey::ListOffsets => list_offsets::api(),
        ApiKey::Metadata => metadata::api(),
        ApiKey::OffsetCommit => offset_commit::api(),
        ApiKey::OffsetFetch => offset_fetch::api(),
        ApiKey::FindCoordinator => find_coordinator::api(),
        ApiKey::JoinGroup => join_group::api(),
        ApiKey::Heartbeat => heartbeat::api(),
        ApiKey::LeaveGroup => leave_group::api(),
        ApiKey::SyncGroup => sync_group::api(),
        ApiKey::DescribeGroups => describe_groups::api(),
        ApiKey::ListGroups => list_groups::api(),
        ApiKey::ListConfigResources => list_config_resources::api(),
        ApiKey::ApiVersions => api_versions::api(),
        ApiKey::CreateTopics => create_topics::api(),
        ApiKey::DeleteTopics => delete_topics::api(),
        ApiKey::DeleteRecords => delete_records::api(),
        ApiKey::InitProducerId => init_producer_id::api(),
        ApiKey::OffsetForLeaderEpoch => offset_for_leader_epoch::api(),
        ApiKey::AddPartitionsToTxn => add_partitions_to_txn::api(),
        ApiKey::AddOffsetsToTxn => add_offsets_to_txn::api(),
        ApiKey::EndTxn => end_txn::api(),
        ApiKey::WriteTxnMarkers => write_txn_markers::api(),
        ApiKey::TxnOffsetCommit => txn_offset_commit::api(),
        ApiKey::DescribeConfigs => describe_configs::api(),
        ApiKey::AlterConfigs => alter_configs::api(),
        ApiKey::CreatePartitions => create_partitions::api(),
        ApiKey::DeleteGroups => delete_groups::api(),
        ApiKey::IncrementalAlterConfigs => incremental_alter_configs::api(),
        ApiKey::OffsetDelete => offset_delete::api(),
        ApiKey::DescribeCluster => describe_cluster::api(),
        ApiKey::DescribeProducers => describe_producers::api(),
        ApiKey::DescribeTransactions => describe_transactions::api(),
        ApiKey::ListTransactions => list_transactions::api(),
        ApiKey::ConsumerGroupHeartbeat => consumer_group_heartbeat::api(),
        ApiKey::ConsumerGroupDescribe => consumer_group_describe::api(),
        ApiKey::DescribeTopicPartitions => describe_topic_partitions::api(),
        ApiKey::ShareGroupHeartbeat => share_group_heartbeat::api(),
        ApiKey::ShareGroupDescribe => share_group_describe::api(),
        ApiKey::ShareFetch => share_fetch::api(),
        ApiKey::ShareAcknowledge => share_acknowledge::api(),
        ApiKey::DescribeShareGroupOffsets => describe_share_group_offsets::api(),
        ApiKey::AlterShareGroupOffsets => alter_share_group_offsets::api(),
        ApiKey::DeleteShareGroupOffsets => delete_share_group_offsets::api(),
        ApiKey::StreamsGroupHeartbeat => streams_group_heartbeat::api(),
        ApiKey::StreamsGroupDescribe => streams_group_describe::api(),
        ApiKey::StreamsGroupTopologyDescriptionUpdate => streams_group_topology_description_update::api(),
        ApiKey::AlterReplicaLogDirs => alter_replica_log_dirs::api(),
        ApiKey::DescribeLogDirs => describe_log_dirs::api(),
        ApiKey::ElectLeaders => elect_leaders::api(),
        ApiKey::AlterPartitionReassignments => alter_partition_reassignments::api(),
        ApiKey::ListPartitionReassignments => list_partition_reassignments::api(),
        ApiKey::DescribeQuorum => describe_quorum::api(),
        ApiKey::UpdateFeatures => update_features::api(),
        ApiKey::UnregisterBroker => unregister_broker::api(),
        ApiKey::AddRaftVoter => add_raft_voter::api(),
        ApiKey::RemoveRaftVoter => remove_raft_voter::api(),
        ApiKey::UnregisterController => unregister_controller::api(),
        // Among the nodes of a cluster; Ottla is one node, which needs none of them.
        ApiKey::Vote
        | ApiKey::BeginQuorumEpoch
        | ApiKey::EndQuorumEpoch
        | ApiKey::AlterPartition
        | ApiKey::Envelope
        | ApiKey::FetchSnapshot
        | ApiKey::BrokerRegistration
        | ApiKey::BrokerHeartbeat
        | ApiKey::AllocateProducerIds
        | ApiKey::ControllerRegistration
        | ApiKey::AssignReplicasToDirs
        | ApiKey::UpdateRaftVoter => return None,
        // Between Kafka's brokers; Ottla keeps this state in its journal.
        ApiKey::InitializeShareGroupState
        | ApiKey::ReadShareGroupState
        | ApiKey::WriteShareGroupState
        | ApiKey::DeleteShareGroupState
        | ApiKey::ReadShareGroupStateSummary => return None,
        // Not served yet, and therefore not listed by ApiVersions.
        ApiKey::SaslHandshake
        | ApiKey::DescribeAcls
        | ApiKey::CreateAcls
        | ApiKey::DeleteAcls
        | ApiKey::SaslAuthenticate
        | ApiKey::CreateDelegationToken
        | ApiKey::RenewDelegationToken
        | ApiKey::ExpireDelegationToken
        | ApiKey::DescribeDelegationToken
        | ApiKey::DescribeClientQuotas
        | ApiKey::AlterClientQuotas
        | ApiKey::DescribeUserScramCredentials
        | ApiKey::AlterUserScramCredentials
        | ApiKey::GetTelemetrySubscriptions
        | ApiKey::PushTelemetry => return None,
    })
}

/// Every served API, in the order of the keys.
pub(crate) fn served() -> impl Iterator<Item = &'static Api> {
    table().iter().flatten()
}

fn table() -> &'static [Option<Api>] {
    static TABLE: OnceLock<Vec<Option<Api>>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let last = ApiKey::ALL.into_iter().map(|key| key as usize).max().unwrap_or(0);
        let mut table: Vec<Option<Api>> = (0..=last).map(|_| None).collect();
        for key in ApiKey::ALL {
            table[key as usize] = api(key);
        }
        table
    })
}

/// Whether a request may start before the one ahead of it on its connection has its answer.
///
/// Only Produce may, behind Produce: its records get their place, in order, before its first await, and what is
/// awaited is that they are written and durable. Everything else starts when all before it is answered, as in Kafka.
pub(crate) fn may_overlap(frame: &[u8]) -> bool {
    frame.first_chunk::<2>().is_some_and(|key| i16::from_be_bytes(*key) == ApiKey::Produce as i16)
}

/// Reads a request and starts whoever answers it.
///
/// # Errors
/// [`CallError`] where the connection has to be closed.
pub(crate) fn call(
    broker: Arc<Broker>,
    peer: Rc<Peer>,
    gathering: Rc<Gathering>,
    now: Now,
    frame: bytes::Bytes,
) -> Result<Started, CallError> {
    let mut body = Reader::new(frame);
    let header = codec::decode_request_header(&mut body)?;
    let number = header.request_api_key;
    let key = ApiKey::try_from(number).map_err(|_| CallError::UnknownKey { key: number })?;
    let Some(api) = table()[key as usize].as_ref() else { return Err(CallError::NotServed { key }) };
    let context = Context {
        broker,
        peer,
        gathering,
        version: header.request_api_version,
        client_id: header.client_id,
        now,
        correlation_id: header.correlation_id,
    };
    if api.versions.contains(&context.version) {
        return (api.call)(context, body);
    }
    if key == ApiKey::ApiVersions {
        // KIP-511: whoever is newer than we are learns our versions in the one form that all can read.
        let answer = Answer::Send(api_versions::unsupported_version());
        return Ok(Started::Answered(encode(answer, context.correlation_id, 0)?));
    }
    Err(CallError::Version { key, version: context.version, served: api.versions.clone() })
}
