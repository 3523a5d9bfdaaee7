//! Bugs that are planted between the network and the machines.

use super::super::Planted;
use super::super::member::{Parting, Place, Request};
use super::World;
use super::people::id_of;
use ottla_coordinator::machine::Ticket;
use ottla_wire::Str;
use ottla_wire::message::consumer_group_heartbeat_request::TopicPartitions;
use uuid::Uuid;

impl World {
    /// What a planted bug makes of a request.
    pub(super) fn plant(&self, member: usize, request: &mut Request) {
        let known = &self.judge.members[member];
        match (self.planted, request) {
            (Planted::Unrevoked, Request::Consumer(request)) if 0 < request.member_epoch => {
                let listed = |(topic_id, index): &Place| TopicPartitions {
                    topic_id: *topic_id,
                    partitions: vec![*index],
                };
                request.topic_partitions =
                    known.assigned.iter().next().map(|all| all.iter().map(listed).collect());
            }
            (Planted::TasksUnrevoked, Request::Streams(request)) if 0 < request.member_epoch => {
                known.tasks.iter().for_each(|tasks| tasks.tell(request));
            }
            (Planted::InstanceForgotten, Request::Consumer(request)) => request.instance_id = None,
            (Planted::InstanceForgotten, Request::Streams(request)) => request.instance_id = None,
            (Planted::InstanceForgotten, Request::Join(request)) => request.group_instance_id = None,
            (Planted::InstanceForgotten, Request::Sync(request)) => request.group_instance_id = None,
            (Planted::InstanceForgotten, Request::Heartbeat(request)) => request.group_instance_id = None,
            (Planted::EpochUnchecked, Request::Commit(request)) => {
                request.generation_id_or_member_epoch = known.epoch;
            }
            _ => {}
        }
    }

    /// A planted bug: who has the instance id of somebody who comes is taken for away.
    pub(super) fn send_off(&mut self, other: usize, mut request: Request) {
        let away = Parting::ForAMoment.epoch();
        match &mut request {
            Request::Consumer(request) => {
                (request.member_id, request.member_epoch) = (Str::from(id_of(other)), away);
            }
            Request::Streams(request) => {
                (request.member_id, request.member_epoch) = (Str::from(id_of(other)), away);
                request.topology = None;
            }
            _ => return,
        }
        self.coordinator.ask(self.now(), Ticket(u64::MAX), request, Uuid::nil());
    }
}
