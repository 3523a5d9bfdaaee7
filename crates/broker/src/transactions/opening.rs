//! What a start does about transactions, before anybody connects: what is open in a log, or pending in a group, and
//! known to no transactional id is aborted, so that nothing holds back readers for ever, and the finisher gets to work.

use super::{Machine, finisher};
use crate::broker::Broker;
use crate::shard::Shard;
use ottla_base::{PartitionId, PartitionIndex, ProducerEpoch, ProducerId};
use ottla_coordinator::transaction::{Claim, Command, Open, Participant, Reconcile, Reply};
use ottla_storage::{ActiveProducer, TransactionEnd, TransactionVersion};
use ottla_wire::record::{Marker, MarkerKind};
use std::collections::HashSet;
use std::sync::Arc;
use tokio::task::JoinSet;

/// Compares logs and transactional ids, starts the finisher of every shard, and lets time-outs pass; all ends with
/// `background`. What is decided is decided before this returns.
pub(crate) fn start(broker: &Arc<Broker>, background: &mut JoinSet<()>) {
    let (logs, groups) = (broker.log.open_transactions(), broker.groups.open_transactions());
    let open = Arc::new(logs.iter().map(open).chain(groups.iter().map(pending)).collect::<Vec<_>>());
    let (mut known, mut prepared) = (HashSet::new(), 0);
    for shard in &broker.transactions.shards {
        let (places, count) = reconcile(shard, &open);
        known.extend(places);
        prepared += count;
    }
    broker.transactions.unsettled.send_replace(prepared);
    let orphan = |at: &usize| !known.contains(at);
    let in_logs = logs.iter().enumerate().filter(|(at, _)| orphan(at)).map(|(_, found)| *found);
    abort_orphans(broker, in_logs.collect(), background);
    let in_groups = (logs.len()..).zip(&groups).filter(|(at, _)| orphan(at)).map(|(_, found)| *found);
    drop_orphans(broker, in_groups.collect(), background);
    for shard in &broker.transactions.shards {
        background.spawn_local(Arc::clone(shard).run_timers());
        background.spawn_local(finisher::run(Arc::clone(broker), Arc::clone(shard)));
    }
}

/// After a shard's state was lost: takes in what was written into its transactions and is not known any more.
pub(super) fn take_in(broker: &Broker, shard: &Arc<Shard<Machine>>) {
    // Looked up under the shard's lock: no write and no end slips in between.
    let reconcile = |ticket| {
        let (logs, groups) = (broker.log.open_transactions(), broker.groups.open_transactions());
        let open = logs.iter().map(open).chain(groups.iter().map(pending)).collect::<Vec<_>>();
        Command::Reconcile(Reconcile { ticket, open: Arc::new(open) })
    };
    drop(shard.ask(reconcile));
}

/// Which of `open` belong to transactions of the shard, and how many of its transactions are prepared.
fn reconcile(shard: &Arc<Shard<Machine>>, open: &Arc<Vec<Open>>) -> (Vec<usize>, usize) {
    let command = |ticket| Command::Reconcile(Reconcile { ticket, open: Arc::clone(open) });
    let (asked, seen) = shard.ask_then(command, |reply| match reply {
        Reply::Reconcile { known, prepared } => (known.clone(), *prepared),
        other => {
            super::mixed_up(other);
            (Vec::new(), 0)
        }
    });
    drop(asked);
    seen.unwrap_or_default()
}

/// The marker fences whoever wrote, too: what it sends again must not be taken for what was aborted.
fn abort_orphans(
    broker: &Arc<Broker>,
    orphans: Vec<(PartitionId, ActiveProducer)>,
    background: &mut JoinSet<()>,
) {
    if orphans.is_empty() {
        return;
    }
    let ends = orphans.iter().map(|(id, producer)| {
        tracing::warn!(
            partition = %id,
            producer = producer.producer.0,
            epoch = producer.epoch.0,
            "aborting a transaction that is open in the log and that no transactional id has"
        );
        (*id, end_of_orphan(producer))
    });
    let written = broker.log.append_markers(ends.collect());
    background.spawn_local(async move {
        for ((id, _), written) in orphans.iter().zip(written.await) {
            if let Err(error) = written {
                tracing::error!(partition = %id, %error, "an orphaned transaction stays open until the next start");
            }
        }
    });
}

/// Offsets that nobody would ever commit.
fn drop_orphans(
    broker: &Arc<Broker>,
    orphans: Vec<(PartitionIndex, ProducerId, ProducerEpoch)>,
    background: &mut JoinSet<()>,
) {
    for (index, producer, epoch) in orphans {
        tracing::warn!(
            producer = producer.0,
            "dropping offsets of a transaction that no transactional id has"
        );
        let broker = Arc::clone(broker);
        background.spawn_local(async move {
            let told = broker.groups.complete_transaction(index, producer, epoch, MarkerKind::Abort).await;
            if let Err(code) = told {
                tracing::error!(code = code.name(), "they stay pending until the next start");
            }
        });
    }
}

fn end_of_orphan(producer: &ActiveProducer) -> TransactionEnd {
    TransactionEnd {
        producer: producer.producer,
        epoch: ProducerEpoch(producer.epoch.0.saturating_add(1)),
        marker: Marker { kind: MarkerKind::Abort, coordinator_epoch: producer.coordinator_epoch.max(0) },
        version: TransactionVersion::V1,
    }
}

fn open((id, producer): &(PartitionId, ActiveProducer)) -> Open {
    Open {
        claim: Claim { producer: producer.producer, epoch: producer.epoch },
        participant: Participant::Partition(*id),
    }
}

fn pending((index, producer, epoch): &(PartitionIndex, ProducerId, ProducerEpoch)) -> Open {
    Open { claim: Claim { producer: *producer, epoch: *epoch }, participant: Participant::Offsets(*index) }
}
