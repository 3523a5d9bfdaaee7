//! What members and the coordinator say to each other, and how it gets lost, late, doubled and out of order.

use super::super::coordinator::group_answer;
use super::super::judge::Kind;
use super::super::member::{Answer, News, Place, Request, Serial};
use super::{Event, World};
use ottla_coordinator::machine::Ticket;
use ottla_wire::ErrorCode;
use uuid::Uuid;

/// A request that was decided, whose answer waits.
pub(super) struct Asked {
    pub(super) member: usize,
    serial: Serial,
    /// Of a commit of offsets: in which epoch, and of what.
    pub(super) commit: Option<(i32, Place)>,
    /// Not a repetition. What comes of one goes back on no connection: a heartbeat's news are told once, and clients ask
    /// anew, for everything, after an answer that does not come.
    is_first: bool,
}

impl World {
    /// On its way through the network.
    pub(super) fn send(&mut self, message: impl Fn() -> Event) {
        if !self.is_quiet() && self.chance.percent(LOST) {
            self.tally.lost += 1;
            return;
        }
        let copies = if !self.is_quiet() && self.chance.percent(TWICE) { 2 } else { 1 };
        for _ in 0..copies {
            let longest = if !self.is_quiet() && self.chance.percent(LATE) { 2_500 } else { 30 };
            let after_ms = self.chance.within(1..longest);
            self.schedule(after_ms, message());
        }
    }

    /// A request has come to the coordinator.
    pub(super) fn decide(&mut self, member: usize, serial: Serial, mut request: Request) {
        if self.now_ms < self.is_down_until {
            return;
        }
        let is_first = self.answered.insert((member, serial));
        if let Some(news) = request.news() {
            let slot = &mut self.slots[member];
            let is_join = news == News::Life;
            let is_over = is_join && serial < slot.serials || serial <= slot.heard;
            if serial < slot.decided || is_over || is_join && !is_first {
                return;
            }
            slot.decided = serial;
            if !is_first {
                slot.member.reconnect();
            }
        }
        // What the member itself said, whatever a planted bug makes of it.
        let commit = match &request {
            Request::Commit(request) => {
                let place = (request.topics[0].topic_id, request.topics[0].partitions[0].partition_index);
                Some((request.generation_id_or_member_epoch, place))
            }
            _ => None,
        };
        self.plant(member, &mut request);
        self.succeed(member, &request);
        self.note(|| format!("{member} asks {serial}: {request:?}"));
        self.tally.requests += 1;
        self.asked += 1;
        let ticket = Ticket(self.asked);
        self.tickets.insert(ticket, Asked { member, serial, commit, is_first });
        let now = self.now();
        if self.judge.members[member].kind == Kind::Classic {
            self.judge.members[member].is_heard(self.now_ms);
        }
        match request {
            Request::Queue(ask) => self.queue.ask(now, ticket, &ask),
            request => {
                let fresh = Uuid::from_u128(0xf00d << 64 | u128::from(self.asked));
                self.coordinator.ask(now, ticket, request, fresh);
                self.judge_decided();
            }
        }
        self.await_commit();
    }

    pub(super) fn await_commit(&mut self) {
        self.hear_queue();
        let is_waiting = self.coordinator.groups.is_waiting() || self.queue.is_waiting();
        if is_waiting && !self.is_commit_due {
            self.is_commit_due = true;
            let after_ms = self.chance.within(1..15);
            self.schedule(after_ms, Event::Commit);
        }
    }

    /// What was decided is durable, and the answers go out.
    pub(super) fn commit(&mut self) {
        self.is_commit_due = false;
        let (groups, queues) = (self.coordinator.groups.commit(), self.queue.commit(self.now()));
        let groups = groups.into_iter().map(|(ticket, reply)| (ticket, group_answer(reply)));
        let queues = queues.into_iter().map(|(ticket, told)| (ticket, Some(Answer::Queue(told))));
        for (ticket, answer) in groups.chain(queues).collect::<Vec<_>>() {
            let Some(Asked { member, serial, is_first, .. }) = self.tickets.remove(&ticket) else { continue };
            if let Some(answer) = answer.filter(|_| is_first) {
                match answer.error_code() {
                    ErrorCode::UNRELEASED_INSTANCE_ID => self.tally.unreleased += 1,
                    ErrorCode::FENCED_INSTANCE_ID => self.tally.fenced += 1,
                    _ => {}
                }
                self.send(|| Event::Answer { member, serial, answer: answer.clone() });
            }
        }
        if self.chance.percent(2) {
            self.check_rows();
        }
        self.await_commit();
    }
}

const LOST: u64 = 8;
const TWICE: u64 = 5;
const LATE: u64 = 15;
