//! A timer that is set often and rings seldom: that of a connection's long polls.
//!
//! Nearly every long poll ends before its time is over. A timer of its own would tell the event loop of each, which then
//! wakes itself to look at its timers anew. This one is left as it is when it is set to a later time, and looks when it
//! rings whether that has come.

use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Poll, ready};
use tokio::time::{Instant, Sleep, sleep_until};

/// Belongs to one connection, of which one request at a time waits for it.
#[derive(Debug, Default)]
pub(crate) struct Alarm {
    sleep: RefCell<Option<Pin<Box<Sleep>>>>,
}

impl Alarm {
    /// Resolves at `deadline`, never before. Cancel safe.
    pub(crate) async fn at(&self, deadline: Instant) {
        poll_fn(|cx| {
            let mut slot = self.sleep.borrow_mut();
            let sleep = slot.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
            if deadline < sleep.deadline() {
                sleep.as_mut().reset(deadline);
            }
            loop {
                ready!(sleep.as_mut().poll(cx));
                if deadline <= sleep.deadline() {
                    return Poll::Ready(());
                }
                // It was set for one before.
                sleep.as_mut().reset(deadline);
            }
        })
        .await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn it_rings_at_each_time_it_is_set_to_whatever_it_was_set_to_before() {
        let alarm = Alarm::default();
        let start = Instant::now();
        // Given up, then later, earlier than what was given up, and in the past.
        assert!(tokio::time::timeout(SECOND, alarm.at(start + 5 * SECOND)).await.is_err());
        for (deadline, rings) in [(9, 9), (10, 10), (11, 11), (3, 11)] {
            alarm.at(start + deadline * SECOND).await;
            assert_eq!(start.elapsed().as_secs(), rings, "set to {deadline}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_time_before_the_one_that_was_given_up_is_kept() {
        let alarm = Alarm::default();
        let start = Instant::now();
        assert!(tokio::time::timeout(SECOND, alarm.at(start + 9 * SECOND)).await.is_err());
        alarm.at(start + 2 * SECOND).await;
        assert_eq!(start.elapsed(), 2 * SECOND);
    }
}
