//! One client's connection: frames in, answers out, in order.
//!
//! Everything happens on one worker at a time. A request runs up to its first await as soon as it may start; answers
//! leave in the order of the requests. Produce requests overlap (what they wait for is durability, and many of them share
//! one sync); any other request starts when all before it is answered, as in Kafka. If [`placement`](crate::placement)
//! wants another worker to go on, the connection leaves when all that has started is answered.
//!
//! Bounds: at most [`IN_FLIGHT_MAX`] requests, each of at most `socket.request.max.bytes`; the bodies of all
//! connections together within the [`Budget`](crate::budget::Budget); an idle connection is closed after
//! `connections.max.idle.ms`, and one that stops in the middle of a large frame after [`STALLED`] if others wait
//! for memory.

use crate::Broker;
use crate::alarm::Alarm;
use crate::api::{self, Answer, Call, CallError, Started};
use crate::budget::{FREE_BYTES, Reservation};
use crate::frame::{FrameBuffer, FrameError};
use crate::gathering::Gathering;
use crate::placement::Post;
use crate::pool::Pool;
use crate::reply;
use crate::share_session::ConnectionId;
use bytes::{BufMut, Bytes};
use ottla_base::{Now, Tick};
use ottla_wire::codec::Encoded;
use ottla_wire::record::SmallList;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, Sleep};

/// Produce requests that may wait for durability at once; Java sends 5, others any number.
const IN_FLIGHT_MAX: usize = 64;

/// Answers wait for each other, to be sent together, while requests of fewer bytes than this are read: an answer costs more
/// than reading and storing a small request, for it wakes the client.
const ANSWERED_TOGETHER_BYTES: usize = 256 * 1024;

/// How long the bytes of a large frame may stop coming while others wait for the memory that it holds.
const STALLED: Duration = Duration::from_secs(10);

/// Who is at the other end, and how it reached us.
#[derive(Debug)]
pub(crate) struct Peer {
    /// The client's address.
    pub(crate) address: SocketAddr,
    /// The address of ours that the client connected to.
    pub(crate) reached: SocketAddr,
    /// The name of the listener that accepted it, in upper case.
    pub(crate) listener: Arc<str>,
    /// Which connection it is.
    pub(crate) connection: ConnectionId,
    /// When the request that waits has waited long enough.
    pub(crate) alarm: Alarm,
}

/// A connection on its way to its worker, from the listener or from another worker.
#[derive(Debug)]
pub(crate) struct Moving {
    pub(crate) stream: std::net::TcpStream,
    pub(crate) peer: Peer,
    /// What has come and is not read as a request yet.
    pub(crate) rest: Vec<u8>,
    /// When it was accepted, or the last request started or was answered.
    pub(crate) active: Tick,
}

/// What all connections of a worker share.
#[derive(Clone)]
pub(crate) struct Workplace {
    pub(crate) post: Rc<Post>,
    pub(crate) gathering: Rc<Gathering>,
    pub(crate) pool: Arc<Pool>,
}

