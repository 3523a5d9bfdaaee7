//! Asks leaders for offsets: the first, the last, by time.

use crate::client::Client;
use crate::consumer::Isolation;
use crate::error::{CallError, Refused, RequestError};
use crate::metadata::TopicPartition;
use ottla_base::{LeaderEpoch, Offset, Timestamp};
use ottla_wire::ErrorCode;
use ottla_wire::message::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use ottla_wire::message::{ListOffsetsRequest, ListOffsetsResponse};
use std::collections::BTreeMap;

/// Which offset of a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OffsetSpec {
    /// The first that is there.
    Earliest,
    /// The one after the last that can be read.
    Latest,
    /// That of the first record with this timestamp or a later one.
    At(Timestamp),
    /// That of the record with the largest timestamp.
    MaxTimestamp,
    /// The first on the leader's own disk, where older records are elsewhere.
    EarliestLocal,
    /// The last that has been copied elsewhere; none if nothing is.
    LatestTiered,
    /// The first that has not been copied elsewhere.
    EarliestPendingUpload,
}

impl OffsetSpec {
    fn timestamp(self) -> i64 {
        match self {
            Self::Latest => -1,
            Self::Earliest => -2,
            Self::MaxTimestamp => -3,
            Self::EarliestLocal => -4,
            Self::LatestTiered => -5,
            Self::EarliestPendingUpload => -6,
            Self::At(timestamp) => timestamp.0.max(0),
        }
    }
}

/// An offset that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FoundOffset {
    /// The offset; none if no record has such a timestamp.
    pub offset: Option<Offset>,
    /// The record's timestamp, for a search by time.
    pub timestamp: Timestamp,
    /// Under which leader the offset was written; -1 if unknown.
    pub leader_epoch: LeaderEpoch,
}

/// The answer for one partition.
pub type OffsetResult = (TopicPartition, Result<FoundOffset, RequestError>);

/// Asks the leader of each partition, and asks again while that may help. One answer for each partition, in no order.
pub async fn list_offsets(
    client: &Client,
    asked: &[(TopicPartition, OffsetSpec)],
    isolation: Isolation,
) -> Vec<OffsetResult> {
    let mut retry = client.retry();
    let mut open = asked.to_vec();
    let mut done = Vec::with_capacity(open.len());
    loop {
        let mut again = Vec::new();
        let mut failed = Vec::new();
        for (specs, result) in round(client, std::mem::take(&mut open), isolation).await {
            match result {
                Err(error) if error.is_retriable() => {
                    client.forget_topic(&specs.0.topic);
                    again.push(specs.clone());
                    failed.push((specs.0, Err(error)));
                }
                result => done.push((specs.0, result)),
            }
        }
        // A topic that the cluster says it does not have is an answer, not a reason to wait.
        let hopeless = failed.iter().all(|(_, result): &OffsetResult| {
            result.as_ref().is_err_and(|error| error.code() == Some(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION))
        });
        if again.is_empty() || hopeless || !retry.pause().await {
            done.extend(failed);
            return done;
        }
        open = again;
    }
}

type Asked = (TopicPartition, OffsetSpec);

async fn round(
    client: &Client,
    asked: Vec<Asked>,
    isolation: Isolation,
) -> Vec<(Asked, Result<FoundOffset, RequestError>)> {
    let mut results = Vec::new();
    let mut by_leader: BTreeMap<i32, Vec<Asked>> = BTreeMap::new();
    for (partition, spec) in asked {
        match client.leader(&partition.topic, partition.partition).await {
            Ok(leader) => by_leader.entry(leader).or_default().push((partition, spec)),
            Err(error) => results.push(((partition, spec), Err(error))),
        }
    }
    for (leader, asked) in by_leader {
        match ask(client, leader, &asked, isolation).await {
            Ok(response) => results.extend(asked.into_iter().map(|asked| {
                let result = read(&response, &asked.0);
                (asked, result)
            })),
            Err(error) => results.extend(asked.into_iter().map(|asked| (asked, Err(error.clone().into())))),
        }
    }
    results
}

async fn ask(
    client: &Client,
    leader: i32,
    asked: &[Asked],
    isolation: Isolation,
) -> Result<ListOffsetsResponse, CallError> {
    let mut topics: BTreeMap<&str, Vec<ListOffsetsPartition>> = BTreeMap::new();
    for (partition, spec) in asked {
        topics.entry(&partition.topic).or_default().push(ListOffsetsPartition {
            partition_index: partition.partition.0,
            timestamp: spec.timestamp(),
            ..ListOffsetsPartition::default()
        });
    }
    let topic = |(name, partitions): (&str, Vec<_>)| ListOffsetsTopic { name: name.into(), partitions };
    let request = ListOffsetsRequest {
        replica_id: -1,
        isolation_level: isolation as i8,
        topics: topics.into_iter().map(topic).collect(),
        timeout_ms: i32::try_from(client.options().request_timeout.as_millis()).unwrap_or(i32::MAX),
    };
    client.broker(leader).await?.call(&request).await
}

fn read(response: &ListOffsetsResponse, asked: &TopicPartition) -> Result<FoundOffset, RequestError> {
    let topic = response.topics.iter().find(|topic| topic.name.as_str() == &*asked.topic);
    let found =
        topic.and_then(|topic| topic.partitions.iter().find(|p| p.partition_index == asked.partition.0));
    let what = || format!("partition {asked}");
    let Some(found) = found else {
        let message = Some("the broker did not answer for this partition".into());
        return Err(Refused { what: what().into(), code: ErrorCode::UNKNOWN_SERVER_ERROR, message }.into());
    };
    Refused::check(what(), found.error_code, None)?;
    Ok(FoundOffset {
        offset: (0 <= found.offset).then_some(Offset(found.offset)),
        timestamp: Timestamp(found.timestamp),
        leader_epoch: LeaderEpoch(found.leader_epoch),
    })
}
