//! A broker without sockets: requests are handed to it as a connection would, and answered in process.
//!
//! It is what the simulator runs, and the tests of this crate. Frames are encoded and decoded as for a real
//! client, so that what is simulated is all of a broker but its sockets. What is left to the caller is what a
//! connection does: of one client, only Produce requests may overlap, and whatever answers is lost when the caller
//! drops the future.

use crate::Broker;
use crate::alarm::Alarm;
use crate::api::{self, Answer, CallError, Started};
use crate::config::{Configs, Layers};
use crate::connection::Peer;
use crate::gathering::Gathering;
use crate::jobs;
use crate::server::{self, StartError};
use crate::share_session::ConnectionId;
use bytes::Bytes;
use ottla_base::Env;
use ottla_storage::{Log, LogOptions, RecoveryReport};
use ottla_wire::codec::{
    DecodeError, EncodeError, Message, Reader, Request, decode_response_header, encode_request,
};
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::sync::Arc;
use tokio::task::JoinSet;

/// An open broker. To be used inside a `LocalSet`; what it does by itself ends when this is dropped.
pub struct InProcess {
    broker: Arc<Broker>,
    recovery: RecoveryReport,
    background: JoinSet<()>,
}

/// Why a request has no answer. A client would see its connection closed.
#[derive(Debug, thiserror::Error)]
pub enum NoAnswer {
    /// The request has a field that its version cannot carry.
    #[error("the request cannot be written: {0}")]
    Request(#[from] EncodeError),
    /// The broker closes the connection, and this is why.
    #[error("the broker closed the connection: {0}")]
    Closed(String),
    /// The bytes of the records in the answer could not be read.
    #[error("the records cannot be read: {0}")]
    Records(#[from] io::Error),
    /// The answer is not what its version says.
    #[error("the response cannot be read: {0}")]
    Response(#[from] DecodeError),
}

impl InProcess {
    /// Opens the data that `log` names, as [`Server::start`](crate::Server::start) does, and starts what a broker
    /// does by itself.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn open(layers: Layers, log: LogOptions, env: Arc<dyn Env>) -> Result<Self, StartError> {
        let (broker, recovery) = server::open(Configs::new(layers), log, env)?;
        let mut background = JoinSet::new();
        jobs::start(&broker, &mut background);
        Ok(Self { broker, recovery, background })
    }

    /// As [`open`](Self::open), of a broker that does nothing by itself: no time-outs, and transactions that are to end
    /// stay where they are.
    #[cfg(test)]
    pub(crate) fn open_idle(layers: Layers, log: LogOptions, env: Arc<dyn Env>) -> Result<Self, StartError> {
        let (broker, recovery) = server::open(Configs::new(layers), log, env)?;
        Ok(Self { broker, recovery, background: JoinSet::new() })
    }

    /// What opening the data directory found and mended.
    #[must_use]
    pub fn recovery(&self) -> &RecoveryReport {
        &self.recovery
    }

    /// The broker's log.
    #[must_use]
    pub fn log(&self) -> &Log {
        &self.broker.log
    }

    #[cfg(test)]
    pub(crate) fn broker(&self) -> &Arc<Broker> {
        &self.broker
    }

    /// With [`Work::Driven`](ottla_storage::Work::Driven): lets the metadata's writer work once. Returns whether
    /// anything waited.
    #[must_use = "what is answered may ask for more"]
    pub fn commit_metadata(&self) -> bool {
        self.broker.meta.commit_waiting()
    }

    /// One request, from its bytes to the bytes of its answer; `None` if it asked for none. It has run up to its
    /// first await when the future is polled for the first time.
    ///
    /// # Errors
    /// [`NoAnswer`].
    pub fn call<R: Request>(
        &self,
        request: &R,
        version: i16,
    ) -> impl Future<Output = Result<Option<R::Response>, NoAnswer>> + use<R> {
        self.call_on(0, request, version)
    }

    /// [`call`](Self::call) on a connection of its own, which [`disconnect`](Self::disconnect) ends.
    ///
    /// # Errors
    /// [`NoAnswer`].
    pub fn call_on<R: Request>(
        &self,
        connection: u64,
        request: &R,
        version: i16,
    ) -> impl Future<Output = Result<Option<R::Response>, NoAnswer>> + use<R> {
        self.call_as((CLIENT_ID, ConnectionId(connection)), request, version)
    }

    /// The connection has ended: what the broker keeps for it goes. Its unanswered requests should be dropped before.
    pub fn disconnect(&self, connection: u64) {
        self.broker.share_connection_ended(ConnectionId(connection));
    }

    /// [`call`](Self::call) by a client with another id, on that connection.
    pub(crate) fn call_as<R: Request>(
        &self,
        client: (&str, ConnectionId),
        request: &R,
        version: i16,
    ) -> impl Future<Output = Result<Option<R::Response>, NoAnswer>> + use<R> {
        let called = self.prepare(client, request, version);
        let broker = Arc::clone(&self.broker);
        async move {
            let (peer, frame) = called?;
            let now = broker.env.now();
            // Nobody else is on this worker.
            let gathering = Rc::new(Gathering::new(broker.log.clone()));
            let started = api::call(broker, Rc::new(peer), gathering, now, frame);
            let started = started.map_err(|error| closed(&error))?;
            let answered = match started {
                Started::Answered(answer) => answer,
                Started::Running(call) => call.await.map_err(|error| closed(&error))?,
            };
            let frame = match answered {
                Answer::Send(answer) => answer.into_bytes()?,
                Answer::Silent => return Ok(None),
                Answer::Close => {
                    return Err(NoAnswer::Closed("a request that wants no answer failed".to_owned()));
                }
            };
            decode::<R>(frame, version).map(Some)
        }
    }

    fn prepare<R: Request>(
        &self,
        (client_id, connection): (&str, ConnectionId),
        request: &R,
        version: i16,
    ) -> Result<(Peer, Bytes), NoAnswer> {
        let frame = encode_request(Some(client_id), CORRELATION_ID, request, version)?;
        let frame = frame.into_bytes()?.slice(LENGTH_BYTES..);
        let address = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9092);
        let peer = Peer {
            address,
            reached: address,
            listener: "PLAINTEXT".into(),
            connection,
            alarm: Alarm::default(),
        };
        Ok((peer, frame))
    }

    /// Ends it in good order, so that the next start has nothing to check.
    pub fn close(self) {
        let Self { broker, recovery: _, background } = self;
        broker.waiting.close();
        drop(background);
        broker.log.clone().close();
    }
}

fn closed(error: &CallError) -> NoAnswer {
    NoAnswer::Closed(error.to_string())
}

fn decode<R: Request>(frame: Bytes, version: i16) -> Result<R::Response, NoAnswer> {
    let mut reader = Reader::new(frame.slice(LENGTH_BYTES..));
    let header = decode_response_header(&mut reader, R::KEY, version)?;
    assert_eq!(header.correlation_id, CORRELATION_ID, "an answer belongs to its request");
    let response = R::Response::decode(&mut reader, version)?;
    assert_eq!(reader.remaining(), 0, "an answer ends where its version says");
    Ok(response)
}

const CLIENT_ID: &str = "in-process";
const CORRELATION_ID: i32 = 7;
const LENGTH_BYTES: usize = 4;
