//! One record where it lies, and what it looks like.
//!
//! ```text
//! length varint | attributes i8 = 0 | timestamp delta varint | offset delta varint
//! key length varint (-1 null) | key | value length varint (-1 null) | value
//! header count varint | each: key length varint | key | value length varint (-1 null) | value
//! ```
//!
//! [`Raw::parse`] reads any record and says what is wrong with one; [`usual`](super::usual) only passes over those that
//! have the form of nearly all.

use super::header::{BatchHeader, TimestampType};
use super::reader::Header;
use super::varint;
use bytes::Bytes;
use ottla_base::{Offset, Timestamp};

/// One record where it lies.
pub(super) struct Raw<'a> {
    pub(super) offset: Offset,
    pub(super) timestamp: Timestamp,
    pub(super) key: Option<&'a [u8]>,
    pub(super) value: Option<&'a [u8]>,
    header_count: usize,
    /// The bytes of that many headers.
    headers: &'a [u8],
    pub(super) offset_delta: i32,
}

impl<'a> Raw<'a> {
    /// The record at `position` of the unpacked block of `header`'s batch, behind one with `last_delta`; and where
    /// it ends.
    ///
    /// # Errors
    /// What is wrong with it.
    #[expect(
        clippy::inline_always,
        reason = "whoever wants only a part of a record does not pay for the others"
    )]
    #[inline(always)]
    pub(super) fn parse(
        data: &'a [u8],
        position: usize,
        header: &BatchHeader,
        last_delta: i32,
    ) -> Result<(Self, usize), &'static str> {
        let mut rest = &data[position..];
        let length = varint::take_i32(&mut rest).ok_or("its length is cut off or too long")?;
        let length = usize::try_from(length).map_err(|_| "its length is negative")?;
        let body = rest.get(..length).ok_or("it ends beyond the batch")?;
        let end = data.len() - rest.len() + length;
        let (_attributes, mut rest) = body.split_first().ok_or("it has no attributes")?;
        let timestamp_delta = varint::take_i64(&mut rest).ok_or("its timestamp is cut off or too long")?;
        let offset_delta = varint::take_i32(&mut rest).ok_or("its offset is cut off or too long")?;
        if offset_delta <= last_delta || header.last_offset_delta < offset_delta {
            return Err("its offset is not between its neighbours'");
        }
        let timestamp = match header.timestamp_type() {
            TimestampType::CreateTime => Timestamp(header.base_timestamp.0.saturating_add(timestamp_delta)),
            TimestampType::LogAppendTime => header.max_timestamp,
        };
        let key = take_nullable(&mut rest).ok_or("its key is cut off")?;
        let value = take_nullable(&mut rest).ok_or("its value is cut off")?;
        let malformed = "its headers are cut off or malformed";
        let header_count = varint::take_i32(&mut rest).and_then(|count| usize::try_from(count).ok());
        // A header takes two bytes at least, so that a lie about the count cannot take memory.
        let header_count = header_count.filter(|count| *count <= rest.len() / 2).ok_or(malformed)?;
        let headers = rest;
        for _ in 0..header_count {
            take_header(&mut rest).ok_or(malformed)?;
        }
        if !rest.is_empty() {
            return Err("it is longer than its parts");
        }
        let offset = header.base_offset.plus(i64::from(offset_delta));
        Ok((Self { offset, timestamp, key, value, header_count, headers, offset_delta }, end))
    }

    pub(super) fn headers(&self, own: impl Fn(&[u8]) -> Bytes) -> Vec<Header> {
        let mut rest = self.headers;
        let header = |_| {
            let (key, value) = take_header(&mut rest).expect("it was read before");
            Header { key: own(key), value: value.map(&own) }
        };
        (0..self.header_count).map(header).collect()
    }
}

#[inline]
fn take_part<'a>(rest: &mut &'a [u8], length: i32) -> Option<&'a [u8]> {
    let (part, behind) = rest.split_at_checked(usize::try_from(length).ok()?)?;
    *rest = behind;
    Some(part)
}

/// The outer `None` means malformed, the inner one null.
#[inline]
fn take_nullable<'a>(rest: &mut &'a [u8]) -> Option<Option<&'a [u8]>> {
    match varint::take_i32(rest)? {
        length if length < 0 => Some(None),
        length => take_part(rest, length).map(Some),
    }
}

fn take_header<'a>(rest: &mut &'a [u8]) -> Option<(&'a [u8], Option<&'a [u8]>)> {
    let length = varint::take_i32(rest)?;
    Some((take_part(rest, length)?, take_nullable(rest)?))
}
