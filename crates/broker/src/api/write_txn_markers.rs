//! WriteTxnMarkers, key 27, versions 1–2: ends a transaction in single partitions, whatever its coordinator thinks.
//!
//! Kafka's coordinators send it to other brokers; here it is how an operator aborts a transaction that hangs
//! (`kafka-transactions abort`), for example one that came with the data of another broker. v2 says by which version's
//! rule the epoch is judged (KIP-1228): under 2 it must be newer than the producer's.

use super::{Api, Context};
use crate::error;
use crate::groups::OFFSETS_TOPIC;
use ottla_base::{PartitionIndex, ProducerEpoch, ProducerId};
use ottla_storage::{TransactionEnd, TransactionVersion};
use ottla_wire::error_code::ErrorCode;
use ottla_wire::message::write_txn_markers_request::WritableTxnMarkerTopic;
use ottla_wire::message::write_txn_markers_response::{
    WritableTxnMarkerPartitionResult, WritableTxnMarkerResult, WritableTxnMarkerTopicResult,
};
use ottla_wire::message::{WriteTxnMarkersRequest, WriteTxnMarkersResponse};
use ottla_wire::record::{Marker, MarkerKind};
use std::ops::RangeInclusive;

const VERSIONS: RangeInclusive<i16> = 1..=2;
const TRANSACTION_VERSION_TWO: i8 = 2;

pub(super) fn api() -> Api {
    Api::new(VERSIONS, handle)
}

async fn handle(context: Context, request: WriteTxnMarkersRequest) -> WriteTxnMarkersResponse {
    let mut markers = Vec::with_capacity(request.markers.len());
    for marker in request.markers {
        let end = TransactionEnd {
            producer: ProducerId(marker.producer_id),
            epoch: ProducerEpoch(marker.producer_epoch),
            marker: Marker {
                kind: if marker.transaction_result { MarkerKind::Commit } else { MarkerKind::Abort },
                coordinator_epoch: marker.coordinator_epoch,
            },
            version: if marker.transaction_version < TRANSACTION_VERSION_TWO {
                TransactionVersion::V1
            } else {
                TransactionVersion::V2
            },
        };
        let mut topics = Vec::with_capacity(marker.topics.len());
        for topic in marker.topics {
            let codes = match *topic.name == *OFFSETS_TOPIC {
                true => tell_groups(&context, end, &topic.partition_indexes).await,
                false => write(&context, end, &topic).await,
            };
            topics.push(result(topic, codes));
        }
        markers.push(WritableTxnMarkerResult { producer_id: marker.producer_id, topics });
    }
    WriteTxnMarkersResponse { markers }
}

fn result(topic: WritableTxnMarkerTopic, codes: Vec<ErrorCode>) -> WritableTxnMarkerTopicResult {
    let partitions = topic.partition_indexes.into_iter().zip(codes).map(|(partition_index, error_code)| {
        WritableTxnMarkerPartitionResult { partition_index, error_code }
    });
    WritableTxnMarkerTopicResult { partitions: partitions.collect(), name: topic.name }
}

async fn tell_groups(context: &Context, end: TransactionEnd, indexes: &[i32]) -> Vec<ErrorCode> {
    let TransactionEnd { producer, epoch, marker, .. } = end;
    let mut codes = Vec::with_capacity(indexes.len());
    for index in indexes {
        let groups = &context.broker.groups;
        let told = groups.complete_transaction(PartitionIndex(*index), producer, epoch, marker.kind).await;
        codes.push(told.err().unwrap_or(ErrorCode::NONE));
    }
    codes
}

async fn write(context: &Context, end: TransactionEnd, asked: &WritableTxnMarkerTopic) -> Vec<ErrorCode> {
    let topic = context.broker.image.topic(&asked.name);
    let found: Vec<_> =
        asked.partition_indexes.iter().map(|index| topic.as_ref()?.partition(*index)).collect();
    let ends = found.iter().flatten().map(|id| (*id, end)).collect();
    let mut written = context.broker.log.append_markers(ends).await.into_iter();
    let code = |id: Option<_>| match id.and_then(|_| written.next()) {
        None => ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
        Some(Ok(_)) => ErrorCode::NONE,
        Some(Err(refused)) => error::of_append(&refused),
    };
    found.into_iter().map(code).collect()
}
