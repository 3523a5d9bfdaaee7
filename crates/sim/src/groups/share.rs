//! A member of a share group as the group sees it: it takes its assignment as it comes, and several may have the same
//! partition. What it does with records is [`worker`](super::worker)'s part.

use super::member::{
    Answer, HEARTBEAT_INTERVAL_MS, Member, Parting, Place, REQUEST_TIMEOUT_MS, Request, Serial, Turn,
};
use ottla_wire::message::ShareGroupHeartbeatRequest;
use ottla_wire::{ErrorCode, Str};
use std::collections::BTreeSet;

pub(super) struct Sharer {
    id: String,
    topics: Vec<Str>,
    epoch: i32,
    owned: BTreeSet<Place>,
    asked: Option<(Serial, u64)>,
    beat_at: u64,
    tells_all: bool,
}

impl Sharer {
    pub(super) fn new(id: String, topics: Vec<Str>) -> Self {
        Self { id, topics, epoch: 0, owned: BTreeSet::new(), asked: None, beat_at: 0, tells_all: true }
    }

    fn request(&self, epoch: i32) -> ShareGroupHeartbeatRequest {
        let (group_id, member_id) = (Str::from("sharers"), Str::from(self.id.as_str()));
        ShareGroupHeartbeatRequest { group_id, member_id, member_epoch: epoch, ..Default::default() }
    }
}

impl Member for Sharer {
    fn wake(&mut self, turn: &mut Turn<'_>) {
        if self.asked.is_some_and(|(_, at)| at + REQUEST_TIMEOUT_MS <= turn.now_ms) {
            (self.asked, self.tells_all) = (None, true);
        }
        if self.asked.is_none() && self.beat_at <= turn.now_ms {
            let mut request = self.request(self.epoch);
            if self.tells_all || self.epoch == 0 {
                request.subscribed_topic_names = Some(self.topics.clone());
            }
            self.asked = Some((turn.ask(Request::Share(request)), turn.now_ms));
            self.beat_at = turn.now_ms + HEARTBEAT_INTERVAL_MS;
        }
    }

    fn hear(&mut self, serial: Serial, answer: Answer, turn: &mut Turn<'_>) {
        let Answer::Share(response) = answer else { return };
        if self.asked.take_if(|(asked, _)| *asked == serial).is_none() {
            return;
        }
        match response.error_code {
            ErrorCode::NONE => {
                (self.epoch, self.tells_all) = (response.member_epoch, false);
                if let Some(assignment) = response.assignment {
                    let topics = assignment.topic_partitions.into_iter();
                    self.owned = topics
                        .flat_map(|topic| {
                            topic.partitions.into_iter().map(move |index| (topic.topic_id, index))
                        })
                        .collect();
                }
            }
            ErrorCode::UNKNOWN_MEMBER_ID | ErrorCode::FENCED_MEMBER_EPOCH | ErrorCode::GROUP_ID_NOT_FOUND => {
                (self.epoch, self.tells_all, self.beat_at) = (0, true, turn.now_ms);
                self.owned.clear();
            }
            _ => self.tells_all = true,
        }
    }

    fn reconnect(&mut self) {
        (self.asked, self.tells_all) = (None, true);
    }

    fn close(&mut self, _: Parting, turn: &mut Turn<'_>) {
        self.owned.clear();
        turn.ask(Request::Share(self.request(-1)));
    }

    fn owned(&self) -> (i32, &BTreeSet<Place>) {
        (0, &self.owned)
    }

    fn is_settled(&self) -> bool {
        0 < self.epoch
    }
}
