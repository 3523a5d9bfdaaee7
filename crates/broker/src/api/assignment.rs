//! Where a client wants the replicas of new partitions: on one broker there is one right answer.

use super::refused::Refused;
use ottla_base::BrokerId;
use ottla_wire::error_code::ErrorCode;

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
