//! The file under the database, with syncs that can be left out.

use crate::disk::Disk;
use redb::StorageBackend;
use std::fs::File;
use std::io::{self, IoSlice};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

#[derive(Debug)]
pub(super) struct Backend {
    file: Arc<File>,
    disk: Arc<dyn Disk>,
    held_back: Arc<AtomicBool>,
}

/// While this is alive, the database's syncs are left out; whoever holds it syncs at the end.
#[derive(Debug)]
pub(super) struct HeldBack(Arc<AtomicBool>);

impl Drop for HeldBack {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

impl Backend {
    pub(super) fn new(file: Arc<File>, disk: Arc<dyn Disk>) -> Self {
        Self { file, disk, held_back: Arc::default() }
    }

    /// Leaves out syncs until the result is dropped.
    pub(super) fn hold_back(&self) -> HeldBack {
        self.held_back.store(true, Ordering::Release);
        HeldBack(self.held_back.clone())
    }
}

impl StorageBackend for Backend {
    fn len(&self) -> io::Result<u64> {
        self.disk.length(&self.file)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.disk.read_exact_at(&self.file, out, offset)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.disk.set_len(&self.file, len)
    }

    fn sync_data(&self) -> io::Result<()> {
        if self.held_back.load(Ordering::Acquire) {
            return Ok(());
        }
        self.disk.sync_data(&self.file)
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.disk.write_all_at(&self.file, &mut [IoSlice::new(data)], offset)
    }
}
