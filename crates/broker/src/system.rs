//! The system calls that neither the standard library nor the runtime offers. No unsafe code: rustix wraps
//! each of them.

use rustix::net::{SendAncillaryBuffer, SendFlags, sendmsg};
use std::fs::File;
use std::io::{self, IoSlice};
use std::time::Duration;
use tokio::net::TcpStream;

/// Whether more bytes of the same answer come right behind, so that the kernel may fill a packet with both.
#[derive(Clone, Copy, Debug)]
pub(crate) enum More {
    Follows,
    No,
}

/// Sends what fits of `slices`; how many bytes that was.
pub(crate) fn send(stream: &TcpStream, slices: &[IoSlice<'_>], more: More) -> io::Result<usize> {
    let flags = match more {
        More::Follows => SendFlags::NOSIGNAL | SendFlags::MORE,
        More::No => SendFlags::NOSIGNAL,
    };
    Ok(match slices {
        // The kernel has less to look at.
        [bytes] => rustix::net::send(stream, bytes, flags)?,
        slices => sendmsg(stream, slices, &mut SendAncillaryBuffer::default(), flags)?,
    })
}

/// Sends what fits of `length` bytes of `file` from `position`; how many bytes that was, 0 at the file's end.
pub(crate) fn send_file(stream: &TcpStream, file: &File, position: u64, length: usize) -> io::Result<usize> {
    let mut position = position;
    Ok(rustix::fs::sendfile(stream, file, Some(&mut position), length)?)
}

/// Lets the system govern what `stream` sends by its congestion control of this name.
pub(crate) fn set_congestion_control(stream: &TcpStream, name: &str) -> io::Result<()> {
    Ok(rustix::net::sockopt::set_tcp_congestion(stream, name)?)
}

/// The processor time that this thread has used.
pub(crate) fn thread_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

/// Lets all threads of normal priority go before this one, from now on.
pub(crate) fn yield_to_others() -> io::Result<()> {
    // On Linux this concerns the calling thread alone.
    Ok(rustix::process::setpriority_process(None, NICE)?)
}

/// About a tenth of a core while others want all of it; all of it otherwise.
const NICE: i32 = 10;
