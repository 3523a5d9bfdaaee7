//! Reads values from the bytes of a frame without taking them over.
//!
//! `ottla_wire` reads from shared bytes and counts who holds them. A floor does not pay for that, so it reads from
//! where the bytes lie. What is not measured is read by `ottla_wire`.

use std::ops::Range;

/// A position in a frame.
#[derive(Clone, Debug)]
pub(crate) struct Cursor<'b> {
    bytes: &'b [u8],
    at: usize,
}

/// The frame ends too early, or a length in it cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

/// How lengths are written: with fixed width, or as varints that count from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// Versions before Kafka's flexible ones.
    Classic,
    /// Compact lengths, and tagged fields after each structure.
    Flexible,
}

impl<'b> Cursor<'b> {
    /// Starts at the first byte.
    pub(crate) fn new(bytes: &'b [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// How many bytes have been read.
    pub(crate) fn position(&self) -> usize {
        self.at
    }

    /// The next `length` bytes, as places in the frame.
    pub(crate) fn take(&mut self, length: usize) -> Result<Range<usize>, Malformed> {
        let end = self.at.checked_add(length).filter(|end| *end <= self.bytes.len()).ok_or(Malformed)?;
        let start = std::mem::replace(&mut self.at, end);
        Ok(start..end)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let place = self.take(N)?;
        self.bytes[place].try_into().map_err(|_| Malformed)
    }

    pub(crate) fn i16(&mut self) -> Result<i16, Malformed> {
        self.array().map(i16::from_be_bytes)
    }

    pub(crate) fn i32(&mut self) -> Result<i32, Malformed> {
        self.array().map(i32::from_be_bytes)
    }

    pub(crate) fn i64(&mut self) -> Result<i64, Malformed> {
        self.array().map(i64::from_be_bytes)
    }

    /// An unsigned varint of at most 32 bits.
    pub(crate) fn varint(&mut self) -> Result<u32, Malformed> {
        let mut value = 0;
        for shift in [0, 7, 14, 21, 28] {
            let [byte] = self.array()?;
            value |= u32::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(Malformed)
    }

    /// The length of an array or of bytes; none for null.
    pub(crate) fn length(&mut self, form: Form) -> Result<Option<usize>, Malformed> {
        match form {
            Form::Classic => Ok(usize::try_from(self.i32()?).ok()),
            Form::Flexible => Ok(self.varint()?.checked_sub(1).map(|length| length as usize)),
        }
    }

    /// A text; empty for null.
    pub(crate) fn text(&mut self, form: Form) -> Result<Range<usize>, Malformed> {
        let length = match form {
            Form::Classic => usize::try_from(self.i16()?).unwrap_or(0),
            Form::Flexible => self.length(form)?.unwrap_or(0),
        };
        self.take(length)
    }

    /// Skips the tagged fields after a structure.
    pub(crate) fn tags(&mut self, form: Form) -> Result<(), Malformed> {
        if form == Form::Classic {
            return Ok(());
        }
        for _ in 0..self.varint()? {
            self.varint()?;
            let length = self.varint()? as usize;
            self.take(length)?;
        }
        Ok(())
    }
}
