//! One connection of the cannon: a place in an endless row of requests, sent in large writes, answered in order.

use super::answer::{Answers, Refusal};
use super::request::{Head, Request};
use crate::frames::Input;
use std::io::{self, IoSlice, Read, Write};
use std::net::TcpStream;

/// A connection and what is under way on it.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) stream: TcpStream,
    input: Input,
    /// Which of the requests is its first, so that connections begin with different partitions.
    first: usize,
    /// Requests that were sent as a whole. Their number is also the correlation id of the next.
    sent: u32,
    /// Bytes of the next request that have been sent already.
    partial: usize,
    answered: u32,
    /// Whether the last write found no room for all.
    pub(super) is_full: bool,
    /// Whether the kernel was asked to tell when there is room.
    pub(super) waits_for_room: bool,
}

/// Why a connection ends.
#[derive(Debug)]
pub(super) enum Lost {
    /// The peer closed it, or the system.
    Io(io::Error),
    /// An answer was none.
    Refused(Refusal),
}

impl From<io::Error> for Lost {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl Connection {
    pub(super) fn new(stream: TcpStream, first: usize) -> Self {
        Self {
            stream,
            input: Input::default(),
            first,
            sent: 0,
            partial: 0,
            answered: 0,
            is_full: false,
            waits_for_room: false,
        }
    }

    /// Requests that were begun and have no answer yet.
    pub(super) fn open(&self) -> u32 {
        self.begun().wrapping_sub(self.answered)
    }

    fn begun(&self) -> u32 {
        self.sent.wrapping_add(u32::from(0 < self.partial))
    }

    /// The request with this number on this connection.
    pub(super) fn request<'r>(&self, requests: &'r [Request], number: u32) -> &'r Request {
        &requests[(self.first + number as usize) % requests.len()]
    }

    /// Goes on with the request that was begun, and begins up to `more`. Returns how many it has begun.
    pub(super) fn send(&mut self, requests: &[Request], more: u32) -> io::Result<u32> {
        let before = self.begun();
        let until = before.wrapping_add(more);
        while self.sent != until {
            let mut heads = [Head::default(); REQUESTS_AT_ONCE];
            let number = (until.wrapping_sub(self.sent) as usize).min(heads.len());
            for (head, id) in heads[..number].iter_mut().zip(self.sent..) {
                *head = self.request(requests, id).head(id.cast_signed());
            }
            let mut slices = [IoSlice::new(&[]); SLICES];
            let (mut filled, mut bytes, mut skipped) = (0, 0, self.partial);
            for (head, id) in heads[..number].iter().zip(self.sent..) {
                let request = self.request(requests, id);
                filled += request.gather(head, skipped, &mut slices[filled..]);
                bytes += request.len() - skipped;
                skipped = 0;
                if BYTES_AT_ONCE <= bytes || filled == SLICES {
                    break;
                }
            }
            let gathered: usize = slices[..filled].iter().map(|slice| slice.len()).sum();
            let written = match (&self.stream).write_vectored(&slices[..filled]) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
                written => written?,
            };
            self.advance(requests, written);
            self.is_full = written < gathered;
            if self.is_full {
                break;
            }
        }
        Ok(self.begun().wrapping_sub(before))
    }

    fn advance(&mut self, requests: &[Request], written: usize) {
        self.partial += written;
        loop {
            let length = self.request(requests, self.sent).len();
            if self.partial < length {
                return;
            }
            self.partial -= length;
            self.sent = self.sent.wrapping_add(1);
        }
    }

    /// Reads once, and tells of every answer that is here now with the number of its request.
    pub(super) fn receive(&mut self, answers: Answers, mut each: impl FnMut(&Self, u32)) -> Result<(), Lost> {
        match self.input.receive(&self.stream) {
            Ok(0) => return Err(Lost::Io(io::ErrorKind::UnexpectedEof.into())),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error.into()),
        }
        while let Some(frame) = self.input.next()? {
            let number = self.answered;
            let bytes = &self.input.bytes()[frame];
            answers.check(bytes, number.cast_signed()).map_err(Lost::Refused)?;
            self.answered = number.wrapping_add(1);
            each(self, number);
        }
        Ok(())
    }

    /// Where nothing is answered: tells of every request that was sent since the last time.
    pub(super) fn take_as_answered(&mut self, mut each: impl FnMut(&Self, u32)) {
        while self.answered != self.sent {
            let number = self.answered;
            self.answered = number.wrapping_add(1);
            each(self, number);
        }
    }

    /// Waits until the peer has handled everything that was sent without being answered.
    pub(super) fn close(&mut self, closing: &Request) -> io::Result<()> {
        self.stream.set_nonblocking(false)?;
        let head = closing.head(self.sent.cast_signed());
        let mut slices = [IoSlice::new(&[]); SLICES];
        let filled = closing.gather(&head, 0, &mut slices);
        for slice in &slices[..filled] {
            self.stream.write_all(slice)?;
        }
        let mut length = [0; 4];
        self.stream.read_exact(&mut length)
    }
}

/// Requests whose heads are written at once.
const REQUESTS_AT_ONCE: usize = 64;
/// Pieces that one call of the system takes from here: two for each small request.
const SLICES: usize = 2 * REQUESTS_AT_ONCE;
/// Enough for one call of the system; more does not come cheaper.
const BYTES_AT_ONCE: usize = 1 << 20;
