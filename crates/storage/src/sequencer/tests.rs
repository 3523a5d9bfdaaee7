use super::*;
use TransactionVersion::{V1, V2};

mod data;
mod markers;
mod model;

const WRITER: ProducerId = ProducerId(7);
const NOW: Timestamp = Timestamp(1000);

fn facts(epoch: i16, first_sequence: i32, records: i32) -> BatchFacts {
    BatchFacts {
        producer: WRITER,
        epoch: ProducerEpoch(epoch),
        first_sequence,
        offset_delta: records - 1,
        timestamp: Timestamp(5),
        content: Content::Plain,
    }
}

fn inside(epoch: i16, first_sequence: i32, records: i32) -> BatchFacts {
    BatchFacts { content: Content::Transactional, ..facts(epoch, first_sequence, records) }
}

fn marker(epoch: i16, kind: MarkerKind, coordinator_epoch: i32) -> BatchFacts {
    BatchFacts {
        content: Content::Marker(Marker { kind, coordinator_epoch }),
        timestamp: Timestamp(6),
        ..facts(epoch, -1, 1)
    }
}

fn commit(epoch: i16) -> BatchFacts {
    marker(epoch, MarkerKind::Commit, 0)
}

/// Takes what must be accepted under version 1; the batches lie one after the other from offset 100 on.
fn after(batches: &[BatchFacts]) -> PartitionProducers {
    let (mut producers, mut offset) = (PartitionProducers::default(), Offset(100));
    for batch in batches {
        assert_eq!(decide(&producers, batch, V1), Decision::Accept, "{batch:?}");
        producers.apply(batch, offset, NOW);
        offset = offset.plus(i64::from(batch.offset_delta) + 1);
    }
    producers
}

fn duplicate(base: i64, last: i64) -> Decision {
    Decision::Duplicate { base_offset: Offset(base), last_offset: Offset(last), timestamp: Timestamp(5) }
}

fn fenced(current: i16) -> Decision {
    Decision::FencedEpoch { current: ProducerEpoch(current) }
}

#[test]
fn expiry_spares_open_transactions() {
    let mut producers = after(&[facts(0, 0, 1)]);
    let other = BatchFacts { producer: ProducerId(8), ..inside(0, 0, 1) };
    producers.apply(&other, Offset(101), NOW);
    assert_eq!(producers.expire(Timestamp(1999), 1000), 0);
    assert_eq!(producers.expire(Timestamp(2000), 1000), 1);
    assert_eq!(producers.iter().map(|(id, _)| id).collect::<Vec<_>>(), [ProducerId(8)]);
    let end = BatchFacts { producer: ProducerId(8), ..commit(0) };
    producers.apply(&end, Offset(102), NOW);
    assert_eq!(producers.expire(Timestamp(2000), 1000), 1, "its transaction has ended");
}

#[test]
fn batches_without_a_producer_leave_no_trace() {
    let mut producers = PartitionProducers::default();
    let batch = BatchFacts { producer: ProducerId::NONE, ..facts(-1, -1, 1) };
    assert_eq!(decide(&producers, &batch, V1), Decision::Accept);
    assert!(producers.apply(&batch, Offset(0), NOW).is_none());
    assert!(producers.is_empty());
}
