//! One file of batches of one size: an offset is a place without anything to look up.

use crate::batch::Shape;
use crate::clock;
use ottla_base::Offset;
use ottla_wire::ErrorCode;
use ottla_wire::record::set_base_offset;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

/// The file.
#[derive(Debug)]
pub(super) struct Batches {
    file: Arc<File>,
    batch_bytes: u64,
    records_per_batch: u64,
    number: u64,
}

/// What there is from an offset on.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// Where in the file; empty at the end.
    pub(super) place: Range<u64>,
    /// The offset after the last record of all.
    pub(super) end: i64,
    pub(super) error: ErrorCode,
}

impl Batches {
    /// Writes as many batches as `bytes` has room for, and at least one.
    pub(super) fn create(data: &Path, bytes: u64, shape: &Shape) -> io::Result<Self> {
        fs::create_dir_all(data)?;
        let path = data.join("batches.log");
        let mut batch = shape.make(0, clock::wall_ms()).map_err(io::Error::other)?.to_vec();
        let batch_bytes = batch.len() as u64;
        let records_per_batch = u64::from(shape.records_per_batch);
        let number = (bytes / batch_bytes).max(1);
        let mut writer = BufWriter::with_capacity(1 << 20, File::create(&path)?);
        for at in 0..number {
            let offset = i64::try_from(at * records_per_batch).map_err(io::Error::other)?;
            set_base_offset(&mut batch, Offset(offset));
            writer.write_all(&batch)?;
        }
        writer.into_inner()?;
        let file = Arc::new(File::open(&path)?);
        Ok(Self { file, batch_bytes, records_per_batch, number })
    }

    pub(super) fn file(&self) -> &Arc<File> {
        &self.file
    }

    /// Whole batches from the one with `offset` on, at most `bytes_max` of them but at least one.
    pub(super) fn from(&self, offset: i64, bytes_max: u64) -> Found {
        let end = self.number * self.records_per_batch;
        let found = |first: u64, number: u64, error| Found {
            place: first * self.batch_bytes..(first + number) * self.batch_bytes,
            end: end.cast_signed(),
            error,
        };
        match u64::try_from(offset) {
            Ok(offset) if offset <= end => {
                let first = offset / self.records_per_batch;
                let number = (bytes_max / self.batch_bytes).max(1).min(self.number - first);
                found(first, number, ErrorCode::NONE)
            }
            _ => found(0, 0, ErrorCode::OFFSET_OUT_OF_RANGE),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ottla_wire::record::{Compression, validate};
    use std::os::unix::fs::FileExt;

    #[test]
    fn an_offset_leads_to_the_batch_that_has_it() {
        let data = tempfile::tempdir().unwrap();
        let shape = Shape { record_bytes: 50, records_per_batch: 4, codec: Compression::None, keys: 0 };
        let batches = Batches::create(data.path(), 2600, &shape).unwrap();
        let size = batches.batch_bytes;
        assert_eq!(batches.number, 2600 / size);
        let end = batches.number.cast_signed() * 4;
        let at = |offset, bytes_max| batches.from(offset, bytes_max).place;
        assert_eq!((at(0, 0), at(3, size), at(4, 3 * size - 1)), (0..size, 0..size, size..3 * size));
        assert_eq!(at(end - 1, u64::MAX), (batches.number - 1) * size..batches.number * size);
        assert!(at(end, 1000).is_empty() && batches.from(end, 1000).error.is_none());
        for offset in [-1, end + 1] {
            assert_eq!(batches.from(offset, 1000).error, ErrorCode::OFFSET_OUT_OF_RANGE);
        }
        let mut batch = vec![0; usize::try_from(size).unwrap()];
        batches.file().read_exact_at(&mut batch, at(9, 0).start).unwrap();
        assert_eq!(validate(&batch).unwrap().base_offset, Offset(8));
    }
}
