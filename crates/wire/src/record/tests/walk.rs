use super::*;
use std::io::Write;
use std::sync::Arc;

fn batch_of(base: i64, records: usize, value_bytes: usize) -> Bytes {
    let options = BatchOptions { base_offset: Offset(base), ..BatchOptions::default() };
    let mut builder = BatchBuilder::new(options);
    for _ in 0..records {
        builder.append(Timestamp(1), None, Some(&vec![7; value_bytes]), &[]).unwrap();
    }
    builder.build()
}

/// The bytes of `batches` in a file, behind a few that belong to nobody.
fn in_file(batches: &[Bytes]) -> FileRegion {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(b"before").unwrap();
    let all = batches.concat();
    file.write_all(&all).unwrap();
    FileRegion { file: Arc::new(file), position: 6, length: u32::try_from(all.len()).unwrap() }
}

#[test]
fn batches_are_found_in_files_and_in_memory_alike() {
    // Small ones that share a read, one that is larger than any read, and one behind it.
    let sizes = (0..400).map(|_| (2, 20)).chain([(3, 20_000), (1, 1)]);
    let mut base = 0;
    let mut batches = Vec::new();
    for (records, value_bytes) in sizes {
        batches.push(batch_of(base, records, value_bytes));
        base += i64::try_from(records).unwrap();
    }
    let file = Region::File(in_file(&batches));
    let memory = Region::Bytes(batches.concat().into());
    let records = Records::from_iter([file, memory]);
    let walked: Vec<_> = walk(&records).map(Result::unwrap).collect();
    assert_eq!(walked.len(), 2 * batches.len());
    for (placed, batch) in walked.iter().zip(batches.iter().chain(&batches)) {
        assert_eq!(placed.bytes().unwrap(), *batch);
        assert_eq!(placed.header, BatchHeader::parse(batch).unwrap());
    }
}

#[test]
fn a_batch_that_ends_beyond_its_region_ends_the_walk() {
    let batch = batch_of(0, 2, 10);
    for missing in [1, batch.len() - HEADER_BYTES, batch.len() - 1] {
        let file = in_file(&[batch.clone(), batch.slice(..batch.len() - missing)]);
        let records = Records::from(file);
        let walked: Vec<_> = walk(&records).collect();
        assert!(matches!(walked.as_slice(), [Ok(_), Err(WalkError::Batch(BatchError::TooShort { .. }))]));
    }
}

#[test]
fn a_file_that_became_shorter_is_an_error_and_no_panic() {
    let mut region = in_file(&[batch_of(0, 1, 1)]);
    region.length += 100;
    let walked: Vec<_> = walk(&Records::from(region)).collect();
    assert!(matches!(walked.as_slice(), [Err(WalkError::Io(_))]));
}

#[test]
fn neighbours_in_a_file_are_one_region() {
    let batches = [batch_of(0, 1, 5), batch_of(1, 1, 6), batch_of(2, 1, 7)];
    let whole = Region::File(in_file(&batches));
    let placed: Vec<_> =
        walk(&Records::from_iter([whole.clone()])).map(|placed| placed.unwrap().region).collect();
    let joined = placed[0].joined(&placed[1]).and_then(|both| both.joined(&placed[2]));
    assert_eq!(joined, Some(whole));
    assert_eq!(placed[0].joined(&placed[2]), None, "there is one between them");
}
