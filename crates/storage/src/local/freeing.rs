//! Gives the room of replaced and deleted logs back bit by bit.
//!
//! Closing the last handle of a file without a name frees all its blocks at once. A file system with a journal does that
//! in one go, together with telling the disk, and syncs of producers wait for it: the more, the larger the file. So such a
//! file is cut shorter and shorter first. One that somebody still reads is left alone until he is done, and one that has
//! another name keeps its bytes.

use crate::disk::Disk;
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::fs::File;
use std::sync::Arc;

/// Logs whose names are gone for good: a power cut must not bring back one that was cut.
#[derive(Debug, Default)]
pub(crate) struct Freeing(Mutex<VecDeque<Arc<File>>>);

impl Freeing {
    /// Takes a log over. At the limit the oldest is freed at once, as soon as nobody reads it.
    pub(crate) fn put(&self, file: Arc<File>) {
        let mut files = self.0.lock();
        files.push_back(file);
        let oldest = if FILES_MAX < files.len() { files.pop_front() } else { None };
        drop(files);
        drop(oldest);
    }

    /// Frees a bit. Returns for how many bytes read or written it counts; `None` if nothing can be freed now.
    pub(crate) fn step(&self, disk: &dyn Disk) -> Option<u64> {
        let file = {
            let mut files = self.0.lock();
            // Nobody who has no handle can get one any more: the name is gone.
            let unused = files.iter().position(|file| Arc::strong_count(file) == 1)?;
            files.remove(unused)?
        };
        if let Some(length) = rest(disk, &file)
            && disk.set_len(&file, length).is_ok()
        {
            self.0.lock().push_front(file);
        }
        Some(COUNTED_BYTES)
    }
}

/// To how many bytes the file is to be cut; `None` if it is to be closed as it is.
fn rest(disk: &dyn Disk, file: &File) -> Option<u64> {
    if 0 < disk.name_count(file).ok()? {
        return None;
    }
    disk.length(file).ok()?.checked_sub(FREED_BYTES)
}

/// Whether freeing so many bytes at once would be noticed.
pub(crate) fn is_large(bytes: u64) -> bool {
    FREED_BYTES < bytes
}

/// What is freed in a step; closing a file of less is quick.
const FREED_BYTES: u64 = 2 << 20;
/// As much as freeing those bytes keeps the disk busy, roughly.
const COUNTED_BYTES: u64 = FREED_BYTES / 4;
/// Each keeps its room, and a handle, for as long as somebody reads it.
const FILES_MAX: usize = 64;

#[cfg(test)]
mod tests;
