//! What every simulated client is.

use super::call::{Counter, Number, Reply};
use super::desk::{Desk, Place};

/// Somebody who asks and hears. It never knows of crashes but by answers that do not come.
pub(super) trait Client {
    /// It is this client's turn: it may ask for something.
    fn act(&mut self, counter: &mut Counter<'_>);

    /// One of its requests was answered, or its connection is gone.
    fn hear(&mut self, number: Number, reply: Reply, desk: &mut Desk);

    /// A power cut has taken the end of a log that is told to be acknowledged before it is durable. No client would
    /// hear of that; it is for what the client does not want to take for wrong.
    fn lost(&mut self, _place: &Place, _end: i64, _desk: &mut Desk) {}

    /// Whether it waits for nothing; while the world closes it must come to that.
    fn is_done(&self) -> bool;
}
