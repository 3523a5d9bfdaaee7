//! A client of one cluster: finds brokers, leaders and coordinators, and keeps connections to them.
//!
//! Invariants: what is known of the cluster is shared by all clones and forks; connections are shared by clones
//! only. A broker answers the requests of one connection in order, so that whoever makes requests that wait (a
//! consumer's Fetch, a member's JoinGroup) forks the client and delays nobody else.

mod pool;
#[cfg(test)]
mod tests;

use crate::connection::Connection;
use crate::error::{CallError, Refused, RequestError};
use crate::metadata::{ClusterView, Node, Topic};
use crate::options::{Address, ClientOptions};
use crate::retry::Retry;
use ottla_base::{Env, PartitionIndex};
use ottla_wire::ErrorCode;
use ottla_wire::codec::Request;
use ottla_wire::message::metadata_request::MetadataRequestTopic;
use ottla_wire::message::{FindCoordinatorRequest, MetadataRequest};
use pool::Pool;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::time::Instant;

/// A handle of a cluster; clones share its connections.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
    pool: Arc<Pool>,
}

struct Shared {
    options: ClientOptions,
    env: Arc<dyn Env>,
    known: Mutex<Known>,
}

/// The newest that is known of the cluster.
#[derive(Default)]
struct Known {
    cluster_id: Option<String>,
    controller: Option<i32>,
    brokers: BTreeMap<i32, Node>,
    topics: BTreeMap<Arc<str>, (Instant, Arc<Topic>)>,
}

/// Which topics to describe.
#[derive(Clone, Copy, Debug)]
pub enum TopicSet<'a> {
    /// None, only the brokers.
    None,
    /// All that we may see.
    All,
    /// These.
    Named(&'a [&'a str]),
    /// These, and make those that are missing, if the broker does that.
    Created(&'a [&'a str]),
}

/// What a coordinator coordinates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i8)]
pub enum CoordinatorKind {
    /// A group.
    Group = 0,
    /// A transactional producer.
    Transaction = 1,
}

impl Client {
    /// Connects to the first bootstrap address that answers, and learns who the brokers are. One attempt each: with
    /// a wrong address the answer is there at once.
    ///
    /// # Errors
    /// That of the last address tried.
    pub async fn connect(options: ClientOptions, env: Arc<dyn Env>) -> Result<Self, CallError> {
        let shared = Shared { options, env, known: Mutex::default() };
        let client = Self { shared: Arc::new(shared), pool: Arc::default() };
        client.view_once(TopicSet::None).await?;
        Ok(client)
    }

