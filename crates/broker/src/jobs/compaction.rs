//! Compacts logs in the background, with bounded memory and input and output.
//!
//! Each cleaner is a task that lets other threads do its work in portions, and rests between them for as long as the
//! allowed rate asks. So it never holds up a worker, and it ends with its task.

use crate::config::keys::Cleaner as Settings;
use crate::{Broker, off_thread};
use ottla_storage::{Cleaner, CleanerOptions, CleanerStep};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::{AbortHandle, JoinSet};

/// Runs as many cleaners as `log.cleaner.threads` says.
pub(super) async fn compact(broker: Arc<Broker>) {
    let mut tasks = JoinSet::new();
    let mut cleaners: Vec<AbortHandle> = Vec::new();
    loop {
        let settings = &broker.config().cleaner;
        cleaners.retain(|cleaner| !cleaner.is_finished());
        while cleaners.len() < wanted(settings) {
            cleaners.push(tasks.spawn_local(clean(Arc::clone(&broker))));
        }
        while wanted(settings) < cleaners.len() {
            cleaners.pop().inspect(AbortHandle::abort);
        }
        // Reaps those that have ended.
        while tasks.try_join_next().is_some() {}
        tokio::time::sleep(SUPERVISION).await;
    }
}

fn wanted(settings: &Settings) -> usize {
    if !settings.log_cleaner_enable {
        return 0;
    }
    usize::try_from(settings.log_cleaner_threads).unwrap_or(0)
}

/// One cleaner, until its task is aborted.
async fn clean(broker: Arc<Broker>) {
    let mut cleaner = broker.log.cleaner(options(&broker.config().cleaner));
    loop {
        let config = broker.config();
        cleaner.configure(options(&config.cleaner));
        let rate = rate(&config.cleaner);
        let portion = portion(rate);
        let worked = off_thread::run(&*broker.env, move || {
            let io_bytes = work(&mut cleaner, portion);
            (cleaner, io_bytes)
        });
        let io_bytes = match worked.await {
            Ok((same, io_bytes)) => {
                cleaner = same;
                io_bytes
            }
            Err(error) => {
                tracing::error!(%error, "compaction failed; it will run again");
                return;
            }
        };
        let rest = match io_bytes {
            None => backoff(&config.cleaner),
            Some(io_bytes) => rest(io_bytes, rate),
        };
        tokio::time::sleep(rest).await;
    }
}

/// Works until about `portion` bytes are read and written. `None` if there was nothing to do.
fn work(cleaner: &mut Cleaner, portion: u64) -> Option<u64> {
    let mut all = None;
    loop {
        match cleaner.step() {
            CleanerStep::Idle => return all,
            CleanerStep::Busy { io_bytes } => {
                let sum = all.unwrap_or(0) + io_bytes;
                all = Some(sum);
                if portion <= sum {
                    return all;
                }
            }
        }
    }
}

fn options(settings: &Settings) -> CleanerOptions {
    let cleaners = u64::try_from(settings.log_cleaner_threads).unwrap_or(1).max(1);
    let map_bytes = u64::try_from(settings.log_cleaner_dedupe_buffer_size).unwrap_or(0);
    // Half of a cleaner's share for reading, half for writing.
    let io_bytes = u64::try_from(settings.log_cleaner_io_buffer_size).unwrap_or(0) / cleaners / 2;
    CleanerOptions {
        map_bytes_max: map_bytes / cleaners,
        map_load: settings.log_cleaner_io_buffer_load_factor,
        io_bytes: usize::try_from(io_bytes).unwrap_or(usize::MAX).max(IO_BYTES_MIN),
    }
}

/// Bytes a second that one cleaner may read and write.
fn rate(settings: &Settings) -> f64 {
    let cleaners = f64::from(settings.log_cleaner_threads.max(1));
    (settings.log_cleaner_io_max_bytes_per_second / cleaners).max(RATE_MIN)
}

fn backoff(settings: &Settings) -> Duration {
    let backoff_ms = u64::try_from(settings.log_cleaner_backoff_ms).unwrap_or(0);
    Duration::from_millis(backoff_ms.max(BACKOFF_MS_MIN))
}

/// How much is done before the cleaner looks whether it must rest: a tenth of a second's share.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it is positive, and the cast saturates"
)]
fn portion(rate: f64) -> u64 {
    ((rate / 10.0) as u64).min(PORTION_MAX)
}

#[expect(clippy::cast_precision_loss, reason = "a pause need not be exact")]
fn rest(io_bytes: u64, rate: f64) -> Duration {
    Duration::try_from_secs_f64(io_bytes as f64 / rate).map_or(REST_MAX, |rest| rest.min(REST_MAX))
}

/// How soon a change of the number of cleaners is noticed.
const SUPERVISION: Duration = Duration::from_secs(1);
/// Without a rest, a cleaner with nothing to do would take a whole core.
const BACKOFF_MS_MIN: u64 = 10;
/// A batch's header and then some.
const IO_BYTES_MIN: usize = 4096;
/// Stopping the broker waits for this much at most.
const PORTION_MAX: u64 = 4 << 20;
/// Slower than this is not at all, and somebody has mistaken the unit.
const RATE_MIN: f64 = 1024.0;
const REST_MAX: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests;
