//! The system's files, never synced, on which things go wrong when a test says so.

use crate::disk::{Disk, Metadata, Mode, system};
use crate::settings::Syncs;
use parking_lot::{Mutex, ReentrantMutex};
use rustix::io::Errno;
use std::fs::File;
use std::io::{self, IoSlice};
use std::ops::Range;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};

pub(crate) struct Faults {
    system: Arc<dyn Disk>,
    /// Bytes of log writes until the disk is full.
    pub(crate) bytes_left: Mutex<Option<usize>>,
    /// How often names in directories may change, or be synced, until that fails with EIO, too.
    pub(super) changes_left: Mutex<Option<usize>>,
    /// Then it does not fail but panics.
    pub(super) changes_panic: AtomicBool,
    /// How often what lies in the directory of this name may be looked at until that fails with EIO.
    pub(super) looks_left: Mutex<Option<(&'static str, usize)>>,
    /// Called, once, by whoever reads a log next, before it does.
    pub(super) before_read: Mutex<Option<Box<dyn FnOnce() + Send>>>,
    /// What became of names in directories, in order, if a test wants to know.
    pub(super) changes: Mutex<Option<Vec<Change>>>,
    /// Writes fail with EIO.
    pub(crate) writes_fail: AtomicBool,
    /// Syncs fail with EIO.
    pub(crate) syncs_fail: AtomicBool,
    /// Syncs of the whole file system fail with EIO.
    pub(super) file_system_syncs_fail: AtomicBool,
    /// So many syncs of the whole file system tell of what an earlier process has lost.
    pub(super) older_failures: AtomicUsize,
    /// The same for so many syncs of files.
    pub(crate) older_failures_of_files: AtomicUsize,
    /// Syncs wait here for as long as a test holds the lock, but for those that its own thread asks for: a test whose code
    /// is broken shall fail and not wait for itself.
    pub(super) sync_gate: ReentrantMutex<()>,
    /// How many syncs of any kind were asked for.
    pub(super) syncs: AtomicUsize,
    /// Which files and directories were synced one by one.
    pub(crate) synced: Mutex<Vec<PathBuf>>,
    /// Which bytes of which files were to be written out.
    pub(super) written_out: Mutex<Vec<(PathBuf, Range<u64>)>>,
    /// Which files were to be read from stable storage.
    pub(crate) forgotten: Mutex<Vec<PathBuf>>,
    /// What the system's run is called.
    run: Option<&'static str>,
    /// Bytes of a log that only the page cache has: a sync of it has failed. What stable storage has there is zeros.
    pub(crate) lost: Mutex<Range<u64>>,
    /// Syncs of logs fail with EIO.
    pub(super) log_syncs_fail: AtomicBool,
}

/// A change of a directory, or that all before it in this one are durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Made(PathBuf),
    /// With what is in the file.
    Renamed(PathBuf, PathBuf, Vec<u8>),
    Removed(PathBuf),
    Synced(PathBuf),
}

impl std::fmt::Debug for Faults {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.debug_struct("Faults").finish_non_exhaustive()
    }
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            system: system(Syncs::Skipped),
            bytes_left: Mutex::default(),
            changes_left: Mutex::default(),
            changes_panic: AtomicBool::default(),
            looks_left: Mutex::default(),
            before_read: Mutex::default(),
            changes: Mutex::default(),
            writes_fail: AtomicBool::default(),
            syncs_fail: AtomicBool::default(),
            file_system_syncs_fail: AtomicBool::default(),
            older_failures: AtomicUsize::default(),
            older_failures_of_files: AtomicUsize::default(),
            sync_gate: ReentrantMutex::default(),
            syncs: AtomicUsize::default(),
            synced: Mutex::default(),
            written_out: Mutex::default(),
            forgotten: Mutex::default(),
            run: None,
            lost: Mutex::default(),
            log_syncs_fail: AtomicBool::default(),
        }
    }
}

impl Faults {
    /// Files of a system that tells since when it runs.
    pub(crate) fn in_run(run: &'static str) -> Self {
        Self { run: Some(run), ..Self::default() }
    }

    fn before_sync(&self) -> io::Result<()> {
        self.syncs.fetch_add(1, SeqCst);
        drop(self.sync_gate.lock());
        if self.syncs_fail.load(SeqCst) { Err(Errno::IO.into()) } else { Ok(()) }
    }

