//! StreamsGroupTopologyDescriptionUpdate, key 93, version 0: a member of a streams group sends the drawing of its
//! topology (KIP-1331), because a heartbeat asked for it.
//!
//! - It is kept with the group, and told by StreamsGroupDescribe. Apache Kafka needs a plug-in for that, and answers
//!   UNSUPPORTED_VERSION without one.
//! - It must be of the group's topology epoch, else INVALID_REQUEST, and no larger than 1 MiB, else
//!   STREAMS_TOPOLOGY_DESCRIPTION_UPDATE_FAILED.

use super::{Api, Context};
use ottla_wire::message::{
    StreamsGroupTopologyDescriptionUpdateRequest, StreamsGroupTopologyDescriptionUpdateResponse,
};
use std::ops::RangeInclusive;

const VERSIONS: RangeInclusive<i16> = 0..=0;

pub(super) fn api() -> Api {
    Api::new(VERSIONS, handle)
}

async fn handle(
    context: Context,
    request: StreamsGroupTopologyDescriptionUpdateRequest,
) -> StreamsGroupTopologyDescriptionUpdateResponse {
    let answer = context.broker.groups.describe_topology(request).await;
    answer.unwrap_or_else(|error_code| StreamsGroupTopologyDescriptionUpdateResponse {
        error_code,
        ..Default::default()
    })
}
