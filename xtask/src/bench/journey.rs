//! A server that is asked for several things one after the other, each of which is measured.
//!
//! Servers of others take long to start and to become fast, so what can be asked of one run is asked in one run; and what
//! is read was written a moment before, as it usually was.

use super::arena::Arena;
use super::contender::Contender;
use super::driver::Driver;
use super::sample::Sample;
use super::subject::{Subject, Topic};

/// A server and all that is asked of it.
pub(super) struct Journey {
    subject: Box<dyn Subject>,
    topic: Topic,
    legs: Vec<Leg>,
}

/// One thing that is asked.
pub(super) struct Leg {
    /// What its numbers are called by: `NAME.cpu_seconds`.
    name: &'static str,
    driver: Box<dyn Driver>,
}

impl Leg {
    pub(super) fn new(name: &'static str, driver: impl Driver + 'static) -> Self {
        Self { name, driver: Box::new(driver) }
    }
}

impl Journey {
    pub(super) fn new(subject: impl Subject + 'static, partitions: u32, legs: Vec<Leg>) -> Self {
        Self { subject: Box::new(subject), topic: Topic::new(partitions), legs }
    }
}

impl Contender for Journey {
    fn name(&self) -> &'static str {
        self.subject.name()
    }

    fn settings(&self) -> String {
        self.subject.settings()
    }

    fn missing(&self, arena: &Arena) -> Option<String> {
        self.subject.missing(arena).or_else(|| self.legs.iter().find_map(|leg| leg.driver.missing()))
    }

    fn bytes(&self) -> u64 {
        self.legs.iter().map(|leg| leg.driver.bytes()).sum()
    }

    fn run(&self, arena: &Arena) -> Result<Sample, String> {
        let server = self.subject.start(arena, &self.topic)?;
        let mut sample = Sample::default();
        for leg in &self.legs {
            let result = leg.driver.run(arena, &server, &self.topic);
            let result = result
                .map_err(|why| format!("{}: {}: {}", self.subject.name(), leg.name, server.blame(&why)))?;
            sample.add(leg.name, result);
        }
        Ok(sample)
    }
}
