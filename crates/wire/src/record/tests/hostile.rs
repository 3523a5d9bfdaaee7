use super::*;

fn reason(block: &[u8], record_count: i32) -> String {
    read(&batch_of(block, record_count)).unwrap_err().to_string()
}

proptest! {
    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let bytes = Bytes::from(bytes);
        let _ = (validate(&bytes), read(&bytes));
        for (header, batch) in batches(&bytes).flatten() {
            let _ = records_within(header, &batch, 1 << 16).map(|records| records.count());
        }
    }

    #[test]
    fn random_records_never_panic(block in prop::collection::vec(any::<u8>(), 0..200), count: i32) {
        let _ = read(&batch_of(&block, count.max(0)));
    }

    #[test]
    fn damaged_records_never_panic_and_never_lie(inputs in inputs(), codec in codec(), at: prop::sample::Index, byte: u8) {
        let options = BatchOptions { compression: codec, ..BatchOptions::default() };
        let mut batch = build(options, &inputs).to_vec();
        let at = HEADER_BYTES + at.index(batch.len() - HEADER_BYTES);
        batch[at] = byte;
        if let Ok(records) = read(&Bytes::from(batch)) {
            prop_assert_eq!(records.len(), inputs.len());
        }
    }

    #[test]
    fn every_cut_is_noticed(inputs in inputs(), cut: prop::sample::Index) {
        let batch = build(BatchOptions::default(), &inputs);
        let cut = cut.index(batch.len());
        let noticed = matches!(validate(&batch[..cut]), Err(BatchError::TooShort { .. }));
        prop_assert!(noticed);
        if HEADER_BYTES <= cut {
            prop_assert!(read(&batch.slice(..cut)).is_err());
        }
    }
}

#[test]
fn counts_are_checked_before_memory_is_taken() {
    // A header count of 2^31 - 1 in a record of a few bytes.
    let record = [24, 0, 0, 0, 1, 1, 0xfe, 0xff, 0xff, 0xff, 0x0f, 0, 0];
    assert_eq!(reason(&record, 1), "record 0 of the batch: its headers are cut off or malformed");
    // 2^31 - 1 records in no byte at all.
    let none = BatchError::CountMismatch { declared: i32::MAX, found: 0 };
    assert_eq!(read(&batch_of(&[], i32::MAX)), Err(none));
}

#[test]
fn each_malformed_record_is_named() {
    let good = [12, 0, 0, 0, 1, 1, 0];
    assert!(read(&batch_of(&good, 1)).is_ok());
    let two = [good, good].concat();
    assert_eq!(reason(&two, 2), "record 1 of the batch: its offset is not between its neighbours'");
    assert_eq!(reason(&two, 1), "record 1 of the batch: more bytes follow than records");
    assert_eq!(reason(&good, 2), "the batch says that it has 2 records, but 1 are there");
    assert_eq!(reason(&[14, 0, 0, 0, 1, 1, 0], 1), "record 0 of the batch: it ends beyond the batch");
    assert_eq!(reason(&[14, 0, 0, 0, 1, 1, 0, 9], 1), "record 0 of the batch: it is longer than its parts");
    assert_eq!(reason(&[1, 0, 0, 0, 1, 1, 0], 1), "record 0 of the batch: its length is negative");
    assert_eq!(reason(&[0], 1), "record 0 of the batch: it has no attributes");
    assert_eq!(reason(&[12, 0, 0, 0, 18, 1, 0], 1), "record 0 of the batch: its key is cut off");
    assert_eq!(reason(&[12, 0, 0, 0, 1, 18, 0], 1), "record 0 of the batch: its value is cut off");
    assert_eq!(
        reason(&[12, 0, 0, 2, 1, 1, 0], 1),
        "record 0 of the batch: its offset is not between its neighbours'"
    );
    // A header without key.
    assert_eq!(
        reason(&[16, 0, 0, 0, 1, 1, 2, 1, 1], 1),
        "record 0 of the batch: its headers are cut off or malformed"
    );
}

#[test]
fn the_walk_ends_after_an_error() {
    let batch = batch_of(&[12, 0, 0, 0, 18, 1, 0], 3);
    let walk = records(BatchHeader::parse(&batch).unwrap(), &batch).unwrap();
    assert_eq!(walk.take(10).count(), 1);
}

#[test]
fn a_compressed_bomb_is_refused() {
    for compression in Compression::ALL {
        let mut builder = BatchBuilder::new(BatchOptions { compression, ..BatchOptions::default() });
        builder.append(Timestamp(1), None, Some(&vec![0; 1 << 20]), &[]).unwrap();
        let batch = builder.build();
        let header = validate(&batch).unwrap();
        let limit = 1 << 16;
        match compression {
            Compression::None => {
                assert!(records_within(header, &batch, limit).is_ok(), "it is in memory already")
            }
            _ => {
                let result = records_within(header, &batch, limit);
                assert!(matches!(result, Err(BatchError::TooLarge { .. })), "{compression:?}");
            }
        }
    }
}