/// Why a connection ended, other than by the client's own closing or by shutdown.
#[derive(Debug, thiserror::Error)]
enum Closed {
    #[error(transparent)]
    Frame(#[from] FrameError),
    #[error(transparent)]
    Call(#[from] CallError),
    #[error("the socket failed: {0}")]
    Socket(#[from] io::Error),
    #[error("a request without acknowledgement failed, and closing is the only way to tell")]
    Unacknowledged,
    #[error("idle for longer than connections.max.idle.ms")]
    Idle,
    #[error(
        "it stopped in the middle of a request while others waited for memory (memory.requests.max.bytes)"
    )]
    Stalled,
}

/// A request that has started.
struct InFlight {
    state: State,
    overlaps: bool,
    _memory: Reservation,
}

enum State {
    Running(Call),
    Done(Result<Answer<Encoded>, CallError>),
}

struct Connection {
    stream: TcpStream,
    broker: Arc<Broker>,
    peer: Rc<Peer>,
    post: Rc<Post>,
    gathering: Rc<Gathering>,
    frames: FrameBuffer,
    /// Memory for the frame that is being read, once its length is known.
    reserved: Option<Reservation>,
    in_flight: VecDeque<InFlight>,
    /// Bytes of requests that started since answers were last written.
    unanswered_bytes: usize,
    /// The last read was given all that it had room for.
    has_filled_room: bool,
    idle_after: Duration,
    active: Tick,
}

/// Serves a connection until the client leaves, misbehaves or idles, or the broker shuts down. Gives it back if another
/// worker is to go on with it.
pub(crate) async fn serve(
    broker: Arc<Broker>,
    Moving { stream, peer, rest, active }: Moving,
    Workplace { post, gathering, pool }: Workplace,
    mut shutdown: watch::Receiver<bool>,
) -> Option<Moving> {
    let (address, connection_id) = (peer.address, peer.connection);
    let config = broker.config();
    let Ok(stream) = TcpStream::from_std(stream) else {
        broker.share_connection_ended(connection_id);
        return None;
    };
    let mut connection = Connection {
        frames: FrameBuffer::new(config.network.socket_request_max_bytes, pool, rest),
        idle_after: Duration::from_millis(config.network.connections_max_idle_ms),
        active,
        stream,
        broker: Arc::clone(&broker),
        peer: Rc::new(peer),
        post,
        gathering,
        reserved: None,
        in_flight: VecDeque::new(),
        unanswered_bytes: 0,
        has_filled_room: false,
    };
    let ended = connection.run(&mut shutdown).await;
    let ended = match ended {
        Ok(Ended::Moves) => match connection.into_moving() {
            Ok(moving) => return Some(moving),
            Err(error) => Err(Closed::Socket(error)),
        },
        ended => {
            // What it asked for is dropped first, so that nothing is taken for a client that is gone.
            drop(connection);
            ended
        }
    };
    broker.share_connection_ended(connection_id);
    match ended {
        Ok(_) => tracing::trace!(client = %address, "connection ended"),
        Err(Closed::Socket(error)) => tracing::debug!(client = %address, %error, "connection lost"),
        Err(Closed::Idle) => tracing::debug!(client = %address, "idle connection closed"),
        Err(reason) => tracing::warn!(client = %address, "connection closed: {reason}"),
    }
    None
}

/// Why a connection is not served any longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    Closed,
    Moves,
}

/// What a read has found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Read {
    Some,
    Nothing,
    /// The client has closed the connection.
    Closed,
}

enum Event {
    Readable,
    Answered,
    IdleTimer,
    Stalled,
    ShutDown,
}

impl Connection {
    async fn run(&mut self, shutdown: &mut watch::Receiver<bool>) -> Result<Ended, Closed> {
        let idle_timer = tokio::time::sleep(self.idle_after);
        tokio::pin!(idle_timer);
        // Made once: a busy connection asks it again and again.
        let stopped = async { drop(shutdown.wait_for(|&stop| stop).await) };
        tokio::pin!(stopped);
        loop {
            if self.is_to_move()? {
                return Ok(Ended::Moves);
            }
            if let Err(reason) = self.start_requests().await {
                // What was asked before the bad bytes has been done, so it is answered.
                self.finish_requests().await?;
                return Err(reason);
            }
            if self.gathering.has_any()
                && let Some(oldest) = self.in_flight.front_mut()
            {
                // Whoever has something to read comes first, so that it is written together.
                tokio::task::yield_now().await;
                self.gathering.write();
                let _ = oldest.advance().await;
            }
            // What needs no waiting is answered without a look around, together with what has come behind it by now.
            if self.in_flight.front().is_some_and(InFlight::is_done) {
                if !self.more_has_come()? || self.read().await? != Read::Some {
                    self.write_answers().await?;
                }
                continue;
            }
            if !self.holds_memory() {
                self.frames.settle();
            }
            let may_read = self.in_flight.len() < IN_FLIGHT_MAX
                && !self.holds_whole_frame()?
                && !self.waits_for_memory()?;
            let waits_for_answer = !self.in_flight.is_empty();
            let event = tokio::select! {
                biased;
                () = answered(&mut self.in_flight), if waits_for_answer => Event::Answered,
                ready = poll_fn(|cx| self.stream.poll_read_ready(cx)), if may_read => ready.map(|()| Event::Readable)?,
                () = &mut idle_timer, if !waits_for_answer => Event::IdleTimer,
                // Made only if it is polled, that is if the condition holds.
                () = async { tokio::time::sleep(STALLED).await }, if may_read && self.holds_memory() => Event::Stalled,
                () = &mut stopped, if !waits_for_answer => Event::ShutDown,
            };
            match event {
                Event::Readable => {
                    if self.read().await? == Read::Closed {
                        return Ok(Ended::Closed);
                    }
                }
                Event::Answered => {
                    self.write_answers().await?;
                    self.active = self.broker.env.now().tick;
                }
                Event::IdleTimer => self.check_idle(idle_timer.as_mut())?,
                Event::Stalled if self.broker.budget.is_short() => return Err(Closed::Stalled),
                Event::Stalled => {}
                Event::ShutDown => return Ok(Ended::Closed),
            }
        }
    }

