//! Every call to the operating system that the standard library does not have, and every sync.
//!
//! [`Disk`] is the one door to stable storage: with [`Syncs::Skipped`] nothing is ever synced. In tests it can
//! be told to fail, which is how a full disk and a failing sync are played.

use crate::settings::Syncs;
use rustix::fs::{self, FlockOperation};
use std::fs::File;
use std::io::{self, IoSlice};
use std::path::Path;

/// How a data directory reaches stable storage.
#[derive(Debug, Default)]
pub(crate) struct Disk {
    skip: bool,
    #[cfg(test)]
    pub(crate) faults: Faults,
}

/// What goes wrong from now on.
#[cfg(test)]
#[derive(Debug, Default)]
pub(crate) struct Faults {
    /// Bytes of log writes until the disk is full.
    pub(crate) bytes_left: parking_lot::Mutex<Option<usize>>,
    /// Log writes fail with EIO.
    pub(crate) writes_fail: std::sync::atomic::AtomicBool,
    /// Syncs fail with EIO.
    pub(crate) syncs_fail: std::sync::atomic::AtomicBool,
    /// Syncs wait here for as long as a test holds the lock.
    pub(crate) sync_gate: parking_lot::Mutex<()>,
    /// How many syncs of any kind were asked for.
    pub(crate) syncs: std::sync::atomic::AtomicUsize,
    /// Which files and directories were synced one by one.
    pub(crate) synced: parking_lot::Mutex<Vec<std::path::PathBuf>>,
}

impl Disk {
    pub(crate) fn new(syncs: Syncs) -> Self {
        Self {
            skip: syncs == Syncs::Skipped,
            #[cfg(test)]
            faults: Faults::default(),
        }
    }

    /// Makes the file's bytes and length durable.
    pub(crate) fn sync_data(&self, file: &File) -> io::Result<()> {
        self.before_sync()?;
        #[cfg(test)]
        self.faults.synced.lock().push(path_of(file));
        if self.skip { Ok(()) } else { Ok(fs::fdatasync(file)?) }
    }

    /// Makes creations, removals and renames in the directory durable.
    pub(crate) fn sync_directory(&self, path: &Path) -> io::Result<()> {
        self.before_sync()?;
        #[cfg(test)]
        self.faults.synced.lock().push(path.to_owned());
        if self.skip { Ok(()) } else { File::open(path)?.sync_all() }
    }

    /// Makes everything on the file system of `file` durable. An error may concern somebody else's file.
    pub(crate) fn sync_file_system(&self, file: &File) -> io::Result<()> {
        self.before_sync()?;
        if self.skip { Ok(()) } else { Ok(fs::syncfs(file)?) }
    }

    /// Writes all slices one after the other at `position`. After an error some bytes may be written.
    pub(crate) fn write_all_at(&self, file: &File, slices: &mut [IoSlice], position: u64) -> io::Result<()> {
        self.before_write(slices, position, file)?;
        let mut slices = slices;
        let mut position = position;
        while !slices.is_empty() {
            let some = &slices[..slices.len().min(SLICES_MAX)];
            match rustix::io::pwritev(file, some, position) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => {
                    position += written as u64;
                    IoSlice::advance_slices(&mut slices, written);
                }
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    #[cfg(not(test))]
    #[expect(clippy::unused_self, reason = "the test version looks at its faults")]
    fn before_sync(&self) -> io::Result<()> {
        Ok(())
    }

    #[cfg(not(test))]
    #[expect(clippy::unused_self, reason = "the test version looks at its faults")]
    fn before_write(&self, _: &[IoSlice], _: u64, _: &File) -> io::Result<()> {
        Ok(())
    }

    #[cfg(test)]
    fn before_sync(&self) -> io::Result<()> {
        use std::sync::atomic::Ordering::SeqCst;
        self.faults.syncs.fetch_add(1, SeqCst);
        drop(self.faults.sync_gate.lock());
        if self.faults.syncs_fail.load(SeqCst) {
            return Err(rustix::io::Errno::IO.into());
        }
        Ok(())
    }

    #[cfg(test)]
    fn before_write(&self, slices: &[IoSlice], position: u64, file: &File) -> io::Result<()> {
        use std::os::unix::fs::FileExt;
        if self.faults.writes_fail.load(std::sync::atomic::Ordering::SeqCst) {
            return Err(rustix::io::Errno::IO.into());
        }
        let mut left = self.faults.bytes_left.lock();
        let Some(left) = left.as_mut() else { return Ok(()) };
        let wanted: usize = slices.iter().map(|slice| slice.len()).sum();
        if wanted <= *left {
            *left -= wanted;
            return Ok(());
        }
        // A full disk takes what fits, and then no more.
        let all: Vec<u8> = slices.iter().flat_map(|slice| slice.iter().copied()).collect();
        file.write_all_at(&all[..*left], position)?;
        *left = 0;
        Err(rustix::io::Errno::NOSPC.into())
    }
}

#[cfg(test)]
fn path_of(file: &File) -> std::path::PathBuf {
    use std::os::fd::AsRawFd;
    std::fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd())).unwrap_or_default()
}

/// Takes the exclusive lock of `file` for as long as it stays open; `false` if another process has it.
pub(crate) fn lock(file: &File) -> io::Result<bool> {
    match fs::flock(file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(true),
        Err(rustix::io::Errno::WOULDBLOCK) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Bytes that this user can still write to the file system of `path`.
///
/// # Errors
/// What the operating system says, for example that there is no such path.
pub fn free_bytes(path: &Path) -> io::Result<u64> {
    let statistics = fs::statvfs(path)?;
    Ok(statistics.f_bavail.saturating_mul(statistics.f_frsize))
}

/// Most slices of one vectored write (Linux: `UIO_MAXIOV`).
const SLICES_MAX: usize = 1024;
