//! Records for a member, of one share-partition.
//!
//! The machine says what it wants to know of the log, is told, and is asked again; whatever it hands out then is located
//! in the log. Nothing of it reaches the member before all that was decided before is durable.

use super::{SharePartitions, feed, id, mixed_up, of_unavailable};
use crate::Broker;
use ottla_base::PartitionId;
use ottla_coordinator::share_partition::{
    Acquire, Command, Config, Extend, Id, More, Range, Reply, Scanned, Want,
};
use ottla_wire::record::Records;
use ottla_wire::{ErrorCode, Str};
use std::sync::Arc;

/// How often the log is looked at for one answer, at most: then the member gets what is known by then, or nothing and
/// asks again. Long stretches of the log without a record to deliver are passed in more than one step.
const LOOKS_MAX: usize = 16;

/// Who wants records, and how.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub(crate) group: Str,
    pub(crate) member: Str,
    pub(crate) want: Want,
}

/// What a member got of one share-partition.
#[derive(Debug, Default)]
pub(crate) struct Acquired {
    /// Ascending.
    pub(crate) ranges: Vec<Range>,
    /// Whole batches that hold them, and perhaps others.
    pub(crate) records: Records,
    /// There may be more where the looking stopped.
    pub(crate) is_cut_short: bool,
}

impl SharePartitions {
    /// Acquires records, and finds where they lie. Nothing is no error.
    ///
    /// # Errors
    /// The code for the partition's answer.
    pub(crate) async fn acquire(
        &self,
        broker: &Broker,
        wanted: &Wanted,
        partition: PartitionId,
    ) -> Result<Acquired, ErrorCode> {
        let id = id(&wanted.group, partition);
        let (mut more, mut looks, mut is_cut_short) = (More::Ask, 0, false);
        loop {
            let offsets = broker.log.offsets(partition).map_err(|error| crate::error::of_read(&error))?;
            // Those of now, at each look: a member that has waited since before a queue was paused gets nothing either.
            let (settings, config) = broker.share_config(&wanted.group);
            let acquire = Acquire {
                ticket: ottla_coordinator::Ticket(0),
                id: id.clone(),
                member: wanted.member.clone(),
                config: Arc::clone(&config),
                want: wanted.want,
                log_start: offsets.log_start,
                more,
            };
            let command = |ticket| Command::Acquire(Acquire { ticket, ..acquire });
            let (asked, seen) = self.ask_and_see(&wanted.group, command);
            looks += 1;
            match seen {
                None => {
                    asked.await.map_err(of_unavailable)?;
                    // Loaded meanwhile, or answered later, which acquiring never is.
                    return Err(ErrorCode::NOT_LEADER_OR_FOLLOWER);
                }
                Some(Reply::Absent) if looks <= LOOKS_MAX => {
                    self.open_one(broker, &wanted.group, partition).await?;
                }
                // It is made and deleted as fast as that.
                Some(Reply::Absent) => return Err(ErrorCode::NOT_LEADER_OR_FOLLOWER),
                Some(Reply::Acquired(acquired)) => match acquired.feed {
                    None => {
                        // Before the disk is waited for: others may be served meanwhile.
                        let located = self.located(broker, &id, acquired.ranges);
                        asked.await.map_err(of_unavailable)?;
                        return located.map(|located| Acquired { is_cut_short, ..located });
                    }
                    Some(asked_for) => {
                        let reader = feed::Reader {
                            group: &wanted.group,
                            config: &config,
                            isolation: settings.share.isolation_level,
                        };
                        let found = feed::scan(&broker.log, partition, reader, asked_for);
                        match found.map_err(|error| feed::code(&error))? {
                            Some(feed::Found { scanned, placed }) => {
                                self.spots.put(&id, &placed);
                                self.extend(id.clone(), config, scanned);
                                if LOOKS_MAX <= looks {
                                    (more, is_cut_short) = (More::Never, true);
                                }
                            }
                            None => more = More::Never,
                        }
                    }
                },
                Some(other) => return Err(mixed_up(&other)),
            }
        }
    }

    /// Tells the machine what is in the log; its answer says nothing.
    fn extend(&self, id: Id, config: Arc<Config>, scanned: Scanned) {
        let group = id.group.clone();
        drop(self.ask(&group, |ticket| Command::Extend(Extend { ticket, id, config, scanned })));
    }

    fn located(&self, broker: &Broker, id: &Id, ranges: Vec<Range>) -> Result<Acquired, ErrorCode> {
        if ranges.is_empty() {
            return Ok(Acquired::default());
        }
        let known = self.spots.take(id, &ranges);
        let located = feed::locate(&broker.log, id.partition, ranges, known);
        let (ranges, records) = located.map_err(|error| feed::code(&error))?;
        Ok(Acquired { ranges, records, is_cut_short: false })
    }
}
