//! What a start does about transactions, before anybody connects: what is open in a log, or pending in a group, and
//! known to no transactional id is aborted, so that nothing holds back readers for ever, and the finisher gets to work.

use super::{Machine, finisher};
use crate::broker::Broker;
use crate::shard::{Shard, Unavailable};
use ottla_base::{PartitionId, PartitionIndex, ProducerEpoch, ProducerId};
use ottla_coordinator::transaction::{Claim, Command, Open, Participant, Reconcile, Reply};
use ottla_storage::{ActiveProducer, TransactionEnd, TransactionVersion};
use ottla_wire::record::{Marker, MarkerKind};
use std::cell::RefCell;
use std::collections::HashSet;
use std::sync::Arc;
use tokio::task::JoinSet;

/// What is open anywhere.
struct Found {
    logs: Vec<(PartitionId, ActiveProducer)>,
    groups: Vec<(PartitionIndex, ProducerId, ProducerEpoch)>,
}

impl Found {
    fn look(broker: &Broker) -> Self {
        Self { logs: broker.log.open_transactions(), groups: broker.groups.open_transactions() }
    }

    /// The same as the coordinator sees it: logs first.
    fn open(&self) -> Arc<Vec<Open>> {
        Arc::new(self.logs.iter().map(open).chain(self.groups.iter().map(pending)).collect())
    }

    /// What of it stands at these places.
    fn keep(self, places: &HashSet<usize>) -> Self {
        let Self { logs, groups } = self;
        let first_group = logs.len();
        let logs = logs.into_iter().enumerate().filter(|(at, _)| places.contains(at));
        let groups = (first_group..).zip(groups).filter(|(at, _)| places.contains(at));
        Self {
            logs: logs.map(|(_, found)| found).collect(),
            groups: groups.map(|(_, found)| found).collect(),
        }
    }
}

/// Compares logs and transactional ids, starts the finisher of every shard, and lets time-outs pass; all ends with
/// `background`. What is decided is decided before this returns.
pub(crate) fn start(broker: &Arc<Broker>, background: &mut JoinSet<()>) {
    let found = Found::look(broker);
    let open = found.open();
    let (mut orphans, mut unfinished) = ((0..open.len()).collect::<HashSet<_>>(), 0);
    for shard in &broker.transactions.shards {
        let command = |ticket| Command::Reconcile(Reconcile { ticket, open: Arc::clone(&open) });
        let (asked, _) = shard.ask_then(command, |reply| match reply {
            Reply::Reconcile { known, prepared, orphans: _ } => {
                known.iter().for_each(|at| _ = orphans.remove(at));
                unfinished += prepared;
            }
            other => _ = super::mixed_up(other),
        });
        drop(asked);
    }
    broker.transactions.unsettled.send_replace(unfinished);
    let ending = end_orphans(broker, found.keep(&orphans));
    background.spawn_local(ending);
    for shard in &broker.transactions.shards {
        background.spawn_local(Arc::clone(shard).run_timers());
        background.spawn_local(finisher::run(Arc::clone(broker), Arc::clone(shard)));
    }
}

/// After a shard's state was lost: takes in what was written into its transactions and is not known any more, or ends it
/// if its producer has gone on. Until then the shard answers nobody: a producer that was given an epoch from what the
/// journal has would have its predecessor's records taken for its own, or left open.
///
/// # Errors
/// [`Unavailable`] if the state is still being loaded, or was lost again.
pub(super) async fn take_in(broker: &Arc<Broker>, shard: &Arc<Shard<Machine>>) -> Result<(), Unavailable> {
    let found = RefCell::new(None);
    // All under the shard's lock: no write and no end slips in between.
    let command = |ticket| {
        let open = found.borrow_mut().insert(Found::look(broker)).open();
        Command::Reconcile(Reconcile { ticket, open })
    };
    let (asked, ending) = shard.review_then(command, |reply| {
        let orphans = match reply {
            Reply::Reconcile { orphans, .. } => orphans.iter().copied().collect(),
            other => {
                super::mixed_up(other);
                HashSet::new()
            }
        };
        found.take().map(|found| end_orphans(broker, found.keep(&orphans)))
    });
    asked.await?;
    if let Some(ending) = ending.flatten() {
        ending.await;
    }
    Ok(())
}

/// Aborts what nobody can go on with. The markers are written before this returns; what it gives resolves when all is
/// done.
fn end_orphans(broker: &Arc<Broker>, found: Found) -> impl Future<Output = ()> + 'static {
    let Found { logs, groups } = found;
    let written = abort_orphans(broker, logs);
    let dropped = drop_orphans(Arc::clone(broker), groups);
    async move {
        written.await;
        dropped.await;
    }
}

/// The marker fences whoever wrote, too: what it sends again must not be taken for what was aborted.
fn abort_orphans(
    broker: &Broker,
    orphans: Vec<(PartitionId, ActiveProducer)>,
) -> impl Future<Output = ()> + use<> {
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
    async move {
        for ((id, _), written) in orphans.iter().zip(written.await) {
            if let Err(error) = written {
                tracing::error!(partition = %id, %error, "an orphaned transaction stays open until the next start");
            }
        }
    }
}

/// Offsets that nobody would ever commit.
async fn drop_orphans(broker: Arc<Broker>, orphans: Vec<(PartitionIndex, ProducerId, ProducerEpoch)>) {
    for (index, producer, epoch) in orphans {
        tracing::warn!(
            producer = producer.0,
            "dropping offsets of a transaction that no transactional id has"
        );
        let told = broker.groups.complete_transaction(index, producer, epoch, MarkerKind::Abort).await;
        if let Err(code) = told {
            tracing::error!(code = code.name(), "they stay pending until the next start");
        }
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
