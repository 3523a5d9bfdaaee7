//! `transact`: producers that write a few records and commit them, again and again.
//!
//! Each has a connection and one transaction at a time, as transaction version 2 has it: a Produce that names the
//! transaction, and an EndTxn whose answer brings the epoch of the next one.

mod producer;

use super::{Failure, Outcome, While};
use crate::open_loop::{Connection, wait};
use crate::outcome::{self, Measured};
use crate::{clock, payload};
use clap::Args;
use producer::{Plan, Producer};
use serde::Serialize;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

/// What `transact` may be told.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The broker
    #[arg(long, value_name = "ADDRESS")]
    address: SocketAddr,
    /// A topic that exists
    #[arg(long, value_name = "NAME")]
    topic: String,
    /// Partitions that every transaction writes to
    #[arg(long, value_name = "NUMBER", default_value = "1")]
    partitions: NonZeroU32,
    /// Producers, each with a connection and a transactional id
    #[arg(long, value_name = "NUMBER", default_value = "1")]
    producers: NonZeroU32,
    /// Records of a transaction, dealt to the partitions
    #[arg(long, value_name = "NUMBER", default_value = "10")]
    records: NonZeroU32,
    /// Bytes of each record
    #[arg(long, value_name = "BYTES", default_value_t = 1024)]
    record_bytes: usize,
    /// How long to go on before the measured part begins
    #[arg(long, value_name = "SECONDS", default_value_t = 0.0)]
    warm_up: f64,
    /// Length of the measured part
    #[arg(long, value_name = "SECONDS")]
    seconds: f64,
}

/// What was done.
#[derive(Debug, Serialize)]
struct Done {
    /// That were committed.
    transactions: u64,
    #[serde(flatten)]
    measured: Measured,
}

/// Commits until the time is over and prints the result.
pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let seconds =
        |seconds, name| Duration::try_from_secs_f64(seconds).while_doing(format_args!("reading {name}"));
    let (warm_up, length) =
        (seconds(arguments.warm_up, "--warm-up")?, seconds(arguments.seconds, "--seconds")?);
    let plan = plan(arguments)?;
    let mut connections = Vec::new();
    let mut producers = Vec::new();
    for number in 0..arguments.producers.get() {
        let mut connection = Connection::open(arguments.address)?;
        producers.push(Producer::begin(&plan, number, &mut connection)?);
        connections.push(connection);
    }
    for (producer, connection) in producers.iter_mut().zip(&mut connections) {
        producer.go_on(&plan, connection)?;
    }
    let mut turns = Turns { plan: &plan, connections, producers };
    turns.until(clock::now() + warm_up)?;
    outcome::begin()?;
    let (since, before) = (clock::now(), turns.wire_bytes());
    let transactions = turns.until(since + length)?;
    let records = transactions * u64::from(arguments.records.get());
    let measured = Measured {
        requests: 2 * transactions,
        records,
        bytes: records * arguments.record_bytes as u64,
        wire_bytes: turns.wire_bytes() - before,
        ..Measured::default()
    };
    outcome::end(&Done { transactions, measured: measured.lasting(clock::now().duration_since(since)) })
}

fn plan(arguments: &Arguments) -> Result<Plan, Failure> {
    let Arguments { records, partitions, topic, record_bytes, .. } = arguments;
    let (records, partitions) = (records.get(), partitions.get());
    if !records.is_multiple_of(partitions) {
        return Err(Failure::new(format!(
            "{records} records cannot be dealt to {partitions} partitions: make --records a multiple of --partitions"
        )));
    }
    let mut value = vec![0; *record_bytes];
    payload::fill(&mut value, 0);
    Ok(Plan { topic: topic.as_str().into(), partitions, records_per_partition: records / partitions, value })
}

struct Turns<'a> {
    plan: &'a Plan,
    connections: Vec<Connection>,
    producers: Vec<Producer>,
}

impl Turns<'_> {
    /// Tells how many transactions were committed before the time was over.
    fn until(&mut self, end: Instant) -> Result<u64, Failure> {
        let mut transactions = 0;
        loop {
            let left = end.saturating_duration_since(clock::now());
            if left.is_zero() {
                return Ok(transactions);
            }
            for at in wait(&self.connections, left)? {
                let connection = &mut self.connections[at];
                connection.turn()?;
                while let Some(frame) = connection.frame()? {
                    transactions += u64::from(self.producers[at].take(frame)?);
                    self.producers[at].go_on(self.plan, connection)?;
                }
            }
        }
    }

    fn wire_bytes(&self) -> u64 {
        self.connections.iter().map(Connection::wire_bytes).sum()
    }
}
