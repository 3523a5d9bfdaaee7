use super::*;
use crate::record::varint;
use ottla_base::{ProducerEpoch, ProducerId};

proptest! {
    #[test]
    fn what_is_built_is_read(codec in codec(), inputs in inputs(), base in 0i64..1 << 50) {
        let options = BatchOptions { compression: codec, base_offset: Offset(base), ..BatchOptions::default() };
        let batch = build(options, &inputs);
        let header = validate(&batch).unwrap();
        let expected: Vec<_> = inputs.iter().zip(0..).map(|(input, n)| input.record(Offset(base + n))).collect();
        let newest = inputs.iter().map(|input| input.timestamp).max().unwrap();
        prop_assert_eq!(header.max_timestamp, newest);
        prop_assert_eq!(read(&batch).unwrap(), expected);
    }

    #[test]
    fn varints_round_trip(value in prop_oneof![any::<i64>(), -300i64..300, Just(i64::MIN), Just(i64::MAX)]) {
        let mut bytes = Vec::new();
        varint::put(&mut bytes, value);
        prop_assert_eq!(bytes.len(), varint::size(value));
        let mut rest = &bytes[..];
        prop_assert_eq!(varint::take_i64(&mut rest), Some(value));
        prop_assert!(rest.is_empty());
        prop_assert_eq!(varint::take_i64(&mut &bytes[..bytes.len() - 1]), None);
        prop_assert_eq!(varint::take_i32(&mut &bytes[..]), i32::try_from(value).ok());
    }

    #[test]
    fn the_size_estimate_is_never_too_small(inputs in inputs()) {
        let estimate: usize = inputs.iter().map(|input| {
            record_bytes(input.key.as_deref(), input.value.as_deref(), &input.headers())
        }).sum();
        let mut builder = BatchBuilder::new(BatchOptions::default());
        for input in &inputs {
            // Deltas are small, as the estimate assumes.
            let (key, value) = (input.key.as_deref(), input.value.as_deref());
            builder.append(Timestamp(5), key, value, &input.headers()).unwrap();
        }
        let real = builder.uncompressed_bytes() - HEADER_BYTES;
        prop_assert!(real <= estimate && estimate <= real + 20 * inputs.len(), "{} {}", real, estimate);
    }
}

#[test]
fn varints_longer_than_their_type_are_refused() {
    let mut eleven = [0x80u8; 11];
    eleven[10] = 0;
    assert_eq!(varint::take_i64(&mut &eleven[..]), None);
    let mut overflow = [0xffu8; 10];
    overflow[9] = 2;
    assert_eq!(varint::take_i64(&mut &overflow[..]), None);
    overflow[9] = 1;
    assert_eq!(varint::take_i64(&mut &overflow[..]), Some(i64::MIN));
}

#[test]
fn compaction_keeps_offsets_and_range() {
    let options = BatchOptions { base_offset: Offset(100), ..BatchOptions::default() };
    let mut builder = BatchBuilder::new(options);
    let time = Timestamp(7);
    builder.append_at(Offset(102), time, (Some(b"a"), Some(b"1")), &[]).unwrap();
    builder.append_at(Offset(105), time, (Some(b"b"), None), &[]).unwrap();
    let back = builder.append_at(Offset(105), time, (None, None), &[]);
    assert_eq!(back, Err(AppendError::OffsetOrder(Offset(105))));
    let far = builder.append_at(Offset(1 << 33), time, (None, None), &[]);
    assert_eq!(far, Err(AppendError::OffsetOrder(Offset(1 << 33))));
    assert_eq!(builder.extend_to(Offset(104)), Err(AppendError::OffsetOrder(Offset(104))));
    builder.extend_to(Offset(109)).unwrap();
    let batch = builder.build();
    let header = check_integrity(&batch).unwrap();
    assert_eq!(
        (header.base_offset, header.last_offset(), header.record_count),
        (Offset(100), Offset(109), 2)
    );
    let offsets: Vec<_> = read(&batch).unwrap().iter().map(|record| record.offset.0).collect();
    assert_eq!(offsets, [102, 105]);
    // A producer must not send such a batch.
    assert_eq!(validate(&batch), Err(BatchError::CountMismatch { declared: 2, found: 10 }));
}

