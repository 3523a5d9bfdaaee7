use super::*;
use ottla_base::{LeaderEpoch, Offset, ProducerEpoch, ProducerId};
use ottla_storage::{Cleanup, TimestampType};
use ottla_wire::record::{BatchBuilder, BatchOptions};

const NOW: Timestamp = Timestamp(1_700_000_000_000);
const HOUR: i64 = 3_600_000;

fn options() -> BatchOptions {
    BatchOptions::default()
}

fn batch_at(options: BatchOptions, key: Option<&[u8]>, at: Timestamp) -> Bytes {
    let mut builder = BatchBuilder::new(options);
    builder.append(at, key, Some(b"value"), &[]).expect("a small record fits");
    builder.build()
}

fn batch() -> Bytes {
    batch_at(options(), None, NOW)
}

/// The code and the blamed records for `batch` on a topic with `settings`.
fn refusal(batch: Bytes, settings: &LogSettings, version: i16) -> (ErrorCode, Vec<i32>) {
    let produced = Produced { version, now: NOW };
    match check(Some(&Records::from(batch)), settings, produced) {
        Ok(_) => (ErrorCode::NONE, vec![]),
        Err(refusal) => (refusal.code, refusal.records.iter().map(|record| record.batch_index).collect()),
    }
}

fn code(batch: Bytes) -> ErrorCode {
    refusal(batch, &LogSettings::default(), 11).0
}

/// `batch` with bytes overwritten and the checksum mended.
fn altered(batch: &Bytes, at: usize, with: &[u8]) -> Bytes {
    let mut bytes = batch.to_vec();
    bytes[at..at + with.len()].copy_from_slice(with);
    let crc = crc_fast::crc32_iscsi(&bytes[21..]);
    bytes[17..21].copy_from_slice(&crc.to_be_bytes());
    bytes.into()
}

#[test]
fn a_plain_batch_passes_unchanged() {
    let settings = LogSettings::default();
    let produced = Produced { version: 11, now: NOW };
    let checked = Checked { batch: batch(), transaction: None };
    assert_eq!(check(Some(&Records::from(batch())), &settings, produced), Ok(checked));
}

#[test]
fn exactly_one_batch_of_format_2_is_taken() {
    assert_eq!(code(Bytes::new()), ErrorCode::INVALID_RECORD);
    assert_eq!(code([batch(), batch()].concat().into()), ErrorCode::INVALID_RECORD);
    for (magic, expected) in [
        (0, ErrorCode::INVALID_RECORD),
        (1, ErrorCode::INVALID_RECORD),
        (3, ErrorCode::CORRUPT_MESSAGE),
        (0xff, ErrorCode::CORRUPT_MESSAGE),
    ] {
        assert_eq!(code(altered(&batch(), 16, &[magic])), expected, "magic {magic}");
    }
    for length in [10, 40, batch().len() - 1] {
        assert_eq!(code(batch().slice(..length)), ErrorCode::INVALID_RECORD, "no whole batch");
    }
    let produced = Produced { version: 11, now: NOW };
    let none = check(None, &LogSettings::default(), produced);
    assert_eq!(none.map_err(|refusal| refusal.code), Err(ErrorCode::INVALID_RECORD));
}

#[test]
fn damage_is_told_from_bad_shape() {
    let mut flipped = batch().to_vec();
    *flipped.last_mut().expect("not empty") ^= 1;
    assert_eq!(code(flipped.into()), ErrorCode::CORRUPT_MESSAGE);
    for length in [-1_i32, 0, 40] {
        assert_eq!(code(altered(&batch(), 8, &length.to_be_bytes())), ErrorCode::CORRUPT_MESSAGE, "{length}");
    }
    let many = altered(&batch(), 57, &7i32.to_be_bytes());
    assert_eq!(code(many), ErrorCode::INVALID_RECORD, "7 records in a range of 1");
    let none = altered(&batch(), 57, &0i32.to_be_bytes());
    assert_eq!(code(none), ErrorCode::INVALID_RECORD);
    let negative = altered(&batch(), 23, &(-1i32).to_be_bytes());
    assert_eq!(code(negative), ErrorCode::INVALID_RECORD);
}

