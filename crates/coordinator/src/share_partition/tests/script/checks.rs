//! What must hold after every command.

use super::super::model::{Fate, Model};
use crate::share_partition::run::State;
use crate::share_partition::*;
use ottla_base::{Offset, Tick};
use std::collections::BTreeSet;

pub(super) fn model(model: &Model, stored: &stored::Stored, live: &live::Live) {
    for (offset, seen) in &model.records {
        let offset = Offset(*offset);
        let run = live.runs.range(..=offset).next_back().map(|(_, run)| run).filter(|run| offset <= run.last);
        match (&seen.fate, run) {
            (Fate::Done, None) => {}
            (Fate::Waiting, None) => {
                let is_done = |(_, row): (Offset, &Row)| row.mark == Mark::Done;
                assert!(live.next <= offset, "{offset} is lost");
                assert!(!stored.overlapping(offset, offset).any(is_done), "{offset} will be lost");
            }
            (Fate::Waiting, Some(run)) => {
                assert!(run.is_waiting() && run.count == seen.count, "{offset}: {seen:?} is {run:?}");
            }
            (Fate::With { member, until }, Some(run)) => {
                let State::Acquired(lock) = &run.state else { panic!("{offset} is {run:?}") };
                assert_eq!((lock.until, run.count), (Tick(*until), seen.count), "{offset}");
                assert_eq!(*run.member, **member);
            }
            (Fate::Archiving(reason), Some(run)) => {
                let State::Archiving { letter, .. } = &run.state else { panic!("{offset} is {run:?}") };
                assert_eq!((letter.reason, letter.delivery_count), (*reason, seen.count));
            }
            (fate, run) => panic!("{offset} should be {fate:?} and is {run:?}"),
        }
        if offset < stored.header.start {
            assert_eq!(seen.fate, Fate::Done, "{offset} is before the start");
        }
    }
}

pub(super) fn rows(stored: &stored::Stored) {
    let mut end = stored.header.start;
    for (first, row) in &stored.rows {
        assert!(end <= *first && *first <= row.last, "rows do not overlap: {stored:?}");
        assert!(row.mark != Mark::Done || stored.header.start < *first, "the start is not done: {stored:?}");
        end = row.last.plus(1);
    }
}

pub(super) fn live(stored: &stored::Stored, live: &live::Live) {
    let mut counts = live::Counts::default();
    let mut in_flight = BTreeSet::new();
    let mut end = stored.header.start;
    for (first, run) in &live.runs {
        let told = run.history.deliveries().len();
        assert!(told <= usize::try_from(run.count).unwrap(), "no more deliveries are told than are counted");
        assert!(end <= *first && *first <= run.last, "runs do not overlap");
        end = run.last.plus(1);
        let size = run.size(*first);
        match &run.state {
            State::Ready => counts.ready += size,
            State::Blocked => counts.blocked += size,
            State::Scheduled => counts.scheduled += size,
            State::Retrying(_) => counts.retrying += size,
            State::Acquired(_) => {
                counts.acquired += size;
                assert!(
                    run.facts.key.is_none_or(|key| in_flight.insert(key)),
                    "one record of a key is in flight"
                );
            }
            State::Archiving { .. } => counts.archiving += size,
        }
        assert!(
            end <= live.next || matches!(run.state, State::Archiving { .. }),
            "what is known was looked at"
        );
        for (at, row) in stored.overlapping(*first, run.last) {
            let fits = match (&row.mark, &run.state) {
                (Mark::Archiving(stored), State::Archiving { letter, .. }) => stored == letter,
                (Mark::Available { delivery_count, .. }, State::Acquired(_)) => *delivery_count < run.count,
                (Mark::Available { delivery_count, history, .. }, _) => {
                    *delivery_count == run.count && *history == run.history && run.is_waiting()
                }
                (Mark::Done | Mark::Archiving(_), _) => false,
            };
            assert!(fits, "the row {at} {row:?} is of the run {first} {run:?}");
        }
        if run.is_waiting() && 0 < run.count {
            let covered: i64 = stored
                .overlapping(*first, run.last)
                .map(|(at, row)| row.last.min(run.last).0 - at.max(*first).0 + 1)
                .sum();
            assert_eq!(covered, size, "a delivery count is durable when the record is available again");
        }
    }
    assert_eq!(counts, live.counts);
}
