//! Where runs take place: the programs, the folder, and a machine in the same state before each of them.

use super::load::Extent;
use super::processor;
use crate::Outcome;
use std::cell::Cell;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// What is run.
#[derive(Debug, Clone)]
pub(super) struct Programs {
    pub(super) ottla: PathBuf,
    pub(super) bench: PathBuf,
}

/// How much is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Size {
    /// For figures.
    Full,
    /// To see whether all of it works.
    Quick,
}

/// The place of all runs; its folder is removed when it is dropped.
#[derive(Debug)]
pub(super) struct Arena {
    pub(super) programs: Programs,
    pub(super) size: Size,
    folder: PathBuf,
    processors: Cell<Processors>,
}

/// Which processors servers and generators may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Processors {
    /// Each the one that is meant for it.
    Apart,
    /// All there are.
    Shared,
}

/// The most that is written at once.
const CHUNK: usize = 1 << 20;
/// More than this would have to be written to the disk while it is touched.
const TOUCHED_MAX: u64 = 2 << 30;

impl Arena {
    /// # Errors
    /// If the folder cannot be made.
    pub(super) fn new(programs: Programs, size: Size, folder: PathBuf) -> Result<Self, String> {
        let arena = Self { programs, size, folder, processors: Cell::new(Processors::Apart) };
        remove(&arena.folder)?;
        make(&arena.folder)?;
        remove(&arena.logs())?;
        make(&arena.logs())?;
        Ok(arena)
    }

    /// Runs `start`, so that what it starts uses `processor` alone, unless all are [shared](Self::sharing).
    ///
    /// # Errors
    /// If the kernel refuses, or `start` fails.
    pub(super) fn on<T>(&self, processor: usize, start: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        match self.processors.get() {
            Processors::Apart => processor::on(processor, start),
            Processors::Shared => start(),
        }
    }

    /// Everything that starts during `run` may use all processors.
    pub(super) fn sharing<T>(&self, run: impl FnOnce() -> T) -> T {
        self.processors.set(Processors::Shared);
        let done = run();
        self.processors.set(Processors::Apart);
        done
    }

    /// The data directory of the run.
    pub(super) fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// A folder that stays from run to run, until one with another name is asked for: there is not room for all. It need
    /// not be there yet.
    ///
    /// # Errors
    /// If another one cannot be removed.
    pub(super) fn kept(&self, name: &str) -> Result<PathBuf, String> {
        let kept = self.folder.join("kept");
        make(&kept)?;
        for folder in std::fs::read_dir(&kept).map_err(|error| format!("{}: {error}", kept.display()))? {
            let path = folder.map_err(|error| format!("{}: {error}", kept.display()))?.path();
            if path.file_name().is_some_and(|found| found != name) {
                remove(&path)?;
            }
        }
        Ok(kept.join(name))
    }

    /// The file that takes what `name` says besides its results.
    pub(super) fn log(&self, name: &str) -> PathBuf {
        self.logs().join(format!("{name}.log"))
    }

    /// They stay, for whoever wants to look behind a figure.
    fn logs(&self) -> PathBuf {
        self.folder.with_extension("logs")
    }

    /// As much as this size of run does of it.
    pub(super) fn scaled(&self, extent: Extent) -> Extent {
        match (self.size, extent) {
            (Size::Full, extent) => extent,
            (Size::Quick, Extent::Mebibytes { .. }) => Extent::Mebibytes { warm_up: 1, measured: 4 },
            (Size::Quick, Extent::Stored { .. }) => Extent::Stored { mebibytes: 24 },
            (Size::Quick, Extent::Seconds { .. }) => Extent::Seconds { warm_up: 0, measured: 1 },
        }
    }

    /// An empty data directory, nothing left to be written to the disk, and `bytes` of memory that the machine has
    /// really got: a virtual machine gets memory from its host at the first touch and gives back what is free, and the
    /// run that touches first would pay for all that follow.
    ///
    /// # Errors
    /// If the disk refuses.
    pub(super) fn prepare(&self, bytes: u64) -> Outcome {
        let data = self.data();
        remove(&data)?;
        make(&data)?;
        if self.size == Size::Quick {
            return Ok(());
        }
        rustix::fs::sync();
        let path = self.folder.join("warm-up");
        let touched =
            touch(&path, bytes.min(TOUCHED_MAX)).map_err(|error| format!("{}: {error}", path.display()));
        remove_file(&path)?;
        touched
    }
}

impl Drop for Arena {
    fn drop(&mut self) {
        if let Err(why) = remove(&self.folder) {
            eprintln!("left behind: {why}");
        }
    }
}

fn touch(path: &Path, bytes: u64) -> std::io::Result<()> {
    let mut file = File::create(path)?;
    let chunk = vec![1_u8; CHUNK];
    (0..bytes.div_ceil(CHUNK as u64)).try_for_each(|_| file.write_all(&chunk))
}

fn make(folder: &Path) -> Outcome {
    std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))
}

fn remove(folder: &Path) -> Outcome {
    absent(std::fs::remove_dir_all(folder), folder)
}

fn remove_file(path: &Path) -> Outcome {
    absent(std::fs::remove_file(path), path)
}

fn absent(removed: std::io::Result<()>, path: &Path) -> Outcome {
    match removed {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(format!("{}: {error}", path.display()))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::thread::sched_getaffinity;

    #[test]
    fn a_run_begins_with_an_empty_directory_and_nothing_stays() {
        let folder = std::env::temp_dir().join(format!("ottla-arena-{}", std::process::id()));
        let programs = Programs { ottla: "ottla".into(), bench: "ottla-bench".into() };
        let arena = Arena::new(programs, Size::Full, folder.clone()).unwrap();
        arena.prepare(3).unwrap();
        std::fs::write(arena.data().join("left"), "by a run").unwrap();
        arena.prepare(3).unwrap();
        assert_eq!(std::fs::read_dir(arena.data()).unwrap().count(), 0);
        assert!(!folder.join("warm-up").exists());
        let kept = |name: &str| arena.kept(name).unwrap();
        std::fs::create_dir_all(kept("a")).unwrap();
        arena.prepare(3).unwrap();
        assert!(kept("a").exists());
        assert!(!kept("b").exists() && !folder.join("kept/a").exists());
        drop(arena);
        assert!(!folder.exists());
        remove(&folder.with_extension("logs")).unwrap();
    }

    #[test]
    fn who_shares_may_use_all_processors() {
        let programs = Programs { ottla: PathBuf::new(), bench: PathBuf::new() };
        let folder = std::env::temp_dir().join(format!("ottla-sharing-{}", std::process::id()));
        let arena = Arena::new(programs, Size::Quick, folder.clone()).unwrap();
        let counted = || arena.on(processor::SERVER, || Ok(sched_getaffinity(None)?.count())).unwrap();
        let all = sched_getaffinity(None).unwrap().count();
        assert_eq!((counted(), arena.sharing(counted), counted()), (1, all, 1));
        drop(arena);
        remove(&folder.with_extension("logs")).unwrap();
    }
}
