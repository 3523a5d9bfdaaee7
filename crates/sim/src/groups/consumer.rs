//! A member of a consumer group (KIP-848) as Java's: it joins with epoch 0, tells everything after an error, gives back
//! what it shall not have before it says so, and drops everything when it is fenced. A static one ends when its instance id
//! is with another.

use super::member::{
    Answer, HEARTBEAT_INTERVAL_MS, Member, Name, PATIENCE_MS, Parting, Place, REQUEST_TIMEOUT_MS, RETRY_MS,
    Request, Serial, Turn,
};
use ottla_wire::message::consumer_group_heartbeat_request::TopicPartitions;
use ottla_wire::message::offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
use ottla_wire::message::{
    ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse, OffsetCommitRequest,
};
use ottla_wire::{ErrorCode, Str};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

pub(super) struct Consumer {
    name: Name,
    topics: Vec<Str>,
    epoch: i32,
    owned: BTreeSet<Place>,
    target: BTreeSet<Place>,
    /// When it will have given back what it has beyond its target.
    revoked_at: Option<u64>,
    asked: Option<(Serial, u64)>,
    /// What it has told last of what it owns.
    told: Option<BTreeSet<Place>>,
    beat_at: u64,
    tells_all: bool,
    position: i64,
    /// Since when its instance id is with somebody else.
    refused_since: Option<u64>,
    has_given_up: bool,
}

impl Consumer {
    pub(super) fn new(name: Name, topics: Vec<Str>) -> Self {
        Self {
            name,
            topics,
            epoch: 0,
            owned: BTreeSet::new(),
            target: BTreeSet::new(),
            revoked_at: None,
            asked: None,
            told: None,
            beat_at: 0,
            tells_all: true,
            position: 0,
            refused_since: None,
            has_given_up: false,
        }
    }

    fn request(&self, epoch: i32) -> ConsumerGroupHeartbeatRequest {
        ConsumerGroupHeartbeatRequest {
            group_id: Str::from(GROUP),
            member_id: Str::from(self.name.id.as_str()),
            member_epoch: epoch,
            instance_id: self.name.instance.clone(),
            ..Default::default()
        }
    }

    fn beat(&mut self, turn: &mut Turn<'_>) {
        let tells_all = self.tells_all || self.epoch == 0;
        let mut request = self.request(self.epoch);
        if tells_all {
            request.rebalance_timeout_ms = 300_000;
            request.subscribed_topic_names = Some(self.topics.clone());
        }
        if tells_all || self.told.as_ref() != Some(&self.owned) {
            request.topic_partitions = Some(listed(&self.owned));
            self.told = Some(self.owned.clone());
        }
        let serial = turn.ask(Request::Consumer(request));
        self.asked = Some((serial, turn.now_ms));
        self.beat_at = turn.now_ms + HEARTBEAT_INTERVAL_MS;
    }

    /// Comes nearer to its target. What is new it takes when what must go is gone.
    fn reconcile(&mut self, turn: &mut Turn<'_>) {
        match self.revoked_at {
            Some(at) if turn.now_ms < at => {}
            Some(_) => {
                self.revoked_at = None;
                self.owned = self.target.clone();
            }
            None if self.owned.is_subset(&self.target) => self.owned = self.target.clone(),
            None => self.revoked_at = Some(turn.now_ms + turn.chance.within(0..800)),
        }
    }

    fn commit(&mut self, turn: &mut Turn<'_>) {
        let owned: Vec<&Place> = self.owned.iter().collect();
        let (topic_id, partition_index) = **turn.chance.pick(&owned);
        self.position += 1;
        let partition = OffsetCommitRequestPartition {
            partition_index,
            committed_offset: self.position,
            committed_leader_epoch: -1,
            committed_metadata: None,
        };
        let name = Str::from(topic_id.to_string());
        let topics = vec![OffsetCommitRequestTopic { name, topic_id, partitions: vec![partition] }];
        turn.ask(Request::Commit(OffsetCommitRequest {
            group_id: Str::from(GROUP),
            member_id: Str::from(self.name.id.as_str()),
            group_instance_id: self.name.instance.clone(),
            generation_id_or_member_epoch: self.epoch,
            topics,
            ..Default::default()
        }));
    }

