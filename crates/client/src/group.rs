//! Reads topics together with the other members of a group: each partition by one member at a time.
//!
//! The classic protocol with eager rebalancing: a member gives up all its partitions before it joins anew.
//!
//! Invariants: [`GroupEvent::Revoked`] comes before another member can get a partition (as long as this one polls
//! within the rebalance timeout), and positions are committed before it, if commits are automatic; a position is
//! committed only when the poll after the one that gave the records begins.

pub mod assignor;
pub mod committed;
mod heartbeat;
mod join;
mod protocol;
#[cfg(test)]
mod tests;

pub use assignor::Assignor;
pub(crate) use protocol::read_assignment;

use crate::client::{Client, CoordinatorKind};
use crate::consumer::{ConsumedRecord, Consumer, ConsumerOptions, FetchError};
use crate::error::{Refused, RequestError};
use crate::metadata::TopicPartition;
use committed::{Committed, Member};
use heartbeat::{Health, Heartbeat};
use join::Joined;
use ottla_wire::ErrorCode;
use ottla_wire::message::LeaveGroupRequest;
use ottla_wire::message::leave_group_request::MemberIdentity;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// How a member takes part in its group.
#[derive(Clone, Debug)]
pub struct GroupOptions {
    /// The group.
    pub group_id: String,
    /// The topics to read.
    pub topics: Vec<Arc<str>>,
    /// How the group's leader may share the partitions out, best first; all members must have one in common.
    pub assignors: Vec<Assignor>,
    /// Makes the member static: known by this name, it gets its partitions back after a restart.
    pub instance_id: Option<String>,
    /// A member that is not heard of for so long is out.
    pub session_timeout: Duration,
    /// How often it is heard of.
    pub heartbeat: Duration,
    /// How long a member may take to come back when the group rebalances.
    pub rebalance_timeout: Duration,
    /// How often positions are committed; never, if none.
    pub auto_commit: Option<Duration>,
    /// How records are fetched; its reset decides where to start without a committed offset.
    pub consumer: ConsumerOptions,
}

impl GroupOptions {
    /// Kafka's defaults.
    pub fn new(group_id: impl Into<String>, topics: Vec<Arc<str>>) -> Self {
        Self {
            group_id: group_id.into(),
            topics,
            assignors: vec![Assignor::Range, Assignor::RoundRobin],
            instance_id: None,
            session_timeout: Duration::from_secs(45),
            heartbeat: Duration::from_secs(3),
            rebalance_timeout: Duration::from_secs(300),
            auto_commit: Some(Duration::from_secs(5)),
            consumer: ConsumerOptions::default(),
        }
    }
}

/// What a poll of a member gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupEvent {
    /// Records of its partitions.
    Records(Vec<ConsumedRecord>),
    /// It has joined and got these partitions, none if there are too many members.
    Assigned(Vec<TopicPartition>),
    /// It has given up these partitions.
    Revoked(Vec<TopicPartition>),
    /// Nothing in time.
    Idle,
}

/// A member cannot go on, or a commit was refused.
#[derive(Clone, Debug, thiserror::Error)]
pub enum GroupError {
    /// A broker refused or did not answer.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// Records could not be read.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// The group rebalances, or has gone on without this member: what was to be committed may be another's now.
    #[error("the group is rebalancing: {0}")]
    Rebalancing(Refused),
    /// Another member uses the same instance id.
    #[error("another member has taken over the instance id {0}")]
    Fenced(String),
    /// What another member or the broker sent is not what the consumer protocol says.
    #[error("the group's {what} is malformed")]
    Malformed {
        /// What it was.
        what: &'static str,
    },
    /// The member was joining when its task ended.
    #[error("joining the group was interrupted")]
    Interrupted,
}

/// A member of a group.
pub struct GroupConsumer {
    client: Client,
    options: Arc<GroupOptions>,
    consumer: Consumer,
    member_id: String,
    state: State,
    committed: BTreeMap<TopicPartition, Committed>,
    committed_at: Instant,
}

