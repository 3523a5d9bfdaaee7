//! Bytes to Kafka messages and back (generated, one file per message), and record batches v2.
//!
//! [`message`] holds the messages of every API that a client sends, [`codec`] what reads and writes them,
//! [`record`] the record batches inside of Produce and Fetch. Decoding is bounded by its input: no bytes from
//! outside make this crate panic or take memory out of proportion to their number. Messages are supersets of
//! all versions; only here and in the broker's API table does anyone see a version.

mod api_key;
pub mod codec;
pub mod error_code;
pub mod message;
pub mod record;
mod str;

pub use api_key::ApiKey;
pub use codec::{DecodeError, EncodeError, Encoded, Reader, Writer};
pub use error_code::ErrorCode;
pub use str::Str;
