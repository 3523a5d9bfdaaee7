//! Whether what the page cache shows of the logs can be believed: the note about the present run of the system.
//!
//! As long as the system runs, all that was written is there for the next process, in the cache or on the disk, unless
//! the system could not write it. Then the cache goes on to show what is lost, and the system tells of it once: to the
//! sync of the file that comes next. A process may end with that answer in its hands. So the note says in which run of
//! the system it was made, whose logs are being synced just now, and whether a write or sync has failed:
//!
//! ```text
//! 2f1d0c3e-…⏎.                          nothing is in doubt
//! 2f1d0c3e-…⏎?AAAAAAAAAAAAAAAAAAAAAQ-0  what this partition has behind its recovery point; or several
//! 2f1d0c3e-…⏎*                          everything
//! ```
//! A failure that nobody has heard of needs no note: the next process hears of it when it syncs the file. The note is
//! changed in place, by one write within one page, which needs no room on the disk and which no end of a process
//! divides. It is never synced for its own sake: in another run of the system it says nothing.

use super::names;
use crate::base64;
use crate::disk::Disk;
use ottla_base::{PartitionId, PartitionIndex, TopicId};
use parking_lot::{Mutex, MutexGuard};
use std::collections::HashSet;
use std::fs::File;
use std::io::{self, IoSlice};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Of which partitions the page cache may show more than is on the disk or will be.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Doubt {
    Nothing,
    Partitions(HashSet<PartitionId>),
    /// Also where nobody can tell.
    Everything,
}

impl Doubt {
    /// What the note in `dir` says.
    pub(crate) fn read(dir: &Path, disk: &dyn Disk) -> Self {
        let (Some(run), Ok(text)) = (disk.run(), disk.read_to_string(&dir.join(names::RUN))) else {
            return Self::Everything;
        };
        let state = text.strip_prefix(&run).and_then(|rest| rest.strip_prefix('\n'));
        state.and_then(|state| Self::parse(state.trim_end())).unwrap_or(Self::Everything)
    }

    fn parse(state: &str) -> Option<Self> {
        if state == NOTHING {
            return Some(Self::Nothing);
        }
        let ids = state.strip_prefix(SYNCING)?.split(' ').map(parse_id);
        ids.collect::<Option<_>>().map(Self::Partitions)
    }

    pub(crate) fn covers(&self, id: PartitionId) -> bool {
        match self {
            Self::Nothing => false,
            Self::Partitions(ids) => ids.contains(&id),
            Self::Everything => true,
        }
    }
}

/// The note of this process.
#[derive(Debug)]
pub(crate) struct Run {
    disk: Arc<dyn Disk>,
    path: PathBuf,
    /// The file, and where in it the state stands. `None` before it is made, where the system does not tell its run,
    /// and when everything is in doubt, which it stays.
    note: Mutex<Option<(File, u64)>>,
    turns: Mutex<()>,
}

/// The turn of one who syncs logs. The system tells of a failure once, so that whoever syncs the same log meanwhile would
/// take it for well, and acknowledge what lies behind a hole. So nobody does, until who has heard of it has said so.
#[derive(Debug)]
pub(crate) struct Turn<'a> {
    run: &'a Run,
    _others_wait: MutexGuard<'a, ()>,
}

impl Run {
    pub(crate) fn new(disk: Arc<dyn Disk>, dir: &Path) -> Self {
        Self { disk, path: dir.join(names::RUN), note: Mutex::default(), turns: Mutex::default() }
    }

    /// All that was written is there from now on: it was just read, and put back where it was in doubt.
    pub(crate) fn begin(&self) {
        let Some(run) = self.disk.run() else { return };
        let text = format!("{run}\n{NOTHING:STATE_BYTES$}");
        // Without it the next start doubts everything; that is no reason not to start.
        if let Ok(file) = self.disk.write(&self.path, text.as_bytes()) {
            *self.note.lock() = Some((file, run.len() as u64 + 1));
        }
    }

    /// A write or sync has failed: from now on it is not enough that the system runs on.
    pub(crate) fn doubt(&self) {
        let mut note = self.note.lock();
        let noted = note.take().map(|(file, at)| self.put(&file, at, EVERYTHING));
        if !matches!(noted, Some(Ok(()))) && self.disk.run().is_some() {
            // If it cannot be removed either, nothing can be written there, and nobody can start on it.
            let _ = self.disk.remove_file_if_any(&self.path);
        }
    }

    /// Waits until nobody else syncs logs.
    pub(crate) fn turn(&self) -> Turn<'_> {
        Turn { run: self, _others_wait: self.turns.lock() }
    }

    fn say(&self, state: &str) {
        let note = self.note.lock();
        let Some((file, at)) = &*note else { return };
        if self.put(file, *at, state).is_err() {
            drop(note);
            self.doubt();
        }
    }

    fn put(&self, file: &File, at: u64, state: &str) -> io::Result<()> {
        let state = format!("{state:STATE_BYTES$}");
        assert_eq!(state.len(), STATE_BYTES, "what follows of an earlier state would be read with it");
        self.disk.write_all_at(file, &mut [IoSlice::new(state.as_bytes())], at)
    }
}

impl Turn<'_> {
    /// Syncs logs of these partitions. Should the process end before `sync` does, which [`doubt`](Run::doubt)s what it is
    /// told of, they are in doubt.
    pub(crate) fn while_syncing<T>(&self, ids: &[PartitionId], sync: impl FnOnce() -> T) -> T {
        if ids.is_empty() {
            return sync();
        }
        if NAMED_MAX < ids.len() {
            self.run.say(EVERYTHING);
        } else {
            let ids: Vec<_> = ids.iter().map(|id| text(*id)).collect();
            self.run.say(&format!("{SYNCING}{}", ids.join(" ")));
        }
        let synced = sync();
        self.run.say(NOTHING);
        synced
    }
}

fn text(id: PartitionId) -> String {
    format!("{}-{}", base64::encode(id.topic.0), id.index)
}

fn parse_id(text: &str) -> Option<PartitionId> {
    let (topic, index) = text.rsplit_once('-')?;
    Some(PartitionId { topic: TopicId(base64::decode(topic)?), index: PartitionIndex(index.parse().ok()?) })
}

const NOTHING: &str = ".";
const SYNCING: &str = "?";
const EVERYTHING: &str = "*";
/// Who syncs the logs of more partitions at once puts everything in doubt meanwhile.
const NAMED_MAX: usize = 8;
/// With the run's name before it, well within a page.
const STATE_BYTES: usize = 1 + NAMED_MAX * (22 + 1 + 10 + 1);

#[cfg(test)]
mod tests;
