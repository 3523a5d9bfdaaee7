//! The broker's part between the network and the machines: it makes commands of requests and answers of replies.

use super::member::{Answer, HEARTBEAT_INTERVAL_MS, Request, SESSION_TIMEOUT_MS};
use super::queue::{DELIVERIES_MAX, Queue};
use super::shell::Shell;
use super::worker::{GROUP, LOCK_MS};
use ottla_base::{Now, Offset, PartitionId, PartitionIndex, TopicId};
use ottla_coordinator::group::{self, Catalog, Client, Groups, consumer, share, streams};
use ottla_coordinator::machine::Ticket;
use ottla_coordinator::share_partition::{
    self, Acquire, Extend, Mode, More, Open, Renew, SharePartitions, Want,
};
use ottla_wire::Str;
use std::sync::Arc;
use uuid::Uuid;

pub(super) struct Coordinator {
    pub(super) groups: Shell<Groups>,
    pub(super) queues: Shell<SharePartitions>,
    pub(super) topics: Arc<Catalog>,
    consumer: Arc<consumer::Config>,
    share: share::Config,
    streams: Arc<streams::Config>,
    queue: Arc<share_partition::Config>,
}

impl Coordinator {
    pub(super) fn new(now: Now, topics: Arc<Catalog>, standby_replicas: usize) -> Self {
        let session_timeout_ms = i32::try_from(SESSION_TIMEOUT_MS).expect("short");
        let heartbeat_interval_ms = i32::try_from(HEARTBEAT_INTERVAL_MS).expect("short");
        Self {
            groups: Shell::new(now, start_groups()),
            queues: Shell::new(now, share_partition::Command::Start),
            topics,
            consumer: Arc::new(consumer::Config {
                session_timeout_ms,
                heartbeat_interval_ms,
                assignment_interval_ms: 300,
                ..consumer::Config::default()
            }),
            share: share::Config {
                session_timeout_ms,
                heartbeat_interval_ms,
                assignment_interval_ms: 300,
                size_max: 1000,
            },
            streams: Arc::new(streams::Config {
                session_timeout_ms,
                heartbeat_interval_ms,
                assignment_interval_ms: 300,
                initial_rebalance_delay_ms: 200,
                assignment: streams::AssignmentConfig { standby_replicas, ..Default::default() },
                ..streams::Config::default()
            }),
            queue: Arc::new(share_partition::Config {
                lock_duration_ms: i32::try_from(LOCK_MS).expect("short"),
                delivery_count_limit: DELIVERIES_MAX,
                record_locks_max: 200,
                ..share_partition::Config::default()
            }),
        }
    }

    /// Decides what a member of a group asked.
    pub(super) fn ask(&mut self, now: Now, ticket: Ticket, request: Request, fresh: Uuid) {
        let (client, topics) = (Client::default(), Arc::clone(&self.topics));
        let command = match request {
            Request::Consumer(request) => {
                let (member_ids, config) = (consumer::MemberIds::Client, Arc::clone(&self.consumer));
                let heartbeat =
                    consumer::Heartbeat { ticket, client, request, member_ids, fresh, topics, config };
                group::Command::Consumer(consumer::Command::Heartbeat(Box::new(heartbeat)))
            }
            Request::Share(request) => {
                let config = self.share;
                let heartbeat = share::Heartbeat { ticket, client, request, topics, config };
                group::Command::Share(share::Command::Heartbeat(Box::new(heartbeat)))
            }
            Request::Streams(request) => {
                let (config, statuses) = (Arc::clone(&self.streams), streams::Statuses::WithTags);
                let heartbeat =
                    streams::Heartbeat { ticket, request: *request, client, topics, config, statuses };
                group::Command::Streams(streams::Command::Heartbeat(Box::new(heartbeat)))
            }
            Request::Join(request) => group::Command::Join(Box::new(group::Join {
                ticket,
                client,
                request,
                first_join: group::FirstJoin::RequireId,
                static_rejoin: group::StaticRejoin::SkipAssignment,
                fresh,
                topics,
                consumers: Arc::clone(&self.consumer),
            })),
            Request::Sync(request) => group::Command::Sync(group::Sync { ticket, request, topics }),
            Request::Heartbeat(request) => group::Command::Heartbeat(group::Heartbeat { ticket, request }),
            Request::Leave(request) => group::Command::Leave(group::Leave { ticket, request }),
            Request::Commit(request) => {
                let unknown_group = group::UnknownGroup::NotFound;
                group::Command::Commit(group::Commit { ticket, request, unknown_group })
            }
            Request::Acquire { .. } | Request::Acknowledge { .. } => unreachable!("it is for a queue"),
        };
        self.groups.decide(now, command);
    }

