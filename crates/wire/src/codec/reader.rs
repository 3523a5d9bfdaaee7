//! Reads values from bytes that nobody has checked yet.
//!
//! Invariants: every length is compared with the bytes that are left before it is used; memory taken in advance
//! for an array is bounded by the bytes left divided by the least that an element takes; text and bytes are slices
//! of the input and share its memory (so a value that outlives its frame keeps the frame: see [`Str::detached`]).

use super::Message;
use super::error::{DecodeError, DecodeProblem};
use crate::Str;
use crate::record::Records;
use bytes::Bytes;
use ottla_base::limits;
use uuid::Uuid;

/// A position in bytes, and what is being read there.
#[derive(Clone, Debug)]
pub struct Reader {
    data: Bytes,
    position: usize,
    /// The bytes from here on are out of reach: the end of the data, or of the tagged field being read.
    end: usize,
    message: &'static str,
    version: i16,
    flexible: bool,
}

/// The tagged fields of one structure, while they are read.
#[derive(Debug)]
pub(crate) struct Tags {
    left: usize,
    previous: Option<u32>,
    /// Where the current field ends.
    end: usize,
    /// Where the reader ended before the first field.
    outer: usize,
}

impl Reader {
    /// Starts at the first byte.
    pub fn new(data: Bytes) -> Self {
        let end = data.len();
        Self { data, position: 0, end, message: "", version: 0, flexible: false }
    }

    /// How many bytes are left.
    pub fn remaining(&self) -> usize {
        self.end - self.position
    }

    /// How many bytes have been read.
    pub fn position(&self) -> usize {
        self.position
    }

    /// The bytes that are left, without copying.
    pub fn rest(&self) -> Bytes {
        self.data.slice(self.position..self.end)
    }

    /// The next bytes, which stay to be read.
    pub(crate) fn first_chunk<const N: usize>(&self) -> Option<[u8; N]> {
        self.data[self.position..self.end].first_chunk().copied()
    }

    /// Names the message in errors and sets the form of lengths.
    pub(crate) fn begin<M: Message>(&mut self, version: i16) -> Result<(), DecodeError> {
        self.message = M::NAME;
        self.version = version;
        self.flexible = M::FLEXIBLE_FROM.is_some_and(|first| first <= version);
        if M::VERSIONS.contains(&version) { Ok(()) } else { Err(self.error("", DecodeProblem::Version)) }
    }

    pub(crate) fn bool(&mut self, field: &'static str) -> Result<bool, DecodeError> {
        self.take::<1>(field).map(|[byte]| byte != 0)
    }

    pub(crate) fn i8(&mut self, field: &'static str) -> Result<i8, DecodeError> {
        self.take(field).map(i8::from_be_bytes)
    }

    pub(crate) fn i16(&mut self, field: &'static str) -> Result<i16, DecodeError> {
        self.take(field).map(i16::from_be_bytes)
    }

    pub(crate) fn u16(&mut self, field: &'static str) -> Result<u16, DecodeError> {
        self.take(field).map(u16::from_be_bytes)
    }

    pub(crate) fn i32(&mut self, field: &'static str) -> Result<i32, DecodeError> {
        self.take(field).map(i32::from_be_bytes)
    }

    #[allow(dead_code, reason = "a type of the schema that no message of today has")]
    pub(crate) fn u32(&mut self, field: &'static str) -> Result<u32, DecodeError> {
        self.take(field).map(u32::from_be_bytes)
    }

    pub(crate) fn i64(&mut self, field: &'static str) -> Result<i64, DecodeError> {
        self.take(field).map(i64::from_be_bytes)
    }

    pub(crate) fn f64(&mut self, field: &'static str) -> Result<f64, DecodeError> {
        self.take(field).map(f64::from_be_bytes)
    }

    pub(crate) fn uuid(&mut self, field: &'static str) -> Result<Uuid, DecodeError> {
        self.take(field).map(Uuid::from_bytes)
    }

    pub(crate) fn string(&mut self, field: &'static str) -> Result<Str, DecodeError> {
        self.nullable_string(field)?.ok_or_else(|| self.error(field, DecodeProblem::Null))
    }

    pub(crate) fn nullable_string(&mut self, field: &'static str) -> Result<Option<Str>, DecodeError> {
        if !self.flexible {
            return self.nullable_classic_string(field);
        }
        let length = self.compact_length(field)?;
        match length {
            // Kafka's limit: the classic length has two bytes, and no version may carry more.
            Some(length) if TEXT_BYTES_MAX < length => Err(self.error(field, DecodeProblem::Long { length })),
            _ => self.text(field, length),
        }
    }

    /// Two bytes of length, even in a flexible version.
    pub(crate) fn nullable_classic_string(
        &mut self,
        field: &'static str,
    ) -> Result<Option<Str>, DecodeError> {
        let length = usize::try_from(self.i16(field)?).ok();
        self.text(field, length)
    }

    pub(crate) fn bytes(&mut self, field: &'static str) -> Result<Bytes, DecodeError> {
        self.nullable_bytes(field)?.ok_or_else(|| self.error(field, DecodeProblem::Null))
    }

    pub(crate) fn nullable_bytes(&mut self, field: &'static str) -> Result<Option<Bytes>, DecodeError> {
        match self.length(field)? {
            None => Ok(None),
            Some(length) => self.slice(field, length).map(Some),
        }
    }

    pub(crate) fn records(&mut self, field: &'static str) -> Result<Records, DecodeError> {
        self.bytes(field).map(Records::from)
    }

    pub(crate) fn nullable_records(&mut self, field: &'static str) -> Result<Option<Records>, DecodeError> {
        Ok(self.nullable_bytes(field)?.map(Records::from))
    }

