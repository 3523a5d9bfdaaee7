//! Compacts logs in the background, with bounded memory and input and output.
//!
//! Each cleaner is a task that orders portions of work and rests between them for as long as the allowed rate asks.
//! A thread of its own, which gives way to all others, does the work; so a cleaner never holds up a worker.

mod hands;

use crate::Broker;
use crate::config::keys::Cleaner as Settings;
use hands::Hands;
use ottla_base::Tick;
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
    let mut others = Others::default();
    let mut overdue_bytes = 0;
    loop {
        let config = broker.config();
        if wanted(&config.cleaner) <= number {
            return;
        }
        let pace = if others.wait(broker.log.commits(), broker.env.now().tick) {
            Pace::giving_way(&config.cleaner, overdue_bytes)
        } else {
            Pace::alone(&config.cleaner)
        };
        match hands.work(pace.options, pace.portion).await {
            Ok(None) => back_off(|| backoff(&broker.config().cleaner)).await,
            Ok(Some(done)) => {
                overdue_bytes = done.overdue_bytes;
                tokio::time::sleep(rest(done.io_bytes, pace.rate)).await;
            }
            Err(gone) => return tracing::error!("{gone}; it will begin again"),
        }
    }
}

/// Rests for as long as `backoff` says, also where it comes to say something else meanwhile.
async fn back_off(backoff: impl Fn() -> Duration) {
    let mut rested = Duration::ZERO;
    loop {
        let rest = backoff().saturating_sub(rested).min(SUPERVISION);
        if rest.is_zero() {
            return;
        }
        tokio::time::sleep(rest).await;
        rested += rest;
    }
}

/// Whether somebody else waits for the disk.
#[derive(Debug, Default)]
struct Others {
    commits: u64,
    until: Tick,
}

impl Others {
    /// Looks at how often appends were made durable. One is followed by others, mostly.
    fn wait(&mut self, commits: u64, now: Tick) -> bool {
        if self.commits != commits {
            (self.commits, self.until) = (commits, now + OTHERS_FOR);
        }
        now < self.until
    }
}

/// How a cleaner works.
#[derive(Debug, PartialEq)]
struct Pace {
    options: CleanerOptions,
    /// Bytes between two rests.
    portion: u64,
    /// Bytes a second.
    rate: f64,
}

impl Pace {
    /// As fast as it may.
    fn alone(settings: &Settings) -> Self {
        let rate = rate(settings);
        Self { options: options(settings), portion: portion(rate), rate }
    }

    /// In small steps with pauses: a sync of a producer waits for one of the cleaner that is under way, so that these must
    /// be short and few. The more is overdue, the shorter the pauses: a cleaner that gives way to a producer for ever would
    /// let the logs grow for ever.
    #[expect(clippy::cast_precision_loss, reason = "a rate need not be exact")]
    fn giving_way(settings: &Settings, overdue_bytes: u64) -> Self {
        let alone = Self::alone(settings);
        let cleaners = f64::from(settings.log_cleaner_threads.max(1));
        let catching_up = overdue_bytes as f64 * IO_PER_DIRTY_BYTE / CATCH_UP_SECONDS;
        let rate = alone.rate.min(GIVING_WAY_RATE.max(catching_up) / cleaners);
        Self {
            options: CleanerOptions {
                io_bytes: alone.options.io_bytes.min(GIVING_WAY_IO_BYTES),
                ..alone.options
            },
            portion: portion(rate / 50.0).max(GIVING_WAY_PORTION).min(alone.portion),
            rate,
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
pub(super) fn rest(io_bytes: u64, rate: f64) -> Duration {
    Duration::try_from_secs_f64(io_bytes as f64 / rate).map_or(REST_MAX, |rest| rest.min(REST_MAX))
}

/// After an append was made durable, others are expected for so long.
const OTHERS_FOR: Duration = Duration::from_secs(1);
const GIVING_WAY_IO_BYTES: usize = 64 << 10;
/// Between two rests; more if the rate is so high that a rest would be too short for a timer.
const GIVING_WAY_PORTION: u64 = 128 << 10;
/// Bytes a second that all cleaners together read and write while others wait for the disk and little is overdue.
const GIVING_WAY_RATE: f64 = 64.0 * 1024.0 * 1024.0;
/// What is overdue may take so long: the rate grows with it. So it never becomes more than producers write in this time.
const CATCH_UP_SECONDS: f64 = 300.0;
/// A dirty byte is read for the map, read again and written, and about as many clean ones are copied with it.
const IO_PER_DIRTY_BYTE: f64 = 5.0;
/// How soon a change of the number of cleaners, or of their rests, is noticed.
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
