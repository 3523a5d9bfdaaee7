//! Zig-zag varints: seven bits a byte, least significant first, small negative numbers stay short.

/// Most bytes of a 64-bit varint.
const BYTES_MAX: usize = 10;

/// Takes a number of up to 64 bits from the front of `bytes`; `None` if it is cut off or too long.
///
/// Every record has half a dozen of them, and nearly all have one byte or two.
#[expect(clippy::inline_always, reason = "called, it takes three times as many instructions")]
#[inline(always)]
pub(super) fn take_i64(bytes: &mut &[u8]) -> Option<i64> {
    match **bytes {
        [one @ ..0x80, ref rest @ ..] => {
            *bytes = rest;
            Some(signed(one.into()))
        }
        [one, two @ ..0x80, ref rest @ ..] => {
            *bytes = rest;
            Some(signed(u64::from(one & 0x7f) | u64::from(two) << 7))
        }
        _ => take_long(bytes),
    }
}

#[cold]
fn take_long(bytes: &mut &[u8]) -> Option<i64> {
    let mut value = 0u64;
    for (index, byte) in bytes.iter().enumerate().take(BYTES_MAX) {
        let bits = u64::from(byte & 0x7f);
        // The tenth byte has room for one bit.
        if index == BYTES_MAX - 1 && 1 < bits {
            return None;
        }
        value |= bits << (7 * index);
        if byte & 0x80 == 0 {
            *bytes = &bytes[index + 1..];
            return Some(signed(value));
        }
    }
    None
}

#[inline]
fn signed(zigzag: u64) -> i64 {
    (zigzag >> 1).cast_signed() ^ -((zigzag & 1).cast_signed())
}

/// Takes a number of up to 32 bits from the front of `bytes`; `None` if it is cut off or out of range.
#[expect(clippy::inline_always, reason = "as above")]
#[inline(always)]
pub(super) fn take_i32(bytes: &mut &[u8]) -> Option<i32> {
    take_i64(bytes).and_then(|value| i32::try_from(value).ok())
}

/// Appends `value`.
pub(super) fn put(into: &mut Vec<u8>, value: i64) {
    let mut rest = (value << 1 ^ (value >> 63)).cast_unsigned();
    while 0x80 <= rest {
        into.push(rest.to_le_bytes()[0] | 0x80);
        rest >>= 7;
    }
    into.push(rest.to_le_bytes()[0]);
}

/// Bytes that [`put`] appends.
pub(super) fn size(value: i64) -> usize {
    let bits = 64 - (value << 1 ^ (value >> 63)).leading_zeros() as usize;
    bits.div_ceil(7).max(1)
}
