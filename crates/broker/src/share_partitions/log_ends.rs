//! Logs that have become shorter than what share-partitions know of them.

use super::SharePartitions;
use ottla_coordinator::share_partition::{Command, Describe, Described, LogEnd, Reply};
use ottla_storage::Log;

impl SharePartitions {
    /// Holds each share-partition against its log; decided when this returns. Belongs to the start, before anybody reads:
    /// where a power cut has taken the end of a log, records that come in its place must not pass for the lost ones.
    pub(crate) fn match_logs(&self, log: &Log) {
        for shard in &self.shards {
            let all =
                |ticket| Command::Describe(Describe { ticket, group: None, partitions: None, ranges_max: 0 });
            let (asked, described) = shard.ask_then(all, Reply::clone);
            drop(asked);
            let Some(Reply::Described(described)) = described else { continue };
            for Described { id, .. } in described {
                // What cannot be read now comes back whole, or goes with its topic.
                let Ok(offsets) = log.offsets(id.partition) else { continue };
                let end = offsets.end;
                drop(shard.ask(|ticket| Command::LogEnd(LogEnd { ticket, id, end })));
            }
        }
    }
}
