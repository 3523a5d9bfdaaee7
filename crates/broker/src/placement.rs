//! Which worker serves which connection.
//!
//! Workers are filled in their order. While the first keeps up, all connections are its own: a producer's record is then
//! seen by a waiting consumer without another thread being woken, which costs more than the request, and partitions are
//! not fought over. A worker that is busier than `worker.busy.ratio` hands connections over, some in each [`PERIOD_MS`],
//! to the first that has time. One whose load has become so small that another before it can have it gives all of its back.
//!
//! A connection goes between two requests, when the next one has begun to come; one at rest costs nothing where it is.
//! What is decided here is where to, and how many; `connection` does it.

use crate::connection::Moving;
use crate::listener::Place;
use crate::system;
use ottla_base::Tick;
use parking_lot::Mutex;
use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::UnboundedSender;

/// Where a worker hears of connections that it is to serve from now on.
pub(crate) type Inbox = UnboundedSender<(Moving, Place)>;

/// What all workers know of each other.
#[derive(Debug)]
pub(crate) struct Placement {
    inboxes: Vec<Inbox>,
    loads: Mutex<Vec<Load>>,
    /// The share of a processor at which a worker is taken for one that does not keep up.
    busy: f64,
}

/// How busy a worker was in the period that ended last.
#[derive(Clone, Copy, Debug, Default)]
struct Load {
    until: Tick,
    /// Of one processor.
    share: f64,
}

/// One worker's view. Belongs to its thread.
#[derive(Debug)]
pub(crate) struct Post {
    number: usize,
    placement: Arc<Placement>,
    since: Cell<Tick>,
    /// The thread's processor time until then.
    used: Cell<Duration>,
    /// Connections here.
    open: Cell<usize>,
    leaving: Cell<Leaving>,
}

/// How many connections are to leave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Leaving {
    count: usize,
    to: usize,
}

impl Placement {
    pub(crate) fn new(inboxes: Vec<Inbox>, busy: f64) -> Self {
        let loads = Mutex::new(vec![Load::default(); inboxes.len()]);
        Self { inboxes, loads, busy }
    }

    /// Gives a new connection to the first worker that has time for it, or to the one that has most.
    pub(crate) fn admit(&self, now: Tick, accepted: Moving, place: Place) {
        self.send(host(&self.shares(now), self.busy), accepted, place);
    }

    fn send(&self, worker: usize, connection: Moving, place: Place) {
        // A worker that is gone means shutdown; the connection closes with the message.
        let _ = self.inboxes[worker].send((connection, place));
    }

    /// Who has not said anything for long has nothing to do.
    fn shares(&self, now: Tick) -> Vec<f64> {
        let share = |load: &Load| if now.since(load.until) < 3 * PERIOD_MS { load.share } else { 0.0 };
        self.loads.lock().iter().map(share).collect()
    }
}

impl Post {
    pub(crate) fn new(number: usize, placement: Arc<Placement>) -> Self {
        Self {
            number,
            placement,
            since: Cell::default(),
            used: Cell::default(),
            open: Cell::default(),
            leaving: Cell::default(),
        }
    }

    /// A connection is served here from now on.
    pub(crate) fn enter(&self) {
        self.open.set(self.open.get() + 1);
    }

    /// A connection is gone, or served by another from now on.
    pub(crate) fn leave(&self) {
        self.open.set(self.open.get() - 1);
    }

    /// Takes stock from time to time. For whoever has a request to start.
    pub(crate) fn note(&self, now: Tick) {
        let lasted = now.since(self.since.get());
        if lasted < PERIOD_MS {
            return;
        }
        let used = system::thread_time();
        let busy = used.saturating_sub(self.used.replace(used));
        self.since.set(now);
        let share = busy.div_duration_f64(Duration::from_millis(lasted));
        self.placement.loads.lock()[self.number] = Load { until: now, share };
        let shares = self.placement.shares(now);
        self.leaving.set(leaving(self.number, &shares, self.placement.busy, self.open.get()));
    }

    /// Whether a connection that asks should go.
    pub(crate) fn is_to_leave(&self) -> bool {
        self.leaving.get().count != 0
    }

    /// Sends a connection to where it is to be served from now on.
    pub(crate) fn hand_over(&self, connection: Moving, place: Place) {
        let Leaving { count, to } = self.leaving.get();
        tracing::debug!(client = %connection.peer.address, "a connection goes to worker {to}");
        self.leaving.set(Leaving { count: count.saturating_sub(1), to });
        self.placement.send(to, connection, place);
    }
}

/// The worker for a new connection, where each is so busy.
fn host(shares: &[f64], busy: f64) -> usize {
    let least =
        || (0..shares.len()).min_by(|&one, &other| shares[one].total_cmp(&shares[other])).unwrap_or(0);
    shares.iter().position(|&share| share <= roomy(busy)).unwrap_or_else(least)
}

/// What the worker `from`, which serves `open` connections, is to hand over, where each is so busy.
fn leaving(from: usize, shares: &[f64], busy: f64, open: usize) -> Leaving {
    let to_first = |count, has_time: &dyn Fn(usize) -> bool| {
        let to = (0..shares.len()).find(|&to| to != from && has_time(to));
        to.map_or(Leaving::default(), |to| Leaving { count, to })
    };
    if shares[from] < busy {
        return to_first(open, &|to| to < from && shares[to] + shares[from] <= roomy(busy));
    }
    // One connection alone would be no better off elsewhere.
    let count = if open < 2 { 0 } else { open.div_ceil(SHARE) };
    to_first(count, &|to| shares[to] <= roomy(busy))
}

/// Up to so much a worker may have to do to get more. Far enough from `busy` that nothing goes to and fro.
fn roomy(busy: f64) -> f64 {
    busy * 2.0 / 3.0
}

/// How often a worker that has requests takes stock. Long beside the few ms for which the system lets others run.
const PERIOD_MS: u64 = 100;
/// One of so many connections leaves a busy worker in a period.
const SHARE: usize = 16;

#[cfg(test)]
mod tests;
