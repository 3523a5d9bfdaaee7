use super::*;
use ottla_base::{ProducerEpoch, ProducerId};
use ottla_wire::record::{
    BatchBuilder, BatchError, BatchOptions, BatchScope, Marker, MarkerKind, set_base_offset,
};

/// A batch of records whose values are their offsets.
fn batch(base: i64, count: i64, producer: Option<i64>) -> Vec<u8> {
    let scope = producer.map_or(BatchScope::Plain, |_| BatchScope::Transactional);
    let producer_id = ProducerId(producer.unwrap_or(-1));
    let base_offset = Offset(base);
    let mut builder =
        BatchBuilder::new(BatchOptions { base_offset, scope, producer_id, ..BatchOptions::default() });
    for offset in base..base + count {
        builder.append(Timestamp(5), None, Some(offset.to_string().as_bytes()), &[]).unwrap();
    }
    builder.build().to_vec()
}

fn marker(offset: i64, producer: i64, kind: MarkerKind) -> Vec<u8> {
    let marker = Marker { kind, coordinator_epoch: 0 };
    let mut batch = marker.batch(ProducerId(producer), ProducerEpoch(0), Timestamp(5)).to_vec();
    set_base_offset(&mut batch, Offset(offset));
    batch
}

/// Takes everything from `position` on, `room` records at a time; the offsets, and the position behind them.
fn take(
    parts: &[Vec<u8>],
    aborted: &[(i64, i64)],
    (isolation, mut position): (Isolation, Offset),
    room: usize,
) -> Result<(Vec<i64>, i64), BatchError> {
    let answer = fetch::Answer {
        high_watermark: Offset(99),
        log_start: None,
        records: parts.concat().into(),
        aborted: aborted.iter().map(|(id, first)| (ProducerId(*id), Offset(*first))).collect(),
    };
    let options = ConsumerOptions { isolation, ..ConsumerOptions::default() };
    let mut buffer = Buffer::new(answer, &options);
    let partition = TopicPartition::new("t", 0);
    let (mut records, mut epoch) = (Vec::new(), LeaderEpoch::NONE);
    while !buffer.is_empty() {
        let before = records.len();
        buffer.take(&partition, room, (&mut position, &mut epoch), &mut records)?;
        assert!(records.len() <= before + room);
    }
    assert!(
        records.iter().all(|record| record.value.as_deref() == Some(record.offset.to_string().as_bytes()))
    );
    Ok((records.iter().map(|record| record.offset.0).collect(), position.0))
}

const PLAIN: Isolation = Isolation::ReadUncommitted;
const COMMITTED: Isolation = Isolation::ReadCommitted;

#[test]
fn records_before_the_position_and_a_cut_batch_are_dropped() {
    let parts = [batch(10, 5, None), batch(15, 3, None), batch(18, 9, None)[..80].to_vec()];
    for room in [1, 2, 3, 100] {
        let all = take(&parts, &[], (PLAIN, Offset(12)), room);
        assert_eq!(all, Ok((vec![12, 13, 14, 15, 16, 17], 18)), "{room}");
    }
}

#[test]
fn markers_are_never_given_but_move_the_position() {
    let parts = [
        batch(0, 2, Some(4)),
        marker(2, 4, MarkerKind::Commit),
        batch(3, 1, None),
        marker(4, 4, MarkerKind::Abort),
    ];
    assert_eq!(take(&parts, &[], (PLAIN, Offset(0)), 9), Ok((vec![0, 1, 3], 5)));
    assert_eq!(take(&parts, &[], (COMMITTED, Offset(0)), 9), Ok((vec![0, 1, 3], 5)));
}

#[test]
fn aborted_transactions_are_dropped_under_read_committed_only() {
    let parts = [
        batch(0, 2, Some(4)),
        batch(2, 1, Some(5)),
        batch(3, 1, None),
        marker(4, 4, MarkerKind::Abort),
        // The same producer's next transaction stands.
        batch(5, 1, Some(4)),
        marker(6, 4, MarkerKind::Commit),
        marker(7, 5, MarkerKind::Commit),
        batch(8, 1, Some(4)),
        marker(9, 4, MarkerKind::Abort),
    ];
    let aborted = [(4, 0), (4, 8)];
    assert_eq!(take(&parts, &aborted, (COMMITTED, Offset(0)), 2), Ok((vec![2, 3, 5], 10)));
    assert_eq!(take(&parts, &aborted, (PLAIN, Offset(0)), 2), Ok((vec![0, 1, 2, 3, 5, 8], 10)));
    // Also when the transaction began before the answer does.
    assert_eq!(take(&parts[1..], &aborted, (COMMITTED, Offset(2)), 2), Ok((vec![2, 3, 5], 10)));
}

#[test]
fn a_batch_without_its_last_records_does_not_stop_the_position() {
    let mut builder = BatchBuilder::new(BatchOptions::default());
    builder.append(Timestamp(5), None, Some(b"0"), &[]).unwrap();
    builder.extend_to(Offset(7)).unwrap();
    let mut empty = BatchBuilder::new(BatchOptions { base_offset: Offset(8), ..BatchOptions::default() });
    empty.extend_to(Offset(9)).unwrap();
    let parts = [builder.build().to_vec(), empty.build().to_vec()];
    assert_eq!(take(&parts, &[], (PLAIN, Offset(0)), 5), Ok((vec![0], 10)));
}

#[test]
fn a_damaged_batch_is_an_error() {
    let mut damaged = batch(0, 1, None);
    *damaged.last_mut().unwrap() ^= 1;
    let result = take(&[damaged], &[], (PLAIN, Offset(0)), 5);
    assert!(matches!(result, Err(BatchError::CrcMismatch { .. })), "{result:?}");
}
