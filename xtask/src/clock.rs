//! Real time, for commands that run real processes.

use std::time::{Duration, Instant};

#[expect(clippy::disallowed_methods, reason = "real processes need real time")]
pub(crate) fn pause(time: Duration) {
    std::thread::sleep(time);
}

#[expect(clippy::disallowed_methods, reason = "a developer's program may look at the clock")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// A seed that nobody chose.
#[expect(clippy::disallowed_methods, reason = "a developer's program may look at the clock")]
pub(crate) fn seed() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(1, |time| time.as_secs())
}
