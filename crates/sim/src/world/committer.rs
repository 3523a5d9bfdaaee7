//! Somebody who commits a group's offsets and asks for them, without being a member of it.

use super::call::{Counter, Number, Reply};
use super::client::Client;
use super::desk::{Desk, Place};
use crate::history::{Commit, Committed, Event, Outcome};
use ottla_wire::message::offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
use ottla_wire::message::offset_fetch_request::{OffsetFetchRequestGroup, OffsetFetchRequestTopics};
use ottla_wire::message::{OffsetCommitRequest, OffsetFetchRequest};
use ottla_wire::{ErrorCode, Str};

#[derive(Debug)]
pub(super) struct Committer {
    name: String,
    group: String,
    asked: Option<Asked>,
}

#[derive(Debug)]
struct Asked {
    number: Number,
    place: Place,
    start: u64,
    /// The position to be committed; nothing if it only asks.
    offset: Option<i64>,
}

impl Committer {
    pub(super) fn new(name: impl Into<String>, group: impl Into<String>) -> Self {
        Self { name: name.into(), group: group.into(), asked: None }
    }

    fn commit(&self, place: &Place, offset: i64, counter: &mut Counter<'_>) -> Number {
        let partition = OffsetCommitRequestPartition {
            partition_index: place.index,
            committed_offset: offset,
            committed_leader_epoch: -1,
            committed_metadata: None,
        };
        let name = Str::from(place.topic.as_str());
        let topic = OffsetCommitRequestTopic { name, partitions: vec![partition], ..Default::default() };
        let request = OffsetCommitRequest {
            group_id: Str::from(self.group.as_str()),
            generation_id_or_member_epoch: -1,
            topics: vec![topic],
            ..Default::default()
        };
        counter.ask(&request, 8, Reply::OffsetCommit)
    }

    fn question(&self, place: &Place, counter: &mut Counter<'_>) -> Number {
        let topic = OffsetFetchRequestTopics {
            name: Str::from(place.topic.as_str()),
            partition_indexes: vec![place.index],
            ..Default::default()
        };
        let group = OffsetFetchRequestGroup {
            group_id: Str::from(self.group.as_str()),
            member_epoch: -1,
            topics: Some(vec![topic]),
            ..Default::default()
        };
        let request = OffsetFetchRequest { groups: vec![group], ..Default::default() };
        counter.ask(&request, 8, Reply::OffsetFetch)
    }
}

impl Client for Committer {
    fn act(&mut self, counter: &mut Counter<'_>) {
        if self.asked.is_some() || counter.desk.places.is_empty() || counter.desk.is_closing {
            return;
        }
        let at = counter.desk.chance.below(counter.desk.places.len());
        let (place, start) = (counter.desk.places[at].clone(), counter.desk.moment());
        let offset = counter.desk.chance.percent(60).then(|| counter.desk.chance.within(0..1 << 40));
        let offset = offset.and_then(|offset| i64::try_from(offset).ok());
        let number = match offset {
            Some(offset) => self.commit(&place, offset, counter),
            None => self.question(&place, counter),
        };
        self.asked = Some(Asked { number, place, start, offset });
    }

    fn hear(&mut self, number: Number, reply: Reply, desk: &mut Desk) {
        let asked = self.asked.take_if(|asked| asked.number == number).expect("it asks one thing at a time");
        let (client, group, partition) = (self.name.clone(), self.group.clone(), asked.place.to_string());
        let (start, end) = (asked.start, desk.moment());
        if let Some(offset) = asked.offset {
            let code = match &reply {
                Reply::OffsetCommit(response) => {
                    response.topics.first().and_then(|topic| topic.partitions.first()).map(|it| it.error_code)
                }
                _ => None,
            };
            let outcome = if code == Some(ErrorCode::NONE) { Outcome::Ok } else { Outcome::Unknown };
            let commit = Commit { client, group, partition, offset, outcome, start, end };
            return desk.history.push(Event::Commit(commit));
        }
        let Reply::OffsetFetch(response) = reply else { return };
        let Some(answer) = response.groups.first().filter(|group| group.error_code == ErrorCode::NONE) else {
            return;
        };
        let Some(answer) = answer.topics.first().and_then(|topic| topic.partitions.first()) else { return };
        if answer.error_code == ErrorCode::NONE {
            let offset = (0 <= answer.committed_offset).then_some(answer.committed_offset);
            desk.history.push(Event::Committed(Committed { client, group, partition, offset, start, end }));
        }
    }

    fn is_done(&self) -> bool {
        self.asked.is_none()
    }
}
