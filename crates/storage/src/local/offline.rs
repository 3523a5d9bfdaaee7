//! Partitions that could not be read when the directory was opened: nothing is known of them but what the
//! checkpoints say, so that there is no [`Partition`](super::partition::Partition) whose offsets somebody could take
//! for true. Everything that is asked of them is refused, and nothing of theirs is touched; only deleting works.
//!
//! What the checkpoints say of them is written again each time, so that a start that can read them finds them as they
//! were.

use super::checkpoint;
use super::names;
use crate::settings::LogSettings;
use ottla_base::{Offset, PartitionId, PartitionIndex, TopicId, TopicName};
use parking_lot::Mutex;
use std::path::Path;

/// One of them.
#[derive(Clone, Debug)]
pub(crate) struct Unread {
    pub(crate) topic: TopicName,
    pub(crate) index: PartitionIndex,
    /// `None` if the file that has it cannot be read, until somebody who knows [`claim`](Offline::claim)s it.
    pub(crate) topic_id: Option<TopicId>,
    pub(crate) settings: LogSettings,
    pub(crate) noted: Noted,
}

/// What the checkpoints say of a partition; `None` where they say nothing.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Noted {
    pub(crate) recovery_point: Option<Offset>,
    pub(crate) log_start: Option<Offset>,
    pub(crate) compacted_to: Option<Offset>,
}

/// All of them. Seldom any.
#[derive(Debug, Default)]
pub(crate) struct Offline(Mutex<Vec<Unread>>);

impl Offline {
    pub(crate) fn put(&self, unread: Unread) {
        self.0.lock().push(unread);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.lock().is_empty()
    }

    pub(crate) fn has(&self, id: PartitionId) -> bool {
        self.0.lock().iter().any(|unread| unread.id() == Some(id))
    }

    /// Names and ids of those whose id is known.
    pub(crate) fn ids(&self) -> Vec<(TopicName, PartitionId)> {
        let all = self.0.lock();
        all.iter().filter_map(|unread| Some((unread.topic.clone(), unread.id()?))).collect()
    }

    /// Takes one out that is to be deleted.
    pub(crate) fn take(&self, id: PartitionId) -> Option<Unread> {
        let mut all = self.0.lock();
        let at = all.iter().position(|unread| unread.id() == Some(id))?;
        Some(all.swap_remove(at))
    }

    pub(crate) fn configure(&self, id: PartitionId, settings: LogSettings) {
        let mut all = self.0.lock();
        if let Some(unread) = all.iter_mut().find(|unread| unread.id() == Some(id)) {
            unread.settings = settings;
        }
    }

    /// Whether a directory of this name is there that nobody can tell whose it is; from now on it is `topic_id`'s.
    pub(crate) fn claim(&self, topic: &TopicName, topic_id: TopicId, index: PartitionIndex) -> bool {
        let mut all = self.0.lock();
        let mut nameless = all.iter_mut().filter(|unread| unread.topic_id.is_none());
        let Some(unread) = nameless.find(|unread| unread.topic == *topic && unread.index == index) else {
            return false;
        };
        unread.topic_id = Some(topic_id);
        true
    }

    /// Lines of a checkpoint, of those of which it has said something.
    pub(crate) fn lines(&self, of: impl Fn(&Noted) -> Option<Offset>) -> Vec<String> {
        let all = self.0.lock();
        let line = |unread: &Unread| Some(checkpoint::line(&unread.topic, unread.index, of(&unread.noted)?));
        all.iter().filter_map(line).collect()
    }
}

impl Unread {
    pub(crate) fn id(&self) -> Option<PartitionId> {
        Some(PartitionId { topic: self.topic_id?, index: self.index })
    }

    /// Its directory in `data`.
    pub(crate) fn path(&self, data: &Path) -> std::path::PathBuf {
        data.join(names::directory(&self.topic, self.index))
    }
}
