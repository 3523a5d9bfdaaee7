//! What requests are answered with, written once everything that was read is stored.

use super::request::{Header, form};
use crate::cursor::Form;
use crate::server::Id;
use ottla_wire::ErrorCode;
use std::ops::Range;

/// One partition of a produce request.
#[derive(Debug)]
pub(super) struct Part {
    /// Whose bytes these are.
    pub(super) id: Id,
    pub(super) partition: i32,
    /// Where the batch lies in what the connection has sent.
    pub(super) records: Range<usize>,
    /// The batch's first offset, once it has one.
    pub(super) base_offset: i64,
    pub(super) error: ErrorCode,
}

/// A request that waits for its answer.
#[derive(Debug)]
pub(super) enum Answer {
    /// Produce: with the topic's name, where it lies, and which parts.
    Produce { id: Id, header: Header, topic: Range<usize>, parts: Range<usize> },
    /// Anything else: the answer is made already.
    Other { id: Id, frame: Vec<u8> },
}

impl Answer {
    /// Writes the frame. `bytes` is what the connection has sent.
    pub(super) fn write(&self, bytes: &[u8], all: &[Part], into: &mut Vec<u8>) {
        match self {
            Self::Other { frame, .. } => into.extend_from_slice(frame),
            Self::Produce { header, topic, parts, .. } => {
                produce(header, &bytes[topic.clone()], &all[parts.clone()], into);
            }
        }
    }
}

fn produce(header: &Header, topic: &[u8], parts: &[Part], into: &mut Vec<u8>) {
    let form = form(header.version);
    let start = into.len();
    into.extend_from_slice(&[0; 4]);
    into.extend_from_slice(&header.correlation_id.to_be_bytes());
    tags(form, into);
    length(form, 1, into);
    match form {
        Form::Classic => into.extend_from_slice(&(topic.len() as u16).to_be_bytes()),
        Form::Flexible => length(form, topic.len(), into),
    }
    into.extend_from_slice(topic);
    length(form, parts.len(), into);
    for part in parts {
        into.extend_from_slice(&part.partition.to_be_bytes());
        into.extend_from_slice(&part.error.0.to_be_bytes());
        into.extend_from_slice(&part.base_offset.to_be_bytes());
        // The time is the producer's, not ours.
        into.extend_from_slice(&(-1i64).to_be_bytes());
        if 5 <= header.version {
            into.extend_from_slice(&0i64.to_be_bytes());
        }
        if 8 <= header.version {
            // No record has an error of its own, and there is no message.
            length(form, 0, into);
            match form {
                Form::Classic => into.extend_from_slice(&(-1i16).to_be_bytes()),
                Form::Flexible => into.push(0),
            }
        }
        tags(form, into);
    }
    tags(form, into);
    into.extend_from_slice(&0i32.to_be_bytes());
    tags(form, into);
    let frame_bytes = (into.len() - start - 4) as u32;
    into[start..start + 4].copy_from_slice(&frame_bytes.to_be_bytes());
}

fn tags(form: Form, into: &mut Vec<u8>) {
    if form == Form::Flexible {
        into.push(0);
    }
}

/// The length of an array, or of bytes in the flexible form.
fn length(form: Form, length: usize, into: &mut Vec<u8>) {
    match form {
        Form::Classic => into.extend_from_slice(&(length as u32).to_be_bytes()),
        Form::Flexible => {
            let mut left = length + 1;
            while 0x80 <= left {
                into.push((left & 0x7f) as u8 | 0x80);
                left >>= 7;
            }
            into.push(left as u8);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::request::VERSIONS;
    use super::*;
    use bytes::Bytes;
    use ottla_wire::codec::{Message, decode_response_header};
    use ottla_wire::message::ProduceResponse;
    use ottla_wire::{ApiKey, Reader};

    #[test]
    fn clients_of_every_version_read_what_was_meant() {
        let parts: Vec<Part> = (0..200)
            .map(|at| Part {
                id: 0,
                partition: at,
                records: 0..0,
                base_offset: i64::from(at) * 10,
                error: if at == 5 { ErrorCode::CORRUPT_MESSAGE } else { ErrorCode::NONE },
            })
            .collect();
        for version in VERSIONS {
            let header = Header { key: 0, version, correlation_id: 99 };
            let answer = Answer::Produce { id: 0, header, topic: 2..7, parts: 0..200 };
            let mut frame = Vec::new();
            answer.write(b"a topic of b", &parts, &mut frame);
            assert_eq!(frame[..4], u32::try_from(frame.len() - 4).unwrap().to_be_bytes());
            let mut reader = Reader::new(Bytes::from(frame).slice(4..));
            let header = decode_response_header(&mut reader, ApiKey::Produce, version).unwrap();
            assert_eq!(header.correlation_id, 99);
            let response = ProduceResponse::decode(&mut reader, version).unwrap();
            assert_eq!((reader.remaining(), &*response.responses[0].name), (0, "topic"), "{version}");
            let found = &response.responses[0].partition_responses;
            assert_eq!((found.len(), found[199].index, found[199].base_offset), (200, 199, 1990));
            let errors = found.iter().filter(|part| !part.error_code.is_none());
            assert_eq!(errors.map(|part| part.index).collect::<Vec<_>>(), [5], "{version}");
        }
    }
}