    /// Starts every request that is whole and may start.
    async fn start_requests(&mut self) -> Result<(), Closed> {
        // Of all requests that have come together.
        let mut now = None;
        while self.in_flight.len() < IN_FLIGHT_MAX {
            let Some(length) = self.frames.claimed()? else { return Ok(()) };
            // One that is to leave does so when all is answered, and before memory is reserved for what comes next.
            if !self.in_flight.is_empty() && self.post.is_to_leave() {
                return Ok(());
            }
            if self.reserved.is_none() {
                if FREE_BYTES < length && self.frames.arrived() < FREE_BYTES {
                    return Ok(());
                }
                self.reserved = self.broker.budget.try_reserve(length);
                if self.reserved.is_none() {
                    if !self.in_flight.is_empty() {
                        // Answers in flight give memory back; waiting here would keep them from leaving.
                        return Ok(());
                    }
                    self.reserved = Some(self.broker.budget.reserve(length).await);
                    now = None;
                }
            }
            let Some(overlaps) = self.frames.peek(length).map(api::may_overlap) else { return Ok(()) };
            let may_start =
                self.in_flight.is_empty() || overlaps && self.in_flight.iter().all(|r| r.overlaps);
            if !may_start {
                return Ok(());
            }
            let mut frame = self.frames.cut(length).expect("peek saw the whole frame");
            if !overlaps {
                // It may wait long, and must not keep the memory of what came together with it.
                frame = Bytes::copy_from_slice(&frame);
            }
            let memory = self.reserved.take().expect("reserved above");
            let now = *now.get_or_insert_with(|| self.broker.env.now());
            self.start(frame, overlaps, memory, now).await?;
        }
        Ok(())
    }

    async fn start(
        &mut self,
        frame: Bytes,
        overlaps: bool,
        memory: Reservation,
        now: Now,
    ) -> Result<(), Closed> {
        self.active = now.tick;
        self.post.note(now.tick);
        self.unanswered_bytes += frame.len();
        let state =
            match api::call(self.broker.clone(), self.peer.clone(), self.gathering.clone(), now, frame)? {
                Started::Answered(answer) => State::Done(Ok(answer)),
                Started::Running(call) => State::Running(call),
            };
        let mut request = InFlight { state, overlaps, _memory: memory };
        // The first poll runs the request's effects, so that they happen in the order of the requests.
        let _ = request.advance().await;
        self.in_flight.push_back(request);
        Ok(())
    }

    /// Whether another worker is to go on: nothing is under way here or answered and not sent, and the next request has
    /// begun to come, but has no memory reserved. That of a large one is reserved where it is read.
    fn is_to_move(&self) -> Result<bool, FrameError> {
        Ok(self.in_flight.is_empty()
            && self.post.is_to_leave()
            && self.frames.claimed()?.is_some()
            && !self.holds_memory()
            && Rc::strong_count(&self.peer) == 1)
    }

    /// The connection without what belongs to this worker.
    fn into_moving(self) -> io::Result<Moving> {
        let Self { stream, peer, frames, active, .. } = self;
        let peer = Peer { alarm: Alarm::default(), ..Rc::into_inner(peer).expect("is_to_move has looked") };
        Ok(Moving { stream: stream.into_std()?, peer, rest: frames.into_rest(), active })
    }

    /// Whether memory is held for a frame that is still on its way.
    fn holds_memory(&self) -> bool {
        self.reserved.as_ref().is_some_and(Reservation::holds_memory)
    }

    /// Whether the next frame may not be read on before answers have left and given memory back.
    fn waits_for_memory(&self) -> Result<bool, FrameError> {
        let is_large = self.frames.claimed()?.is_some_and(|length| FREE_BYTES < length);
        Ok(is_large && self.reserved.is_none() && FREE_BYTES <= self.frames.arrived())
    }

    /// Answers everything that has started.
    async fn finish_requests(&mut self) -> Result<(), Closed> {
        while !self.in_flight.is_empty() {
            answered(&mut self.in_flight).await;
            self.write_answers().await?;
        }
        Ok(())
    }

    fn holds_whole_frame(&self) -> Result<bool, FrameError> {
        Ok(self.frames.claimed()?.is_some_and(|length| self.frames.peek(length).is_some()))
    }

