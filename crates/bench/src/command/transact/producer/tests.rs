use super::*;
use ottla_wire::codec::{Response, encode_response};
use ottla_wire::message::produce_response::{PartitionProduceResponse, TopicProduceResponse};
use ottla_wire::record::validate;

fn producer(next: Next) -> Producer {
    Producer { transactional_id: "t-0".into(), id: 7, epoch: 3, correlation: 1, next }
}

fn answer<R: Response>(producer: &mut Producer, response: &R, version: i16) -> Result<bool, Failure> {
    producer.take(&encode_response(1, response, version).unwrap().into_bytes().unwrap()[4..])
}

fn ended(error_code: ErrorCode) -> EndTxnResponse {
    EndTxnResponse { error_code, producer_id: 8, producer_epoch: 4, ..Default::default() }
}

#[test]
fn records_come_before_the_commit_and_the_commit_brings_the_next_epoch() {
    let mut producer = producer(Next::Produce);
    assert!(!answer(&mut producer, &ProduceResponse::default(), PRODUCE_VERSION).unwrap());
    assert_eq!(producer.next, Next::Commit);
    assert!(!answer(&mut producer, &ended(ErrorCode::CONCURRENT_TRANSACTIONS), END_TXN_VERSION).unwrap());
    assert_eq!((producer.next, producer.epoch), (Next::Commit, 3), "it is asked again");
    assert!(answer(&mut producer, &ended(ErrorCode::NONE), END_TXN_VERSION).unwrap());
    assert_eq!((producer.next, producer.id, producer.epoch), (Next::Produce, 8, 4));
}

#[test]
fn a_refusal_ends_it() {
    let refused = PartitionProduceResponse { error_code: ErrorCode::INVALID_TXN_STATE, ..Default::default() };
    let topic = TopicProduceResponse { partition_responses: vec![refused], ..Default::default() };
    let response = ProduceResponse { responses: vec![topic], ..Default::default() };
    assert!(answer(&mut producer(Next::Produce), &response, PRODUCE_VERSION).is_err());
    assert!(
        answer(&mut producer(Next::Commit), &ended(ErrorCode::INVALID_PRODUCER_EPOCH), END_TXN_VERSION)
            .is_err()
    );
}

#[test]
fn every_partition_gets_a_batch_of_the_transaction() {
    let plan = Plan { topic: "t".into(), partitions: 2, records_per_partition: 5, value: vec![1; 9] };
    let request = producer(Next::Produce).produce(&plan).unwrap();
    let parts = &request.topic_data[0].partition_data;
    let header = validate(parts[1].records.as_ref().unwrap().as_bytes().unwrap()).unwrap();
    assert_eq!((parts.len(), parts[1].index, header.record_count, header.base_sequence), (2, 1, 5, 0));
    assert_eq!((header.producer_id, header.producer_epoch), (ProducerId(7), ProducerEpoch(3)));
    assert!(header.is_transactional());
}
