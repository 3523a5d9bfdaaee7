//! `share`: members of a share group, which accept all that they get with their next request, as Kafka's own do.
//!
//! Each has a connection and one ShareFetch under way, which acknowledges what the last answer brought and asks for more.
//! Records count when the broker has said that their acknowledgement is kept.

mod group;
mod member;

use super::{Failure, Outcome};
use crate::clock;
use crate::open_loop::{Connection, wait};
use crate::outcome::{self, Measured};
use clap::Args;
use std::net::SocketAddr;
use std::num::{NonZeroI32, NonZeroU32};
use std::time::{Duration, Instant};

/// What `share` may be told.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The broker
    #[arg(long, value_name = "ADDRESS")]
    address: SocketAddr,
    /// A topic that has as much as is to be read
    #[arg(long, value_name = "NAME")]
    topic: String,
    /// The share group; it starts at the earliest record
    #[arg(long, value_name = "NAME", default_value = "bench")]
    group: String,
    /// Members, each with a connection
    #[arg(long, value_name = "NUMBER", default_value = "1")]
    members: NonZeroU32,
    /// Records that a member asks for at once, in whole batches
    #[arg(long, value_name = "NUMBER", default_value = "500")]
    records: NonZeroI32,
    /// Bytes of batches to acknowledge before the measured part begins
    #[arg(long, value_name = "BYTES", default_value_t = 0)]
    warm_up_bytes: u64,
    /// Bytes of batches to acknowledge in the measured part
    #[arg(long, value_name = "BYTES")]
    total_bytes: u64,
}

/// Acknowledges until it is done and prints the result.
pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let mut connections = (0..arguments.members.get())
        .map(|_| Connection::open(arguments.address))
        .collect::<Result<Vec<_>, Failure>>()?;
    let mut members = group::join(arguments, &mut connections)?;
    let mut count = Count::new(arguments);
    if arguments.warm_up_bytes == 0 {
        count.begin(&connections)?;
    }
    for (member, connection) in members.iter_mut().zip(&mut connections) {
        member.fetch(connection)?;
    }
    while !count.is_done() {
        let ready = wait(&connections, SILENCE_MAX)?;
        for at in ready {
            connections[at].turn()?;
            while let Some(frame) = connections[at].frame()? {
                let acknowledged = members[at].take(frame)?;
                count.add(acknowledged, &connections)?;
                members[at].fetch(&mut connections[at])?;
            }
        }
        count.check_progress()?;
    }
    outcome::end(&count.result(&connections))
}

/// What one answer says to be done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Acknowledged {
    records: u64,
    bytes: u64,
}

/// What was done, in the warm-up and then in the measured part.
struct Count {
    warm_up_bytes: u64,
    total_bytes: u64,
    /// When the measured part began, and how much had been on the wire.
    since: Option<(Instant, u64)>,
    /// When something was last acknowledged.
    last: Instant,
    measured: Measured,
}

impl Count {
    fn new(arguments: &Arguments) -> Self {
        let Arguments { warm_up_bytes, total_bytes, .. } = *arguments;
        let (since, measured) = (None, Measured::default());
        Self { warm_up_bytes, total_bytes, since, last: clock::now(), measured }
    }

    fn begin(&mut self, connections: &[Connection]) -> Outcome {
        self.since = Some((clock::now(), wire_bytes(connections)));
        self.measured = Measured::default();
        outcome::begin()
    }

    fn add(&mut self, acknowledged: Acknowledged, connections: &[Connection]) -> Outcome {
        if acknowledged.records == 0 || self.is_done() {
            return Ok(());
        }
        self.last = clock::now();
        self.measured.requests += 1;
        self.measured.records += acknowledged.records;
        self.measured.bytes += acknowledged.bytes;
        if self.since.is_none() && self.warm_up_bytes <= self.measured.bytes {
            self.begin(connections)?;
        }
        Ok(())
    }

    fn is_done(&self) -> bool {
        self.since.is_some() && self.total_bytes <= self.measured.bytes
    }

    fn check_progress(&self) -> Outcome {
        if self.is_done() || clock::now().duration_since(self.last) < SILENCE_MAX {
            return Ok(());
        }
        Err(Failure::new(format!(
            "nothing was acknowledged for {} s, after {} bytes: has the topic as much as is to be read?",
            SILENCE_MAX.as_secs(),
            self.measured.bytes
        )))
    }

    fn result(self, connections: &[Connection]) -> Measured {
        let (since, before) = self.since.expect("it is measured when it is done");
        let wire_bytes = wire_bytes(connections) - before;
        Measured { wire_bytes, ..self.measured }.lasting(self.last.saturating_duration_since(since))
    }
}

fn wire_bytes(connections: &[Connection]) -> u64 {
    connections.iter().map(Connection::wire_bytes).sum()
}

/// Nobody waits longer for a group that gets nothing.
const SILENCE_MAX: Duration = Duration::from_secs(10);
