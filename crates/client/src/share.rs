//! Reads topics together with the other members of a share group: each record by one member at a time.
//!
//! A poll asks one leader, the next one another, and gives whole answers: what it gave is locked for this member until
//! it accepts that, its lock times out, or it closes. An answer that is lost is given to somebody else in the same way.
//!
//! Invariant: at most one request is on its way, so that a session's epoch is known or the session is opened anew.

mod membership;

use crate::client::Client;
use crate::consumer::buffer::Buffer;
use crate::consumer::fetch::Answer;
use crate::consumer::{ConsumedRecord, ConsumerOptions, FetchError, Isolation};
use crate::error::{Refused, RequestError};
use crate::metadata::TopicPartition;
use membership::{Membership, Shares};
use ottla_base::{LeaderEpoch, Offset, PartitionIndex};
use ottla_wire::ErrorCode;
use ottla_wire::message::share_acknowledge_request::{
    AcknowledgePartition, AcknowledgeTopic, AcknowledgementBatch,
};
use ottla_wire::message::share_fetch_request::{FetchPartition, FetchTopic, ForgottenTopic};
use ottla_wire::message::share_fetch_response::PartitionData;
use ottla_wire::message::{ShareAcknowledgeRequest, ShareFetchRequest, ShareFetchResponse};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use uuid::Uuid;

/// A member of a share group.
pub struct ShareConsumer {
    client: Client,
    group: Arc<str>,
    member_id: Arc<str>,
    membership: Membership,
    /// By leader.
    sessions: BTreeMap<i32, Session>,
    asked_last: i32,
}

/// What a leader knows of this member.
#[derive(Debug, Default)]
struct Session {
    epoch: i32,
    partitions: BTreeSet<(Uuid, i32)>,
}

/// What one poll gave.
#[derive(Debug, Default)]
pub struct Taken {
    /// The records, each partition's in order.
    pub records: Vec<ConsumedRecord>,
    leader: i32,
    /// What of which partitions is locked, records or not.
    ranges: Vec<(Uuid, i32, (Offset, Offset))>,
}

impl Taken {
    /// Whether there was nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }
}

impl ShareConsumer {
    /// A member that joins at once, in a task of its own.
    #[must_use]
    pub fn new(client: &Client, group: &str, topics: Vec<Arc<str>>) -> Self {
        let (group, member_id): (Arc<str>, Arc<str>) =
            (group.into(), client.env().random_uuid().to_string().into());
        let membership = Membership::start(client, (Arc::clone(&group), Arc::clone(&member_id)), topics);
        Self {
            client: client.fork(),
            group,
            member_id,
            membership,
            sessions: BTreeMap::new(),
            asked_last: -1,
        }
    }

    /// How many leaders it asks, one each poll; 0 before the group has given it partitions.
    #[must_use]
    pub fn leaders(&self) -> usize {
        self.sessions.len()
    }

    /// Takes at most so many records; waits for at most `wait`. If it is dropped before it is ready, what the leader
    /// gave meanwhile is given back with the next poll of that leader, or when the member closes.
    ///
    /// # Errors
    /// What no retry mends.
    pub async fn poll(&mut self, records_max: i32, wait: Duration) -> Result<Taken, FetchError> {
        let deadline = Instant::now() + wait;
        let shares = self.membership.shares(deadline).await?;
        let by_leader = self.by_leader(&shares).await?;
        self.sessions.retain(|leader, _| by_leader.contains_key(leader));
        let after = by_leader.range(self.asked_last.saturating_add(1)..).next();
        let Some((&leader, partitions)) = after.or(by_leader.first_key_value()) else {
            tokio::time::sleep_until(deadline).await;
            return Ok(Taken::default());
        };
        self.asked_last = leader;
        let mut session = self.sessions.remove(&leader).unwrap_or_default();
        let request = self.request(&session, partitions, (records_max, wait));
        let response = match self.exchange(leader, request, wait).await {
            Ok(response) => response,
            Err(error) if error.is_retriable() => {
                shares.names.values().for_each(|name| self.client.forget_topic(name));
                tokio::time::sleep_until(deadline).await;
                return Ok(Taken::default());
            }
            Err(error) => return Err(error.into()),
        };
        let taken = self.read(leader, &shares, &response)?;
        session.epoch = session.epoch.checked_add(1).unwrap_or(1);
        session.partitions.clone_from(partitions);
        self.sessions.insert(leader, session);
        Ok(taken)
    }

