use super::*;
use ottla_base::{LeaderEpoch, ProducerEpoch, ProducerId};
use std::io::Write;
use std::sync::Arc;

fn options() -> BatchOptions {
    BatchOptions {
        compression: Compression::Zstd,
        producer_id: ProducerId(77),
        producer_epoch: ProducerEpoch(3),
        base_sequence: 9,
        scope: BatchScope::Transactional,
        ..BatchOptions::default()
    }
}

#[test]
fn every_field_is_read_back() {
    let batch = counted(options(), 5);
    let header = validate(&batch).unwrap();
    let expected = BatchHeader {
        base_offset: Offset(0),
        length: i32::try_from(batch.len()).unwrap() - 12,
        partition_leader_epoch: LeaderEpoch::NONE,
        magic: 2,
        crc: header.crc,
        attributes: 4 | 16,
        last_offset_delta: 4,
        base_timestamp: Timestamp(1000),
        max_timestamp: Timestamp(1004),
        producer_id: ProducerId(77),
        producer_epoch: ProducerEpoch(3),
        base_sequence: 9,
        record_count: 5,
    };
    assert_eq!(header, expected);
    assert_eq!(header.size(), batch.len());
    assert_eq!(
        (header.last_offset(), header.next_offset(), header.last_sequence()),
        (Offset(4), Offset(5), 13)
    );
    assert!(header.is_transactional() && !header.is_control());
    assert_eq!(header.compression(), Ok(Compression::Zstd));
    assert_eq!(header.delete_horizon(), None);
}

#[test]
fn the_checksum_is_crc_32c_of_what_follows_it() {
    // The check value of the algorithm's catalogue entry (CRC-32/ISCSI).
    assert_eq!(crc_fast::crc32_iscsi(b"123456789"), 0xe306_9283);
    let mut batch = counted(options(), 2).to_vec();
    assert_eq!(verify_crc(&batch), Ok(()));
    batch[20] ^= 1;
    assert!(matches!(verify_crc(&batch), Err(BatchError::CrcMismatch { .. })));
}

#[test]
fn stamping_keeps_the_batch_intact() {
    let mut batch = counted(options(), 3).to_vec();
    let before = BatchHeader::parse(&batch).unwrap();
    set_base_offset(&mut batch, Offset(1 << 40));
    set_leader_epoch(&mut batch, LeaderEpoch(8));
    let header = validate(&batch).unwrap();
    let expected =
        BatchHeader { base_offset: Offset(1 << 40), partition_leader_epoch: LeaderEpoch(8), ..before };
    assert_eq!(header, expected);

    set_log_append_time(&mut batch, Timestamp(5_000));
    let header = validate(&batch).unwrap();
    assert_eq!(header.timestamp_type(), TimestampType::LogAppendTime);
    assert_ne!(header.crc, before.crc);
    let records = read(&Bytes::from(batch)).unwrap();
    let stamped: Vec<_> =
        records.iter().map(|record| (record.offset.0 - (1 << 40), record.timestamp.0)).collect();
    assert_eq!(stamped, [(0, 5_000), (1, 5_000), (2, 5_000)]);
}

/// Applies `change` to a good batch, repairs the checksum, and validates it.
fn validate_changed(change: impl FnOnce(&mut Vec<u8>)) -> Result<BatchHeader, BatchError> {
    let mut batch = counted(options(), 3).to_vec();
    change(&mut batch);
    if HEADER_BYTES <= batch.len() {
        crate::record::header::set_crc(&mut batch);
    }
    validate(&batch)
}

fn put<const N: usize>(batch: &mut [u8], at: usize, bytes: [u8; N]) {
    batch[at..at + N].copy_from_slice(&bytes);
}

