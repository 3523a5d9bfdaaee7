//! Compresses a batch another way, for topics that do not keep what their producers chose.

use super::codec::Compression;
use super::header::{
    ATTRIBUTES_AT, BatchError, BatchHeader, COMPRESSION_BITS, HEADER_BYTES, PREFIX_BYTES, set_crc,
};
use super::reader::records_within;
use bytes::{BufMut, Bytes, BytesMut};

/// `batch`, which is exactly the batch of `header`, with its records compressed by `codec` as hard as `level` says
/// ([`Compression::compress_at`]). Nothing else of it changes but its length and its checksum.
///
/// Every record is read, unpacked to at most `limit` bytes in all: what cannot be read is not packed again.
///
/// # Errors
/// What [`records_within`] and its iterator give.
pub fn recompress(
    header: BatchHeader,
    batch: &Bytes,
    (codec, level): (Compression, Option<i32>),
    limit: usize,
) -> Result<Bytes, BatchError> {
    let mut records = records_within(header, batch, limit)?;
    let block = records.unpacked();
    records.try_for_each(|record| record.map(drop))?;
    let packed = match codec {
        Compression::None => block,
        // No record, nothing to compress: readers of such a batch do not even look.
        _ if block.is_empty() => block,
        codec => codec.compress_at(level, &block).into(),
    };
    let length = i32::try_from(HEADER_BYTES - PREFIX_BYTES + packed.len());
    let length = length.map_err(|_| BatchError::TooLarge { limit })?;
    let attributes = (header.attributes & !COMPRESSION_BITS) | codec as i16;
    let mut whole = BytesMut::with_capacity(HEADER_BYTES + packed.len());
    whole.put_slice(&batch[..PREFIX_BYTES - 4]);
    whole.put_i32(length);
    whole.put_slice(&batch[PREFIX_BYTES..ATTRIBUTES_AT]);
    whole.put_i16(attributes);
    whole.put_slice(&batch[ATTRIBUTES_AT + 2..HEADER_BYTES]);
    whole.put_slice(&packed);
    set_crc(&mut whole);
    Ok(whole.freeze())
}
