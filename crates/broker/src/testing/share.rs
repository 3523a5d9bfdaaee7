//! Members of share groups for tests, each on a connection of its own.

use super::Bench;
use ottla_base::{PartitionId, PartitionIndex, TopicId};
use ottla_storage::Append;
use ottla_wire::ErrorCode;
use ottla_wire::message::share_acknowledge_request::{
    AcknowledgePartition, AcknowledgeTopic, AcknowledgementBatch as Batch,
};
use ottla_wire::message::share_fetch_request::{AcknowledgementBatch, FetchPartition, FetchTopic};
use ottla_wire::message::share_fetch_response::PartitionData;
use ottla_wire::message::{
    ShareAcknowledgeRequest, ShareAcknowledgeResponse, ShareFetchRequest, ShareFetchResponse,
    ShareGroupHeartbeatRequest,
};
use ottla_wire::record::{BatchBuilder, BatchOptions, Header, Records, batches, records};
use std::cell::Cell;
use std::collections::BTreeMap;

/// One member. It names all partitions of one topic.
pub(crate) struct Member<'a> {
    pub(crate) bench: &'a Bench,
    pub(crate) group: &'static str,
    pub(crate) name: &'static str,
    pub(crate) connection: u64,
    pub(crate) topic: TopicId,
    pub(crate) partitions: i32,
    pub(crate) epoch: Cell<i32>,
    pub(crate) max_wait_ms: i32,
    pub(crate) max_records: i32,
}

/// What came of one partition: ranges with delivery counts, and the values in them.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Got {
    pub(crate) ranges: Vec<(i64, i64, i16)>,
    pub(crate) values: Vec<String>,
}

