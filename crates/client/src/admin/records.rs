//! Offsets of partitions, and deletion of their oldest records.

use super::Admin;
use crate::consumer::Isolation;
use crate::error::{CallError, Refused, RequestError};
use crate::metadata::TopicPartition;
use crate::offsets::{OffsetResult, OffsetSpec, list_offsets};
use ottla_base::Offset;
use ottla_wire::ErrorCode;
use ottla_wire::message::DeleteRecordsRequest;
use ottla_wire::message::delete_records_request::{DeleteRecordsPartition, DeleteRecordsTopic};

impl Admin {
    /// Looks up offsets; one answer for each question, in no order.
    pub async fn list_offsets(
        &self,
        asked: &[(TopicPartition, OffsetSpec)],
        isolation: Isolation,
    ) -> Vec<OffsetResult> {
        list_offsets(&self.client, asked, isolation).await
    }

    /// Deletes the records before `offset`, or all that can be read if there is none. Gives the first offset left.
    ///
    /// # Errors
    /// What the leader says, retried while that may change.
    pub async fn delete_records(
        &self,
        partition: &TopicPartition,
        offset: Option<Offset>,
    ) -> Result<Offset, RequestError> {
        let request = DeleteRecordsRequest {
            topics: vec![DeleteRecordsTopic {
                name: (&*partition.topic).into(),
                partitions: vec![DeleteRecordsPartition {
                    partition_index: partition.partition.0,
                    offset: offset.unwrap_or(Offset::NONE).0,
                }],
            }],
            timeout_ms: self.timeout_ms(),
        };
        let mut retry = self.client.retry();
        loop {
            match self.delete_once(partition, &request).await {
                Err(error) if error.code() == Some(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION) => {
                    return Err(error);
                }
                Err(error) if error.is_retriable() && retry.pause().await => {
                    self.client.forget_topic(&partition.topic);
                }
                result => return result,
            }
        }
    }

    async fn delete_once(
        &self,
        partition: &TopicPartition,
        request: &DeleteRecordsRequest,
    ) -> Result<Offset, RequestError> {
        let leader = self.client.leader(&partition.topic, partition.partition).await?;
        let response = self.client.broker(leader).await?.call_within(request, self.timeout()).await?;
        let mut results = response.topics.iter().flat_map(|topic| &topic.partitions);
        let found = results.next().ok_or(CallError::UnknownBroker(leader))?;
        Refused::check(format_args!("records of {partition}"), found.error_code, None)?;
        Ok(Offset(found.low_watermark))
    }
}
