//! Writes values into chunks that a connection sends with one vectored write.
//!
//! ```text
//! buffer:  [ header, fields ........ | more fields .... | rest ]
//! pieces:                            ^ batch of records ^ file region
//! ```
//!
//! Fields go into one buffer. Bytes that someone else owns are not copied if they are large: the writer remembers
//! them and the place in the buffer before which they go. Small ones are copied, one more element of a vectored
//! write costs more than that. Regions of files stay regions.

use super::Message;
use super::error::{EncodeError, EncodeProblem};
use crate::Str;
use crate::record::{FileRegion, Records, Region};
use bytes::Bytes;
use std::io;
use std::os::unix::fs::FileExt;
use uuid::Uuid;

/// Bytes of fewer than this are copied rather than kept as a chunk of their own.
const SHARED_BYTES_MIN: usize = 1024;

/// Collects a message or a frame.
#[derive(Debug, Default)]
pub struct Writer {
    buffer: Vec<u8>,
    pieces: Vec<Piece>,
    /// How many tagged fields are open. Inside of them all bytes are copied, because their size is not known
    /// before their end.
    tags_open: usize,
    message: &'static str,
    version: i16,
    flexible: bool,
}

/// What has been written: a sequence of chunks.
#[derive(Clone, Debug, Default)]
pub struct Encoded {
    buffer: Vec<u8>,
    pieces: Vec<Piece>,
    length: usize,
}

