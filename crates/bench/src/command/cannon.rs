//! `cannon`: replays produce requests that were made beforehand.
//!
//! It measures a broker, so it must cost little: one thread, one write for all requests that may be under way on a
//! connection, answers read where they lie. It creates no topic, follows no leader and retries nothing.

mod answer;
mod connection;
mod request;
mod schedule;

use self::answer::Answers;
use self::connection::{Connection, Lost};
use self::request::Request;
use self::schedule::{End, Schedule};
use super::{Failure, Outcome, While};
use crate::batch::Shape;
use crate::outcome::{self, Measured};
use crate::poll::{Interest, Poll, Quiet};
use crate::{client, clock};
use clap::Args;
use std::time::{Duration, Instant};

/// What `cannon` may be told.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The broker
    #[arg(long, value_name = "HOST:PORT")]
    address: String,
    /// A topic that exists
    #[arg(long, value_name = "NAME")]
    topic: String,
    /// Produce to its first so many partitions, in turn
    #[arg(long, default_value_t = 1, value_name = "NUMBER")]
    partitions: u32,
    /// Connections
    #[arg(long, default_value_t = 1, value_name = "NUMBER")]
    connections: usize,
    /// Requests under way on each connection
    #[arg(long, default_value_t = 1, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    depth: u32,
    #[command(flatten)]
    shape: Shape,
    /// Another number makes other keys and values
    #[arg(long, default_value_t = 0, value_name = "NUMBER")]
    seed: u64,
    /// Partitions in one request, each with a batch; it divides --partitions
    #[arg(long, default_value_t = 1, value_name = "NUMBER")]
    batches_per_request: u32,
    /// What is waited for: -1 all replicas, 1 the leader, 0 nothing, not even an answer
    #[arg(long, default_value_t = -1, allow_hyphen_values = true, value_parser = clap::value_parser!(i16).range(-1..=1))]
    acks: i16,
    /// Requests per second over all connections; without it, as many as there is room for
    #[arg(long, value_name = "NUMBER")]
    rate: Option<f64>,
    /// Payload to send before the measured part begins
    #[arg(long, default_value_t = 0, value_name = "BYTES")]
    warm_up_bytes: u64,
    /// Payload of the measured part
    #[arg(long, value_name = "BYTES", required_unless_present = "seconds", conflicts_with = "seconds")]
    total_bytes: Option<u64>,
    /// Length of the measured part
    #[arg(long, value_name = "SECONDS")]
    seconds: Option<f64>,
    /// The peer is the echo server: every request comes back as it was sent
    #[arg(long)]
    echo: bool,
}

/// Sends until it is done and prints the result.
pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let requests = requests(arguments)?;
    let mut cannon = Cannon::new(arguments, &requests)?;
    let since = cannon.fire()?;
    let time = clock::now().saturating_duration_since(since);
    outcome::end(&cannon.measured.lasting(time))
}

/// The requests that are sent in turn: one for every group of partitions.
fn requests(arguments: &Arguments) -> Result<Vec<Request>, Failure> {
    let Arguments { partitions, batches_per_request: step, topic, acks, .. } = arguments;
    if *step == 0 || *partitions == 0 || partitions % step != 0 {
        return Err(Failure::new(format!(
            "{partitions} partitions cannot be dealt to requests of {step}: make one a multiple of the other"
        )));
    }
    let bounds = |_| Failure::new(format!("{partitions} partitions are more than a topic can have"));
    let (end, step) = (i32::try_from(*partitions).map_err(bounds)?, i32::try_from(*step).map_err(bounds)?);
    let batch = arguments.shape.make(arguments.seed, clock::wall_ms()).map_err(Failure::new)?;
    (0..end / step).map(|at| Request::produce(topic, at * step..(at + 1) * step, *acks, &batch)).collect()
}

struct Cannon<'a> {
    requests: &'a [Request],
    connections: Vec<Connection>,
    poll: Poll,
    schedule: Schedule,
    measured: Measured,
    answers: Answers,
    depth: u32,
    /// Whether requests are answered at all.
    is_answered: bool,
    records_per_request: u64,
    bytes_per_request: u64,
    /// Whose turn it is when requests come at a rate.
    turn: usize,
}

impl<'a> Cannon<'a> {
    fn new(arguments: &Arguments, requests: &'a [Request]) -> Result<Self, Failure> {
        let batches = u64::from(arguments.batches_per_request);
        let bytes_per_request = batches * arguments.shape.payload_bytes();
        if bytes_per_request == 0 {
            return Err(Failure::new(
                "requests without a byte of payload measure nothing: give records a size",
            ));
        }
        let end = match (arguments.total_bytes, arguments.seconds) {
            (Some(bytes), _) => End::Requests(bytes.div_ceil(bytes_per_request)),
            (None, seconds) => {
                let seconds = Duration::try_from_secs_f64(seconds.unwrap_or_default());
                End::Time(seconds.while_doing("reading --seconds")?)
            }
        };
        if arguments.rate.is_some_and(|rate| !rate.is_finite() || rate <= 0.0) {
            return Err(Failure::new("--rate is a positive number of requests per second"));
        }
        let poll = Poll::new().while_doing("preparing to wait")?;
        let number = arguments.connections;
        let mut connections = Vec::with_capacity(number);
        for (id, stream) in client::connect(&arguments.address, number)?.into_iter().enumerate() {
            poll.add(&stream, id, Interest::Read).while_doing("preparing to wait")?;
            connections.push(Connection::new(stream, id * requests.len() / number));
        }
        Ok(Self {
            requests,
            connections,
            poll,
            schedule: Schedule {
                rate: arguments.rate,
                warm_up: arguments.warm_up_bytes.div_ceil(bytes_per_request),
                end,
                started: clock::now(),
                measuring_since: None,
                begun: 0,
                answered: 0,
            },
            measured: Measured::default(),
            answers: if arguments.echo { Answers::Echo } else { Answers::Kafka },
            depth: arguments.depth,
            is_answered: arguments.acks != 0,
            records_per_request: batches * u64::from(arguments.shape.records_per_batch),
            bytes_per_request,
            turn: 0,
        })
    }

