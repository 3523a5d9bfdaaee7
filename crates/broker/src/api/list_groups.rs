//! ListGroups, key 16, versions 0–5: which groups there are.
//!
//! v4+: in some states only (KIP-518). v5+: of some types only (KIP-848). A filter is compared without regard to
//! case; a word that is no state or type lets nothing pass.

use super::{Api, Context};
use ottla_wire::error_code::ErrorCode;
use ottla_wire::message::{ListGroupsRequest, ListGroupsResponse};
use std::ops::RangeInclusive;

const VERSIONS: RangeInclusive<i16> = 0..=5;

pub(super) fn api() -> Api {
    Api::new(VERSIONS, handle)
}

async fn handle(context: Context, request: ListGroupsRequest) -> ListGroupsResponse {
    match context.broker.groups.list(&request.states_filter, &request.types_filter).await {
        Ok(groups) => ListGroupsResponse { groups, ..Default::default() },
        // A client that lists groups asks every broker, and does not look for a coordinator.
        Err(_) => {
            ListGroupsResponse { error_code: ErrorCode::COORDINATOR_LOAD_IN_PROGRESS, ..Default::default() }
        }
    }
}
