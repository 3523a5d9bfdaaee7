//! Record batches as a producer may send them: cut apart, checked, unpacked and read.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use ottla_wire::record;

/// Far less than the real limit, so that a run stays fast.
const UNPACKED_BYTES_MAX: usize = 1 << 22;

fuzz_target!(|data: &[u8]| {
    let bytes = Bytes::copy_from_slice(data);
    for batch in record::batches(&bytes) {
        let Ok((header, batch)) = batch else { break };
        let _ = record::validate(&batch);
        // A wrong checksum must not hide what is behind it from the fuzzer.
        if let Ok(records) = record::records_within(header, &batch, UNPACKED_BYTES_MAX) {
            for found in records {
                if found.is_err() {
                    break;
                }
            }
        }
        let mut stamped = batch.to_vec();
        record::set_base_offset(&mut stamped, header.base_offset);
        record::set_leader_epoch(&mut stamped, header.partition_leader_epoch);
        assert_eq!(stamped, batch, "stamping with the same values changes nothing");
    }
});