    async fn by_leader(&self, shares: &Shares) -> Result<BTreeMap<i32, BTreeSet<(Uuid, i32)>>, RequestError> {
        let mut by_leader: BTreeMap<i32, BTreeSet<(Uuid, i32)>> = BTreeMap::new();
        for (topic, index) in &shares.partitions {
            let Some(name) = shares.names.get(topic) else { continue };
            match self.client.leader(name, PartitionIndex(*index)).await {
                Ok(leader) => _ = by_leader.entry(leader).or_default().insert((*topic, *index)),
                Err(error) if error.is_retriable() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(by_leader)
    }

    fn request(
        &self,
        session: &Session,
        partitions: &BTreeSet<(Uuid, i32)>,
        (records_max, wait): (i32, Duration),
    ) -> ShareFetchRequest {
        let added = partitions.difference(&session.partitions).map(|(topic_id, index)| FetchTopic {
            topic_id: *topic_id,
            partitions: vec![FetchPartition { partition_index: *index, ..FetchPartition::default() }],
        });
        let removed = session.partitions.difference(partitions);
        let removed =
            removed.map(|(topic_id, index)| ForgottenTopic { topic_id: *topic_id, partitions: vec![*index] });
        ShareFetchRequest {
            group_id: Some((&*self.group).into()),
            member_id: Some((&*self.member_id).into()),
            share_session_epoch: session.epoch,
            max_wait_ms: i32::try_from(wait.as_millis()).unwrap_or(i32::MAX),
            min_bytes: 1,
            max_bytes: FETCH_BYTES_MAX,
            max_records: records_max,
            batch_size: records_max,
            topics: added.collect(),
            forgotten_topics_data: removed.collect(),
            ..ShareFetchRequest::default()
        }
    }

    async fn exchange(
        &self,
        leader: i32,
        mut request: ShareFetchRequest,
        wait: Duration,
    ) -> Result<ShareFetchResponse, RequestError> {
        let connection = self.client.broker(leader).await?;
        if RECORD_LIMIT_SINCE <= connection.version_of::<ShareFetchRequest>()? {
            request.share_acquire_mode = RECORD_LIMIT;
        }
        let response = connection.call_within(&request, wait).await?;
        let what = format_args!("share group {}", self.group);
        Refused::check(what, response.error_code, response.error_message.as_deref())?;
        Ok(response)
    }

    fn read(&self, leader: i32, shares: &Shares, response: &ShareFetchResponse) -> Result<Taken, FetchError> {
        let mut taken = Taken { leader, ..Taken::default() };
        for topic in &response.responses {
            let Some(name) = shares.names.get(&topic.topic_id) else { continue };
            for data in &topic.partitions {
                let partition = TopicPartition::new(Arc::clone(name), data.partition_index);
                let checked = Refused::check(&partition, data.error_code, data.error_message.as_deref());
                match checked.map_err(RequestError::from) {
                    Err(error) if error.is_retriable() => self.client.forget_topic(name),
                    checked => checked?,
                }
                let end = unpack(partition, data, &mut taken.records)?;
                let acquired = data.acquired_records.iter().map(|range| {
                    let range = (Offset(range.first_offset), Offset(range.last_offset));
                    (topic.topic_id, data.partition_index, range)
                });
                // What was not all in the answer is not to be accepted.
                taken.ranges.extend(acquired.filter(|(_, _, (_, last))| *last < end));
            }
        }
        Ok(taken)
    }

    /// Accepts all of it: nobody gets it again, once this is done.
    ///
    /// # Errors
    /// What the leader says. `INVALID_RECORD_STATE`: the locks have timed out, and others get the records.
    pub async fn accept(&mut self, taken: Taken) -> Result<(), RequestError> {
        let Taken { leader, ranges, .. } = taken;
        let Some(mut session) = self.sessions.remove(&leader) else {
            let what = format!("share group {}", self.group).into();
            let code = ErrorCode::SHARE_SESSION_NOT_FOUND;
            return Err(Refused { what, code, message: None }.into());
        };
        let mut by_partition: BTreeMap<(Uuid, i32), Vec<AcknowledgementBatch>> = BTreeMap::new();
        for (topic, index, (first, last)) in ranges {
            let acknowledge_types = vec![ACCEPT];
            let batch =
                AcknowledgementBatch { first_offset: first.0, last_offset: last.0, acknowledge_types };
            by_partition.entry((topic, index)).or_default().push(batch);
        }
        let topics = by_partition.into_iter().map(|((topic_id, partition_index), batches)| {
            let partition = AcknowledgePartition { partition_index, acknowledgement_batches: batches };
            AcknowledgeTopic { topic_id, partitions: vec![partition] }
        });
        let request = self.acknowledgement(session.epoch, topics.collect());
        let response = self.client.broker(leader).await?.call(&request).await?;
        let what = format!("share group {}", self.group);
        Refused::check(&what, response.error_code, response.error_message.as_deref())?;
        session.epoch = session.epoch.checked_add(1).unwrap_or(1);
        self.sessions.insert(leader, session);
        for partition in response.responses.iter().flat_map(|topic| &topic.partitions) {
            Refused::check(&what, partition.error_code, partition.error_message.as_deref())?;
        }
        Ok(())
    }

    fn acknowledgement(&self, epoch: i32, topics: Vec<AcknowledgeTopic>) -> ShareAcknowledgeRequest {
        ShareAcknowledgeRequest {
            group_id: Some((&*self.group).into()),
            member_id: Some((&*self.member_id).into()),
            share_session_epoch: epoch,
            topics,
            ..ShareAcknowledgeRequest::default()
        }
    }

    /// Gives back what it has not accepted, and leaves. If that is not heard, the locks and the member time out.
    pub async fn close(self) {
        for leader in self.sessions.keys() {
            let Ok(connection) = self.client.broker(*leader).await else { continue };
            if let Err(error) = connection.call(&self.acknowledgement(SESSION_END, Vec::new())).await {
                tracing::debug!(%error, group = %self.group, "the end of a share session was not heard");
            }
        }
        self.membership.leave().await;
    }
}

/// Adds the acquired ones among the records of the answer, which has whole batches. Gives the offset behind the last.
fn unpack(
    partition: TopicPartition,
    data: &PartitionData,
    into: &mut Vec<ConsumedRecord>,
) -> Result<Offset, FetchError> {
    let records = data.records.as_ref().and_then(|records| records.as_bytes()).cloned().unwrap_or_default();
    let options = ConsumerOptions { isolation: Isolation::ReadUncommitted, ..ConsumerOptions::default() };
    let answer = Answer { high_watermark: Offset::NONE, log_start: None, records, aborted: Vec::new() };
    let (mut found, mut end, mut epoch) = (Vec::new(), Offset::ZERO, LeaderEpoch::NONE);
    Buffer::new(answer, &options)
        .take(&partition, usize::MAX, (&mut end, &mut epoch), &mut found)
        .map_err(|source| FetchError::Damaged { partition, source })?;
    let is_acquired = |record: &ConsumedRecord| {
        let offset = record.offset.0;
        data.acquired_records.iter().any(|range| (range.first_offset..=range.last_offset).contains(&offset))
    };
    into.extend(found.into_iter().filter(is_acquired));
    Ok(end)
}

const FETCH_BYTES_MAX: i32 = 50 << 20;
/// Never more records than asked for.
const RECORD_LIMIT: i8 = 1;
const RECORD_LIMIT_SINCE: i16 = 2;
const ACCEPT: i8 = 1;
const SESSION_END: i32 = -1;
