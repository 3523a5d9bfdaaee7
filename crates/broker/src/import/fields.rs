//! The parts of Kafka's own records: numbers and text of fixed and of flexible versions.
//!
//! Everything is `None` if the bytes end too early or make no sense.

use bytes::Buf;
use ottla_base::TopicId;

/// What is left of a record.
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl<'a> Fields<'a> {
    pub(super) fn byte(&mut self) -> Option<i8> {
        self.0.try_get_i8().ok()
    }

    pub(super) fn short(&mut self) -> Option<i16> {
        self.0.try_get_i16().ok()
    }

    pub(super) fn int(&mut self) -> Option<i32> {
        self.0.try_get_i32().ok()
    }

    pub(super) fn long(&mut self) -> Option<i64> {
        self.0.try_get_i64().ok()
    }

    pub(super) fn uuid(&mut self) -> Option<TopicId> {
        self.0.try_get_u128().ok().map(|bits| TopicId(uuid::Uuid::from_u128(bits)))
    }

    /// A number of seven bits a byte, the lowest first.
    pub(super) fn varint(&mut self) -> Option<u32> {
        let mut value = 0;
        for shift in (0..32).step_by(7) {
            let byte = self.0.try_get_u8().ok()?;
            value |= u32::from(byte & 0x7f).checked_shl(shift)?;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    /// Text with a length of two bytes; the inner `None` is null.
    pub(super) fn nullable_text(&mut self) -> Option<Option<&'a str>> {
        let length = self.short()?;
        if length < 0 {
            return Some(None);
        }
        std::str::from_utf8(self.take(usize::try_from(length).ok()?)?).ok().map(Some)
    }

    /// Text with a length of two bytes.
    pub(super) fn text(&mut self) -> Option<&'a str> {
        self.nullable_text()?
    }

    /// Text of a flexible version; the inner `None` is null.
    pub(super) fn nullable_compact_text(&mut self) -> Option<Option<&'a str>> {
        match self.compact_length()? {
            None => Some(None),
            Some(length) => std::str::from_utf8(self.take(length)?).ok().map(Some),
        }
    }

    /// Text of a flexible version.
    pub(super) fn compact_text(&mut self) -> Option<&'a str> {
        self.nullable_compact_text()?
    }

    /// The length of text or of an array of a flexible version; the inner `None` is null.
    pub(super) fn compact_length(&mut self) -> Option<Option<usize>> {
        let length = self.varint()?;
        Some(usize::try_from(length).ok()?.checked_sub(1))
    }

    /// Whichever of the two kinds of text the version has.
    pub(super) fn text_of(&mut self, is_flexible: IsFlexible) -> Option<Option<&'a str>> {
        match is_flexible {
            IsFlexible::Yes => self.nullable_compact_text(),
            IsFlexible::No => self.nullable_text(),
        }
    }

    /// The tagged fields at the end of a flexible version, by tag.
    pub(super) fn tagged(&mut self) -> Option<Vec<(u32, Fields<'a>)>> {
        let count = self.varint()?;
        let mut fields = Vec::new();
        for _ in 0..count {
            let (tag, length) = (self.varint()?, self.varint()?);
            fields.push((tag, Fields(self.take(usize::try_from(length).ok()?)?)));
        }
        Some(fields)
    }
}

/// Whether a version is a flexible one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum IsFlexible {
    Yes,
    No,
}

impl IsFlexible {
    /// Versions are flexible from `first` on.
    pub(super) fn from(version: i16, first: i16) -> Self {
        if first <= version { Self::Yes } else { Self::No }
    }
}
