//! Where a share-partition begins that a group has not read before: `share.auto.offset.reset`.

use super::{SharePartitions, feed, id, mixed_up, of_unavailable};
use crate::Broker;
use crate::config::kinds::OffsetReset;
use ottla_base::{Offset, PartitionId, Timestamp};
use ottla_coordinator::group::share::Start;
use ottla_coordinator::share_partition::{Command, Open, Reply};
use ottla_storage::ReadBound;
use ottla_wire::{ErrorCode, Str};

impl SharePartitions {
    /// Makes a share-partition that is not there, beginning where the group's settings say. Resolves when it is durable,
    /// so that no record is passed over after a crash that was in front of a member before it.
    ///
    /// # Errors
    /// The code for the partition's answer.
    pub(super) async fn open_one(
        &self,
        broker: &Broker,
        group: &Str,
        partition: PartitionId,
    ) -> Result<(), ErrorCode> {
        let start = match broker.groups.share_start(group, partition).await? {
            Some(Start::Earliest) => Offset::ZERO,
            // As Apache Kafka, which asks nobody whether the member is one of the group.
            Some(Start::Reset) | None => reset_start(broker, group, partition)?,
        };
        let id = id(group, partition);
        let open = |ticket| Command::Open(Open { ticket, id, start });
        match self.ask(group, open).await.map_err(of_unavailable)? {
            Reply::Opened { .. } => Ok(()),
            other => Err(mixed_up(&other)),
        }
    }
}

/// Where `share.auto.offset.reset` of the group says, now.
///
/// # Errors
/// The code for the partition's answer.
pub(crate) fn reset_start(broker: &Broker, group: &str, partition: PartitionId) -> Result<Offset, ErrorCode> {
    let reset = broker.configs.group(group).share.auto_offset_reset;
    let offsets = broker.log.offsets(partition).map_err(|error| crate::error::of_read(&error))?;
    match reset {
        OffsetReset::Earliest => Ok(offsets.log_start),
        OffsetReset::Latest => Ok(offsets.high_watermark),
        OffsetReset::ByDuration(milliseconds) => {
            let back = i64::try_from(milliseconds).unwrap_or(i64::MAX);
            let at = Timestamp(broker.env.now().wall.0.saturating_sub(back).max(0));
            let found = broker.log.find_by_time(partition, at, ReadBound::HighWatermark);
            let found = found.map_err(|error| feed::code(&error.into()))?;
            Ok(found.map_or(offsets.high_watermark, |found| found.offset))
        }
    }
}
