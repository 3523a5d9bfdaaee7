//! A member of a share group that works on records: it takes some, works for a while, and says what became of them.

use super::member::{Answer, Member, Parting, Place, REQUEST_TIMEOUT_MS, Request, Serial, Turn};
use super::queue::{Ask, Told};
use ottla_coordinator::share_partition::{AcknowledgeBatch, Mode, Range};
use std::collections::BTreeSet;

pub(super) struct Worker {
    id: String,
    asked: Option<(Serial, u64)>,
    /// The partition that it asked last.
    partition: usize,
    works: Vec<Work>,
    rests_until: u64,
    nothing: BTreeSet<Place>,
}

/// Records that it works on, until when.
struct Work {
    partition: usize,
    range: Range,
    until: u64,
}

impl Worker {
    pub(super) fn new(id: String) -> Self {
        Self { id, asked: None, partition: 0, works: Vec::new(), rests_until: 0, nothing: BTreeSet::new() }
    }

    /// Accepted, mostly; released or rejected now and then. Sometimes it wants more time.
    fn acknowledge(&mut self, work: Work, turn: &mut Turn<'_>) {
        let fate = |turn: &mut Turn<'_>| match turn.chance.below(20) {
            0 => REJECT,
            1..4 => RELEASE,
            _ => ACCEPT,
        };
        let Work { partition, range, .. } = work;
        let (first, last) = (range.first, range.last);
        let renew = turn.chance.percent(10);
        let types = if renew {
            self.works.push(Work { until: turn.now_ms + turn.chance.within(1..LONG_MS), ..work });
            vec![RENEW]
        } else if turn.chance.percent(50) {
            vec![fate(turn)]
        } else {
            (first.0..=last.0).map(|_| fate(turn)).collect()
        };
        let batches = vec![AcknowledgeBatch { first, last, types }];
        self.ask(Ask::Acknowledge { member: self.id.clone(), partition, batches, renew }, turn);
    }

    fn acquire(&mut self, turn: &mut Turn<'_>) {
        self.partition = turn.chance.below(2);
        let records_max = i32::try_from(1 + turn.chance.below(12)).expect("small");
        let mode = *turn.chance.pick(&[Mode::RecordLimit, Mode::BatchOptimized]);
        let (member, partition) = (self.id.clone(), self.partition);
        self.ask(Ask::Acquire { member, partition, records_max, mode }, turn);
    }

    fn ask(&mut self, ask: Ask, turn: &mut Turn<'_>) {
        self.asked = Some((turn.ask(Request::Queue(ask)), turn.now_ms));
    }
}

impl Member for Worker {
    fn wake(&mut self, turn: &mut Turn<'_>) {
        if self.asked.is_some_and(|(_, at)| turn.now_ms < at + REQUEST_TIMEOUT_MS) {
            return;
        }
        // What has no answer is given up: the lock times out.
        self.asked = None;
        if let Some(at) = self.works.iter().position(|work| work.until <= turn.now_ms) {
            let work = self.works.remove(at);
            self.acknowledge(work, turn);
        } else if self.rests_until <= turn.now_ms && (self.works.is_empty() || turn.chance.percent(10)) {
            self.acquire(turn);
        }
    }

    fn hear(&mut self, serial: Serial, answer: Answer, turn: &mut Turn<'_>) {
        if self.asked.take_if(|(asked, _)| *asked == serial).is_none() {
            return;
        }
        if let Answer::Queue(Told::Acquired(ranges)) = answer {
            if ranges.is_empty() {
                self.rests_until = turn.now_ms + turn.chance.within(1..500);
            }
            for range in ranges {
                // Some take longer than the lock holds.
                let longest = if turn.chance.percent(10) { LONG_MS } else { SHORT_MS };
                let until = turn.now_ms + turn.chance.within(1..longest);
                self.works.push(Work { partition: self.partition, range, until });
            }
        }
    }

    /// What it has is for others at once.
    fn close(&mut self, _: Parting, turn: &mut Turn<'_>) {
        self.ask(Ask::Release { member: self.id.clone() }, turn);
    }

    fn owned(&self) -> (i32, &BTreeSet<Place>) {
        (0, &self.nothing)
    }

    fn is_settled(&self) -> bool {
        true
    }
}

const ACCEPT: i8 = 1;
const RELEASE: i8 = 2;
const REJECT: i8 = 3;
const RENEW: i8 = 4;
/// Work that is done in time, and work that may take longer than the lock holds.
const SHORT_MS: u64 = 500;
const LONG_MS: u64 = 6_000;
