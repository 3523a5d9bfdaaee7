//! One connection to one broker: requests go out in the order in which they are made, without waiting for each
//! other's answers.
//!
//! Invariants: an answer reaches the request with its correlation id or nobody; when anything is out of step (an
//! unknown id, a malformed answer, no answer in time) the connection closes and every waiting request fails, so that
//! no late answer can be taken for another; dropping the last handle closes the connection.

mod handshake;
mod pipe;
#[cfg(test)]
mod tests;

use crate::connector::{Connector, Stream};
use crate::error::CallError;
use crate::options::Address;
use bytes::Bytes;
use handshake::Versions;
use ottla_wire::codec::{Message, Request, decode_response_header, encode_request};
use ottla_wire::{ApiKey, Reader};
use pipe::{Outgoing, Pipe};
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;
use tokio::sync::oneshot;

/// Longest answer that is accepted, in bytes.
pub const RESPONSE_BYTES_MAX: usize = 256 << 20;

/// A handle of a connection; clones share it.
#[derive(Clone)]
pub struct Connection {
    inner: Arc<Inner>,
}

struct Inner {
    address: Arc<str>,
    client_id: String,
    request_timeout: Duration,
    next_correlation: AtomicI32,
    versions: Versions,
    pipe: Pipe,
}

/// What a connection needs to know besides where to go.
#[derive(Clone, Debug)]
pub struct ConnectionOptions {
    /// Sent with every request.
    pub client_id: String,
    /// For the stream and the handshake.
    pub connect_timeout: Duration,
    /// For an answer.
    pub request_timeout: Duration,
}

impl Connection {
    /// Connects and asks the broker which versions it speaks.
    ///
    /// # Errors
    /// `Connect` if there is no stream in time; `Closed`, `TimedOut` or `Malformed` from the handshake.
    pub async fn open(
        connector: &dyn Connector,
        address: &Address,
        options: ConnectionOptions,
    ) -> Result<Self, CallError> {
        let named: Arc<str> = address.to_string().into();
        let connecting = connector.connect(&address.host, address.port);
        let stream = match tokio::time::timeout(options.connect_timeout, connecting).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(source)) => return Err(CallError::Connect { address: named, source: Arc::new(source) }),
            Err(_) => {
                let source = Arc::new(std::io::ErrorKind::TimedOut.into());
                return Err(CallError::Connect { address: named, source });
            }
        };
        Self::over(stream, named, options).await
    }

    /// Asks the broker at the other end of `stream` which versions it speaks; `address` is for error messages.
    ///
    /// # Errors
    /// `Closed`, `TimedOut` or `Malformed`.
    pub async fn over(
        stream: Box<dyn Stream>,
        address: Arc<str>,
        options: ConnectionOptions,
    ) -> Result<Self, CallError> {
        let ConnectionOptions { client_id, connect_timeout, request_timeout } = options;
        let mut inner = Inner {
            pipe: Pipe::new(stream),
            address,
            client_id,
            request_timeout: connect_timeout,
            next_correlation: AtomicI32::new(0),
            versions: Versions::default(),
        };
        inner.versions = handshake::versions(&inner).await?;
        inner.request_timeout = request_timeout;
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Host and port.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.inner.address
    }

    /// Whether requests can no longer be made.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.inner.pipe.is_closed()
    }

    /// Every API that the broker offers, by key, with its first and last version.
    #[must_use]
    pub fn offered(&self) -> Vec<(i16, (i16, i16))> {
        self.inner.versions.all()
    }

    /// At which level the broker's cluster has a feature switched on, as `transaction.version`.
    #[must_use]
    pub fn feature(&self, name: &str) -> Option<i16> {
        self.inner.versions.feature(name)
    }

    /// The version in which `R` is sent here: the highest that both sides know.
    ///
    /// # Errors
    /// `Unsupported` if there is none.
    pub fn version_of<R: Request>(&self) -> Result<i16, CallError> {
        let unsupported = || CallError::Unsupported { address: Arc::clone(&self.inner.address), api: R::KEY };
        self.inner.versions.common(R::KEY, R::VERSIONS).ok_or_else(unsupported)
    }

    /// Sends `request` in the highest common version and waits for the answer.
    ///
    /// Cancel safe: a dropped call's answer is thrown away.
    ///
    /// # Errors
    /// Any [`CallError`] but `Connect` and `UnknownBroker`.
    pub async fn call<R: Request>(&self, request: &R) -> Result<R::Response, CallError> {
        self.call_within(request, Duration::ZERO).await
    }

    /// [`Self::call`] for a request that the broker may hold for `held` before it answers.
    ///
    /// # Errors
    /// As [`Self::call`].
    pub async fn call_within<R: Request>(
        &self,
        request: &R,
        held: Duration,
    ) -> Result<R::Response, CallError> {
        let version = self.version_of::<R>()?;
        self.inner.call_at(request, version, self.inner.request_timeout + held).await
    }

    /// [`Self::call`] at a version of the caller's choice, also one that the broker does not offer.
    ///
    /// # Errors
    /// As [`Self::call`].
    pub async fn call_at<R: Request>(&self, request: &R, version: i16) -> Result<R::Response, CallError> {
        self.inner.call_at(request, version, self.inner.request_timeout).await
    }

    /// Sends a request that the broker does not answer (Produce with acks 0); resolves when it is on its way.
    ///
    /// # Errors
    /// `Unsupported`, `Inexpressible`, `Closed`.
    pub async fn tell<R: Request>(&self, request: &R) -> Result<(), CallError> {
        let version = self.version_of::<R>()?;
        let (_, frame) = self.inner.encode(request, version)?;
        self.inner.send(Outgoing { frame, reply: None }).await
    }
}

