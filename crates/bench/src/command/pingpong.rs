//! `pingpong`: records that are due at a steady rate, to an echo and back. What latency is like before a broker has done
//! anything.

use super::Outcome;
use crate::open_loop::{self, Connection, Content, News, Pace, Path};
use clap::Args;
use std::net::SocketAddr;
use std::ops::Range;

/// What `pingpong` may be told.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Where the echo listens
    #[arg(long, value_name = "ADDRESS")]
    address: SocketAddr,
    #[command(flatten)]
    pace: Pace,
}

/// Runs until all records have come back.
pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let content = arguments.pace.content()?;
    let connections = [Connection::open(arguments.address)?];
    open_loop::run(&arguments.pace, &mut PingPong { connections, content, frame: Vec::new() })
}

/// To the echo and back: a frame of records returns as it was sent, and that is also its acknowledgement.
struct PingPong {
    connections: [Connection; 1],
    content: Content,
    frame: Vec<u8>,
}

impl Path for PingPong {
    fn send(&mut self, numbers: Range<u64>) -> Outcome {
        self.frame.clear();
        self.frame.extend_from_slice(&[0; LENGTH_BYTES]);
        for number in numbers {
            self.frame.extend_from_slice(self.content.of(number));
        }
        let length = u32::try_from(self.frame.len() - LENGTH_BYTES).expect("a batch is small");
        self.frame[..LENGTH_BYTES].copy_from_slice(&length.to_be_bytes());
        self.connections[0].send(&self.frame)
    }

    fn connections(&self) -> &[Connection] {
        &self.connections
    }

    fn turn(&mut self, at: usize, news: &mut News) -> Outcome {
        self.connections[at].turn()?;
        let record_bytes = self.content.len();
        while let Some(frame) = self.connections[at].frame()? {
            for record in frame.chunks(record_bytes) {
                news.arrived.push(Content::number(record)?);
            }
            news.acknowledged += 1;
        }
        Ok(())
    }
}

const LENGTH_BYTES: usize = 4;
