//! Where a partition's files lie, and the disk that they are on.

use super::names::{self, Kind};
use crate::disk::Disk;
use ottla_base::Offset;
use std::io;
use std::path::PathBuf;

/// A partition's directory.
#[derive(Clone, Debug)]
pub(crate) struct Place<'a> {
    pub(crate) disk: &'a dyn Disk,
    pub(crate) path: PathBuf,
}

impl Place<'_> {
    /// The path of the file of that kind that begins at `offset`.
    pub(crate) fn file(&self, offset: Offset, kind: Kind) -> PathBuf {
        names::file(&self.path, offset, kind)
    }

    /// The path of a segment's log.
    pub(crate) fn log(&self, base: Offset) -> PathBuf {
        self.file(base, Kind::Log)
    }

    /// Makes creations, removals and renames in the directory durable.
    pub(crate) fn sync(&self) -> io::Result<()> {
        self.disk.sync_directory(&self.path)
    }
}
