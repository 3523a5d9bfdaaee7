//! The broker's part between the network and the machines: it makes commands of requests and answers of replies.

use super::member::{Answer, HEARTBEAT_INTERVAL_MS, Request, SESSION_TIMEOUT_MS};
use super::shell::Shell;
use ottla_base::Now;
use ottla_coordinator::group::{self, Catalog, Client, Groups, consumer, share, streams};
use ottla_coordinator::machine::Ticket;
use std::sync::Arc;
use uuid::Uuid;

pub(super) struct Coordinator {
    pub(super) groups: Shell<Groups>,
    pub(super) topics: Arc<Catalog>,
    consumer: Arc<consumer::Config>,
    share: share::Config,
    streams: Arc<streams::Config>,
}

impl Coordinator {
    pub(super) fn new(now: Now, topics: Arc<Catalog>, standby_replicas: usize) -> Self {
        let session_timeout_ms = i32::try_from(SESSION_TIMEOUT_MS).expect("short");
        let heartbeat_interval_ms = i32::try_from(HEARTBEAT_INTERVAL_MS).expect("short");
        Self {
            groups: Shell::new(now, start_groups()),
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
            Request::Queue(_) => unreachable!("it is for a queue"),
        };
        self.groups.decide(now, command);
    }

    pub(super) fn crash(&mut self, now: Now) {
        self.groups.crash(now, start_groups());
    }
}

fn start_groups() -> group::Command {
    group::Command::Start(group::Settings { initial_rebalance_delay_ms: 200, ..group::Settings::default() })
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