    /// Gives a member records, reading on in the log as long as the machine asks for that.
    pub(super) fn acquire(
        &mut self,
        now: Now,
        ticket: Ticket,
        (member, records_max): (&str, i32),
        queue: &Queue,
    ) {
        let acquire = |more| {
            share_partition::Command::Acquire(Acquire {
                ticket,
                id: id(),
                member: Str::from(member),
                config: Arc::clone(&self.queue),
                want: Want {
                    records_max,
                    bytes_max: 1 << 20,
                    batch_max: records_max,
                    mode: Mode::RecordLimit,
                },
                log_start: Offset(0),
                more,
            })
        };
        let commands = [acquire(More::Ask), acquire(More::Ask), acquire(More::Never)];
        for command in commands {
            self.queues.decide(now, command);
            match self.queues.take_reply(ticket) {
                Some(share_partition::Reply::Absent) => {
                    let open = Open { ticket, id: id(), start: Offset(0) };
                    self.queues.decide(now, share_partition::Command::Open(open));
                    let _ = self.queues.take_reply(ticket);
                }
                Some(share_partition::Reply::Acquired(acquired)) => {
                    let Some(feed) = acquired.feed else {
                        let reply = share_partition::Reply::Acquired(acquired);
                        return self.queues.put_reply(ticket, reply);
                    };
                    let scanned = queue.scan(feed.from, feed.records_max);
                    let extend = Extend { ticket, id: id(), config: Arc::clone(&self.queue), scanned };
                    self.queues.decide(now, share_partition::Command::Extend(extend));
                    let _ = self.queues.take_reply(ticket);
                }
                Some(other) => unreachable!("{other:?}"),
                None => return,
            }
        }
    }

    pub(super) fn acknowledge(
        &mut self,
        now: Now,
        ticket: Ticket,
        member: &str,
        batches: Vec<share_partition::AcknowledgeBatch>,
    ) {
        self.queues.decide(
            now,
            share_partition::Command::Acknowledge(share_partition::Acknowledge {
                ticket,
                id: id(),
                member: Str::from(member),
                config: Arc::clone(&self.queue),
                renew: Renew::Refused,
                batches,
            }),
        );
    }

    pub(super) fn crash(&mut self, now: Now) {
        self.groups.crash(now, start_groups());
        self.queues.crash(now, share_partition::Command::Start);
    }
}

fn start_groups() -> group::Command {
    group::Command::Start(group::Settings { initial_rebalance_delay_ms: 200, ..group::Settings::default() })
}

/// The one partition that the queue is.
fn id() -> share_partition::Id {
    let partition = PartitionId { topic: TopicId(Uuid::from_u128(77)), index: PartitionIndex(0) };
    share_partition::Id { group: Str::from(GROUP), partition }
}

/// What a member hears of a reply of the group machine, if that is something.
pub(super) fn group_answer(reply: group::Reply) -> Option<Answer> {
    Some(match reply {
        group::Reply::Consumer(consumer::Reply::Heartbeat(response)) => Answer::Consumer(response),
        group::Reply::Share(share::Reply::Heartbeat(response)) => Answer::Share(response),
        group::Reply::Streams(streams::Reply::Heartbeat(answered)) => {
            Answer::Streams(Box::new(answered.response))
        }
        group::Reply::Join(response) => Answer::Join(response),
        group::Reply::Sync(response) => Answer::Sync(response),
        group::Reply::Heartbeat(response) => Answer::Heartbeat(response),
        group::Reply::Commit(_) => Answer::Committed,
        _ => return None,
    })
}

/// The same of the machine of queues.
pub(super) fn queue_answer(reply: share_partition::Reply) -> Option<Answer> {
    match reply {
        share_partition::Reply::Acquired(acquired) => Some(Answer::Acquired(acquired.ranges)),
        share_partition::Reply::Acknowledged(_) => Some(Answer::Acknowledged),
        _ => None,
    }
}
