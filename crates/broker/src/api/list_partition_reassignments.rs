//! ListPartitionReassignments, key 46, version 0: which partitions are moving to other replicas. On one broker none ever
//! does, whichever are asked for; one that does not exist is no error, as in Apache Kafka.

use super::{Api, Context};
use ottla_wire::message::{ListPartitionReassignmentsRequest, ListPartitionReassignmentsResponse};
use std::ops::RangeInclusive;

const VERSIONS: RangeInclusive<i16> = 0..=0;

pub(super) fn api() -> Api {
    Api::new(VERSIONS, handle)
}

async fn handle(_: Context, _: ListPartitionReassignmentsRequest) -> ListPartitionReassignmentsResponse {
    ListPartitionReassignmentsResponse { error_message: None, ..Default::default() }
}
