//! Who does a cleaner's work: a thread of its own, or in a simulation the caller.

use crate::system;
use ottla_base::Env;
use ottla_storage::{Cleaner, CleanerOptions, CleanerStep};
use std::io;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{Builder, JoinHandle};
use tokio::sync::oneshot;

/// Works for one cleaner. Dropping it waits for the portion that is being worked on.
pub(super) enum Hands {
    Own(Box<Cleaner>),
    Thread { orders: Option<Sender<Order>>, thread: Option<JoinHandle<()>> },
}

/// A portion of work.
pub(super) struct Order {
    options: CleanerOptions,
    portion: u64,
    done: oneshot::Sender<Option<Done>>,
}

/// What was done of an order.
#[derive(Clone, Copy, Debug)]
pub(super) struct Done {
    /// How much was read and written.
    pub(super) io_bytes: u64,
    /// How much waits that should not.
    pub(super) overdue_bytes: u64,
}

/// The thread has panicked.
#[derive(Debug, thiserror::Error)]
#[error("compaction has failed, which is a bug")]
pub(super) struct Gone;

impl Hands {
    pub(super) fn new(cleaner: Cleaner, env: &dyn Env) -> io::Result<Self> {
        if env.is_single_threaded() {
            return Ok(Self::Own(Box::new(cleaner)));
        }
        let (orders, ordered) = channel();
        let thread = Builder::new().name("cleaner".to_owned()).spawn(move || serve(cleaner, &ordered))?;
        Ok(Self::Thread { orders: Some(orders), thread: Some(thread) })
    }

    /// Works until about `portion` bytes are read and written. `None` if there was nothing to do.
    pub(super) async fn work(&mut self, options: CleanerOptions, portion: u64) -> Result<Option<Done>, Gone> {
        match self {
            Self::Own(cleaner) => Ok(work(cleaner, options, portion)),
            Self::Thread { orders, .. } => {
                let (done, answer) = oneshot::channel();
                let order = Order { options, portion, done };
                let orders = orders.as_ref().ok_or(Gone)?;
                orders.send(order).map_err(|_| Gone)?;
                answer.await.map_err(|_| Gone)
            }
        }
    }
}

impl Drop for Hands {
    fn drop(&mut self) {
        match self {
            Self::Own(_) => {}
            Self::Thread { orders, thread } => {
                *orders = None;
                // It holds the log open, whose directory somebody may want next.
                if let Some(Err(_)) = thread.take().map(JoinHandle::join) {
                    tracing::error!("a cleaner's thread had panicked");
                }
            }
        }
    }
}

fn serve(mut cleaner: Cleaner, ordered: &Receiver<Order>) {
    if let Err(error) = system::yield_to_others() {
        tracing::debug!(%error, "compaction has the same priority as requests");
    }
    while let Ok(Order { options, portion, done }) = ordered.recv() {
        let result = work(&mut cleaner, options, portion);
        // Nobody waits if the broker stops.
        let _ = done.send(result);
    }
}

fn work(cleaner: &mut Cleaner, options: CleanerOptions, portion: u64) -> Option<Done> {
    cleaner.configure(options);
    let mut all = None;
    while let CleanerStep::Busy { io_bytes } = cleaner.step() {
        let sum = all.unwrap_or(0) + io_bytes;
        all = Some(sum);
        if portion <= sum {
            break;
        }
    }
    Some(Done { io_bytes: all?, overdue_bytes: cleaner.overdue_bytes() })
}
