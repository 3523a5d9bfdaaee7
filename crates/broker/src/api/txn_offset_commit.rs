//! TxnOffsetCommit, key 28, versions 0–6: remember how far a group has come if a transaction is committed.
//!
//! - The group's partition of `__consumer_offsets` must take part in the transaction: since v5 it does from then on,
//!   before, AddOffsetsToTxn must have come first. That is decided together with the commit, so that no end of the
//!   transaction slips in between and leaves the offsets pending for ever.
//! - Partitions that do not exist get UNKNOWN_TOPIC_OR_PARTITION, or UNKNOWN_TOPIC_ID (v6), the others are committed.
//! - v3+: the member says who it is (KIP-447). v4: TRANSACTION_ABORTABLE where the group takes no part in the
//!   transaction; before, INVALID_TXN_STATE. v6: topics by id (KIP-1319), GROUP_ID_NOT_FOUND, and STALE_MEMBER_EPOCH of
//!   consumer groups; before, both are ILLEGAL_GENERATION.

use super::commit_topics::{Parted, TopicsBy, merge, part};
use super::{Api, Context};
use crate::Broker;
use crate::groups::partition_of;
use crate::transactions::{Rule, Writer, claim};
use ottla_coordinator::group::refused_txn_commit;
use ottla_coordinator::transaction::Participant;
use ottla_wire::error_code::ErrorCode;
use ottla_wire::message::txn_offset_commit_request::{
    TxnOffsetCommitRequestPartition, TxnOffsetCommitRequestTopic,
};
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
    let by = if context.version < FIRST_VERSION_BY_ID { TopicsBy::Name } else { TopicsBy::Id };
    let mut refused = Vec::new();
    for asked in std::mem::take(&mut request.topics) {
        let topic = (asked.name, asked.topic_id);
        let Parted { topic: (name, topic_id), known, unknown, error_code, .. } =
            part(&context.broker, by, topic, asked.partitions, |partition| partition.partition_index);
        if !unknown.is_empty() {
            let refuse = |asked: &TxnOffsetCommitRequestPartition| TxnOffsetCommitResponsePartition {
                partition_index: asked.partition_index,
                error_code,
            };
            let partitions = unknown.iter().map(refuse).collect();
            refused.push(TxnOffsetCommitResponseTopic { name: name.clone(), topic_id, partitions });
        }
        if !known.is_empty() {
            request.topics.push(TxnOffsetCommitRequestTopic { name, topic_id, partitions: known });
        }
    }
    if request.topics.is_empty() {
        return TxnOffsetCommitResponse { topics: refused, ..Default::default() };
    }
    let committed = commit(&context.broker, context.version, request.clone()).await;
    let mut response = committed.unwrap_or_else(|code| refused_txn_commit(request, code));
    for partition in response.topics.iter_mut().flat_map(|topic| &mut topic.partitions) {
        partition.error_code = for_version(context.version, partition.error_code);
    }
    merge(
        &mut response.topics,
        refused,
        |topic| (topic.name.clone(), topic.topic_id),
        |topic| &mut topic.partitions,
    );
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
