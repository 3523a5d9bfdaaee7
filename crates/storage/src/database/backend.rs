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
    gate: Arc<Gate>,
}

/// Whether the file may still be touched through a backend, and whether a sync of it has failed.
#[derive(Debug, Default)]
pub(super) struct Gate {
    closed: AtomicBool,
    sync_failed: AtomicBool,
}

impl Gate {
    /// From now on every access fails.
    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }

    pub(super) fn has_sync_failed(&self) -> bool {
        self.sync_failed.load(Ordering::Acquire)
    }

    fn enter(&self) -> io::Result<()> {
        match self.closed.load(Ordering::Acquire) {
            true => Err(io::Error::other("the database was given up after an error")),
            false => Ok(()),
        }
    }
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
        Self { file, disk, held_back: Arc::default(), gate: Arc::default() }
    }

    pub(super) fn gate(&self) -> Arc<Gate> {
        self.gate.clone()
    }

    /// Leaves out syncs until the result is dropped.
    pub(super) fn hold_back(&self) -> HeldBack {
        self.held_back.store(true, Ordering::Release);
        HeldBack(self.held_back.clone())
    }
}

impl StorageBackend for Backend {
    fn len(&self) -> io::Result<u64> {
        self.gate.enter()?;
        self.disk.length(&self.file)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.gate.enter()?;
        self.disk.read_exact_at(&self.file, out, offset)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.gate.enter()?;
        self.disk.set_len(&self.file, len)
    }

    fn sync_data(&self) -> io::Result<()> {
        if self.held_back.load(Ordering::Acquire) {
            return Ok(());
        }
        self.gate.enter()?;
        let synced = self.disk.sync_data(&self.file);
        self.gate.sync_failed.fetch_or(synced.is_err(), Ordering::AcqRel);
        synced
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.gate.enter()?;
        self.disk.write_all_at(&self.file, &mut [IoSlice::new(data)], offset)
    }
}
