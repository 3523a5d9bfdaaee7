//! `floor`: does with produced batches the least that a correct broker does.
//!
//! One thread. It reads what has come on all connections that have something, checks every batch's checksum, gives it
//! its offset, writes all batches of a partition with one call, and answers. It has no index, no producers to
//! remember, no topics, no rights and nobody who reads, and keeps no segments to write into again: files grow, as
//! the broker's do. What a broker costs beyond it is the price of being one.

mod answer;
mod log;
mod other;
mod request;

use self::answer::{Answer, Part};
use self::log::{Durability, Log};
use super::{Outcome, While};
use crate::ready;
use crate::server::{Id, Server};
use bytes::Bytes;
use clap::Args;
use ottla_wire::{ApiKey, ErrorCode};
use std::net::SocketAddr;
use std::path::PathBuf;

/// What `floor` may be told.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Where to write, a file for each partition
    #[arg(long, value_name = "DIRECTORY")]
    data: PathBuf,
    /// When to answer: in the page cache (os), on the disk (sync), or without having written at all (discard)
    #[arg(long, value_enum, default_value = "os")]
    durability: Durability,
    /// Partitions that every topic has; all topics are the same one
    #[arg(long, default_value_t = 1, value_name = "NUMBER")]
    partitions: u32,
    /// Where to listen
    #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDRESS")]
    listen: SocketAddr,
}

/// Serves until it is killed.
pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let mut floor = Floor {
        server: Server::listen(arguments.listen)?,
        log: Log::create(&arguments.data, arguments.partitions, arguments.durability)?,
        answers: Vec::new(),
        parts: Vec::new(),
        bytes: 0,
    };
    ready::announce(floor.server.address()?)?;
    let mut ready = Vec::new();
    loop {
        floor.server.wait(&mut ready)?;
        for &id in &ready {
            if floor.receive(id).is_err() {
                floor.server.close(id);
            }
            if BYTES_AT_ONCE <= floor.bytes {
                floor.finish()?;
            }
        }
        floor.finish()?;
    }
}

/// The server and what it has read since it last waited.
struct Floor {
    server: Server,
    log: Log,
    /// In the order of the requests, which is the order of answers on a connection.
    answers: Vec<Answer>,
    /// Partitions of all produce requests among them.
    parts: Vec<Part>,
    /// Bytes of batches among them.
    bytes: usize,
}

/// A client that is not to be talked with any longer.
struct Rude;

impl Floor {
    /// Reads once from a connection and takes its requests. Its bytes stay where they are until the answers are sent.
    fn receive(&mut self, id: Id) -> Result<(), Rude> {
        let Some(connection) = self.server.receive(id) else { return Ok(()) };
        while let Some(frame) = connection.input.next().map_err(|_| Rude)? {
            let bytes = &connection.input.bytes()[frame.clone()];
            let header = request::header(bytes).map_err(|_| Rude)?;
            if header.key != ApiKey::Produce as i16 {
                let address = connection.stream.local_addr().map_err(|_| Rude)?;
                let bytes = Bytes::copy_from_slice(bytes);
                let answer = other::answer(bytes, address, self.log.partitions()).ok_or(Rude)?;
                self.answers.push(Answer::Other { id, frame: answer });
                continue;
            }
            let first = self.parts.len();
            let produce = request::produce(bytes, &header, |partition, records| {
                let records = frame.start + records.start..frame.start + records.end;
                self.bytes += records.len();
                self.parts.push(Part { id, partition, records, base_offset: -1, error: ErrorCode::NONE });
            });
            let produce = produce.map_err(|_| Rude)?;
            for part in first..self.parts.len() {
                self.log.take(part, &mut self.parts[part], connection.input.bytes_mut());
            }
            if produce.is_answered {
                let topic = frame.start + produce.topic.start..frame.start + produce.topic.end;
                let parts = first..self.parts.len();
                self.answers.push(Answer::Produce { id, header, topic, parts });
            }
        }
        Ok(())
    }

    /// Writes what was taken, then answers.
    fn finish(&mut self) -> Outcome {
        let Self { server, log, answers, parts, bytes: _ } = self;
        let bytes = |part: usize| {
            let Part { id, records, .. } = &parts[part];
            server.connection(*id).map_or(&[][..], |connection| &connection.input.bytes()[records.clone()])
        };
        log.write(bytes).while_doing("writing batches")?;
        for answer in &*answers {
            let (Answer::Produce { id, .. } | Answer::Other { id, .. }) = answer;
            if let Some(connection) = server.connection_mut(*id) {
                answer.write(connection.input.bytes(), parts, connection.output.writer());
            }
        }
        for answer in answers.drain(..) {
            let (Answer::Produce { id, .. } | Answer::Other { id, .. }) = answer;
            server.flush(id)?;
        }
        parts.clear();
        self.bytes = 0;
        Ok(())
    }
}

/// As much as stays in the processor's cache between reading and writing; after it, what was read is written although
/// other connections have something, too.
const BYTES_AT_ONCE: usize = 512 * 1024;
