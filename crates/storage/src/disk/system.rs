//! The operating system's files, and every call that the standard library does not have.

use super::{Disk, Metadata, Mode, Space};
use crate::settings::Syncs;
use ottla_base::Timestamp;
use rustix::fs::{self, FlockOperation};
use std::fs::File;
use std::io::{self, IoSlice, Read};
use std::mem::MaybeUninit;
use std::num::NonZeroU64;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

/// The operating system's files. With [`Syncs::Skipped`] nothing is ever synced.
#[must_use]
pub fn system(syncs: Syncs) -> Arc<dyn Disk> {
    Arc::new(System { syncs })
}

#[derive(Debug)]
struct System {
    syncs: Syncs,
}

impl Disk for System {
    fn open(&self, path: &Path, mode: Mode) -> io::Result<File> {
        match mode {
            Mode::Read => File::open(path),
            Mode::Write => File::options().read(true).write(true).open(path),
            Mode::Create => File::options().read(true).write(true).create(true).truncate(false).open(path),
            Mode::Empty => File::options().read(true).write(true).create(true).truncate(true).open(path),
        }
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        std::fs::create_dir(path)
    }

    fn write_all_at(&self, file: &File, slices: &mut [IoSlice], position: u64) -> io::Result<()> {
        let mut slices = slices;
        let mut position = position;
        IoSlice::advance_slices(&mut slices, 0);
        while !slices.is_empty() {
            let written = match &*slices {
                // The kernel has less to look at.
                [bytes] => rustix::io::pwrite(file, bytes, position),
                some => rustix::io::pwritev(file, &some[..some.len().min(SLICES_MAX)], position),
            };
            match written {
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

    fn hard_link(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::hard_link(from, to)
    }

    fn set_len(&self, file: &File, length: u64) -> io::Result<()> {
        file.set_len(length)
    }

    fn read_exact_at(&self, file: &File, into: &mut [u8], position: u64) -> io::Result<()> {
        file.read_exact_at(into, position)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(from, to)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_file(path)
    }

    fn remove_dir_all(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_dir_all(path)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        let directory = File::open(path)?;
        // A start lists many directories that have few names; the standard library is made for large ones.
        let mut buffer = [MaybeUninit::uninit(); LISTED_BYTES];
        let mut entries = fs::RawDir::new(&directory, &mut buffer);
        let mut names = Vec::new();
        while let Some(entry) = entries.next() {
            let entry = entry?;
            let name = entry.file_name().to_str().ok();
            names.extend(name.filter(|name| !matches!(*name, "." | "..")).map(str::to_owned));
        }
        Ok(names)
    }

    fn metadata(&self, path: &Path) -> io::Result<Metadata> {
        let metadata = std::fs::metadata(path)?;
        let modified = metadata.modified().ok();
        let since = modified.and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
        let millis = since.and_then(|since| i64::try_from(since.as_millis()).ok());
        Ok(Metadata {
            is_directory: metadata.is_dir(),
            length: metadata.len(),
            modified: millis.map_or(Timestamp::NONE, Timestamp),
        })
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let mut file = File::open(path)?;
        // A start reads many small files: one that leaves room need not be asked for its length.
        let mut small = [0; SMALL_BYTES];
        let count = file.read_at(&mut small, 0)?;
        let mut bytes = Vec::new();
        if count < small.len() {
            bytes.extend_from_slice(&small[..count]);
        } else {
            file.read_to_end(&mut bytes)?;
        }
        Ok(bytes)
    }

    fn sync_data(&self, file: &File) -> io::Result<()> {
        match self.syncs {
            Syncs::Real => Ok(fs::fdatasync(file)?),
            Syncs::Skipped => Ok(()),
        }
    }

    fn write_out(&self, file: &File, bytes: Range<u64>) {
        let length = bytes.end.checked_sub(bytes.start).and_then(NonZeroU64::new);
        if let (Syncs::Real, Some(length)) = (self.syncs, length) {
            // Linux begins to write what is dirty before it looks what can leave the cache. Elsewhere the sync has more to do.
            let _ = fs::fadvise(file, bytes.start, Some(length), fs::Advice::DontNeed);
        }
    }

    fn forget_cached(&self, file: &File, bytes: Range<u64>) {
        if self.syncs == Syncs::Real {
            // A file system that cannot has no such cache.
            let length = bytes.end.checked_sub(bytes.start).and_then(NonZeroU64::new);
            let _ = length.map(|length| fs::fadvise(file, bytes.start, Some(length), fs::Advice::DontNeed));
        }
    }

    fn space(&self, path: &Path) -> io::Result<Space> {
        let statistics = fs::statvfs(path)?;
        let bytes = |blocks: u64| blocks.saturating_mul(statistics.f_frsize);
        Ok(Space { total_bytes: bytes(statistics.f_blocks), usable_bytes: bytes(statistics.f_bavail) })
    }

    fn run(&self) -> Option<String> {
        let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
        Some(id.trim().to_owned()).filter(|id| !id.is_empty())
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        match self.syncs {
            Syncs::Real => File::open(path)?.sync_all(),
            Syncs::Skipped => Ok(()),
        }
    }

    fn sync_file_system(&self, file: &File) -> io::Result<()> {
        match self.syncs {
            Syncs::Real => Ok(fs::syncfs(file)?),
            Syncs::Skipped => Ok(()),
        }
    }
}

/// Takes the exclusive lock of `file` for as long as it stays open; `false` if another process has it.
pub(crate) fn lock(file: &File) -> io::Result<bool> {
    match fs::flock(file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(true),
        Err(rustix::io::Errno::WOULDBLOCK) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Takes the exclusive record lock of `file`, the kind that Java takes, for as long as this process has the file open;
/// `false` if another process has it.
pub(crate) fn lock_record(file: &File) -> io::Result<bool> {
    match fs::fcntl_lock(file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(true),
        Err(rustix::io::Errno::ACCESS | rustix::io::Errno::AGAIN) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Whether the process or the machine lacks something for which a file is not to blame: handles or memory.
pub(crate) fn is_shortage(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let shortages = [Errno::MFILE, Errno::NFILE, Errno::NOMEM];
    error.raw_os_error().is_some_and(|code| shortages.iter().any(|shortage| shortage.raw_os_error() == code))
}

/// How much of a directory is listed at once: more than one of a partition has.
const LISTED_BYTES: usize = 8 << 10;
/// A file that is read whole, and is smaller, costs one read.
const SMALL_BYTES: usize = 256;
/// Most slices of one vectored write (Linux: `UIO_MAXIOV`).
const SLICES_MAX: usize = 1024;

#[cfg(test)]
mod tests;
