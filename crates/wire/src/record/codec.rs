//! The compressed block of a batch: four codecs, each as the other clients write and read it.
//!
//! Unpacking is bounded by the caller's limit before memory is taken, because a megabyte from outside can claim to
//! unpack to a terabyte. What other implementations tolerate is tolerated: several gzip members, zstd frames or
//! Xerial streams in a row, and snappy without framing.

use super::header::BatchError;
use std::io::{Read, Write};

/// How the records of a batch are compressed, as one block. The numbers are the wire's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(i16)]
pub enum Compression {
    /// Not at all.
    #[default]
    None = 0,
    /// RFC 1952.
    Gzip = 1,
    /// Snappy, raw or in the framing of the Xerial library.
    Snappy = 2,
    /// LZ4 frame format.
    Lz4 = 3,
    /// Zstandard.
    Zstd = 4,
}

impl Compression {
    /// All, in the order of their numbers.
    pub const ALL: [Self; 5] = [Self::None, Self::Gzip, Self::Snappy, Self::Lz4, Self::Zstd];

    /// Kafka's name: `none`, `gzip`, `snappy`, `lz4` or `zstd`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Snappy => "snappy",
            Self::Lz4 => "lz4",
            Self::Zstd => "zstd",
        }
    }

    /// The compression of that name; upper and lower case are the same.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|codec| codec.name().eq_ignore_ascii_case(name))
    }

    /// Compresses `block` at each codec's default level, in a form that every client can read.
    #[must_use]
    pub fn compress(self, block: &[u8]) -> Vec<u8> {
        self.compress_at(None, block)
    }

    /// [`compress`](Self::compress) as hard as `level` says: 1 to 9 for gzip, up to 22 for zstd, where negative
    /// ones are fast. The other codecs have one level.
    #[must_use]
    pub fn compress_at(self, level: Option<i32>, block: &[u8]) -> Vec<u8> {
        const MEMORY: &str = "writing to memory does not fail";
        match self {
            Self::None => block.to_vec(),
            Self::Gzip => {
                let level = level.and_then(|level| u32::try_from(level).ok());
                let level = level.map_or_else(flate2::Compression::default, flate2::Compression::new);
                let mut encoder = flate2::write::GzEncoder::new(Vec::new(), level);
                encoder.write_all(block).expect(MEMORY);
                encoder.finish().expect(MEMORY)
            }
            Self::Snappy => compress_xerial(block),
            Self::Lz4 => {
                // Independent blocks, because the Java client reads no others; 64 KiB, as it writes.
                let frame = lz4_flex::frame::FrameInfo::new()
                    .block_size(lz4_flex::frame::BlockSize::Max64KB)
                    .block_mode(lz4_flex::frame::BlockMode::Independent);
                let mut encoder = lz4_flex::frame::FrameEncoder::with_frame_info(frame, Vec::new());
                encoder.write_all(block).expect(MEMORY);
                encoder.finish().expect(MEMORY)
            }
            Self::Zstd => zstd::bulk::compress(block, level.unwrap_or(0)).expect(MEMORY),
        }
    }

    /// Unpacks `block` to at most `limit` bytes.
    ///
    /// # Errors
    /// `TooLarge` beyond the limit, `Damaged` if the block is not what the codec writes.
    pub fn decompress(self, block: &[u8], limit: usize) -> Result<Vec<u8>, BatchError> {
        match self {
            Self::None if block.len() <= limit => Ok(block.to_vec()),
            Self::None => Err(BatchError::TooLarge { limit }),
            Self::Gzip => self.drain(flate2::read::MultiGzDecoder::new(block), block.len(), limit),
            Self::Snappy => decompress_snappy(block, limit),
            Self::Lz4 => {
                let mut input = EndWitness { rest: block, met_end: false };
                let unpacked =
                    self.drain(lz4_flex::frame::FrameDecoder::new(&mut input), block.len(), limit)?;
                // The decoder takes a missing end mark for the end; but it would not have asked for more after one.
                if input.met_end { Err(self.damaged("its end is missing")) } else { Ok(unpacked) }
            }
            Self::Zstd => {
                let decoder = zstd::stream::read::Decoder::with_buffer(block);
                let decoder = decoder.map_err(|_| self.damaged("the decoder cannot be set up"))?;
                self.drain(decoder, block.len(), limit)
            }
        }
    }

    fn drain(self, decoder: impl Read, packed: usize, limit: usize) -> Result<Vec<u8>, BatchError> {
        let mut unpacked = Vec::with_capacity(packed.saturating_mul(4).min(limit));
        let past_limit = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
        match decoder.take(past_limit).read_to_end(&mut unpacked) {
            Err(_) => Err(self.damaged("it does not decode")),
            Ok(_) if limit < unpacked.len() => Err(BatchError::TooLarge { limit }),
            Ok(_) => Ok(unpacked),
        }
    }

    fn damaged(self, reason: &'static str) -> BatchError {
        BatchError::Damaged { codec: self.name(), reason }
    }
}

