//! Every message in every version: bytes made from the schema text by code that shares nothing with the generated
//! one, then read, written and compared.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail by panic")]

mod allocation;
mod corpus;
mod differential;
mod hostile;
mod round_trip;
// The generator's own parser: the test needs the facts, and a second parser would prove nothing about the codec.
#[allow(dead_code, reason = "the generator needs more of the schema than this test")]
#[path = "../../../../xtask/src/generate/schema.rs"]
mod schema;

use bytes::Bytes;
use ottla_wire::message::Message;
use ottla_wire::{DecodeError, EncodeError, Reader, Writer};
use std::fmt::Debug;
use std::ops::RangeInclusive;

/// Reading fails or gives a value, which is written or refused.
type Converted = Result<Result<Bytes, EncodeError>, DecodeError>;

/// What the tests do with a message, whatever its type.
struct Codec {
    name: &'static str,
    versions: RangeInclusive<i16>,
    /// Reads a message and returns how many bytes were left over.
    decode: fn(Bytes, i16) -> Result<usize, DecodeError>,
    /// Reads a message of one version and writes it in another.
    convert: fn(Bytes, i16, i16) -> Converted,
    /// Reads two messages and compares the values.
    same: fn(Bytes, Bytes, i16) -> Result<bool, DecodeError>,
    /// Writes the default and reads it; `None` if the value is another one then.
    default: fn(i16) -> Option<Bytes>,
}

fn codec<M: Message + Default + PartialEq + Debug>() -> Codec {
    fn write<M: Message>(message: &M, version: i16) -> Result<Bytes, EncodeError> {
        let mut w = Writer::new();
        message.encode(&mut w, version)?;
        let encoded = w.finish();
        let length = encoded.len();
        let bytes = encoded.into_bytes().expect("no message of the tests has file regions");
        assert_eq!(bytes.len(), length, "{}", M::NAME);
        Ok(bytes)
    }
    Codec {
        name: M::NAME,
        versions: M::VERSIONS,
        decode: |bytes, version| {
            let mut r = Reader::new(bytes);
            M::decode(&mut r, version).map(|_| r.remaining())
        },
        convert: |bytes, from, to| {
            M::decode(&mut Reader::new(bytes), from).map(|message| write(&message, to))
        },
        same: |one, other, version| {
            let one = M::decode(&mut Reader::new(one), version)?;
            Ok(one == M::decode(&mut Reader::new(other), version)?)
        },
        default: |version| {
            let bytes = write(&M::default(), version).ok()?;
            let read = M::decode(&mut Reader::new(bytes.clone()), version).ok()?;
            (read == M::default()).then_some(bytes)
        },
    }
}

macro_rules! codecs {
    (requests: [$($request:ident)*], others: [$($other:ident)*]) => {
        /// One entry per message.
        fn codecs() -> Vec<Codec> {
            vec![
                $(codec::<ottla_wire::message::$request>(),)*
                $(codec::<ottla_wire::message::$other>(),)*
            ]
        }
    };
}
ottla_wire::for_every_message!(codecs);