    fn before_change(&self) -> io::Result<()> {
        match self.changes_left.lock().as_mut() {
            Some(0) if self.changes_panic.load(SeqCst) => panic!("a test wants it"),
            Some(0) => Err(Errno::IO.into()),
            Some(left) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn note(&self, change: impl FnOnce() -> Change) {
        if let Some(changes) = self.changes.lock().as_mut() {
            changes.push(change());
        }
    }

    fn before_look(&self, path: &Path) -> io::Result<()> {
        match self.looks_left.lock().as_mut() {
            Some((name, left)) if path.iter().any(|part| part == *name) => {
                *left = left.checked_sub(1).ok_or(Errno::IO)?;
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

impl Disk for Faults {
    fn write_all_at(&self, file: &File, slices: &mut [IoSlice], position: u64) -> io::Result<()> {
        if self.writes_fail.load(SeqCst) {
            return Err(Errno::IO.into());
        }
        let mut left = self.bytes_left.lock();
        let Some(left) = left.as_mut() else { return self.system.write_all_at(file, slices, position) };
        let wanted: usize = slices.iter().map(|slice| slice.len()).sum();
        if wanted <= *left {
            *left -= wanted;
            return self.system.write_all_at(file, slices, position);
        }
        // A full disk takes what fits, and then no more.
        let all: Vec<u8> = slices.iter().flat_map(|slice| slice.iter().copied()).collect();
        self.system.write_all_at(file, &mut [IoSlice::new(&all[..*left])], position)?;
        *left = 0;
        Err(Errno::NOSPC.into())
    }

    fn sync_data(&self, file: &File) -> io::Result<()> {
        self.before_sync()?;
        let fails = self.log_syncs_fail.load(SeqCst) && is_log(&path_of(file));
        if takes_one(&self.older_failures_of_files) || fails {
            return Err(Errno::IO.into());
        }
        self.synced.lock().push(path_of(file));
        Ok(())
    }

    fn write_out(&self, file: &File, bytes: Range<u64>) {
        self.written_out.lock().push((path_of(file), bytes));
    }

    fn forget_cached(&self, file: &File, bytes: Range<u64>) {
        self.forgotten.lock().push(path_of(file));
        let mut lost = self.lost.lock();
        let now = lost.start.max(bytes.start)..lost.end.min(bytes.end);
        if is_log(&path_of(file)) && !now.is_empty() {
            let zeros = vec![0; usize::try_from(now.end - now.start).unwrap()];
            self.system.write_all_at(file, &mut [IoSlice::new(&zeros)], now.start).unwrap();
            lost.start = now.end;
        }
    }

    fn run(&self) -> Option<String> {
        self.run.map(str::to_owned)
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        self.before_change()?;
        self.before_sync()?;
        self.note(|| Change::Synced(path.to_owned()));
        self.synced.lock().push(path.to_owned());
        Ok(())
    }

    fn sync_file_system(&self, _: &File) -> io::Result<()> {
        self.before_sync()?;
        if takes_one(&self.older_failures) || self.file_system_syncs_fail.load(SeqCst) {
            Err(Errno::IO.into())
        } else {
            Ok(())
        }
    }

    fn open(&self, path: &Path, mode: Mode) -> io::Result<File> {
        if mode == Mode::Read || mode == Mode::Write {
            self.before_look(path)?;
        }
        if !path.exists() {
            self.note(|| Change::Made(path.to_owned()));
        }
        self.system.open(path, mode)
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        self.system.create_dir(path)
    }

    fn set_len(&self, file: &File, length: u64) -> io::Result<()> {
        self.system.set_len(file, length)
    }

    fn read_exact_at(&self, file: &File, into: &mut [u8], position: u64) -> io::Result<()> {
        let path = path_of(file);
        self.before_look(&path)?;
        // Not while it is locked: it may read, too.
        let then = self.before_read.lock().take_if(|_| is_log(&path));
        then.into_iter().for_each(|then| then());
        self.system.read_exact_at(file, into, position)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.before_change()?;
        self.note(|| {
            Change::Renamed(from.to_owned(), to.to_owned(), std::fs::read(from).unwrap_or_default())
        });
        self.system.rename(from, to)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.before_change()?;
        self.note(|| Change::Removed(path.to_owned()));
        self.system.remove_file(path)
    }

    fn remove_dir_all(&self, path: &Path) -> io::Result<()> {
        self.system.remove_dir_all(path)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        self.before_look(path)?;
        self.system.list(path)
    }

    fn metadata(&self, path: &Path) -> io::Result<Metadata> {
        self.before_look(path)?;
        self.system.metadata(path)
    }
}

fn takes_one(from: &AtomicUsize) -> bool {
    from.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1)).is_ok()
}

fn is_log(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "log")
}

fn path_of(file: &File) -> PathBuf {
    std::fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd())).unwrap_or_default()
}
