//! A world of group members: hundreds of them, a coordinator that crashes, and a network that loses, delays, repeats and
//! reorders what they say to each other.
//!
//! The coordinator is the pure machines of `ottla-coordinator` and a table of rows; no broker, no disk. Members behave as
//! the clients of Kafka do. For a while everything goes wrong: members die without a word, come, leave, stand still; static
//! ones leave for a moment and come back, or come while the old one lives; the coordinator crashes and knows only what is durable; the wall clock jumps; topics grow, vanish and come again. Then it is
//! quiet, and every group has to settle.
//!
//! What is checked: no partition is owned by two members that believe so, unless one of them was silent for longer than
//! its session, and no process has a task of a streams group twice; nobody commits what is somebody else's; no record that
//! was accepted is given to anybody again, none is with two members, and each comes to an end; a static member that comes
//! back has what it had, and nobody else notices; the rows stand for the state.

mod classic;
mod consumer;
mod coordinator;
mod judge;
mod member;
mod queue;
mod share;
mod shell;
mod streams;
#[cfg(test)]
mod tests;
mod worker;
mod world;

use std::fmt;
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

pub use world::run;

/// What a world of groups is made of.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Everything follows from it.
    pub seed: u64,
    /// A bug that is there on purpose.
    pub planted: Planted,
    /// Whether what happens is written down for people.
    pub is_traced: bool,
}

/// A bug between the network and the machines, which makes them behave as if it were theirs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Planted {
    /// None.
    #[default]
    Nothing,
    /// A partition is given on before its member has said that it let go.
    Unrevoked,
    /// After a crash no deadline is known: locks never time out.
    LocksForgotten,
    /// The member epoch of a commit is not looked at.
    EpochUnchecked,
    /// A task is given on before its member has said that it let go.
    TasksUnrevoked,
    /// An instance id is given on while its member lives.
    InstanceShared,
    /// Members come in without their instance id.
    InstanceForgotten,
    /// A record is archived before its letter is durable.
    LetterUnwritten,
    /// After a crash nobody looks which letters are written.
    LetterUnlooked,
    /// After a crash no record is delayed.
    DelayForgotten,
    /// No record expires.
    ExpiryIgnored,
    /// No two records have the same key.
    KeysApart,
    /// What a member gives back when it goes does not rest.
    RestForgotten,
    /// The cap of a member counts for each partition.
    CapApart,
    /// Members that wait do not hear of a pause.
    PauseUnheard,
}

impl Planted {
    /// All, by the names that the command line knows.
    pub const ALL: [(&'static str, Self); 14] = [
        ("unrevoked", Self::Unrevoked),
        ("locks-forgotten", Self::LocksForgotten),
        ("epoch-unchecked", Self::EpochUnchecked),
        ("tasks-unrevoked", Self::TasksUnrevoked),
        ("instance-shared", Self::InstanceShared),
        ("instance-forgotten", Self::InstanceForgotten),
        ("letter-unwritten", Self::LetterUnwritten),
        ("letter-unlooked", Self::LetterUnlooked),
        ("delay-forgotten", Self::DelayForgotten),
        ("expiry-ignored", Self::ExpiryIgnored),
        ("keys-apart", Self::KeysApart),
        ("rest-forgotten", Self::RestForgotten),
        ("cap-apart", Self::CapApart),
        ("pause-unheard", Self::PauseUnheard),
    ];
}

/// A number for each kind: members of classic, consumer, share and streams groups, and workers on queues.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct OfKinds(pub [u64; 5]);

impl fmt::Display for OfKinds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbers: Vec<String> = self.0.iter().map(u64::to_string).collect();
        f.write_str(&numbers.join(", "))
    }
}

/// What came of a world, or of many.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Tally {
    /// How many worlds.
    pub seeds: u64,
    /// Members that ever were.
    pub members: OfKinds,
    /// Most that lived at once in a world.
    pub most: OfKinds,
    /// Worlds with hundreds of each kind at once.
    pub large: u64,
    /// Members that died without a word.
    pub deaths: u64,
    /// Static members that came back under their instance ids after they left or died.
    pub returns: u64,
    /// Members that were told that their instance id is with somebody who lives.
    pub unreleased: u64,
    /// Members that were told that another has taken their place.
    pub fenced: u64,
    /// Crashes of the coordinator.
    pub crashes: u64,
    /// Requests that came to the coordinator, repeated ones too.
    pub requests: u64,
    /// Requests and answers that were lost.
    pub lost: u64,
    /// Times that somebody came to own a partition.
    pub owned: u64,
    /// Records of queues that were accepted.
    pub accepted: u64,
    /// Dead letters that were written.
    pub letters: u64,
    /// Seeds whose world showed something wrong, with what it was.
    pub violations: Vec<(u64, String)>,
}

impl Tally {
    fn add(&mut self, other: Self) {
        let Self {
            seeds,
            members,
            most,
            large,
            deaths,
            returns,
            unreleased,
            fenced,
            crashes,
            requests,
            lost,
            owned,
            accepted,
            letters,
            violations,
        } = other;
        self.seeds += seeds;
        self.large += large;
        for (at, (members, most)) in members.0.into_iter().zip(most.0).enumerate() {
            self.members.0[at] += members;
            self.most.0[at] = most.max(self.most.0[at]);
        }
        self.deaths += deaths;
        self.returns += returns;
        self.unreleased += unreleased;
        self.fenced += fenced;
        self.crashes += crashes;
        self.requests += requests;
        self.lost += lost;
        self.owned += owned;
        self.accepted += accepted;
        self.letters += letters;
        self.violations.extend(violations);
        self.violations.sort();
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            seeds,
            members,
            most,
            large,
            deaths,
            returns,
            unreleased,
            fenced,
            crashes,
            requests,
            lost,
            owned,
            accepted,
            letters,
            violations,
        } = self;
        writeln!(f, "seeds: {seeds}")?;
        let kinds = "members of classic, consumer, share and streams groups, and workers on queues";
        writeln!(f, "{kinds}: {members}")?;
        writeln!(f, "most of each at once in one world: {most}")?;
        writeln!(f, "worlds with hundreds of each at once: {large}")?;
        writeln!(f, "members that died without a word: {deaths}")?;
        writeln!(f, "static members that came back: {returns}")?;
        writeln!(f, "refused because the instance id was with somebody alive: {unreleased}")?;
        writeln!(f, "fenced because another had taken the instance id: {fenced}")?;
        writeln!(f, "crashes of the coordinator: {crashes}")?;
        writeln!(f, "requests: {requests}")?;
        writeln!(f, "requests and answers that were lost: {lost}")?;
        writeln!(f, "partitions that came to a member: {owned}")?;
        writeln!(f, "records accepted: {accepted}")?;
        writeln!(f, "dead letters: {letters}")?;
        writeln!(f, "violations: {}", violations.len())
    }
}

/// Runs a world for each seed, on as many threads as there are cores. After `stop_after` violations no new one begins.
#[must_use]
pub fn campaign(seeds: Range<u64>, planted: Planted, stop_after: usize) -> Tally {
    let next = AtomicU64::new(seeds.start);
    let all = Mutex::new(Tally::default());
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            let found = all.lock().map_or(usize::MAX, |all| all.violations.len());
            if seeds.end <= seed || stop_after <= found {
                return;
            }
            let (tally, _) = run(Settings { seed, planted, is_traced: false });
            if let Ok(mut all) = all.lock() {
                all.add(tally);
            }
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| (0..threads).for_each(|_| _ = scope.spawn(work)));
    all.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)
}
