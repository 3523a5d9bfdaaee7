//! What a broker does without being asked. Bulk work leaves the worker's thread.

mod compaction;

use crate::Broker;
use crate::share_partitions::SharePartitions;
use crate::{off_thread, transactions};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

/// Starts every job; they end with `background`.
pub(crate) fn start(broker: &Arc<Broker>, background: &mut JoinSet<()>) {
    background.spawn_local(enforce_retention(Arc::clone(broker)));
    background.spawn_local(checkpoint(Arc::clone(broker)));
    background.spawn_local(expire_producers(Arc::clone(broker)));
    background.spawn_local(compaction::compact(Arc::clone(broker)));
    broker.groups.start_timers(background);
    broker.share.partitions.match_logs(&broker.log);
    broker.share.partitions.start_timers(background);
    SharePartitions::start_writers(broker, background);
    transactions::start(broker, background);
}

/// Removes old segments, every `log.retention.check.interval.ms`, and gives back the room of what was deleted before.
async fn enforce_retention(broker: Arc<Broker>) {
    loop {
        let every = Duration::from_millis(broker.config().log.log_retention_check_interval_ms);
        tokio::time::sleep(every).await;
        let log = broker.log.clone();
        work(&broker, move || log.enforce_retention()).await;
        free_deleted(&broker).await;
    }
}

/// In portions with rests between them: syncs of producers wait for each.
async fn free_deleted(broker: &Broker) {
    loop {
        let log = broker.log.clone();
        let freed = off_thread::run(&*broker.env, move || {
            let mut counted = 0;
            while counted < FREEING_PORTION
                && let Some(bytes) = log.free_deleted()
            {
                counted += bytes;
            }
            counted
        });
        match freed.await {
            Ok(0) => return,
            Ok(counted) => tokio::time::sleep(compaction::rest(counted, FREEING_RATE)).await,
            Err(error) => {
                return tracing::error!(%error, "deleted files could not be removed; it will be tried again");
            }
        }
    }
}

/// Raises the point from which a start after a crash has to look, every
/// `log.flush.offset.checkpoint.interval.ms`.
async fn checkpoint(broker: Arc<Broker>) {
    loop {
        let every = Duration::from_millis(broker.config().log.log_flush_offset_checkpoint_interval_ms);
        tokio::time::sleep(every).await;
        let log = broker.log.clone();
        work(&broker, move || {
            if let Err(error) = log.checkpoint() {
                tracing::warn!(%error, "the recovery point could not be written; the old one holds");
            }
        })
        .await;
    }
}

/// Forgets producers that have not written for `producer.id.expiration.ms`.
async fn expire_producers(broker: Arc<Broker>) {
    loop {
        let config = broker.config();
        let after_ms = config.producers.producer_id_expiration_ms;
        let every = Duration::from_millis(config.producers.producer_id_expiration_check_interval_ms);
        tokio::time::sleep(every).await;
        let log = broker.log.clone();
        work(&broker, move || log.expire_producers(after_ms)).await;
    }
}

async fn work(broker: &Broker, work: impl FnOnce() + Send + 'static) {
    if let Err(error) = off_thread::run(&*broker.env, work).await {
        tracing::error!(%error, "a background job failed; it will run again");
    }
}

/// What counts as this many bytes is freed between two rests, and a second.
const FREEING_PORTION: u64 = 512 << 10;
const FREEING_RATE: f64 = 64.0 * 1024.0 * 1024.0;