/// Where a member stands.
enum State {
    /// Outside; the next poll joins.
    Out,
    /// On its way in.
    Joining(JoinHandle<Result<Joined, GroupError>>),
    /// In.
    In { generation: i32, heartbeat: Heartbeat },
}

impl GroupConsumer {
    /// A member that joins with its first poll.
    #[must_use]
    pub fn new(client: &Client, options: GroupOptions) -> Self {
        Self {
            client: client.fork(),
            consumer: Consumer::new(client, options.consumer),
            options: Arc::new(options),
            member_id: String::new(),
            state: State::Out,
            committed: BTreeMap::new(),
            committed_at: Instant::now(),
        }
    }

    /// The member's id, empty before the group has given one.
    #[must_use]
    pub fn member_id(&self) -> &str {
        &self.member_id
    }

    /// The consumer of its partitions, for positions, pauses and seeks.
    pub fn consumer(&mut self) -> &mut Consumer {
        &mut self.consumer
    }

    /// Takes part: joins, rebalances, commits, and gives records; waits for at most `wait`. Cancel safe.
    ///
    /// # Errors
    /// What no retry mends. The member stays usable: the next poll tries again.
    pub async fn poll(&mut self, wait: Duration) -> Result<GroupEvent, GroupError> {
        let deadline = Instant::now() + wait;
        if let State::Out = self.state {
            let joining = join::join(self.client.clone(), Arc::clone(&self.options), self.member_id.clone());
            self.state = State::Joining(tokio::spawn(joining));
        }
        if let State::Joining(joining) = &mut self.state {
            return match tokio::time::timeout_at(deadline, joining).await {
                Err(_) => Ok(GroupEvent::Idle),
                Ok(joined) => self.enter(joined.unwrap_or(Err(GroupError::Interrupted))).await,
            };
        }
        self.commit_if_due().await?;
        let State::In { heartbeat, .. } = &mut self.state else { return Ok(GroupEvent::Idle) };
        let remaining = deadline.saturating_duration_since(Instant::now());
        let health = tokio::select! {
            biased;
            health = heartbeat.trouble() => health,
            records = self.consumer.poll(remaining) => return Ok(match records? {
                records if records.is_empty() => GroupEvent::Idle,
                records => GroupEvent::Records(records),
            }),
        };
        self.give_up(health).await
    }

    async fn enter(&mut self, joined: Result<Joined, GroupError>) -> Result<GroupEvent, GroupError> {
        self.state = State::Out;
        let Joined { member_id, generation, starts } = joined?;
        let partitions: Vec<_> = starts.iter().map(|(partition, _)| partition.clone()).collect();
        self.member_id.clone_from(&member_id);
        let heartbeat =
            Heartbeat::start(self.client.clone(), Arc::clone(&self.options), (member_id, generation));
        self.consumer.assign(starts).await?;
        self.state = State::In { generation, heartbeat };
        self.committed.clear();
        self.committed_at = Instant::now();
        Ok(GroupEvent::Assigned(partitions))
    }

    /// The group wants this member to join anew, or has put it out.
    async fn give_up(&mut self, health: Health) -> Result<GroupEvent, GroupError> {
        match health {
            Health::Rebalance if self.options.auto_commit.is_some() => {
                if let Err(error) = self.commit().await {
                    tracing::warn!(%error, group = self.options.group_id, "positions were not committed before a rebalance");
                }
            }
            Health::Rebalance | Health::Good => {}
            Health::Unknown => self.member_id.clear(),
            Health::Fenced => {
                let instance = self.options.instance_id.clone().unwrap_or_default();
                self.leave_all();
                return Err(GroupError::Fenced(instance));
            }
        }
        Ok(GroupEvent::Revoked(self.leave_all()))
    }

    fn leave_all(&mut self) -> Vec<TopicPartition> {
        let revoked: Vec<_> = self.consumer.assignment().cloned().collect();
        self.consumer.remove(&revoked);
        self.state = State::Out;
        revoked
    }

