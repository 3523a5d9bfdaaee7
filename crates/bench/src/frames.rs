//! What has come over a connection, cut into frames where it lies: requests for servers, answers for generators.

use std::io::{self, Read};
use std::net::TcpStream;
use std::ops::Range;

/// The largest frame that is read, its length included: the same as a broker's by default.
const FRAME_BYTES_MAX: usize = 100 * 1024 * 1024;

/// Bytes that have come and were not yet taken.
#[derive(Debug, Default)]
pub(crate) struct Input {
    /// All of it is initialised; `filled` of it came from the connection.
    buffer: Vec<u8>,
    taken: usize,
    filled: usize,
    /// How much to be ready for, besides what the next frame claims.
    room: usize,
}

/// Where a frame lies in [`Input::bytes`], without its length.
pub(crate) type Frame = Range<usize>;

impl Input {
    /// Reads once, into room for at least the frame that is being received. 0 is the end.
    ///
    /// Frames that were taken before are gone after this: they are in the way.
    pub(crate) fn receive(&mut self, mut stream: &TcpStream) -> io::Result<usize> {
        self.make_room();
        let received = stream.read(&mut self.buffer[self.filled..])?;
        self.filled += received;
        if self.filled == self.buffer.len() {
            self.room = (self.room * 2).min(ROOM_MAX);
        }
        Ok(received)
    }

    /// Gives room that another connection had, if this one has none.
    pub(crate) fn lend(&mut self, lender: &mut Vec<Vec<u8>>) {
        if self.buffer.is_empty() {
            self.buffer = lender.pop().unwrap_or_default();
        }
    }

    /// Gives the room back, if nothing in it is still to be taken. What was taken is gone then.
    pub(crate) fn give_back(&mut self, lender: &mut Vec<Vec<u8>>) {
        if self.taken == self.filled && !self.buffer.is_empty() {
            (self.taken, self.filled) = (0, 0);
            lender.push(std::mem::take(&mut self.buffer));
        }
    }

    /// The next frame that is here as a whole.
    pub(crate) fn next(&mut self) -> io::Result<Option<Frame>> {
        let Some(length) = self.claimed()? else { return Ok(None) };
        let frame = self.taken + 4..self.taken + 4 + length;
        if self.filled < frame.end {
            return Ok(None);
        }
        self.taken = frame.end;
        Ok(Some(frame))
    }

    /// What has come and was not yet taken, for who speaks in other things than frames.
    pub(crate) fn rest(&self) -> &[u8] {
        &self.buffer[self.taken..self.filled]
    }

    /// Takes the first `length` bytes of the rest.
    pub(crate) fn take(&mut self, length: usize) {
        assert!(length <= self.filled - self.taken, "only what has come can be taken");
        self.taken += length;
    }

    /// What a frame's place refers to, until the next [`Input::receive`].
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.buffer[..self.filled]
    }

    /// The same, to stamp a frame in place.
    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.buffer[..self.filled]
    }

    /// The length that the frame at the front claims.
    fn claimed(&self) -> io::Result<Option<usize>> {
        let Some(bytes) = self.buffer[self.taken..self.filled].first_chunk() else { return Ok(None) };
        match usize::try_from(i32::from_be_bytes(*bytes)) {
            Ok(length) if length <= FRAME_BYTES_MAX => Ok(Some(length)),
            _ => Err(io::Error::new(io::ErrorKind::InvalidData, "a frame of an impossible length")),
        }
    }

    fn make_room(&mut self) {
        if 0 < self.taken {
            self.buffer.copy_within(self.taken..self.filled, 0);
            self.filled -= self.taken;
            self.taken = 0;
        }
        self.room = self.room.max(ROOM_MIN);
        let claimed = self.claimed().ok().flatten().unwrap_or_default();
        let wanted = (claimed + 4).max(self.room);
        if self.buffer.len() < wanted {
            self.buffer.resize(wanted, 0);
        }
    }
}

/// Where thousands of quiet connections begin and stay.
const ROOM_MIN: usize = 16 * 1024;
/// What a busy connection grows to, by doubling: more reads at once, and still in the processor's cache when the
/// checksum is taken. Only a larger frame gets more, and then exactly its size, so that nothing of the next one has to
/// be moved.
const ROOM_MAX: usize = 256 * 1024;

#[cfg(test)]
mod tests;
