//! Requests that many scenarios make, with the fields that matter to them; the rest as a usual client has it.

use crate::batch::Batch;
use crate::flat;
use crate::side::{Side, until};
use bytes::Bytes;
use ottla_wire::codec::Message;
use ottla_wire::message::create_topics_request::{CreatableTopic, CreatableTopicConfig};
use ottla_wire::message::delete_records_request::{DeleteRecordsPartition, DeleteRecordsTopic};
use ottla_wire::message::fetch_request::{FetchPartition, FetchTopic};
use ottla_wire::message::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use ottla_wire::message::metadata_request::MetadataRequestTopic;
use ottla_wire::message::produce_request::{PartitionProduceData, TopicProduceData};
use ottla_wire::message::{
    CreateTopicsRequest, DeleteRecordsRequest, FetchRequest, FetchResponse, ListOffsetsRequest,
    MetadataRequest, ProduceRequest,
};
use ottla_wire::record::{self, BatchHeader, Record, Records};
use ottla_wire::{ErrorCode, Str};
use uuid::Uuid;

/// A topic by both of its names.
#[derive(Clone, Debug)]
pub struct Topic {
    pub name: Str,
    pub id: Uuid,
}

impl Topic {
    /// One that nobody has made.
    pub fn unknown(side: &Side) -> Self {
        Self { name: side.name("unknown"), id: Uuid::from_u128(0xdead_beef_0000_4000_8000_0000_0000_0001) }
    }

    /// Makes a topic of one partition and waits until it can be used.
    pub fn make(side: &mut Side, suffix: &str, configs: &[(&str, &str)]) -> Result<Self, String> {
        Self::make_wide(side, suffix, 1, configs)
    }

    /// Makes the scenario's next topic.
    pub fn next(side: &mut Side, configs: &[(&str, &str)]) -> Result<Self, String> {
        let number = side.next_number();
        Self::make(side, &format!("t{number}"), configs)
    }

    pub fn make_wide(
        side: &mut Side,
        suffix: &str,
        partitions: i32,
        configs: &[(&str, &str)],
    ) -> Result<Self, String> {
        let name = side.name(suffix);
        let made = side.setup(7, &create(&name, partitions, configs, false))?;
        let made = made.topics.first().ok_or("no topic in the answer")?;
        made.error_code.ok().map_err(|code| format!("{suffix} is not made: {code}"))?;
        Self::find(side, &name, partitions)
    }

    /// Waits until the topic has a leader.
    pub fn find(side: &mut Side, name: &Str, partitions: i32) -> Result<Self, String> {
        let asked = MetadataRequestTopic { name: Some(name.clone()), ..Default::default() };
        let request = MetadataRequest { topics: Some(vec![asked]), ..Default::default() };
        let found = until(|| {
            let answer = side.setup(12, &request)?;
            let found = answer.topics.first().filter(|topic| topic.error_code.is_none());
            let led = |topic: &&ottla_wire::message::metadata_response::MetadataResponseTopic| {
                !topic.partitions.is_empty() && topic.partitions.iter().all(|one| one.error_code.is_none())
            };
            Ok(found.filter(led).map(|topic| Self { name: name.clone(), id: topic.topic_id }))
        })?;
        // A leader that is named has not always begun to lead.
        for partition in 0..partitions {
            let mut request = list_offsets(&found, -1, false);
            request.topics[0].partitions[0].partition_index = partition;
            until(|| {
                let answer = side.setup(4, &request)?;
                let code = answer
                    .topics
                    .first()
                    .and_then(|topic| topic.partitions.first())
                    .map(|one| one.error_code);
                Ok(code.filter(|code| code.is_none()))
            })?;
        }
        side.learn("topic", found.id);
        Ok(found)
    }

    /// Appends batches to partition 0.
    pub fn fill(&self, side: &mut Side, batches: impl IntoIterator<Item = Batch>) -> Result<(), String> {
        for batch in batches {
            let answer = side.setup(9, &produce(self, -1, batch.wire()))?;
            let code = answer.responses.first().and_then(|topic| topic.partition_responses.first());
            let code = code.ok_or("no partition in the answer")?.error_code;
            code.ok().map_err(|code| format!("a batch for {} is refused: {code}", self.name))?;
        }
        Ok(())
    }
}

pub fn create(
    name: &Str,
    partitions: i32,
    configs: &[(&str, &str)],
    validate_only: bool,
) -> CreateTopicsRequest {
    let configs = configs
        .iter()
        .map(|(name, value)| CreatableTopicConfig { name: (*name).into(), value: Some((*value).into()) })
        .collect();
    let topic = CreatableTopic {
        name: name.clone(),
        num_partitions: partitions,
        replication_factor: 1,
        configs,
        ..Default::default()
    };
    CreateTopicsRequest { topics: vec![topic], timeout_ms: 10_000, validate_only }
}

/// One batch, or whatever it is, for partition 0.
pub fn produce(topic: &Topic, acks: i16, records: Option<Records>) -> ProduceRequest {
    produce_to(topic, 0, acks, records)
}

pub fn produce_to(topic: &Topic, index: i32, acks: i16, records: Option<Records>) -> ProduceRequest {
    ProduceRequest {
        acks,
        timeout_ms: 10_000,
        topic_data: vec![topic_data(topic, vec![PartitionProduceData { index, records }])],
        ..Default::default()
    }
}

pub fn topic_data(topic: &Topic, partition_data: Vec<PartitionProduceData>) -> TopicProduceData {
    TopicProduceData { name: topic.name.clone(), topic_id: topic.id, partition_data }
}

