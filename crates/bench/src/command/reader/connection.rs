//! One connection of the reader: its partitions in turn, one request at a time, as a consumer's.

use super::answer::{Answer, Trouble, Wanted};
use super::request::Request;
use rustix::net::{RecvFlags, recv};
use std::io::{self, Write};
use std::net::TcpStream;

/// A connection and what it waits for.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) stream: TcpStream,
    request: Request,
    topic_bytes: usize,
    /// Which partitions, and from where each is to be read next.
    places: Vec<(i32, i64)>,
    turn: usize,
    correlation_id: i32,
    answer: Answer,
    buffer: Vec<u8>,
    /// What of the buffer has come and was not yet seen.
    seen: usize,
    filled: usize,
    /// How much to read where a batch begins: large batches are worth a call of their own to skip them.
    at_once: usize,
}

/// Why a connection ends.
#[derive(Debug)]
pub(super) enum Lost {
    /// The peer closed it, or the system.
    Io(io::Error),
    /// An answer was of no use.
    Answer(Trouble),
    /// A partition has no record.
    Empty,
}

impl From<io::Error> for Lost {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl Connection {
    pub(super) fn new(stream: TcpStream, request: Request, topic_bytes: usize, partitions: Vec<i32>) -> Self {
        Self {
            stream,
            request,
            topic_bytes,
            places: partitions.into_iter().map(|partition| (partition, 0)).collect(),
            turn: 0,
            correlation_id: 0,
            answer: Answer::new(0, topic_bytes),
            buffer: vec![0; AT_ONCE_MAX],
            seen: 0,
            filled: 0,
            at_once: AT_ONCE_MAX,
        }
    }

    /// Asks for the next part of the partition whose turn it is.
    pub(super) fn ask(&mut self) -> Result<(), Lost> {
        self.correlation_id = self.correlation_id.wrapping_add(1);
        self.answer = Answer::new(self.correlation_id, self.topic_bytes);
        let (partition, offset) = self.places[self.turn];
        let frame = self.request.aimed(self.correlation_id, partition, offset);
        // A hundred bytes, on a connection on which nothing else is under way, always find room.
        Ok(self.stream.write_all(frame)?)
    }

    /// Reads what has come. Returns the answer once it is complete.
    pub(super) fn receive(&mut self, sink: &mut [u8]) -> Result<Option<&Answer>, Lost> {
        loop {
            match self.answer.wanted() {
                Wanted::Nothing => {
                    self.advance()?;
                    return Ok(Some(&self.answer));
                }
                Wanted::Seen(least) if self.filled - self.seen < least => {
                    if !self.fill(least)? {
                        return Ok(None);
                    }
                }
                Wanted::Seen(_) => {
                    let bytes = &self.buffer[self.seen..self.filled];
                    self.seen += self.answer.see(bytes).map_err(Lost::Answer)?;
                }
                Wanted::Skipped(bytes) if self.seen < self.filled => {
                    let here = bytes.min(self.filled - self.seen);
                    self.seen += here;
                    self.answer.skipped(here);
                    self.at_once = if bytes < LARGE_BYTES { AT_ONCE_MAX } else { AT_ONCE_MIN };
                }
                Wanted::Skipped(bytes) => {
                    let most = bytes.min(sink.len());
                    match received(recv(&self.stream, &mut sink[..most], RecvFlags::TRUNC))? {
                        Some(bytes) => self.answer.skipped(bytes),
                        None => return Ok(None),
                    }
                }
            }
        }
    }

    /// Remembers where to go on: behind what has come, or at the start when that was the end.
    fn advance(&mut self) -> Result<(), Lost> {
        let (_, offset) = &mut self.places[self.turn];
        let next = self.answer.next_offset.unwrap_or(*offset);
        if next == *offset && *offset == self.answer.log_start.max(0) {
            return Err(Lost::Empty);
        }
        let is_end = self.answer.high_watermark <= next || self.answer.next_offset.is_none();
        *offset = if is_end { self.answer.log_start.max(0) } else { next };
        self.turn = (self.turn + 1) % self.places.len();
        Ok(())
    }

    /// Reads once so that at least `least` bytes may be there; false if there was nothing.
    fn fill(&mut self, least: usize) -> Result<bool, Lost> {
        self.buffer.copy_within(self.seen..self.filled, 0);
        self.filled -= self.seen;
        self.seen = 0;
        let wanted = self.at_once.max(least);
        if self.buffer.len() < wanted {
            self.buffer.resize(wanted, 0);
        }
        let room = &mut self.buffer[self.filled..wanted];
        let received = received(recv(&self.stream, room, RecvFlags::empty()))?;
        self.filled += received.unwrap_or(0);
        Ok(received.is_some())
    }
}

/// How many bytes came; none if there was nothing.
fn received(outcome: rustix::io::Result<(usize, usize)>) -> io::Result<Option<usize>> {
    match outcome {
        Ok((0, _)) => Err(io::ErrorKind::UnexpectedEof.into()),
        Ok((bytes, _)) => Ok(Some(bytes)),
        Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Above this a call that throws bytes away is cheaper than copying them.
const LARGE_BYTES: usize = 16 * 1024;
const AT_ONCE_MIN: usize = 512;
const AT_ONCE_MAX: usize = 64 * 1024;
