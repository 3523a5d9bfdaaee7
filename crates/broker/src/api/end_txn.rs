//! EndTxn, key 26, versions 0–5: commits or aborts the transaction of a transactional id.
//!
//! - The answer comes when the transaction has ended in every partition and group, so that whoever reads after a commit
//!   has returned sees it. Apache Kafka answers when the end is decided.
//! - v2: PRODUCER_FENCED; before, INVALID_PRODUCER_EPOCH.
//! - v5: transaction version 2 (KIP-890). The answer brings the epoch of the next transaction, and a new producer id
//!   when epochs are exhausted; a repetition is told by the old epoch and answered alike.

use super::{Api, Context};
use crate::transactions::{self, Outcome};
use ottla_coordinator::transaction::Version;
use ottla_wire::error_code::ErrorCode;
use ottla_wire::message::{EndTxnRequest, EndTxnResponse};
use std::ops::RangeInclusive;

const VERSIONS: RangeInclusive<i16> = 0..=5;
const FIRST_VERSION_WITH_FENCED: i16 = 2;
const FIRST_VERSION_OF_TWO: i16 = 5;

pub(super) fn api() -> Api {
    Api::new(VERSIONS, handle)
}

async fn handle(context: Context, request: EndTxnRequest) -> EndTxnResponse {
    let response = end(&context, request).await.unwrap_or_else(|error_code| EndTxnResponse {
        error_code,
        producer_id: -1,
        producer_epoch: -1,
        ..Default::default()
    });
    let error_code =
        transactions::for_version(response.error_code, context.version, FIRST_VERSION_WITH_FENCED);
    EndTxnResponse { error_code, ..response }
}

async fn end(context: &Context, request: EndTxnRequest) -> Result<EndTxnResponse, ErrorCode> {
    let version = if context.version < FIRST_VERSION_OF_TWO { Version::One } else { Version::Two };
    let mut spare = None;
    loop {
        match context.broker.transactions.end(request.clone(), version, spare).await? {
            Outcome::Answer(response) => return Ok(response),
            Outcome::SpareNeeded => spare = Some(context.spare_producer_id().await?),
        }
    }
}
