//! A member of a classic group that rebalances eagerly: it gives everything back before it joins, and the leader shares
//! out. A static one takes the place of whoever has its instance id.

use super::member::{
    Answer, HEARTBEAT_INTERVAL_MS, Member, Parting, Place, REQUEST_TIMEOUT_MS, Request, Serial, Turn,
};
use bytes::Bytes;
use ottla_wire::message::join_group_request::JoinGroupRequestProtocol;
use ottla_wire::message::leave_group_request::MemberIdentity;
use ottla_wire::message::sync_group_request::SyncGroupRequestAssignment;
use ottla_wire::message::{
    HeartbeatRequest, JoinGroupRequest, JoinGroupResponse, LeaveGroupRequest, SyncGroupRequest,
};
use ottla_wire::{ErrorCode, Str};
use std::collections::BTreeSet;
use uuid::Uuid;

pub(super) struct Classic {
    id: Str,
    instance: Option<Str>,
    generation: i32,
    owned: BTreeSet<Place>,
    state: State,
    asked: Option<(Serial, u64)>,
    beat_at: u64,
    /// How many partitions a leader has to share out.
    partitions: u8,
    has_given_up: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Joins,
    Syncs,
    Stable,
}

impl Classic {
    pub(super) fn new(instance: Option<Str>, partitions: u8) -> Self {
        Self {
            id: Str::default(),
            instance,
            generation: -1,
            owned: BTreeSet::new(),
            state: State::Joins,
            asked: None,
            beat_at: 0,
            partitions,
            has_given_up: false,
        }
    }

    fn join(&mut self, turn: &mut Turn<'_>) {
        self.owned.clear();
        self.state = State::Joins;
        let protocols = vec![JoinGroupRequestProtocol { name: Str::from("range"), metadata: Bytes::new() }];
        let request = JoinGroupRequest {
            group_id: Str::from(GROUP),
            session_timeout_ms: 6_000,
            rebalance_timeout_ms: 8_000,
            member_id: self.id.clone(),
            group_instance_id: self.instance.clone(),
            protocol_type: Str::from("consumer"),
            protocols,
            ..Default::default()
        };
        self.asked = Some((turn.ask(Request::Join(request)), turn.now_ms));
    }

    fn sync(&mut self, response: &JoinGroupResponse, turn: &mut Turn<'_>) {
        (self.state, self.generation) = (State::Syncs, response.generation_id);
        self.id = response.member_id.clone();
        let mut assignments = Vec::new();
        // A static leader that came back has not to share out anew.
        if response.leader == response.member_id && !response.skip_assignment {
            let count = response.members.len();
            for (at, member) in response.members.iter().enumerate() {
                let share: Vec<u8> =
                    (0..self.partitions).filter(|index| usize::from(*index) % count == at).collect();
                let member_id = member.member_id.clone();
                assignments.push(SyncGroupRequestAssignment { member_id, assignment: Bytes::from(share) });
            }
        }
        let request = SyncGroupRequest {
            group_id: Str::from(GROUP),
            generation_id: self.generation,
            member_id: self.id.clone(),
            group_instance_id: self.instance.clone(),
            protocol_type: Some(Str::from("consumer")),
            protocol_name: Some(Str::from("range")),
            assignments,
        };
        self.asked = Some((turn.ask(Request::Sync(request)), turn.now_ms));
    }

    /// Something is wrong: join again, as somebody new if nobody knows this one.
    fn start_over(&mut self, code: ErrorCode, turn: &mut Turn<'_>) {
        if code == ErrorCode::FENCED_INSTANCE_ID {
            self.has_given_up = true;
            return;
        }
        if matches!(code, ErrorCode::UNKNOWN_MEMBER_ID | ErrorCode::ILLEGAL_GENERATION) {
            self.owned.clear();
        }
        if code == ErrorCode::UNKNOWN_MEMBER_ID {
            self.id = Str::default();
        }
        self.join(turn);
    }
}

impl Member for Classic {
    fn wake(&mut self, turn: &mut Turn<'_>) {
        // Joins and syncs are answered when the others have come.
        let timeout_ms = if self.state == State::Stable { REQUEST_TIMEOUT_MS } else { 14_000 };
        if let Some((_, at)) = self.asked {
            if turn.now_ms < at + timeout_ms {
                return;
            }
            self.asked = None;
        }
        match self.state {
            State::Joins | State::Syncs => self.join(turn),
            State::Stable if self.beat_at <= turn.now_ms => {
                let request = HeartbeatRequest {
                    group_id: Str::from(GROUP),
                    generation_id: self.generation,
                    member_id: self.id.clone(),
                    group_instance_id: self.instance.clone(),
                };
                self.asked = Some((turn.ask(Request::Heartbeat(request)), turn.now_ms));
                self.beat_at = turn.now_ms + HEARTBEAT_INTERVAL_MS;
            }
            State::Stable => {}
        }
    }

    fn hear(&mut self, serial: Serial, answer: Answer, turn: &mut Turn<'_>) {
        if self.asked.take_if(|(asked, _)| *asked == serial).is_none() {
            return;
        }
        match answer {
            Answer::Join(response) => match response.error_code {
                ErrorCode::NONE => self.sync(&response, turn),
                ErrorCode::MEMBER_ID_REQUIRED => {
                    self.id = response.member_id.clone();
                    self.join(turn);
                }
                ErrorCode::FENCED_INSTANCE_ID => self.has_given_up = true,
                code => {
                    // Not at once: it would ask for ever at the same moment.
                    if code == ErrorCode::UNKNOWN_MEMBER_ID {
                        self.id = Str::default();
                    }
                }
            },
            Answer::Sync(response) => match response.error_code {
                ErrorCode::NONE => {
                    self.state = State::Stable;
                    self.owned =
                        response.assignment.iter().map(|index| (Uuid::nil(), i32::from(*index))).collect();
                    self.beat_at = turn.now_ms + HEARTBEAT_INTERVAL_MS;
                }
                code => self.start_over(code, turn),
            },
            Answer::Heartbeat(response) => match response.error_code {
                ErrorCode::NONE => {}
                code => self.start_over(code, turn),
            },
            _ => {}
        }
    }

    fn close(&mut self, parting: Parting, turn: &mut Turn<'_>) {
        self.owned.clear();
        // A static member says nothing, and an operator removes it by its instance id.
        if parting == Parting::ForAMoment {
            return;
        }
        let member_id = if self.instance.is_some() { Str::default() } else { self.id.clone() };
        let group_instance_id = self.instance.clone();
        let member = MemberIdentity { member_id, group_instance_id, ..Default::default() };
        turn.ask(Request::Leave(LeaveGroupRequest {
            group_id: Str::from(GROUP),
            members: vec![member],
            ..Default::default()
        }));
    }

    fn owned(&self) -> (i32, &BTreeSet<Place>) {
        (self.generation, &self.owned)
    }

    fn reconnect(&mut self) {
        self.asked = None;
    }

    fn has_given_up(&self) -> bool {
        self.has_given_up
    }

    fn is_settled(&self) -> bool {
        self.state == State::Stable
    }
}

pub(super) const GROUP: &str = "classics";
