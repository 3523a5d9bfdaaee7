//! Small Produce requests that reach a worker together are written together.
//!
//! To write a few KiB costs more than they do: there is the call, and there are pages of the cache that are filled bit by
//! bit. So small batches wait until every connection that has something to read has had its turn, and what goes to one
//! partition then is one write. Whether that is worth while is judged by what it has brought before: who is alone does not
//! wait.

use crate::share_session::ConnectionId;
use ottla_storage::{Append, AppendError, AppendTicket, Appended, Log};
use std::cell::RefCell;
use std::rc::Rc;

/// What one worker gathers. Belongs to its thread.
pub(crate) struct Gathering {
    log: Log,
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    habit: Habit,
    appends: Vec<Vec<Append>>,
    bytes: usize,
    /// How many connections they come from.
    connections: usize,
    last: ConnectionId,
    /// Where their tickets will be.
    round: Rc<Round>,
}

/// For each of the appends that were gathered its ticket, until it is taken; empty before they are written.
#[derive(Default)]
struct Round(RefCell<Vec<Option<AppendTicket>>>);

/// What an append leads to.
pub(crate) enum Appending {
    /// It is written.
    Written(AppendTicket),
    /// It will be when the others had their turn.
    Gathered(Gathered),
}

/// An append that waits for others.
pub(crate) struct Gathered {
    gathering: Rc<Gathering>,
    round: Rc<Round>,
    at: usize,
}

type Results = Vec<Result<Appended, AppendError>>;

/// A request with more bytes of batches gains nothing by it.
const SMALL_BYTES_MAX: usize = 8 * 1024;
/// So many bytes are written at once: they are still in the processor's cache then, and are kept for long by nobody.
const BYTES_MAX: usize = 512 * 1024;

impl Gathering {
    pub(crate) fn new(log: Log) -> Self {
        Self { log, state: RefCell::default() }
    }

    /// Appends what a request of that connection brings, before or after this returns, but in the order of the calls.
    pub(crate) fn append(self: &Rc<Self>, connection: ConnectionId, appends: Vec<Append>) -> Appending {
        let bytes = appends.iter().map(|append| append.batch.len()).sum::<usize>();
        let mut state = self.state.borrow_mut();
        let waits = bytes <= SMALL_BYTES_MAX && state.habit.is_to_wait(connection);
        if !waits {
            drop(state);
            // Nobody goes past those who wait.
            self.write();
            return Appending::Written(self.log.append(appends));
        }
        let (at, round) = (state.appends.len(), Rc::clone(&state.round));
        state.put(connection, appends, bytes);
        let is_full = BYTES_MAX <= state.bytes;
        drop(state);
        let gathered = Gathered { gathering: Rc::clone(self), round, at };
        if is_full {
            return Appending::Written(gathered.into_ticket());
        }
        Appending::Gathered(gathered)
    }

    /// Whether something waits for being written.
    pub(crate) fn has_any(&self) -> bool {
        !self.state.borrow().appends.is_empty()
    }

    /// Writes what waits for it.
    pub(crate) fn write(&self) {
        if !self.has_any() {
            return;
        }
        let State { habit, appends, connections, round, .. } = self.state.take();
        let tickets = self.log.append_together(appends);
        *round.0.borrow_mut() = tickets.into_iter().map(Some).collect();
        self.state.borrow_mut().habit = habit.after(connections);
    }
}

impl State {
    fn put(&mut self, connection: ConnectionId, appends: Vec<Append>, bytes: usize) {
        if self.appends.is_empty() || self.last != connection {
            self.connections += 1;
        }
        self.last = connection;
        self.bytes += bytes;
        self.appends.push(appends);
    }
}

impl Appending {
    /// The results, if they are known already.
    pub(crate) fn results_if_ready(&mut self) -> Option<Results> {
        match self {
            Self::Written(ticket) => ticket.results_if_ready(),
            Self::Gathered(_) => None,
        }
    }

    /// The results, when all is durable or refused.
    pub(crate) async fn results(self) -> Results {
        match self {
            Self::Written(ticket) => ticket.await,
            Self::Gathered(gathered) => {
                tokio::task::yield_now().await;
                gathered.into_ticket().await
            }
        }
    }
}

impl Gathered {
    fn into_ticket(self) -> AppendTicket {
        let Self { gathering, round, at } = self;
        if round.0.borrow().is_empty() {
            gathering.write();
        }
        let ticket = round.0.borrow_mut()[at].take();
        ticket.expect("each is taken by the one who has put it there")
    }
}

/// Whether to wait for others.
#[derive(Clone, Copy, Debug, Default)]
struct Habit {
    /// Who appended last.
    last: Option<ConnectionId>,
    /// There were others when somebody waited last.
    has_paid: bool,
    /// For so many changes of connections nobody tries it again.
    pause: u32,
    left: u32,
}

/// Trying costs a look at all sockets; at most one request in so many pays for it.
const PAUSE_MAX: u32 = 63;

impl Habit {
    fn is_to_wait(&mut self, connection: ConnectionId) -> bool {
        let is_another = self.last.replace(connection).is_some_and(|last| last != connection);
        if self.has_paid || !is_another {
            return self.has_paid;
        }
        let tries = self.left == 0;
        self.left = self.left.saturating_sub(1);
        tries
    }

    /// What is known when somebody has waited and so many connections had come together.
    fn after(self, connections: usize) -> Self {
        let has_paid = 1 < connections;
        let pause = if has_paid { 0 } else { (2 * self.pause + 1).min(PAUSE_MAX) };
        Self { has_paid, pause, left: pause, ..self }
    }
}

#[cfg(test)]
mod tests;
