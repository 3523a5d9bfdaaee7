//! A connection that sends what it is told, one request at a time, at any version.

use bytes::Bytes;
use ottla_wire::codec::{Message, Reader, Request, decode_response_header, encode_request};
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// How long an answer may take; the slowest is Kafka making one of its internal topics.
const ANSWER_LIMIT: Duration = Duration::from_secs(20);
/// How long nothing must come for "there is no answer".
const SILENCE: Duration = Duration::from_millis(300);
const ANSWER_BYTES_MAX: usize = 64 << 20;

/// Why there is no answer.
#[derive(Debug)]
pub enum NoAnswer {
    /// The broker closed the connection.
    Closed,
    /// Neither an answer nor an end came in time.
    Silence,
    /// The answer is none that the schema allows.
    Malformed(String),
    /// The version has no place for what the request says.
    Unwritten(String),
}

impl std::fmt::Display for NoAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Closed => f.write_str("the connection was closed"),
            Self::Silence => f.write_str("no answer"),
            Self::Malformed(why) => write!(f, "malformed: {why}"),
            Self::Unwritten(why) => write!(f, "not written: {why}"),
        }
    }
}

pub struct Connection {
    stream: TcpStream,
    client_id: String,
    next_correlation: i32,
}

impl Connection {
    pub fn open(address: &str, client_id: &str) -> Result<Self, String> {
        let stream = TcpStream::connect(address).map_err(|error| format!("{address}: {error}"))?;
        stream.set_nodelay(true).map_err(|error| error.to_string())?;
        Ok(Self { stream, client_id: client_id.to_owned(), next_correlation: 1 })
    }

    /// Sends the request and reads its answer.
    pub fn ask<R: Request>(&mut self, request: &R, version: i16) -> Result<R::Response, NoAnswer> {
        let correlation = self.tell(request, version)?;
        self.answer::<R>(correlation, version)
    }

    /// Reads the answer to what was told before.
    pub fn answer<R: Request>(&mut self, correlation: i32, version: i16) -> Result<R::Response, NoAnswer> {
        let mut reader = Reader::new(self.frame(ANSWER_LIMIT)?);
        let malformed = |error: ottla_wire::DecodeError| NoAnswer::Malformed(error.to_string());
        let header = decode_response_header(&mut reader, R::KEY, version).map_err(malformed)?;
        if header.correlation_id != correlation {
            return Err(NoAnswer::Malformed("another request's answer".to_owned()));
        }
        let response = R::Response::decode(&mut reader, version).map_err(malformed)?;
        if reader.remaining() == 0 {
            Ok(response)
        } else {
            Err(NoAnswer::Malformed("bytes follow".to_owned()))
        }
    }

    /// Sends the request and leaves what comes back unread; gives its correlation id.
    pub fn tell<R: Request>(&mut self, request: &R, version: i16) -> Result<i32, NoAnswer> {
        let correlation = self.next_correlation;
        self.next_correlation += 1;
        let encoded = encode_request(Some(&self.client_id), correlation, request, version)
            .map_err(|error| NoAnswer::Unwritten(error.to_string()))?;
        let frame = encoded.into_bytes().map_err(|error| NoAnswer::Unwritten(error.to_string()))?;
        // A broker may close before it has read all: what comes back says so.
        drop(self.stream.write_all(&frame));
        Ok(correlation)
    }

    /// Sends the header of any key and version, in its newest form, and a body of nothing.
    pub fn tell_nothing(&mut self, key: i16, version: i16) -> i32 {
        let correlation = self.next_correlation;
        self.next_correlation += 1;
        let mut frame = Vec::new();
        frame.extend(key.to_be_bytes());
        frame.extend(version.to_be_bytes());
        frame.extend(correlation.to_be_bytes());
        // No client id, and no tagged fields.
        frame.extend((-1_i16).to_be_bytes());
        frame.push(0);
        let length = u32::try_from(frame.len()).unwrap_or(u32::MAX).to_be_bytes();
        // A broker may close before it has read all: what comes back says so.
        drop(self.stream.write_all(&[&length[..], &frame].concat()));
        correlation
    }

    /// What comes back unasked: nothing, or the end of the connection.
    pub fn listen(&mut self) -> NoAnswer {
        match self.frame(SILENCE) {
            Ok(frame) => {
                NoAnswer::Malformed(format!("an answer of {} bytes that was not asked for", frame.len()))
            }
            Err(no_answer) => no_answer,
        }
    }

    fn frame(&mut self, limit: Duration) -> Result<Bytes, NoAnswer> {
        drop(self.stream.set_read_timeout(Some(limit)));
        let mut length = [0; 4];
        self.fill(&mut length)?;
        let length =
            usize::try_from(i32::from_be_bytes(length)).ok().filter(|length| *length <= ANSWER_BYTES_MAX);
        let length = length.ok_or_else(|| NoAnswer::Malformed("a frame without end".to_owned()))?;
        let mut frame = vec![0; length];
        self.fill(&mut frame)?;
        Ok(frame.into())
    }

    fn fill(&mut self, into: &mut [u8]) -> Result<(), NoAnswer> {
        self.stream.read_exact(into).map_err(|error| match error.kind() {
            ErrorKind::WouldBlock | ErrorKind::TimedOut => NoAnswer::Silence,
            _ => NoAnswer::Closed,
        })
    }
}
