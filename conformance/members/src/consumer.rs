//! A member of a consumer group (KIP-848). It lets go at once of what it has to give back.

use super::{Failure, GROUP, Member, News, SESSION_MS, TOPIC, check};
use ottla_wire::message::consumer_group_heartbeat_request::TopicPartitions;
use ottla_wire::message::consumer_group_heartbeat_response::TopicPartitions as Assigned;
use ottla_wire::message::{ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse};

/// The epoch of a member that leaves.
const LEAVES: i32 = -1;

/// Lives until it has to leave.
pub(super) async fn live(mut member: Member) -> Result<(), Failure> {
    let mut epoch = 0;
    let mut owned: Vec<TopicPartitions> = Vec::new();
    loop {
        let is_new = epoch == 0;
        let response = heartbeat(&member, epoch, Some(owned.clone())).await?;
        let assigned = response.assignment.map(|assignment| read(&assignment.topic_partitions));
        let has_changed = assigned.as_ref().is_some_and(|assigned| *assigned != owned);
        if let Some(assigned) = assigned {
            owned = assigned;
        }
        if has_changed || is_new || epoch != response.member_epoch {
            epoch = response.member_epoch;
            let partitions = owned.iter().flat_map(|topic| &topic.partitions).copied().collect();
            member.tell(News::Holds { round: epoch, partitions })?;
        }
        // What has changed is told with the next heartbeat, at once.
        if !has_changed && member.rest().await {
            heartbeat(&member, LEAVES, None).await?;
            return member.tell(News::Left);
        }
    }
}

fn read(topics: &[Assigned]) -> Vec<TopicPartitions> {
    let read =
        |topic: &Assigned| TopicPartitions { topic_id: topic.topic_id, partitions: topic.partitions.clone() };
    topics.iter().map(read).collect()
}

async fn heartbeat(
    member: &Member,
    epoch: i32,
    owned: Option<Vec<TopicPartitions>>,
) -> Result<ConsumerGroupHeartbeatResponse, Failure> {
    let is_new = epoch == 0;
    let request = ConsumerGroupHeartbeatRequest {
        group_id: GROUP.into(),
        member_id: format!("member-{}", member.index).into(),
        member_epoch: epoch,
        rebalance_timeout_ms: if is_new { SESSION_MS } else { -1 },
        subscribed_topic_names: is_new.then(|| vec![TOPIC.into()]),
        topic_partitions: owned,
        ..ConsumerGroupHeartbeatRequest::default()
    };
    let response = member.connection.call(&request).await?;
    check("ConsumerGroupHeartbeat", response.error_code)?;
    Ok(response)
}
