//! What stays of a batch, rule by rule. A record is written `key=value`, a tombstone `key`, one without key `=value`.

use super::super::hash::Secret;
use super::*;
use crate::local::txnindex::AbortedEntry;
use ottla_wire::record::{
    BatchBuilder, BatchOptions, BatchScope, Compression, TimestampType, check_integrity, records,
};

const NOW: Timestamp = Timestamp(1_000_000);
const KEEP_MS: u64 = 500;

struct Pass {
    map: OffsetMap,
    covered: Offset,
    now: Timestamp,
    producers: HashMap<ProducerId, LastBatch>,
    transactions: Transactions,
    counts: Counts,
}

impl Pass {
    /// A pass whose map has these keys, up to `covered`.
    fn new(newest: &[(&str, i64)], covered: i64) -> Self {
        let mut map = OffsetMap::new(Secret(1, 2), 100, 1 << 20, 0.9);
        newest.iter().for_each(|(key, offset)| map.put(key.as_bytes(), Offset(*offset)).unwrap());
        Self {
            map,
            covered: Offset(covered),
            now: NOW,
            producers: HashMap::default(),
            transactions: Transactions::default(),
            counts: Counts::default(),
        }
    }

    fn at(mut self, now: i64) -> Self {
        self.now = Timestamp(now);
        self
    }

    fn last(mut self, producer: i64, last: LastBatch) -> Self {
        self.producers.insert(ProducerId(producer), last);
        self
    }

    fn aborted(mut self, producer: i64, first: i64, last: i64) -> Self {
        let (producer, first, marker) = (ProducerId(producer), Offset(first), Offset(last));
        let entry = AbortedEntry { producer, first, marker, last_stable: marker };
        self.transactions = Transactions::new(vec![entry]);
        self
    }

    fn keep(&mut self, batch: &Bytes) -> Kept {
        let rules = Rules {
            map: &self.map,
            covered: self.covered,
            now: self.now,
            delete_retention_ms: KEEP_MS,
            producers: &self.producers,
        };
        let header = check_integrity(batch).unwrap();
        rules.apply(&mut self.transactions, &mut self.counts, (&header, batch)).unwrap()
    }

    /// What stays, as `offset:record` each; `None` if not even the header does.
    fn left(&mut self, batch: &Bytes) -> Option<Vec<String>> {
        match self.keep(batch) {
            Kept::Nothing => None,
            Kept::Whole => Some(text(batch)),
            Kept::Part(part) => {
                let (before, after) = (check_integrity(batch).unwrap(), check_integrity(&part).unwrap());
                assert_eq!(
                    (before.base_offset, before.last_offset()),
                    (after.base_offset, after.last_offset())
                );
                assert_eq!(before.last_sequence(), after.last_sequence());
                Some(text(&part))
            }
        }
    }
}

fn text(batch: &Bytes) -> Vec<String> {
    let header = check_integrity(batch).unwrap();
    let utf8 = |bytes: Bytes| String::from_utf8(bytes.to_vec()).unwrap();
    let one = |record: Record| {
        let value = record.value.map_or(String::new(), |value| format!("={}", utf8(value)));
        format!("{}:{}{value}", record.offset, record.key.map_or(String::new(), utf8))
    };
    records(header, batch).unwrap().map(|record| one(record.unwrap())).collect()
}

fn options(base_offset: i64) -> BatchOptions {
    BatchOptions { base_offset: Offset(base_offset), ..BatchOptions::default() }
}

fn of_producer(producer: i64, base_offset: i64, scope: BatchScope) -> BatchOptions {
    BatchOptions {
        producer_id: ProducerId(producer),
        producer_epoch: ProducerEpoch(3),
        base_sequence: 70,
        scope,
        ..options(base_offset)
    }
}

fn batch(options: BatchOptions, records: &[&str]) -> Bytes {
    let mut builder = BatchBuilder::new(options);
    for record in records {
        let (key, value) = record.split_once('=').map_or((*record, None), |(key, value)| (key, Some(value)));
        let key = Some(key.as_bytes()).filter(|key| !key.is_empty());
        builder.append(Timestamp(5), key, value.map(str::as_bytes), &[]).unwrap();
    }
    builder.build()
}

fn marker(producer: i64, offset: i64, kind: MarkerKind) -> Bytes {
    let marker = Marker { kind, coordinator_epoch: 7 };
    let mut batch =
        bytes::BytesMut::from(&marker.batch(ProducerId(producer), ProducerEpoch(3), Timestamp(5))[..]);
    record::set_base_offset(&mut batch, Offset(offset));
    batch.freeze()
}

