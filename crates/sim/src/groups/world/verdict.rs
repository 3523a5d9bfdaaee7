//! What is looked at: what was decided, what is stored, and whether everything has come to rest.

use super::super::judge::Kind;
use super::super::member::Place;
use super::super::streams::{STATEFUL, Tasks};
use super::{KINDS, TOPICS, World};
use ottla_coordinator::group::{self, consumer, streams};
use ottla_wire::ErrorCode;
use std::collections::BTreeSet;
use uuid::Uuid;

impl World {
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
                group::Reply::Streams(streams::Reply::Heartbeat(answered))
                    if answered.response.error_code == ErrorCode::NONE =>
                {
                    let known = &mut self.judge.members[asked.member];
                    known.is_heard(self.now_ms);
                    known.tasks = Tasks::of(&answered.response).or_else(|| known.tasks.take());
                }
                _ => {}
            }
        }
        self.judged(verdict);
    }

    pub(super) fn check_rows(&mut self) {
        if !self.coordinator.groups.is_as_stored() {
            self.judged(Err("what is stored is not what lives".to_owned()));
        }
    }

    pub(super) fn is_settled(&mut self) -> bool {
        self.unsettled().is_none()
    }

    /// What has not come to rest.
    pub(super) fn unsettled(&mut self) -> Option<String> {
        let has_workers = self.judge.members.iter().any(|known| known.is_alive && known.kind == Kind::Worker);
        let now = self.now();
        self.unsettled_members().or_else(|| self.queue.unfinished(now, has_workers))
    }

    fn unsettled_members(&self) -> Option<String> {
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
        let of_topics: BTreeSet<Place> = of_topics.collect();
        let of_classics = (0..self.size.classic_partitions).map(|index| (Uuid::nil(), i32::from(index)));
        let places = [
            (Kind::Consumer, of_topics.clone()),
            (Kind::Share, of_topics),
            (Kind::Streams, self.tasks()),
            (Kind::Classic, of_classics.collect()),
        ];
        let mut peopled = places.iter().filter(|(kind, _)| alive(*kind).next().is_some());
        peopled.find_map(|(kind, places)| self.badly_owned(*kind, places)).or_else(|| self.badly_copied())
    }

    /// A place that nobody has, or too many, or that is none any more.
    fn badly_owned(&self, kind: Kind, places: &BTreeSet<Place>) -> Option<String> {
        let owners = self.judge.owners(kind);
        let is_well = |count: usize| if kind == Kind::Share { 0 < count } else { count == 1 };
        let count = |place: &Place| owners.get(place).copied().unwrap_or(0);
        if let Some(place) = places.iter().find(|place| !is_well(count(place))) {
            return Some(format!("{place:?} has {} owners in {kind:?}", count(place)));
        }
        let stray = owners.keys().find(|place| !places.contains(place));
        stray.map(|place| format!("{place:?} is gone, and has an owner in {kind:?}"))
    }

    /// A task with state that has not as many standbys as wanted and possible: each process has it once.
    fn badly_copied(&self) -> Option<String> {
        let wanted = self.judge.processes().len().min(1 + self.standbys);
        let wrong = |place: &Place| place.0 == STATEFUL && self.judge.copies(*place) != wanted;
        let place = self.tasks().into_iter().find(wrong)?;
        Some(format!("{place:?} is on {} processes instead of {wanted}", self.judge.copies(place)))
    }

    /// The tasks that there are of streams groups: none as long as a topic is missing.
    fn tasks(&self) -> BTreeSet<Place> {
        let widest = self.topics.values().map(|topic| topic.partitions).max().unwrap_or(0);
        let plain = (0..widest).map(|number| (Uuid::nil(), number));
        let stateful = (0..self.size.steady_partitions).map(|number| (STATEFUL, number));
        if self.topics.len() < TOPICS.len() { BTreeSet::new() } else { plain.chain(stateful).collect() }
    }
}
