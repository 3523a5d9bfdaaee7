//! `reader`: fetches a topic again and again, from its beginning to its end.
//!
//! It measures a broker, so it must cost little: it looks at the heads of batches, which tell the next offset, and lets
//! the kernel throw the records away. It asks for one partition at a time and has one request under way on each
//! connection, without a fetch session.

mod answer;
mod connection;
mod request;

use self::answer::Trouble;
use self::connection::{Connection, Lost};
use self::request::Request;
use super::{Failure, Outcome, While};
use crate::outcome::{self, Measured};
use crate::poll::{Interest, Poll, Quiet};
use crate::{client, clock};
use clap::Args;
use std::time::Instant;

/// What `reader` may be told.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The broker
    #[arg(long, value_name = "HOST:PORT")]
    address: String,
    /// A topic with records in every partition that is read
    #[arg(long, value_name = "NAME")]
    topic: String,
    /// Read its first so many partitions
    #[arg(long, default_value_t = 1, value_name = "NUMBER", value_parser = clap::value_parser!(i32).range(1..))]
    partitions: i32,
    /// Connections; with more than there are partitions, several read the same
    #[arg(long, default_value_t = 1, value_name = "NUMBER")]
    connections: usize,
    /// Most bytes to ask for in one answer
    #[arg(long, default_value_t = 1 << 20, value_name = "BYTES", value_parser = clap::value_parser!(i32).range(1..))]
    response_bytes: i32,
    /// Batches to read before the measured part begins
    #[arg(long, default_value_t = 0, value_name = "BYTES")]
    warm_up_bytes: u64,
    /// Batches of the measured part
    #[arg(long, value_name = "BYTES")]
    total_bytes: u64,
}

/// Reads until it is done and prints the result.
pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let mut reader = Reader::new(arguments)?;
    let since = reader.read()?;
    let time = clock::now().saturating_duration_since(since);
    outcome::end(&reader.measured.lasting(time))
}

struct Reader {
    connections: Vec<Connection>,
    poll: Poll,
    warm_up_left: u64,
    total_bytes: u64,
    /// When the measured part began.
    since: Option<Instant>,
    measured: Measured,
    /// Connections with a request under way.
    open: usize,
    /// Where bytes go that nobody looks at. The kernel writes nothing there, but wants to know how much it might.
    sink: Vec<u8>,
}

impl Reader {
    fn new(arguments: &Arguments) -> Result<Self, Failure> {
        let request = Request::new(&arguments.topic, arguments.response_bytes)?;
        let poll = Poll::new().while_doing("preparing to wait")?;
        let mut connections = Vec::new();
        let number = arguments.connections;
        for (id, stream) in client::connect(&arguments.address, number)?.into_iter().enumerate() {
            poll.add(&stream, id, Interest::Read).while_doing("preparing to wait")?;
            let (topic_bytes, partitions) = (arguments.topic.len(), dealt(id, number, arguments.partitions));
            connections.push(Connection::new(stream, request.clone(), topic_bytes, partitions));
        }
        Ok(Self {
            connections,
            poll,
            warm_up_left: arguments.warm_up_bytes,
            total_bytes: arguments.total_bytes,
            since: None,
            measured: Measured::default(),
            open: 0,
            sink: vec![0; SINK_BYTES],
        })
    }

    /// Reads everything. Returns when the measured part began.
    fn read(&mut self) -> Result<Instant, Failure> {
        if self.warm_up_left == 0 {
            self.begin()?;
        }
        for id in 0..self.connections.len() {
            self.ask(id)?;
        }
        let mut happened = Vec::new();
        while 0 < self.open {
            let quiet = self.poll.wait(None, &mut happened).while_doing("waiting for answers")?;
            if quiet == Quiet::Yes {
                return Err(client::silence());
            }
            for &id in &happened {
                self.receive(id)?;
            }
        }
        self.since.ok_or_else(|| Failure::new("without a connection nothing can be read: give --connections"))
    }

    fn begin(&mut self) -> Outcome {
        self.since = Some(clock::now());
        outcome::begin()
    }

    /// Asks for more, unless that is no longer needed.
    fn ask(&mut self, id: usize) -> Outcome {
        if self.since.is_some() && self.total_bytes <= self.measured.bytes {
            return Ok(());
        }
        self.open += 1;
        self.connections[id].ask().map_err(|lost| failure(id, &lost))
    }

    fn receive(&mut self, id: usize) -> Outcome {
        let answer = self.connections[id].receive(&mut self.sink);
        let Some(answer) = answer.map_err(|lost| failure(id, &lost))? else { return Ok(()) };
        let mut is_warm = false;
        if self.since.is_some() {
            self.measured.requests += 1;
            self.measured.records += answer.records;
            self.measured.bytes += answer.bytes;
            self.measured.wire_bytes += answer.wire_bytes;
        } else {
            self.warm_up_left = self.warm_up_left.saturating_sub(answer.bytes);
            is_warm = self.warm_up_left == 0;
        }
        self.open -= 1;
        if is_warm {
            self.begin()?;
        }
        self.ask(id)
    }
}

/// The partitions of one connection of `number`.
fn dealt(id: usize, number: usize, partitions: i32) -> Vec<i32> {
    let all = 0..partitions;
    let length = all.len();
    if length <= number {
        all.skip(id % length).take(1).collect()
    } else {
        all.skip(id).step_by(number).collect()
    }
}

fn failure(id: usize, lost: &Lost) -> Failure {
    let what = match lost {
        Lost::Io(error) => format!("was lost: {error}"),
        Lost::Answer(Trouble::Code(code)) => format!("was refused: {code}. {}", code.message()),
        Lost::Answer(trouble) => format!("got no answer to its fetch but {trouble:?}: is the peer a broker?"),
        Lost::Empty => "reads a partition without a record: produce to every one before".to_owned(),
    };
    Failure::new(format!("connection {id} {what}"))
}

const SINK_BYTES: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_partition_has_a_reader_and_every_reader_a_partition() {
        let deal =
            |number, partitions| (0..number).map(|id| dealt(id, number, partitions)).collect::<Vec<_>>();
        assert_eq!(deal(2, 5), [vec![0, 2, 4], vec![1, 3]]);
        assert_eq!(deal(3, 2), [vec![0], vec![1], vec![0]]);
        assert_eq!(deal(3, 3), [vec![0], vec![1], vec![2]]);
    }
}
