//! Runs a [`Machine`]: commands in, records to the journal, replies out when they are durable.
//!
//! A shard belongs to no thread. Whoever has a command takes the lock for microseconds, decides, applies, hands
//! the records to the journal and goes; the replies wait for it. Deadlines are one task of each shard.
//!
//! Invariants:
//! - Records reach the journal in the order in which they were decided.
//! - No reply leaves before the records of its own and all earlier decisions are durable, so that nobody sees
//!   what a crash could take back. Replies leave in the order of their decisions.
//! - If an append fails, the state is dropped, everybody who waits hears that, and it is loaded anew: there is no
//!   roll-back. The lock is never held across an await.

mod rows;

use crate::off_thread;
use ottla_base::{Env, Now, Tick};
use ottla_coordinator::{Machine, Ticket};
use parking_lot::Mutex;
use std::collections::{HashMap, VecDeque};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::{Notify, oneshot};

pub(crate) use rows::{JournalRows, LoadError, Pending, Rows};

/// One shard of a machine's world.
pub(crate) struct Shard<M: Machine> {
    rows: Box<dyn Rows>,
    env: Arc<dyn Env>,
    /// The first command after the state was loaded. It must decide no records.
    start: Box<dyn Fn() -> M::Command + Send + Sync>,
    state: Mutex<State<M>>,
    /// The next deadline may have come closer.
    alarm: Notify,
    review: Review,
}

/// What has to happen to a state that was loaded anew before anybody is served from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Review {
    Unneeded,
    /// [`Shard::review_then`].
    AfterReload,
}

struct State<M: Machine> {
    /// `None` while it is loaded anew.
    loaded: Option<Loaded<M>>,
    /// It is loaded, and waits for its review.
    is_unreviewed: bool,
    /// Counts the loads, so that an append of an earlier life is told apart.
    life: u64,
    /// What the timer task waits for.
    armed: Option<Tick>,
}

struct Loaded<M: Machine> {
    hard: M::Hard,
    soft: M::Soft,
    waiting: HashMap<Ticket, oneshot::Sender<M::Reply>>,
    tickets: u64,
    /// Decisions that are not durable yet, oldest first.
    held: VecDeque<Held<M>>,
    appends: u64,
}

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asker {
    Anybody,
    Reviewer,
}

/// The replies that wait for one append.
struct Held<M: Machine> {
    append: u64,
    is_durable: bool,
    replies: Vec<Outgoing<M>>,
}

type Outgoing<M> = (oneshot::Sender<<M as Machine>::Reply>, <M as Machine>::Reply);

/// The shard's state was lost or is being loaded. The client should look for the coordinator and try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the coordinator's state is being loaded")]
pub(crate) struct Unavailable;

/// Resolves to the answer of a command that was decided.
///
/// An error means that the state was being loaded, or was lost before the answer was durable; the command may or
/// may not have taken effect. Dropping this does not take the command back.
#[derive(Debug)]
#[must_use = "the client waits for the answer"]
pub(crate) struct Asked<Reply>(oneshot::Receiver<Reply>);

impl<Reply> Future for Asked<Reply> {
    type Output = Result<Reply, Unavailable>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        // A state that is dropped drops the senders of all who wait.
        Pin::new(&mut self.0).poll(context).map_err(|_| Unavailable)
    }
}

/// What a decision leaves to do when the lock is released.
struct Aftermath<M: Machine> {
    /// Replies that need not wait.
    replies: Vec<Outgoing<M>>,
    /// An append to wait for: its number and life.
    append: Option<(Pending, u64, u64)>,
    is_sooner: bool,
}

