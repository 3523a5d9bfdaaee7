//! A topic as bytes; its name is the key. Numbers are big-endian.
//!
//! ```text
//!  0 u8 version = 1; a later version may add fields at the end
//!  1 16 bytes topic id
//! 17 i32 partitions
//! 21 i16 replication factor
//! 23 i64 created, milliseconds since 1970
//! 31 u32 number of configs, then for each: u32 length and UTF-8 name, u32 length and UTF-8 value
//! ```

use super::TopicRecord;
use bytes::{Buf, BufMut};
use ottla_base::{Timestamp, TopicId, TopicName};
use std::collections::BTreeMap;

pub(crate) fn encode_topic(topic: &TopicRecord) -> Vec<u8> {
    let TopicRecord { name: _, id, partitions, replication_factor, created, configs } = topic;
    let mut bytes = vec![VERSION];
    bytes.put_slice(id.0.as_bytes());
    bytes.put_i32(*partitions);
    bytes.put_i16(*replication_factor);
    bytes.put_i64(created.0);
    bytes.put_u32(u32::try_from(configs.len()).expect("a request has less"));
    for text in configs.iter().flat_map(|(name, value)| [name, value]) {
        bytes.put_u32(u32::try_from(text.len()).expect("a request has less"));
        bytes.put_slice(text.as_bytes());
    }
    bytes
}

/// `None` if the bytes are damaged or of a later version.
pub(crate) fn decode_topic(name: &str, bytes: &[u8]) -> Option<TopicRecord> {
    let mut rest = bytes;
    if rest.try_get_u8().ok()? != VERSION {
        return None;
    }
    let id = TopicId(uuid::Uuid::from_u128(rest.try_get_u128().ok()?));
    let partitions = rest.try_get_i32().ok()?;
    let replication_factor = rest.try_get_i16().ok()?;
    let created = Timestamp(rest.try_get_i64().ok()?);
    let mut configs = BTreeMap::new();
    for _ in 0..rest.try_get_u32().ok()? {
        configs.insert(text(&mut rest)?, text(&mut rest)?);
    }
    let name = TopicName::parse(name).ok()?;
    Some(TopicRecord { name, id, partitions, replication_factor, created, configs })
}

fn text(bytes: &mut &[u8]) -> Option<String> {
    let length = usize::try_from(bytes.try_get_u32().ok()?).ok()?;
    let (text, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    String::from_utf8(text.to_vec()).ok()
}

const VERSION: u8 = 1;
