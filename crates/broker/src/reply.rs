//! Writes answers to a socket: header bytes and records by one gathered write, file regions by `sendfile`,
//! so that records on disk reach the client without passing through this process's memory.

use crate::system;
use ottla_wire::codec::{Chunk, Encoded};
use std::io::{self, IoSlice};
use tokio::io::Interest;
use tokio::net::TcpStream;

/// Slices that one gathered write takes; the kernel's own limit is 1024.
const SLICES_MAX: usize = 64;

/// Writes all of `answers`, in order. Cancel safety: none; a dropped call leaves a torn answer behind.
pub(crate) async fn write(stream: &TcpStream, answers: &[Encoded]) -> io::Result<()> {
    let mut run: Vec<&[u8]> = Vec::new();
    for chunk in answers.iter().flat_map(Encoded::chunks) {
        match chunk {
            Chunk::Bytes(bytes) => run.push(bytes),
            Chunk::File(region) => {
                write_run(stream, &mut run, system::More::Follows).await?;
                let (mut position, end) = (region.position, region.position + u64::from(region.length));
                while position < end {
                    let left = usize::try_from(end - position).expect("a region is at most 4 GiB");
                    let sent =
                        when_writable(stream, || system::send_file(stream, &region.file, position, left));
                    match sent.await? {
                        0 => {
                            return Err(io::Error::new(
                                io::ErrorKind::UnexpectedEof,
                                "a segment ended early",
                            ));
                        }
                        sent => position += sent as u64,
                    }
                }
            }
        }
    }
    write_run(stream, &mut run, system::More::No).await
}

/// Writes and empties `run`.
async fn write_run(stream: &TcpStream, run: &mut Vec<&[u8]>, more: system::More) -> io::Result<()> {
    let mut from = 0;
    while from < run.len() {
        let mut sent = when_writable(stream, || {
            let until = run.len().min(from + SLICES_MAX);
            let slices: Vec<IoSlice<'_>> = run[from..until].iter().map(|bytes| IoSlice::new(bytes)).collect();
            let more = if until < run.len() { system::More::Follows } else { more };
            system::send(stream, &slices, more)
        })
        .await?;
        while from < run.len() && run[from].len() <= sent {
            sent -= run[from].len();
            from += 1;
        }
        if sent > 0 {
            run[from] = &run[from][sent..];
        }
    }
    run.clear();
    Ok(())
}

/// Tries at once, and again whenever the socket has room.
async fn when_writable<T>(stream: &TcpStream, mut attempt: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match stream.try_io(Interest::WRITABLE, &mut attempt) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => stream.writable().await?,
            done => return done,
        }
    }
}
