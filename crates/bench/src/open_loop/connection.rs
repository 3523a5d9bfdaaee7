//! A client's socket: frames out and in, without ever waiting for it.

use crate::command::{Failure, Outcome, While};
use crate::frames::Input;
use crate::server::Output;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::io::ErrorKind;
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// One connection.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    input: Input,
    output: Output,
    wire_bytes: u64,
}

impl Connection {
    /// Connects.
    pub(crate) fn open(address: SocketAddr) -> Result<Self, Failure> {
        let doing = || format!("connecting to {address} (is the server running there?)");
        let stream = TcpStream::connect(address).while_doing(doing())?;
        stream.set_nodelay(true).while_doing(doing())?;
        stream.set_nonblocking(true).while_doing(doing())?;
        Ok(Self { stream, input: Input::default(), output: Output::default(), wire_bytes: 0 })
    }

    /// Sends a frame, length included: what the socket takes of it now, and the rest when there is room.
    pub(crate) fn send(&mut self, frame: &[u8]) -> Outcome {
        self.wire_bytes += frame.len() as u64;
        self.output.writer().extend_from_slice(frame);
        self.flush()
    }

    /// Sends what waits, and reads once what has come. [`Connection::frame`] gives it.
    pub(crate) fn turn(&mut self) -> Outcome {
        self.flush()?;
        match self.input.receive(&self.stream) {
            Ok(0) => Err(Failure::new("the server closed the connection; its log may say why")),
            Ok(received) => {
                self.wire_bytes += received as u64;
                Ok(())
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => Ok(()),
            Err(error) => Err(error).while_doing("reading answers"),
        }
    }

    /// The next frame that is here as a whole, without its length.
    pub(crate) fn frame(&mut self) -> Result<Option<&[u8]>, Failure> {
        let frame = self.input.next().while_doing("reading answers")?;
        Ok(frame.map(|frame| &self.input.bytes()[frame]))
    }

    /// What has come and was not yet taken, where the server does not speak in frames.
    pub(crate) fn rest(&self) -> &[u8] {
        self.input.rest()
    }

    /// Takes the first `length` bytes of the rest.
    pub(crate) fn take(&mut self, length: usize) {
        self.input.take(length);
    }

    /// Bytes that went over the socket, in both directions.
    pub(crate) fn wire_bytes(&self) -> u64 {
        self.wire_bytes
    }

    fn flush(&mut self) -> Outcome {
        self.output.send(&self.stream).while_doing("sending requests")
    }
}

/// Sleeps until connections have something to read, or room for what they have to send, at most for `time`. Gives their
/// places.
///
/// That is `ppoll`, for it takes nanoseconds, and with two connections it costs no more than an epoll.
pub(crate) fn wait(connections: &[Connection], time: Duration) -> Result<Vec<usize>, Failure> {
    let watch = |connection: &Connection| if connection.output.is_empty() { PollFlags::IN } else { BOTH };
    let mut sockets: Vec<PollFd<'_>> =
        connections.iter().map(|connection| PollFd::new(&connection.stream, watch(connection))).collect();
    let time = Timespec::try_from(time).while_doing("computing how long to sleep")?;
    match poll(&mut sockets, Some(&time)) {
        Ok(_) | Err(rustix::io::Errno::INTR) => {}
        Err(error) => return Err(error).while_doing("waiting for answers"),
    }
    let ready = sockets.iter().enumerate().filter(|(_, socket)| !socket.revents().is_empty());
    Ok(ready.map(|(at, _)| at).collect())
}

const BOTH: PollFlags = PollFlags::IN.union(PollFlags::OUT);