impl<M> Shard<M>
where
    M: Machine + 'static,
    M::Hard: Send,
    M::Soft: Send,
    M::Reply: Send,
{
    /// Loads the state.
    ///
    /// # Errors
    /// [`LoadError`] if the rows cannot be read; the broker must not start then.
    pub(crate) fn open(
        rows: Box<dyn Rows>,
        env: Arc<dyn Env>,
        start: Box<dyn Fn() -> M::Command + Send + Sync>,
    ) -> Result<Arc<Self>, LoadError> {
        Self::load(rows, env, start, Review::Unneeded)
    }

    /// As [`open`](Self::open); but a state that is loaded anew later answers nobody, and lets no deadline pass, until
    /// [`review_then`](Self::review_then) was called.
    ///
    /// # Errors
    /// [`LoadError`], as there.
    pub(crate) fn open_reviewed(
        rows: Box<dyn Rows>,
        env: Arc<dyn Env>,
        start: Box<dyn Fn() -> M::Command + Send + Sync>,
    ) -> Result<Arc<Self>, LoadError> {
        Self::load(rows, env, start, Review::AfterReload)
    }

    fn load(
        rows: Box<dyn Rows>,
        env: Arc<dyn Env>,
        start: Box<dyn Fn() -> M::Command + Send + Sync>,
        review: Review,
    ) -> Result<Arc<Self>, LoadError> {
        let loaded = load::<M>(rows.as_ref(), env.now(), start())?;
        let state = Mutex::new(State { loaded: Some(loaded), is_unreviewed: false, life: 0, armed: None });
        Ok(Arc::new(Self { rows, env, start, state, alarm: Notify::new(), review }))
    }

    /// Decides a command now, before this returns. Must be called inside a runtime.
    pub(crate) fn ask(self: &Arc<Self>, command: impl FnOnce(Ticket) -> M::Command) -> Asked<M::Reply> {
        let (asked, _) = self.ask_then(command, |_| ());
        asked
    }

    /// As [`ask`](Self::ask), and lets `then` see the answer while the shard's lock is held: what it does belongs to
    /// the decision, and nothing else is decided in between. It must be quick, and must not ask this shard anything.
    ///
    /// `None` if it was not called, because the state is being loaded or the answer comes later.
    pub(crate) fn ask_then<T>(
        self: &Arc<Self>,
        command: impl FnOnce(Ticket) -> M::Command,
        then: impl FnOnce(&M::Reply) -> T,
    ) -> (Asked<M::Reply>, Option<T>) {
        self.decide(Asker::Anybody, command, then)
    }

    /// As [`ask_then`](Self::ask_then), also of a state that waits for its review, and this is it: from the decision on,
    /// others are answered, too.
    pub(crate) fn review_then<T>(
        self: &Arc<Self>,
        command: impl FnOnce(Ticket) -> M::Command,
        then: impl FnOnce(&M::Reply) -> T,
    ) -> (Asked<M::Reply>, Option<T>) {
        let asked = self.decide(Asker::Reviewer, command, then);
        self.alarm.notify_one();
        asked
    }

    fn decide<T>(
        self: &Arc<Self>,
        asker: Asker,
        command: impl FnOnce(Ticket) -> M::Command,
        then: impl FnOnce(&M::Reply) -> T,
    ) -> (Asked<M::Reply>, Option<T>) {
        let (sender, receiver) = oneshot::channel();
        let (mut then, mut done) = (Some(then), None);
        let aftermath = {
            let mut state = self.state.lock();
            state.is_unreviewed &= asker != Asker::Reviewer || state.loaded.is_none();
            let is_unreviewed = state.is_unreviewed;
            let loaded = state.loaded.as_mut().filter(|_| !is_unreviewed);
            loaded.map(|loaded| loaded.admit(sender)).map(|ticket| {
                let now = self.env.now();
                state.step(self.rows.as_ref(), now, command(ticket), &mut |answered, reply| {
                    if answered == ticket
                        && let Some(then) = then.take()
                    {
                        done = Some(then(reply));
                    }
                })
            })
        };
        if let Some(aftermath) = aftermath {
            self.carry_out(aftermath);
        }
        (Asked(receiver), done)
    }

    /// The broker stops: who waits for what others do, or for time to pass, hears [`Unavailable`]. Decisions that only
    /// wait for the disk are answered as always.
    pub(crate) fn dismiss(&self) {
        if let Some(loaded) = &mut self.state.lock().loaded {
            loaded.waiting.clear();
        }
    }

    /// Lets deadlines pass, for ever.
    pub(crate) async fn run_timers(self: Arc<Self>) {
        loop {
            let now = self.env.now();
            match self.arm() {
                None => self.alarm.notified().await,
                Some(at) if now.tick < at => {
                    let wait = Duration::from_millis(at.since(now.tick));
                    tokio::select! {
                        biased;
                        () = self.alarm.notified() => {}
                        () = tokio::time::sleep(wait) => {}
                    }
                }
                Some(_) => {
                    let aftermath = {
                        let mut state = self.state.lock();
                        let rows = self.rows.as_ref();
                        (!state.is_unreviewed).then(|| state.step(rows, now, M::tick(), &mut |_, _| ()))
                    };
                    aftermath.into_iter().for_each(|aftermath| self.carry_out(aftermath));
                }
            }
        }
    }

    /// Notes what the timer task is going to wait for.
    fn arm(&self) -> Option<Tick> {
        let mut state = self.state.lock();
        let is_unreviewed = state.is_unreviewed;
        let loaded = state.loaded.as_ref().filter(|_| !is_unreviewed);
        state.armed = loaded.and_then(|loaded| M::next_deadline(&loaded.soft));
        state.armed
    }

    fn carry_out(self: &Arc<Self>, aftermath: Aftermath<M>) {
        send(aftermath.replies);
        if aftermath.is_sooner {
            self.alarm.notify_one();
        }
        if let Some((append, number, life)) = aftermath.append {
            let shard = Arc::clone(self);
            // A task of its own: the client that asked may go away, others wait for the same append.
            tokio::spawn(async move {
                match append.await {
                    Ok(()) => shard.is_durable(number, life),
                    Err(error) => {
                        tracing::error!(%error, "the journal refused an append: dropping the shard's state");
                        shard.reload(life).await;
                    }
                }
            });
        }
    }

    fn is_durable(&self, append: u64, life: u64) {
        let mut replies = Vec::new();
        {
            let mut state = self.state.lock();
            let is_current = state.life == life;
            let Some(loaded) = state.loaded.as_mut().filter(|_| is_current) else { return };
            if let Some(held) = loaded.held.iter_mut().find(|held| held.append == append) {
                held.is_durable = true;
            }
            while let Some(held) = loaded.held.pop_front_if(|held| held.is_durable) {
                replies.extend(held.replies);
            }
        }
        send(replies);
    }

    /// As if the journal had refused an append. Resolves when the state is there again.
    #[cfg(test)]
    pub(crate) async fn lose(self: &Arc<Self>) {
        let life = self.state.lock().life;
        Arc::clone(self).reload(life).await;
    }

    /// As if the state was being loaded, until [`lose`](Self::lose) loads it.
    #[cfg(test)]
    pub(crate) fn unload(&self) {
        self.state.lock().loaded = None;
    }

    /// Whether commands are decided.
    #[cfg(test)]
    pub(crate) fn serves(&self) -> bool {
        let state = self.state.lock();
        state.loaded.is_some() && !state.is_unreviewed
    }

    /// Drops the state of that life and loads it anew, as often as it takes.
    async fn reload(self: Arc<Self>, life: u64) {
        let next_life = life + 1;
        {
            let mut state = self.state.lock();
            if state.life != life {
                return;
            }
            state.life = next_life;
            // Who waits learns it by its sender being dropped.
            state.loaded = None;
            state.is_unreviewed = self.review == Review::AfterReload;
        }
        loop {
            let shard = Arc::clone(&self);
            let loading = off_thread::run(&*self.env, move || {
                load::<M>(shard.rows.as_ref(), shard.env.now(), (shard.start)())
            });
            match loading.await {
                Ok(Ok(loaded)) => {
                    self.state.lock().loaded = Some(loaded);
                    self.alarm.notify_one();
                    return;
                }
                Ok(Err(error)) => tracing::error!(%error, "a shard cannot be loaded; trying again"),
                // The runtime ends.
                Err(_) => return,
            }
            tokio::time::sleep(RELOAD_PAUSE).await;
        }
    }
}