impl Inner {
    fn encode<R: Request>(&self, request: &R, version: i16) -> Result<(i32, Bytes), CallError> {
        let correlation = self.next_correlation.fetch_add(1, Ordering::Relaxed) & i32::MAX;
        let inexpressible = |source| CallError::Inexpressible { address: Arc::clone(&self.address), source };
        let encoded =
            encode_request(Some(&self.client_id), correlation, request, version).map_err(inexpressible)?;
        let bytes = encoded.into_bytes().expect("a client's request has no file region");
        Ok((correlation, bytes))
    }

    async fn send(&self, outgoing: Outgoing) -> Result<(), CallError> {
        self.pipe.send(outgoing).await.map_err(|reason| self.closed(reason))
    }

    async fn call_at<R: Request>(
        &self,
        request: &R,
        version: i16,
        timeout: Duration,
    ) -> Result<R::Response, CallError> {
        let (correlation, frame) = self.encode(request, version)?;
        let body = self.exchange(R::KEY, correlation, frame, timeout).await?;
        decode::<R>(body, version).map_err(|source| {
            self.pipe.close("it sent a malformed answer");
            CallError::Malformed { address: Arc::clone(&self.address), api: R::KEY, source }
        })
    }

    /// Sends a frame and waits for the frame that answers it, which starts at the correlation id.
    async fn exchange(
        &self,
        api: ApiKey,
        correlation: i32,
        frame: Bytes,
        timeout: Duration,
    ) -> Result<Bytes, CallError> {
        let (reply, answer) = oneshot::channel();
        let both = async {
            self.send(Outgoing { frame, reply: Some((correlation, reply)) }).await?;
            answer.await.map_err(|_| self.closed(self.pipe.reason()))
        };
        match tokio::time::timeout(timeout, both).await {
            Ok(result) => result,
            Err(_) => {
                // Whatever comes behind the missing answer would wait for it, too.
                self.pipe.close("it did not answer in time");
                let after_ms = u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX);
                Err(CallError::TimedOut { address: Arc::clone(&self.address), api, after_ms })
            }
        }
    }

    fn closed(&self, reason: Arc<str>) -> CallError {
        CallError::Closed { address: Arc::clone(&self.address), reason }
    }
}

fn decode<R: Request>(body: Bytes, version: i16) -> Result<R::Response, ottla_wire::DecodeError> {
    let mut reader = Reader::new(body);
    decode_response_header(&mut reader, R::KEY, version)?;
    R::Response::decode(&mut reader, version)
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection").field("address", &self.inner.address).finish_non_exhaustive()
    }
}
