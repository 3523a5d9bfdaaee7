//! What goes wrong, or changes: members that die, leave and come, crashes, clocks that jump, topics.

use super::super::judge::{Kind, Known};
use super::super::member::Parting;
use super::{Event, KINDS, TOPICS, World};
use ottla_coordinator::group;
use ottla_coordinator::machine::Ticket;
use std::collections::BTreeSet;

impl World {
    /// Something goes wrong, or changes.
    pub(super) fn trouble(&mut self) {
        if self.is_quiet() {
            return;
        }
        match self.chance.below(24) {
            0 => self.crash(2_000),
            1..4 => {
                if let Some(member) = self.somebody() {
                    self.kill(member);
                }
            }
            4 | 5 => {
                if let Some(member) = self.somebody() {
                    self.part(member, Parting::ForGood);
                }
            }
            6..10 => {
                let kind = *self.chance.pick(&KINDS);
                self.enter(kind);
            }
            10 => {
                self.queue.before_clock_jumps(self.now());
                self.wall_ms += i64::try_from(self.chance.within(0..7_200_000)).expect("small") - 3_600_000;
                self.wall_max_ms = self.wall_max_ms.max(self.wall_ms);
            }
            11 => self.change_topics(),
            12 | 13 => {
                if let Some(member) = self.somebody_static() {
                    self.part(member, Parting::ForAMoment);
                    self.expect_back(member);
                }
            }
            14 => {
                if let Some(member) = self.somebody_static() {
                    self.seat(self.slots[member].entrance.clone());
                }
            }
            15 => {
                if let Some(member) = self.somebody() {
                    let pause_ms = self.chance.within(1_000..10_000);
                    self.note(|| format!("{member} stands still for {pause_ms} ms"));
                    self.slots[member].paused_until = self.now_ms + pause_ms;
                }
            }
            _ => {
                self.queue.happen(self.now());
                self.await_commit();
            }
        }
        let after_ms = self.chance.within(50..800);
        self.schedule(after_ms, Event::Trouble);
    }

    /// Nothing goes wrong any more, and the wall clock shows the latest time again that it ever has.
    pub(super) fn quieten(&mut self) {
        self.queue.before_clock_jumps(self.now());
        self.wall_ms = self.wall_max_ms;
        self.queue.quieten(self.now());
        self.await_commit();
    }

    fn somebody(&mut self) -> Option<usize> {
        self.pick(|_| true)
    }

    fn somebody_static(&mut self) -> Option<usize> {
        self.pick(|known| known.instance.is_some())
    }

    fn pick(&mut self, is_meant: impl Fn(&Known) -> bool) -> Option<usize> {
        let members = self.judge.members.iter().enumerate();
        let alive = members.filter(|(_, known)| known.is_alive && is_meant(known));
        let alive: Vec<usize> = alive.map(|(member, _)| member).collect();
        (!alive.is_empty()).then(|| *self.chance.pick(&alive))
    }

    /// A member dies without a word, of a streams group often with its whole process.
    fn kill(&mut self, member: usize) {
        let (kind, process) = (self.judge.members[member].kind, self.judge.members[member].process);
        let is_with = |other: &Known| other.is_alive && other.kind == kind && other.process == process;
        let others = self.judge.members.iter().enumerate().filter(|(_, known)| is_with(known));
        let dead = match kind == Kind::Streams && self.chance.percent(50) {
            true => others.map(|(other, _)| other).collect(),
            false => vec![member],
        };
        for member in dead {
            self.note(|| format!("{member} dies"));
            self.tally.deaths += 1;
            self.bury(member);
            if self.chance.percent(70) {
                self.expect_back(member);
            }
        }
    }

    /// A member goes in good order.
    pub(super) fn part(&mut self, member: usize, parting: Parting) {
        self.note(|| format!("{member} leaves {parting:?}"));
        self.turn(member, |slot, turn| slot.close(parting, turn));
        self.bury(member);
    }

    /// A static member will be back, mostly before its session is over.
    fn expect_back(&mut self, member: usize) {
        let entrance = self.slots[member].entrance.clone();
        if entrance.instance.is_some() {
            let longest = if self.chance.percent(30) { 10_000 } else { 4_000 };
            let after_ms = self.chance.within(100..longest);
            self.schedule(after_ms, Event::Return(entrance));
        }
    }

    pub(super) fn bury(&mut self, member: usize) {
        let verdict = self.judge.believes(member, (0, &BTreeSet::new()), self.now_ms);
        let kept = self.judge.keeps(member, BTreeSet::new(), self.now_ms);
        self.judge.members[member].is_alive = false;
        self.judged(verdict.and(kept));
    }

    pub(super) fn crash(&mut self, down_ms: u64) {
        self.note(|| "CRASH".to_owned());
        self.tally.crashes += 1;
        self.coordinator.crash(self.now());
        self.queue.crash(self.now());
        self.await_commit();
        self.tickets.clear();
        self.is_down_until = self.now_ms + self.chance.within(0..down_ms);
    }

    /// A topic grows, or goes and comes again as another.
    fn change_topics(&mut self) {
        let name = *self.chance.pick(&TOPICS);
        match self.topics.get_mut(name) {
            None => self.make_topic(name),
            Some(topic) if self.chance.percent(60) => topic.partitions += 1,
            Some(topic) => {
                let id = topic.id;
                self.topics.remove(name);
                let (ticket, topics) = (Ticket(u64::MAX), vec![id]);
                let gone = group::Command::TopicsGone { ticket, topics };
                let now = self.now();
                self.coordinator.groups.decide(now, gone);
                self.await_commit();
            }
        }
        self.note(|| format!("topic {name} changes"));
        self.publish();
    }
}
