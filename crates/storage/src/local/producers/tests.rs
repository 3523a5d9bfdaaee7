use super::*;
use crate::sequencer::Content;
use ottla_wire::record::{Marker, MarkerKind};
use proptest::prelude::*;

fn batch(producer: i64, sequence: i32) -> BatchFacts {
    BatchFacts {
        producer: ProducerId(producer),
        epoch: ProducerEpoch(2),
        first_sequence: sequence,
        offset_delta: 1,
        timestamp: Timestamp(9),
        content: if producer == 1 { Content::Transactional } else { Content::Plain },
    }
}

fn marker(producer: i64, epoch: i16) -> BatchFacts {
    let content = Content::Marker(Marker { kind: MarkerKind::Commit, coordinator_epoch: 4 });
    let (epoch, timestamp) = (ProducerEpoch(epoch), Timestamp(10));
    BatchFacts { epoch, timestamp, first_sequence: -1, offset_delta: 0, content, ..batch(producer, 0) }
}

fn state() -> PartitionProducers {
    let mut state = PartitionProducers::default();
    for n in 0..14 {
        state.apply(&batch(i64::from(n % 2), n), Offset(i64::from(n) * 2), Timestamp(50));
    }
    state.apply(&batch(2, 0), Offset(28), Timestamp(50));
    state.apply(&marker(2, 2), Offset(30), Timestamp(50));
    state.apply(&batch(3, 0), Offset(31), Timestamp(50));
    // The producer has begun a new epoch and has sent nothing in it.
    state.apply(&marker(3, 3), Offset(33), Timestamp(50));
    state
}

#[test]
fn a_snapshot_reads_back_with_the_whole_window() {
    assert_eq!(decode(&encode(&state()), Timestamp(50)), Some(state()));
    let empty = PartitionProducers::default();
    assert_eq!(decode(&encode(&empty), Timestamp(50)), Some(empty));
}

#[test]
fn a_snapshot_of_kafka_has_the_last_batch_only() {
    let bytes = encode(&state());
    let mut theirs = bytes[..10 + 4 * ENTRY_BYTES].to_vec();
    let crc = crc_fast::crc32_iscsi(&theirs[CRC_FROM..]);
    theirs[2..CRC_FROM].copy_from_slice(&crc.to_be_bytes());
    let read = decode(&theirs, Timestamp(50)).unwrap();
    for (id, producer) in read.iter() {
        let known = *state().get(id).unwrap();
        let batch =
            |batch: &RememberedBatch| (batch.first_sequence(), batch.last_sequence, batch.last_offset);
        assert_eq!(
            producer.window().iter().map(batch).collect::<Vec<_>>(),
            Vec::from_iter(known.last().map(batch))
        );
        assert_eq!(producer.last_timestamp, known.last_timestamp);
        assert_eq!(producer.coordinator_epoch, known.coordinator_epoch);
        assert_eq!(producer.transaction_start, known.transaction_start);
    }
}

#[test]
fn the_bytes_are_kafkas() {
    let mut state = PartitionProducers::default();
    state.apply(&batch(3, 10), Offset(70), Timestamp(50));
    let bytes = encode(&state);
    let expected = [
        &[0, 1][..],
        &bytes[2..6],
        &[0, 0, 0, 1],
        &3_i64.to_be_bytes(),
        &2_i16.to_be_bytes(),
        &11_i32.to_be_bytes(),
        &71_i64.to_be_bytes(),
        &1_i32.to_be_bytes(),
        &9_i64.to_be_bytes(),
        &(-1_i32).to_be_bytes(),
        &(-1_i64).to_be_bytes(),
        b"OTLB",
        &[1],
        &11_i32.to_be_bytes(),
        &71_i64.to_be_bytes(),
        &1_i32.to_be_bytes(),
        &9_i64.to_be_bytes(),
    ];
    assert_eq!(bytes, expected.concat());
}

proptest! {
    #[test]
    fn damaged_snapshots_are_refused(at in any::<prop::sample::Index>(), bit in 0..8_u32, cut in any::<bool>()) {
        let mut bytes = encode(&state());
        let at = at.index(bytes.len());
        if cut {
            bytes.truncate(at);
        } else {
            bytes[at] ^= 1 << bit;
        }
        prop_assert_eq!(decode(&bytes, Timestamp(50)), None);
    }
}
