//! Compacts logs in the background, with bounded memory and input and output.
//!
//! Each cleaner is a task that orders portions of work and rests between them for as long as the allowed rate asks.
//! A thread of its own, which gives way to all others, does the work; so a cleaner never holds up a worker.

mod hands;

use crate::Broker;
use crate::config::keys::Cleaner as Settings;
use hands::Hands;
use ottla_storage::CleanerOptions;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

/// Runs as many cleaners as `log.cleaner.threads` says.
pub(super) async fn compact(broker: Arc<Broker>) {
    let mut cleaners: Vec<JoinSet<()>> = Vec::new();
    loop {
        for number in 0..wanted(&broker.config().cleaner) {
            if cleaners.len() == number {
                cleaners.push(JoinSet::new());
            }
            // One that has come to its end is replaced.
            while cleaners[number].try_join_next().is_some() {}
            if cleaners[number].is_empty() {
                cleaners[number].spawn_local(clean(Arc::clone(&broker), number));
            }
        }
        tokio::time::sleep(SUPERVISION).await;
    }
}

fn wanted(settings: &Settings) -> usize {
    if !settings.log_cleaner_enable {
        return 0;
    }
    usize::try_from(settings.log_cleaner_threads).unwrap_or(0)
}

/// The cleaner of this number, for as long as the settings have it.
async fn clean(broker: Arc<Broker>, number: usize) {
    let cleaner = broker.log.cleaner(options(&broker.config().cleaner));
    let mut hands = match Hands::new(cleaner, &*broker.env) {
        Ok(hands) => hands,
        Err(error) => return tracing::error!(%error, "logs are not compacted: the system refused a thread"),
    };
    loop {
        let config = broker.config();
        if wanted(&config.cleaner) <= number {
            return;
        }
        let rate = rate(&config.cleaner);
        let rest = match hands.work(options(&config.cleaner), portion(rate)).await {
            Ok(None) => backoff(&config.cleaner),
            Ok(Some(io_bytes)) => rest(io_bytes, rate),
            Err(gone) => return tracing::error!("{gone}; it will begin again"),
        };
        tokio::time::sleep(rest).await;
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
const PORTION_MAX: u64 = 2 << 20;
/// Slower than this is not at all, and somebody has mistaken the unit.
const RATE_MIN: f64 = 1024.0;
const REST_MAX: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests;