    fn told(&mut self, response: &ConsumerGroupHeartbeatResponse, turn: &Turn<'_>) {
        match response.error_code {
            ErrorCode::NONE => {
                (self.epoch, self.tells_all, self.refused_since) = (response.member_epoch, false, None);
                if let Some(assignment) = &response.assignment {
                    let places =
                        |topic: &ottla_wire::message::consumer_group_heartbeat_response::TopicPartitions| {
                            let id = topic.topic_id;
                            topic.partitions.iter().map(move |index| (id, *index)).collect::<Vec<_>>()
                        };
                    self.target = assignment.topic_partitions.iter().flat_map(places).collect();
                }
            }
            ErrorCode::UNKNOWN_MEMBER_ID | ErrorCode::FENCED_MEMBER_EPOCH | ErrorCode::GROUP_ID_NOT_FOUND => {
                (self.epoch, self.tells_all, self.revoked_at) = (0, true, None);
                self.owned.clear();
                self.target.clear();
                self.beat_at = turn.now_ms;
            }
            ErrorCode::UNRELEASED_INSTANCE_ID => {
                let since = *self.refused_since.get_or_insert(turn.now_ms);
                (self.tells_all, self.beat_at) = (true, turn.now_ms + RETRY_MS);
                self.has_given_up = since + PATIENCE_MS <= turn.now_ms;
            }
            ErrorCode::FENCED_INSTANCE_ID => self.has_given_up = true,
            _ => self.tells_all = true,
        }
    }
}

impl Member for Consumer {
    fn wake(&mut self, turn: &mut Turn<'_>) {
        if self.asked.is_some_and(|(_, at)| at + REQUEST_TIMEOUT_MS <= turn.now_ms) {
            (self.asked, self.tells_all, self.beat_at) = (None, true, turn.now_ms);
        }
        self.reconcile(turn);
        let has_news = self.told.as_ref() != Some(&self.owned);
        if self.asked.is_none() && (self.beat_at <= turn.now_ms || has_news) {
            self.beat(turn);
        }
        if 0 < self.epoch && !self.owned.is_empty() && turn.chance.percent(10) {
            self.commit(turn);
        }
    }

    fn hear(&mut self, serial: Serial, answer: Answer, turn: &mut Turn<'_>) {
        let Answer::Consumer(response) = answer else { return };
        if self.asked.take_if(|(asked, _)| *asked == serial).is_some() {
            self.told(&response, turn);
        }
    }

    fn reconnect(&mut self) {
        (self.asked, self.tells_all) = (None, true);
    }

    fn close(&mut self, parting: Parting, turn: &mut Turn<'_>) {
        self.owned.clear();
        turn.ask(Request::Consumer(self.request(parting.epoch())));
    }

    fn has_given_up(&self) -> bool {
        self.has_given_up
    }

    fn owned(&self) -> (i32, &BTreeSet<Place>) {
        (0, &self.owned)
    }

    fn is_settled(&self) -> bool {
        let is_through = self.revoked_at.is_none() && self.refused_since.is_none();
        is_through && self.owned == self.target && self.told.as_ref() == Some(&self.owned)
    }
}

fn listed(places: &BTreeSet<Place>) -> Vec<TopicPartitions> {
    let mut topics: BTreeMap<Uuid, Vec<i32>> = BTreeMap::new();
    places.iter().for_each(|(topic, index)| topics.entry(*topic).or_default().push(*index));
    topics.into_iter().map(|(topic_id, partitions)| TopicPartitions { topic_id, partitions }).collect()
}

pub(super) const GROUP: &str = "consumers";
