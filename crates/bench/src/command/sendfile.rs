//! `sendfile`: answers fetch requests with parts of one file, which the kernel sends from its cache.
//!
//! The least that a broker does for a consumer: it reads the request, works out the place, writes the answer's first
//! hundred bytes and calls `sendfile`. All batches of the file have the same size, so their place needs no index.
//! All topics and partitions are the same file.

mod fetch;
mod file;

use self::fetch::Fetch;
use self::file::Batches;
use super::{Outcome, While};
use crate::batch::Shape;
use crate::ready;
use crate::server::{Id, Server};
use clap::Args;
use std::net::SocketAddr;
use std::path::PathBuf;

/// What `sendfile` may be told.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Where to make the file
    #[arg(long, value_name = "DIRECTORY")]
    data: PathBuf,
    /// How large to make it
    #[arg(long, default_value_t = 1 << 30, value_name = "BYTES")]
    bytes: u64,
    #[command(flatten)]
    shape: Shape,
    /// Where to listen
    #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDRESS")]
    listen: SocketAddr,
}

/// Makes the file and serves until it is killed.
pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let mut server = Server::listen(arguments.listen)?;
    let doing = format_args!("making a file in {}", arguments.data.display());
    let batches = Batches::create(&arguments.data, arguments.bytes, &arguments.shape).while_doing(doing)?;
    ready::announce(server.address()?)?;
    let mut ready = Vec::new();
    loop {
        server.wait(&mut ready)?;
        for &id in &ready {
            serve(&mut server, id, &batches)?;
        }
    }
}

/// Reads once and answers requests until an answer finds no room.
fn serve(server: &mut Server, id: Id, batches: &Batches) -> Outcome {
    server.receive(id);
    loop {
        let Some(connection) = server.connection_mut(id) else { return Ok(()) };
        if !connection.output.is_empty() {
            return Ok(());
        }
        let frame = match connection.input.next() {
            Ok(Some(frame)) => &connection.input.bytes()[frame],
            Ok(None) => return Ok(()),
            Err(_) => break,
        };
        let Ok(fetch) = Fetch::read(frame) else { break };
        let answer = batches.from(fetch.offset, fetch.bytes_max);
        fetch.write_answer(frame, &answer, connection.output.writer());
        connection.output.end_with(batches.file(), answer.place);
        server.flush(id)?;
    }
    server.close(id);
    Ok(())
}
