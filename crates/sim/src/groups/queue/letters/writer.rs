//! The writer of one share-partition's dead letters, as the broker has it.
//!
//! ```text
//!  given ─► look what is there, if that is not known ─► note the position ─► append, some at a time ─► tell
//!    ▲                                                                          │ refused, or without an answer
//!    └──────────────────────────── rest ◄───────────────────────────────────────┘
//! ```
//! An append takes its time, is refused, or is carried out and fails all the same.

use super::{Around, Decided, Desk, Written, number};
use crate::groups::Planted;
use ottla_base::Offset;
use ottla_coordinator::machine::Ticket;
use ottla_coordinator::share_partition::{
    Command, DeadLetterPosition, DeadLettered, Id, Letter, Position, Reply,
};
use std::collections::VecDeque;

#[derive(Debug)]
pub(super) struct Writer {
    inbox: VecDeque<Job>,
    /// Letters may be behind it that the machine does not know of.
    doubt: Option<Position>,
    step: Step,
    pause_ms: u64,
    /// What is still to be appended, to which topic.
    left: VecDeque<(Offset, Letter)>,
    topic: usize,
}

/// What it was given, and in which life of the share-partition.
#[derive(Debug)]
struct Job {
    life: u64,
    ranges: Vec<Given>,
}

type Given = (Offset, Offset, Letter);

#[derive(Debug)]
enum Step {
    Idle,
    Rests(u64),
    Looks(u64),
    /// The machine is told what is there; when it has answered, something follows.
    Tells(Next),
    Notes(Position),
    /// Until when, and what is there then; nothing if the answer is no.
    Appends(u64, Option<Vec<Decided>>),
}

#[derive(Debug, Clone, Copy)]
enum Next {
    Note,
    Append,
    Finish,
}

impl Writer {
    pub(super) fn new(doubt: Option<Position>) -> Self {
        Self {
            inbox: VecDeque::new(),
            doubt,
            step: Step::Idle,
            pause_ms: PAUSE_MIN_MS,
            left: VecDeque::new(),
            topic: 0,
        }
    }