/// First, last, types.
pub(crate) type Said = (i64, i64, &'static [i8]);

impl Bench {
    pub(crate) fn member(&self, name: &'static str, connection: u64, topic: TopicId) -> Member<'_> {
        Member {
            bench: self,
            group: "g",
            name,
            connection,
            topic,
            partitions: 1,
            epoch: Cell::new(0),
            max_wait_ms: 0,
            max_records: 500,
        }
    }

    /// Sets something on the group `g`.
    pub(crate) async fn set_group(&self, settings: &[(&str, &str)]) {
        let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        let mut overrides: BTreeMap<String, String> = (*self.broker.configs.group_overrides("g")).clone();
        overrides.extend(settings.iter().map(owned));
        self.broker.configs.check_group(&overrides).expect("legal settings");
        self.broker.set_group_overrides("g", overrides).await.expect("they can be stored");
    }

    /// A topic whose records the group `g` gets from the beginning.
    pub(crate) async fn create_queue(&self, partitions: i32) -> TopicId {
        self.set_group(&[("share.auto.offset.reset", "earliest")]).await;
        let topic = self.create_topic("t", partitions).await;
        self.subscribe(&["t"]).await;
        topic
    }

    /// Makes topics known to the group `g`, by a member that leaves again.
    pub(crate) async fn subscribe(&self, topics: &[&'static str]) {
        for epoch in [0, -1] {
            let request = ShareGroupHeartbeatRequest {
                group_id: "g".into(),
                member_id: "subscriber".into(),
                member_epoch: epoch,
                subscribed_topic_names: (epoch == 0)
                    .then(|| topics.iter().map(|topic| (*topic).into()).collect()),
                ..Default::default()
            };
            let answer = self.call(&request, 1).await;
            assert_eq!(answer.error_code, ErrorCode::NONE, "{:?}", answer.error_message);
        }
    }

    /// Appends one batch.
    pub(crate) async fn append(&self, topic: TopicId, partition: i32, values: &[&str]) {
        let mut builder = BatchBuilder::new(BatchOptions::default());
        for value in values {
            let now = self.broker.env.now().wall;
            builder.append(now, None, Some(value.as_bytes()), &[]).expect("a small record fits");
        }
        self.append_built(topic, partition, builder).await;
    }

    /// Appends one record with headers.
    pub(crate) async fn append_with(&self, topic: TopicId, value: &str, headers: &[(&'static str, String)]) {
        let header = |(key, value): &(&'static str, String)| Header::new(*key, value.clone());
        let headers: Vec<_> = headers.iter().map(header).collect();
        let mut builder = BatchBuilder::new(BatchOptions::default());
        let now = self.broker.env.now().wall;
        builder.append(now, Some(b"key"), Some(value.as_bytes()), &headers).expect("a small record fits");
        self.append_built(topic, 0, builder).await;
    }

    async fn append_built(&self, topic: TopicId, partition: i32, builder: BatchBuilder) {
        let id = PartitionId { topic, index: PartitionIndex(partition) };
        let append = Append { id, batch: builder.build() };
        self.broker.log.append(vec![append]).await.remove(0).expect("the partition is there");
    }

    /// All records of a partition.
    pub(crate) fn everything(&self, topic: TopicId, partition: i32) -> Vec<ottla_wire::record::Record> {
        let id = PartitionId { topic, index: PartitionIndex(partition) };
        let (log, mut all) = (&self.broker.log, Vec::new());
        let mut from = log.offsets(id).expect("the partition is there").log_start;
        loop {
            let whole = ottla_storage::WholeFirst::Yes;
            let read =
                log.read(id, from, 1 << 20, ottla_storage::ReadBound::End, whole).expect("it is readable");
            let bytes = read.records.to_bytes().expect("the file is there");
            for batch in batches(&bytes) {
                let (header, batch) = batch.expect("whole batches");
                from = header.next_offset();
                all.extend(
                    records(header, &batch).expect("it unpacks").map(|record| record.expect("well made")),
                );
            }
            if read.records.is_empty() {
                return all;
            }
        }
    }
}

impl Member<'_> {
    /// The next request of the session, which acknowledges.
    pub(crate) fn request(&self, says: &[(i32, Said)]) -> ShareFetchRequest {
        let epoch = self.epoch.get();
        self.epoch.set(epoch + 1);
        let named = if epoch == 0 { (0..self.partitions).collect() } else { Vec::new() };
        let mut partitions: Vec<FetchPartition> = named
            .into_iter()
            .map(|index| FetchPartition { partition_index: index, ..Default::default() })
            .collect();
        for (index, (first, last, types)) in says {
            let batch = AcknowledgementBatch {
                first_offset: *first,
                last_offset: *last,
                acknowledge_types: types.to_vec(),
            };
            match partitions.iter_mut().find(|partition| partition.partition_index == *index) {
                Some(partition) => partition.acknowledgement_batches.push(batch),
                None => partitions
                    .push(FetchPartition { partition_index: *index, acknowledgement_batches: vec![batch] }),
            }
        }
        ShareFetchRequest {
            group_id: Some(self.group.into()),
            member_id: Some(self.name.into()),
            share_session_epoch: epoch,
            max_wait_ms: self.max_wait_ms,
            min_bytes: 1,
            max_bytes: 1 << 20,
            max_records: self.max_records,
            batch_size: self.max_records,
            topics: vec![FetchTopic { topic_id: self.topic.0, partitions }],
            ..Default::default()
        }
    }

    pub(crate) async fn send(&self, request: &ShareFetchRequest) -> ShareFetchResponse {
        self.bench.call_on(self.connection, request, 2).await
    }

    /// Fetches from partition 0, and acknowledges there.
    pub(crate) async fn fetch_after(&self, says: &[Said]) -> (Got, ErrorCode) {
        let says: Vec<_> = says.iter().map(|said| (0, *said)).collect();
        let response = self.send(&self.request(&says)).await;
        assert_eq!(response.error_code, ErrorCode::NONE);
        match response
            .responses
            .into_iter()
            .flat_map(|topic| topic.partitions)
            .find(|data| data.partition_index == 0)
        {
            Some(data) => {
                assert_eq!(data.error_code, ErrorCode::NONE);
                (got(&data), data.acknowledge_error_code)
            }
            None => (Got::default(), ErrorCode::NONE),
        }
    }

    /// Fetches from partition 0.
    pub(crate) async fn fetch(&self) -> Got {
        self.fetch_after(&[]).await.0
    }

    /// Acknowledges in partition 0; the code of the partition, or of the whole.
    pub(crate) async fn say(&self, says: &[Said]) -> ErrorCode {
        let epoch = self.epoch.get();
        self.epoch.set(epoch + 1);
        self.say_at(epoch, says).await
    }

    pub(crate) async fn say_at(&self, epoch: i32, says: &[Said]) -> ErrorCode {
        let response: ShareAcknowledgeResponse =
            self.bench.call_on(self.connection, &self.acknowledgement(epoch, says), 2).await;
        match response.error_code {
            ErrorCode::NONE => {
                response.responses.first().map_or(ErrorCode::NONE, |topic| topic.partitions[0].error_code)
            }
            code => code,
        }
    }

    pub(crate) fn acknowledgement(&self, epoch: i32, says: &[Said]) -> ShareAcknowledgeRequest {
        let batch = |(first, last, types): &Said| Batch {
            first_offset: *first,
            last_offset: *last,
            acknowledge_types: types.to_vec(),
        };
        let acknowledgement_batches: Vec<_> = says.iter().map(batch).collect();
        let is_renew_ack = says.iter().any(|(_, _, types)| types.contains(&4));
        let partitions = vec![AcknowledgePartition { partition_index: 0, acknowledgement_batches }];
        let topics = vec![AcknowledgeTopic { topic_id: self.topic.0, partitions }];
        ShareAcknowledgeRequest {
            group_id: Some(self.group.into()),
            member_id: Some(self.name.into()),
            share_session_epoch: epoch,
            is_renew_ack,
            topics: if says.is_empty() { Vec::new() } else { topics },
        }
    }
}

/// What a member would see of a partition's answer.
pub(crate) fn got(data: &PartitionData) -> Got {
    let ranges: Vec<_> = data
        .acquired_records
        .iter()
        .map(|range| (range.first_offset, range.last_offset, range.delivery_count))
        .collect();
    let bytes = data.records.as_ref().map(Records::to_bytes).expect("never null").expect("the file is there");
    let mut values = Vec::new();
    for batch in batches(&bytes) {
        let (header, batch) = batch.expect("whole batches");
        for record in records(header, &batch).expect("it unpacks") {
            let record = record.expect("it is well made");
            let is_mine = |(first, last, _): &(i64, i64, i16)| (*first..=*last).contains(&record.offset.0);
            if ranges.iter().any(is_mine) {
                values.push(String::from_utf8_lossy(record.value.as_deref().unwrap_or(b"-")).into_owned());
            }
        }
    }
    Got { ranges, values }
}
