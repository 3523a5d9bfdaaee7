use super::*;
use crate::client::FETCH_VERSION;
use bytes::Bytes;
use ottla_base::{Offset, Timestamp};
use ottla_wire::codec::encode_response;
use ottla_wire::message::FetchResponse;
use ottla_wire::message::fetch_response::{FetchableTopicResponse, PartitionData};
use ottla_wire::record::{BatchBuilder, BatchOptions};

fn batch(base: i64, records: usize) -> Vec<u8> {
    let mut builder = BatchBuilder::new(BatchOptions { base_offset: Offset(base), ..Default::default() });
    for _ in 0..records {
        builder.append(Timestamp(1), None, Some(&[3; 50]), &[]).unwrap();
    }
    builder.build().to_vec()
}

fn frame(records: &[u8], error_code: ErrorCode) -> Vec<u8> {
    let partition = PartitionData {
        error_code,
        high_watermark: 1000,
        log_start_offset: 5,
        aborted_transactions: None,
        records: Some(Bytes::copy_from_slice(records).into()),
        ..Default::default()
    };
    let topic =
        FetchableTopicResponse { topic: "topic".into(), partitions: vec![partition], ..Default::default() };
    let response = FetchResponse { responses: vec![topic], ..Default::default() };
    encode_response(4, &response, FETCH_VERSION).unwrap().into_bytes().unwrap().to_vec()
}

/// Feeds a frame; skips are done in steps of at most `step`.
fn feed(frame: &[u8], step: usize) -> Result<Answer, Trouble> {
    let mut answer = Answer::new(4, "topic".len());
    let mut rest = frame;
    loop {
        let taken = match answer.wanted() {
            Wanted::Nothing => break,
            Wanted::Seen(least) => {
                assert!(least <= rest.len(), "it wants more than there is");
                answer.see(rest)?
            }
            Wanted::Skipped(most) => {
                answer.skipped(most.min(step));
                most.min(step)
            }
        };
        rest = &rest[taken..];
    }
    assert!(rest.is_empty());
    assert_eq!(answer.wire_bytes, frame.len() as u64);
    Ok(answer)
}

#[test]
fn offsets_and_counts_come_from_whole_batches() {
    let whole = [batch(10, 3), batch(13, 1), batch(20, 2)];
    let all = whole.concat();
    for length in 0..=all.len() {
        let ends = [whole[0].len(), whole[0].len() + whole[1].len(), all.len()];
        let seen = ends.iter().filter(|end| **end <= length).count();
        for step in [1, 40, usize::MAX] {
            let answer = feed(&frame(&all[..length], ErrorCode::NONE), step).unwrap();
            assert_eq!(answer.next_offset, [None, Some(13), Some(14), Some(22)][seen], "{length}");
            assert_eq!(answer.records, [0, 3, 4, 6][seen]);
            assert_eq!(answer.bytes, whole[..seen].concat().len() as u64);
            assert_eq!((answer.high_watermark, answer.log_start), (1000, 5));
        }
    }
}

#[test]
fn errors_and_other_answers_are_told_apart() {
    let code = ErrorCode::OFFSET_OUT_OF_RANGE;
    assert_eq!(feed(&frame(&[], code), 1).unwrap_err(), Trouble::Code(code));
    let good = frame(&batch(0, 1), ErrorCode::NONE);
    let with = |at: usize, byte: u8| {
        let mut bytes = good.clone();
        bytes[at] = byte;
        feed(&bytes, 1).unwrap_err()
    };
    assert_eq!(with(7, 5), Trouble::Order);
    assert_eq!(with(3, good[3] ^ 1), Trouble::Malformed);
    assert_eq!(with(good.len() - batch(0, 1).len() + 16, 1), Trouble::Batch);
}
