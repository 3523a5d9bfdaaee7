//! Where records and metadata live, and in which order.
//!
//! - [`Log`]: partitions of record batches in local files, in Kafka's on-disk format.
//! - [`Meta`] and [`Journal`]: topics, configs, ids and what coordinators must not forget, in one embedded
//!   database.
//! - [`inspect`]: finds and mends what is wrong with a directory that no broker has open.
//! - [`adopt`]: takes over the logs of a directory that Apache Kafka has written.
//! - [`sequencer`]: pure; decides on idempotent producers' batches, for every log engine.
//!
//! Invariants: nothing is called done before it is durable under its setting; the high watermark never passes
//! what is durable; after a failed write or sync nothing of that partition is trusted until it is opened anew.
//! Requests and connections are unknown here.

pub mod adopt;
pub mod base64;
mod database;
pub mod disk;
pub mod error;
pub mod inspect;
mod journal;
mod local;
mod log;
mod meta;
mod report;
pub mod sequencer;
mod settings;
mod ticket;

pub use database::Database;
pub use error::{
    AppendError, CreateError, DeleteError, JournalError, MetaError, OpenError, ReadError, TrimError,
};
pub use journal::{Change, Entry, Journal};
pub use log::{
    AbortedTransaction, ActiveProducer, Append, Appended, Cleaner, CleanerStep, Log, Offsets, Progress,
    ReadBound, ReadResult, Rest, TimedOffset, TransactionEnd, WholeFirst,
};
pub use meta::{ConfigChanges, Meta, TopicRecord};
pub use report::{Cut, Damage, Hole, Offline, RecoveryReport};
pub use sequencer::TransactionVersion;
pub use settings::{
    CleanerOptions, Cleanup, Compaction, Durability, LogOptions, LogSettings, Syncs, TimestampType, Work,
};
pub use ticket::AppendTicket;
