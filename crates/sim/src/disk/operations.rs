//! What the disk does when it is asked: each operation is counted, done, half done or refused, and noted in the model.

use super::model::{Change, Directory, File as Bytes, Naming, Node, size};
use super::{Failure, Fate, Kind, SimDisk, State, dark, descriptor_path, path_of};
use crate::disk::Planted;
use ottla_base::Timestamp;
use ottla_storage::disk::{Disk, Metadata, Mode};
use std::fs::File;
use std::io::{self, IoSlice};
use std::ops::Range;
use std::path::Path;

impl SimDisk {
    /// Begins an operation that is all or nothing. `false`: it is the last one and does not happen.
    fn begin_change(&self, state: &mut State, what: impl FnOnce() -> String) -> io::Result<bool> {
        match state.begin(&Kind::Change, what)? {
            Fate::Done => Ok(true),
            Fate::Last => Ok(state.chance.percent(50)),
            Fate::Failed(_) => Err(rustix::io::Errno::NOSPC.into()),
        }
    }

    fn remove_tree(&self, state: &mut State, path: &Path) -> io::Result<()> {
        for name in self.names(path)? {
            let path = path.join(name);
            if path.is_dir() { self.remove_tree(state, &path)? } else { self.remove(state, &path)? }
        }
        if !self.begin_removal(state, || format!("remove directory {}", path.display()))? {
            return Err(dark());
        }
        let (directory, name) = state.parent(path)?;
        directory.changes.push(Naming::Remove { name });
        std::fs::remove_dir(path)?;
        state.end()
    }

    fn remove(&self, state: &mut State, path: &Path) -> io::Result<()> {
        if !self.begin_removal(state, || format!("remove {}", path.display()))? {
            return Err(dark());
        }
        self.files.remove_file(path)?;
        let (directory, name) = state.parent(path)?;
        directory.changes.push(Naming::Remove { name });
        state.end()
    }

    /// A removal needs no room.
    fn begin_removal(&self, state: &mut State, what: impl FnOnce() -> String) -> io::Result<bool> {
        match state.begin(&Kind::Change, what)? {
            Fate::Done | Fate::Failed(_) => Ok(true),
            Fate::Last => Ok(state.chance.percent(50)),
        }
    }

    /// In a fixed order, unlike the system's.
    fn names(&self, path: &Path) -> io::Result<Vec<String>> {
        let mut names = self.files.list(path)?;
        names.sort();
        Ok(names)
    }
}

impl Disk for SimDisk {
    fn open(&self, path: &Path, mode: Mode) -> io::Result<File> {
        let mut state = self.state.lock();
        if state.is_dark {
            return Err(dark());
        }
        let is_there = path.exists();
        match mode {
            Mode::Create | Mode::Empty if !is_there => {
                if !self.begin_change(&mut state, || format!("make {}", path.display()))? {
                    return Err(dark());
                }
                let file = self.files.open(path, mode)?;
                state.made(path, Node::File(Bytes::named(path)))?;
                state.opened(&file)?;
                state.end().map(|()| file)
            }
            Mode::Empty => {
                if !self.begin_change(&mut state, || format!("empty {}", path.display()))? {
                    return Err(dark());
                }
                let file = self.files.open(path, mode)?;
                let id = state.id(&file)?;
                state.model.file(id).changes.push(Change::Length(0));
                state.opened(&file)?;
                state.end().map(|()| file)
            }
            Mode::Read | Mode::Write | Mode::Create => {
                let file = self.files.open(path, mode)?;
                state.opened(&file)?;
                Ok(file)
            }
        }
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state.lock();
        if state.is_dark {
            return Err(dark());
        }
        if path.exists() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        if !self.begin_change(&mut state, || format!("make directory {}", path.display()))? {
            return Err(dark());
        }
        self.files.create_dir(path)?;
        state.made(path, Node::Directory(Directory::default()))?;
        state.end()
    }

    fn write_all_at(&self, file: &File, slices: &mut [IoSlice], position: u64) -> io::Result<()> {
        if self.planted.forgets_write_of(file, position) {
            return Ok(());
        }
        let mut state = self.state.lock();
        let mut bytes: Vec<u8> = slices.iter().flat_map(|slice| slice.iter().copied()).collect();
        let what = || format!("write {} bytes at {position} of {}", bytes.len(), path_of(file).display());
        let error = match state.begin(&Kind::Write, what)? {
            Fate::Done => None,
            Fate::Last => Some(dark()),
            Fate::Failed(Failure::Full) => Some(rustix::io::Errno::NOSPC.into()),
            Fate::Failed(_) => Some(rustix::io::Errno::IO.into()),
        };
        if error.is_some() {
            let kept = state.chance.below(bytes.len() + 1);
            bytes.truncate(kept);
        }
        if !bytes.is_empty() {
            self.files.write_all_at(file, &mut [IoSlice::new(&bytes)], position)?;
            let id = state.id(file)?;
            state.model.file(id).changes.push(Change::Write { at: position, bytes });
        }
        error.map_or(Ok(()), Err)
    }

    fn set_len(&self, file: &File, length: u64) -> io::Result<()> {
        let mut state = self.state.lock();
        let grows = file.metadata()?.len() < length;
        if !grows && self.planted.skips_cut_of(file) {
            return Ok(());
        }
        let what = || format!("set length {length} of {}", path_of(file).display());
        let goes =
            if grows { self.begin_change(&mut state, what)? } else { self.begin_removal(&mut state, what)? };
        if !goes {
            return Err(dark());
        }
        self.files.set_len(file, length)?;
        let id = state.id(file)?;
        state.model.file(id).changes.push(Change::Length(length));
        state.end()
    }

