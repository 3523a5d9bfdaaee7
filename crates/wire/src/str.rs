//! Text that shares the memory of the frame it came in.
#![allow(unsafe_code, reason = "reading text as `str` without checking it again: one line, with its proof")]

use bytes::Bytes;
use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;

/// Immutable UTF-8 text. Cloning it copies no bytes.
///
/// Text that was decoded is a slice of its frame and keeps the whole frame in memory; what lives longer than the
/// request should hold [`Str::detached`].
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Str(Bytes);

impl Str {
    /// Text of the program itself; takes no memory.
    pub const fn from_static(text: &'static str) -> Self {
        Self(Bytes::from_static(text.as_bytes()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        // SAFETY: `Str` is made only from `str`, `String` and, in `try_from`, from bytes that were checked to be
        // UTF-8; `Bytes` never changes what it holds, and the field is private to this file.
        unsafe { std::str::from_utf8_unchecked(&self.0) }
    }

    /// The same text in memory of its own, so that it keeps no frame alive.
    pub fn detached(&self) -> Self {
        Self(Bytes::copy_from_slice(&self.0))
    }

    /// The bytes of the text, sharing its memory.
    pub fn into_bytes(self) -> Bytes {
        self.0
    }
}

impl Deref for Str {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl AsRef<str> for Str {
    fn as_ref(&self) -> &str {
        self
    }
}

impl Borrow<str> for Str {
    fn borrow(&self) -> &str {
        self
    }
}

impl From<&str> for Str {
    fn from(text: &str) -> Self {
        Self(Bytes::copy_from_slice(text.as_bytes()))
    }
}

impl From<String> for Str {
    fn from(text: String) -> Self {
        Self(Bytes::from(text.into_bytes()))
    }
}

impl From<&String> for Str {
    fn from(text: &String) -> Self {
        Self::from(text.as_str())
    }
}

impl TryFrom<Bytes> for Str {
    type Error = std::str::Utf8Error;

    fn try_from(bytes: Bytes) -> Result<Self, Self::Error> {
        std::str::from_utf8(&bytes)?;
        Ok(Self(bytes))
    }
}

/// As `str` does, because of [`Borrow`].
impl Hash for Str {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl PartialOrd for Str {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Str {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_str().cmp(other)
    }
}

impl PartialEq<str> for Str {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Str {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl PartialEq<String> for Str {
    fn eq(&self, other: &String) -> bool {
        self.as_str() == other
    }
}

impl fmt::Display for Str {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.as_str(), f)
    }
}

impl fmt::Debug for Str {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, HashMap};

    #[test]
    fn text_is_found_by_str_in_maps() {
        let key = Str::from("orders");
        assert_eq!(HashMap::from([(key.clone(), 1)]).get("orders"), Some(&1));
        assert_eq!(BTreeMap::from([(key, 1)]).get("orders"), Some(&1));
    }

    #[test]
    fn bytes_that_are_not_utf8_are_no_text() {
        assert!(Str::try_from(Bytes::from_static(b"\xc3\x28")).is_err());
        assert_eq!(Str::try_from(Bytes::from_static("Straße".as_bytes())).unwrap(), "Straße");
    }

    #[test]
    fn detached_text_is_equal_and_elsewhere() {
        let frame = Bytes::from_static(b"..orders..");
        let text = Str::try_from(frame.slice(2..8)).unwrap();
        let detached = text.detached();
        assert_eq!(text, detached);
        assert!(!frame.as_ptr_range().contains(&detached.as_ptr()));
    }
}
