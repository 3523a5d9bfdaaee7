//! A producer and a consumer of one partition, each on a connection of its own.

use super::Arguments;
use crate::call::{accept, ask, decode, frame, pause};
use crate::command::{Failure, Outcome, While};
use crate::open_loop::{Connection, Content, News, Path};
use bytes::Bytes;
use ottla_base::Timestamp;
use ottla_wire::message::fetch_request::{FetchPartition, FetchTopic};
use ottla_wire::message::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use ottla_wire::message::produce_request::{PartitionProduceData, TopicProduceData};
use ottla_wire::message::{FetchRequest, FetchResponse, ListOffsetsRequest, ProduceRequest, ProduceResponse};
use ottla_wire::record::{self, BatchBuilder, BatchError, BatchOptions};
use ottla_wire::{ErrorCode, Str};
use rustix::time::{ClockId, clock_gettime};
use std::ops::Range;

/// The way through a broker.
pub(super) struct Broker {
    /// The producer's and the consumer's.
    connections: [Connection; 2],
    content: Content,
    topic: Str,
    partition: i32,
    acks: i16,
    /// The offset that the consumer reads next.
    position: i64,
    produced: i32,
    answered: i32,
    fetched: i32,
}

impl Broker {
    /// Connects, looks where the partition ends, and waits there.
    pub(super) fn open(arguments: &Arguments) -> Result<Self, Failure> {
        let mut broker = Self {
            connections: [Connection::open(arguments.address)?, Connection::open(arguments.address)?],
            content: arguments.pace.content()?,
            topic: Str::from(arguments.topic.as_str()),
            partition: arguments.partition,
            acks: arguments.acks,
            position: 0,
            produced: 0,
            answered: 0,
            fetched: 0,
        };
        broker.position = broker.end()?;
        broker.fetch()?;
        Ok(broker)
    }

    /// Where the partition ends. A topic that was just made may have no leader yet, so several attempts are made.
    fn end(&mut self) -> Result<i64, Failure> {
        let mut last = ErrorCode::NONE;
        for _ in 0..ATTEMPTS {
            let request = self.list_offsets();
            let response = ask(&mut self.connections[CONSUMER], &request, LIST_OFFSETS_VERSION)?;
            let answer = response.topics.first().and_then(|topic| topic.partitions.first());
            let answer = answer.ok_or_else(|| Failure::new("an answer to ListOffsets is empty"))?;
            if answer.error_code == ErrorCode::NONE {
                return Ok(answer.offset);
            }
            last = answer.error_code;
            pause()?;
        }
        let (topic, partition) = (&self.topic, self.partition);
        Err(Failure::new(format!(
            "ListOffsets of {topic}-{partition} is refused: {last:?}; does the topic exist?"
        )))
    }

    fn list_offsets(&self) -> ListOffsetsRequest {
        let partition = ListOffsetsPartition {
            partition_index: self.partition,
            current_leader_epoch: -1,
            timestamp: LATEST,
        };
        let topic = ListOffsetsTopic { name: self.topic.clone(), partitions: vec![partition] };
        ListOffsetsRequest { replica_id: -1, topics: vec![topic], ..Default::default() }
    }

    /// Asks for the records from the position on.
    fn fetch(&mut self) -> Outcome {
        let partition = FetchPartition {
            partition: self.partition,
            current_leader_epoch: -1,
            fetch_offset: self.position,
            log_start_offset: -1,
            partition_max_bytes: PARTITION_BYTES_MAX,
            ..Default::default()
        };
        let topic =
            FetchTopic { topic: self.topic.clone(), partitions: vec![partition], ..Default::default() };
        let request = FetchRequest {
            max_wait_ms: FETCH_WAIT_MS,
            min_bytes: 1,
            max_bytes: FETCH_BYTES_MAX,
            session_epoch: -1,
            topics: vec![topic],
            ..Default::default()
        };
        self.fetched = self.fetched.wrapping_add(1);
        self.connections[CONSUMER].send(&frame(self.fetched, &request, FETCH_VERSION)?)
    }

    fn acknowledge(&mut self, body: Bytes, news: &mut News) -> Outcome {
        self.answered = self.answered.wrapping_add(1);
        let response: ProduceResponse = decode(body, self.answered, PRODUCE_VERSION)?;
        let answer = response.responses.first().and_then(|topic| topic.partition_responses.first());
        let answer = answer.ok_or_else(|| Failure::new("an answer to Produce is empty"))?;
        accept("Produce", answer.error_code)?;
        news.acknowledged += 1;
        Ok(())
    }

    fn consume(&mut self, body: Bytes, news: &mut News) -> Outcome {
        let response: FetchResponse = decode(body, self.fetched, FETCH_VERSION)?;
        accept("Fetch", response.error_code)?;
        for partition in response.responses.iter().flat_map(|topic| &topic.partitions) {
            accept("Fetch", partition.error_code)?;
            let Some(records) = partition.records.as_ref().and_then(|records| records.as_bytes()) else {
                continue;
            };
            self.position = numbers(records, self.position, &mut news.arrived)?;
        }
        self.fetch()
    }
}

