//! What members say became of records.

use super::{SharePartitions, id, mixed_up, of_unavailable};
use ottla_base::PartitionId;
use ottla_coordinator::share_partition::{Acknowledge, AcknowledgeBatch, Command, Config, Renew, Reply};
use ottla_wire::{ErrorCode, Str};
use std::sync::Arc;

/// The acknowledgements of one partition.
#[derive(Debug)]
pub(crate) struct Acknowledgement {
    pub(crate) partition: PartitionId,
    pub(crate) batches: Vec<AcknowledgeBatch>,
}

/// Whether a request may ask for more time.
pub(crate) type RenewAsked = Renew;

/// What a member is told of its acknowledgements in one partition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Acknowledged {
    pub(crate) code: ErrorCode,
    /// Cause and cure.
    pub(crate) message: Option<&'static str>,
}

impl From<ErrorCode> for Acknowledged {
    fn from(code: ErrorCode) -> Self {
        Self { code, message: None }
    }
}

impl SharePartitions {
    /// Acknowledges, all of it or nothing. Decided when this returns; what is returned resolves when it is durable.
    pub(crate) fn acknowledge(
        &self,
        (group, member): (&Str, &Str),
        config: Arc<Config>,
        renew: Renew,
        acknowledgement: Acknowledgement,
    ) -> impl Future<Output = Acknowledged> + use<> {
        let Acknowledgement { partition, batches } = acknowledgement;
        let (id, member) = (id(group, partition), member.clone());
        let asked = self.ask(group, |ticket| {
            Command::Acknowledge(Acknowledge { ticket, id, member, config, renew, batches })
        });
        async move {
            match asked.await.map_err(of_unavailable) {
                Ok(Reply::Acknowledged(Ok(()))) => Acknowledged::default(),
                Ok(Reply::Acknowledged(Err(refusal))) => {
                    Acknowledged { code: refusal.code, message: Some(refusal.message) }
                }
                // The code is Kafka's.
                Ok(Reply::Absent) => Acknowledged {
                    code: ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
                    message: Some(
                        "nobody in the group has fetched from this partition, or its offsets were deleted: \
                         fetch first",
                    ),
                },
                Ok(other) => mixed_up(&other).into(),
                Err(code) => code.into(),
            }
        }
    }
}
