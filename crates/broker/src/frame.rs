//! Cuts a byte stream into frames: a length (4 bytes, big-endian, signed) and as many bytes.
//!
//! Memory follows what arrived, not what a client claims: the buffer starts small and doubles, up to the
//! claimed length, which the frame-size limit bounds.

use bytes::{Buf, Bytes, BytesMut};

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

/// Bytes read from a connection and not yet cut off.
#[derive(Debug)]
pub(crate) struct FrameBuffer {
    bytes: BytesMut,
    limit: usize,
}

const LENGTH_BYTES: usize = 4;
/// Enough for most requests that carry no records.
const READ_BYTES_MIN: usize = 4 * 1024;
/// The largest step in which the buffer grows ahead of what has arrived.
const READ_BYTES_STEP: usize = 1024 * 1024;

impl FrameBuffer {
    pub(crate) fn new(limit: usize) -> Self {
        Self { bytes: BytesMut::new(), limit }
    }

    /// The length of the frame that begins here, once its four bytes are there.
    pub(crate) fn claimed(&self) -> Result<Option<usize>, FrameError> {
        let Some(head) = self.bytes.first_chunk::<LENGTH_BYTES>() else { return Ok(None) };
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

    /// Cuts off a frame of `length` bytes (without its length field), if all of it is there.
    pub(crate) fn cut(&mut self, length: usize) -> Option<Bytes> {
        if self.bytes.len() < LENGTH_BYTES + length {
            return None;
        }
        self.bytes.advance(LENGTH_BYTES);
        Some(self.bytes.split_to(length).freeze())
    }

    /// The first bytes of the frame that begins here, if all `length` bytes of it are there.
    pub(crate) fn peek(&self, length: usize) -> Option<&[u8]> {
        self.bytes.get(LENGTH_BYTES..LENGTH_BYTES + length)
    }

    /// Room to read into, sized for what is expected next.
    pub(crate) fn room(&mut self, claimed: Option<usize>) -> &mut BytesMut {
        let missing = claimed.map_or(0, |length| (LENGTH_BYTES + length).saturating_sub(self.bytes.len()));
        let step = missing.min(self.bytes.len().clamp(READ_BYTES_MIN, READ_BYTES_STEP) * 4);
        self.bytes.reserve(step.max(READ_BYTES_MIN));
        &mut self.bytes
    }

    /// How many bytes are here, of whatever frames.
    pub(crate) fn arrived(&self) -> usize {
        self.bytes.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Gives the memory back while the connection idles.
    pub(crate) fn release(&mut self) {
        debug_assert!(self.is_empty(), "bytes of a frame would be lost");
        self.bytes = BytesMut::new();
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
mod tests {
    use super::*;

    fn buffer(bytes: &[u8]) -> FrameBuffer {
        let mut buffer = FrameBuffer::new(100);
        buffer.room(None).extend_from_slice(bytes);
        buffer
    }

    #[test]
    fn a_frame_is_cut_when_its_last_byte_is_there() {
        let mut half = buffer(&[0, 0, 0, 3, 1, 2]);
        assert_eq!(half.claimed(), Ok(Some(3)));
        assert_eq!(half.cut(3), None);
        half.room(Some(3)).extend_from_slice(&[3, 9]);
        assert_eq!(half.cut(3).as_deref(), Some(&[1, 2, 3][..]));
        assert_eq!(half.claimed(), Ok(None), "the next frame has only begun");
    }

    #[test]
    fn lengths_out_of_range_are_refused() {
        assert_eq!(buffer(&[0, 0, 0, 101]).claimed(), Err(FrameError::TooLarge { length: 101, limit: 100 }));
        assert_eq!(buffer(&[255; 4]).claimed(), Err(FrameError::Negative { length: -1 }));
        let error = buffer(&0x7fff_ffffi32.to_be_bytes()).claimed();
        assert_eq!(error, Err(FrameError::TooLarge { length: i32::MAX, limit: 100 }));
    }

    #[test]
    fn other_protocols_are_called_by_name() {
        assert_eq!(buffer(b"GET / HTTP/1.1").claimed(), Err(FrameError::Foreign { protocol: "HTTP" }));
        assert_eq!(buffer(&[0x16, 0x03, 0x01, 0x02]).claimed(), Err(FrameError::Foreign { protocol: "TLS" }));
    }

    #[test]
    fn memory_follows_what_arrived() {
        let mut claims_much = FrameBuffer::new(usize::MAX);
        claims_much.room(None).extend_from_slice(&i32::MAX.to_be_bytes());
        let claimed = claims_much.claimed().expect("within the limit");
        assert!(claims_much.room(claimed).capacity() < 64 * 1024);
    }
}
