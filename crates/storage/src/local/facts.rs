//! What the sequencer has to know of a batch, whether it comes or lies in the log.
//!
//! Of a control batch also its record is read, because only that tells a commit from an abort.

use super::walk::{self, Found};
use crate::disk::Disk;
use crate::sequencer::{BatchFacts, Content};
use bytes::Bytes;
use ottla_wire::record::{self, BatchHeader, Marker};
use std::fs::File;
use std::io;

/// Of a batch in memory.
pub(crate) fn of_batch(header: &BatchHeader, batch: &[u8]) -> BatchFacts {
    let content = if header.is_control() {
        content_of_control(header, Bytes::copy_from_slice(batch))
    } else if header.is_transactional() {
        Content::Transactional
    } else {
        Content::Plain
    };
    BatchFacts {
        producer: header.producer_id,
        epoch: header.producer_epoch,
        first_sequence: header.base_sequence,
        offset_delta: header.last_offset_delta,
        timestamp: header.max_timestamp,
        content,
    }
}

/// Of a batch that a walk has found; reads nothing more unless it is a control batch.
pub(crate) fn of_found(disk: &dyn Disk, file: &File, found: &Found) -> io::Result<BatchFacts> {
    let mut batch = Vec::new();
    if found.header.is_control() {
        walk::read_batch(disk, file, found, &mut batch)?;
    }
    Ok(of_batch(&found.header, &batch))
}

/// A control batch has one record. Readers skip what they cannot read of it, and so does the sequencer.
fn content_of_control(header: &BatchHeader, batch: Bytes) -> Content {
    let first = record::records(*header, &batch).ok().and_then(|mut records| records.next()?.ok());
    first.and_then(|record| Marker::of(&record)).map_or(Content::EmptyControl, Content::Marker)
}