    pub(super) fn give(
        &mut self,
        life: u64,
        ranges: Vec<Given>,
        (id, desk, around): (&Id, &mut Desk, &mut Around<'_>),
    ) {
        self.inbox.push_back(Job { life, ranges });
        if matches!(self.step, Step::Idle) {
            self.begin(id, desk, around);
        }
    }

    pub(super) fn wakes_at(&self) -> Option<u64> {
        match self.step {
            Step::Rests(at) | Step::Looks(at) | Step::Appends(at, _) => Some(at),
            Step::Idle | Step::Tells(_) | Step::Notes(_) => None,
        }
    }

    pub(super) fn wake(&mut self, id: &Id, desk: &mut Desk, around: &mut Around<'_>) {
        match std::mem::replace(&mut self.step, Step::Idle) {
            Step::Rests(_) => self.begin(id, desk, around),
            Step::Looks(_) => {
                let found = self.doubt.map(|position| desk.found(id, position)).unwrap_or_default();
                match found.is_empty() {
                    true => self.go_on(Next::Note, (id, desk, around)),
                    false => self.tell(found, Next::Note, (id, desk, around)),
                }
            }
            Step::Appends(_, Some(there)) => self.tell(there, Next::Append, (id, desk, around)),
            Step::Appends(_, None) => self.fail(around),
            Step::Idle | Step::Tells(_) | Step::Notes(_) => {}
        }
    }

    /// The machine has answered, durably.
    pub(super) fn hear(&mut self, reply: &Reply, id: &Id, desk: &mut Desk, around: &mut Around<'_>) {
        match (&self.step, reply) {
            (Step::Tells(next), _) => self.go_on(*next, (id, desk, around)),
            (Step::Notes(position), Reply::Awaited(awaited)) => {
                (self.doubt, self.topic) = (Some(*position), number(*position));
                self.left = self.awaited(awaited);
                self.go_on(Next::Append, (id, desk, around));
            }
            // The share-partition was deleted.
            (Step::Notes(_), _) => self.go_on(Next::Finish, (id, desk, around)),
            (Step::Idle | Step::Rests(_) | Step::Looks(_) | Step::Appends(..), _) => {
                unreachable!("it has not asked")
            }
        }
    }

    /// Begins with what was given first, or begins again.
    fn begin(&mut self, id: &Id, desk: &mut Desk, around: &mut Around<'_>) {
        let Some(job) = self.inbox.front() else {
            self.step = Step::Idle;
            return;
        };
        match (around.settings.topic, self.doubt) {
            // There is no topic any more.
            (None, _) => {
                let all = decided(&job.ranges);
                self.tell(all, Next::Finish, (id, desk, around));
            }
            (Some(_), Some(position)) if desk.planted != Planted::LetterUnlooked => {
                let looked_at = around.now.tick.0 + around.chance.within(1..30);
                // What is not durable must neither be missed nor counted.
                self.step = Step::Looks(desk.durable_at(number(position)).max(looked_at));
            }
            (Some(_), _) => self.go_on(Next::Note, (id, desk, around)),
        }
    }

    fn go_on(&mut self, next: Next, (id, desk, around): (&Id, &mut Desk, &mut Around<'_>)) {
        let takes = around.settings.takes_letters;
        match (next, around.settings.topic) {
            (Next::Note, Some(topic)) if takes => self.note(topic, id, desk),
            (Next::Note, _) => self.fail(around),
            (Next::Append, _) if self.left.is_empty() => {
                self.doubt = None;
                self.finish(id, desk, around);
            }
            (Next::Append, _) if takes => self.append((id, desk, around)),
            (Next::Append, _) => self.fail(around),
            (Next::Finish, _) => self.finish(id, desk, around),
        }
    }

    fn finish(&mut self, id: &Id, desk: &mut Desk, around: &mut Around<'_>) {
        self.inbox.pop_front();
        self.pause_ms = PAUSE_MIN_MS;
        self.begin(id, desk, around);
    }

    fn fail(&mut self, around: &mut Around<'_>) {
        self.step = Step::Rests(around.now.tick.0 + self.pause_ms);
        self.pause_ms = PAUSE_MAX_MS.min(2 * self.pause_ms);
    }

    fn tell(
        &mut self,
        there: Vec<Decided>,
        next: Next,
        (id, desk, around): (&Id, &mut Desk, &mut Around<'_>),
    ) {
        self.step = Step::Tells(next);
        let said =
            |ticket| Command::DeadLettered(DeadLettered { ticket, id: id.clone(), ranges: there.clone() });
        if around.chance.percent(5) {
            desk.commands.push(said(Ticket(0)));
        }
        let ticket = desk.ticket(Some(id.clone()));
        desk.commands.push(said(ticket));
    }

    fn note(&mut self, topic: usize, id: &Id, desk: &mut Desk) {
        let job = self.inbox.front().expect("it works on something");
        let ranges = decided(&job.ranges);
        let (position, ticket) = (desk.end(topic), desk.ticket(Some(id.clone())));
        self.step = Step::Notes(position);
        let note = DeadLetterPosition { ticket, id: id.clone(), position, ranges };
        desk.commands.push(Command::DeadLetterPosition(note));
    }

    /// Of what it was given, what is awaited.
    fn awaited(&self, awaited: &[(Offset, Offset)]) -> VecDeque<(Offset, Letter)> {
        let given = &self.inbox.front().expect("it works on something").ranges;
        let letters = awaited.iter().flat_map(|(first, last)| {
            let found = given.iter().find(|(from, to, _)| from <= first && last <= to);
            let (_, _, letter) = found.expect("what is awaited was given");
            (first.0..=last.0).map(|offset| (Offset(offset), letter.clone()))
        });
        letters.collect()
    }

    fn append(&mut self, (id, desk, around): (&Id, &mut Desk, &mut Around<'_>)) {
        let now_ms = around.now.tick.0;
        let longest = if around.chance.percent(15) { 3_000 } else { 40 };
        let durable_at = now_ms + around.chance.within(1..longest);
        let (is_carried_out, has_answer) = match around.chance.below(20) {
            0 => (false, false),
            1 | 2 => (true, false),
            _ => (true, true),
        };
        let batch: Vec<_> = (0..=around.chance.below(5)).map_while(|_| self.left.pop_front()).collect();
        let there = batch.iter().map(|(offset, letter)| (*offset, *offset, letter.at)).collect();
        let life = self.inbox.front().expect("it works on something").life;
        for (offset, letter) in batch.into_iter().filter(|_| is_carried_out) {
            let (id, offset) = (id.clone(), offset.0);
            desk.append(self.topic, Written { id, life, offset, letter, durable_at, is_settled: false });
        }
        let durable_at = desk.durable_at(self.topic).max(durable_at);
        self.step = match (has_answer, desk.planted) {
            (false, _) => Step::Appends(now_ms + around.chance.within(1..500), None),
            (true, Planted::LetterUnwritten) => Step::Appends(now_ms, Some(there)),
            (true, _) => Step::Appends(durable_at, Some(there)),
        };
    }
}

fn decided(given: &[Given]) -> Vec<Decided> {
    given.iter().map(|(first, last, letter)| (*first, *last, letter.at)).collect()
}

const PAUSE_MIN_MS: u64 = 1_000;
const PAUSE_MAX_MS: u64 = 30_000;
