//! Who has heard of pages that could not be written, as Linux tells it: each descriptor once, and one that is opened
//! afterwards only if nobody has heard before.

use super::model::Id;
use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::os::fd::{AsRawFd, RawFd};

/// Failures of files, and which of them descriptors know.
#[derive(Debug, Default)]
pub(super) struct Errors {
    files: BTreeMap<Id, Failures>,
    /// A descriptor's number is used again, so the file belongs to it.
    descriptors: HashMap<RawFd, (Id, u64)>,
}

#[derive(Debug, Default)]
struct Failures {
    count: u64,
    /// Whether anybody has heard of the last one.
    is_told: bool,
}

impl Errors {
    /// Pages of the file were lost.
    pub(super) fn note(&mut self, id: Id) {
        let failures = self.files.entry(id).or_default();
        failures.count += 1;
        failures.is_told = false;
    }

    /// A file was opened.
    pub(super) fn opened(&mut self, file: &File, id: Id) {
        let known = self.files.get(&id).map_or(0, |it| it.count - u64::from(!it.is_told));
        self.descriptors.insert(file.as_raw_fd(), (id, known));
    }

    /// Whether the descriptor must be told of a failure now. It will not be told again.
    pub(super) fn tell(&mut self, file: &File, id: Id) -> bool {
        let Some(failures) = self.files.get_mut(&id) else { return false };
        let known = self.descriptors.insert(file.as_raw_fd(), (id, failures.count));
        let known = known.filter(|(known, _)| *known == id).map_or(0, |(_, count)| count);
        let is_news = known < failures.count;
        failures.is_told |= is_news;
        is_news
    }
}