/// One run of bytes of an [`Encoded`].
#[derive(Clone, Copy, Debug)]
pub enum Chunk<'a> {
    /// In memory.
    Bytes(&'a [u8]),
    /// In a file.
    File(&'a FileRegion),
}

/// A region that stands before the byte of the buffer with this index.
#[derive(Clone, Debug)]
struct Piece {
    before: usize,
    region: Region,
}

impl Writer {
    /// An empty writer.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty writer that uses the memory of `buffer`; its content is dropped.
    pub fn with_buffer(mut buffer: Vec<u8>) -> Self {
        buffer.clear();
        Self { buffer, ..Self::default() }
    }

    /// How many bytes have been written, those in files included.
    pub fn len(&self) -> usize {
        self.buffer.len() + self.pieces.iter().map(|piece| piece.region.len()).sum::<usize>()
    }

    /// Whether nothing has been written.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What has been written.
    pub fn finish(self) -> Encoded {
        let length = self.len();
        Encoded { buffer: self.buffer, pieces: self.pieces, length }
    }

    /// Names the message in errors and sets the form of lengths.
    pub(crate) fn begin<M: Message>(&mut self, version: i16) -> Result<(), EncodeError> {
        self.message = M::NAME;
        self.version = version;
        self.flexible = M::FLEXIBLE_FROM.is_some_and(|first| first <= version);
        if M::VERSIONS.contains(&version) { Ok(()) } else { Err(self.error("", EncodeProblem::Version)) }
    }

    /// The error for a field that is set although the version lacks it.
    #[cold]
    pub(crate) fn absent(&self, field: &'static str) -> EncodeError {
        self.error(field, EncodeProblem::Absent)
    }

    /// The value of a field that must not be null in this version.
    pub(crate) fn required<'a, T>(
        &self,
        field: &'static str,
        value: &'a Option<T>,
    ) -> Result<&'a T, EncodeError> {
        value.as_ref().ok_or_else(|| self.error(field, EncodeProblem::Null))
    }

    pub(crate) fn bool(&mut self, value: bool) {
        self.buffer.push(u8::from(value));
    }

    pub(crate) fn i8(&mut self, value: i8) {
        self.put(value.to_be_bytes());
    }

    pub(crate) fn i16(&mut self, value: i16) {
        self.put(value.to_be_bytes());
    }

    pub(crate) fn u16(&mut self, value: u16) {
        self.put(value.to_be_bytes());
    }

    pub(crate) fn i32(&mut self, value: i32) {
        self.put(value.to_be_bytes());
    }

    #[allow(dead_code, reason = "a type of the schema that no message of today has")]
    pub(crate) fn u32(&mut self, value: u32) {
        self.put(value.to_be_bytes());
    }

    pub(crate) fn i64(&mut self, value: i64) {
        self.put(value.to_be_bytes());
    }

    pub(crate) fn f64(&mut self, value: f64) {
        self.put(value.to_be_bytes());
    }

    pub(crate) fn uuid(&mut self, value: Uuid) {
        self.put(value.into_bytes());
    }

    pub(crate) fn string(&mut self, field: &'static str, value: &Str) -> Result<(), EncodeError> {
        self.nullable_string(field, Some(value))
    }

    pub(crate) fn nullable_string(
        &mut self,
        field: &'static str,
        value: Option<&Str>,
    ) -> Result<(), EncodeError> {
        if !self.flexible {
            return self.nullable_classic_string(field, value);
        }
        // Kafka's limit, in flexible versions as well: other implementations keep lengths in two bytes.
        if let Some(text) = value {
            self.short(field, text.len())?;
        }
        self.compact_length(field, value.map(|text| text.len()))?;
        self.text(value);
        Ok(())
    }

    /// Two bytes of length, even in a flexible version.
    pub(crate) fn nullable_classic_string(
        &mut self,
        field: &'static str,
        value: Option<&Str>,
    ) -> Result<(), EncodeError> {
        let length = value.map_or(Ok(-1), |text| self.short(field, text.len()))?;
        self.i16(length);
        self.text(value);
        Ok(())
    }

    pub(crate) fn bytes(&mut self, field: &'static str, value: &Bytes) -> Result<(), EncodeError> {
        self.nullable_bytes(field, Some(value))
    }

    pub(crate) fn nullable_bytes(
        &mut self,
        field: &'static str,
        value: Option<&Bytes>,
    ) -> Result<(), EncodeError> {
        self.length(field, value.map(Bytes::len))?;
        if let Some(bytes) = value {
            self.piece(bytes);
        }
        Ok(())
    }

    /// Writes records in a version that has no null for them: none are written as an empty sequence.
    pub(crate) fn records(
        &mut self,
        field: &'static str,
        value: Option<&Records>,
    ) -> Result<(), EncodeError> {
        match value {
            Some(records) => self.nullable_records(field, Some(records)),
            None => self.length(field, Some(0)),
        }
    }

    pub(crate) fn nullable_records(
        &mut self,
        field: &'static str,
        value: Option<&Records>,
    ) -> Result<(), EncodeError> {
        debug_assert!(self.tags_open == 0, "no schema has records in a tagged field");
        self.length(field, value.map(Records::len))?;
        for region in value.into_iter().flat_map(|records| records.0.iter()) {
            match region {
                Region::Bytes(bytes) => self.piece(bytes),
                Region::File(_) => {
                    self.pieces.push(Piece { before: self.buffer.len(), region: region.clone() });
                }
            }
        }
        Ok(())
    }

    pub(crate) fn array<T>(
        &mut self,
        field: &'static str,
        elements: &[T],
        write: impl FnMut(&mut Self, &T) -> Result<(), EncodeError>,
    ) -> Result<(), EncodeError> {
        self.nullable_array(field, Some(elements), write)
    }

    pub(crate) fn nullable_array<T>(
        &mut self,
        field: &'static str,
        elements: Option<&[T]>,
        mut write: impl FnMut(&mut Self, &T) -> Result<(), EncodeError>,
    ) -> Result<(), EncodeError> {
        self.length(field, elements.map(<[T]>::len))?;
        for element in elements.unwrap_or_default() {
            write(self, element)?;
        }
        Ok(())
    }

    pub(crate) fn nullable_struct<T>(
        &mut self,
        value: Option<&T>,
        write: impl FnOnce(&mut Self, &T) -> Result<(), EncodeError>,
    ) -> Result<(), EncodeError> {
        self.i8(if value.is_some() { 1 } else { -1 });
        value.map_or(Ok(()), |value| write(self, value))
    }

    /// Ends a structure that has no tagged field to write.
    pub(crate) fn no_tags(&mut self) {
        self.buffer.push(0);
    }

    /// Starts the tagged fields at the end of a structure.
    pub(crate) fn tag_count(&mut self, count: u32) {
        self.varint(count);
    }

    /// Starts a tagged field; what it returns is for [`Writer::end_tag`]. Tags must ascend.
    pub(crate) fn begin_tag(&mut self, tag: u32) -> usize {
        self.varint(tag);
        self.tags_open += 1;
        self.buffer.len()
    }

    /// Puts the size of the tagged field before its content.
    pub(crate) fn end_tag(&mut self, start: usize) {
        self.tags_open -= 1;
        let mut size = (self.buffer.len() - start) as u32;
        let mut prefix = [0; 5];
        let mut length = 0;
        loop {
            let more = 0x80 <= size;
            prefix[length] = (size & 0x7f) as u8 | if more { 0x80 } else { 0 };
            length += 1;
            size >>= 7;
            if !more {
                break;
            }
        }
        self.buffer.splice(start..start, prefix[..length].iter().copied());
    }

    /// Writes bytes without a length; large ones are shared.
    fn piece(&mut self, bytes: &Bytes) {
        if bytes.len() < SHARED_BYTES_MIN || 0 < self.tags_open {
            self.buffer.extend_from_slice(bytes);
        } else {
            self.pieces.push(Piece { before: self.buffer.len(), region: Region::Bytes(bytes.clone()) });
        }
    }

    fn text(&mut self, value: Option<&Str>) {
        self.buffer.extend_from_slice(value.map_or(&[], |text| text.as_bytes()));
    }

    /// The length of bytes or an array.
    fn length(&mut self, field: &'static str, length: Option<usize>) -> Result<(), EncodeError> {
        if self.flexible {
            return self.compact_length(field, length);
        }
        let length = match length {
            None => -1,
            Some(length) => {
                i32::try_from(length).map_err(|_| self.error(field, EncodeProblem::Long { length }))?
            }
        };
        self.i32(length);
        Ok(())
    }

    fn compact_length(&mut self, field: &'static str, length: Option<usize>) -> Result<(), EncodeError> {
        match length {
            None => self.varint(0),
            Some(length) if length < i32::MAX as usize => self.varint(length as u32 + 1),
            Some(length) => return Err(self.error(field, EncodeProblem::Long { length })),
        }
        Ok(())
    }

    fn short(&self, field: &'static str, length: usize) -> Result<i16, EncodeError> {
        i16::try_from(length).map_err(|_| self.error(field, EncodeProblem::Long { length }))
    }

    fn varint(&mut self, mut value: u32) {
        while 0x80 <= value {
            self.buffer.push((value & 0x7f) as u8 | 0x80);
            value >>= 7;
        }
        self.buffer.push(value as u8);
    }

    fn put<const N: usize>(&mut self, bytes: [u8; N]) {
        self.buffer.extend_from_slice(&bytes);
    }

    /// Leaves room for the length of a frame.
    pub(super) fn begin_frame(&mut self) {
        debug_assert!(self.is_empty(), "a frame starts in an empty writer");
        self.i32(0);
    }

    /// Ends the frame that fills the writer.
    pub(super) fn end_frame(mut self) -> Result<Encoded, EncodeError> {
        let length = self.len() - 4;
        let prefix = i32::try_from(length).map_err(|_| self.error("", EncodeProblem::Long { length }))?;
        self.buffer[..4].copy_from_slice(&prefix.to_be_bytes());
        Ok(self.finish())
    }

    #[cold]
    fn error(&self, field: &'static str, problem: EncodeProblem) -> EncodeError {
        EncodeError::new(self.message, self.version, field, problem)
    }
}

