//! Reads chosen partitions from chosen offsets on, without a group.

use crate::exit::{Failure, Outcome, Status};
use crate::offsets::{Found, Key};
use ottla_base::{Offset, PartitionIndex};
use ottla_client::{Client, Refused, RequestError};
use ottla_wire::ErrorCode;
use ottla_wire::message::fetch_request::{FetchPartition, FetchTopic};
use ottla_wire::message::fetch_response::PartitionData;
use ottla_wire::message::{FetchRequest, FetchResponse};
use ottla_wire::record::{self, Record};
use std::collections::BTreeMap;
use std::time::Duration;

/// Where reading is in each partition.
pub(super) struct Reader {
    client: Client,
    positions: Found,
}

/// Records of one partition, in order.
pub(super) struct Batch {
    pub(super) key: Key,
    pub(super) records: Vec<Record>,
}

/// How long a broker may hold a request until there is something to read.
const WAIT: Duration = Duration::from_millis(500);
/// The same where several brokers have to be asked one after the other.
const WAIT_OF_MANY: Duration = Duration::from_millis(50);
const PARTITION_BYTES: i32 = 1 << 20;
const RESPONSE_BYTES: i32 = 16 << 20;

impl Reader {
    pub(super) fn new(client: &Client, positions: Found) -> Self {
        Self { client: client.fork(), positions }
    }

    /// Where the next record of each partition will be.
    pub(super) fn positions(&self) -> &Found {
        &self.positions
    }

    /// Asks every leader once for what comes next. May be empty after a moment of waiting.
    pub(super) async fn read(&mut self) -> Outcome<Vec<Batch>> {
        let mut by_leader: BTreeMap<i32, BTreeMap<String, FetchTopic>> = BTreeMap::new();
        for ((name, index), offset) in &self.positions {
            let leader = self.client.leader(name, *index).await?;
            let topics = by_leader.entry(leader).or_default();
            let topic = topics.entry(name.clone()).or_default();
            if topic.partitions.is_empty() {
                topic.topic = name.into();
                topic.topic_id = self.client.topic(name).await?.id.0;
            }
            topic.partitions.push(FetchPartition {
                partition: index.0,
                fetch_offset: offset.0,
                partition_max_bytes: PARTITION_BYTES,
                ..Default::default()
            });
        }
        let wait = if by_leader.len() == 1 { WAIT } else { WAIT_OF_MANY };
        let mut batches = Vec::new();
        for (leader, topics) in by_leader {
            let names: BTreeMap<_, _> =
                topics.values().map(|topic| (topic.topic_id, topic.topic.to_string())).collect();
            let request = FetchRequest {
                max_wait_ms: i32::try_from(wait.as_millis()).unwrap_or(0),
                min_bytes: 1,
                max_bytes: RESPONSE_BYTES,
                topics: topics.into_values().collect(),
                ..Default::default()
            };
            let connection = self.client.broker(leader).await?;
            let response: FetchResponse = connection.call_within(&request, wait).await?;
            Refused::check(format_args!("fetch from broker {leader}"), response.error_code, None)
                .map_err(RequestError::from)?;
            for topic in response.responses {
                let by_id = names.get(&topic.topic_id).cloned();
                let name =
                    if topic.topic.is_empty() { by_id.unwrap_or_default() } else { topic.topic.to_string() };
                for partition in topic.partitions {
                    batches.extend(self.take(&name, partition)?);
                }
            }
        }
        Ok(batches)
    }

    fn take(&mut self, topic: &str, data: PartitionData) -> Outcome<Option<Batch>> {
        let key = (topic.to_owned(), PartitionIndex(data.partition_index));
        let Some(position) = self.positions.get_mut(&key) else { return Ok(None) };
        if data.error_code == ErrorCode::OFFSET_OUT_OF_RANGE {
            // Retention was faster: what is left begins later.
            *position = Offset(data.log_start_offset).max(*position);
            return Ok(None);
        }
        if data.error_code == ErrorCode::NOT_LEADER_OR_FOLLOWER {
            self.client.forget_topic(topic);
            return Ok(None);
        }
        let what = format!("partition {topic}-{}", key.1);
        Refused::check(what, data.error_code, None).map_err(RequestError::from)?;
        let bytes = data.records.unwrap_or_default().to_bytes()?;
        let records = unpack(&bytes, position).map_err(|error| {
            let message = format!(
                "partition {topic}-{} has a batch at offset {position} that cannot be read: {error}",
                key.1
            );
            Failure::new(Status::Failed, message)
        })?;
        Ok((!records.is_empty()).then_some(Batch { key, records }))
    }
}

/// The records from `position` on; moves `position` behind them. A batch whose end is missing comes again.
fn unpack(bytes: &bytes::Bytes, position: &mut Offset) -> Result<Vec<Record>, record::BatchError> {
    let mut records = Vec::new();
    let mut nothing_yet = true;
    for batch in record::batches(bytes) {
        let (header, batch) = match batch {
            Ok(batch) => batch,
            Err(_) if !nothing_yet => break,
            Err(error) => return Err(error),
        };
        nothing_yet = false;
        if !header.is_control() {
            for record in record::records(header, &batch)? {
                let record = record?;
                if *position <= record.offset {
                    records.push(record);
                }
            }
        }
        *position = header.next_offset().max(*position);
    }
    Ok(records)
}
