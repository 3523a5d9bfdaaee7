//! A broker of few words at the other end of a pipe, for tests: it answers as the test says.

use crate::client::Client;
use crate::connector::{Connecting, Connector, Stream};
use crate::options::{Address, ClientOptions};
use bytes::{Bytes, BytesMut};
use ottla_base::{Env, Now, Tick, Timestamp};
use ottla_wire::codec::{Message, Request, decode_request_header, encode_response};
use ottla_wire::message::api_versions_response::ApiVersion;
use ottla_wire::message::metadata_response::{
    MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use ottla_wire::message::{ApiVersionsResponse, MetadataRequest, MetadataResponse, RequestHeader};
use ottla_wire::{ApiKey, Reader};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

/// What the broker does with a request.
pub(crate) enum Reply {
    /// Sends these bytes.
    Send(Bytes),
    /// Sends nothing, now or ever.
    Silence,
    /// Closes the connection.
    Close,
}

type Handler = dyn Fn(&RequestHeader, &mut Reader) -> Reply + Send + Sync;

/// A connector whose every connection ends in the handler.
#[derive(Clone)]
pub(crate) struct Fake {
    handler: Arc<Handler>,
}

impl Fake {
    /// Answers with `handler`, which sees the body only.
    pub(crate) fn new(
        handler: impl Fn(&RequestHeader, &mut Reader) -> Reply + Send + Sync + 'static,
    ) -> Self {
        Self { handler: Arc::new(handler) }
    }

    /// Answers ApiVersions (every version that we know) and Metadata (one broker that leads both partitions of the
    /// topic `t`) by itself, and everything else with `handler`.
    pub(crate) fn broker(
        handler: impl Fn(&RequestHeader, &mut Reader) -> Reply + Send + Sync + 'static,
    ) -> Self {
        Self::broker_offering(offer(&ApiKey::ALL), handler)
    }

    /// [`Self::broker`] that answers ApiVersions with `offered`.
    pub(crate) fn broker_offering(
        offered: ApiVersionsResponse,
        handler: impl Fn(&RequestHeader, &mut Reader) -> Reply + Send + Sync + 'static,
    ) -> Self {
        Self::new(move |header, reader| match ApiKey::try_from(header.request_api_key) {
            Ok(ApiKey::ApiVersions) => reply(header, &offered),
            Ok(ApiKey::Metadata) => {
                MetadataRequest::decode(reader, header.request_api_version).expect("a whole request");
                reply(header, &metadata())
            }
            _ => handler(header, reader),
        })
    }

    /// A client whose only broker this is.
    pub(crate) async fn client(self) -> Client {
        let mut options = ClientOptions::new(vec![Address { host: "fake".to_owned(), port: 1 }]);
        options.connector = Arc::new(self);
        Client::connect(options, Arc::new(FakeEnv::default())).await.expect("the fake answers")
    }
}

impl Connector for Fake {
    fn connect<'a>(&'a self, _: &'a str, _: u16) -> Connecting<'a> {
        let (near, far) = tokio::io::duplex(1 << 16);
        tokio::spawn(serve(far, Arc::clone(&self.handler)));
        Box::pin(async { Ok(Box::new(near) as Box<dyn Stream>) })
    }
}

async fn serve(mut stream: DuplexStream, handler: Arc<Handler>) {
    while let Ok(length) = stream.read_u32().await {
        let mut frame = BytesMut::zeroed(length as usize);
        stream.read_exact(&mut frame).await.expect("a client sends whole frames");
        let mut reader = Reader::new(frame.freeze());
        let header = decode_request_header(&mut reader).expect("a client sends headers");
        match handler(&header, &mut reader) {
            Reply::Send(bytes) => stream.write_all(&bytes).await.unwrap_or_default(),
            Reply::Silence => {}
            Reply::Close => return,
        }
    }
}

/// The frame that answers the request of `header`.
pub(crate) fn reply<R: ottla_wire::codec::Response>(header: &RequestHeader, response: &R) -> Reply {
    let encoded =
        encode_response(header.correlation_id, response, header.request_api_version).expect("it fits");
    Reply::Send(encoded.into_bytes().expect("no file"))
}

/// Reads the request of `header`.
pub(crate) fn read<R: Request>(header: &RequestHeader, reader: &mut Reader) -> R {
    R::decode(reader, header.request_api_version).expect("a whole request")
}

/// Every version of these APIs.
pub(crate) fn offer(apis: &[ApiKey]) -> ApiVersionsResponse {
    let api = |key: &ApiKey| ApiVersion { api_key: *key as i16, min_version: 0, max_version: i16::MAX };
    ApiVersionsResponse { api_keys: apis.iter().map(api).collect(), ..ApiVersionsResponse::default() }
}

fn metadata() -> MetadataResponse {
    let broker = MetadataResponseBroker { node_id: 7, host: "fake".into(), port: 1, rack: None };
    let partition = |partition_index| MetadataResponsePartition {
        partition_index,
        leader_id: 7,
        replica_nodes: vec![7],
        isr_nodes: vec![7],
        ..MetadataResponsePartition::default()
    };
    let topic = MetadataResponseTopic {
        name: Some("t".into()),
        topic_id: uuid::Uuid::from_u128(9),
        partitions: vec![partition(1), partition(0)],
        ..MetadataResponseTopic::default()
    };
    MetadataResponse {
        brokers: vec![broker],
        topics: vec![topic],
        controller_id: 7,
        ..MetadataResponse::default()
    }
}

/// The same numbers in every run.
#[derive(Default)]
pub(crate) struct FakeEnv(AtomicU64);

impl Env for FakeEnv {
    fn now(&self) -> Now {
        Now { wall: Timestamp(1_000), tick: Tick(0) }
    }

    fn random(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed)
    }
}

/// Longer than anything that a test waits for on purpose; time is simulated.
pub(crate) const LONG: Duration = Duration::from_secs(3600);
