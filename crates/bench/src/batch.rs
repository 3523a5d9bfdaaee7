//! The record batches that are produced, made once and sent many times.

use crate::payload;
use bytes::Bytes;
use clap::Args;
use ottla_base::Timestamp;
use ottla_wire::record::{BatchBuilder, BatchOptions, Compression};

/// What a batch is made of.
#[derive(Clone, Debug, Args)]
pub(crate) struct Shape {
    /// Bytes of a record's key and value
    #[arg(long, default_value_t = 1024, value_name = "BYTES")]
    pub(crate) record_bytes: usize,
    /// Records in a batch
    #[arg(long, default_value_t = 64, value_name = "NUMBER")]
    pub(crate) records_per_batch: u32,
    /// How batches are compressed: none, gzip, snappy, lz4 or zstd
    #[arg(long, default_value = "none", value_parser = codec, value_name = "NAME")]
    pub(crate) codec: Compression,
    /// Give every record a key of 16 bytes, one of this many; 0 for no keys
    #[arg(long, default_value_t = 0, value_name = "NUMBER")]
    pub(crate) keys: u64,
}

fn codec(name: &str) -> Result<Compression, String> {
    let known = || Compression::ALL.map(Compression::name).join(", ");
    Compression::from_name(name).ok_or_else(|| format!("known are {}", known()))
}

impl Shape {
    /// Bytes of keys and values in one batch.
    pub(crate) fn payload_bytes(&self) -> u64 {
        self.record_bytes as u64 * u64::from(self.records_per_batch)
    }

    /// Makes a batch. Two with the same seed carry the same.
    ///
    /// # Errors
    /// If the records are too small for their keys, or too many.
    pub(crate) fn make(&self, seed: u64, wall_ms: i64) -> Result<Bytes, String> {
        let key_bytes = if self.keys == 0 { 0 } else { KEY_BYTES };
        let value_bytes = self.record_bytes.checked_sub(key_bytes).ok_or_else(|| {
            format!("records of {} bytes have no room for a key of {KEY_BYTES}", self.record_bytes)
        })?;
        let mut values = vec![0; value_bytes * self.records_per_batch as usize];
        let mut chance = fastrand::Rng::with_seed(seed);
        let options = BatchOptions { compression: self.codec, ..BatchOptions::default() };
        let mut builder = BatchBuilder::new(options);
        for at in 0..self.records_per_batch as usize {
            let value = &mut values[at * value_bytes..][..value_bytes];
            payload::fill(value, chance.u64(..));
            let key = (0 < self.keys).then(|| format!("key-{:012}", chance.u64(..self.keys)));
            builder
                .append(Timestamp(wall_ms), key.as_deref().map(str::as_bytes), Some(value), &[])
                .map_err(|error| error.to_string())?;
        }
        Ok(builder.build())
    }
}

const KEY_BYTES: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;
    use ottla_wire::record::{records, validate};

    fn shape(record_bytes: usize, codec: Compression, keys: u64) -> Shape {
        Shape { record_bytes, records_per_batch: 10, codec, keys }
    }

    #[test]
    fn a_broker_would_take_the_batch_and_its_records_have_the_size_that_was_asked_for() {
        for (codec, keys) in Compression::ALL.into_iter().flat_map(|codec| [(codec, 0), (codec, 3)]) {
            let batch = shape(100, codec, keys).make(1, 1_700_000_000_000).unwrap();
            let header = validate(&batch).unwrap();
            assert_eq!((header.record_count, header.compression()), (10, Ok(codec)));
            let found: Vec<_> = records(header, &batch).unwrap().map(Result::unwrap).collect();
            let bytes = |part: &Option<Bytes>| part.as_ref().map_or(0, Bytes::len);
            assert!(found.iter().all(|record| bytes(&record.key) + bytes(&record.value) == 100));
            assert!(found.iter().all(|record| record.key.is_some() == (0 < keys)));
        }
        assert_eq!(shape(100, Compression::None, 0).payload_bytes(), 1000);
    }

    #[test]
    fn records_too_small_for_their_keys_are_refused() {
        assert!(shape(15, Compression::None, 1).make(1, 0).is_err());
        assert!(shape(16, Compression::None, 1).make(1, 0).is_ok());
    }
}
