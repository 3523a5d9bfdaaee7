//! The answer of a ShareFetch: what was fetched and what became of acknowledgements, by partition.

use super::of_partition;
use super::partition::Outcome;
use crate::share_partitions::Acknowledged;
use foldhash::HashMap;
use ottla_base::{PartitionId, TopicId};
use ottla_wire::error_code::ErrorCode;
use ottla_wire::message::ShareFetchResponse;
use ottla_wire::message::share_fetch_response::{
    AcquiredRecords, PartitionData, ShareFetchableTopicResponse,
};
use ottla_wire::record::Records;

/// All that a member is told.
#[derive(Debug)]
pub(super) struct Results {
    /// How long it has the records, if it does not renew.
    pub(super) lock_ms: i32,
    pub(super) fetched: Vec<(PartitionId, Outcome)>,
    pub(super) acknowledged: Vec<(PartitionId, Acknowledged)>,
}

impl Results {
    pub(super) fn answer(self) -> ShareFetchResponse {
        let Self { lock_ms, fetched, acknowledged } = self;
        let mut responses = Topics::default();
        for (id, outcome) in fetched {
            let data = responses.partition(id);
            data.error_code = outcome.code;
            let message = match outcome.code {
                ErrorCode::UNKNOWN_SERVER_ERROR => {
                    Some("the group does not know this partition: a member must subscribe to its topic")
                }
                code => of_partition(code),
            };
            data.error_message = message.map(Into::into);
            data.records = Some(outcome.records);
            let acquired = outcome.ranges.into_iter().map(|range| AcquiredRecords {
                first_offset: range.first.0,
                last_offset: range.last.0,
                delivery_count: range.delivery_count,
            });
            data.acquired_records = acquired.collect();
        }
        for (id, Acknowledged { code, message }) in acknowledged {
            let data = responses.partition(id);
            // Of a partition that the request names twice, the first refusal is told.
            if data.acknowledge_error_code == ErrorCode::NONE {
                data.acknowledge_error_code = code;
                data.acknowledge_error_message = message.map(Into::into);
            }
        }
        ShareFetchResponse {
            acquisition_lock_timeout_ms: lock_ms,
            responses: responses.topics,
            ..Default::default()
        }
    }
}

/// Partitions under their topics, each once. A session may name a hundred thousand, and none of them need exist: they are
/// found by hash, for looking through them would hold up everybody on this thread.
#[derive(Default)]
struct Topics {
    topics: Vec<ShareFetchableTopicResponse>,
    of_topics: HashMap<TopicId, usize>,
    of_partitions: HashMap<PartitionId, usize>,
}

impl Topics {
    fn partition(&mut self, id: PartitionId) -> &mut PartitionData {
        let topics = &mut self.topics;
        let topic = *self.of_topics.entry(id.topic).or_insert_with(|| {
            topics.push(ShareFetchableTopicResponse { topic_id: id.topic.0, partitions: Vec::new() });
            topics.len() - 1
        });
        let partitions = &mut topics[topic].partitions;
        let at = *self.of_partitions.entry(id).or_insert_with(|| {
            // Empty records, not null: the field cannot be null.
            let records = Some(Records::default());
            partitions.push(PartitionData { partition_index: id.index.0, records, ..Default::default() });
            partitions.len() - 1
        });
        &mut partitions[at]
    }
}