#[test]
fn each_damage_has_its_own_error() {
    let whole = counted(options(), 3).len();
    assert!(validate_changed(|_| {}).is_ok());
    let too_short = |needed, available| Err(BatchError::TooShort { needed, available });
    assert_eq!(validate_changed(Vec::clear), too_short(61, 0));
    assert_eq!(validate_changed(|batch| batch.truncate(60)), too_short(61, 60));
    assert_eq!(validate_changed(|batch| batch.truncate(whole - 1)), too_short(whole, whole - 1));
    assert_eq!(validate_changed(|batch| batch[16] = 1), Err(BatchError::UnsupportedMagic { magic: 1 }));
    assert_eq!(validate_changed(|batch| batch[16] = 0xff), Err(BatchError::UnsupportedMagic { magic: -1 }));
    let mismatch = |declared, available| Err(BatchError::LengthMismatch { declared, available });
    let declared = i32::try_from(whole).unwrap() - 12;
    assert_eq!(validate_changed(|batch| batch.push(0)), mismatch(declared, whole - 11));
    assert_eq!(validate_changed(|batch| put(batch, 8, 48i32.to_be_bytes())), mismatch(48, whole - 12));
    assert_eq!(validate_changed(|batch| put(batch, 8, (-1i32).to_be_bytes())), mismatch(-1, whole - 12));
    let huge = validate_changed(|batch| put(batch, 8, i32::MAX.to_be_bytes()));
    assert_eq!(huge, too_short(12 + i32::MAX.cast_unsigned() as usize, whole));
    let count = |declared, found| Err(BatchError::CountMismatch { declared, found });
    assert_eq!(validate_changed(|batch| put(batch, 57, 4i32.to_be_bytes())), count(4, 3));
    assert_eq!(validate_changed(|batch| put(batch, 57, 0i32.to_be_bytes())), count(0, 3));
    assert_eq!(validate_changed(|batch| put(batch, 57, (-1i32).to_be_bytes())), count(-1, 3));
    let range = |field, value| Err(BatchError::BadRange { field, value });
    let negative = validate_changed(|batch| put(batch, 23, (-1i32).to_be_bytes()));
    assert_eq!(negative, range("last offset delta", -1));
    let negative = validate_changed(|batch| set_base_offset(batch, Offset(-2)));
    assert_eq!(negative, range("base offset", -2));
    let overflow = validate_changed(|batch| set_base_offset(batch, Offset(i64::MAX - 2)));
    assert_eq!(overflow, range("base offset", i64::MAX - 2));
    let negative = validate_changed(|batch| put(batch, 43, (-2i64).to_be_bytes()));
    assert_eq!(negative, range("producer id", -2));
    assert_eq!(validate_changed(|batch| batch[22] |= 7), Err(BatchError::UnknownCompression { code: 7 }));
}

#[test]
fn any_flipped_bit_behind_the_checksum_is_noticed() {
    let batch = counted(BatchOptions::default(), 2);
    for at in 17..batch.len() {
        let mut damaged = batch.to_vec();
        damaged[at] ^= 0x10;
        assert!(matches!(check_integrity(&damaged), Err(BatchError::CrcMismatch { .. })), "byte {at}");
    }
}

#[test]
fn clients_may_not_write_what_is_the_brokers() {
    let rules = |options| validate(&counted(options, 1)).unwrap().check_client_rules();
    let plain = BatchOptions::default();
    assert_eq!(rules(plain), Ok(()));
    assert_eq!(rules(options()), Ok(()));
    let offset = BatchOptions { base_offset: Offset(1), ..plain };
    assert_eq!(rules(offset), Err(ClientRule::BaseOffset(Offset(1))));
    assert_eq!(rules(BatchOptions { scope: BatchScope::Marker, ..plain }), Err(ClientRule::Control));
    let timed = BatchOptions { timestamp_type: TimestampType::LogAppendTime, ..plain };
    assert_eq!(rules(timed), Err(ClientRule::LogAppendTime));
    let unnumbered = BatchOptions { producer_id: ProducerId(1), ..plain };
    assert_eq!(rules(unnumbered), Err(ClientRule::Sequence(-1)));
}

#[test]
fn sequence_numbers_wrap_to_zero() {
    let last = |base_sequence, count| {
        let options = BatchOptions { base_sequence, ..options() };
        validate(&counted(options, count)).unwrap().last_sequence()
    };
    assert_eq!(last(0, 1), 0);
    assert_eq!(last(i32::MAX, 1), i32::MAX);
    assert_eq!(last(i32::MAX, 2), 0);
    assert_eq!(last(i32::MAX - 1, 4), 1);
    assert_eq!(last(-1, 4), -1);
}

#[test]
fn a_run_of_batches_is_cut_at_their_borders() {
    let mut all = Vec::new();
    for count in 1..4 {
        all.extend_from_slice(&counted(options(), count));
    }
    let whole = Bytes::from(all);
    let counts =
        |bytes: &Bytes| batches(bytes).map(|batch| batch.map(|(header, _)| header.record_count)).collect();
    assert_eq!(counts(&whole), [Ok(1), Ok(2), Ok(3)] as [_; 3]);
    // A broker may cut the last batch of an answer.
    let cut: Vec<_> = counts(&whole.slice(..whole.len() - 1));
    assert!(matches!(cut[..], [Ok(1), Ok(2), Err(BatchError::TooShort { .. })]));
    assert!(batches(&whole).all(|batch| batch.is_ok_and(|(_, bytes)| validate(&bytes).is_ok())));
}

#[test]
fn regions_are_read_in_order() {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(b"0123456789").unwrap();
    let region = FileRegion { file: Arc::new(file), position: 3, length: 4 };
    let parts = [Region::Bytes(Bytes::from_static(b"ab")), Region::File(region.clone())];
    let records: Records = parts.into_iter().collect();
    assert_eq!(records.len(), 6);
    assert_eq!(records.to_bytes().unwrap(), "ab3456");
    let beyond = Records::from(FileRegion { length: 8, ..region });
    assert_eq!(beyond.to_bytes().unwrap_err().kind(), std::io::ErrorKind::UnexpectedEof);
    assert!(Records::default().is_empty() && Records::default().to_bytes().unwrap().is_empty());
}
