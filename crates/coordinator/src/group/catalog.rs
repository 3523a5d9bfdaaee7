//! The topics there are, as groups need to know them to share out their partitions.
//!
//! Invariants: a catalog never changes; a change of topics makes a new one with a later epoch. Commands that may need it
//! bring it along, so that deciding stays a function of its input and a topic that nobody consumes costs nothing.

use ottla_base::TopicId;
use ottla_wire::Str;
use std::collections::{BTreeMap, HashMap};

/// All topics at one moment.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Catalog {
    epoch: u64,
    topics: BTreeMap<Str, CatalogTopic>,
    names: HashMap<TopicId, Str>,
}

/// What groups need to know of a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CatalogTopic {
    /// Its id, which no topic before or after it has.
    pub id: TopicId,
    /// How many partitions it has, at least 1.
    pub partitions: i32,
}

impl Catalog {
    /// The topics at `epoch`, which is greater than that of every catalog before.
    #[must_use]
    pub fn new(epoch: u64, topics: impl IntoIterator<Item = (Str, CatalogTopic)>) -> Self {
        let topics: BTreeMap<_, _> = topics.into_iter().collect();
        let names = topics.iter().map(|(name, topic)| (topic.id, name.clone())).collect();
        Self { epoch, topics, names }
    }

    /// Tells catalogs apart: same epoch, same topics.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// The topic of that name.
    #[must_use]
    pub fn topic(&self, name: &str) -> Option<CatalogTopic> {
        self.topics.get(name).copied()
    }

    /// The name of the topic with that id.
    #[must_use]
    pub fn name(&self, id: TopicId) -> Option<&Str> {
        self.names.get(&id)
    }

    /// How many partitions the topic with that id has.
    #[must_use]
    pub fn partitions(&self, id: TopicId) -> Option<i32> {
        self.topic(self.name(id)?).map(|topic| topic.partitions)
    }

    /// A number that tells what topics of these names there are with which ids and partitions: if it is the same, so
    /// are they, but for chance that nobody needs to fear. It never changes from one release to another.
    #[must_use]
    pub fn fingerprint<'a>(&self, names: impl IntoIterator<Item = &'a Str>) -> u64 {
        let known = names.into_iter().filter_map(|name| self.topics.get_key_value(name));
        let hash = |hash: u64, bytes: &[u8]| {
            bytes.iter().fold(hash, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(FNV_PRIME))
        };
        known.fold(FNV_BASIS, |so_far, (name, topic)| {
            let named = hash(hash(so_far, name.as_bytes()), &[0]);
            hash(hash(named, topic.id.0.as_bytes()), &topic.partitions.to_be_bytes())
        })
    }

    /// Every topic, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&Str, CatalogTopic)> {
        self.topics.iter().map(|(name, topic)| (name, *topic))
    }
}

/// The fingerprint of no topics.
pub(super) const FINGERPRINT_OF_NONE: u64 = FNV_BASIS;

/// FNV-1a of 64 bits.
const FNV_BASIS: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0100_0000_01b3;
