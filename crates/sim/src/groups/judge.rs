//! Who believes to own what, and who is wrong.

use super::member::{Place, SESSION_TIMEOUT_MS};
use super::streams::Tasks;
use ottla_wire::Str;
use std::collections::{BTreeMap, BTreeSet};

/// A kind of group; there is one group of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Classic,
    Consumer,
    Share,
    Streams,
    Worker,
}

/// What is known of one member beside its own belief.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) kind: Kind,
    /// Its group instance id, if it is static.
    pub(super) instance: Option<Str>,
    pub(super) is_alive: bool,
    /// Another member of its classic group took its place, and it does not know.
    pub(super) is_replaced: bool,
    /// When the coordinator last decided a request of it.
    heard_at: u64,
    /// The coordinator may have given it up since, and it does not know.
    may_be_given_up: bool,
    owned: (i32, BTreeSet<Place>),
    /// The process that it is a thread of, and what it has on its disk.
    pub(super) process: usize,
    on_disk: BTreeSet<Place>,
    /// What it was last told of its epoch and its partitions or tasks, perhaps not durably.
    pub(super) epoch: i32,
    pub(super) assigned: Option<BTreeSet<Place>>,
    pub(super) tasks: Option<Tasks>,
}

impl Known {
    pub(super) fn new(kind: Kind, instance: Option<Str>, process: usize, now_ms: u64) -> Self {
        Self {
            kind,
            instance,
            is_alive: true,
            is_replaced: false,
            heard_at: now_ms,
            may_be_given_up: false,
            owned: (0, BTreeSet::new()),
            process,
            on_disk: BTreeSet::new(),
            epoch: 0,
            assigned: None,
            tasks: None,
        }
    }

    /// The coordinator decides a request of it.
    pub(super) fn is_heard(&mut self, now_ms: u64) {
        self.may_be_given_up |= self.heard_at + SESSION_TIMEOUT_MS <= now_ms;
        self.heard_at = now_ms;
    }

    /// It hears how it stands.
    pub(super) fn hears(&mut self) {
        self.may_be_given_up = false;
    }

    /// Whether nobody may have taken its partitions for free.
    fn counts(&self, now_ms: u64) -> bool {
        let is_in_session = !self.may_be_given_up && now_ms < self.heard_at + SESSION_TIMEOUT_MS;
        match self.kind {
            // What one has in a generation nobody else has in the same.
            Kind::Classic => self.is_alive && !self.is_replaced,
            Kind::Consumer | Kind::Share | Kind::Streams | Kind::Worker => self.is_alive && is_in_session,
        }
    }
}

/// All members, by number.
#[derive(Debug, Default)]
pub(super) struct Judge {
    pub(super) members: Vec<Known>,
    owners: BTreeMap<(Kind, i32, Place), BTreeSet<usize>>,
    /// Who has a task on the disk of a process.
    directories: BTreeMap<(usize, Place), BTreeSet<usize>>,
    /// Members that must not notice what happens now.
    pub(super) undisturbed: BTreeSet<usize>,
    /// How often somebody came to own something.
    pub(super) owned: u64,
}

impl Judge {
    /// What a member believes now.
    pub(super) fn believes(
        &mut self,
        member: usize,
        (generation, places): (i32, &BTreeSet<Place>),
        now_ms: u64,
    ) -> Result<(), String> {
        let known = &mut self.members[member];
        let kind = known.kind;
        if known.owned.0 == generation && known.owned.1 == *places {
            return Ok(());
        }
        if self.undisturbed.contains(&member) {
            return Err(format!(
                "{member} has {:?} no more while others were away for a moment",
                known.owned
            ));
        }
        let (old_generation, old) = std::mem::replace(&mut known.owned, (generation, places.clone()));
        for place in &old {
            let key = (kind, old_generation, *place);
            if let Some(owners) = self.owners.get_mut(&key) {
                owners.remove(&member);
            }
        }
        for place in places {
            self.owned += u64::from(!old.contains(place));
            let owners = self.owners.entry((kind, generation, *place)).or_default();
            owners.insert(member);
            let counts = |owner: &&usize| self.members[**owner].counts(now_ms);
            let is_exclusive = matches!(kind, Kind::Classic | Kind::Consumer | Kind::Streams);
            if is_exclusive && 1 < owners.iter().filter(counts).count() {
                return Err(format!("{place:?} is owned by the {kind:?} members {owners:?} at {now_ms}"));
            }
        }
        Ok(())
    }

    /// What a member of a streams group has on the disk of its process now, where two members would be in each other's
    /// way.
    pub(super) fn keeps(
        &mut self,
        member: usize,
        places: BTreeSet<Place>,
        now_ms: u64,
    ) -> Result<(), String> {
        let known = &mut self.members[member];
        if known.on_disk == places {
            return Ok(());
        }
        let (process, old) = (known.process, std::mem::replace(&mut known.on_disk, places.clone()));
        for place in &old {
            if let Some(users) = self.directories.get_mut(&(process, *place)) {
                users.remove(&member);
            }
        }
        for place in places {
            let users = self.directories.entry((process, place)).or_default();
            users.insert(member);
            if 1 < users.iter().filter(|user| self.members[**user].counts(now_ms)).count() {
                return Err(format!("{place:?} is with {users:?}, all of process {process}, at {now_ms}"));
            }
        }
        Ok(())
    }

    /// How many live members of streams groups have a task on the disk of their process.
    pub(super) fn copies(&self, place: Place) -> usize {
        self.streamers().filter(|known| known.on_disk.contains(&place)).count()
    }

    /// The processes that have live members of streams groups.
    pub(super) fn processes(&self) -> BTreeSet<usize> {
        self.streamers().map(|known| known.process).collect()
    }

    fn streamers(&self) -> impl Iterator<Item = &Known> {
        self.members.iter().filter(|known| known.is_alive && known.kind == Kind::Streams)
    }

    /// A commit of a member was accepted. In its own epoch a member may commit for whatever it likes, as in Kafka: one
    /// that was under way while it gave the partition back, with others still to give, is of that kind.
    pub(super) fn committed(
        &self,
        member: usize,
        (epoch, place): (i32, Place),
        now_ms: u64,
    ) -> Result<(), String> {
        if epoch == self.members[member].epoch {
            return Ok(());
        }
        let Some(owners) = self.owners.get(&(Kind::Consumer, 0, place)) else { return Ok(()) };
        let is_other = |owner: &&usize| **owner != member && self.members[**owner].counts(now_ms);
        match owners.iter().find(is_other) {
            Some(owner) if !owners.contains(&member) => {
                Err(format!("{member} committed {place:?}, which is {owner}'s, at {now_ms}"))
            }
            _ => Ok(()),
        }
    }

    /// How many live members there are of a kind.
    pub(super) fn alive(&self, kind: Kind) -> u64 {
        self.members.iter().filter(|known| known.is_alive && known.kind == kind).count() as u64
    }

    /// How many live members own each partition that has an owner.
    pub(super) fn owners(&self, kind: Kind) -> BTreeMap<Place, usize> {
        let live = self.members.iter().filter(|known| known.is_alive && known.kind == kind);
        live.flat_map(|known| &known.owned.1).fold(BTreeMap::new(), |mut owners, place| {
            *owners.entry(*place).or_default() += 1;
            owners
        })
    }
}
