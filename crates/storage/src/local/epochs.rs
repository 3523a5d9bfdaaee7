//! Where each leader epoch of a partition starts: `leader-epoch-checkpoint`, in Kafka's text format.
//!
//! ```text
//! 0            version
//! 2            number of lines that follow
//! 0 0          epoch, first offset
//! 3 1042
//! ```

use super::checkpoint;
use super::names;
use super::place::Place;
use ottla_base::{LeaderEpoch, Offset};
use std::io;
use std::ops::Range;

/// Epochs and their first offsets, both ascending.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Epochs(Vec<(LeaderEpoch, Offset)>);

impl Epochs {
    /// A new partition's.
    pub(crate) fn first() -> Self {
        Self(vec![(LeaderEpoch(0), Offset::ZERO)])
    }

    /// Reads the file; `None` if it is missing or nonsense.
    pub(crate) fn load(place: &Place) -> io::Result<Option<Self>> {
        let text = checkpoint::read(&place.path.join(names::LEADER_EPOCHS), place.disk)?;
        Ok(text.and_then(|text| Self::parse(&text)))
    }

    fn parse(text: &str) -> Option<Self> {
        let lines = checkpoint::parse(text)?;
        let mut epochs = Vec::new();
        for line in lines {
            let (epoch, start) = line.split_once(' ')?;
            let entry = (LeaderEpoch(epoch.parse().ok()?), Offset(start.parse().ok()?));
            let ascends = epochs.last().is_none_or(|last: &(LeaderEpoch, Offset)| last.0 < entry.0);
            if !ascends {
                return None;
            }
            epochs.push(entry);
        }
        Some(Self(epochs))
    }

    /// Replaces the file without a sync; for a directory that is made durable as a whole. A process that is killed
    /// meanwhile leaves the old file or the new one: with half a file the partition would use epochs again.
    pub(crate) fn save_unsynced(&self, place: &Place) -> io::Result<()> {
        checkpoint::write_unsynced(&place.path.join(names::LEADER_EPOCHS), self.lines(), place.disk)
    }

    /// Replaces the file durably.
    pub(crate) fn save(&self, place: &Place) -> io::Result<()> {
        checkpoint::write(&place.path.join(names::LEADER_EPOCHS), self.lines(), place.disk)
    }

    fn lines(&self) -> impl Iterator<Item = String> {
        self.0.iter().map(|(epoch, start)| format!("{epoch} {start}"))
    }

    /// The newest epoch.
    pub(crate) fn newest(&self) -> LeaderEpoch {
        self.0.last().map_or(LeaderEpoch(0), |(epoch, _)| *epoch)
    }

    /// Where the newest epoch begins.
    pub(crate) fn start_of_newest(&self) -> Option<Offset> {
        self.0.last().map(|(_, start)| *start)
    }

    /// The epoch in which `offset` was written, as far back as is known.
    pub(crate) fn of(&self, offset: Offset) -> Option<LeaderEpoch> {
        let after = self.0.partition_point(|(_, start)| *start <= offset);
        Some(self.0[after.checked_sub(1)?].0)
    }

    /// A batch of `epoch` begins at `offset`. Returns whether that was news.
    pub(crate) fn assign(&mut self, epoch: LeaderEpoch, offset: Offset) -> bool {
        if self.0.last().is_some_and(|(newest, _)| epoch <= *newest) {
            return false;
        }
        // An epoch in which nothing was written leaves no trace.
        while self.0.last().is_some_and(|(_, start)| offset <= *start) {
            self.0.pop();
        }
        self.0.push((epoch, offset));
        true
    }

    /// The newest epoch not after `asked` and where it ends: what OffsetForLeaderEpoch answers. Of epochs before the one
    /// of the log's start nothing is known any more; they have ended there.
    pub(crate) fn end_of(&self, asked: LeaderEpoch, log: Range<Offset>) -> Option<(LeaderEpoch, Offset)> {
        if asked == LeaderEpoch::NONE || self.newest() < asked {
            return None;
        }
        if self.of(log.start).is_some_and(|first| asked < first) {
            return Some((asked, log.start));
        }
        let after = self.0.partition_point(|(epoch, _)| *epoch <= asked);
        let end = self.0.get(after).map_or(log.end, |(_, start)| *start);
        Some((after.checked_sub(1).map_or(asked, |last| self.0[last].0), end))
    }
}
