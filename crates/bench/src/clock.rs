//! The machine's clock. A measurement is about real time, so this crate reads it, here and nowhere else.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// This moment of the monotonic clock, which no correction of the wall clock moves.
#[expect(clippy::disallowed_methods, reason = "what is measured here is real time")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Milliseconds since 1970: what records carry. An invented time would be refused, or expire at once.
#[expect(clippy::disallowed_methods, reason = "what is measured here is real time")]
pub(crate) fn wall_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
