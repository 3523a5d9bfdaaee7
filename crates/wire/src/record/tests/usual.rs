//! The quick look and the reading record by record, held against each other.

use super::*;
use crate::record::inspect::{inspect_each, inspect_usual};
use crate::record::varint;
use bytes::BytesMut;

const FREE: RecordRules = RecordRules { keys: KeyRule::Optional, timestamps: None };

/// Most are of the usual form; the others are close to it: numbers of two and three bytes, longer keys, a header.
fn nearly_usual() -> impl Strategy<Value = Vec<Input>> {
    let bytes = |longest| prop::option::weighted(0.8, prop::collection::vec(any::<u8>(), 0..longest));
    let key = prop_oneof![20 => bytes(63), 1 => bytes(70)];
    let value = prop_oneof![20 => bytes(200), 1 => bytes(9_000)];
    let timestamp = prop_oneof![20 => 0..8_000i64, 1 => -9_000..9_000i64];
    let header = || vec![("h".to_owned(), Some(vec![1]))];
    let headers = prop_oneof![30 => Just(Vec::new()), 1 => Just(header())];
    let input = (timestamp, key, value, headers).prop_map(|(timestamp, key, value, headers)| Input {
        timestamp: Timestamp(1_700_000_000_000 + timestamp),
        key,
        value,
        headers,
    });
    prop::collection::vec(input, 1..80)
}

/// Records that are hardly more than their numbers, so that damage hits these.
fn tiny() -> impl Strategy<Value = Vec<Input>> {
    let bytes = || prop::option::of(prop::collection::vec(0u8..4, 0..3));
    let input = (bytes(), bytes()).prop_map(|(key, value)| Input {
        timestamp: Timestamp(1_700_000_000_000),
        key,
        value,
        headers: Vec::new(),
    });
    prop::collection::vec(input, 1..4)
}

fn rules() -> impl Strategy<Value = RecordRules> {
    let keys = prop::sample::select(vec![KeyRule::Optional, KeyRule::Required]);
    let from = prop::sample::select(vec![i64::MIN, 1_700_000_000_000, 1_700_000_004_000]);
    let to = prop::sample::select(vec![i64::MAX, 1_700_000_007_999, 1_700_000_004_000]);
    (keys, prop::option::of((from, to))).prop_map(|(keys, range)| RecordRules {
        keys,
        timestamps: range.map(|(from, to)| (Timestamp(from), Timestamp(to))),
    })
}

/// What was found, if the quick look was enough; then reading record by record has found the same.
fn look(batch: &Bytes, rules: RecordRules) -> Result<Option<Inspection>, TestCaseError> {
    let Ok(header) = BatchHeader::parse(batch) else { return Ok(None) };
    let found = inspect_usual(header, batch, rules);
    if let Some(found) = &found {
        prop_assert_eq!(&Ok(found.clone()), &inspect_each(header, batch, rules));
    }
    Ok(found)
}

fn change_i32(batch: &mut [u8], at: usize, by: i32) {
    let field = batch[at..].first_chunk_mut().unwrap();
    *field = i32::from_be_bytes(*field).wrapping_add(by).to_be_bytes();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn both_agree_on_sound_batches(inputs in nearly_usual(), rules in rules()) {
        look(&build(BatchOptions::default(), &inputs), rules)?;
    }

    #[test]
    fn both_agree_on_damaged_batches(
        inputs in prop_oneof![tiny(), nearly_usual()],
        rules in rules(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), prop_oneof![0u8..20, any::<u8>()]), 1..4),
    ) {
        let mut batch = build(BatchOptions::default(), &inputs).to_vec();
        for (at, byte) in damage {
            let at = HEADER_BYTES + at.index(batch.len() - HEADER_BYTES);
            batch[at] = byte;
        }
        look(&batch.into(), rules)?;
    }

    #[test]
    fn both_agree_on_batches_that_are_cut_or_drawn_out(
        inputs in nearly_usual(),
        by in prop_oneof![1 => Just(0), 1 => -20i32..20],
        count_by in prop_oneof![1 => Just(0), 1 => -2i32..=2],
        last_by in -2i32..=2,
    ) {
        let mut batch = build(BatchOptions::default(), &inputs).to_vec();
        let length = usize::try_from(by + i32::try_from(batch.len()).unwrap()).unwrap();
        batch.resize(length.max(HEADER_BYTES), 0);
        let length = i32::try_from(batch.len()).unwrap() - 12;
        batch[8..12].copy_from_slice(&length.to_be_bytes());
        change_i32(&mut batch, 57, count_by);
        change_i32(&mut batch, 23, last_by);
        look(&batch.into(), FREE)?;
    }

    #[test]
    fn both_agree_on_records_of_random_small_numbers(block in prop::collection::vec(0u8..20, 0..40), count in 0..4i32) {
        look(&batch_of(&block, count), FREE)?;
    }
}

