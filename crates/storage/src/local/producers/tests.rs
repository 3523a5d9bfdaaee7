use super::*;
use proptest::prelude::*;

fn batch(producer: i64, sequence: i32) -> BatchFacts {
    BatchFacts {
        producer: ProducerId(producer),
        epoch: ProducerEpoch(2),
        first_sequence: sequence,
        offset_delta: 1,
        timestamp: Timestamp(9),
        transactional: producer == 1,
        control: false,
    }
}

fn state() -> PartitionProducers {
    let mut state = PartitionProducers::default();
    for n in 0..14 {
        state.apply(&batch(i64::from(n % 2), n), Offset(i64::from(n) * 2), Timestamp(50));
    }
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
    let mut theirs = bytes[..10 + 2 * ENTRY_BYTES].to_vec();
    let crc = crc_fast::crc32_iscsi(&theirs[CRC_FROM..]);
    theirs[2..CRC_FROM].copy_from_slice(&crc.to_be_bytes());
    let read = decode(&theirs, Timestamp(50)).unwrap();
    for (id, producer) in read.iter() {
        assert_eq!(producer.window().len(), 1);
        let known = state().iter().find(|(known, _)| *known == id).unwrap().1.last().copied();
        assert_eq!(producer.last().copied(), known);
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
        b"OTLA",
        &[0],
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