    async fn commit_if_due(&mut self) -> Result<(), GroupError> {
        let Some(every) = self.options.auto_commit else { return Ok(()) };
        if self.committed_at.elapsed() < every {
            return Ok(());
        }
        match self.commit().await {
            // The heartbeat will hear of it, too, and then the member acts on it.
            Err(GroupError::Rebalancing(_)) => Ok(()),
            result => result,
        }
    }

    /// Commits the positions of all its partitions that have moved.
    ///
    /// # Errors
    /// `Rebalancing` if they may be another's now, or what the coordinator says.
    pub async fn commit(&mut self) -> Result<(), GroupError> {
        let mut moved = Vec::new();
        for partition in self.consumer.assignment() {
            let Some((offset, leader_epoch)) = self.consumer.position(partition) else { continue };
            let position = Committed { offset, leader_epoch, metadata: None };
            if self.committed.get(partition) != Some(&position) {
                moved.push((partition.clone(), position));
            }
        }
        self.commit_offsets(moved).await
    }

    /// Commits these offsets: each is that of the next record to be read.
    ///
    /// # Errors
    /// As [`Self::commit`].
    pub async fn commit_offsets(
        &mut self,
        offsets: Vec<(TopicPartition, Committed)>,
    ) -> Result<(), GroupError> {
        self.committed_at = Instant::now();
        if offsets.is_empty() {
            return Ok(());
        }
        let State::In { generation, .. } = self.state else {
            let what = format!("group {}", self.options.group_id).into();
            let refused = Refused { what, code: ErrorCode::UNKNOWN_MEMBER_ID, message: None };
            return Err(GroupError::Rebalancing(refused));
        };
        let member =
            Member { id: &self.member_id, generation, instance_id: self.options.instance_id.as_deref() };
        let results = committed::commit(&self.client, &self.options.group_id, Some(member), &offsets).await?;
        for ((partition, offset), (_, result)) in offsets.into_iter().zip(results) {
            match result {
                Ok(()) => drop(self.committed.insert(partition, offset)),
                Err(refused) if is_rebalance(refused.code) => return Err(GroupError::Rebalancing(refused)),
                Err(refused) => return Err(GroupError::Request(refused.into())),
            }
        }
        Ok(())
    }

    /// Commits, if commits are automatic, and leaves; a static member only goes away and may come back.
    ///
    /// # Errors
    /// If a position could not be committed; the member has left all the same.
    pub async fn close(mut self) -> Result<(), GroupError> {
        let State::In { .. } = self.state else {
            return Ok(());
        };
        let committed = match self.options.auto_commit {
            Some(_) => self.commit().await,
            None => Ok(()),
        };
        if self.options.instance_id.is_none() {
            let (group, member) = (self.options.group_id.as_str(), self.member_id.as_str());
            let leave = |version: i16| {
                let identity = MemberIdentity { member_id: member.into(), ..MemberIdentity::default() };
                let mut request =
                    LeaveGroupRequest { group_id: group.into(), ..LeaveGroupRequest::default() };
                match version {
                    ..3 => request.member_id = member.into(),
                    _ => request.members = vec![identity],
                }
                request
            };
            let key = (CoordinatorKind::Group, group);
            // If it does not get through, the session times out.
            if let Err(error) = self.client.ask_coordinator(key, leave, |response| response.error_code).await
            {
                tracing::debug!(%error, group, "leaving the group was not heard");
            }
        }
        committed
    }
}

impl Drop for GroupConsumer {
    fn drop(&mut self) {
        if let State::Joining(joining) = &self.state {
            joining.abort();
        }
    }
}

/// Whether the code says that the group has changed under the member.
fn is_rebalance(code: ErrorCode) -> bool {
    [ErrorCode::REBALANCE_IN_PROGRESS, ErrorCode::ILLEGAL_GENERATION, ErrorCode::UNKNOWN_MEMBER_ID]
        .contains(&code)
}