#[test]
fn what_only_brokers_write_is_refused() {
    let based = batch_at(BatchOptions { base_offset: Offset(5), ..options() }, None, NOW);
    assert_eq!(code(based), ErrorCode::INVALID_RECORD);
    assert_eq!(code(altered(&batch(), 21, &(1i16 << 5).to_be_bytes())), ErrorCode::INVALID_RECORD, "control");
    assert_eq!(code(altered(&batch(), 21, &(1i16 << 3).to_be_bytes())), ErrorCode::INVALID_TIMESTAMP);
    let epoch = batch_at(BatchOptions { leader_epoch: LeaderEpoch(9), ..options() }, None, NOW);
    assert_eq!(code(epoch), ErrorCode::NONE, "the leader epoch is overwritten, not checked");
}

#[test]
fn a_producer_id_needs_a_sequence() {
    let producer = BatchOptions { producer_id: ProducerId(1), producer_epoch: ProducerEpoch(0), ..options() };
    let with = |base_sequence| batch_at(BatchOptions { base_sequence, ..producer }, None, NOW);
    assert_eq!(code(with(-1)), ErrorCode::INVALID_RECORD);
    assert_eq!(code(with(0)), ErrorCode::NONE);
}

#[test]
fn size_is_that_of_the_stored_batch() {
    let size = u32::try_from(batch().len()).expect("small");
    let limited = |message_bytes_max| LogSettings { message_bytes_max, ..LogSettings::default() };
    assert_eq!(refusal(batch(), &limited(size), 11).0, ErrorCode::NONE);
    assert_eq!(refusal(batch(), &limited(size - 1), 11).0, ErrorCode::MESSAGE_TOO_LARGE);
}

#[test]
fn zstd_needs_a_client_that_may_know_it() {
    let zstd = batch_at(BatchOptions { compression: Compression::Zstd, ..options() }, None, NOW);
    assert_eq!(refusal(zstd.clone(), &LogSettings::default(), 6).0, ErrorCode::UNSUPPORTED_COMPRESSION_TYPE);
    assert_eq!(refusal(zstd, &LogSettings::default(), 7).0, ErrorCode::NONE);
}

#[test]
fn compacted_topics_name_the_records_without_a_key() {
    let compacted =
        LogSettings { cleanup: Cleanup { delete: false, compact: true }, ..LogSettings::default() };
    let mut builder = BatchBuilder::new(options());
    for key in [Some(&b"k"[..]), None, Some(b"k"), None] {
        builder.append(NOW, key, Some(b"v"), &[]).expect("a small record fits");
    }
    assert_eq!(refusal(builder.build(), &compacted, 11), (ErrorCode::INVALID_RECORD, vec![1, 3]));
    assert_eq!(refusal(batch_at(options(), Some(b"k"), NOW), &compacted, 11).0, ErrorCode::NONE);
}

#[test]
fn timestamps_may_be_an_hour_ahead_by_default() {
    let at = |ahead: i64| batch_at(options(), None, Timestamp(NOW.0 + ahead));
    assert_eq!(code(at(HOUR)), ErrorCode::NONE);
    let settings = LogSettings::default();
    assert_eq!(refusal(at(HOUR + 1), &settings, 11), (ErrorCode::INVALID_TIMESTAMP, vec![0]));
    assert_eq!(
        code(batch_at(options(), None, Timestamp::NONE)),
        ErrorCode::NONE,
        "no timestamp always passes"
    );
    let aged = LogSettings { timestamp_before_max_ms: 1_000, ..settings };
    assert_eq!(refusal(at(-1_001), &aged, 11), (ErrorCode::INVALID_TIMESTAMP, vec![0]));
    let stamped = LogSettings { timestamp_type: TimestampType::LogAppendTime, ..settings };
    assert_eq!(refusal(at(HOUR + 1), &stamped, 11).0, ErrorCode::NONE, "the broker's time replaces it");
}

#[test]
fn a_record_is_blamed_once_and_its_key_first() {
    let compacted =
        LogSettings { cleanup: Cleanup { delete: false, compact: true }, ..LogSettings::default() };
    let late = Timestamp(NOW.0 + HOUR + 1);
    let batch = |records: &[(Option<&[u8]>, Timestamp)]| {
        let mut builder = BatchBuilder::new(options());
        for (key, at) in records {
            builder.append(*at, *key, Some(b"v"), &[]).expect("a small record fits");
        }
        builder.build()
    };
    let both = batch(&[(None, late), (Some(b"k"), NOW)]);
    assert_eq!(refusal(both, &compacted, 11), (ErrorCode::INVALID_RECORD, vec![0]));
    // One record with a bad timestamp makes it the batch's fault.
    let each = batch(&[(None, late), (Some(b"k"), late)]);
    assert_eq!(refusal(each, &compacted, 11), (ErrorCode::INVALID_TIMESTAMP, vec![0, 1]));
}

