//! What a connection is to be told and has had no room for.

use rustix::net::{SendFlags, send};
use std::fs::File;
use std::io;
use std::net::TcpStream;
use std::ops::Range;
use std::sync::Arc;

/// Bytes that wait to be sent, and the range of a file that follows them.
#[derive(Debug, Default)]
pub(crate) struct Output {
    bytes: Vec<u8>,
    sent: usize,
    file: Option<(Arc<File>, Range<u64>)>,
}

impl Output {
    /// Where to write an answer; it is sent by [`Server::flush`](super::Server::flush).
    pub(crate) fn writer(&mut self) -> &mut Vec<u8> {
        debug_assert!(self.file.is_none(), "what comes behind a file waits until that is sent");
        &mut self.bytes
    }

    /// Ends the answer with a part of a file. Until both are sent, nothing more can be written.
    pub(crate) fn end_with(&mut self, file: &Arc<File>, range: Range<u64>) {
        self.file = (!range.is_empty()).then(|| (Arc::clone(file), range));
    }

    /// Whether everything was sent.
    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.len() == self.sent && self.file.is_none()
    }

    /// Sends as much as there is room for.
    pub(crate) fn send(&mut self, stream: &TcpStream) -> io::Result<()> {
        // The first bytes of the file go into the same packet as what comes before.
        let flags = if self.file.is_some() { SendFlags::MORE } else { SendFlags::empty() };
        while self.sent < self.bytes.len() {
            match send(stream, &self.bytes[self.sent..], flags | SendFlags::NOSIGNAL) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(sent) => self.sent += sent,
                Err(rustix::io::Errno::AGAIN) => return Ok(()),
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        self.bytes.clear();
        self.sent = 0;
        self.send_file(stream)
    }

    fn send_file(&mut self, stream: &TcpStream) -> io::Result<()> {
        while let Some((file, range)) = self.file.as_mut() {
            let left = usize::try_from(range.end - range.start).unwrap_or(usize::MAX);
            match rustix::fs::sendfile(stream, file, Some(&mut range.start), left) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(_) if range.is_empty() => self.file = None,
                Ok(_) => {}
                Err(rustix::io::Errno::AGAIN) => return Ok(()),
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}
