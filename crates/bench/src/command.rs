//! One word of the command line is one program, in a file of its own.

mod cannon;
mod echo;
mod floor;
mod latency;
mod nats_latency;
mod pingpong;
mod reader;
mod sendfile;
mod share;
mod syncloop;
mod transact;

use clap::Subcommand;
use std::fmt;

/// What the first word may be.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// A generator that replays produce requests made beforehand, at the least cost
    Cannon(cannon::Arguments),
    /// A server that sends every frame back: what one request costs before anybody looks at it
    Echo(echo::Arguments),
    /// A server that does with produced batches the least that a correct broker does
    Floor(floor::Arguments),
    /// Records at a steady rate through a broker, and how long each takes
    Latency(latency::Arguments),
    /// Records at a steady rate through a stream of NATS, and how long each takes
    NatsLatency(nats_latency::Arguments),
    /// Records at a steady rate through an echo, and how long each takes
    #[command(name = "pingpong")]
    PingPong(pingpong::Arguments),
    /// A generator that fetches a topic again and again, and looks at nothing but the heads of batches
    Reader(reader::Arguments),
    /// A server that answers fetch requests with parts of one file, as the kernel sends them
    Sendfile(sendfile::Arguments),
    /// Members of a share group that accept all they get
    Share(share::Arguments),
    /// Writes to a file and syncs it, again and again
    #[command(name = "syncloop")]
    SyncLoop(syncloop::Arguments),
    /// Transactional producers that write and commit
    Transact(transact::Arguments),
}

impl Command {
    /// Runs to the end: a server until it is killed, a generator until it has its result.
    pub(crate) fn run(self) -> Outcome {
        match self {
            Self::Cannon(arguments) => cannon::run(&arguments),
            Self::Echo(arguments) => echo::run(&arguments),
            Self::Floor(arguments) => floor::run(&arguments),
            Self::Latency(arguments) => latency::run(&arguments),
            Self::NatsLatency(arguments) => nats_latency::run(&arguments),
            Self::PingPong(arguments) => pingpong::run(&arguments),
            Self::Reader(arguments) => reader::run(&arguments),
            Self::Sendfile(arguments) => sendfile::run(&arguments),
            Self::Share(arguments) => share::run(&arguments),
            Self::SyncLoop(arguments) => syncloop::run(&arguments),
            Self::Transact(arguments) => transact::run(&arguments),
        }
    }
}

/// How a program ends.
pub(crate) type Outcome = Result<(), Failure>;

/// Why a program ends early: one line for a person, with the cause and, where there is one, a cure.
#[derive(Debug)]
pub(crate) struct Failure(String);

impl Failure {
    /// A failure with this line.
    pub(crate) fn new(line: impl Into<String>) -> Self {
        Self(line.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Says what was being done when a call of the system failed.
pub(crate) trait While<T> {
    /// Names the doing, as in "while listening on 127.0.0.1:1".
    fn while_doing(self, doing: impl fmt::Display) -> Result<T, Failure>;
}

impl<T, E: fmt::Display> While<T> for Result<T, E> {
    fn while_doing(self, doing: impl fmt::Display) -> Result<T, Failure> {
        self.map_err(|error| Failure(format!("while {doing}: {error}")))
    }
}
