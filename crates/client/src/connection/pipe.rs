//! Two tasks per connection: one writes frames in order, one reads answers and hands them out.

use super::RESPONSE_BYTES_MAX;
use crate::connector::Stream;
use bytes::{Buf, Bytes, BytesMut};
use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

/// Frames that may wait for the writer; then callers wait.
const QUEUE_MAX: usize = 64;

/// A frame to send, and who waits for its answer.
pub(super) struct Outgoing {
    pub(super) frame: Bytes,
    pub(super) reply: Option<(i32, oneshot::Sender<Bytes>)>,
}

/// The requests on their way, or why there can be none.
enum State {
    Open(HashMap<i32, oneshot::Sender<Bytes>>),
    Closed(Arc<str>),
}

#[derive(Clone)]
struct Shared(Arc<Mutex<State>>);

pub(super) struct Pipe {
    shared: Shared,
    queue: mpsc::Sender<Outgoing>,
    tasks: [JoinHandle<()>; 2],
}

impl Pipe {
    /// Starts the tasks on the current runtime.
    pub(super) fn new(stream: Box<dyn Stream>) -> Self {
        let (read_half, write_half) = tokio::io::split(stream);
        let (queue, queued) = mpsc::channel(QUEUE_MAX);
        let shared = Shared(Arc::new(Mutex::new(State::Open(HashMap::new()))));
        let reader = tokio::spawn(read(read_half, shared.clone()));
        let writer = tokio::spawn(write(write_half, queued, shared.clone()));
        Self { shared, queue, tasks: [reader, writer] }
    }

    pub(super) async fn send(&self, outgoing: Outgoing) -> Result<(), Arc<str>> {
        if self.is_closed() {
            return Err(self.reason());
        }
        self.queue.send(outgoing).await.map_err(|_| self.reason())
    }

    pub(super) fn is_closed(&self) -> bool {
        matches!(*self.shared.lock(), State::Closed(_))
    }

    pub(super) fn reason(&self) -> Arc<str> {
        match &*self.shared.lock() {
            State::Closed(reason) => Arc::clone(reason),
            State::Open(_) => "the answer was given up".into(),
        }
    }

    /// Fails every waiting request with `reason`. The first reason stays.
    pub(super) fn close(&self, reason: &str) {
        self.shared.close(reason);
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        self.close("this side closed it");
    }
}

impl Shared {
    /// No invariant spans a panic here: the state is a map or a text.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn close(&self, reason: &str) {
        let mut state = self.lock();
        if let State::Open(_) = *state {
            *state = State::Closed(reason.into());
        }
    }

    /// Registers who waits, before the frame is written; false if the connection is closed.
    fn expect(&self, (correlation, reply): (i32, oneshot::Sender<Bytes>)) -> bool {
        match &mut *self.lock() {
            State::Open(waiting) => {
                waiting.insert(correlation, reply);
                true
            }
            State::Closed(_) => false,
        }
    }

    fn answered(&self, correlation: i32) -> Option<oneshot::Sender<Bytes>> {
        match &mut *self.lock() {
            State::Open(waiting) => waiting.remove(&correlation),
            State::Closed(_) => None,
        }
    }
}

async fn write(mut stream: WriteHalf<Box<dyn Stream>>, mut queued: mpsc::Receiver<Outgoing>, shared: Shared) {
    while let Some(Outgoing { frame, reply }) = queued.recv().await {
        if let Some(reply) = reply
            && !shared.expect(reply)
        {
            return;
        }
        if let Err(error) = stream.write_all(&frame).await {
            return shared.close(&format!("writing failed: {error}"));
        }
    }
}

async fn read(mut stream: ReadHalf<Box<dyn Stream>>, shared: Shared) {
    loop {
        let frame = match read_frame(&mut stream).await {
            Ok(frame) => frame,
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                return shared.close("the broker closed it");
            }
            Err(error) => return shared.close(&format!("reading failed: {error}")),
        };
        let correlation = (&frame[..]).get_i32();
        match shared.answered(correlation) {
            // A caller that has gone away does not want its answer.
            Some(reply) => drop(reply.send(frame)),
            None => return shared.close(&format!("it answered request {correlation}, which nobody made")),
        }
    }
}

/// One frame without its length; at least a correlation id.
async fn read_frame(stream: &mut ReadHalf<Box<dyn Stream>>) -> io::Result<Bytes> {
    /// Memory is taken as bytes arrive, not as they are announced.
    const STEP: usize = 1 << 20;
    let length = usize::try_from(stream.read_i32().await?).unwrap_or(usize::MAX);
    if !(4..=RESPONSE_BYTES_MAX).contains(&length) {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "it announced a frame of an impossible length",
        ));
    }
    let mut frame = BytesMut::with_capacity(length.min(STEP));
    while frame.len() < length {
        let wanted = length - frame.len();
        if frame.capacity() == frame.len() {
            frame.reserve(wanted.min(frame.len()));
        }
        let mut limited = (&mut *stream).take(u64::try_from(wanted).unwrap_or(u64::MAX));
        if limited.read_buf(&mut frame).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(frame.freeze())
}
