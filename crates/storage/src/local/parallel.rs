//! The same for many things at once: on as many threads as the machine has cores, and with the results in the order of
//! the things, so that nobody sees how many there were.

use crate::settings::Work;
use parking_lot::Mutex;
use std::num::NonZero;
use std::thread::{self, Builder};

/// What `each` makes of the things. Where somebody drives the work, it stays on his thread.
pub(crate) fn map<T: Send, R: Send>(work: Work, things: Vec<T>, each: impl Fn(T) -> R + Sync) -> Vec<R> {
    let threads = match work {
        Work::Driven => 1,
        Work::OwnThread => thread::available_parallelism().map_or(1, NonZero::get),
    };
    map_on(threads, things, each)
}

fn map_on<T: Send, R: Send>(threads: usize, things: Vec<T>, each: impl Fn(T) -> R + Sync) -> Vec<R> {
    let threads = threads.min(things.len());
    if threads <= 1 {
        return things.into_iter().map(each).collect();
    }
    let left = Mutex::new(things.into_iter().enumerate());
    let work = || {
        let next = || left.lock().next();
        std::iter::from_fn(next).map(|(nth, thing)| (nth, each(thing))).collect::<Vec<_>>()
    };
    let mut done = thread::scope(|scope| {
        // Without a thread that the system refuses, the others have more to do.
        let others: Vec<_> =
            (1..threads).filter_map(|_| Builder::new().spawn_scoped(scope, work).ok()).collect();
        let mut done = work();
        for other in others {
            done.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        done
    });
    done.sort_unstable_by_key(|(nth, _)| *nth);
    done.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests;
