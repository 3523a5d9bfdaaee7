//! AddOffsetsToTxn, key 25, versions 0–4: a transaction is going to commit offsets of a group.
//!
//! What takes part is the partition of `__consumer_offsets` in which Kafka keeps the group. Clients of transaction
//! version 2 do not ask; TxnOffsetCommit 5 adds it by itself. v2: PRODUCER_FENCED; before, INVALID_PRODUCER_EPOCH.

use super::{Api, Context};
use crate::groups::partition_of;
use crate::transactions::{self, claim};
use ottla_coordinator::transaction::{Participant, Version};
use ottla_wire::error_code::ErrorCode;
use ottla_wire::message::{AddOffsetsToTxnRequest, AddOffsetsToTxnResponse};
use std::ops::RangeInclusive;

const VERSIONS: RangeInclusive<i16> = 0..=4;
const FIRST_VERSION_WITH_FENCED: i16 = 2;

pub(super) fn api() -> Api {
    Api::new(VERSIONS, handle)
}

async fn handle(context: Context, request: AddOffsetsToTxnRequest) -> AddOffsetsToTxnResponse {
    let AddOffsetsToTxnRequest { transactional_id, producer_id, producer_epoch, group_id } = request;
    let participants = vec![Participant::Offsets(partition_of(&group_id))];
    let who = claim(producer_id, producer_epoch);
    let added = context.broker.transactions.add(transactional_id, who, Version::One, participants).await;
    let error_code = added.err().unwrap_or(ErrorCode::NONE);
    let error_code = transactions::for_version(error_code, context.version, FIRST_VERSION_WITH_FENCED);
    AddOffsetsToTxnResponse { error_code, ..Default::default() }
}
