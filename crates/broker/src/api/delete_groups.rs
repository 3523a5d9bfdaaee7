//! DeleteGroups, key 42, versions 0–3: groups that nobody is in go, with their offsets.
//!
//! GROUP_ID_NOT_FOUND or NON_EMPTY_GROUP for each group; v3 says in words why. A group that is named twice is
//! answered once.

use super::{Api, Context};
use ottla_wire::Str;
use ottla_wire::message::{DeleteGroupsRequest, DeleteGroupsResponse};
use std::collections::BTreeSet;
use std::ops::RangeInclusive;

const VERSIONS: RangeInclusive<i16> = 0..=3;

pub(super) fn api() -> Api {
    Api::new(VERSIONS, handle)
}

async fn handle(context: Context, request: DeleteGroupsRequest) -> DeleteGroupsResponse {
    let groups: BTreeSet<Str> = request.groups_names.into_iter().collect();
    let results = context.broker.groups.delete(groups.into_iter().collect()).await;
    DeleteGroupsResponse { results, ..Default::default() }
}
