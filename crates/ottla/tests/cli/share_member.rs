//! A member of a share group, as simple as one can be: it takes records, holds them, and accepts some.

use crate::group_member::Wire;
use crate::program::Broker;
use ottla_client::Connection;
use ottla_wire::ErrorCode;
use ottla_wire::message::share_acknowledge_request::{
    AcknowledgePartition, AcknowledgeTopic, AcknowledgementBatch,
};
use ottla_wire::message::share_fetch_request::{FetchPartition, FetchTopic};
use ottla_wire::message::{ShareAcknowledgeRequest, ShareFetchRequest, ShareGroupHeartbeatRequest};
use std::time::Duration;

/// Its records are its own until it is dropped: its locks end with its connection.
pub(crate) struct Member {
    wire: Wire,
    group: String,
    topic: uuid::Uuid,
    session_epoch: i32,
}

const ID: &str = "AAAAAAAAAAAAAAAAAAAAAQ";

impl Member {
    /// Joins the group, and takes that many records of the first partition of the topic.
    pub(crate) fn holding(broker: &Broker, group: &str, topic: &str, records: i32) -> Self {
        let wire = Wire::open(broker);
        let (topic, session_epoch) = wire.runtime.block_on(async {
            let topic = wire.client.topic(topic).await.unwrap();
            join(&wire.connection, group, &topic.name).await;
            (topic.id.0, take(&wire.connection, group, topic.id.0, records).await)
        });
        Self { wire, group: group.to_owned(), topic, session_epoch }
    }

    /// Accepts one record of those that it took.
    pub(crate) fn accept(&mut self, offset: i64) {
        let batch = AcknowledgementBatch {
            first_offset: offset,
            last_offset: offset,
            acknowledge_types: vec![ACCEPT],
        };
        let partition = AcknowledgePartition { partition_index: 0, acknowledgement_batches: vec![batch] };
        let request = ShareAcknowledgeRequest {
            group_id: Some(self.group.as_str().into()),
            member_id: Some(ID.into()),
            share_session_epoch: self.session_epoch,
            topics: vec![AcknowledgeTopic { topic_id: self.topic, partitions: vec![partition] }],
            ..ShareAcknowledgeRequest::default()
        };
        let response = self.wire.runtime.block_on(self.wire.connection.call(&request)).unwrap();
        assert_eq!(response.error_code, ErrorCode::NONE, "{:?}", response.error_message);
        assert_eq!(response.responses[0].partitions[0].error_code, ErrorCode::NONE);
        self.session_epoch += 1;
    }
}

async fn join(connection: &Connection, group: &str, topic: &str) {
    let (mut epoch, mut partitions) = (0, 0);
    // The assignment comes with one of the next heartbeats.
    for _ in 0..200 {
        let request = ShareGroupHeartbeatRequest {
            group_id: group.into(),
            member_id: ID.into(),
            member_epoch: epoch,
            rack_id: None,
            subscribed_topic_names: (epoch == 0).then(|| vec![topic.into()]),
        };
        let response = connection.call(&request).await.unwrap();
        assert_eq!(response.error_code, ErrorCode::NONE, "{:?}", response.error_message);
        epoch = response.member_epoch;
        partitions += response.assignment.map_or(0, |assignment| assignment.topic_partitions.len());
        if 0 < partitions {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the group gives no partitions");
}

async fn take(connection: &Connection, group: &str, topic_id: uuid::Uuid, records: i32) -> i32 {
    let (mut epoch, mut taken) = (0, 0);
    for _ in 0..200 {
        let partition = FetchPartition { partition_index: 0, ..FetchPartition::default() };
        let request = ShareFetchRequest {
            group_id: Some(group.into()),
            member_id: Some(ID.into()),
            share_session_epoch: epoch,
            max_wait_ms: 500,
            min_bytes: 1,
            max_records: records,
            batch_size: records,
            share_acquire_mode: RECORD_LIMIT,
            topics: if epoch == 0 {
                vec![FetchTopic { topic_id, partitions: vec![partition] }]
            } else {
                Vec::new()
            },
            ..ShareFetchRequest::default()
        };
        let response = connection.call(&request).await.unwrap();
        assert_eq!(response.error_code, ErrorCode::NONE, "{:?}", response.error_message);
        epoch += 1;
        for acquired in response
            .responses
            .iter()
            .flat_map(|topic| &topic.partitions)
            .flat_map(|partition| &partition.acquired_records)
        {
            taken += acquired.last_offset - acquired.first_offset + 1;
        }
        if 0 < taken {
            assert_eq!(taken, i64::from(records));
            return epoch;
        }
    }
    panic!("the queue gives no records");
}

const RECORD_LIMIT: i8 = 1;
const ACCEPT: i8 = 1;