fn some(records: &[&str]) -> Option<Vec<String>> {
    Some(records.iter().map(|record| (*record).to_owned()).collect())
}

#[test]
fn the_newest_record_of_each_key_stays() {
    let mut pass = Pass::new(&[("a", 12), ("b", 11)], 20);
    assert_eq!(
        pass.left(&batch(options(10), &["a=1", "b=2", "a=3", "c=4"])),
        some(&["11:b=2", "12:a=3", "13:c=4"])
    );
    assert_eq!(pass.left(&batch(options(5), &["a=0", "b=0"])), None);
    assert_eq!(pass.counts, Counts { records: 6, kept: 3 });
}

#[test]
fn a_batch_that_loses_nothing_stays_byte_for_byte() {
    let mut pass = Pass::new(&[("a", 10)], 20);
    assert_eq!(pass.keep(&batch(options(10), &["a=1", "x=2"])), Kept::Whole);
}

#[test]
fn a_record_without_a_key_goes() {
    assert_eq!(Pass::new(&[], 20).left(&batch(options(10), &["=1", "a=2"])), some(&["11:a=2"]));
}

#[test]
fn what_the_map_does_not_cover_stays() {
    let mut pass = Pass::new(&[("a", 12), ("b", 13)], 12);
    let all = batch(options(10), &["a=1", "b=2", "a=3", "b=4", "=5", "t"]);
    assert_eq!(pass.left(&all), some(&["12:a=3", "13:b=4", "14:=5", "15:t"]));
    let Kept::Part(part) = pass.keep(&all) else { panic!("two records are gone") };
    assert_eq!(check_integrity(&part).unwrap().delete_horizon(), None, "t has not been compacted yet");
}

#[test]
fn compression_and_headers_stay() {
    for compression in Compression::ALL {
        let mut pass = Pass::new(&[("a", 11)], 20);
        let before = batch(BatchOptions { compression, ..options(10) }, &["a=1", "a=2"]);
        let Kept::Part(part) = pass.keep(&before) else { panic!("one record is gone") };
        assert_eq!(check_integrity(&part).unwrap().compression(), Ok(compression));
        assert_eq!(text(&part), ["11:a=2"]);
    }
}

#[test]
fn a_tombstone_stays_until_its_horizon() {
    let first = batch(options(10), &["a=1", "a"]);
    let mut pass = Pass::new(&[("a", 11)], 20);
    let Kept::Part(second) = pass.keep(&first) else { panic!("the value is gone") };
    let header = check_integrity(&second).unwrap();
    let horizon = NOW.0 + 500;
    assert_eq!(header.delete_horizon(), Some(Timestamp(horizon)));
    assert_eq!(header.max_timestamp, Timestamp(5), "the record's own time is not lost");
    // Until then it stays as it is, whether the key is in the map or not; then it goes.
    for newest in [&[("a", 11)][..], &[]] {
        assert_eq!(Pass::new(newest, 20).at(horizon - 1).keep(&second), Kept::Whole);
        assert_eq!(Pass::new(newest, 20).at(horizon).keep(&second), Kept::Nothing);
    }
    // A newer record of the key ends it at once.
    assert_eq!(Pass::new(&[("a", 12)], 20).keep(&second), Kept::Nothing);
}

#[test]
fn the_first_pass_sets_a_horizon_even_if_nothing_else_changes() {
    let Kept::Part(part) = Pass::new(&[("a", 11)], 20).keep(&batch(options(10), &["b=1", "a"])) else {
        panic!("the header changes");
    };
    assert_eq!(text(&part), ["10:b=1", "11:a"]);
    let log_append_time = BatchOptions { timestamp_type: TimestampType::LogAppendTime, ..options(10) };
    let Kept::Part(part) = Pass::new(&[("a", 10)], 20).keep(&batch(log_append_time, &["a"])) else {
        panic!("the header changes");
    };
    let header = check_integrity(&part).unwrap();
    assert_eq!(records(header, &part).unwrap().next().unwrap().unwrap().timestamp, Timestamp(5));
}

