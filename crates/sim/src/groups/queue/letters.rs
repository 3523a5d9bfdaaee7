//! Dead letters: the topics that they go to, and who writes them.
//!
//! Of what was appended and is not durable when the process dies, some is there afterwards and the rest is not.

mod writer;

use self::writer::Writer;
use super::settings::Settings;
use crate::chance::Chance;
use crate::groups::Planted;
use ottla_base::{Now, Offset, PartitionId, PartitionIndex, Timestamp, TopicId};
use ottla_coordinator::machine::Ticket;
use ottla_coordinator::share_partition::{Command, Id, Letter, Position, Reply};
use std::collections::BTreeMap;
use uuid::Uuid;

/// First and last offset, and when it was decided.
type Decided = (Offset, Offset, Timestamp);

/// A letter in a topic.
#[derive(Debug, Clone)]
pub(super) struct Written {
    pub(super) id: Id,
    /// Which life of the share-partition it was given up in.
    pub(super) life: u64,
    pub(super) offset: i64,
    pub(super) letter: Letter,
    durable_at: u64,
    /// An operator has dealt with it.
    is_settled: bool,
}

/// What a writer has around it.
pub(super) struct Around<'a> {
    pub(super) now: Now,
    pub(super) settings: &'a Settings,
    pub(super) chance: &'a mut Chance,
}

/// The topics, and what is asked of the machine.
#[derive(Debug)]
struct Desk {
    planted: Planted,
    topics: [Vec<Written>; 2],
    /// Whose answer it is; that with new work is nobody's.
    asked: BTreeMap<Ticket, Option<Id>>,
    tickets: u64,
    commands: Vec<Command>,
    /// What was appended since somebody looked.
    fresh: Vec<Written>,
}

impl Desk {
    fn ticket(&mut self, whose: Option<Id>) -> Ticket {
        self.tickets += 1;
        self.asked.insert(Ticket(self.tickets), whose);
        Ticket(self.tickets)
    }

    fn ask_for_work(&mut self) {
        let ticket = self.ticket(None);
        self.commands.push(Command::DeadLetters(ticket));
    }

    /// Where a topic ends, durable or not.
    fn end(&self, topic: usize) -> Position {
        let offset = Offset(i64::try_from(self.topics[topic].len()).expect("few"));
        let topic = TopicId(Uuid::from_u128(FIRST_TOPIC + topic as u128));
        Position { partition: PartitionId { topic, index: PartitionIndex(0) }, offset }
    }

    /// When all that a topic has now is durable.
    fn durable_at(&self, topic: usize) -> u64 {
        self.topics[topic].last().map_or(0, |letter| letter.durable_at)
    }

    /// What of a share-partition is behind a position, in whichever life it was written.
    fn found(&self, id: &Id, position: Position) -> Vec<Decided> {
        let from = usize::try_from(position.offset.0).expect("it was an end");
        let behind = self.topics[number(position)].iter().skip(from).filter(|letter| letter.id == *id);
        behind.map(|it| (Offset(it.offset), Offset(it.offset), it.letter.at)).collect()
    }

    fn append(&mut self, topic: usize, written: Written) {
        let durable_at = self.durable_at(topic).max(written.durable_at);
        let written = Written { durable_at, ..written };
        self.fresh.push(written.clone());
        self.topics[topic].push(written);
    }
}

/// Which topic that is.
fn number(position: Position) -> usize {
    usize::try_from(position.partition.topic.0.as_u128() - FIRST_TOPIC).expect("one of two")
}

/// Everything about dead letters.
#[derive(Debug)]
pub(super) struct Letters {
    desk: Desk,
    writers: BTreeMap<Id, Writer>,
}

impl Letters {
    pub(super) fn new(planted: Planted) -> Self {
        let mut desk = Desk {
            planted,
            topics: [Vec::new(), Vec::new()],
            asked: BTreeMap::new(),
            tickets: FIRST_TICKET,
            commands: Vec::new(),
            fresh: Vec::new(),
        };
        desk.ask_for_work();
        Self { desk, writers: BTreeMap::new() }
    }

    /// What the machine is to be asked.
    pub(super) fn commands(&mut self) -> Vec<Command> {
        std::mem::take(&mut self.desk.commands)
    }

    /// What was appended since.
    pub(super) fn fresh(&mut self) -> Vec<Written> {
        std::mem::take(&mut self.desk.fresh)
    }

    /// All letters, and whether each is durable.
    pub(super) fn all(&self, now: Now) -> impl Iterator<Item = (&Written, bool)> {
        self.desk.topics.iter().flatten().map(move |letter| (letter, letter.durable_at <= now.tick.0))
    }

    /// Some durable letter that nobody has dealt with; now it is.
    pub(super) fn settle(&mut self, chance: &mut Chance, now: Now) -> Option<Written> {
        let is_open = |letter: &&mut Written| letter.durable_at <= now.tick.0 && !letter.is_settled;
        let mut open: Vec<&mut Written> = self.desk.topics.iter_mut().flatten().filter(is_open).collect();
        if open.is_empty() {
            return None;
        }
        let at = chance.below(open.len());
        open[at].is_settled = true;
        Some(open[at].clone())
    }

    /// When a writer goes on by itself.
    pub(super) fn next(&self) -> Option<u64> {
        self.writers.values().filter_map(Writer::wakes_at).min()
    }

    /// Time has passed.
    pub(super) fn pass(&mut self, around: &mut Around<'_>) {
        for (id, writer) in &mut self.writers {
            if writer.wakes_at().is_some_and(|at| at <= around.now.tick.0) {
                writer.wake(id, &mut self.desk, around);
            }
        }
    }

    /// The machine has answered, durably. Gives the reply back if it is not about letters.
    pub(super) fn hear(
        &mut self,
        (ticket, reply): (Ticket, Reply),
        life_of: impl Fn(&Id) -> u64,
        around: &mut Around<'_>,
    ) -> Option<(Ticket, Reply)> {
        let Some(whose) = self.desk.asked.remove(&ticket) else { return Some((ticket, reply)) };
        match (whose, reply) {
            (None, Reply::DeadLetters(handed)) => {
                self.desk.ask_for_work();
                for handed in handed {
                    let (id, life) = (handed.id.clone(), life_of(&handed.id));
                    let writer =
                        self.writers.entry(id.clone()).or_insert_with(|| Writer::new(handed.position));
                    writer.give(life, handed.ranges, (&id, &mut self.desk, &mut *around));
                }
            }
            (Some(id), reply) => {
                if let Some(writer) = self.writers.get_mut(&id) {
                    writer.hear(&reply, &id, &mut self.desk, around);
                }
            }
            (None, _) => {}
        }
        None
    }

    /// The machine's state was lost, and all writers with it; they find work when it is there again. What they have
    /// appended is there.
    pub(super) fn lose(&mut self) {
        self.writers.clear();
        self.desk.asked.clear();
        self.desk.commands.clear();
        self.desk.ask_for_work();
    }

    /// The process has died.
    pub(super) fn crash(&mut self, now: Now, chance: &mut Chance) {
        self.lose();
        for topic in &mut self.desk.topics {
            let durable = topic.partition_point(|letter| letter.durable_at <= now.tick.0);
            let kept = durable + chance.below(topic.len() - durable + 1);
            topic.truncate(kept);
            topic.iter_mut().for_each(|letter| letter.durable_at = letter.durable_at.min(now.tick.0));
        }
    }
}

const FIRST_TOPIC: u128 = 900;
const FIRST_TICKET: u64 = 1 << 61;
