//! The file under the database, with syncs that can be left out.

use crate::settings::Syncs;
use crate::system::Disk;
use redb::StorageBackend;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

#[derive(Debug)]
pub(super) struct Backend {
    file: File,
    disk: Disk,
}

impl Backend {
    pub(super) fn new(file: File, syncs: Syncs) -> Self {
        Self { file, disk: Disk::new(syncs) }
    }
}

impl StorageBackend for Backend {
    fn len(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.file.read_exact_at(out, offset)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.file.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.disk.sync_data(&self.file)
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.file.write_all_at(data, offset)
    }
}
