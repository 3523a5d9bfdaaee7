//! InitProducerId, key 22, versions 0–5: gives a producer the id under which its batches are told apart from
//! their repetitions (KIP-98), and a transactional id its new owner.
//!
//! - Without a transactional id: a new producer id and epoch 0, always.
//! - With one: the next epoch, and everybody before is fenced. A transaction that is open is aborted, and the client
//!   hears CONCURRENT_TRANSACTIONS until that is done. An empty one is INVALID_REQUEST.
//! - v3: the producer may say who it was and go on after an error (KIP-360). v4: PRODUCER_FENCED; before,
//!   INVALID_PRODUCER_EPOCH.
//! - v6, two-phase commit, is unstable in Apache Kafka and not served.

use super::{Api, Context};
use crate::transactions::{self, Outcome};
use ottla_base::ProducerId;
use ottla_wire::error_code::ErrorCode;
use ottla_wire::message::{InitProducerIdRequest, InitProducerIdResponse};
use std::ops::RangeInclusive;

const VERSIONS: RangeInclusive<i16> = 0..=5;
const FIRST_VERSION_WITH_FENCED: i16 = 4;

pub(super) fn api() -> Api {
    Api::new(VERSIONS, handle)
}

async fn handle(context: Context, request: InitProducerIdRequest) -> InitProducerIdResponse {
    let response = match request.transactional_id {
        None => context.spare_producer_id().await.map(|id| InitProducerIdResponse {
            producer_id: id.0,
            producer_epoch: 0,
            ..Default::default()
        }),
        Some(_) => take_over(&context, request).await,
    };
    let response = response.unwrap_or_else(|error_code| InitProducerIdResponse {
        error_code,
        producer_id: -1,
        producer_epoch: -1,
        ..Default::default()
    });
    let error_code =
        transactions::for_version(response.error_code, context.version, FIRST_VERSION_WITH_FENCED);
    InitProducerIdResponse { error_code, ..response }
}

async fn take_over(
    context: &Context,
    request: InitProducerIdRequest,
) -> Result<InitProducerIdResponse, ErrorCode> {
    let mut spare = None;
    loop {
        match context.broker.transactions.init(request.clone(), spare).await? {
            Outcome::Answer(response) => return Ok(response),
            Outcome::SpareNeeded => spare = Some(context.spare_producer_id().await?),
        }
    }
}

impl Context {
    /// A producer id that nobody has.
    ///
    /// # Errors
    /// COORDINATOR_NOT_AVAILABLE if none could be reserved.
    pub(super) async fn spare_producer_id(&self) -> Result<ProducerId, ErrorCode> {
        self.broker.producer_ids.next(&self.broker.meta).await.map_err(|error| {
            tracing::error!(%error, "cannot allocate producer ids");
            ErrorCode::COORDINATOR_NOT_AVAILABLE
        })
    }
}
