//! Requests of streams groups, with the fields that matter to scenarios.

use crate::asking::Topic;
use crate::scenario::Ran;
use crate::settings;
use crate::side::{Side, until};
use ottla_wire::message::streams_group_heartbeat_request::{Subtopology, TaskIds, TopicInfo, Topology};
use ottla_wire::message::{
    StreamsGroupDescribeRequest, StreamsGroupHeartbeatRequest, StreamsGroupHeartbeatResponse,
};
use ottla_wire::{ErrorCode, Str};

/// A group that waits for nobody.
pub struct Group {
    pub id: Str,
}

impl Group {
    pub fn make(side: &mut Side, suffix: &str, configs: &[(&str, &str)]) -> Result<Self, String> {
        let waiting = [("streams.initial.rebalance.delay.ms", "0"), ("streams.assignment.interval.ms", "0")];
        let settings: Vec<(&str, &str)> = waiting.iter().chain(configs).copied().collect();
        settings::group(side, suffix, &settings).map(|id| Self { id })
    }

    pub fn join(&self, member: &str, topology: Topology) -> StreamsGroupHeartbeatRequest {
        StreamsGroupHeartbeatRequest {
            rebalance_timeout_ms: 60_000,
            topology: Some(Box::new(topology)),
            process_id: Some(format!("process of {member}").into()),
            client_tags: Some(Vec::new()),
            ..self.owning(member, 0, &[])
        }
    }

    /// What a member says that has these tasks.
    pub fn owning(
        &self,
        member: &str,
        epoch: i32,
        active: &[(&str, &[i32])],
    ) -> StreamsGroupHeartbeatRequest {
        let tasks = |(id, partitions): &(&str, &[i32])| TaskIds {
            subtopology_id: (*id).into(),
            partitions: partitions.to_vec(),
        };
        StreamsGroupHeartbeatRequest {
            active_tasks: Some(active.iter().map(tasks).collect()),
            standby_tasks: Some(Vec::new()),
            warmup_tasks: Some(Vec::new()),
            ..self.beat(member, epoch)
        }
    }

    /// What a member says for which nothing has changed.
    pub fn beat(&self, member: &str, epoch: i32) -> StreamsGroupHeartbeatRequest {
        StreamsGroupHeartbeatRequest {
            group_id: self.id.clone(),
            member_id: member.into(),
            member_epoch: epoch,
            rebalance_timeout_ms: -1,
            ..Default::default()
        }
    }

    pub fn describe(&self, side: &mut Side, step: &str, version: i16) {
        let request = StreamsGroupDescribeRequest { group_ids: vec![self.id.clone()], ..Default::default() };
        side.ask(step, version, &request);
    }
}

/// Reads one topic.
pub fn reading(topic: &Topic) -> Topology {
    let part = Subtopology {
        subtopology_id: "0".into(),
        source_topics: vec![topic.name.clone()],
        ..Default::default()
    };
    Topology { epoch: 0, subtopologies: vec![part] }
}

/// Reads one topic, writes it by another key into a second one, and counts that.
pub fn counting(topic: &Topic, application: &str) -> Topology {
    let internal =
        |suffix: &str| TopicInfo { name: format!("{application}-{suffix}").into(), ..Default::default() };
    let counting = Subtopology {
        subtopology_id: "1".into(),
        repartition_source_topics: vec![internal("repartition")],
        state_changelog_topics: vec![internal("changelog")],
        ..Default::default()
    };
    let mut topology = reading(topic);
    topology.subtopologies[0].repartition_sink_topics = vec![internal("repartition").name];
    topology.subtopologies.push(counting);
    topology
}

/// Goes on with heartbeats until the topics that a group needs are there.
pub fn until_ready(side: &mut Side, group: &Group, member: &str, epoch: i32) -> Result<i32, String> {
    let mut epoch = epoch;
    until(|| {
        let answer: StreamsGroupHeartbeatResponse = side.setup(1, &group.owning(member, epoch, &[]))?;
        if answer.error_code != ErrorCode::NONE {
            return Err(format!("a heartbeat: {}", answer.error_code.name()));
        }
        epoch = answer.member_epoch;
        Ok(answer.status.is_some_and(|status| status.is_empty()).then_some(epoch))
    })
}

pub fn step(side: &mut Side, step: &str, request: &StreamsGroupHeartbeatRequest) -> Ran {
    side.ask(step, 1, request).map(drop).ok_or_else(|| "no answer".to_owned())
}