    /// Whether it is worth while to read on before answering: there is probably more, and nobody waits long for it.
    fn more_has_come(&self) -> Result<bool, FrameError> {
        Ok(self.has_filled_room
            && self.unanswered_bytes < ANSWERED_TOGETHER_BYTES
            && self.in_flight.len() < IN_FLIGHT_MAX
            && !self.holds_whole_frame()?
            && !self.waits_for_memory()?)
    }

    /// Reads what is there, without waiting.
    async fn read(&mut self) -> Result<Read, Closed> {
        let claimed = self.frames.claimed()?;
        let allowed = claimed.filter(|length| *length <= FREE_BYTES || self.reserved.is_some());
        let mut room = self.frames.room(allowed);
        let wanted = room.remaining_mut();
        // Polled, for then the runtime takes a read that had room left for the last one until it hears of more. Tried, each
        // request would cost another system call, which finds nothing.
        let mut reading = pin!(self.stream.read_buf(&mut room));
        let read = poll_fn(|cx| Poll::Ready(reading.as_mut().poll(cx))).await;
        self.has_filled_room = matches!(read, Poll::Ready(Ok(bytes)) if bytes == wanted);
        match read {
            Poll::Pending => Ok(Read::Nothing),
            Poll::Ready(Ok(0)) => Ok(Read::Closed),
            Poll::Ready(Ok(_)) => Ok(Read::Some),
            Poll::Ready(Err(error)) => Err(error.into()),
        }
    }

    /// Writes every answer that is ready at the head of the queue, together, up to one that cannot be given.
    async fn write_answers(&mut self) -> Result<(), Closed> {
        self.unanswered_bytes = 0;
        let (mut answers, mut failed) = (SmallList::default(), None);
        while let Some(oldest) = self.in_flight.front_mut() {
            if oldest.advance().await.is_pending() {
                break;
            }
            let Some(InFlight { state: State::Done(outcome), .. }) = self.in_flight.pop_front() else {
                break;
            };
            match outcome {
                Ok(Answer::Send(answer)) => answers.push(answer),
                Ok(Answer::Silent) => {}
                Ok(Answer::Close) => failed = Some(Closed::Unacknowledged),
                Err(error) => failed = Some(error.into()),
            }
            if failed.is_some() {
                break;
            }
        }
        let answers = answers.as_slice();
        let written = reply::write_at_once(&self.stream, answers)?;
        if written < answers.iter().map(Encoded::len).sum() {
            self.write(answers, written).await?;
        }
        failed.map_or(Ok(()), Err)
    }

    /// Writes what follows the first `written` bytes of `answers`.
    async fn write(&mut self, answers: &[Encoded], written: usize) -> Result<(), Closed> {
        let mut writing = pin!(reply::write(&self.stream, answers, written));
        // Nearly always there is room, and then no timer is made.
        match poll_fn(|cx| Poll::Ready(writing.as_mut().poll(cx))).await {
            Poll::Ready(written) => written?,
            // A client that does not read its answers is as good as gone.
            Poll::Pending => {
                tokio::time::timeout(self.idle_after, writing).await.map_err(|_| Closed::Idle)??;
                self.active = self.broker.env.now().tick;
            }
        }
        Ok(())
    }

    /// The timer is armed once and looks back when it fires, so that a busy connection never touches it.
    fn check_idle(&self, timer: Pin<&mut Sleep>) -> Result<(), Closed> {
        let idle = Duration::from_millis(self.broker.env.now().tick.since(self.active));
        match self.idle_after.checked_sub(idle) {
            Some(left) if !left.is_zero() => {
                timer.reset(Instant::now() + left);
                Ok(())
            }
            _ => Err(Closed::Idle),
        }
    }
}

impl InFlight {
    fn is_done(&self) -> bool {
        matches!(self.state, State::Done(_))
    }

    /// Drives the request; ready when it has its outcome.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let State::Running(call) = &mut self.state else { return Poll::Ready(()) };
        call.as_mut().poll(cx).map(|outcome| self.state = State::Done(outcome))
    }

    /// Drives the request once, without waiting.
    async fn advance(&mut self) -> Poll<()> {
        poll_fn(|cx| Poll::Ready(self.poll(cx))).await
    }
}

/// Resolves when the oldest request has its outcome.
async fn answered(in_flight: &mut VecDeque<InFlight>) {
    poll_fn(|cx| in_flight.front_mut().map_or(Poll::Pending, |oldest| oldest.poll(cx))).await;
}
