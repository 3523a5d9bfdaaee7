//! Waits for the reason to stop, and stops: in order at first, at once if asked again.

use crate::exit::Outcome;
use ottla_broker::Server;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::process::{PidfdFlags, getppid, pidfd_open};
use std::future::pending;
use std::io;
use std::os::fd::OwnedFd;
use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;

/// Listens for what stops a broker.
pub(super) struct Stopping {
    runtime: Runtime,
    signals: Signals,
    /// The process that started this one, if it can be watched.
    parent: Option<OwnedFd>,
}

impl Stopping {
    /// From here on no signal is lost and none ends the process by itself. To be called before anybody is told that
    /// the broker is ready: whoever reads that may send a signal, or end, at once.
    pub(super) fn listen() -> Outcome<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let signals = {
            let _inside = runtime.enter();
            Signals::new()?
        };
        let parent = getppid().and_then(|id| pidfd_open(id, PidfdFlags::empty()).ok());
        Ok(Self { runtime, signals, parent })
    }

    /// Returns when the broker has stopped, or when a second signal means that nobody wants to wait for that. The
    /// log is then recovered at the next start, as after a crash.
    pub(super) fn wait_and_stop(self, server: Server, watch_parent: bool) -> Outcome {
        let Self { runtime, mut signals, parent } = self;
        runtime.block_on(async {
            tokio::select! {
                name = signals.next() => tracing::info!("{name}: stopping; once more stops at once"),
                () = ended(parent), if watch_parent => tracing::info!("the process that started this broker has ended: stopping"),
            }
            let (done, stopped) = oneshot::channel();
            std::thread::Builder::new().name("stop".to_owned()).spawn(move || {
                server.stop();
                // If nobody waits any more, a second signal came.
                let _ = done.send(());
            })?;
            tokio::select! {
                _ = stopped => tracing::info!("stopped"),
                name = signals.next() => tracing::warn!("{name} again: stopping at once"),
            }
            Ok(())
        })
    }
}

struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}

/// Resolves when `parent`, the process that started this one, has ended; never if it cannot be watched.
///
/// Watching is better than asking for a signal at its death, because that signal comes when the starting *thread*
/// ends, which in test runners is long before the process.
async fn ended(parent: Option<OwnedFd>) {
    let Some(parent) = parent else { return pending().await };
    let (ended, end) = oneshot::channel();
    let watch = move || {
        // A descriptor of a process becomes readable when the process ends. Without a time-out the call returns
        // early only for a signal, of which the other threads take care.
        while poll(&mut [PollFd::new(&parent, PollFlags::IN)], None) == Err(Errno::INTR) {}
        let _ = ended.send(());
    };
    match std::thread::Builder::new().name("parent".to_owned()).spawn(watch) {
        Ok(_) => _ = end.await,
        Err(_) => pending().await,
    }
}
