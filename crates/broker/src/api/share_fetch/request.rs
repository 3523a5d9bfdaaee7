//! What share requests say: who asks, which partitions, what became of records. ShareAcknowledge has the same parts.

use super::{Refused, of_partition};
use crate::api::Context;
use crate::image::Topic;
use crate::share_partitions::{Acknowledged, Acknowledgement, RenewAsked};
use crate::share_session::Key;
use ottla_base::Offset;
use ottla_base::{PartitionId, PartitionIndex, TopicId};
use ottla_coordinator::share_partition::{AcknowledgeBatch, Config};
use ottla_wire::Str;
use ottla_wire::error_code::ErrorCode;
use ottla_wire::message::ShareFetchRequest;
use std::pin::Pin;
use std::sync::Arc;

/// A member id is what a client makes of a UUID, and never longer.
const MEMBER_ID_MAX: usize = 36;

/// Who asks. Nothing of it holds the request's frame.
///
/// # Errors
/// INVALID_REQUEST, as Apache Kafka.
pub(in crate::api) fn member_of(group: Option<&Str>, member: Option<&Str>) -> Result<Key, Refused> {
    let refuse = |message| Refused { code: ErrorCode::INVALID_REQUEST, message };
    let group = group.ok_or_else(|| refuse("the request names no group: give its id"))?;
    let is_legal = |member: &&Str| !member.is_empty() && member.encode_utf16().count() <= MEMBER_ID_MAX;
    let member =
        member.filter(is_legal).ok_or_else(|| refuse("a member id has 1 to 36 characters: send a UUID"))?;
    Ok(Key { group: group.clone().detached(), member: member.clone().detached() })
}

/// A request that renews locks asks for no records.
pub(super) fn check_renewal(request: &ShareFetchRequest) -> Result<(), Refused> {
    let ShareFetchRequest { max_bytes, min_bytes, max_records, max_wait_ms, .. } = request;
    if request.is_renew_ack && [max_bytes, min_bytes, max_records, max_wait_ms] != [&0; 4] {
        let message = "with IsRenewAck, MaxBytes, MinBytes, MaxRecords and MaxWaitMs must be 0: renew in a request \
                       of its own";
        return Err(Refused { code: ErrorCode::INVALID_REQUEST, message });
    }
    Ok(())
}

/// A ShareFetch by its subjects.
#[derive(Debug, Default)]
pub(super) struct Parts {
    /// What it names, and so adds to the session.
    pub(super) partitions: Vec<PartitionId>,
    pub(super) forgotten: Vec<PartitionId>,
    /// Whether any partition has acknowledgements.
    pub(super) acknowledges: bool,
    /// As the request names the partitions, those with acknowledgements.
    pub(super) acknowledgements: Vec<Acknowledgement>,
}

pub(super) fn take_apart(request: &ShareFetchRequest) -> Parts {
    let mut parts = Parts::default();
    for topic in &request.topics {
        for partition in &topic.partitions {
            let id = id_of(topic.topic_id, partition.partition_index);
            parts.partitions.push(id);
            let batches = partition.acknowledgement_batches.iter();
            let batches = batches
                .map(|batch| batch_of((batch.first_offset, batch.last_offset), &batch.acknowledge_types));
            let batches: Vec<_> = batches.collect();
            if !batches.is_empty() {
                parts.acknowledges = true;
                parts.acknowledgements.push(Acknowledgement { partition: id, batches });
            }
        }
    }
    for topic in &request.forgotten_topics_data {
        parts.forgotten.extend(topic.partitions.iter().map(|&index| id_of(topic.topic_id, index)));
    }
    parts
}

pub(in crate::api) fn id_of(topic: uuid::Uuid, index: i32) -> PartitionId {
    PartitionId { topic: TopicId(topic), index: PartitionIndex(index) }
}

pub(in crate::api) fn batch_of((first, last): (i64, i64), types: &[i8]) -> AcknowledgeBatch {
    AcknowledgeBatch { first: Offset(first), last: Offset(last), types: types.to_vec() }
}

/// Finds a partition by its id.
pub(in crate::api) fn resolve(context: &Context, id: PartitionId) -> Result<Arc<Topic>, ErrorCode> {
    let topic = context.broker.image.topic_by_id(id.topic).ok_or(ErrorCode::UNKNOWN_TOPIC_ID)?;
    topic.partition(id.index.0).ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)?;
    Ok(topic)
}

/// Who acknowledges, and how.
#[derive(Clone, Copy)]
pub(in crate::api) struct Asking<'a> {
    pub(in crate::api) key: &'a Key,
    pub(in crate::api) config: &'a Arc<Config>,
    pub(in crate::api) is_renewal: bool,
}

/// The acknowledgement of one partition, on its way to the disk.
pub(in crate::api) type Acknowledging = (PartitionId, Pin<Box<dyn Future<Output = Acknowledged>>>);

/// Carries acknowledgements out, each of one partition. They are decided when this returns.
pub(in crate::api) fn set_out(
    context: &Context,
    asking: Asking,
    acknowledgements: Vec<Acknowledgement>,
) -> Vec<Acknowledging> {
    let Asking { key, config, is_renewal } = asking;
    let renew = if is_renewal { RenewAsked::Allowed } else { RenewAsked::Refused };
    let set_out = |acknowledgement: Acknowledgement| -> Acknowledging {
        let partition = acknowledgement.partition;
        match resolve(context, partition) {
            Err(code) => {
                let refused = Acknowledged { code, message: of_partition(code) };
                (partition, Box::pin(std::future::ready(refused)))
            }
            Ok(_) => {
                let member = (&key.group, &key.member);
                let share = &context.broker.share.partitions;
                let acknowledging = share.acknowledge(member, Arc::clone(config), renew, acknowledgement);
                (partition, Box::pin(acknowledging))
            }
        }
    };
    acknowledgements.into_iter().map(set_out).collect()
}

/// Resolves when all of it is durable, or refused.
pub(in crate::api) async fn acknowledge(
    acknowledging: Vec<Acknowledging>,
) -> Vec<(PartitionId, Acknowledged)> {
    let mut acknowledged = Vec::with_capacity(acknowledging.len());
    for (partition, outcome) in acknowledging {
        acknowledged.push((partition, outcome.await));
    }
    acknowledged
}
