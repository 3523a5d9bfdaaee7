//! The one door to files: everything that storage reads, changes or syncs goes through a [`Disk`].
//!
//! Two implementations matter: the operating system's, [`system`], and the simulator's, which keeps beside the
//! files what a power cut would leave of them. So the rule is strict: whatever creates, writes, shortens,
//! renames, removes or syncs is a method here. Files themselves are the system's own [`File`], because a
//! region of one is sent to a client by the kernel; only such sending goes past this door.

mod system;

pub use system::system;
pub(crate) use system::{is_shortage, lock, lock_record};

use ottla_base::Timestamp;
use std::fmt::Debug;
use std::fs::File;
use std::io::{self, IoSlice};
use std::ops::Range;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// How a file is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// For reading; it must exist.
    Read,
    /// For reading and writing; it must exist.
    Write,
    /// For reading and writing; it is made if it does not exist, and keeps its bytes if it does.
    Create,
    /// For reading and writing; afterwards it exists and is empty.
    Empty,
}

/// What is known of a file without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metadata {
    /// Whether it is a directory.
    pub is_directory: bool,
    /// Its bytes; of a directory, any number.
    pub length: u64,
    /// When it was last written; [`Timestamp::NONE`] if nobody knows.
    pub modified: Timestamp,
}

/// How large a file system is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    /// All its bytes.
    pub total_bytes: u64,
    /// What this user can still fill.
    pub usable_bytes: u64,
}

/// Files, and how they reach stable storage.
///
/// Nothing but a sync makes anything durable: [`sync_data`](Self::sync_data) a file's bytes and length,
/// [`sync_directory`](Self::sync_directory) which names there are. After a failed sync nobody knows what of the
/// file is on stable storage, and a second sync does not tell.
pub trait Disk: Debug + Send + Sync {
    /// Opens a file.
    ///
    /// # Errors
    /// What the system says; `NotFound` among others. So for all methods here.
    fn open(&self, path: &Path, mode: Mode) -> io::Result<File>;

    /// Makes a directory; `AlreadyExists` if there is something of that name.
    fn create_dir(&self, path: &Path) -> io::Result<()>;

    /// Writes all slices one after the other at `position`. After an error some bytes may be written.
    fn write_all_at(&self, file: &File, slices: &mut [IoSlice], position: u64) -> io::Result<()>;

    /// Cuts a file, or lengthens it with zeros.
    fn set_len(&self, file: &File, length: u64) -> io::Result<()>;

    /// Fills `into` with the bytes from `position` on; `UnexpectedEof` if there are fewer.
    fn read_exact_at(&self, file: &File, into: &mut [u8], position: u64) -> io::Result<()>;

    /// Gives a file or directory another name, which may be taken by a file that then is gone.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file's name; whoever has it open keeps it.
    fn remove_file(&self, path: &Path) -> io::Result<()>;

    /// Removes a directory and all that is in it.
    fn remove_dir_all(&self, path: &Path) -> io::Result<()>;

    /// The names in a directory, in no order. Names that are not UTF-8 are left out: none of ours is such.
    fn list(&self, path: &Path) -> io::Result<Vec<String>>;

    /// What is known of a file or directory without reading it.
    fn metadata(&self, path: &Path) -> io::Result<Metadata>;

    /// Makes the file's bytes and length durable.
    fn sync_data(&self, file: &File) -> io::Result<()>;

    /// Makes creations, removals and renames in the directory durable.
    fn sync_directory(&self, path: &Path) -> io::Result<()>;

    /// Makes everything on the file system of `file` durable. An error may concern somebody else's file, and
    /// each open file hears of an earlier failure once: so whoever calls this has a file of his own for it.
    fn sync_file_system(&self, file: &File) -> io::Result<()>;

    /// How large the file system of a path is. `Unsupported` where nobody can tell.
    fn space(&self, _path: &Path) -> io::Result<Space> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Gives a file a second name, on the same file system. `Unsupported` where files have only one.
    fn hard_link(&self, _from: &Path, _to: &Path) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Lets the system begin to write these bytes of the file to stable storage, as a sync later would do in one go. Waits
    /// for nothing and makes nothing durable. What is written already may leave the cache.
    fn write_out(&self, _: &File, _bytes: Range<u64>) {}

    /// Reads of these bytes of the file from now on show what is on stable storage, where the system thinks that its
    /// cache holds the same. After a sync that failed it does not: the lost pages count as written. What is not written
    /// yet stays, and so may a page that is only partly among these bytes.
    fn forget_cached(&self, _: &File, _bytes: Range<u64>) {}

    /// A name for the time since which the system has lost nothing that was written, synced or not: on Linux, its present
    /// run. `None` if nobody can tell.
    fn run(&self) -> Option<String> {
        None
    }

    /// How many bytes an open file has.
    fn length(&self, file: &File) -> io::Result<u64> {
        Ok(file.metadata()?.len())
    }

    /// How many names an open file has.
    fn name_count(&self, file: &File) -> io::Result<u64> {
        Ok(file.metadata()?.nlink())
    }

    /// All bytes of a file.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let file = self.open(path, Mode::Read)?;
        let length = usize::try_from(self.length(&file)?).map_err(|_| io::ErrorKind::FileTooLarge)?;
        let mut bytes = vec![0; length];
        self.read_exact_at(&file, &mut bytes, 0)?;
        Ok(bytes)
    }

    /// All of a file, which must be text.
    fn read_to_string(&self, path: &Path) -> io::Result<String> {
        String::from_utf8(self.read(path)?).map_err(|_| io::ErrorKind::InvalidData.into())
    }

    /// Makes a file with these bytes, or gives an existing one these bytes. No sync.
    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<File> {
        let file = self.open(path, Mode::Empty)?;
        self.write_all_at(&file, &mut [IoSlice::new(bytes)], 0)?;
        Ok(file)
    }

    /// Removes a file's name, if there is one.
    fn remove_file_if_any(&self, path: &Path) -> io::Result<()> {
        match self.remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}
