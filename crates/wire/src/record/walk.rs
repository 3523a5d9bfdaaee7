//! The headers of batches wherever they lie, without a look at the records.
//!
//! Of a file only the headers are read, and those that are near each other with one call.

use super::header::{BatchError, BatchHeader, HEADER_BYTES};
use super::region::{FileRegion, Records, Region};
use bytes::Bytes;
use std::io;
use std::os::unix::fs::FileExt;

/// Why the walk ends before the records do.
#[derive(Debug, thiserror::Error)]
pub enum WalkError {
    /// The file could not be read.
    #[error("the file could not be read: {0}")]
    Io(#[from] io::Error),
    /// There is no batch where one should begin, or it ends beyond its region.
    #[error(transparent)]
    Batch(#[from] BatchError),
}

/// A batch and where it lies.
#[derive(Clone, Debug, PartialEq)]
pub struct Placed {
    /// What it says of itself.
    pub header: BatchHeader,
    /// The whole batch, header included.
    pub region: Region,
}

impl Placed {
    /// The bytes of the batch, read if they lie in a file.
    ///
    /// # Errors
    /// What reading the file gave.
    pub fn bytes(&self) -> io::Result<Bytes> {
        Records::from_iter([self.region.clone()]).to_bytes()
    }
}

/// The batches of `records`, in order. Regions must begin and end between batches, as those of a log do. The walk ends
/// at the end or with the first error.
#[must_use]
pub fn walk(records: &Records) -> Walk<'_> {
    Walk { regions: records.0.as_slice(), at: 0, window: Window::default() }
}

/// The iterator of [`walk`].
#[derive(Debug)]
pub struct Walk<'a> {
    /// The region that is walked, and those behind it.
    regions: &'a [Region],
    /// Where in the first region.
    at: usize,
    window: Window,
}

/// The part of a file that was read last.
#[derive(Debug)]
struct Window {
    start: usize,
    bytes: Vec<u8>,
    /// How much to read for the next header.
    ahead: usize,
}

impl Default for Window {
    fn default() -> Self {
        Self { start: 0, bytes: Vec::new(), ahead: FIRST_BYTES }
    }
}

impl Window {
    /// The header at `at` of `region`, or what is there of it.
    fn header(&mut self, region: &FileRegion, at: usize) -> io::Result<&[u8]> {
        let length = region.length as usize;
        let wanted = HEADER_BYTES.min(length - at);
        let is_inside = self.start <= at && at + wanted <= self.start + self.bytes.len();
        if !is_inside {
            self.bytes.resize(self.ahead.min(length - at), 0);
            self.start = at;
            // A failed read leaves nothing that could be taken for the file.
            let read = region.file.read_exact_at(&mut self.bytes, region.position + at as u64);
            read.inspect_err(|_| self.bytes.clear())?;
        }
        let from = at - self.start;
        Ok(&self.bytes[from..from + wanted])
    }
}

impl Walk<'_> {
    fn batch(&mut self, region: &Region) -> Result<Placed, WalkError> {
        let header = match region {
            Region::Bytes(bytes) => BatchHeader::parse(&bytes[self.at..])?,
            Region::File(file) => BatchHeader::parse(self.window.header(file, self.at)?)?,
        };
        let (size, available) = (header.size(), region.len() - self.at);
        if available < size {
            return Err(BatchError::TooShort { needed: size, available }.into());
        }
        // Batches are often like the ones before them: behind a large one, what is not its successor's head would be
        // read for nothing.
        self.window.ahead = if size < NEAR_BYTES { WINDOW_BYTES } else { HEADER_BYTES };
        Ok(Placed { header, region: region.cut(self.at, size) })
    }
}

impl Iterator for Walk<'_> {
    type Item = Result<Placed, WalkError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let regions = self.regions;
            let (region, behind) = regions.split_first()?;
            if region.len() == self.at {
                (self.regions, self.at, self.window) = (behind, 0, Window::default());
                continue;
            }
            let batch = self.batch(region);
            match &batch {
                Ok(placed) => self.at += placed.region.len(),
                Err(_) => self.regions = &[],
            }
            return Some(batch);
        }
    }
}

/// Holds the headers of a few hundred small batches.
const WINDOW_BYTES: usize = 16 << 10;
/// Before anything is known about batches.
const FIRST_BYTES: usize = 4 << 10;
/// Headers that are further from each other are read one by one: a call costs what copying so much does.
const NEAR_BYTES: usize = 4 << 10;
