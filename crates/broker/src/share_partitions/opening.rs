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
    pub(crate) async fn open_one(
        &self,
        broker: &Broker,
        group: &Str,
        partition: PartitionId,
    ) -> Result<(), ErrorCode> {
        let known = broker.groups.share_start(group, partition).await;
        let start = match known.map_err(|_| ErrorCode::NOT_LEADER_OR_FOLLOWER)? {
            Some(Start::Earliest) => Offset::ZERO,
            Some(Start::Reset) => reset_start(broker, group, partition)?,
            // What is made for a group that is not there would never go. The code is Apache Kafka's.
            None => return Err(ErrorCode::UNKNOWN_SERVER_ERROR),
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
