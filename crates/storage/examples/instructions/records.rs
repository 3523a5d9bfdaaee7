//! What is done with every batch that is produced.

use crate::Operation;
use bytes::Bytes;
use ottla_base::{LeaderEpoch, Offset, Timestamp};
use ottla_wire::record::{
    BatchBuilder, BatchHeader, BatchOptions, KeyRule, RecordRules, inspect_records, set_base_offset,
    set_leader_epoch, verify_crc,
};
use std::hint::black_box;

pub(super) fn operations() -> Vec<Operation> {
    vec![
        header(),
        checksum("verify the checksum of 1 KiB", 1, 1024),
        checksum("verify the checksum of 64 KiB", 64, 1024),
        inspection("inspect 1 record of 100 bytes", 1),
        inspection("inspect 160 records of 100 bytes", 160),
    ]
}

/// Reads and judges a header, and stamps what only a broker knows.
fn header() -> Operation {
    let mut batch = batch(1, 100).to_vec();
    Operation::new("read and stamp a batch's header", move || {
        set_base_offset(&mut batch, Offset(0));
        let header = BatchHeader::parse(black_box(&batch)).expect("it is a batch");
        black_box(header.check_client_rules()).expect("a producer may send it");
        set_base_offset(&mut batch, Offset(1_000_000));
        set_leader_epoch(&mut batch, LeaderEpoch(3));
        black_box(header.next_offset());
    })
}

fn checksum(name: &'static str, records: u32, record_bytes: usize) -> Operation {
    let batch = batch(records, record_bytes);
    Operation::new(name, move || verify_crc(black_box(&batch)).expect("it is undamaged"))
}

fn inspection(name: &'static str, records: u32) -> Operation {
    let batch = batch(records, 100);
    let header = BatchHeader::parse(&batch).expect("it is a batch");
    let rules = RecordRules { keys: KeyRule::Optional, timestamps: None };
    Operation::new(name, move || {
        black_box(inspect_records(header, black_box(&batch), rules).expect("its records are sound"));
    })
}

pub(super) fn batch(records: u32, record_bytes: usize) -> Bytes {
    let mut builder = BatchBuilder::new(BatchOptions::default());
    for number in 0..records {
        let value = vec![number.to_le_bytes()[0]; record_bytes];
        let at = Timestamp(1_700_000_000_000 + i64::from(number));
        builder.append(at, None, Some(&value), &[]).expect("a small record fits");
    }
    builder.build()
}
