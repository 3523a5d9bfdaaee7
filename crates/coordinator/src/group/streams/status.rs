//! What a heartbeat tells about the state of the group, by number.

use crate::group::refusal::explanation;
use ottla_wire::message::streams_group_heartbeat_response::Status;

/// A status, its detail cut where it would be too long to be sent.
#[must_use]
pub fn status(code: i8, detail: String) -> Status {
    Status { status_code: code, status_detail: explanation(detail) }
}

/// The member runs an older topology than the group.
pub(super) const STALE_TOPOLOGY: i8 = 0;
/// Topics that the application reads are not there.
pub(super) const MISSING_SOURCE_TOPICS: i8 = 1;
/// Topics do not have as many partitions as they must.
pub(super) const INCORRECTLY_PARTITIONED_TOPICS: i8 = 2;
/// Topics that are made for the application are not there yet.
pub const MISSING_INTERNAL_TOPICS: i8 = 3;
/// A member asked everybody to stop.
pub(super) const SHUTDOWN_APPLICATION: i8 = 4;
/// The assignment waits for its time.
pub(super) const ASSIGNMENT_DELAYED: i8 = 5;
/// The member lacks tags that the group asks for.
pub(super) const MISSING_CLIENT_TAGS: i8 = 6;
