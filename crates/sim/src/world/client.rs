//! What every simulated client is.

use super::call::{Counter, Number, Reply};
use super::desk::Desk;

/// Somebody who asks and hears. It never knows of crashes but by answers that do not come.
pub(super) trait Client {
    /// It is this client's turn: it may ask for something.
    fn act(&mut self, counter: &mut Counter<'_>);

    /// One of its requests was answered, or its connection is gone.
    fn hear(&mut self, number: Number, reply: Reply, desk: &mut Desk);

    /// Whether it waits for nothing; while the world closes it must come to that.
    fn is_done(&self) -> bool;
}