/// Reads a slice and remembers whether the reader asked for more than there was.
struct EndWitness<'a> {
    rest: &'a [u8],
    met_end: bool,
}

impl Read for EndWitness<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        self.met_end |= self.rest.is_empty() && !into.is_empty();
        self.rest.read(into)
    }
}

/// Starts every stream of the Xerial framing, before two version numbers of four bytes.
const XERIAL_MAGIC: &[u8] = b"\x82SNAPPY\0";
const XERIAL_HEADER: &[u8; 16] = b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01";
/// What the Java library puts into one block.
const XERIAL_BLOCK_BYTES: usize = 32 * 1024;
/// Three bytes of snappy give 64 bytes at most, so that a larger ratio is a lie.
const SNAPPY_RATIO_MAX: usize = 64;

fn compress_xerial(block: &[u8]) -> Vec<u8> {
    let mut packed = XERIAL_HEADER.to_vec();
    let mut encoder = snap::raw::Encoder::new();
    for chunk in block.chunks(XERIAL_BLOCK_BYTES) {
        let start = packed.len() + 4;
        packed.resize(start + snap::raw::max_compress_len(chunk.len()), 0);
        let length = encoder.compress(chunk, &mut packed[start..]).expect("the chunk is small and has room");
        packed.truncate(start + length);
        let length = u32::try_from(length).expect("a chunk of 32 KiB gives little more");
        packed[start - 4..start].copy_from_slice(&length.to_be_bytes());
    }
    packed
}

fn decompress_snappy(block: &[u8], limit: usize) -> Result<Vec<u8>, BatchError> {
    let mut unpacked = Vec::new();
    if !block.starts_with(XERIAL_MAGIC) {
        unpack_snappy_chunk(block, &mut unpacked, limit)?;
        return Ok(unpacked);
    }
    let mut rest = block;
    while !rest.is_empty() {
        if rest.starts_with(XERIAL_MAGIC) {
            let after = rest.get(XERIAL_HEADER.len()..);
            rest = after.ok_or(Compression::Snappy.damaged("its framing header is cut off"))?;
            continue;
        }
        let cut_off = Compression::Snappy.damaged("a chunk of its framing is cut off");
        let (length, after) = rest.split_first_chunk::<4>().ok_or(cut_off)?;
        let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| cut_off)?;
        let (chunk, after) = after.split_at_checked(length).ok_or(cut_off)?;
        unpack_snappy_chunk(chunk, &mut unpacked, limit)?;
        rest = after;
    }
    Ok(unpacked)
}

fn unpack_snappy_chunk(chunk: &[u8], unpacked: &mut Vec<u8>, limit: usize) -> Result<(), BatchError> {
    let damaged = Compression::Snappy.damaged("it does not decode");
    let length = snap::raw::decompress_len(chunk).map_err(|_| damaged)?;
    if chunk.len().saturating_mul(SNAPPY_RATIO_MAX) < length {
        return Err(Compression::Snappy.damaged("it claims to unpack to more than snappy can pack"));
    }
    if limit - unpacked.len() < length {
        return Err(BatchError::TooLarge { limit });
    }
    let start = unpacked.len();
    unpacked.resize(start + length, 0);
    let written = snap::raw::Decoder::new().decompress(chunk, &mut unpacked[start..]).map_err(|_| damaged)?;
    debug_assert_eq!(written, length, "snap checks the length");
    Ok(())
}
