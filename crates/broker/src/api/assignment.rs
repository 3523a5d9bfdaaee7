//! Where a client wants the replicas of new partitions: on one broker there is one right answer.

use super::refused::Refused;
use ottla_base::BrokerId;
use ottla_wire::error_code::ErrorCode;

/// Most partitions that one request may create, as in Kafka.
pub(super) const PARTITIONS_PER_REQUEST_MAX: i32 = 10_000;

/// Checks the replicas wanted for one partition.
pub(super) fn check(brokers: &[i32], node: BrokerId) -> Result<(), Refused> {
    let wrong = |message: String| Err(Refused::new(ErrorCode::INVALID_REPLICA_ASSIGNMENT, message));
    match brokers {
        [] => wrong("a partition is assigned to no broker: name one".into()),
        _ if brokers.iter().any(|&broker| broker != node.0) => {
            let stranger = brokers.iter().find(|&&broker| broker != node.0).copied().unwrap_or_default();
            wrong(format!(
                "a partition is assigned to broker {stranger}, which does not exist: the only one is {}",
                node.0
            ))
        }
        [_] => Ok(()),
        _ => wrong(format!("a partition is assigned to broker {} more than once", node.0)),
    }
}

/// Checks that a request does not create more partitions than one may.
pub(super) fn check_count(new: i32) -> Result<(), Refused> {
    if new <= PARTITIONS_PER_REQUEST_MAX {
        return Ok(());
    }
    Err(Refused::new(
        ErrorCode::POLICY_VIOLATION,
        format!(
            "{new} new partitions are too many for one request: ask for at most {PARTITIONS_PER_REQUEST_MAX}"
        ),
    ))
}
