//! A member of a share group that works on records: it takes some, works for a while, and says what became of them.

use super::member::{Answer, Member, Parting, Place, REQUEST_TIMEOUT_MS, Request, Serial, Turn};
use ottla_coordinator::share_partition::{AcknowledgeBatch, Range};
use std::collections::BTreeSet;

pub(super) struct Worker {
    id: String,
    asked: Option<(Serial, u64)>,
    /// Records that it works on, until when.
    works: Vec<(Range, u64)>,
    rests_until: u64,
    nothing: BTreeSet<Place>,
}

impl Worker {
    pub(super) fn new(id: String) -> Self {
        Self { id, asked: None, works: Vec::new(), rests_until: 0, nothing: BTreeSet::new() }
    }

    /// Accepted, mostly; released or rejected now and then.
    fn acknowledge(&mut self, range: Range, turn: &mut Turn<'_>) {
        let fate = |turn: &mut Turn<'_>| match turn.chance.below(20) {
            0 => REJECT,
            1..4 => RELEASE,
            _ => ACCEPT,
        };
        let (first, last) = (range.first, range.last);
        let types = if turn.chance.percent(50) {
            vec![fate(turn)]
        } else {
            (first.0..=last.0).map(|_| fate(turn)).collect()
        };
        let batches = vec![AcknowledgeBatch { first, last, types }];
        let request = Request::Acknowledge { member: self.id.clone(), batches };
        self.asked = Some((turn.ask(request), turn.now_ms));
    }
}

impl Member for Worker {
    fn wake(&mut self, turn: &mut Turn<'_>) {
        if self.asked.is_some_and(|(_, at)| turn.now_ms < at + REQUEST_TIMEOUT_MS) {
            return;
        }
        // What has no answer is given up: the lock times out.
        self.asked = None;
        if let Some(at) = self.works.iter().position(|(_, until)| *until <= turn.now_ms) {
            let (range, _) = self.works.remove(at);
            self.acknowledge(range, turn);
        } else if self.works.is_empty() && self.rests_until <= turn.now_ms {
            let records_max = i32::try_from(1 + turn.chance.below(12)).expect("small");
            let request = Request::Acquire { member: self.id.clone(), records_max };
            self.asked = Some((turn.ask(request), turn.now_ms));
        }
    }

    fn hear(&mut self, serial: Serial, answer: Answer, turn: &mut Turn<'_>) {
        if self.asked.take_if(|(asked, _)| *asked == serial).is_none() {
            return;
        }
        if let Answer::Acquired(ranges) = answer {
            if ranges.is_empty() {
                self.rests_until = turn.now_ms + turn.chance.within(100..1000);
            }
            for range in ranges {
                // Some take longer than the lock holds.
                let longest = if turn.chance.percent(10) { 3 * LOCK_MS } else { LOCK_MS / 4 };
                self.works.push((range, turn.now_ms + turn.chance.within(1..longest)));
            }
        }
    }

    fn close(&mut self, _: Parting, _: &mut Turn<'_>) {}

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
pub(super) const LOCK_MS: u64 = 2_000;
pub(super) const GROUP: &str = "workers";
