//! Carries out how transactions end: a marker into every partition, the news to every group that has offsets pending,
//! then the word that all is done.
//!
//! One road for EndTxn, time-outs, InitProducerId and what a crash left behind. Each ending has a task of its own, so
//! that a partition whose disk fails holds up its own transaction and no other; it is tried again until it works or is
//! deleted. Everything here may happen twice: a marker that is written again changes nothing, because no next
//! transaction of the producer begins before this one is complete.

use super::{Machine, Transactions};
use crate::broker::Broker;
use crate::shard::Shard;
use ottla_base::PartitionIndex;
use ottla_coordinator::transaction::{Command, Complete, Ending, Participant, Reply, Version};
use ottla_storage::{AppendError, TransactionEnd, TransactionVersion};
use ottla_wire::ErrorCode;
use ottla_wire::record::Marker;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

/// Between attempts, and twice as long after each that failed.
const PAUSE_MIN: Duration = Duration::from_millis(10);
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// While a shard's state is being loaded.
const RELOAD_PAUSE: Duration = Duration::from_millis(100);

/// Markers say which incarnation of the coordinator decided. One broker alone has one.
const COORDINATOR_EPOCH: i32 = 0;

/// Finishes what one shard prepares, for ever. Dropping it stops everything that is under way.
pub(super) async fn run(broker: Arc<Broker>, shard: Arc<Shard<Machine>>) {
    let mut under_way = JoinSet::new();
    loop {
        match shard.ask(Command::Endings).await {
            Ok(Reply::Endings(endings)) => {
                while under_way.try_join_next().is_some() {}
                for ending in endings {
                    under_way.spawn_local(finish(Arc::clone(&broker), Arc::clone(&shard), ending));
                }
            }
            Ok(other) => {
                super::mixed_up(&other);
                return;
            }
            Err(_) => {
                // The state was lost, and what is prepared will be handed out anew. Nobody may work on it twice at a
                // time: the slower one could write a marker into the producer's next transaction.
                under_way.shutdown().await;
                while super::opening::take_in(&broker, &shard).await.is_err() {
                    tokio::time::sleep(RELOAD_PAUSE).await;
                }
            }
        }
    }
}

async fn finish(broker: Arc<Broker>, shard: Arc<Shard<Machine>>, ending: Ending) {
    let (mut left, mut pause) = (ending.participants.clone(), PAUSE_MIN);
    let mut unsettled = Some(Unsettled(&broker.transactions));
    loop {
        left = tell(&broker, &ending, left).await;
        // The first attempt is over; a start need not wait for more.
        drop(unsettled.take());
        if left.is_empty() {
            break;
        }
        tracing::warn!(
            id = %ending.id,
            missing = left.len(),
            "a transaction could not be ended everywhere; trying again in {pause:?}"
        );
        tokio::time::sleep(pause).await;
        pause = PAUSE_MAX.min(pause * 2);
    }
    let Ending { id, claim, .. } = ending;
    // If the state is lost meanwhile, the same ending is handed out again.
    let _ = shard.ask(|ticket| Command::Complete(Complete { ticket, id, claim })).await;
}

/// Counts down, at the end of its life, what a start has found to do.
struct Unsettled<'a>(&'a Transactions);

impl Drop for Unsettled<'_> {
    fn drop(&mut self) {
        self.0.unsettled.send_if_modified(|left| {
            let had_some = *left > 0;
            *left = left.saturating_sub(1);
            had_some
        });
    }
}

/// Tells participants how the transaction ends, durably. Returns whom it could not tell.
async fn tell(broker: &Broker, ending: &Ending, participants: Vec<Participant>) -> Vec<Participant> {
    let (mut partitions, mut offsets, mut left) = (Vec::new(), Vec::new(), Vec::new());
    for participant in participants {
        match participant {
            Participant::Partition(id) => partitions.push(id),
            Participant::Offsets(index) => offsets.push(index),
        }
    }
    let end = TransactionEnd {
        producer: ending.claim.producer,
        epoch: ending.claim.epoch,
        marker: Marker { kind: ending.outcome, coordinator_epoch: COORDINATOR_EPOCH },
        version: version_of(ending.version),
    };
    let ends = partitions.iter().map(|id| (*id, end)).collect();
    for (id, written) in partitions.into_iter().zip(broker.log.append_markers(ends).await) {
        match written {
            Ok(_) => {}
            // The topic was deleted, and what was written with it.
            Err(AppendError::NotFound(_)) => {}
            Err(error) if is_overtaken(&error) => {
                tracing::warn!(id = %ending.id, partition = %id, %error, "a transaction was ended by somebody else");
            }
            Err(_) => left.push(Participant::Partition(id)),
        }
    }
    for index in offsets {
        if let Err(code) = tell_groups(broker, ending, index).await {
            tracing::warn!(id = %ending.id, index = index.0, code = code.name(), "offsets are still pending");
            left.push(Participant::Offsets(index));
        }
    }
    left
}

async fn tell_groups(broker: &Broker, ending: &Ending, index: PartitionIndex) -> Result<(), ErrorCode> {
    let Ending { claim, outcome, .. } = ending;
    let told = broker.groups.complete_transaction(index, claim.producer, claim.epoch, *outcome).await;
    match told {
        // No group lives there.
        Err(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION) => Ok(()),
        told => told,
    }
}

/// An operator has ended the transaction there by a marker with a newer epoch. To insist would change nothing.
fn is_overtaken(error: &AppendError) -> bool {
    match error {
        AppendError::InvalidProducerEpoch { .. } | AppendError::FencedCoordinator { .. } => true,
        AppendError::NotFound(_)
        | AppendError::Storage(_)
        | AppendError::NoSpace(_)
        | AppendError::TooLarge { .. }
        | AppendError::OutOfOrderSequence { .. }
        | AppendError::InvalidTransactionState
        | AppendError::Malformed(_)
        | AppendError::Closed => false,
    }
}

pub(super) fn version_of(version: Version) -> TransactionVersion {
    match version {
        Version::One => TransactionVersion::V1,
        Version::Two => TransactionVersion::V2,
    }
}