impl Path for Broker {
    fn send(&mut self, numbers: Range<u64>) -> Outcome {
        let now = now();
        let mut batch = BatchBuilder::new(BatchOptions::default());
        for number in numbers {
            let value = Some(self.content.of(number));
            batch.append(now, None, value, &[]).while_doing("making a batch (a smaller --batch-bytes?)")?;
        }
        let data = PartitionProduceData { index: self.partition, records: Some(batch.build().into()) };
        let topic =
            TopicProduceData { name: self.topic.clone(), partition_data: vec![data], ..Default::default() };
        let request = ProduceRequest {
            acks: self.acks,
            timeout_ms: PRODUCE_TIMEOUT_MS,
            topic_data: vec![topic],
            ..Default::default()
        };
        self.produced = self.produced.wrapping_add(1);
        self.connections[PRODUCER].send(&frame(self.produced, &request, PRODUCE_VERSION)?)
    }

    fn connections(&self) -> &[Connection] {
        &self.connections
    }

    fn turn(&mut self, at: usize, news: &mut News) -> Outcome {
        self.connections[at].turn()?;
        while let Some(frame) = self.connections[at].frame()? {
            let body = Bytes::copy_from_slice(frame);
            if at == PRODUCER { self.acknowledge(body, news)? } else { self.consume(body, news)? }
        }
        Ok(())
    }
}

/// Puts the numbers of the records from `position` on into `arrived`, and gives the offset behind them.
fn numbers(records: &Bytes, mut position: i64, arrived: &mut Vec<u64>) -> Result<i64, Failure> {
    for batch in record::batches(records) {
        let (header, batch) = match batch {
            Ok(batch) => batch,
            // The last batch of an answer may be cut.
            Err(BatchError::TooShort { .. }) => break,
            Err(error) => return Err(error).while_doing("reading a fetched batch"),
        };
        for record in record::records(header, &batch).while_doing("reading a fetched batch")? {
            let record = record.while_doing("reading a fetched record")?;
            if record.offset.0 < position {
                continue;
            }
            position = record.offset.0 + 1;
            arrived.push(Content::number(record.value.as_deref().unwrap_or_default())?);
        }
    }
    Ok(position)
}

/// The wall clock, which producers write into their records.
fn now() -> Timestamp {
    let now = clock_gettime(ClockId::Realtime);
    Timestamp(now.tv_sec * 1000 + now.tv_nsec / 1_000_000)
}

const PRODUCER: usize = 0;
const CONSUMER: usize = 1;
/// The last versions that name topics: every broker that is compared speaks them.
const PRODUCE_VERSION: i16 = 11;
const FETCH_VERSION: i16 = 11;
const LIST_OFFSETS_VERSION: i16 = 2;
/// Asks ListOffsets for the end.
const LATEST: i64 = -1;
const PRODUCE_TIMEOUT_MS: i32 = 30_000;
/// The defaults of Kafka's consumer.
const FETCH_WAIT_MS: i32 = 500;
const PARTITION_BYTES_MAX: i32 = 1 << 20;
const FETCH_BYTES_MAX: i32 = 50 << 20;
const ATTEMPTS: i32 = 100;

#[cfg(test)]
mod tests {
    use super::*;
    use ottla_base::Offset;

    fn batch(base: i64, numbers: Range<u64>) -> Bytes {
        let base_offset = Offset(base);
        let mut batch = BatchBuilder::new(BatchOptions { base_offset, ..Default::default() });
        for number in numbers {
            batch.append(Timestamp(0), None, Some(&number.to_be_bytes()), &[]).unwrap();
        }
        batch.build()
    }

    #[test]
    fn records_before_the_position_and_a_batch_that_was_cut_do_not_count() {
        let (first, second, third) = (batch(10, 0..3), batch(13, 3..5), batch(15, 5..6));
        let cut = &third[..third.len() - 1];
        let mut arrived = Vec::new();
        let end = numbers(&[&first, &second, cut].concat().into(), 12, &mut arrived).unwrap();
        assert_eq!((end, arrived), (15, vec![2, 3, 4]));
    }

    #[test]
    fn bytes_that_are_no_batch_are_an_error() {
        let mut broken = batch(0, 0..1).to_vec();
        broken[16] = 1;
        assert!(numbers(&broken.into(), 0, &mut Vec::new()).is_err(), "another format");
        assert!(numbers(&batch_of_nothing(), 0, &mut Vec::new()).is_err(), "a record of somebody else");
    }

    fn batch_of_nothing() -> Bytes {
        let mut batch = BatchBuilder::new(BatchOptions::default());
        batch.append(Timestamp(0), None, None, &[]).unwrap();
        batch.build()
    }
}
