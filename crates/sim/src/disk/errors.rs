//! Who has heard of pages that could not be written, as Linux tells it: each descriptor once, and one that is opened
//! afterwards only if nobody has heard before. A sync of one file tells of its own pages, a sync of the file system of
//! everybody's, and a descriptor that has heard the one still hears the other (errseq_t, `f_wb_err` and `f_sb_err`).

use super::model::Id;
use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::os::fd::{AsRawFd, RawFd};

/// Failures of files and of the whole file system, and which of them descriptors know.
#[derive(Debug, Default)]
pub(super) struct Errors {
    files: BTreeMap<Id, Failures>,
    file_system: Failures,
    descriptors: HashMap<RawFd, Known>,
}

#[derive(Debug, Default)]
struct Failures {
    count: u64,
    /// Whether anybody has heard of the last one.
    is_told: bool,
}

/// What a descriptor has heard of.
#[derive(Debug)]
struct Known {
    /// A descriptor's number is used again, so the file belongs to it.
    id: Id,
    of_file: u64,
    of_file_system: u64,
}

impl Failures {
    fn note(&mut self) {
        self.count += 1;
        self.is_told = false;
    }

    /// How many a new descriptor is taken to know.
    fn old(&self) -> u64 {
        self.count.saturating_sub(u64::from(!self.is_told))
    }

    /// Whether there is one that `known` does not count, which it does from now on.
    fn tell(&mut self, known: &mut u64) -> bool {
        let is_news = *known < self.count;
        *known = self.count;
        self.is_told |= is_news;
        is_news
    }
}

impl Errors {
    /// Pages of the file were lost.
    pub(super) fn note(&mut self, id: Id) {
        self.files.entry(id).or_default().note();
        self.file_system.note();
    }

    /// A file was opened.
    pub(super) fn opened(&mut self, file: &File, id: Id) {
        let of_file = self.files.get(&id).map_or(0, Failures::old);
        let known = Known { id, of_file, of_file_system: self.file_system.old() };
        self.descriptors.insert(file.as_raw_fd(), known);
    }

    /// Whether a sync of the file must tell the descriptor of a failure now. It will not be told again.
    pub(super) fn tell(&mut self, file: &File, id: Id) -> bool {
        let known = known(&mut self.descriptors, file, id);
        self.files.get_mut(&id).is_some_and(|failures| failures.tell(&mut known.of_file))
    }

    /// The same for a sync of the whole file system.
    pub(super) fn tell_of_file_system(&mut self, file: &File, id: Id) -> bool {
        let known = known(&mut self.descriptors, file, id);
        self.file_system.tell(&mut known.of_file_system)
    }
}

fn known<'a>(descriptors: &'a mut HashMap<RawFd, Known>, file: &File, id: Id) -> &'a mut Known {
    let known = descriptors.get_mut(&file.as_raw_fd()).filter(|known| known.id == id);
    known.expect("every open file was opened here")
}
