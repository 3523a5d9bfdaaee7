//! What must hold for any bytes that are read as a message.

use bytes::Bytes;
use ottla_wire::message::Message;
use ottla_wire::{Reader, Writer};

/// Reads a message; if that works, it can be written, and what was written is read and written the same.
pub(crate) fn check<M: Message>(r: &mut Reader, version: i16) {
    let Ok(message) = M::decode(r, version) else { return };
    let written = write(&message, version);
    let mut again = Reader::new(written.clone());
    let message = M::decode(&mut again, version).expect("what was written can be read");
    assert_eq!(again.remaining(), 0, "reading takes all that was written");
    assert_eq!(write(&message, version), written, "writing is stable");
}

fn write<M: Message>(message: &M, version: i16) -> Bytes {
    let mut w = Writer::new();
    message.encode(&mut w, version).expect("what was read can be written in the same version");
    w.finish().into_bytes().expect("no file region can come out of bytes")
}