#[test]
fn a_batch_without_records_is_read_under_every_codec() {
    for compression in Compression::ALL {
        let mut builder = BatchBuilder::new(BatchOptions { compression, ..BatchOptions::default() });
        builder.extend_to(Offset(3)).unwrap();
        let batch = builder.build();
        assert_eq!(check_integrity(&batch).unwrap().next_offset(), Offset(4));
        assert_eq!(read(&batch), Ok(Vec::new()), "{compression:?}");
    }
}

#[test]
fn the_delete_horizon_takes_the_place_of_the_base_timestamp() {
    let options = BatchOptions { delete_horizon: Some(Timestamp(9_000)), ..BatchOptions::default() };
    let batch = counted(options, 3);
    let header = check_integrity(&batch).unwrap();
    assert_eq!(header.delete_horizon(), Some(Timestamp(9_000)));
    let times: Vec<_> = read(&batch).unwrap().iter().map(|record| record.timestamp.0).collect();
    assert_eq!(times, [1000, 1001, 1002]);
}

#[test]
fn markers_are_read_back() {
    for kind in [MarkerKind::Abort, MarkerKind::Commit] {
        let marker = Marker { kind, coordinator_epoch: 12 };
        let batch = marker.batch(ProducerId(5), ProducerEpoch(2), Timestamp(1));
        let header = validate(&batch).unwrap();
        assert!(header.is_control() && header.is_transactional());
        assert_eq!((header.producer_id, header.producer_epoch), (ProducerId(5), ProducerEpoch(2)));
        assert_eq!(Marker::of(&read(&batch).unwrap()[0]), Some(marker));
    }
    let record = |key: &'static [u8]| Record {
        key: Some(Bytes::from_static(key)),
        value: Some(Bytes::from_static(&[0; 6])),
        ..Record::default()
    };
    assert!(Marker::of(&record(&[0, 0, 0, 1])).is_some());
    assert_eq!(Marker::of(&record(&[0, 0, 0, 2])), None);
    assert_eq!(Marker::of(&record(&[0, 0, 0])), None);
    assert_eq!(Marker::of(&Record::default()), None);
}

#[test]
fn inspection_finds_missing_keys_and_bad_timestamps() {
    let mut builder = BatchBuilder::new(BatchOptions::default());
    for (timestamp, key) in [(50, Some(b"k".as_slice())), (99, None), (-1, None), (200, Some(b"k"))] {
        builder.append(Timestamp(timestamp), key, Some(b"v"), &[]).unwrap();
    }
    let batch = builder.build();
    let header = validate(&batch).unwrap();
    let free = RecordRules { keys: KeyRule::Optional, timestamps: None };
    let found = inspect_records(header, &batch, free).unwrap();
    assert_eq!(found.refused, []);
    assert_eq!(found.max_timestamp, Timestamp(200));
    let strict = RecordRules { keys: KeyRule::Required, timestamps: Some((Timestamp(60), Timestamp(199))) };
    let expected = [
        (0, Refusal::Timestamp(Timestamp(50))),
        (1, Refusal::NoKey),
        (2, Refusal::NoKey),
        (3, Refusal::Timestamp(Timestamp(200))),
    ];
    assert_eq!(inspect_records(header, &batch, strict).unwrap().refused, expected);
}

#[test]
fn inspection_refuses_gaps() {
    let mut builder = BatchBuilder::new(BatchOptions::default());
    builder.append(Timestamp(1), None, None, &[]).unwrap();
    builder.append_at(Offset(2), Timestamp(1), (None, None), &[]).unwrap();
    let batch = builder.build();
    let rules = RecordRules { keys: KeyRule::Optional, timestamps: None };
    let result = inspect_records(BatchHeader::parse(&batch).unwrap(), &batch, rules);
    assert!(matches!(result, Err(BatchError::BadRecord { index: 1, .. })), "{result:?}");
}
