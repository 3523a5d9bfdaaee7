//! Tells the coordinator that the member of a share group is alive, and hears from it which partitions are its.

use crate::client::{Client, CoordinatorKind};
use crate::error::{Refused, RequestError};
use crate::retry;
use ottla_wire::ErrorCode;
use ottla_wire::message::{ShareGroupHeartbeatRequest, ShareGroupHeartbeatResponse};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use uuid::Uuid;

/// What the member may ask for.
#[derive(Clone, Debug, Default)]
pub(super) struct Shares {
    pub(super) partitions: BTreeSet<(Uuid, i32)>,
    /// Of the topics that it subscribes to.
    pub(super) names: BTreeMap<Uuid, Arc<str>>,
}

/// What the coordinator said last; nothing before it said anything.
type Told = Option<Result<Shares, RequestError>>;

/// The task, until it is dropped.
pub(super) struct Membership {
    told: watch::Receiver<Told>,
    task: JoinHandle<()>,
    member: Member,
}

#[derive(Clone)]
struct Member {
    client: Client,
    group: Arc<str>,
    id: Arc<str>,
}

impl Membership {
    pub(super) fn start(client: &Client, (group, id): (Arc<str>, Arc<str>), topics: Vec<Arc<str>>) -> Self {
        let (tell, told) = watch::channel(None);
        // Connections of its own: a fetch that waits must not hold heartbeats up.
        let member = Member { client: client.fork(), group, id };
        let task = tokio::spawn(member.clone().live(topics, tell));
        Self { told, task, member }
    }

    /// What the member has, nothing if it is told of nothing in time.
    pub(super) async fn shares(&mut self, deadline: Instant) -> Result<Shares, RequestError> {
        let told = tokio::time::timeout_at(deadline, self.told.wait_for(Option::is_some)).await;
        match told {
            Ok(Ok(told)) => told.clone().unwrap_or_else(|| Ok(Shares::default())),
            // Not yet, or never again.
            Ok(Err(_)) | Err(_) => Ok(Shares::default()),
        }
    }

    pub(super) async fn leave(self) {
        self.task.abort();
        if let Err(error) = self.member.beat(LEAVING, None).await {
            tracing::debug!(%error, group = %self.member.group, "leaving the group was not heard");
        }
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Member {
    async fn live(self, topics: Vec<Arc<str>>, tell: watch::Sender<Told>) {
        let (mut epoch, mut failures) = (0, 0);
        loop {
            let pause = match self.beat(epoch, (epoch == 0).then_some(&topics)).await {
                Ok(heard) => {
                    (epoch, failures) = (heard.member_epoch, 0);
                    if let Some(shares) = self.shares(&topics, &heard).await {
                        tell.send_replace(Some(Ok(shares)));
                    }
                    let interval =
                        Duration::from_millis(heard.heartbeat_interval_ms.max(1).unsigned_abs().into());
                    let has_any =
                        matches!(&*tell.borrow(), Some(Ok(shares)) if !shares.partitions.is_empty());
                    if has_any { interval } else { interval.min(IMPATIENCE) }
                }
                Err(error) => {
                    failures += 1;
                    let is_out = [ErrorCode::UNKNOWN_MEMBER_ID, ErrorCode::FENCED_MEMBER_EPOCH]
                        .map(Some)
                        .contains(&error.code());
                    if is_out {
                        epoch = 0;
                        tell.send_replace(None);
                    } else if !error.is_retriable() {
                        tell.send_replace(Some(Err(error)));
                        return;
                    }
                    retry::backoff(self.client.options(), failures, &**self.client.env())
                }
            };
            tokio::time::sleep(pause).await;
        }
    }

    async fn beat(
        &self,
        epoch: i32,
        topics: Option<&Vec<Arc<str>>>,
    ) -> Result<ShareGroupHeartbeatResponse, RequestError> {
        let connection = self.client.coordinator(CoordinatorKind::Group, &self.group).await?;
        let request = ShareGroupHeartbeatRequest {
            group_id: (&*self.group).into(),
            member_id: (&*self.id).into(),
            member_epoch: epoch,
            rack_id: None,
            subscribed_topic_names: topics.map(|names| names.iter().map(|name| (&**name).into()).collect()),
        };
        let response = connection.call(&request).await?;
        let what = format_args!("share group {}", self.group);
        Refused::check(what, response.error_code, response.error_message.as_deref())?;
        Ok(response)
    }

    /// What the coordinator gives, if it says; topics that are not found yet come with a later assignment.
    async fn shares(&self, topics: &[Arc<str>], heard: &ShareGroupHeartbeatResponse) -> Option<Shares> {
        let assignment = heard.assignment.as_ref()?;
        let given = assignment.topic_partitions.iter();
        let partitions: BTreeSet<_> =
            given.flat_map(|topic| topic.partitions.iter().map(|index| (topic.topic_id, *index))).collect();
        let mut names = BTreeMap::new();
        for name in topics {
            self.client.forget_topic(name);
            if let Ok(topic) = self.client.topic(name).await {
                names.insert(topic.id.0, Arc::clone(name));
            }
        }
        Some(Shares { partitions, names })
    }
}

/// Until the first assignment, which some brokers give with a later heartbeat only.
const IMPATIENCE: Duration = Duration::from_millis(500);
const LEAVING: i32 = -1;