    /// Sends everything and waits for every answer. Returns when the measured part began.
    fn fire(&mut self) -> Result<Instant, Failure> {
        let mut now = clock::now();
        self.schedule.started = now;
        if self.schedule.warm_up == 0 {
            self.schedule.measure(now);
            outcome::begin()?;
        }
        let mut happened: Vec<usize> = (0..self.connections.len()).collect();
        while !self.schedule.is_over(now) {
            match self.schedule.rate {
                None => {
                    for &id in &happened {
                        self.send(id, now, u32::MAX)?;
                    }
                }
                Some(_) => self.send_in_turn(&happened, now)?,
            }
            if !self.schedule.is_over(now) {
                let quiet = self.poll.wait(self.schedule.next(), &mut happened);
                if quiet.while_doing("waiting for answers")? == Quiet::Yes {
                    return Err(client::silence());
                }
                now = clock::now();
                for &id in &happened {
                    self.receive(id, now)?;
                }
            }
        }
        if !self.is_answered {
            let closing = Request::closing()?;
            for connection in &mut self.connections {
                connection.close(&closing).while_doing("waiting for the broker to have done everything")?;
            }
        }
        Ok(self.schedule.measuring_since.unwrap_or(now))
    }

    /// Goes on with requests that found no room, and gives each one that is due to the next connection that may
    /// have it.
    fn send_in_turn(&mut self, happened: &[usize], now: Instant) -> Outcome {
        for &id in happened {
            if self.connections[id].is_full {
                self.send(id, now, 0)?;
            }
        }
        let mut passed_over = 0;
        while passed_over < self.connections.len() && 0 < self.schedule.due(now) {
            let begun = self.send(self.turn, now, 1)?;
            passed_over = if begun == 0 { passed_over + 1 } else { 0 };
            self.turn = (self.turn + 1) % self.connections.len();
        }
        Ok(())
    }

    /// Sends what is under way on a connection, and up to `most` more requests if they are due and it may have them.
    fn send(&mut self, id: usize, now: Instant, most: u32) -> Result<u32, Failure> {
        let connection = &mut self.connections[id];
        let waited_for_room = connection.waits_for_room;
        let room = self.depth.saturating_sub(connection.open()).min(most);
        let more = u32::try_from(self.schedule.due(now)).map_or(room, |due| room.min(due));
        let begun = connection.send(self.requests, more).while_doing("sending a request")?;
        self.schedule.begun += u64::from(begun);
        // Where no answer comes, room is the only thing to wait for.
        let waits_for_room = connection.is_full || (!self.is_answered && self.schedule.rate.is_none());
        connection.waits_for_room = waits_for_room;
        if waits_for_room != waited_for_room {
            let interest = if waits_for_room { Interest::Both } else { Interest::Read };
            self.poll.change(&connection.stream, id, interest).while_doing("waiting for room")?;
        }
        if !self.is_answered {
            self.count(id, now, |connection, each| {
                connection.take_as_answered(each);
                Ok(())
            })?;
        }
        Ok(begun)
    }

    /// Reads answers. Where none are wanted, all there is to read is that the broker has closed the connection.
    fn receive(&mut self, id: usize, now: Instant) -> Outcome {
        let answers = self.answers;
        self.count(id, now, |connection, each| connection.receive(answers, each))
    }

    /// Counts the answers that `tell` tells of.
    fn count(
        &mut self,
        id: usize,
        now: Instant,
        tell: impl FnOnce(&mut Connection, &mut dyn FnMut(&Connection, u32)) -> Result<(), Lost>,
    ) -> Outcome {
        let Self { connections, requests, schedule, measured, .. } = self;
        let (records, bytes) = (self.records_per_request, self.bytes_per_request);
        let mut has_begun = false;
        let told = tell(&mut connections[id], &mut |connection, number| {
            let is_measured = schedule.measuring_since.is_some();
            has_begun |= schedule.answer(now);
            if is_measured {
                measured.requests += 1;
                measured.records += records;
                measured.bytes += bytes;
                measured.wire_bytes += connection.request(requests, number).len() as u64;
            }
        });
        told.map_err(|lost| match lost {
            Lost::Io(error) => Failure::new(format!("connection {id} was lost: {error}")),
            Lost::Refused(refusal) => Failure::new(format!("connection {id}: {refusal}")),
        })?;
        if has_begun { outcome::begin() } else { Ok(()) }
    }
}
