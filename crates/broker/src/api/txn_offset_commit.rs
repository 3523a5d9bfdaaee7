//! TxnOffsetCommit, key 28, versions 0–6: remember how far a group has come if a transaction is committed.
//!
//! - The group's partition of `__consumer_offsets` must take part in the transaction: since v5 it does from then on,
//!   before, AddOffsetsToTxn must have come first. That is decided together with the commit, so that no end of the
//!   transaction slips in between and leaves the offsets pending for ever.
//! - Partitions that do not exist get UNKNOWN_TOPIC_OR_PARTITION, or UNKNOWN_TOPIC_ID (v6), the others are committed.
//! - v3+: the member says who it is (KIP-447). v4: TRANSACTION_ABORTABLE where the group takes no part in the
//!   transaction; before, INVALID_TXN_STATE. v6: topics by id (KIP-1319), GROUP_ID_NOT_FOUND, and STALE_MEMBER_EPOCH of
//!   consumer groups; before, both are ILLEGAL_GENERATION.

use super::{Api, Context};
use crate::Broker;
use crate::groups::partition_of;
use crate::transactions::{Rule, Writer, claim};
use ottla_base::TopicId;
use ottla_coordinator::group::refused_txn_commit;
use ottla_coordinator::transaction::Participant;
use ottla_wire::Str;
use ottla_wire::error_code::ErrorCode;
use ottla_wire::message::txn_offset_commit_request::TxnOffsetCommitRequestTopic;
use ottla_wire::message::txn_offset_commit_response::{
    TxnOffsetCommitResponsePartition, TxnOffsetCommitResponseTopic,
};
use ottla_wire::message::{TxnOffsetCommitRequest, TxnOffsetCommitResponse};
use std::ops::RangeInclusive;

const VERSIONS: RangeInclusive<i16> = 0..=6;
const FIRST_VERSION_WITH_ABORTABLE: i16 = 4;
const FIRST_VERSION_THAT_ADDS: i16 = 5;
const FIRST_VERSION_BY_ID: i16 = 6;

pub(super) fn api() -> Api {
    Api::new(VERSIONS, handle)
}

async fn handle(context: Context, mut request: TxnOffsetCommitRequest) -> TxnOffsetCommitResponse {
    let asked = std::mem::take(&mut request.topics);
    let mut refused = Vec::new();
    for topic in asked {
        let (known, unknown) = split(&context, topic);
        request.topics.extend(known);
        refused.extend(unknown);
    }
    if request.topics.is_empty() {
        return TxnOffsetCommitResponse { topics: refused, ..Default::default() };
    }
    let committed = commit(&context.broker, context.version, request.clone()).await;
    let mut response = committed.unwrap_or_else(|code| refused_txn_commit(request, code));
    for partition in response.topics.iter_mut().flat_map(|topic| &mut topic.partitions) {
        partition.error_code = for_version(context.version, partition.error_code);
    }
    for topic in refused {
        let same = |other: &&mut TxnOffsetCommitResponseTopic| {
            (&other.name, other.topic_id) == (&topic.name, topic.topic_id)
        };
        match response.topics.iter_mut().find(same) {
            Some(known) => known.partitions.extend(topic.partitions),
            None => response.topics.push(topic),
        }
    }
    response
}

/// Resolves when the offsets, and that the transaction knows of them, are durable.
async fn commit(
    broker: &Broker,
    version: i16,
    request: TxnOffsetCommitRequest,
) -> Result<TxnOffsetCommitResponse, ErrorCode> {
    if request.group_id.is_empty() {
        return Err(ErrorCode::INVALID_GROUP_ID);
    }
    let writer = Writer {
        id: request.transactional_id.clone(),
        claim: claim(request.producer_id, request.producer_epoch),
        rule: if version < FIRST_VERSION_THAT_ADDS { Rule::Verified } else { Rule::Added },
    };
    let participants = vec![Participant::Offsets(partition_of(&request.group_id))];
    let (vouched, committing) = broker.transactions.write(writer, participants, |allowed| {
        allowed.into_iter().collect::<Result<(), _>>().map(|()| broker.groups.txn_commit(request))
    });
    let response = committing.ok_or(ErrorCode::NOT_COORDINATOR)??.await?;
    vouched.durable().await?;
    Ok(response)
}

/// What of the topic exists, with its name and id filled in, and the refusal of what does not.
fn split(
    context: &Context,
    mut topic: TxnOffsetCommitRequestTopic,
) -> (Option<TxnOffsetCommitRequestTopic>, Option<TxnOffsetCommitResponseTopic>) {
    let image = &context.broker.image;
    let (found, missing) = if context.version < FIRST_VERSION_BY_ID {
        (image.topic(&topic.name), ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)
    } else {
        (image.topic_by_id(TopicId(topic.topic_id)), ErrorCode::UNKNOWN_TOPIC_ID)
    };
    let asked = std::mem::take(&mut topic.partitions);
    let (known, unknown) = match &found {
        Some(found) => {
            topic.name = Str::from(found.name.as_str());
            topic.topic_id = found.id.0;
            asked.into_iter().partition(|asked| found.partition(asked.partition_index).is_some())
        }
        None => (Vec::new(), asked),
    };
    let error_code = if found.is_some() { ErrorCode::UNKNOWN_TOPIC_OR_PARTITION } else { missing };
    let refuse = |partition_index| TxnOffsetCommitResponsePartition { partition_index, error_code };
    let refused = TxnOffsetCommitResponseTopic {
        name: topic.name.clone(),
        topic_id: topic.topic_id,
        partitions: unknown.iter().map(|asked| refuse(asked.partition_index)).collect(),
    };
    topic.partitions = known;
    (
        Some(topic).filter(|topic| !topic.partitions.is_empty()),
        Some(refused).filter(|refused| !refused.partitions.is_empty()),
    )
}

/// What the coordinators of the transaction and of the group say, as a client of this version understands it.
fn for_version(version: i16, code: ErrorCode) -> ErrorCode {
    match code {
        ErrorCode::PRODUCER_FENCED => ErrorCode::INVALID_PRODUCER_EPOCH,
        ErrorCode::TRANSACTION_ABORTABLE if version < FIRST_VERSION_WITH_ABORTABLE => {
            ErrorCode::INVALID_TXN_STATE
        }
        // Older clients know generations only.
        ErrorCode::GROUP_ID_NOT_FOUND | ErrorCode::STALE_MEMBER_EPOCH if version < FIRST_VERSION_BY_ID => {
            ErrorCode::ILLEGAL_GENERATION
        }
        // Older clients try this again.
        ErrorCode::CONCURRENT_TRANSACTIONS if version < FIRST_VERSION_THAT_ADDS => {
            ErrorCode::COORDINATOR_NOT_AVAILABLE
        }
        code => code,
    }
}
