//! Reading and writing messages: the traits, the bounded reader, the chunked writer, and whole frames.
//!
//! ```text
//! frame:  length i32 (of what follows) | header | body
//! ```
//!
//! Two encodings of lengths exist. Classic versions of a message use an i16 or i32, null is -1. Flexible versions
//! use a varint of the length plus one, null is 0, and each structure ends with tagged fields. The version decides,
//! so reader and writer are told it once, when a message begins.

mod error;
mod frame;
mod reader;
#[cfg(test)]
mod tests;
mod writer;

pub use error::{DecodeError, DecodeProblem, EncodeError, EncodeProblem};
pub use frame::{decode_request_header, decode_response_header, encode_request, encode_response};
pub use reader::Reader;
pub use writer::{Chunk, Encoded, Writer};

use crate::ApiKey;
use std::ops::RangeInclusive;

/// A structure with a schema of its own: a request, a response, a header or stored data.
pub trait Message: Sized {
    /// The schema's name, as `FetchRequest`.
    const NAME: &'static str;
    /// Every version that can be read and written.
    const VERSIONS: RangeInclusive<i16>;
    /// The first version with compact lengths and tagged fields; none if there is no such version.
    const FLEXIBLE_FROM: Option<i16>;

    /// Reads the message; what follows it in the reader is left alone.
    ///
    /// # Errors
    /// If the version is not in [`Message::VERSIONS`], or the bytes are no such message.
    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError>;

    /// Writes the message.
    ///
    /// # Errors
    /// If the version is not in [`Message::VERSIONS`], or cannot carry a value that is set, or a length or null
    /// cannot be expressed. What was written before stays in the writer, which is then of no use.
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError>;
}

/// A message that a client sends to a broker.
pub trait Request: Message {
    /// The API that it calls.
    const KEY: ApiKey;
    /// The answer, which has the same version.
    type Response: Response;
}

/// The answer to a request.
pub trait Response: Message {
    /// The API that was called.
    const KEY: ApiKey;
}

/// What every generated module uses.
pub(crate) mod prelude {
    pub(crate) use super::{DecodeError, EncodeError, Message, Reader, Request, Response, Writer};
    pub(crate) use crate::record::Records;
    pub(crate) use crate::{ApiKey, ErrorCode, Str};
    pub(crate) use bytes::Bytes;
    pub(crate) use std::ops::RangeInclusive;
    pub(crate) use uuid::Uuid;
}
