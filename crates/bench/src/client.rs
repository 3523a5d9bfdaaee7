//! A generator's connections, and the version in which it asks for records.

use crate::command::{Failure, While};
use crate::poll::QUIET_SECONDS;
use std::net::TcpStream;

/// The version of Fetch that is sent and that the floor answers: it names topics by their names, has lengths of fixed
/// width, and every Kafka from 2.3 on has it.
pub(crate) const FETCH_VERSION: i16 = 11;

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

/// The failure of a generator to whose requests nobody answers.
pub(crate) fn silence() -> Failure {
    Failure::new(format!("no answer has come for {QUIET_SECONDS} s: look whether the broker still works"))
}
