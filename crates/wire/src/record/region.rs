//! Where records lie: in memory, or in a file that nobody has read yet.
//!
//! A Fetch answer is written from regions; the bytes of a file region may go from the page cache to the socket
//! without passing through this process.

use bytes::{Bytes, BytesMut};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

/// A list that allocates only from its second element on: nearly every list of regions has one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum SmallList<T> {
    /// No element.
    #[default]
    Empty,
    /// One element, in place.
    One(T),
    /// Any number.
    Many(Vec<T>),
}

impl<T> SmallList<T> {
    /// The elements in order.
    #[must_use]
    pub fn as_slice(&self) -> &[T] {
        match self {
            Self::Empty => &[],
            Self::One(element) => std::slice::from_ref(element),
            Self::Many(elements) => elements,
        }
    }

    /// Adds `element` at the end.
    pub fn push(&mut self, element: T) {
        *self = match std::mem::take(self) {
            Self::Empty => Self::One(element),
            Self::One(first) => Self::Many(vec![first, element]),
            Self::Many(mut elements) => {
                elements.push(element);
                Self::Many(elements)
            }
        };
    }

    /// The elements in order.
    pub fn iter(&self) -> std::slice::Iter<'_, T> {
        self.as_slice().iter()
    }
}

impl<'a, T> IntoIterator for &'a SmallList<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<T> FromIterator<T> for SmallList<T> {
    fn from_iter<I: IntoIterator<Item = T>>(elements: I) -> Self {
        let mut list = Self::Empty;
        elements.into_iter().for_each(|element| list.push(element));
        list
    }
}

/// A run of bytes of an open file. The file stays open, and its bytes readable, as long as the region lives.
#[derive(Clone, Debug)]
pub struct FileRegion {
    /// The file, open for reading.
    pub file: Arc<File>,
    /// First byte, counted from the start of the file.
    pub position: u64,
    /// Number of bytes.
    pub length: u32,
}

/// Two file regions are equal if they are the same run of the same open file.
impl PartialEq for FileRegion {
    fn eq(&self, other: &Self) -> bool {
        let Self { file, position, length } = self;
        Arc::ptr_eq(file, &other.file) && *position == other.position && *length == other.length
    }
}

/// One run of bytes, wherever it is.
#[derive(Clone, Debug, PartialEq)]
pub enum Region {
    /// In memory.
    Bytes(Bytes),
    /// In a file.
    File(FileRegion),
}

impl Region {
    /// Number of bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.len(),
            Self::File(region) => region.length as usize,
        }
    }

    /// Whether there is no byte.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// `length` bytes of it from `at` on, without a copy.
    ///
    /// # Panics
    /// If it has fewer.
    #[must_use]
    pub fn cut(&self, at: usize, length: usize) -> Self {
        assert!(length <= self.len().saturating_sub(at), "the cut lies inside the region");
        match self {
            Self::Bytes(bytes) => Self::Bytes(bytes.slice(at..at + length)),
            Self::File(FileRegion { file, position, .. }) => Self::File(FileRegion {
                file: Arc::clone(file),
                position: position + at as u64,
                length: u32::try_from(length).expect("a part is no longer than the whole"),
            }),
        }
    }

    /// This region and `next` as one, if `next` begins where it ends.
    #[must_use]
    pub fn joined(&self, next: &Self) -> Option<Self> {
        match (self, next) {
            (Self::File(one), Self::File(next))
                if Arc::ptr_eq(&one.file, &next.file)
                    && one.position + u64::from(one.length) == next.position =>
            {
                let length = one.length.checked_add(next.length)?;
                Some(Self::File(FileRegion { length, ..one.clone() }))
            }
            _ => None,
        }
    }
}

/// The value of a message's records field: zero or more regions, read one after the other.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Records(pub SmallList<Region>);

impl Records {
    /// The bytes, if they lie in memory in one piece, as decoding always leaves them.
    #[must_use]
    pub fn as_bytes(&self) -> Option<&Bytes> {
        match self.0.as_slice() {
            [Region::Bytes(bytes)] => Some(bytes),
            _ => None,
        }
    }

    /// Number of bytes in all regions.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.iter().map(Region::len).sum()
    }

    /// Whether there is no byte.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(Region::is_empty)
    }

    /// All bytes in one piece; copies only if there is a file region or more than one region.
    ///
    /// # Errors
    /// What reading the file gave; a file that has become shorter than its region is `UnexpectedEof`.
    pub fn to_bytes(&self) -> io::Result<Bytes> {
        if let [Region::Bytes(bytes)] = self.0.as_slice() {
            return Ok(bytes.clone());
        }
        let mut all = BytesMut::with_capacity(self.len());
        for region in &self.0 {
            match region {
                Region::Bytes(bytes) => all.extend_from_slice(bytes),
                Region::File(FileRegion { file, position, length }) => {
                    let start = all.len();
                    all.resize(start + *length as usize, 0);
                    file.read_exact_at(&mut all[start..], *position)?;
                }
            }
        }
        Ok(all.freeze())
    }
}

impl From<Bytes> for Records {
    fn from(bytes: Bytes) -> Self {
        Self(SmallList::One(Region::Bytes(bytes)))
    }
}

impl From<FileRegion> for Records {
    fn from(region: FileRegion) -> Self {
        Self(SmallList::One(Region::File(region)))
    }
}

impl FromIterator<Region> for Records {
    fn from_iter<I: IntoIterator<Item = Region>>(regions: I) -> Self {
        Self(regions.into_iter().collect())
    }
}
