//! A share group before it reads: its settings, its members, and who reads what.

use super::Arguments;
use super::member::Member;
use crate::call::{ATTEMPTS, Coordinator, accept, ask, await_coordinator, is_not_ready, pause};
use crate::command::{Failure, Outcome};
use crate::open_loop::Connection;
use ottla_wire::Str;
use ottla_wire::message::incremental_alter_configs_request::{AlterConfigsResource, AlterableConfig};
use ottla_wire::message::{IncrementalAlterConfigsRequest, ShareGroupHeartbeatRequest};
use uuid::Uuid;

/// Lets a member join over each connection, and waits until each knows what it reads.
///
/// Heartbeats end there: runs are shorter than a session.
pub(super) fn join(arguments: &Arguments, connections: &mut [Connection]) -> Result<Vec<Member>, Failure> {
    let first =
        connections.first_mut().ok_or_else(|| Failure::new("a group without members reads nothing"))?;
    await_coordinator(first, Coordinator::Group, &arguments.group)?;
    start_at_earliest(&arguments.group, first)?;
    let mut joining: Vec<Joining> = (1..=connections.len() as u128).map(Joining::new).collect();
    for _ in 0..ATTEMPTS {
        let mut news = false;
        for (member, connection) in joining.iter_mut().zip(&mut *connections) {
            news |= member.beat(arguments, connection)?;
        }
        // A round without news: who joined last has changed what the first ones read for the last time.
        if !news && joining.iter().all(|member| !member.partitions.is_empty()) {
            return Ok(joining.into_iter().map(|member| member.done(arguments)).collect());
        }
        pause()?;
    }
    Err(Failure::new("the group does not settle: are there as many partitions as it can share?"))
}

struct Joining {
    id: Str,
    epoch: i32,
    partitions: Vec<(Uuid, i32)>,
}

impl Joining {
    fn new(number: u128) -> Self {
        Self { id: Uuid::from_u128(number).to_string().into(), epoch: 0, partitions: Vec::new() }
    }

    /// Whether something has changed.
    fn beat(&mut self, arguments: &Arguments, connection: &mut Connection) -> Result<bool, Failure> {
        let request = ShareGroupHeartbeatRequest {
            group_id: arguments.group.as_str().into(),
            member_id: self.id.clone(),
            member_epoch: self.epoch,
            rack_id: None,
            subscribed_topic_names: (self.epoch == 0).then(|| vec![arguments.topic.as_str().into()]),
        };
        let heard = ask(connection, &request, HEARTBEAT_VERSION)?;
        if is_not_ready(heard.error_code) {
            return Ok(true);
        }
        accept("ShareGroupHeartbeat", heard.error_code)?;
        let given = heard.assignment.map(|assignment| {
            let topics = assignment.topic_partitions.into_iter();
            topics
                .flat_map(|topic| topic.partitions.into_iter().map(move |index| (topic.topic_id, index)))
                .collect()
        });
        let partitions = given.unwrap_or_else(|| self.partitions.clone());
        let news = heard.member_epoch != self.epoch || partitions != self.partitions;
        (self.epoch, self.partitions) = (heard.member_epoch, partitions);
        Ok(news)
    }

    fn done(self, arguments: &Arguments) -> Member {
        Member::new(arguments.group.as_str().into(), self.id, self.partitions, arguments.records.get())
    }
}

fn start_at_earliest(group: &str, connection: &mut Connection) -> Outcome {
    let config = AlterableConfig {
        name: "share.auto.offset.reset".into(),
        config_operation: SET,
        value: Some("earliest".into()),
    };
    let resource =
        AlterConfigsResource { resource_type: GROUP, resource_name: group.into(), configs: vec![config] };
    let request = IncrementalAlterConfigsRequest { resources: vec![resource], validate_only: false };
    let altered = ask(connection, &request, ALTER_CONFIGS_VERSION)?;
    altered.responses.iter().try_for_each(|resource| accept("IncrementalAlterConfigs", resource.error_code))
}

const HEARTBEAT_VERSION: i16 = 1;
const ALTER_CONFIGS_VERSION: i16 = 1;
/// The kind of a config's owner, and what is done to the config.
const GROUP: i8 = 32;
const SET: i8 = 0;