/// How a Fetch asks.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    pub offset: i64,
    pub committed: bool,
    pub bytes_max: i32,
    pub partition_bytes_max: i32,
    pub leader_epoch: i32,
    pub last_fetched_epoch: i32,
}

impl Reading {
    pub fn from(offset: i64) -> Self {
        Self {
            offset,
            committed: false,
            bytes_max: 50 << 20,
            partition_bytes_max: 1 << 20,
            leader_epoch: -1,
            last_fetched_epoch: -1,
        }
    }

    pub fn committed(offset: i64) -> Self {
        Self { committed: true, ..Self::from(offset) }
    }

    pub fn request(self, topic: &Topic) -> FetchRequest {
        let partition = FetchPartition {
            partition: 0,
            fetch_offset: self.offset,
            current_leader_epoch: self.leader_epoch,
            last_fetched_epoch: self.last_fetched_epoch,
            log_start_offset: -1,
            partition_max_bytes: self.partition_bytes_max,
            ..Default::default()
        };
        FetchRequest {
            replica_id: -1,
            max_wait_ms: 0,
            min_bytes: 0,
            max_bytes: self.bytes_max,
            isolation_level: self.committed.into(),
            session_id: 0,
            session_epoch: -1,
            topics: vec![FetchTopic {
                topic: topic.name.clone(),
                topic_id: topic.id,
                partitions: vec![partition],
            }],
            ..Default::default()
        }
    }
}

/// Fetches partition 0 without a session and keeps the answer with its batches unpacked.
pub fn fetch(side: &mut Side, step: &str, version: i16, topic: &Topic, reading: Reading) {
    let request = reading.request(topic);
    if version < 12 && reading.last_fetched_epoch != -1 {
        return;
    }
    match side.call(version, &request) {
        Ok(response) => side.keep_as::<FetchRequest>(step, version, unpacked(response)),
        Err(why) => {
            side.keep_as::<FetchRequest>(step, version, vec![("the answer".to_owned(), why.to_string())])
        }
    }
}

/// One batch of an answer, as far as it is comparable: checksums follow from the rest.
#[derive(Debug)]
#[allow(dead_code, reason = "they are read through Debug")]
pub struct Seen {
    base_offset: i64,
    leader_epoch: i32,
    attributes: i16,
    last_offset_delta: i32,
    base_timestamp: i64,
    max_timestamp: i64,
    producer_id: i64,
    producer_epoch: i16,
    base_sequence: i32,
    record_count: i32,
    records: Vec<Record>,
}

/// An answer's fields, its batches among them.
pub fn unpacked(mut response: FetchResponse) -> Vec<flat::Field> {
    let mut batches = Vec::new();
    for (at, topic) in response.responses.iter_mut().enumerate() {
        for (index, partition) in topic.partitions.iter_mut().enumerate() {
            let records = partition.records.take();
            let path = format!("responses[{at}].partitions[{index}].batches");
            let bytes = records.as_ref().and_then(Records::as_bytes).cloned();
            let shape = match (&records, &bytes) {
                (None, _) => "null",
                (Some(_), None) => "empty",
                (Some(_), Some(bytes)) if bytes.is_empty() => "empty",
                (Some(_), Some(_)) => "some",
            };
            batches.push((format!("{path}.are"), shape.to_owned()));
            let seen: Vec<Seen> =
                bytes.iter().flat_map(record::batches).filter_map(Result::ok).map(see).collect();
            let seen =
                flat::fields(&seen).into_iter().map(|(field, value)| (format!("{path}{field}"), value));
            batches.extend(seen);
        }
    }
    let mut fields = flat::fields(&response);
    fields.extend(batches);
    fields
}

pub fn see((header, batch): (BatchHeader, Bytes)) -> Seen {
    let records = record::records(header, &batch).map(|records| records.filter_map(Result::ok).collect());
    Seen {
        base_offset: header.base_offset.0,
        leader_epoch: header.partition_leader_epoch.0,
        attributes: header.attributes,
        last_offset_delta: header.last_offset_delta,
        base_timestamp: header.base_timestamp.0,
        max_timestamp: header.max_timestamp.0,
        producer_id: header.producer_id.0,
        producer_epoch: header.producer_epoch.0,
        base_sequence: header.base_sequence,
        record_count: header.record_count,
        records: records.unwrap_or_default(),
    }
}

/// Asks for one timestamp of partition 0.
pub fn list_offsets(topic: &Topic, timestamp: i64, committed: bool) -> ListOffsetsRequest {
    let partition = ListOffsetsPartition { partition_index: 0, current_leader_epoch: -1, timestamp };
    ListOffsetsRequest {
        replica_id: -1,
        isolation_level: committed.into(),
        topics: vec![ListOffsetsTopic { name: topic.name.clone(), partitions: vec![partition] }],
        timeout_ms: 10_000,
    }
}

pub fn delete_records(topic: &Topic, offset: i64) -> DeleteRecordsRequest {
    let partitions = vec![DeleteRecordsPartition { partition_index: 0, offset }];
    let topics = vec![DeleteRecordsTopic { name: topic.name.clone(), partitions }];
    DeleteRecordsRequest { topics, timeout_ms: 10_000 }
}

/// Moves the start of partition 0.
pub fn trim(side: &mut Side, topic: &Topic, offset: i64) -> Result<(), String> {
    let answer = side.setup(2, &delete_records(topic, offset))?;
    let code = answer.topics.first().and_then(|topic| topic.partitions.first()).map(|one| one.error_code);
    code.unwrap_or(ErrorCode::UNKNOWN_SERVER_ERROR).ok().map_err(|code| format!("DeleteRecords: {code}"))
}

/// Every version of a message.
pub fn versions<M: Message>() -> impl Iterator<Item = i16> {
    M::VERSIONS
}
