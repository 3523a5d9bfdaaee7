//! Keeps the number of open log files bounded, without a lock in the way of those who use them.
//!
//! Each segment holds its own files, its log and perhaps its index, under its partition's lock. This is the list of all
//! that were opened, in order; when there are too many, the oldest that was not used since the last look is closed
//! (second chance), and an index with its log. Whoever still sends from a closed file keeps it until done.

use super::partition::Partition;
use ottla_base::Offset;
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::sync::Weak;

#[derive(Debug)]
pub(crate) struct Handles {
    max: usize,
    opened: Mutex<VecDeque<(Weak<Partition>, Offset)>>,
}

impl Handles {
    pub(crate) fn new(max: usize) -> Self {
        Self { max: max.max(1), opened: Mutex::default() }
    }

    /// A partition, whose lock the caller may hold, has opened a file of its segment `base`.
    pub(crate) fn opened(&self, partition: Weak<Partition>, base: Offset) {
        let mut opened = self.opened.lock();
        opened.push_back((partition, base));
        // Every segment gets at most one second chance in a call: two rounds at most.
        let mut rounds = 2 * opened.len();
        while self.max < opened.len() && 0 < rounds {
            rounds -= 1;
            let Some((oldest, base)) = opened.pop_front() else { break };
            let Some(partition) = oldest.upgrade() else { continue };
            // `None`: somebody is using it right now, perhaps the caller itself.
            if partition.try_close(base).is_none_or(|closed| !closed) {
                opened.push_back((oldest, base));
            }
        }
    }

    /// How many files are open, at most.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.opened.lock().len()
    }

    /// Closes the files that were not used since the last call.
    pub(crate) fn close_idle(&self) {
        let mut opened = self.opened.lock();
        opened.retain(|(partition, base)| {
            let Some(partition) = partition.upgrade() else { return false };
            partition.try_close(*base).is_none_or(|closed| !closed)
        });
    }
}
