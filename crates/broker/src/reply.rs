//! Writes answers to a socket: header bytes and records by one gathered write, file regions by `sendfile`,
//! so that records on disk reach the client without passing through this process's memory.

use crate::system::{self, More};
use ottla_wire::codec::{Chunk, Encoded};
use ottla_wire::record::FileRegion;
use std::io::{self, IoSlice};
use tokio::io::Interest;
use tokio::net::TcpStream;

/// Slices that one gathered write takes. They are kept in place, and answers of more are rare.
const SLICES_MAX: usize = 16;

/// Writes the first bytes of `answers` for which nothing has to be gathered or waited for, and says how many: one answer
/// of one piece, as nearly every answer to a produce request is, as far as there is room for it.
pub(crate) fn write_at_once(stream: &TcpStream, answers: &[Encoded]) -> io::Result<usize> {
    let [answer] = answers else { return Ok(0) };
    let Some(bytes) = answer.as_slice().filter(|bytes| !bytes.is_empty()) else { return Ok(0) };
    match stream.try_io(Interest::WRITABLE, || system::send(stream, &[IoSlice::new(bytes)], More::No)) {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(0),
        sent => sent,
    }
}

/// Writes what follows the first `written` bytes of `answers`, in order; these must be of the first chunk. Cancel safety:
/// none; a dropped call leaves a torn answer behind.
pub(crate) async fn write(stream: &TcpStream, answers: &[Encoded], mut written: usize) -> io::Result<()> {
    let (mut slices, mut count) = ([IoSlice::new(&[]); SLICES_MAX], 0);
    for chunk in answers.iter().flat_map(Encoded::chunks) {
        match chunk {
            Chunk::Bytes(bytes) => {
                let bytes = &bytes[std::mem::take(&mut written)..];
                if count == SLICES_MAX {
                    write_slices(stream, &mut slices, More::Follows).await?;
                    count = 0;
                }
                slices[count] = IoSlice::new(bytes);
                count += 1;
            }
            Chunk::File(region) => {
                write_slices(stream, &mut slices[..count], More::Follows).await?;
                count = 0;
                write_region(stream, region).await?;
            }
        }
    }
    write_slices(stream, &mut slices[..count], More::No).await
}

async fn write_slices(stream: &TcpStream, mut slices: &mut [IoSlice<'_>], more: More) -> io::Result<()> {
    while !slices.is_empty() {
        let sent = when_writable(stream, || system::send(stream, slices, more)).await?;
        IoSlice::advance_slices(&mut slices, sent);
    }
    Ok(())
}

async fn write_region(stream: &TcpStream, region: &FileRegion) -> io::Result<()> {
    let (mut position, end) = (region.position, region.position + u64::from(region.length));
    while position < end {
        let left = usize::try_from(end - position).expect("a region is at most 4 GiB");
        match when_writable(stream, || system::send_file(stream, &region.file, position, left)).await? {
            0 => return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "a segment ended early")),
            sent => position += sent as u64,
        }
    }
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

#[cfg(test)]
mod tests;
