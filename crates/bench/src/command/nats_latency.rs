//! `nats-latency`: the same as `latency`, through a stream of NATS.
//!
//! One connection publishes and one consumes. A publication is acknowledged when JetStream has it in the stream; the
//! consumer is pushed what is new in the stream, without acknowledging it, which is the shortest way that NATS has.

mod protocol;

use super::{Failure, Outcome, While};
use crate::open_loop::{self, Connection, Content, News, Pace, Path, wait};
use clap::Args;
use protocol::Said;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::ops::Range;
use std::time::Duration;

/// What `nats-latency` may be told.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Where the server listens
    #[arg(long, value_name = "ADDRESS")]
    address: SocketAddr,
    /// A stream that exists; what is in it does not matter
    #[arg(long, value_name = "NAME")]
    stream: String,
    /// A subject that the stream takes
    #[arg(long, value_name = "NAME")]
    subject: String,
    #[command(flatten)]
    pace: Pace,
}

/// Runs until all records have come.
pub(crate) fn run(arguments: &Arguments) -> Outcome {
    open_loop::run(&arguments.pace, &mut Stream::open(arguments)?)
}

/// The way through a stream.
struct Stream {
    /// The publisher's and the consumer's.
    connections: [Connection; 2],
    content: Content,
    /// What stands before each record: the subject, and where the acknowledgement goes.
    publish: String,
    /// How many acknowledgements each batch still waits for, the oldest first.
    unacknowledged: VecDeque<u64>,
    text: Vec<u8>,
}

impl Stream {
    /// Connects, and has what is new in the stream pushed.
    fn open(arguments: &Arguments) -> Result<Self, Failure> {
        let Arguments { address, stream, subject, pace } = arguments;
        let content = pace.content()?;
        let inbox = format!("_INBOX.ottla-bench-{}", std::process::id());
        let mut connections = [Connection::open(*address)?, Connection::open(*address)?];
        connections[PUBLISHER].send(format!("{CONNECT}SUB {inbox}.kept {ANSWERS}\r\n").as_bytes())?;
        let create = create(stream, &inbox);
        let consume = format!(
            "{CONNECT}SUB {inbox}.answer {ANSWERS}\r\nSUB {inbox}.new {RECORDS}\r\n\
             PUB $JS.API.CONSUMER.CREATE.{stream} {inbox}.answer {}\r\n{create}\r\n",
            create.len()
        );
        connections[CONSUMER].send(consume.as_bytes())?;
        await_consumer(&mut connections, stream)?;
        let publish = format!("PUB {subject} {inbox}.kept {}\r\n", content.len());
        Ok(Self { connections, content, publish, unacknowledged: VecDeque::new(), text: Vec::new() })
    }

    fn acknowledge(&mut self, news: &mut News) -> Outcome {
        let waiting = self.unacknowledged.front_mut();
        let waiting = waiting.ok_or_else(|| Failure::new("an acknowledgement came that nobody waits for"))?;
        *waiting -= 1;
        if *waiting == 0 {
            self.unacknowledged.pop_front();
            news.acknowledged += 1;
        }
        Ok(())
    }
}

/// Waits until the consumer is there.
fn await_consumer(connections: &mut [Connection; 2], stream: &str) -> Outcome {
    loop {
        if wait(&connections[CONSUMER..], ANSWER_TIME)?.is_empty() {
            return Err(Failure::new(format!("no answer within {} s", ANSWER_TIME.as_secs())));
        }
        connections[CONSUMER].turn()?;
        while let Some(heard) = hear(&mut connections[CONSUMER])? {
            if let Heard::Answer(answer) = heard {
                return accept(&answer, "\"config\"", &format!("a consumer of the stream {stream}"));
            }
        }
    }
}

/// What was heard that matters.
enum Heard {
    /// An acknowledgement, or what became of the request for a consumer.
    Answer(Vec<u8>),
    /// A record's number.
    Record(u64),
    /// Neither.
    Nothing,
}

/// Takes the next thing that the server said, and does what is polite.
fn hear(connection: &mut Connection) -> Result<Option<Heard>, Failure> {
    let said = protocol::next(connection.rest()).while_doing("reading what the server says")?;
    let Some((said, length)) = said else { return Ok(None) };
    let heard = match said {
        Said::Message { subscription: RECORDS, payload } => {
            Heard::Record(Content::number(&connection.rest()[payload])?)
        }
        Said::Message { subscription: _, payload } => Heard::Answer(connection.rest()[payload].to_vec()),
        Said::Ping => {
            connection.send(b"PONG\r\n")?;
            Heard::Nothing
        }
        Said::Error(why) => return Err(Failure::new(format!("the server says {why}"))),
        Said::Other => Heard::Nothing,
    };
    connection.take(length);
    Ok(Some(heard))
}

/// JetStream answers in JSON: with what was asked for, or with an error.
fn accept(answer: &[u8], wanted: &str, what: &str) -> Outcome {
    let answer = String::from_utf8_lossy(answer);
    if answer.contains(wanted) && !answer.contains("\"error\"") {
        return Ok(());
    }
    Err(Failure::new(format!("{what} is refused: {answer:?} (is JetStream on, and does the stream exist?)")))
}

impl Path for Stream {
    fn send(&mut self, numbers: Range<u64>) -> Outcome {
        self.text.clear();
        self.unacknowledged.push_back(numbers.end - numbers.start);
        for number in numbers {
            self.text.extend_from_slice(self.publish.as_bytes());
            self.text.extend_from_slice(self.content.of(number));
            self.text.extend_from_slice(b"\r\n");
        }
        self.connections[PUBLISHER].send(&self.text)
    }

    fn connections(&self) -> &[Connection] {
        &self.connections
    }

    fn turn(&mut self, at: usize, news: &mut News) -> Outcome {
        self.connections[at].turn()?;
        while let Some(heard) = hear(&mut self.connections[at])? {
            match heard {
                Heard::Answer(answer) => {
                    accept(&answer, "\"seq\"", "a record")?;
                    self.acknowledge(news)?;
                }
                Heard::Record(number) => news.arrived.push(number),
                Heard::Nothing => {}
            }
        }
        Ok(())
    }
}

/// The request for a consumer that lives as long as its connection.
fn create(stream: &str, inbox: &str) -> String {
    serde_json::json!({
        "stream_name": stream,
        "config": {
            "deliver_subject": format!("{inbox}.new"),
            "deliver_policy": "new",
            "ack_policy": "none",
            "replay_policy": "instant",
            "mem_storage": true,
        },
    })
    .to_string()
}

const PUBLISHER: usize = 0;
const CONSUMER: usize = 1;
/// Numbers of subscriptions.
const ANSWERS: u64 = 1;
const RECORDS: u64 = 2;
const CONNECT: &str = "CONNECT {\"verbose\":false,\"pedantic\":false,\"headers\":true,\"no_responders\":true,\
                       \"protocol\":1,\"name\":\"ottla-bench\",\"lang\":\"rust\",\"version\":\"1\"}\r\n";
const ANSWER_TIME: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_without_what_was_asked_for_is_a_refusal() {
        assert!(accept(br#"{"stream":"bench","seq":7}"#, "\"seq\"", "a record").is_ok());
        let why =
            accept(br#"{"error":{"code":503},"seq":0}"#, "\"seq\"", "a record").unwrap_err().to_string();
        assert!(why.starts_with("a record is refused"), "{why}");
        assert!(accept(b"", "\"seq\"", "a record").is_err(), "nobody was there to answer");
    }
}