/// Between attempts to load a state that cannot be loaded.
const RELOAD_PAUSE: Duration = Duration::from_secs(1);

fn load<M: Machine>(rows: &dyn Rows, now: Now, start: M::Command) -> Result<Loaded<M>, LoadError> {
    let mut hard = M::Hard::default();
    for (key, value) in rows.load()? {
        let record = M::decode(&key, &value).map_err(|source| LoadError::Row { key, source })?;
        M::apply(&mut hard, &record);
    }
    let mut soft = M::Soft::default();
    let decision = M::decide(&hard, &mut soft, now, start);
    assert!(decision.records.is_empty(), "a machine starts from its records without new ones");
    let (waiting, held) = (HashMap::new(), VecDeque::new());
    Ok(Loaded { hard, soft, waiting, tickets: 0, held, appends: 0 })
}

fn send<Reply>(replies: Vec<(oneshot::Sender<Reply>, Reply)>) {
    for (sender, reply) in replies {
        // The client may have gone.
        let _ = sender.send(reply);
    }
}

impl<M: Machine> Loaded<M> {
    fn admit(&mut self, sender: oneshot::Sender<M::Reply>) -> Ticket {
        self.tickets += 1;
        let ticket = Ticket(self.tickets);
        self.waiting.insert(ticket, sender);
        ticket
    }
}

impl<M: Machine> State<M> {
    /// Decides and applies, and shows each answer to `see`. Nothing happens while the state is being loaded.
    fn step(
        &mut self,
        rows: &dyn Rows,
        now: Now,
        command: M::Command,
        see: &mut dyn FnMut(Ticket, &M::Reply),
    ) -> Aftermath<M> {
        let Some(loaded) = &mut self.loaded else {
            return Aftermath { replies: Vec::new(), append: None, is_sooner: false };
        };
        let decision = M::decide(&loaded.hard, &mut loaded.soft, now, command);
        let mut entries = Vec::with_capacity(decision.records.len());
        for record in &decision.records {
            M::apply(&mut loaded.hard, record);
            entries.push(M::encode(record));
        }
        let append = (!entries.is_empty()).then(|| rows.append(entries));
        decision.replies.iter().for_each(|(ticket, reply)| see(*ticket, reply));
        let outgoing = |(ticket, reply)| Some((loaded.waiting.remove(&ticket)?, reply));
        let mut replies: Vec<_> = decision.replies.into_iter().filter_map(outgoing).collect();
        let append = append.map(|append| {
            loaded.appends += 1;
            (append, loaded.appends, self.life)
        });
        if let Some((_, number, _)) = &append {
            let held = Held { append: *number, is_durable: false, replies: std::mem::take(&mut replies) };
            loaded.held.push_back(held);
        } else if let Some(last) = loaded.held.back_mut() {
            last.replies.append(&mut replies);
        }
        let is_sooner = match (M::next_deadline(&loaded.soft), self.armed) {
            (Some(next), Some(armed)) => next < armed,
            (Some(_), None) => true,
            (None, _) => false,
        };
        Aftermath { replies, append, is_sooner }
    }
}

#[cfg(test)]
mod tests;