#[test]
fn the_last_batch_of_a_producer_stays_without_records() {
    let last = batch(of_producer(7, 10, BatchScope::Plain), &["a=1", "a=2"]);
    let mut pass = Pass::new(&[("a", 15)], 20).last(7, LastBatch::Data(Offset(11)));
    assert_eq!(pass.left(&last), some(&[]));
    let Kept::Part(empty) = pass.keep(&last) else { panic!("its records are gone") };
    assert_eq!(pass.keep(&empty), Kept::Whole, "and so in every later pass");
    // An earlier batch, and one of a producer that nobody remembers, need not.
    let mut pass = Pass::new(&[("a", 15)], 20).last(7, LastBatch::Data(Offset(12)));
    assert_eq!(pass.left(&last), None);
    assert_eq!(pass.keep(&empty), Kept::Nothing);
    assert_eq!(Pass::new(&[("a", 15)], 20).left(&last), None);
}

#[test]
fn aborted_data_goes_and_its_marker_follows_when_nothing_is_left() {
    let data = batch(of_producer(7, 10, BatchScope::Transactional), &["a=1", "b"]);
    let abort = marker(7, 12, MarkerKind::Abort);
    let mut pass = Pass::new(&[], 20).aborted(7, 10, 12);
    assert_eq!(pass.keep(&data), Kept::Nothing);
    assert_eq!(pass.keep(&abort), Kept::Whole, "readers of the old segment still need it");
    // The next pass finds no data any more: from then on the marker's time runs.
    let Kept::Part(timed) = Pass::new(&[], 20).keep(&abort) else { panic!("it gets a horizon") };
    assert_eq!(
        Marker::of(&records(check_integrity(&timed).unwrap(), &timed).unwrap().next().unwrap().unwrap()),
        Some(Marker { kind: MarkerKind::Abort, coordinator_epoch: 7 })
    );
    assert_eq!(Pass::new(&[], 20).at(NOW.0 + 499).keep(&timed), Kept::Whole);
    assert_eq!(Pass::new(&[], 20).at(NOW.0 + 500).keep(&timed), Kept::Nothing);
}

#[test]
fn aborted_data_is_removed_also_where_the_map_does_not_reach() {
    let data = batch(of_producer(7, 30, BatchScope::Transactional), &["a=1"]);
    assert_eq!(Pass::new(&[], 20).aborted(7, 30, 31).keep(&data), Kept::Nothing);
}

#[test]
fn the_marker_of_committed_data_stays_as_long_as_any_of_it() {
    let data = batch(of_producer(7, 10, BatchScope::Transactional), &["a=1"]);
    let commit = marker(7, 11, MarkerKind::Commit);
    let mut pass = Pass::new(&[("a", 10)], 20);
    assert_eq!((pass.keep(&data), pass.keep(&commit)), (Kept::Whole, Kept::Whole));
    // In the pass that removes the data the marker is not touched; in the next its time begins.
    let mut pass = Pass::new(&[("a", 15)], 20);
    assert_eq!((pass.keep(&data), pass.keep(&commit)), (Kept::Nothing, Kept::Whole));
    assert!(matches!(Pass::new(&[("a", 15)], 20).keep(&commit), Kept::Part(_)));
    // An emptied batch, kept for the sequence, is still a part of the transaction.
    let mut pass = Pass::new(&[("a", 15)], 20).last(7, LastBatch::Data(Offset(10)));
    assert_eq!((pass.left(&data), pass.keep(&commit)), (some(&[]), Kept::Whole));
}

#[test]
fn the_last_marker_of_a_producer_without_data_stays() {
    let commit = marker(7, 11, MarkerKind::Commit);
    let Kept::Part(timed) = Pass::new(&[], 20).keep(&commit) else { panic!("it gets a horizon") };
    let late = NOW.0 + 10_000;
    let with = |epoch| Pass::new(&[], 20).at(late).last(7, LastBatch::Marker(ProducerEpoch(epoch)));
    assert_eq!(with(3).keep(&timed), Kept::Whole);
    assert_eq!(with(4).keep(&timed), Kept::Nothing);
}

#[test]
fn damaged_records_are_an_error_and_not_dropped() {
    let good = batch(options(10), &["a=1", "b=2"]);
    let mut bad = good.to_vec();
    bad[61] = 0x7f;
    let header = check_integrity(&good).unwrap();
    let pass = Pass::new(&[], 20);
    let rules = Rules {
        map: &pass.map,
        covered: pass.covered,
        now: NOW,
        delete_retention_ms: KEEP_MS,
        producers: &pass.producers,
    };
    let result = rules.apply(&mut Transactions::default(), &mut Counts::default(), (&header, &bad.into()));
    assert!(matches!(result, Err(BatchError::BadRecord { .. })));
}
