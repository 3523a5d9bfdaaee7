//! `latency`: records that are due at a steady rate, through a broker: from when a record was due until a consumer has it,
//! and until its producer hears that it is kept.
//!
//! One connection produces and one consumes, as clients do: requests are written anew each time, a batch has what is due
//! (`linger.ms=0`), and the consumer has always one Fetch waiting (`fetch.min.bytes=1`, `fetch.max.wait.ms=500`).

mod broker;

use super::Outcome;
use crate::open_loop::{self, Pace};
use broker::Broker;
use clap::Args;
use std::net::SocketAddr;

/// What `latency` may be told.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Where the broker listens
    #[arg(long, value_name = "ADDRESS")]
    address: SocketAddr,
    /// A topic that exists; what is in it does not matter
    #[arg(long, value_name = "NAME")]
    topic: String,
    /// The partition that is written and read
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    partition: i32,
    /// When a record counts as kept: -1 when all replicas have it, 1 when the leader has
    #[arg(long, value_name = "NUMBER", default_value_t = -1, allow_negative_numbers = true)]
    acks: i16,
    #[command(flatten)]
    pace: Pace,
}

/// Runs until all records have come.
pub(crate) fn run(arguments: &Arguments) -> Outcome {
    open_loop::run(&arguments.pace, &mut Broker::open(arguments)?)
}
