//! A broker on a directory for tests of this crate: a request in, its response out.

pub(crate) mod share;

use crate::broker::Broker;
use crate::config::{Assignment, Layers, Origin};
use crate::environment::SystemEnv;
use crate::in_process::{InProcess, NoAnswer};
use crate::server::StartError;
use crate::share_session::ConnectionId;
use crate::topics::NewTopic;
use ottla_base::{Env, TopicId, TopicName};
use ottla_storage::disk::{self, Disk};
use ottla_storage::{LogOptions, Syncs};
use ottla_wire::codec::Request;
use std::future::Future;
use std::path::Path;
use std::sync::Arc;

/// A broker on a directory, called as a connection would.
pub(crate) struct Bench {
    in_process: InProcess,
    pub(crate) broker: Arc<Broker>,
}

impl Bench {
    fn open(dir: &Path, disk: Arc<dyn Disk>, open: Open) -> Self {
        let setting = |name: &str, value: &str| Assignment {
            name: name.to_owned(),
            value: value.to_owned(),
            origin: Origin::Flag("the test".to_owned()),
        };
        let (layers, _) =
            Layers::start(vec![setting("group.initial.rebalance.delay.ms", "0")]).expect("legal settings");
        let options = LogOptions { disk, ..LogOptions::new(dir) };
        let opened = open(layers, options, Arc::new(SystemEnv::new()));
        let in_process = opened.expect("an empty directory can be opened");
        let broker = Arc::clone(in_process.broker());
        Self { in_process, broker }
    }

    /// One request, from its bytes to the bytes of its answer.
    pub(crate) async fn call<R: Request>(&self, request: &R, version: i16) -> R::Response {
        let answer = self.in_process.call(request, version).await;
        let answer = answer.unwrap_or_else(|error| panic!("{} v{version}: {error}", R::NAME));
        answer.unwrap_or_else(|| panic!("{} is always answered", R::NAME))
    }

    /// One request, whose answer may be none.
    pub(crate) async fn call_as<R: Request>(
        &self,
        client_id: &str,
        request: &R,
        version: i16,
    ) -> Result<Option<R::Response>, NoAnswer> {
        self.in_process.call_as((client_id, ConnectionId::default()), request, version).await
    }

    /// One request on a connection of its own.
    pub(crate) async fn call_on<R: Request>(
        &self,
        connection: u64,
        request: &R,
        version: i16,
    ) -> R::Response {
        let answer = self.in_process.call_on(connection, request, version).await;
        let answer = answer.unwrap_or_else(|error| panic!("{} v{version}: {error}", R::NAME));
        answer.unwrap_or_else(|| panic!("{} is always answered", R::NAME))
    }

    /// The connection has ended.
    pub(crate) fn disconnect(&self, connection: u64) {
        self.in_process.disconnect(connection);
    }

    pub(crate) async fn create_topic(&self, name: &str, partitions: i32) -> TopicId {
        self.create_topic_with(name, partitions, &[]).await
    }

    /// Creates a topic with settings of its own.
    pub(crate) async fn create_topic_with(
        &self,
        name: &str,
        partitions: i32,
        configs: &[(&str, &str)],
    ) -> TopicId {
        let name = TopicName::parse(name).expect("a legal name");
        let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        let new = NewTopic { name, partitions, overrides: configs.iter().map(owned).collect() };
        self.broker.create_topic(new).await.expect("the topic is new").id
    }
}

/// Runs a test on a worker's kind of event loop, with deadlines passing.
pub(crate) fn bench<Fut: Future<Output = ()>>(test: impl FnOnce(Bench) -> Fut) {
    let dir = tempfile::tempdir().expect("a directory for the test");
    bench_in(dir.path(), test);
}

pub(crate) fn bench_in<Fut: Future<Output = ()>>(dir: &Path, test: impl FnOnce(Bench) -> Fut) {
    bench_on(dir, disk::system(Syncs::Skipped), test);
}

/// The same with files that may fail.
pub(crate) fn bench_on<Fut: Future<Output = ()>>(
    dir: &Path,
    disk: Arc<dyn Disk>,
    test: impl FnOnce(Bench) -> Fut,
) {
    run(dir, disk, InProcess::open, test);
}

/// The same with a broker that does nothing by itself.
pub(crate) fn idle_bench_in<Fut: Future<Output = ()>>(dir: &Path, test: impl FnOnce(Bench) -> Fut) {
    run(dir, disk::system(Syncs::Skipped), InProcess::open_idle, test);
}

type Open = fn(Layers, LogOptions, Arc<dyn Env>) -> Result<InProcess, StartError>;

fn run<Fut: Future<Output = ()>>(
    dir: &Path,
    disk: Arc<dyn Disk>,
    open: Open,
    test: impl FnOnce(Bench) -> Fut,
) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    tokio::task::LocalSet::new().block_on(&runtime, async { test(Bench::open(dir, disk, open)).await });
}
