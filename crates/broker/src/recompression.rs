//! `compression.type`: packs batches as their topic wants them, if that is not as their producer sent them.

#[cfg(test)]
mod tests;

use crate::config::TopicConfig;
use crate::config::kinds::Compression as Wanted;
use crate::validation::Refusal;
use bytes::Bytes;
use ottla_base::limits;
use ottla_wire::error_code::ErrorCode;
use ottla_wire::record::{self, BatchHeader, Compression};

/// The batch as the topic keeps it; the same one if it is that already.
///
/// # Errors
/// What the client is to be told of records that cannot be unpacked, or are too large when packed anew.
pub(crate) fn apply(batch: Bytes, config: &TopicConfig) -> Result<Bytes, Refusal> {
    let Some((codec, level)) = wanted(config) else { return Ok(batch) };
    let header = BatchHeader::parse(&batch)?;
    if header.compression()? == codec {
        return Ok(batch);
    }
    let packed = record::recompress(header, &batch, (codec, level), limits::BATCH_UNCOMPRESSED_BYTES_MAX)?;
    let bytes_max = config.max_message_bytes;
    if bytes_max < packed.len() {
        let why = format!(
            "the batch has {} bytes with the topic's compression.type, its max.message.bytes is {bytes_max}",
            packed.len()
        );
        return Err(Refusal::new(ErrorCode::MESSAGE_TOO_LARGE, why));
    }
    Ok(packed)
}

/// The topic's codec and level; `None` if it keeps what producers chose.
fn wanted(config: &TopicConfig) -> Option<(Compression, Option<i32>)> {
    match config.compression_type {
        Wanted::Producer => None,
        Wanted::Uncompressed => Some((Compression::None, None)),
        // -1 is the library's choice.
        Wanted::Gzip => {
            Some((Compression::Gzip, Some(config.compression_gzip_level).filter(|level| 0 < *level)))
        }
        Wanted::Snappy => Some((Compression::Snappy, None)),
        Wanted::Lz4 => Some((Compression::Lz4, None)),
        Wanted::Zstd => Some((Compression::Zstd, Some(config.compression_zstd_level))),
    }
}
