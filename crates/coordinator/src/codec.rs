//! The bytes of journal rows: fixed-width big-endian numbers and length-prefixed text and bytes.
//!
//! Every value starts with a version byte of its own, which the record that writes it documents. Decoding is
//! total: any bytes give a value or a [`DecodeError`], never a panic, and never an allocation that is larger
//! than the input.

use bytes::Bytes;
use ottla_wire::Str;

/// A journal row that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The row ends before the record does.
    #[error("the row ends in the middle of a record: the store is damaged")]
    Truncated,
    /// The row goes on after the record.
    #[error("the row has {0} bytes after its record: the store is damaged")]
    TooLong(usize),
    /// Text is not UTF-8.
    #[error("the row has text that is not UTF-8: the store is damaged")]
    NotText,
    /// A version or kind byte that this release does not know.
    #[error(
        "the row has version or kind {0}, which this release does not know: it was written by a newer one"
    )]
    Unknown(u8),
}

/// Writes a row.
#[derive(Default)]
pub(crate) struct Output(Vec<u8>);

impl Output {
    pub(crate) fn byte(mut self, value: u8) -> Self {
        self.0.push(value);
        self
    }

    pub(crate) fn short(mut self, value: i16) -> Self {
        self.0.extend(value.to_be_bytes());
        self
    }

    pub(crate) fn int(mut self, value: i32) -> Self {
        self.0.extend(value.to_be_bytes());
        self
    }

    pub(crate) fn long(mut self, value: i64) -> Self {
        self.0.extend(value.to_be_bytes());
        self
    }

    pub(crate) fn uuid(mut self, value: uuid::Uuid) -> Self {
        self.0.extend(value.as_bytes());
        self
    }

    /// Bytes after a length of four bytes. What comes from a frame is shorter than 2 GiB, so that the
    /// length fits.
    pub(crate) fn bytes(mut self, value: &[u8]) -> Self {
        let length = u32::try_from(value.len()).expect("a frame, and so a part of it, is shorter than 2 GiB");
        self.0.extend(length.to_be_bytes());
        self.0.extend(value);
        self
    }

    pub(crate) fn text(self, value: &str) -> Self {
        self.bytes(value.as_bytes())
    }

    /// One byte that says whether text follows, then the text.
    pub(crate) fn maybe_text(self, value: Option<&str>) -> Self {
        match value {
            Some(text) => self.byte(1).text(text),
            None => self.byte(0),
        }
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        self.0
    }
}

/// Reads a row.
pub(crate) struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    pub(crate) fn new(row: &'a [u8]) -> Self {
        Self(row)
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], DecodeError> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(DecodeError::Truncated)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(DecodeError::Truncated)?;
        self.0 = rest;
        Ok(*taken)
    }

    pub(crate) fn byte(&mut self) -> Result<u8, DecodeError> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(crate) fn short(&mut self) -> Result<i16, DecodeError> {
        self.array().map(i16::from_be_bytes)
    }

    pub(crate) fn int(&mut self) -> Result<i32, DecodeError> {
        self.array().map(i32::from_be_bytes)
    }

    pub(crate) fn long(&mut self) -> Result<i64, DecodeError> {
        self.array().map(i64::from_be_bytes)
    }

    pub(crate) fn uuid(&mut self) -> Result<uuid::Uuid, DecodeError> {
        self.array().map(uuid::Uuid::from_bytes)
    }

    pub(crate) fn bytes(&mut self) -> Result<Bytes, DecodeError> {
        self.slice().map(Bytes::copy_from_slice)
    }

    pub(crate) fn text(&mut self) -> Result<Str, DecodeError> {
        std::str::from_utf8(self.slice()?).map(Str::from).map_err(|_| DecodeError::NotText)
    }

    pub(crate) fn maybe_text(&mut self) -> Result<Option<Str>, DecodeError> {
        match self.byte()? {
            0 => Ok(None),
            1 => self.text().map(Some),
            other => Err(DecodeError::Unknown(other)),
        }
    }

    /// The row must end here.
    pub(crate) fn end(self) -> Result<(), DecodeError> {
        if self.0.is_empty() { Ok(()) } else { Err(DecodeError::TooLong(self.0.len())) }
    }

    fn slice(&mut self) -> Result<&'a [u8], DecodeError> {
        let length = u32::from_be_bytes(self.array()?);
        self.take(usize::try_from(length).map_err(|_| DecodeError::Truncated)?)
    }
}
