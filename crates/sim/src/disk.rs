//! A disk that loses what was not synced, tears what was being written, and fails when its plan says so.
//!
//! Files are real, in a scratch directory, and are what the system's page cache would show. Beside them stands the
//! [`model`] of what is durable. A sync never lies: after it has succeeded the bytes survive every power cut. After
//! it has failed, nobody knows, and no later sync brings them back. Operations count; the plan names the one that
//! is the last before the lights go out, and those that fail.

mod errors;
mod image;
mod model;
mod operations;
mod planted;
#[cfg(test)]
mod tests;

pub use planted::Planted;

use crate::chance::Chance;
use errors::Errors;
use model::{Directory, Id, Model, Naming, Node, ROOT};
use ottla_storage::Syncs;
use ottla_storage::disk::{self, Disk};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What is to go wrong from now on. Operations are counted from the call of [`SimDisk::plan`], from 1 on.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// The last operation before the lights go out; it may be done or not, and everything after it fails.
    pub last: Option<u64>,
    /// What fails without that the lights go out.
    pub faults: Vec<Fault>,
    /// Whether the process ends with the first operation that fails, before it can do anything about it.
    pub is_killed_by_fault: bool,
}

/// Operations `from..to` fail if they are of that kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// What fails, and how.
    pub what: Failure,
    /// The first operation that does.
    pub from: u64,
    /// The first that does not any more.
    pub to: u64,
}

/// How an operation fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// A write fails with EIO; its first bytes may be written.
    Write,
    /// A sync fails with EIO: what it was to cover may be lost for ever.
    Sync,
    /// The disk is full: a write takes what fits, and nothing new can be made.
    Full,
    /// A read fails with EIO. Reads count together with the operation that comes next.
    Read,
}

/// The simulated disk.
#[derive(Debug)]
pub struct SimDisk {
    files: Arc<dyn Disk>,
    planted: Planted,
    state: Mutex<State>,
    /// How many power cuts there were before.
    cuts: u64,
}

#[derive(Debug)]
struct State {
    model: Model,
    chance: Chance,
    /// The system's number of a file or directory that exists now.
    ids: HashMap<u64, Id>,
    plan: Plan,
    operations: u64,
    is_dark: bool,
    counts: Counts,
    /// How many operations had failed when the plan was made.
    failed_before: u64,
    /// Whether the plan has made one fail.
    has_struck: bool,
    errors: Errors,
    late: Vec<Id>,
    /// What was done, for people; `None` if nobody reads it.
    trace: Option<Vec<String>>,
}

/// How much a disk was asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Operations that change something, syncs included.
    pub operations: u64,
    /// Syncs of any kind.
    pub syncs: u64,
    /// Operations that were made to fail, other than by a power cut.
    pub failed: u64,
}

/// What becomes of an operation.
enum Fate {
    Done,
    /// It is the last one: perhaps done.
    Last,
    Failed(Failure),
}

enum Kind {
    Write,
    /// Something is made, cut, renamed or removed.
    Change,
    Sync,
}

impl SimDisk {
    /// A disk whose root is the directory `root`, which exists and is empty.
    ///
    /// # Errors
    /// What the system says of `root`.
    pub fn new(root: &Path, chance: Chance, planted: Planted) -> io::Result<Arc<Self>> {
        let ids = HashMap::from([(number(root)?, ROOT)]);
        Ok(Arc::new(Self::with(Model::default(), ids, chance, (planted, 0))))
    }

    fn with(model: Model, ids: HashMap<u64, Id>, chance: Chance, (planted, cuts): (Planted, u64)) -> Self {
        let state = State {
            model,
            chance,
            ids,
            plan: Plan::default(),
            operations: 0,
            is_dark: false,
            counts: Counts::default(),
            failed_before: 0,
            has_struck: false,
            errors: Errors::default(),
            late: Vec::new(),
            trace: None,
        };
        Self { files: disk::system(Syncs::Skipped), planted, state: Mutex::new(state), cuts }
    }

    /// Sets what goes wrong from now on.
    pub fn plan(&self, plan: Plan) {
        let mut state = self.state.lock();
        (state.plan, state.operations, state.is_dark) = (plan, 0, false);
        (state.failed_before, state.has_struck) = (state.counts.failed, false);
    }

    /// Whether the lights are out: what the process thinks to have done since does not count.
    #[must_use]
    pub fn is_dark(&self) -> bool {
        self.state.lock().is_dark
    }

    /// The lights go out now, whatever the plan says.
    pub fn darken(&self) {
        self.state.lock().is_dark = true;
    }

