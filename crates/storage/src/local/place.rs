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
    /// What comes behind the names of files that are not in use yet.
    suffix: &'static str,
}

impl<'a> Place<'a> {
    pub(crate) fn new(disk: &'a dyn Disk, path: PathBuf) -> Self {
        Self { disk, path, suffix: "" }
    }

    /// The same directory, with `suffix` behind all names of files.
    pub(crate) fn with_suffix(&self, suffix: &'static str) -> Self {
        Self { suffix, ..self.clone() }
    }

    /// The path of the file of that kind that begins at `offset`.
    pub(crate) fn file(&self, offset: Offset, kind: Kind) -> PathBuf {
        let mut path = names::file(&self.path, offset, kind).into_os_string();
        path.push(self.suffix);
        path.into()
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
