//! What happens while the broker lives: members work, some of them are killed and others come in their place, and letters
//! go back.

use super::super::blows::Work;
use super::super::broker::Broker;
use super::super::chance::Chance;
use super::super::clock::{now, pause};
use super::super::load::{Load, Running};
use super::clients::{Language, Site};
use super::groups::GROUPS;
use crate::Outcome;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::Duration;

/// A member that is killed now and then: its client, its group and how it acknowledges.
type Mortal = (Language, &'static str, &'static str);

/// In turn; each language has one at a time.
const MORTALS: &[Mortal] = &[
    (Language::Java, "keyed", "EXPLICIT_SYNC"),
    (Language::Python, "workers", "EXPLICIT_SYNC"),
    (Language::Python, "keyed", "IMPLICIT_POLL"),
    (Language::Java, "workers", "EXPLICIT_ASYNC"),
    (Language::Python, "watchers", "EXPLICIT_ASYNC"),
    (Language::Python, "keyed", "EXPLICIT_SYNC"),
    (Language::Java, "watchers", "IMPLICIT_POLL"),
    (Language::Python, "workers", "IMPLICIT_SYNC"),
];

/// The journal, as the data directory has it.
const JOURNAL: &str = "meta.redb";

/// Everything that works.
pub(super) struct Floor<'a> {
    site: &'a Site<'a>,
    chance: Chance,
    load: Load,
    /// One of each language, and how many there were before.
    mortals: Vec<(Language, Running)>,
    born: usize,
    requeue: Option<Child>,
    histories: Vec<PathBuf>,
    pub(super) done: Done,
    old_journal: Option<Vec<u8>>,
}

/// What was done besides.
#[derive(Debug, Default)]
pub(super) struct Done {
    pub(super) members_killed: u64,
    pub(super) requeues: u64,
    pub(super) requeues_interrupted: u64,
}

impl<'a> Floor<'a> {
    /// # Errors
    /// If a program cannot be started.
    pub(super) fn open(site: &'a Site<'a>) -> Result<Self, String> {
        let mut floor = Self {
            site,
            chance: Chance::new(site.seed ^ 0x5eed),
            load: site.load()?,
            mortals: Vec::new(),
            born: 0,
            requeue: None,
            histories: Vec::new(),
            done: Done::default(),
            old_journal: None,
        };
        for language in [Language::Java, Language::Python] {
            floor.bear(language)?;
        }
        Ok(floor)
    }

    /// A new member of that language.
    fn bear(&mut self, language: Language) -> Outcome {
        let next = |born: &usize| MORTALS[born % MORTALS.len()];
        while next(&self.born).0 != language {
            self.born += 1;
        }
        let (_, group, way) = next(&self.born);
        self.born += 1;
        let name = format!("mortal-{}", self.born);
        let running = self.site.start(language, &name, &["member", group, way])?;
        self.mortals.push((language, running));
        Ok(())
    }

    /// The one that has lived longest dies.
    fn kill_a_member(&mut self) -> Outcome {
        let (language, running) = self.mortals.remove(0);
        self.histories.push(running.kill());
        self.done.members_killed += 1;
        self.bear(language)
    }

    /// Letters of a group go back. What still is at that since the last time dies.
    fn requeue(&mut self, broker: &Broker) -> Outcome {
        self.end_requeue()?;
        let at = usize::try_from(self.chance.below(GROUPS.len() as u64)).unwrap_or(0);
        let mut command = broker.command(&["queue", "dlq", "requeue", GROUPS[at].name, "--all", "--yes"]);
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        self.requeue = Some(child.map_err(|error| format!("cannot run ottla: {error}"))?);
        Ok(())
    }

    fn end_requeue(&mut self) -> Outcome {
        let Some(mut child) = self.requeue.take() else { return Ok(()) };
        let status = child.try_wait().map_err(|error| error.to_string())?;
        if status.is_some_and(|status| status.success()) {
            self.done.requeues += 1;
        } else {
            self.done.requeues_interrupted += 1;
            drop(child.kill());
            drop(child.wait());
        }
        Ok(())
    }

    /// Everybody who lives ends in order; the histories of all.
    ///
    /// # Errors
    /// If somebody does not.
    pub(super) fn close(mut self) -> Result<(Vec<PathBuf>, Done), String> {
        self.end_requeue()?;
        for (_, running) in std::mem::take(&mut self.mortals) {
            self.histories.push(running.kill());
        }
        let mut histories = std::mem::take(&mut self.histories);
        histories.extend(std::mem::take(&mut self.load).end()?);
        Ok((histories, std::mem::take(&mut self.done)))
    }
}

impl Work for Floor<'_> {
    fn live(&mut self, broker: &Broker, life: Duration) -> Outcome {
        let begin = now();
        let until = |at: Duration| pause(at.saturating_sub(begin.elapsed()));
        let length = u64::try_from(life.as_millis()).unwrap_or(u64::MAX).max(2);
        if self.chance.below(3) != 0 {
            until(Duration::from_millis(self.chance.below(length / 2)));
            self.kill_a_member()?;
        }
        if self.chance.below(2) == 0 {
            // Often so late that the broker dies in the middle of it.
            until(Duration::from_millis(length.saturating_sub(self.chance.below(300))));
            self.requeue(broker)?;
        }
        until(life);
        self.load.check()?;
        self.mortals.iter_mut().try_for_each(|(_, running)| running.check())
    }

    /// Puts back the journal of one death before: the broker forgets what it has confirmed since.
    fn sabotage(&mut self, broker: &Broker) -> Result<bool, String> {
        let journal = broker.data(JOURNAL);
        let failed = |error: std::io::Error| format!("{}: {error}", journal.display());
        match self.old_journal.take() {
            None => {
                self.old_journal = Some(std::fs::read(&journal).map_err(failed)?);
                Ok(false)
            }
            Some(old) => std::fs::write(&journal, old).map_err(failed).map(|()| true),
        }
    }
}
