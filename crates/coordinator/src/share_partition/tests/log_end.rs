//! A log that a power cut has made shorter than its share-partitions.

use super::script::id;
use crate::machine::{Machine, Ticket};
use crate::share_partition::*;
use ottla_base::{Now, Offset, Timestamp};

fn row(first: i64, last: i64, mark: Mark) -> Record {
    Record::Row { id: id(), first: Offset(first), row: Some(Row { last: Offset(last), mark }) }
}

fn available() -> Mark {
    Mark::Available { delivery_count: 1, due: Timestamp::NONE, history: History::default() }
}

/// What is left of a share-partition from 5 on, where 7 to 9 are done, 10 to 12 were delivered once, and 15 is done.
fn after_log_end(end: i64) -> (Hard, usize) {
    let mut hard = Hard::default();
    let header = Header { start: Offset(5), dead_letters: None };
    let stored = [
        Record::Partition { id: id(), header: Some(header) },
        row(7, 9, Mark::Done),
        row(10, 12, available()),
        row(15, 15, Mark::Done),
    ];
    stored.iter().for_each(|record| SharePartitions::apply(&mut hard, record));
    let mut soft = Soft::default();
    SharePartitions::decide(&hard, &mut soft, Now::default(), Command::Start);
    let command = Command::LogEnd(LogEnd { ticket: Ticket(1), id: id(), end: Offset(end) });
    let decision = SharePartitions::decide(&hard, &mut soft, Now::default(), command);
    decision.records.iter().for_each(|record| SharePartitions::apply(&mut hard, record));
    let live = &soft.groups["g"].partitions[&id().partition];
    assert_eq!(live.next, hard.find(&id()).expect("it is there").header.start, "all is looked at anew");
    (hard, decision.records.len())
}

fn rows(hard: &Hard) -> (i64, Vec<(i64, i64)>) {
    let stored = hard.find(&id()).expect("it is there");
    (stored.header.start.0, stored.rows.iter().map(|(first, row)| (first.0, row.last.0)).collect())
}

#[test]
fn what_is_known_behind_the_end_is_forgotten() {
    assert_eq!(rows(&after_log_end(13).0), (5, vec![(7, 9), (10, 12)]));
    assert_eq!(rows(&after_log_end(11).0), (5, vec![(7, 9), (10, 10)]));
    assert_eq!(rows(&after_log_end(7).0), (5, vec![]));
}

#[test]
fn records_that_come_in_place_of_lost_ones_are_delivered() {
    assert_eq!(rows(&after_log_end(3).0), (3, vec![]));
}

#[test]
fn a_log_that_is_whole_changes_nothing() {
    assert_eq!(after_log_end(16), (after_log_end(99).0, 0));
    assert_eq!(rows(&after_log_end(16).0), (5, vec![(7, 9), (10, 12), (15, 15)]));
}
