//! What is looked at: what was decided, what is stored, and whether everything has come to rest.

use super::super::classic;
use super::super::judge::Kind;
use super::super::member::Place;
use super::{KINDS, World};
use ottla_coordinator::group::{self, consumer};
use ottla_coordinator::machine::Ticket;
use ottla_coordinator::share_partition::{self, AcknowledgeBatch};
use ottla_wire::ErrorCode;
use uuid::Uuid;

impl World {
    pub(super) fn judge_acquired(&mut self, ticket: Ticket, member: &str) {
        let decided = self.coordinator.queues.decided().iter().find(|(other, _)| *other == ticket);
        if let Some((_, share_partition::Reply::Acquired(acquired))) = decided {
            let verdict = self.queue.given(member, &acquired.ranges, self.now_ms);
            self.judged(verdict);
        }
    }

    pub(super) fn judge_acknowledged(&mut self, ticket: Ticket, batches: Vec<AcknowledgeBatch>) {
        let decided = self.coordinator.queues.decided().iter().find(|(other, _)| *other == ticket);
        if let Some((_, share_partition::Reply::Acknowledged(Ok(())))) = decided {
            self.queue.acknowledged(ticket, batches);
        }
    }

    pub(super) fn judge_decided(&mut self) {
        if self.trace.is_some() {
            let decided = format!("decided {:?}", self.coordinator.groups.decided());
            self.note(|| decided);
        }
        let mut verdict = Ok(());
        for (ticket, reply) in self.coordinator.groups.decided() {
            let Some(asked) = self.tickets.get(ticket) else { continue };
            match reply {
                group::Reply::Commit(response) => {
                    let is_accepted = response.topics[0].partitions[0].error_code == ErrorCode::NONE;
                    if let Some(commit) = asked.commit.filter(|_| is_accepted) {
                        verdict = self.judge.committed(asked.member, commit, self.now_ms);
                    }
                }
                group::Reply::Consumer(consumer::Reply::Heartbeat(response)) => {
                    // As in Kafka neither what is refused nor a commit is a sign of life.
                    if response.error_code != ErrorCode::NONE {
                        continue;
                    }
                    let known = &mut self.judge.members[asked.member];
                    known.is_heard(self.now_ms);
                    known.epoch = response.member_epoch;
                    if let Some(assignment) = &response.assignment {
                        let places = |topic: &ottla_wire::message::consumer_group_heartbeat_response::TopicPartitions| {
                            let id = topic.topic_id;
                            topic.partitions.iter().map(move |index| (id, *index)).collect::<Vec<_>>()
                        };
                        known.assigned = Some(assignment.topic_partitions.iter().flat_map(places).collect());
                    }
                }
                _ => {}
            }
        }
        self.judged(verdict);
    }

    pub(super) fn check_rows(&mut self) {
        if !self.coordinator.groups.is_as_stored() || !self.coordinator.queues.is_as_stored() {
            self.judged(Err("what is stored is not what lives".to_owned()));
        }
    }

    pub(super) fn is_settled(&self) -> bool {
        self.unsettled().is_none()
    }

    /// What has not come to rest.
    pub(super) fn unsettled(&self) -> Option<String> {
        let alive = |kind: Kind| {
            let members = self.judge.members.iter().enumerate();
            members.filter(move |(_, known)| known.is_alive && known.kind == kind).map(|(member, _)| member)
        };
        for kind in KINDS {
            if let Some(member) = alive(kind).find(|member| !self.slots[*member].member.is_settled()) {
                return Some(format!("member {member} is a {kind:?} on its way"));
            }
        }
        let of_topics =
            self.topics.values().flat_map(|topic| (0..topic.partitions).map(|index| (topic.id.0, index)));
        let of_classics = (0..classic::PARTITIONS).map(|index| (Uuid::nil(), i32::from(index)));
        let owned = |kind: Kind, places: Vec<Place>| {
            let wrong = |place: &Place| match (kind, self.judge.owners(kind, *place)) {
                (Kind::Share, count) => count == 0,
                (_, count) => count != 1,
            };
            let wrong = places.into_iter().find(wrong).filter(|_| alive(kind).next().is_some());
            wrong.map(|place| format!("{place:?} has {} owners in {kind:?}", self.judge.owners(kind, place)))
        };
        owned(Kind::Consumer, of_topics.clone().collect())
            .or_else(|| owned(Kind::Share, of_topics.clone().collect()))
            .or_else(|| owned(Kind::Classic, of_classics.clone().collect()))
            .or_else(|| {
                let offset =
                    self.queue.unfinished(self.now_ms).filter(|_| alive(Kind::Worker).next().is_some());
                offset.map(|offset| format!("record {offset} of {} has no end", self.queue.len()))
            })
    }
}