    /// The same client with connections of its own.
    #[must_use]
    pub fn fork(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), pool: Arc::default() }
    }

    /// What it was told at its start.
    #[must_use]
    pub fn options(&self) -> &ClientOptions {
        &self.shared.options
    }

    /// Its clock and its randomness.
    #[must_use]
    pub fn env(&self) -> &Arc<dyn Env> {
        &self.shared.env
    }

    /// The brokers as last heard of.
    #[must_use]
    pub fn brokers(&self) -> Vec<Node> {
        self.known().brokers.values().cloned().collect()
    }

    /// The cluster's id as last heard of.
    #[must_use]
    pub fn cluster_id(&self) -> Option<String> {
        self.known().cluster_id.clone()
    }

    /// A connection to broker `id`.
    ///
    /// # Errors
    /// `UnknownBroker` if the cluster had no such broker when last asked, or what connecting gives.
    pub async fn broker(&self, id: i32) -> Result<Connection, CallError> {
        let address = self.known().brokers.get(&id).map(|node| node.address.clone());
        let address = address.ok_or(CallError::UnknownBroker(id))?;
        self.pool.connection(&self.shared.options, &address).await
    }

    /// A connection to any broker: one that is open, else a broker known, else a bootstrap address.
    ///
    /// # Errors
    /// That of the last address tried.
    pub async fn any(&self) -> Result<Connection, CallError> {
        if let Some(connection) = self.pool.any_open() {
            return Ok(connection);
        }
        let mut addresses: Vec<_> = self.known().brokers.values().map(|node| node.address.clone()).collect();
        if !addresses.is_empty() {
            let count = u64::try_from(addresses.len()).expect("a count of brokers is small");
            let first = usize::try_from(self.shared.env.random() % count).expect("less than the count");
            addresses.rotate_left(first);
        }
        addresses.extend(self.shared.options.bootstrap.iter().cloned());
        let mut last = CallError::UnknownBroker(-1);
        for address in addresses {
            match self.pool.connection(&self.shared.options, &address).await {
                Ok(connection) => return Ok(connection),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// Sends `request` to any broker, and to another one if that does not answer, until time is up.
    ///
    /// # Errors
    /// The first that cannot be retried, or the last.
    pub async fn call_any<R: Request>(&self, request: &R) -> Result<R::Response, CallError> {
        let mut retry = self.retry();
        loop {
            let result = match self.any().await {
                Ok(connection) => connection.call(request).await,
                Err(error) => Err(error),
            };
            match result {
                Err(error) if error.is_retriable() && retry.pause().await => {}
                result => return result,
            }
        }
    }

    /// Asks what the cluster looks like now, once for each of the brokers until one answers.
    ///
    /// # Errors
    /// As [`Self::call_any`].
    pub async fn view(&self, topics: TopicSet<'_>) -> Result<ClusterView, CallError> {
        let mut retry = self.retry();
        loop {
            match self.view_once(topics).await {
                Err(error) if error.is_retriable() && retry.pause().await => {}
                result => return result,
            }
        }
    }

    async fn view_once(&self, topics: TopicSet<'_>) -> Result<ClusterView, CallError> {
        let connection = self.any().await?;
        let version = connection.version_of::<MetadataRequest>()?;
        let response = connection.call(&metadata_request(topics, version)).await?;
        let view = ClusterView::from(response);
        self.learn(&view, topics);
        Ok(view)
    }

    fn learn(&self, view: &ClusterView, asked: TopicSet<'_>) {
        let now = Instant::now();
        let mut known = self.known();
        known.cluster_id.clone_from(&view.cluster_id);
        known.controller = view.controller;
        known.brokers.clone_from(&view.brokers);
        match asked {
            TopicSet::None => {}
            TopicSet::All => known.topics.clear(),
            TopicSet::Named(names) | TopicSet::Created(names) => {
                known.topics.retain(|name, _| !names.contains(&&**name));
            }
        }
        known
            .topics
            .extend(view.topics.iter().map(|(name, topic)| (Arc::clone(name), (now, Arc::clone(topic)))));
    }

    /// The topic `name`, from memory if that is fresh. A missing topic is not made.
    ///
    /// # Errors
    /// What the broker says of the topic, retried while that may change; `UNKNOWN_TOPIC_OR_PARTITION` is an answer
    /// at once.
    pub async fn topic(&self, name: &str) -> Result<Arc<Topic>, RequestError> {
        self.find_topic(name, TopicSet::Named(&[name])).await
    }

    /// The topic `name`; a missing topic is made if the broker allows it, which may take a moment.
    ///
    /// # Errors
    /// What the broker says of the topic, retried while that may change.
    pub async fn topic_or_create(&self, name: &str) -> Result<Arc<Topic>, RequestError> {
        self.find_topic(name, TopicSet::Created(&[name])).await
    }

    async fn find_topic(&self, name: &str, asked: TopicSet<'_>) -> Result<Arc<Topic>, RequestError> {
        if let Some(topic) = self.fresh_topic(name) {
            return Ok(topic);
        }
        let mut retry = self.retry();
        loop {
            let view = self.view(asked).await?;
            if let Some(topic) = view.topics.get(name) {
                return Ok(Arc::clone(topic));
            }
            let code = view.refused.get(name).copied().unwrap_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
            let hopeless = match asked {
                TopicSet::Created(_) => !code.is_retriable(),
                _ => !code.is_retriable() || code == ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
            };
            if hopeless || !retry.pause().await {
                Refused::check(format_args!("topic {name}"), code, None)?;
            }
        }
    }

    /// The topic as last heard of, if that was not too long ago.
    #[must_use]
    pub fn fresh_topic(&self, name: &str) -> Option<Arc<Topic>> {
        let known = self.known();
        let (heard, topic) = known.topics.get(name)?;
        (heard.elapsed() <= self.shared.options.metadata_age_max).then(|| Arc::clone(topic))
    }

    /// Forgets what is known of a topic, after a broker has shown that it is out of date.
    pub fn forget_topic(&self, name: &str) {
        self.known().topics.remove(name);
    }

    /// Who leads a partition.
    ///
    /// # Errors
    /// As [`Self::topic`]; `UNKNOWN_TOPIC_OR_PARTITION` if the topic has no such partition, `LEADER_NOT_AVAILABLE`
    /// while it has no leader.
    pub async fn leader(&self, topic: &str, index: PartitionIndex) -> Result<i32, RequestError> {
        let found = self.topic(topic).await?;
        let code = match found.partition(index) {
            Some(partition) => match partition.leader {
                Some(leader) => return Ok(leader),
                None => ErrorCode::LEADER_NOT_AVAILABLE,
            },
            None => ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
        };
        self.forget_topic(topic);
        let what = format!("partition {topic}-{index}").into();
        Err(Refused { what, code, message: None }.into())
    }

    /// A connection to the broker that coordinates `key`. One attempt; nothing is remembered.
    ///
    /// # Errors
    /// As [`Self::find_coordinator`], or what connecting gives.
    pub async fn coordinator(&self, kind: CoordinatorKind, key: &str) -> Result<Connection, RequestError> {
        let node = self.find_coordinator(kind, key).await?;
        Ok(self.pool.connection(&self.shared.options, &node.address).await?)
    }

    /// Who coordinates `key`. One attempt; nothing is remembered.
    ///
    /// # Errors
    /// What the broker asked says, `COORDINATOR_NOT_AVAILABLE` while there is none.
    pub async fn find_coordinator(&self, kind: CoordinatorKind, key: &str) -> Result<Node, RequestError> {
        let connection = self.any().await?;
        let mut request =
            FindCoordinatorRequest { key_type: kind as i8, ..FindCoordinatorRequest::default() };
        match connection.version_of::<FindCoordinatorRequest>()? {
            ..4 => request.key = key.into(),
            _ => request.coordinator_keys = vec![key.into()],
        }
        let response = connection.call(&request).await?;
        let (code, message, node, host, port) = match response.coordinators.into_iter().next() {
            Some(found) => (found.error_code, found.error_message, found.node_id, found.host, found.port),
            None => {
                (response.error_code, response.error_message, response.node_id, response.host, response.port)
            }
        };
        Refused::check(format_args!("coordinator of {key}"), code, message.as_deref())?;
        let port = u16::try_from(port).map_err(|_| CallError::UnknownBroker(node))?;
        Ok(Node { id: node, address: Address { host: host.to_string(), port }, rack: None })
    }

    /// Asks the coordinator of `key`, and asks again while `code` says of the answer that this may help.
    ///
    /// # Errors
    /// That no coordinator was found or none answered. What the answer says is left to the caller.
    pub(crate) async fn ask_coordinator<R: Request>(
        &self,
        key: (CoordinatorKind, &str),
        request: impl Fn(i16) -> R,
        code: impl Fn(&R::Response) -> ErrorCode,
    ) -> Result<R::Response, RequestError> {
        self.ask_coordinator_up_to(i16::MAX, key, request, code).await
    }

    /// [`Self::ask_coordinator`] in a version not above `version_max`, for those whose meaning changes with it.
    ///
    /// # Errors
    /// As [`Self::ask_coordinator`].
    pub(crate) async fn ask_coordinator_up_to<R: Request>(
        &self,
        version_max: i16,
        (kind, key): (CoordinatorKind, &str),
        request: impl Fn(i16) -> R,
        code: impl Fn(&R::Response) -> ErrorCode,
    ) -> Result<R::Response, RequestError> {
        let mut retry = self.retry();
        loop {
            let asked = async {
                let connection = self.coordinator(kind, key).await?;
                let version = connection.version_of::<R>()?.min(version_max);
                Ok::<_, RequestError>(connection.call_at(&request(version), version).await?)
            };
            match asked.await {
                Ok(response) if !code(&response).is_retriable() || !retry.pause().await => {
                    return Ok(response);
                }
                Err(error) if !error.is_retriable() || !retry.pause().await => return Err(error),
                Ok(_) | Err(_) => {}
            }
        }
    }

    /// Asks the controller, and asks again while `code` says of the answer that this may help.
    ///
    /// # Errors
    /// That nobody answered. What the answer says is left to the caller.
    pub(crate) async fn ask_controller<R: Request>(
        &self,
        request: impl Fn(i16) -> R,
        code: impl Fn(&R::Response) -> ErrorCode,
    ) -> Result<R::Response, CallError> {
        let mut retry = self.retry();
        loop {
            let asked = async {
                let connection = self.controller().await?;
                let version = connection.version_of::<R>()?;
                connection.call(&request(version)).await
            };
            match asked.await {
                Ok(response) if code(&response) != ErrorCode::NOT_CONTROLLER || !retry.pause().await => {
                    return Ok(response);
                }
                Err(error) if !error.is_retriable() || !retry.pause().await => return Err(error),
                Ok(_) | Err(_) => drop(self.view_once(TopicSet::None).await),
            }
        }
    }

    /// A connection to the controller, or to any broker if none is known: those forward.
    pub(crate) async fn controller(&self) -> Result<Connection, CallError> {
        let controller = self.known().controller;
        match controller {
            Some(id) => self.broker(id).await,
            None => self.any().await,
        }
    }

    /// The pauses of one operation.
    pub(crate) fn retry(&self) -> Retry<'_> {
        Retry::new(&self.shared.options, &*self.shared.env)
    }

    /// No invariant spans a panic here: everything known can be learnt again.
    fn known(&self) -> MutexGuard<'_, Known> {
        self.shared.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn metadata_request(topics: TopicSet<'_>, version: i16) -> MetadataRequest {
    let named = |names: &[&str]| {
        let named = |name: &&str| MetadataRequestTopic {
            name: Some((*name).into()),
            ..MetadataRequestTopic::default()
        };
        Some(names.iter().map(named).collect())
    };
    let (topics, create) = match topics {
        // Version 0 cannot ask for none, where an empty list means all.
        TopicSet::None => (Some(Vec::new()), false),
        TopicSet::All if version == 0 => (Some(Vec::new()), false),
        TopicSet::All => (None, false),
        TopicSet::Named(names) => (named(names), false),
        TopicSet::Created(names) => (named(names), true),
    };
    // Brokers before version 4 always create.
    let allow_auto_topic_creation = create || version < 4;
    MetadataRequest { topics, allow_auto_topic_creation, ..MetadataRequest::default() }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("options", &self.shared.options).finish_non_exhaustive()
    }
}