    fn read_exact_at(&self, file: &File, into: &mut [u8], position: u64) -> io::Result<()> {
        self.state.lock().may_read()?;
        self.files.read_exact_at(file, into, position)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.state.lock();
        if state.is_dark {
            return Err(dark());
        }
        assert_eq!(from.parent(), to.parent(), "names move within a directory only");
        let id = match from.try_exists()? {
            true => state.id_at(from)?,
            false => return Err(io::ErrorKind::NotFound.into()),
        };
        if !self.begin_removal(&mut state, || format!("rename {} to {}", from.display(), to.display()))? {
            return Err(dark());
        }
        self.files.rename(from, to)?;
        let (_, from) = state.parent(from)?;
        let (directory, to) = state.parent(to)?;
        directory.changes.push(Naming::Move { from, to, id });
        state.end()
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        if self.planted.keeps(path) {
            return Ok(());
        }
        let mut state = self.state.lock();
        if state.is_dark {
            return Err(dark());
        }
        if !path.exists() {
            return Err(io::ErrorKind::NotFound.into());
        }
        self.remove(&mut state, path)
    }

    fn remove_dir_all(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state.lock();
        if state.is_dark {
            return Err(dark());
        }
        self.remove_tree(&mut state, path)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        if self.is_dark() { Err(dark()) } else { self.names(path) }
    }

    fn metadata(&self, path: &Path) -> io::Result<Metadata> {
        if self.is_dark() {
            return Err(dark());
        }
        // The files' own times are real ones.
        Ok(Metadata { modified: Timestamp::NONE, ..self.files.metadata(path)? })
    }

    fn sync_data(&self, file: &File) -> io::Result<()> {
        let mut state = self.state.lock();
        let fate = state.begin(&Kind::Sync, || format!("sync {}", path_of(file).display()))?;
        let id = state.id(file)?;
        if self.planted.skips_sync_of(file) {
            return state.end();
        }
        let State { model, chance, late, errors, .. } = &mut *state;
        match fate {
            Fate::Done if errors.tell(file, id) => {
                model.file(id).sync();
                state.counts.failed += 1;
                return Err(rustix::io::Errno::IO.into());
            }
            Fate::Done if self.planted == Planted::LateSyncs => {
                late.drain(..).for_each(|earlier| model.file(earlier).sync());
                late.push(id);
            }
            Fate::Done => model.file(id).sync(),
            Fate::Last => {
                if chance.percent(50) {
                    model.file(id).sync();
                }
            }
            Fate::Failed(_) => {
                model.file(id).forget(|| chance.percent(50));
                errors.note(id);
                errors.tell(file, id);
                return Err(rustix::io::Errno::IO.into());
            }
        }
        state.end()
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state.lock();
        let fate = state.begin(&Kind::Sync, || format!("sync directory {}", path.display()))?;
        let id = state.id_at(path)?;
        match fate {
            Fate::Done if self.planted == Planted::NoDirectorySyncs => {}
            Fate::Done => state.model.directory(id).sync(),
            Fate::Last => {
                if state.chance.percent(50) {
                    state.model.directory(id).sync();
                }
            }
            // The journal of names is the file system's own; it is tried again with the next sync.
            Fate::Failed(_) => return Err(rustix::io::Errno::IO.into()),
        }
        state.end()
    }

    fn sync_file_system(&self, file: &File) -> io::Result<()> {
        let mut state = self.state.lock();
        let fate = state.begin(&Kind::Sync, || "sync file system".to_owned())?;
        let id = state.id(file)?;
        let State { model, chance, errors, .. } = &mut *state;
        match fate {
            Fate::Done if errors.tell_of_file_system(file, id) => {
                model.sync_all(self.planted, || false);
                state.counts.failed += 1;
                return Err(rustix::io::Errno::IO.into());
            }
            Fate::Done => model.sync_all(self.planted, || false),
            Fate::Last => model.sync_all(self.planted, || chance.percent(10)),
            Fate::Failed(_) => {
                for dirty in model.dirty_files() {
                    match chance.below(3) {
                        0 => model.file(dirty).sync(),
                        1 => {
                            model.file(dirty).forget(|| chance.percent(50));
                            errors.note(dirty);
                        }
                        _ => {}
                    }
                }
                errors.tell_of_file_system(file, id);
                return Err(rustix::io::Errno::IO.into());
            }
        }
        state.end()
    }

    fn forget_cached(&self, file: &File, forgotten: Range<u64>) {
        let mut state = self.state.lock();
        if state.is_dark || self.planted == Planted::CacheBelieved {
            return;
        }
        let Ok(id) = state.id(file) else { return };
        let Ok(length) = file.metadata().map(|metadata| metadata.len()) else { return };
        let bytes = state.model.file(id).without_the_lost(length);
        // The descriptor may be one for reading, and the name gone.
        let end = bytes.len().min(size(forgotten.end));
        let bytes = &bytes[size(forgotten.start).min(end)..end];
        let written = self
            .files
            .open(&descriptor_path(file), Mode::Write)
            .and_then(|file| self.files.write_all_at(&file, &mut [IoSlice::new(bytes)], forgotten.start));
        written.expect("a file of the simulation can be written");
    }

    fn run(&self) -> Option<String> {
        Some(format!("run-{}", self.cuts))
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let path = self.planted.read_instead_of(path, || self.names(path.parent()?).ok());
        let file = self.open(&path, Mode::Read)?;
        let length = usize::try_from(self.length(&file)?).map_err(|_| io::ErrorKind::FileTooLarge)?;
        let mut bytes = vec![0; length];
        self.read_exact_at(&file, &mut bytes, 0)?;
        Ok(bytes)
    }
}
