//! Deleted files and directories, until they are removed.
//!
//! Each has another name since it was deleted, durably, and goes for good after `file.delete.delay.ms`, in small steps: a
//! large log loses its name first and then its bytes bit by bit (see [`Freeing`]). A crash between them leaves a file
//! without a name, whose room the file system gives back, or a part of one whose name says that it is deleted. Those that
//! were not removed before the end are removed after the next start.

use super::freeing::{self, Freeing};
use super::names::{self, Kind};
use crate::disk::{Disk, Mode};
use ottla_base::Tick;
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

#[derive(Debug, Default)]
pub(crate) struct Graveyard {
    graves: Mutex<VecDeque<Grave>>,
    freeing: Freeing,
}

#[derive(Debug)]
struct Grave {
    due: Tick,
    path: PathBuf,
    body: Body,
}

#[derive(Debug)]
enum Body {
    /// With the handle that somebody reads by, if anybody does.
    File(Option<Arc<File>>),
    Directory,
    /// A directory whose large logs had graves of their own.
    Rest,
}

impl Graveyard {
    /// Takes a file. `log` is its handle, of which all others are clones, if somebody may have one.
    pub(crate) fn put_file(&self, due: Tick, path: PathBuf, log: Option<Arc<File>>) {
        // One that nobody else has is of no use, and there may be many.
        let log = log.filter(|log| 1 < Arc::strong_count(log));
        self.graves.lock().push_back(Grave { due, path, body: Body::File(log) });
    }

    /// Takes a directory. Logs in it that somebody reads were [`put_file`](Self::put_file) before, as they are called now.
    pub(crate) fn put_directory(&self, due: Tick, path: PathBuf) {
        self.graves.lock().push_back(Grave { due, path, body: Body::Directory });
    }

    /// Takes what an earlier life has left.
    pub(crate) fn put_left(&self, due: Tick, path: PathBuf, disk: &dyn Disk) {
        match disk.metadata(&path) {
            Ok(metadata) if metadata.is_directory => self.put_directory(due, path),
            // Whoever removes it will tell.
            Ok(_) | Err(_) => self.put_file(due, path, None),
        }
    }

    /// Removes a bit of what is due. Returns for how many bytes read or written it counts; `None` if nothing can be done
    /// now.
    pub(crate) fn step(&self, now: Tick, disk: &dyn Disk) -> Option<u64> {
        if let Some(counted) = self.freeing.step(disk) {
            return Some(counted);
        }
        let grave = {
            let mut graves = self.graves.lock();
            let due = graves.iter().position(|grave| grave.due <= now)?;
            graves.remove(due)?
        };
        let Grave { due, path, body } = grave;
        let removed = match body {
            Body::File(log) => self.remove(&path, log, disk),
            Body::Directory => self.open(due, &path, disk),
            Body::Rest => disk.remove_dir_all(&path),
        };
        if let Err(error) = removed {
            complain(&path, &error);
        }
        Some(REMOVAL_COUNTED_BYTES)
    }

    /// Removes everything that is due at once. What cannot be removed now is tried again at the next start.
    pub(crate) fn clear(&self, now: Tick, disk: &dyn Disk) {
        let due = {
            let mut graves = self.graves.lock();
            let (due, later): (VecDeque<_>, _) = graves.drain(..).partition(|grave| grave.due <= now);
            *graves = later;
            due
        };
        for Grave { path, body, .. } in due {
            let removed = match body {
                Body::File(_) => disk.remove_file(&path),
                Body::Directory | Body::Rest => disk.remove_dir_all(&path),
            };
            if let Err(error) = removed {
                complain(&path, &error);
            }
        }
    }

    /// Takes a file's name, and sees to its bytes.
    fn remove(&self, path: &Path, log: Option<Arc<File>>, disk: &dyn Disk) -> io::Result<()> {
        let log = match log {
            Some(log) => Some(log),
            None if freeing::is_large(disk.metadata(path)?.length) => {
                Some(Arc::new(disk.open(path, Mode::Write)?))
            }
            None => None,
        };
        disk.remove_file(path)?;
        log.into_iter().for_each(|log| self.freeing.put(log));
        Ok(())
    }

    /// Gives large logs in a directory graves of their own, and what is left of it one behind them.
    fn open(&self, due: Tick, path: &Path, disk: &dyn Disk) -> io::Result<()> {
        let mut graves = vec![Grave { due, path: path.to_owned(), body: Body::Rest }];
        for name in disk.list(path)? {
            let path = path.join(&name);
            let name = name.strip_suffix(names::DELETED_FILE_SUFFIX).unwrap_or(&name);
            let is_log = matches!(names::parse_file(name), Some((_, Kind::Log)));
            if is_log && freeing::is_large(disk.metadata(&path)?.length) {
                graves.push(Grave { due, path, body: Body::File(None) });
            }
        }
        let mut all = self.graves.lock();
        graves.into_iter().for_each(|grave| all.push_front(grave));
        Ok(())
    }
}

fn complain(path: &Path, error: &io::Error) {
    tracing::warn!(path = %path.display(), %error, "a deleted file cannot be removed yet");
}

/// As much as removing a name, or a directory of a few small files, keeps the disk busy, roughly.
const REMOVAL_COUNTED_BYTES: u64 = 16 << 10;

#[cfg(test)]
mod tests;
