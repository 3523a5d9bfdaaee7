//! DeleteGroups, key 42, versions 0–3: groups that nobody is in go, with their offsets.
//!
//! GROUP_ID_NOT_FOUND or NON_EMPTY_GROUP for each group; v3 says in words why. A group that is named twice is
//! answered once. Whoever joins a share group meanwhile is asked to come again.

use super::{Api, Context};
use crate::Broker;
use ottla_wire::message::delete_groups_response::DeletableGroupResult;
use ottla_wire::message::{DeleteGroupsRequest, DeleteGroupsResponse};
use ottla_wire::{ErrorCode, Str};
use std::collections::BTreeSet;
use std::ops::RangeInclusive;

const VERSIONS: RangeInclusive<i16> = 0..=3;

pub(super) fn api() -> Api {
    Api::new(VERSIONS, handle)
}

async fn handle(context: Context, request: DeleteGroupsRequest) -> DeleteGroupsResponse {
    let groups: BTreeSet<Str> = request.groups_names.into_iter().collect();
    let broker = &context.broker;
    let (mut going, mut refused) = (Vec::with_capacity(groups.len()), Vec::new());
    for group_id in groups {
        match delete_share_partitions(broker, &group_id).await {
            Ok(()) => going.push(group_id),
            Err(error_code) => {
                refused.push(DeletableGroupResult { group_id, error_code, ..Default::default() });
            }
        }
    }
    let mut results = broker.groups.delete(going).await;
    results.append(&mut refused);
    DeleteGroupsResponse { results, ..Default::default() }
}

/// First goes what belongs to a share group: as long as something of that is left, the group is there to be deleted
/// again, and nobody begins in a new group of its name where the old one was.
async fn delete_share_partitions(broker: &Broker, group: &Str) -> Result<(), ErrorCode> {
    match broker.groups.may_delete_share(group).await? {
        true => broker.share.partitions.delete_group(group, None).await,
        false => Ok(()),
    }
}
