//! A broker without sockets, for tests: request frames in, response frames out.

use crate::api;
use crate::broker::Broker;
use crate::config::{Assignment, Configs, Layers, Origin};
use crate::connection::Peer;
use crate::environment::SystemEnv;
use crate::topics::NewTopic;
use ottla_base::{TopicId, TopicName};
use ottla_storage::{LogOptions, Syncs, disk};
use ottla_wire::codec::{Message, Reader, Request, decode_response_header, encode_request};
use std::future::Future;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use tokio::task::JoinSet;

/// A broker on a directory, called as a connection would.
pub(crate) struct Bench {
    pub(crate) broker: Arc<Broker>,
}

impl Bench {
    fn open(dir: &Path) -> Self {
        let setting = |name: &str, value: &str| Assignment {
            name: name.to_owned(),
            value: value.to_owned(),
            origin: Origin::Flag("the test".to_owned()),
        };
        let (layers, _) =
            Layers::start(vec![setting("group.initial.rebalance.delay.ms", "0")]).expect("legal settings");
        let options = LogOptions { disk: disk::system(Syncs::Skipped), ..LogOptions::new(dir) };
        let opened = crate::server::open(Configs::new(layers), options, Arc::new(SystemEnv::new()));
        Self { broker: opened.expect("an empty directory can be opened").0 }
    }

    /// One request, from its bytes to the bytes of its answer.
    pub(crate) async fn call<R: Request>(&self, request: &R, version: i16) -> R::Response {
        let frame =
            encode_request(Some("bench"), 7, request, version).expect("the version has all that is set");
        let frame = frame.into_bytes().expect("no file regions").slice(LENGTH_BYTES..);
        let address = "127.0.0.1:9092".parse().expect("an address");
        let peer = Peer { address, reached: address, listener: "PLAINTEXT".into() };
        let call = api::call(Arc::clone(&self.broker), Rc::new(peer), frame).expect("the key is served");
        let api::Answer::Send(answer) = call.await.expect("the answer can be written") else {
            panic!("{} is always answered", R::NAME)
        };
        let mut reader = Reader::new(answer.into_bytes().expect("no file regions").slice(LENGTH_BYTES..));
        let header = decode_response_header(&mut reader, R::KEY, version).expect("a header");
        assert_eq!(header.correlation_id, 7);
        let response = R::Response::decode(&mut reader, version).expect("a response");
        assert_eq!(reader.remaining(), 0, "{} v{version} ends where it should", R::NAME);
        response
    }

    pub(crate) async fn create_topic(&self, name: &str, partitions: i32) -> TopicId {
        let name = TopicName::parse(name).expect("a legal name");
        let new = NewTopic { name, partitions, overrides: Default::default() };
        self.broker.create_topic(new).await.expect("the topic is new").id
    }
}

const LENGTH_BYTES: usize = 4;

/// Runs a test on a worker's kind of event loop, with deadlines passing.
pub(crate) fn bench<Fut: Future<Output = ()>>(test: impl FnOnce(Bench) -> Fut) {
    let dir = tempfile::tempdir().expect("a directory for the test");
    bench_in(dir.path(), test);
}

pub(crate) fn bench_in<Fut: Future<Output = ()>>(dir: &Path, test: impl FnOnce(Bench) -> Fut) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    tokio::task::LocalSet::new().block_on(&runtime, async {
        let bench = Bench::open(dir);
        let mut background = JoinSet::new();
        bench.broker.groups.start_timers(&mut background);
        test(bench).await;
    });
}