    /// Reads an array whose elements take at least `bytes_min` bytes each.
    pub(crate) fn array<T>(
        &mut self,
        field: &'static str,
        bytes_min: usize,
        read: impl FnMut(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<Vec<T>, DecodeError> {
        self.nullable_array(field, bytes_min, read)?.ok_or_else(|| self.error(field, DecodeProblem::Null))
    }

    /// As [`Reader::array`], or null.
    pub(crate) fn nullable_array<T>(
        &mut self,
        field: &'static str,
        bytes_min: usize,
        mut read: impl FnMut(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<Option<Vec<T>>, DecodeError> {
        let Some(count) = self.elements(field, bytes_min)? else { return Ok(None) };
        let mut elements = Vec::with_capacity(count);
        for _ in 0..count {
            elements.push(read(self)?);
        }
        Ok(Some(elements))
    }

    pub(crate) fn nullable_struct<T>(
        &mut self,
        field: &'static str,
        read: impl FnOnce(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<Option<Box<T>>, DecodeError> {
        if self.i8(field)? < 0 { Ok(None) } else { read(self).map(|value| Some(Box::new(value))) }
    }

    /// Starts with the tagged fields at the end of a structure.
    pub(crate) fn tags(&mut self) -> Result<Tags, DecodeError> {
        let count = self.varint("")? as usize;
        if limits::TAGGED_FIELDS_MAX < count {
            return Err(self.error("", DecodeProblem::Tags { count }));
        }
        Ok(Tags { left: count, previous: None, end: self.position, outer: self.end })
    }

    /// The tag of the next field, whose content is next to read; or none, when the reader stands behind the last.
    pub(crate) fn next_tag(&mut self, tags: &mut Tags) -> Result<Option<u32>, DecodeError> {
        if self.position != tags.end {
            return Err(self.error("", DecodeProblem::TagSize));
        }
        self.end = tags.outer;
        if tags.left == 0 {
            return Ok(None);
        }
        tags.left -= 1;
        let tag = self.varint("")?;
        if tags.previous.is_some_and(|previous| tag <= previous) {
            return Err(self.error("", DecodeProblem::TagOrder));
        }
        tags.previous = Some(tag);
        let size = self.varint("")? as usize;
        self.check("", size)?;
        self.end = self.position + size;
        tags.end = self.end;
        Ok(Some(tag))
    }

    /// Passes over the content of the current tagged field.
    pub(crate) fn skip_tag(&mut self, tags: &Tags) {
        self.position = tags.end;
    }

    /// Passes over all tagged fields of a structure that knows none.
    pub(crate) fn skip_tags(&mut self) -> Result<(), DecodeError> {
        let mut tags = self.tags()?;
        while self.next_tag(&mut tags)?.is_some() {
            self.skip_tag(&tags);
        }
        Ok(())
    }

    /// How many elements follow, checked against the limit and against the bytes that are left.
    fn elements(&mut self, field: &'static str, bytes_min: usize) -> Result<Option<usize>, DecodeError> {
        let Some(count) = self.length(field)? else { return Ok(None) };
        if limits::ARRAY_ELEMENTS_MAX < count {
            return Err(self.error(field, DecodeProblem::Elements { count }));
        }
        self.check(field, count * bytes_min)?;
        Ok(Some(count))
    }

    /// The length of bytes or an array.
    fn length(&mut self, field: &'static str) -> Result<Option<usize>, DecodeError> {
        if self.flexible {
            self.compact_length(field)
        } else {
            // As in Kafka, any negative length is null.
            self.i32(field).map(|length| usize::try_from(length).ok())
        }
    }

    fn compact_length(&mut self, field: &'static str) -> Result<Option<usize>, DecodeError> {
        self.varint(field).map(|length| (length as usize).checked_sub(1))
    }

    /// Seven bits per byte, lowest first; the highest bit of a byte says that another follows.
    fn varint(&mut self, field: &'static str) -> Result<u32, DecodeError> {
        let mut value = 0;
        for shift in [0, 7, 14, 21, 28] {
            let [byte] = self.take::<1>(field)?;
            if shift == 28 && 0x0f < byte {
                break;
            }
            value |= u32::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(self.error(field, DecodeProblem::Varint))
    }

    fn text(&mut self, field: &'static str, length: Option<usize>) -> Result<Option<Str>, DecodeError> {
        let Some(length) = length else { return Ok(None) };
        let bytes = self.slice(field, length)?;
        match Str::try_from(bytes) {
            Ok(text) => Ok(Some(text)),
            Err(_) => Err(self.error(field, DecodeProblem::Utf8)),
        }
    }

    fn slice(&mut self, field: &'static str, length: usize) -> Result<Bytes, DecodeError> {
        self.check(field, length)?;
        let start = self.position;
        self.position += length;
        Ok(self.data.slice(start..self.position))
    }

    fn take<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], DecodeError> {
        match self.data[self.position..self.end].first_chunk::<N>() {
            Some(bytes) => {
                self.position += N;
                Ok(*bytes)
            }
            None => Err(self.error(field, DecodeProblem::Short { needed: N, left: self.remaining() })),
        }
    }

    fn check(&self, field: &'static str, needed: usize) -> Result<(), DecodeError> {
        let left = self.remaining();
        if needed <= left { Ok(()) } else { Err(self.error(field, DecodeProblem::Short { needed, left })) }
    }

    #[cold]
    fn error(&self, field: &'static str, problem: DecodeProblem) -> DecodeError {
        DecodeError::new(self.message, self.version, field, self.position, problem)
    }
}

/// The most that the classic two-byte length can say.
const TEXT_BYTES_MAX: usize = i16::MAX as usize;
