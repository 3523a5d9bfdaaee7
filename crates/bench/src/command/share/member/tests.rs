use super::*;
use ottla_wire::ErrorCode;
use ottla_wire::codec::encode_response;
use ottla_wire::message::share_fetch_response::{AcquiredRecords, ShareFetchableTopicResponse};

const TOPIC: Uuid = Uuid::from_u128(7);

fn member() -> Member {
    Member::new("g".into(), "m".into(), vec![(TOPIC, 0), (TOPIC, 1)], 500)
}

fn answer(member: &mut Member, data: PartitionData) -> Result<Acknowledged, Failure> {
    let topic = ShareFetchableTopicResponse { topic_id: TOPIC, partitions: vec![data] };
    let response = ShareFetchResponse { responses: vec![topic], ..Default::default() };
    let frame = encode_response(member.correlation, &response, VERSION).unwrap().into_bytes().unwrap();
    member.take(&frame[4..])
}

fn acquired(first_offset: i64, last_offset: i64) -> PartitionData {
    let acquired = AcquiredRecords { first_offset, last_offset, delivery_count: 1 };
    let records = Some(Bytes::from_static(&[0; 10]).into());
    PartitionData { partition_index: 1, records, acquired_records: vec![acquired], ..Default::default() }
}

#[test]
fn what_was_got_is_accepted_with_the_next_request_and_counts_with_its_answer() {
    let mut member = member();
    assert_eq!(member.request().topics.len(), 2, "the session is opened with all partitions");
    assert_eq!(answer(&mut member, acquired(5, 14)).unwrap(), Acknowledged::default());
    let request = member.request();
    let AcknowledgementBatch { first_offset, last_offset, acknowledge_types } =
        &request.topics[0].partitions[0].acknowledgement_batches[0];
    assert_eq!((request.share_session_epoch, request.topics.len()), (1, 1));
    assert_eq!((*first_offset, *last_offset, &acknowledge_types[..]), (5, 14, &[ACCEPT][..]));
    let kept = answer(&mut member, PartitionData::default()).unwrap();
    assert_eq!(kept, Acknowledged { records: 10, bytes: 10 });
    assert_eq!(answer(&mut member, PartitionData::default()).unwrap(), Acknowledged::default());
}

#[test]
fn an_acknowledgement_that_is_refused_ends_it() {
    let mut member = member();
    member.request();
    let acknowledge_error_code = ErrorCode::INVALID_RECORD_STATE;
    let refused =
        PartitionData { acknowledge_error_code, records: Some(Bytes::new().into()), ..Default::default() };
    assert!(answer(&mut member, refused).is_err());
}