#[test]
fn what_nearly_every_producer_sends_is_looked_at_quickly() {
    let input = |key: Option<usize>, value: Option<usize>| Input {
        timestamp: Timestamp(1_700_000_000_000),
        key: key.map(|bytes| vec![7; bytes]),
        value: value.map(|bytes| vec![8; bytes]),
        headers: Vec::new(),
    };
    for (key, value) in
        [(None, Some(100)), (Some(16), Some(1024)), (Some(0), Some(1)), (Some(63), Some(8_000))]
    {
        for count in [1, 64, 160, 8_192] {
            let inputs = vec![input(key, value); if value < Some(1_000) { count } else { 100 }];
            let batch = build(BatchOptions::default(), &inputs);
            let found = look(&batch, RecordRules { keys: KeyRule::Optional, timestamps: None }).unwrap();
            let found = found.expect("nothing is unusual here");
            assert_eq!((found.refused, found.max_timestamp), (Vec::new(), inputs[0].timestamp));
        }
    }
    // A tombstone.
    assert!(look(&build(BatchOptions::default(), &[input(Some(5), None)]), FREE).unwrap().is_some());
}

#[test]
fn a_long_key_is_not_taken_for_a_short_one() {
    // A key of 66 bytes, whose length has two, and a value of 2 bytes of which one is missing. Who took the first byte
    // of the length for all of it would find a value of one byte, sound and whole.
    let mut record = vec![0, 0, 0, 0x84, 0x01];
    record.extend([7; 65]);
    record.extend([0x02, 0x04, 0x00]);
    let mut block = Vec::new();
    varint::put(&mut block, i64::try_from(record.len()).unwrap());
    block.extend(record);
    let batch = batch_of(&block, 1);
    assert_eq!(look(&batch, FREE).unwrap(), None);
    assert!(inspect_records(BatchHeader::parse(&batch).unwrap(), &batch, FREE).is_err());
}

#[test]
fn a_record_longer_than_its_parts_is_not_taken_for_sound() {
    assert!(
        look(&batch_of(&[12, 0, 0, 0, 1, 0, 0, 0][..7], 1), FREE).unwrap().is_none(),
        "seven bytes are not looked at"
    );
    assert!(look(&batch_of(&[14, 0, 0, 0, 1, 2, 0, 0], 1), FREE).unwrap().is_some());
    assert!(look(&batch_of(&[14, 0, 0, 0, 1, 0, 0, 0], 1), FREE).unwrap().is_none());
}

#[test]
fn what_the_header_makes_of_timestamps_is_left_to_reading() {
    let batch = counted(BatchOptions::default(), 3);
    let mut timed_here = BytesMut::from(&batch[..]);
    set_log_append_time(&mut timed_here, Timestamp(7));
    assert_eq!(look(&timed_here.freeze(), FREE).unwrap(), None, "the broker's is the one of all");
    let mut at_the_end = BytesMut::from(&batch[..]);
    at_the_end[27..35].copy_from_slice(&(i64::MAX - 1).to_be_bytes());
    assert_eq!(look(&at_the_end.freeze(), FREE).unwrap(), None, "the third's is cut to the largest");
}

#[test]
fn a_record_that_breaks_a_rule_is_named_by_reading() {
    let batch = counted(BatchOptions::default(), 3);
    let timely = |from, to| RecordRules { timestamps: Some((Timestamp(from), Timestamp(to))), ..FREE };
    assert!(look(&batch, timely(1_000, 1_002)).unwrap().is_some());
    for (rules, refused) in [(timely(1_001, 1_002), 0), (timely(1_000, 1_001), 2)] {
        assert!(look(&batch, rules).unwrap().is_none());
        let found = inspect_records(BatchHeader::parse(&batch).unwrap(), &batch, rules).unwrap();
        assert_eq!(found.refused, [(refused, Refusal::Timestamp(Timestamp(1_000 + i64::from(refused))))]);
    }
    let keyless = Input { timestamp: Timestamp(1), key: None, value: Some(vec![1]), headers: Vec::new() };
    let batch = build(BatchOptions::default(), &[keyless]);
    assert!(look(&batch, RecordRules { keys: KeyRule::Required, ..FREE }).unwrap().is_none());
}
