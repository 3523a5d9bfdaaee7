//! InitProducerId, key 22, versions 0–5: gives a producer the id under which its batches are told apart from
//! their repetitions (KIP-98).
//!
//! - Without a transactional id: a new id and epoch 0, always.
//! - With one: transactions are not served yet, which the client learns by INVALID_REQUEST and the operator by
//!   a line in the log. An empty one is INVALID_REQUEST in Apache Kafka, too.

use super::{Api, Context};
use ottla_wire::error_code::ErrorCode;
use ottla_wire::message::{InitProducerIdRequest, InitProducerIdResponse};
use std::ops::RangeInclusive;

const VERSIONS: RangeInclusive<i16> = 0..=5;

pub(super) fn api() -> Api {
    Api::new(VERSIONS, handle)
}

async fn handle(context: Context, request: InitProducerIdRequest) -> InitProducerIdResponse {
    let refuse = |error_code| InitProducerIdResponse {
        error_code,
        producer_id: -1,
        producer_epoch: -1,
        ..Default::default()
    };
    if let Some(transactional_id) = request.transactional_id {
        tracing::warn!(%transactional_id, "refused a transactional producer: transactions are not served yet");
        return refuse(ErrorCode::INVALID_REQUEST);
    }
    match context.broker.producer_ids.next(&context.broker.meta).await {
        Ok(id) => InitProducerIdResponse { producer_id: id.0, producer_epoch: 0, ..Default::default() },
        Err(error) => {
            tracing::error!(%error, "cannot allocate producer ids");
            refuse(ErrorCode::COORDINATOR_NOT_AVAILABLE)
        }
    }
}
