//! The memory that requests in flight may hold, all connections together.
//!
//! A connection reserves a large frame's whole length before it reads most of the body, so that frames which are
//! half read can always be finished: waiting happens before a frame's body, never inside it.
//!
//! Nobody can lock others out with claims: a small frame needs no reservation, a large one gets it only after its
//! first [`FREE_BYTES`] have arrived, and who then stops sending while others wait loses the connection.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bytes that may be reserved at once. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Budget {
    /// One permit stands for [`UNIT_BYTES`], because a semaphore counts in 32 bits.
    units: Arc<Semaphore>,
    units_max: u32,
    /// How many connections wait for memory.
    waiting: Arc<AtomicUsize>,
}

/// Memory held for one frame; given back when dropped.
#[derive(Debug)]
pub(crate) struct Reservation {
    /// None where the frame is small enough to be free.
    permit: Option<OwnedSemaphorePermit>,
}

/// Frames up to this size are free, and so is the beginning of every other. Most requests fit; connections times
/// this is what they can take beside the budget.
pub(crate) const FREE_BYTES: usize = 16 * 1024;
const UNIT_BYTES: usize = 1024;

impl Budget {
    /// A budget of `bytes`, rounded up to whole KiB.
    pub(crate) fn new(bytes: u64) -> Self {
        let units_max = u32::try_from(bytes.div_ceil(UNIT_BYTES as u64)).unwrap_or(u32::MAX >> 3).max(1);
        Self { units: Arc::new(Semaphore::new(units_max as usize)), units_max, waiting: Arc::default() }
    }

    /// Takes `bytes` if they are free now.
    pub(crate) fn try_reserve(&self, bytes: usize) -> Option<Reservation> {
        if bytes <= FREE_BYTES {
            return Some(Reservation { permit: None });
        }
        let permit = Arc::clone(&self.units).try_acquire_many_owned(self.units(bytes)).ok()?;
        Some(Reservation { permit: Some(permit) })
    }

    /// A frame larger than the whole budget takes all of it: the frame-size limit has let it pass, so it must be
    /// servable, alone.
    fn units(&self, bytes: usize) -> u32 {
        u32::try_from(bytes.div_ceil(UNIT_BYTES)).unwrap_or(u32::MAX).min(self.units_max)
    }

    /// Whether some connection waits for memory.
    pub(crate) fn is_short(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) != 0
    }

    /// Waits until `bytes` are free and takes them.
    pub(crate) async fn reserve(&self, bytes: usize) -> Reservation {
        if bytes <= FREE_BYTES {
            return Reservation { permit: None };
        }
        let _waiter = Waiter::of(&self.waiting);
        let permit = Arc::clone(&self.units).acquire_many_owned(self.units(bytes)).await;
        Reservation { permit: Some(permit.expect("the semaphore is never closed")) }
    }
}

impl Reservation {
    /// Whether others may be waiting for what is held here.
    pub(crate) fn holds_memory(&self) -> bool {
        self.permit.is_some()
    }
}

/// Counts one who waits, until it has its memory or is gone.
struct Waiter<'b>(&'b AtomicUsize);

impl<'b> Waiter<'b> {
    fn of(waiting: &'b AtomicUsize) -> Self {
        waiting.fetch_add(1, Ordering::Relaxed);
        Self(waiting)
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    #[test]
    fn small_frames_pass_while_a_large_one_waits() {
        let cx = &mut Context::from_waker(Waker::noop());
        let budget = Budget::new(1024 * 1024);
        let all = pin!(budget.reserve(usize::MAX)).poll(cx);
        let mut large = pin!(budget.reserve(FREE_BYTES + 1));
        assert!(large.as_mut().poll(cx).is_pending(), "everything is taken");
        assert!(budget.is_short() && budget.try_reserve(FREE_BYTES + 1).is_none());
        assert!(
            pin!(budget.reserve(FREE_BYTES)).poll(cx).is_ready() && budget.try_reserve(FREE_BYTES).is_some()
        );
        drop(all);
        let Poll::Ready(held) = large.as_mut().poll(cx) else { panic!("memory came back") };
        assert!(held.holds_memory() && !budget.is_short());
    }

    #[test]
    fn who_gives_up_waits_no_longer() {
        let cx = &mut Context::from_waker(Waker::noop());
        let budget = Budget::new(1024 * 1024);
        let _all = pin!(budget.reserve(usize::MAX)).poll(cx);
        {
            let large = pin!(budget.reserve(FREE_BYTES + 1));
            assert!(large.poll(cx).is_pending() && budget.is_short());
        }
        assert!(!budget.is_short());
    }
}
