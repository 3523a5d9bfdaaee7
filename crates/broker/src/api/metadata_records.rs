//! How much of the metadata one request may change: 10 000 records, as in Apache Kafka, where a topic, a partition and a
//! setting are one each. Ottla keeps them otherwise; the limit is the same so that a request has the same fate.

use super::refused::Refused;
use ottla_wire::error_code::ErrorCode;

const PER_REQUEST_MAX: usize = 10_000;

/// Checks what a request changes in all.
pub(super) fn check(records: usize) -> Result<(), Refused> {
    if records <= PER_REQUEST_MAX {
        return Ok(());
    }
    Err(Refused::new(
        ErrorCode::POLICY_VIOLATION,
        format!(
            "{records} topics, partitions and settings are too many for one request: ask for at most {PER_REQUEST_MAX} \
             together, and add partitions by another request"
        ),
    ))
}
