//! Cuts a byte stream into frames: a length (4 bytes, big-endian, signed) and as many bytes.
//!
//! Bytes are read into a buffer of the worker's [`Pool`]; frames are slices of it. Where a buffer ends is chosen so that
//! it ends with a frame: what comes behind the last whole frame has to be moved to the next buffer.
//!
//! Memory follows what arrived, not what a client claims: a connection that waits for the rest of a frame holds a
//! pooled buffer only if it has reserved the frame's memory; otherwise the little that has arrived is moved out of it.

use crate::pool::{self, Pool};
use bytes::buf::Limit;
use bytes::{Buf, BufMut, Bytes};
use std::sync::Arc;

/// A stream that cannot be cut any further.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FrameError {
    /// Close the connection: nothing that follows can be trusted.
    #[error("a frame claims {length} bytes; the limit is {limit} (socket.request.max.bytes)")]
    TooLarge { length: i32, limit: usize },
    /// Close the connection: whoever is there looks for another server.
    #[error("the client speaks {protocol}, and this listener Kafka's protocol without encryption")]
    Foreign { protocol: &'static str },
    /// Close the connection: nothing that follows can be trusted.
    #[error("a frame claims a negative length of {length} bytes")]
    Negative { length: i32 },
}

/// Bytes read from a connection and not yet cut off. At most one of the two has some.
#[derive(Debug)]
pub(crate) struct FrameBuffer {
    /// Began with a whole frame; shared with the frames that were cut off.
    arrived: Bytes,
    /// Where bytes are read into; begins with a frame.
    filling: Vec<u8>,
    limit: usize,
    /// How much to read where nothing is known of the next frame.
    likely: usize,
    /// What the last room was made for, bytes that were there before included.
    wanted: usize,
    /// What probably comes at once: twice as much as came last, if that was all that there was room for.
    expected: usize,
    pool: Arc<Pool>,
}

const LENGTH_BYTES: usize = 4;
/// Read at once where nothing is known of the next frame: many small ones, or the beginning of a large one.
const READ_BYTES: usize = pool::SMALLEST;
/// Where a frame from here on has begun, no more is read than its rest, and its successors are expected to be as large.
const ALONE_BYTES_MIN: usize = 8 * 1024;
/// The most that is read of frames, because of the one before them, ahead of a reservation.
const LIKELY_BYTES_MAX: usize = 128 * 1024;
/// Frames from here on share the buffer that they came in.
const SHARED_BYTES_MIN: usize = 2 * 1024;
/// What a connection holds at least while a frame is on its way.
const WAITING_BYTES: usize = 4 * 1024;

impl FrameBuffer {
    /// For frames of at most `limit` bytes. `rest` is what another has [left](Self::into_rest).
    pub(crate) fn new(limit: usize, pool: Arc<Pool>, rest: Vec<u8>) -> Self {
        Self { arrived: Bytes::new(), filling: rest, limit, likely: READ_BYTES, wanted: 0, expected: 0, pool }
    }

    /// What has arrived and was not cut off.
    pub(crate) fn into_rest(mut self) -> Vec<u8> {
        self.settle();
        self.filling
    }

    fn bytes(&self) -> &[u8] {
        if self.arrived.is_empty() { &self.filling } else { &self.arrived }
    }

    /// The length of the frame that begins here, once its four bytes are there.
    pub(crate) fn claimed(&self) -> Result<Option<usize>, FrameError> {
        let Some(head) = self.bytes().first_chunk::<LENGTH_BYTES>() else { return Ok(None) };
        let length = i32::from_be_bytes(*head);
        match usize::try_from(length) {
            Err(_) => Err(FrameError::Negative { length }),
            Ok(claimed) if claimed > self.limit => Err(match foreign(head) {
                Some(protocol) => FrameError::Foreign { protocol },
                None => FrameError::TooLarge { length, limit: self.limit },
            }),
            Ok(length) => Ok(Some(length)),
        }
    }

    /// Cuts off a frame of `length` bytes (without its length field), if all of it is there. It shares memory with what
    /// came before and behind it, unless it is small: one that waits must not keep a buffer many times its size.
    pub(crate) fn cut(&mut self, length: usize) -> Option<Bytes> {
        let whole = LENGTH_BYTES + length;
        if self.bytes().len() < whole {
            return None;
        }
        if length < SHARED_BYTES_MIN && self.filling.len() == whole {
            // It came alone, as small ones do: nobody needs to share.
            let frame = Bytes::copy_from_slice(&self.filling[LENGTH_BYTES..]);
            self.filling.clear();
            self.likely = READ_BYTES;
            return Some(frame);
        }
        if self.arrived.is_empty() {
            let came = self.filling.len();
            self.expected = if came < self.wanted { came } else { 2 * came };
            self.arrived = self.pool.share(std::mem::take(&mut self.filling));
        }
        self.likely = match whole {
            // Whole frames of the same size: when they come, none is cut in two and has to be moved.
            ALONE_BYTES_MIN..=LIKELY_BYTES_MAX => {
                (self.expected / whole).clamp(1, LIKELY_BYTES_MAX / whole) * whole
            }
            _ => READ_BYTES,
        };
        self.arrived.advance(LENGTH_BYTES);
        let frame = self.arrived.split_to(length);
        Some(if length < SHARED_BYTES_MIN { Bytes::copy_from_slice(&frame) } else { frame })
    }

    /// The first bytes of the frame that begins here, if all `length` bytes of it are there.
    pub(crate) fn peek(&self, length: usize) -> Option<&[u8]> {
        self.bytes().get(LENGTH_BYTES..LENGTH_BYTES + length)
    }

    /// Room to read into. `allowed` is the length of the frame that begins here, if it is known and all of it may take
    /// memory.
    pub(crate) fn room(&mut self, allowed: Option<usize>) -> Limit<&mut Vec<u8>> {
        let wanted = match allowed.map(|length| LENGTH_BYTES + length) {
            Some(frame) if ALONE_BYTES_MIN <= frame => frame,
            Some(_) => READ_BYTES,
            None => self.likely,
        };
        let wanted = wanted.max(self.bytes().len() + WAITING_BYTES * usize::from(allowed.is_none()));
        if !self.arrived.is_empty() || self.filling.capacity() < wanted {
            let mut larger = self.pool.take(wanted);
            larger.extend_from_slice(self.bytes());
            self.arrived = Bytes::new();
            self.pool.put(std::mem::replace(&mut self.filling, larger));
        }
        self.wanted = wanted;
        let left = wanted - self.filling.len();
        (&mut self.filling).limit(left)
    }

    /// How many bytes are here, of whatever frames.
    pub(crate) fn arrived(&self) -> usize {
        self.bytes().len()
    }

    /// Gives back what is not needed while nothing comes for a frame whose memory is not reserved.
    pub(crate) fn settle(&mut self) {
        if self.arrived.is_empty() && self.filling.capacity() < pool::SMALLEST {
            return;
        }
        let mut own = Vec::new();
        if !self.bytes().is_empty() {
            own.reserve_exact(self.bytes().len().max(WAITING_BYTES));
            own.extend_from_slice(self.bytes());
        }
        self.arrived = Bytes::new();
        self.pool.put(std::mem::replace(&mut self.filling, own));
    }
}

/// The protocol whose first bytes these are. As a length each of them is far beyond any limit that makes sense.
fn foreign(head: &[u8; LENGTH_BYTES]) -> Option<&'static str> {
    match head {
        b"GET " | b"POST" | b"PUT " | b"HEAD" | b"OPTI" | b"DELE" | b"PRI " => Some("HTTP"),
        [0x16, 0x03, ..] => Some("TLS"),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
