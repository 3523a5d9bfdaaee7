//! A generator's connections.

use crate::command::{Failure, While};
use std::net::TcpStream;

/// Opens `number` connections to `address`, which never wait and send at once.
pub(crate) fn connect(address: &str, number: usize) -> Result<Vec<TcpStream>, Failure> {
    let one = || -> std::io::Result<TcpStream> {
        let stream = TcpStream::connect(address)?;
        stream.set_nonblocking(true)?;
        stream.set_nodelay(true)?;
        Ok(stream)
    };
    (0..number).map(|_| one().while_doing(format_args!("connecting to {address} (is it running?)"))).collect()
}
