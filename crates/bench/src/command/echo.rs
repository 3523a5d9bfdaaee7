//! `echo`: sends every frame back. What a request costs before anybody has looked at it.

use super::Outcome;
use crate::ready;
use crate::server::{Id, Server};
use clap::Args;
use std::net::SocketAddr;

/// What `echo` may be told.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Where to listen
    #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDRESS")]
    listen: SocketAddr,
}

/// Serves until it is killed.
pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let mut server = Server::listen(arguments.listen)?;
    ready::announce(server.address()?)?;
    let mut ready = Vec::new();
    loop {
        server.wait(&mut ready)?;
        for &id in &ready {
            serve(&mut server, id)?;
        }
    }
}

/// Reads once and sends the frames back that are whole now.
fn serve(server: &mut Server, id: Id) -> Outcome {
    let Some(connection) = server.receive(id) else { return Ok(()) };
    loop {
        match connection.input.next() {
            Ok(Some(frame)) => {
                let with_length = frame.start - 4..frame.end;
                let bytes = &connection.input.bytes()[with_length];
                connection.output.writer().extend_from_slice(bytes);
            }
            Ok(None) => return server.flush(id),
            Err(_) => {
                server.close(id);
                return Ok(());
            }
        }
    }
}