/// In formats 0 and 1 a record could be compressed by itself. In format 2 the bits have no meaning, and Kafka,
/// too, keeps them.
#[test]
fn the_bits_of_a_single_record_are_not_judged() {
    // The header has 61 bytes, the record begins with its length.
    assert_eq!(code(altered(&batch(), 62, &[1])), ErrorCode::NONE);
}

#[test]
fn what_is_too_large_is_not_even_checked() {
    let mut damaged = batch().to_vec();
    *damaged.last_mut().expect("not empty") ^= 1;
    let limited = LogSettings { message_bytes_max: 10, ..LogSettings::default() };
    assert_eq!(refusal(damaged.into(), &limited, 11).0, ErrorCode::MESSAGE_TOO_LARGE);
}

#[test]
fn the_clocks_edges_are_inclusive_and_the_broker_time_replaces_any() {
    let aged = LogSettings { timestamp_before_max_ms: 1_000, ..LogSettings::default() };
    let at = |ahead: i64| batch_at(options(), None, Timestamp(NOW.0 + ahead));
    assert_eq!(refusal(at(-1_000), &aged, 11).0, ErrorCode::NONE);
    assert_eq!(refusal(at(HOUR), &aged, 11).0, ErrorCode::NONE);
    let flagged = altered(&batch(), 21, &(1i16 << 3).to_be_bytes());
    let stamped = LogSettings { timestamp_type: TimestampType::LogAppendTime, ..LogSettings::default() };
    assert_eq!(
        refusal(flagged, &stamped, 11).0,
        ErrorCode::INVALID_TIMESTAMP,
        "the mark is the broker's to set"
    );
}

#[test]
fn records_that_cannot_be_read_are_not_taken() {
    assert_eq!(code(altered(&batch(), 61, &[0xff, 0xff])), ErrorCode::INVALID_RECORD, "its length");
    let mut builder = BatchBuilder::new(options());
    for _ in 0..2 {
        builder.append(NOW, None, Some(b"value"), &[]).expect("a small record fits");
    }
    let two = builder.build();
    let claims_three = [&2_i32.to_be_bytes()[..], &two[27..57], &3_i32.to_be_bytes()].concat();
    assert_eq!(code(altered(&two, 23, &claims_three)), ErrorCode::INVALID_RECORD, "fewer than it says");
    let claims_one = [&0_i32.to_be_bytes()[..], &two[27..57], &1_i32.to_be_bytes()].concat();
    assert_eq!(code(altered(&two, 23, &claims_one)), ErrorCode::INVALID_RECORD, "more than it says");
}

/// What the records say counts, not what their producer says of them.
#[test]
fn the_largest_timestamp_is_that_of_the_records() {
    let claims = |at: i64| altered(&batch(), 35, &at.to_be_bytes());
    for claimed in [NOW.0 - 5, NOW.0 + 5, NOW.0 + 2 * HOUR] {
        let produced = Produced { version: 11, now: NOW };
        let checked = check(Some(&Records::from(claims(claimed))), &LogSettings::default(), produced);
        assert_eq!(checked.map(|checked| checked.batch), Ok(batch()), "{claimed}");
    }
    let mut builder = BatchBuilder::new(options());
    for ahead in [0, HOUR + 1] {
        builder.append(Timestamp(NOW.0 + ahead), None, Some(b"v"), &[]).expect("a small record fits");
    }
    let hidden = altered(&builder.build(), 35, &NOW.0.to_be_bytes());
    assert_eq!(refusal(hidden, &LogSettings::default(), 11), (ErrorCode::INVALID_TIMESTAMP, vec![1]));
}

#[test]
fn a_packed_record_cannot_hide_that_it_is_too_old() {
    let aged = LogSettings { timestamp_before_max_ms: 1_000, ..LogSettings::default() };
    let mut builder = BatchBuilder::new(BatchOptions { compression: Compression::Gzip, ..options() });
    for ago in [0, 1_001, 0] {
        builder.append(Timestamp(NOW.0 - ago), None, Some(b"v"), &[]).expect("a small record fits");
    }
    assert_eq!(refusal(builder.build(), &aged, 11), (ErrorCode::INVALID_TIMESTAMP, vec![1]));
}