    /// How much it was asked for so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.state.lock().counts
    }

    /// Whether nothing has failed since the plan was made.
    #[must_use]
    pub fn has_kept_quiet(&self) -> bool {
        let state = self.state.lock();
        state.counts.failed == state.failed_before
    }

    /// Whether one of the plan's faults has met an operation. Being told of an older failure is none.
    #[must_use]
    pub fn has_struck(&self) -> bool {
        self.state.lock().has_struck
    }

    /// Notes from now on what is done.
    pub fn start_trace(&self) {
        self.state.lock().trace = Some(Vec::new());
    }

    /// What was done since the last call, if it is noted.
    #[must_use]
    pub fn take_trace(&self) -> Vec<String> {
        self.state.lock().trace.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// The disk as it is found after a power cut, in the empty directory `root`.
    ///
    /// # Errors
    /// What the system says of `root`.
    pub fn after_power_cut(&self, root: &Path) -> io::Result<Arc<Self>> {
        let mut state = self.state.lock();
        let State { model, chance, counts, trace, .. } = &mut *state;
        let mut ids = HashMap::new();
        let mut failed = None;
        let after = image::build(model, root, chance, &mut |path, id| match number(path) {
            Ok(number) => _ = ids.insert(number, id),
            Err(error) => failed = Some(error),
        })?;
        let disk = Self::with(after, ids, chance.fork(), (self.planted, self.cuts + 1));
        disk.state.lock().counts = *counts;
        disk.state.lock().trace = trace.take();
        failed.map_or(Ok(Arc::new(disk)), Err)
    }
}

impl State {
    /// Counts an operation and tells what becomes of it.
    fn begin(&mut self, kind: &Kind, what: impl FnOnce() -> String) -> io::Result<Fate> {
        if self.is_dark {
            return Err(dark());
        }
        if let Some(trace) = &mut self.trace {
            trace.push(format!("  disk {}: {}", self.operations + 1, what()));
        }
        self.operations += 1;
        self.counts.operations += 1;
        self.counts.syncs += u64::from(matches!(kind, Kind::Sync));
        if self.plan.last == Some(self.operations) {
            self.is_dark = true;
            return Ok(Fate::Last);
        }
        let now = self.operations;
        let mut faults = self.plan.faults.iter().filter(|fault| (fault.from..fault.to).contains(&now));
        let fails = faults.find(|fault| {
            matches!(
                (fault.what, kind),
                (Failure::Write, Kind::Write)
                    | (Failure::Sync, Kind::Sync)
                    | (Failure::Full, Kind::Write | Kind::Change)
            )
        });
        let Some(fault) = fails else { return Ok(Fate::Done) };
        self.counts.failed += 1;
        self.has_struck = true;
        // Whatever it does next is not done any more.
        self.is_dark = self.plan.is_killed_by_fault;
        Ok(Fate::Failed(fault.what))
    }

    fn may_read(&mut self) -> io::Result<()> {
        if self.is_dark {
            return Err(dark());
        }
        let next = self.operations + 1;
        let fails = |fault: &Fault| fault.what == Failure::Read && (fault.from..fault.to).contains(&next);
        if self.plan.faults.iter().any(fails) {
            self.counts.failed += 1;
            self.has_struck = true;
            return Err(rustix::io::Errno::IO.into());
        }
        Ok(())
    }

    fn id(&self, file: &File) -> io::Result<Id> {
        let number = file.metadata()?.ino();
        Ok(*self.ids.get(&number).expect("every open file was opened here"))
    }

    fn opened(&mut self, file: &File) -> io::Result<()> {
        let id = self.id(file)?;
        self.errors.opened(file, id);
        Ok(())
    }

    fn id_at(&self, path: &Path) -> io::Result<Id> {
        Ok(*self.ids.get(&number(path)?).expect("every file was made here"))
    }

    /// The directory of a path, and its last name.
    fn parent(&mut self, path: &Path) -> io::Result<(&mut Directory, String)> {
        let name = path.file_name().and_then(|name| name.to_str()).ok_or(io::ErrorKind::InvalidInput)?;
        let id = self.id_at(path.parent().ok_or(io::ErrorKind::InvalidInput)?)?;
        Ok((self.model.directory(id), name.to_owned()))
    }

    /// A file or directory was made at `path`.
    fn made(&mut self, path: &Path, node: Node) -> io::Result<()> {
        let number = number(path)?;
        let id = self.model.add(node);
        self.ids.insert(number, id);
        let (directory, name) = self.parent(path)?;
        directory.changes.push(Naming::Put { name, id });
        Ok(())
    }

    /// Ends an operation that changes names or lengths, after it was done.
    fn end(&self) -> io::Result<()> {
        if self.is_dark { Err(dark()) } else { Ok(()) }
    }
}

/// What every operation gets after the last one.
fn dark() -> io::Error {
    rustix::io::Errno::IO.into()
}

/// The system's number of what is at `path`.
fn number(path: &Path) -> io::Result<u64> {
    Ok(std::fs::metadata(path)?.ino())
}

/// The path that an open file was opened by.
fn path_of(file: &File) -> PathBuf {
    std::fs::read_link(descriptor_path(file)).unwrap_or_default()
}

/// A path by which an open file can be opened again, whatever it is called now.
fn descriptor_path(file: &File) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()))
}