impl Encoded {
    /// How many bytes all chunks have together.
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether there is nothing to send.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Everything, if it is in one piece of memory, as answers without records are.
    pub fn as_slice(&self) -> Option<&[u8]> {
        self.pieces.is_empty().then_some(&*self.buffer)
    }

    /// The chunks in the order in which they are to be sent; none is empty.
    pub fn chunks(&self) -> impl Iterator<Item = Chunk<'_>> {
        let starts = std::iter::once(0).chain(self.pieces.iter().map(|piece| piece.before));
        let ends = self.pieces.iter().map(|piece| piece.before).chain([self.buffer.len()]);
        let pieces = self.pieces.iter().map(Some).chain([None]);
        starts
            .zip(ends)
            .zip(pieces)
            .flat_map(|((start, end), piece)| {
                let after = piece.map(|piece| match &piece.region {
                    Region::Bytes(bytes) => Chunk::Bytes(bytes),
                    Region::File(region) => Chunk::File(region),
                });
                [Some(Chunk::Bytes(&self.buffer[start..end])), after]
            })
            .flatten()
            .filter(|chunk| !chunk.is_empty())
    }

    /// Everything in one piece. Copies if there is more than the writer's own buffer.
    ///
    /// # Errors
    /// What reading a file region gave.
    pub fn into_bytes(self) -> io::Result<Bytes> {
        if self.pieces.is_empty() {
            return Ok(Bytes::from(self.buffer));
        }
        let mut all = Vec::with_capacity(self.length);
        for chunk in self.chunks() {
            match chunk {
                Chunk::Bytes(bytes) => all.extend_from_slice(bytes),
                Chunk::File(FileRegion { file, position, length }) => {
                    let start = all.len();
                    all.resize(start + *length as usize, 0);
                    file.read_exact_at(&mut all[start..], *position)?;
                }
            }
        }
        Ok(Bytes::from(all))
    }

    /// Gives the writer's own buffer back, for [`Writer::with_buffer`].
    pub fn into_buffer(self) -> Vec<u8> {
        self.buffer
    }
}

impl Chunk<'_> {
    /// How many bytes.
    pub fn len(&self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.len(),
            Self::File(region) => region.length as usize,
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
