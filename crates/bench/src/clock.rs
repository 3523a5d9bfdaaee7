//! The machine's clock. A measurement is about real time, so this crate reads it, here and nowhere else.

use std::time::Instant;

/// This moment of the monotonic clock, which no correction of the wall clock moves.
#[expect(clippy::disallowed_methods, reason = "what is measured here is real time")]
pub(crate) fn now() -> Instant {
    Instant::now()
}
