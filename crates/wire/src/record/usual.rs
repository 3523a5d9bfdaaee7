//! A quick look at the records of a batch, which is enough for nearly all that are produced without compression.
//!
//! It takes no record apart and says nothing of what is wrong: where it finds no sound records of the usual form, they
//! are for [`Raw::parse`](super::raw::Raw::parse), which decides. So what is refused, and why, stands there alone, and this
//! may be quick. The layout stands there, too.

/// What all records of a block have in common, as they store it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Usual {
    /// The smallest timestamp delta.
    pub(super) oldest: i32,
    /// The largest one.
    pub(super) newest: i32,
    /// Every record has a key.
    pub(super) have_keys: bool,
}

/// Looks at a block of `count` records whose offsets follow each other from the batch's first on, if all of them have
/// the usual form: no headers, keys of less than 64 bytes, and other numbers of two bytes at most. `None` says that some
/// record is another, or none at all.
///
/// All that stands before a key is read at once, so that a record has four ends to look out for and not a dozen.
pub(super) fn look(block: &[u8], count: u32) -> Option<Usual> {
    let mut found = Usual { oldest: i32::MAX, newest: i32::MIN, have_keys: true };
    let mut rest = block;
    for index in 0..count {
        let mut front = Front(u64::from_le_bytes(*rest.first_chunk()?));
        let (length, length_bytes) = front.number()?;
        let (record, behind) = rest.split_at_checked(length_bytes + unsigned(length)?)?;
        let _attributes = front.byte();
        let (timestamp_delta, timestamp_bytes) = front.number()?;
        let (offset_delta, offset_bytes) = front.number()?;
        let (key_bytes, has_key) = match front.byte() {
            NULL => (0, false),
            0x80.. => return None,
            length => (unsigned(length)?, true),
        };
        // The attributes and the key's length have one byte each.
        let value_at = length_bytes + 1 + timestamp_bytes + offset_bytes + 1 + key_bytes;
        let value = record.get(value_at..)?;
        let mut front = Front(u16::from_le_bytes(*value.first_chunk()?).into());
        let (value_length, value_length_bytes) = front.number()?;
        let value_bytes = if value_length == NULL { 0 } else { unsigned(value_length)? };
        // Behind the value there is the number of headers and nothing else.
        let is_whole = value.len() == value_length_bytes + value_bytes + 1 && value.last() == Some(&0);
        if !is_whole || unsigned(offset_delta)? != index as usize {
            return None;
        }
        let timestamp_delta = signed(timestamp_delta);
        found.have_keys &= has_key;
        found.oldest = found.oldest.min(timestamp_delta);
        found.newest = found.newest.max(timestamp_delta);
        rest = behind;
    }
    (rest.is_empty() && 0 < count).then_some(found)
}

/// Bytes that were read together, the next one lowest.
struct Front(u64);

impl Front {
    #[inline]
    fn byte(&mut self) -> u32 {
        let byte = self.0 & 0xff;
        self.0 >>= 8;
        byte as u32
    }

    /// A number of one byte or two, as it is stored, and which of both; `None` if it is longer.
    #[expect(clippy::inline_always, reason = "called, it costs as much again")]
    #[inline(always)]
    fn number(&mut self) -> Option<(u32, usize)> {
        let bits = (self.0 & 0xffff) as u32;
        match (bits & 0x80, bits & 0x8000) {
            (0, _) => {
                self.0 >>= 8;
                Some((bits & 0x7f, 1))
            }
            (_, 0) => {
                self.0 >>= 16;
                Some((bits & 0x7f | bits >> 1 & 0x3f80, 2))
            }
            _ => None,
        }
    }
}

/// The number that is stored like this, if it is not negative.
#[inline]
fn unsigned(zigzag: u32) -> Option<usize> {
    (zigzag & 1 == 0).then_some((zigzag >> 1) as usize)
}

#[inline]
fn signed(zigzag: u32) -> i32 {
    (zigzag >> 1).cast_signed() ^ -((zigzag & 1).cast_signed())
}

/// -1, as it is stored: the length of what is null.
const NULL: u32 = 1;
