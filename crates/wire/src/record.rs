//! Record batches, Kafka's format 2: what a producer sends is what the log keeps and a consumer gets.
//!
//! ```text
//!  0 base offset i64      17 crc-32c u32 (of all that follows)   43 producer id i64
//!  8 length i32           21 attributes i16                      51 producer epoch i16
//! 12 leader epoch i32     23 last offset delta i32               53 base sequence i32
//! 16 magic i8 = 2         27 base timestamp i64                  57 record count i32
//!                         35 max timestamp i64                   61 records, compressed as one block
//! ```
//!
//! Invariants: a broker changes only the fields before the checksum and, for LogAppendTime, the maximum
//! timestamp and its attribute bit; nothing here panics on bytes from outside, and nothing unpacks more than
//! [`ottla_base::limits::BATCH_UNCOMPRESSED_BYTES_MAX`]. Formats 0 and 1 are recognised and refused.

mod builder;
mod codec;
mod compacted;
mod control;
mod header;
mod inspect;
mod raw;
mod reader;
mod recompress;
mod region;
#[cfg(test)]
mod tests;
mod usual;
mod varint;
mod walk;

pub use builder::{AppendError, BatchBuilder, BatchOptions, BatchScope, record_bytes};
pub use codec::Compression;
pub use compacted::{placeholder, rebuild};
pub use control::{Marker, MarkerKind};
pub use header::{
    BatchError, BatchHeader, Batches, ClientRule, HEADER_BYTES, TimestampType, batches, check_integrity,
    correct_max_timestamp, set_base_offset, set_leader_epoch, set_log_append_time, validate, verify_crc,
};
pub use inspect::{Inspection, KeyRule, RecordRules, Refusal, inspect_records};
pub use reader::{Header, Record, RecordIter, records, records_within};
pub use recompress::recompress;
pub use region::{FileRegion, Records, Region, SmallList};
pub use walk::{Placed, Walk, WalkError, walk};
