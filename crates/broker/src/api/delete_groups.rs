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
    let broker = &context.broker;
    for group in &groups {
        // First what belongs to it: if the broker dies in between, the group is there to be deleted again.
        if broker.groups.may_delete_share(group).await.unwrap_or(false)
            && let Err(code) = broker.share.partitions.delete_group(group, None).await
        {
            tracing::warn!(%group, code = code.name(), "the share-partitions of a deleted group stay for now");
        }
    }
    let results = broker.groups.delete(groups.into_iter().collect()).await;
    DeleteGroupsResponse { results, ..Default::default() }
}
