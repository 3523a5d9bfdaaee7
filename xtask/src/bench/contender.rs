//! Who takes part in a comparison: usually a server and what is asked of it.

use super::arena::Arena;
use super::cache;
use super::load::Load;
use super::profile::Profile;
use super::sample::Sample;
use super::subject::{Server, Subject, Topic};

/// Something that can be run and measured, again and again.
pub(super) trait Contender {
    /// Its name in tables.
    fn name(&self) -> &'static str;

    /// What it is and how it is set, as a sentence for the document.
    fn settings(&self) -> String;

    /// Why it cannot be run on this machine, if so.
    fn missing(&self, arena: &Arena) -> Option<String>;

    /// The bytes that a run writes, for which the machine must have memory.
    fn bytes(&self) -> u64;

    /// Runs it once, in an empty data directory.
    ///
    /// # Errors
    /// If it fails in any way: there is no figure of a run that did not go well.
    fn run(&self, arena: &Arena) -> Result<Sample, String>;

    /// Runs it once more to see where its time goes, if that can be told.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    fn profile(&self, _arena: &Arena) -> Result<Option<Profile>, String> {
        Ok(None)
    }
}

/// A server, asked by one generator.
pub(super) struct Served {
    /// Besides the subject's own, where one subject is asked for two things.
    called: Option<(&'static str, &'static str)>,
    subject: Box<dyn Subject>,
    topic: Topic,
    before: Vec<Load>,
    beside: Option<Load>,
    cache: Cache,
    load: Load,
}

/// What the operating system's memory holds when the measured generator begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cache {
    /// What there was room for.
    Warm,
    /// Nothing that is on the disk.
    Cold,
}

impl Served {
    pub(super) fn new(subject: impl Subject + 'static, partitions: u32, load: Load) -> Self {
        Self {
            called: None,
            subject: Box::new(subject),
            topic: Topic::new(partitions),
            before: Vec::new(),
            beside: None,
            cache: Cache::Warm,
            load,
        }
    }

    /// A name of its own, and what it does, as a sentence for the document.
    pub(super) fn called(self, name: &'static str, sentence: &'static str) -> Self {
        Self { called: Some((name, sentence)), ..self }
    }

    /// What is to be there when the measured generator begins, such as records to be read.
    pub(super) fn after(mut self, load: Load) -> Self {
        self.before.push(load);
        self
    }

    /// What goes on while the measured generator is at work, and longer.
    pub(super) fn beside(self, load: Load) -> Self {
        Self { beside: Some(load), ..self }
    }

    /// The measured generator finds nothing in memory that is on the disk.
    pub(super) fn cold(self) -> Self {
        Self { cache: Cache::Cold, ..self }
    }

    /// Starts the server, and asks it for all that comes before what is measured, and for that.
    fn ask<T>(&self, arena: &Arena, measure: impl FnOnce(&Server) -> Result<T, String>) -> Result<T, String> {
        let server = self.subject.start(arena, &self.topic)?;
        let asked = self.ask_of(arena, &server, measure);
        asked.map_err(|why| format!("{}: {}", self.name(), server.blame(&why)))
    }

    fn ask_of<T>(
        &self,
        arena: &Arena,
        server: &Server,
        measure: impl FnOnce(&Server) -> Result<T, String>,
    ) -> Result<T, String> {
        for load in &self.before {
            load.run(arena, Some(server), &self.topic)?;
        }
        if self.cache == Cache::Cold {
            cache::drop_all()?;
        }
        let beside = self.beside.as_ref().map(|load| load.beside(arena, server, &self.topic)).transpose()?;
        let measured = measure(server)?;
        beside.map_or(Ok(()), |mut running| running.expect_at_work())?;
        Ok(measured)
    }
}

impl Contender for Served {
    fn name(&self) -> &'static str {
        self.called.map_or_else(|| self.subject.name(), |(name, _)| name)
    }

    fn settings(&self) -> String {
        self.called.map_or_else(|| self.subject.settings(), |(_, sentence)| sentence.to_owned())
    }

    fn missing(&self, arena: &Arena) -> Option<String> {
        let cache = || if self.cache == Cache::Cold { cache::not_to_be_dropped() } else { None };
        self.subject.missing(arena).or_else(cache)
    }

    fn bytes(&self) -> u64 {
        self.before.iter().chain([&self.load]).map(Load::bytes).sum()
    }

    fn run(&self, arena: &Arena) -> Result<Sample, String> {
        self.ask(arena, |server| self.load.run(arena, Some(server), &self.topic))
    }

    fn profile(&self, arena: &Arena) -> Result<Option<Profile>, String> {
        self.ask(arena, |server| self.load.profile(arena, server, &self.topic))
    }
}

/// A contender that may use all processors, and whose generator may too: as people run it.
pub(super) struct Sharing(pub(super) Box<dyn Contender>);

impl Contender for Sharing {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn settings(&self) -> String {
        self.0.settings()
    }

    fn missing(&self, arena: &Arena) -> Option<String> {
        self.0.missing(arena)
    }

    fn bytes(&self) -> u64 {
        self.0.bytes()
    }

    fn run(&self, arena: &Arena) -> Result<Sample, String> {
        arena.sharing(|| self.0.run(arena))
    }

    fn profile(&self, arena: &Arena) -> Result<Option<Profile>, String> {
        arena.sharing(|| self.0.profile(arena))
    }
}
