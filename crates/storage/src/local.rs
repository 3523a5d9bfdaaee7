//! The log in local files, in Kafka's on-disk format.
//!
//! ```text
//! <data>/.lock                                     held while open; contains the process id
//! <data>/meta.properties                           the format's version
//! <data>/.kafka_cleanshutdown                      there only between a clean stop and the next start
//! <data>/recovery-point-offset-checkpoint          below these offsets everything is on stable storage
//! <data>/log-start-offset-checkpoint               where trimmed partitions start
//! <data>/cleaner-offset-checkpoint                 up to where partitions were compacted
//! <data>/<topic>-<n>/partition.metadata            the topic's id
//! <data>/<topic>-<n>/leader-epoch-checkpoint       where each leader epoch starts
//! <data>/<topic>-<n>/<base offset>.log             record batches, as producers sent them
//! <data>/<topic>-<n>/<base offset>.index           offset → position, sparse
//! <data>/<topic>-<n>/<base offset>.timeindex       timestamp → offset, sparse
//! <data>/<topic>-<n>/<base offset>.txnindex        aborted transactions whose markers are in the segment
//! <data>/<topic>-<n>/<offset>.snapshot             what is known of producers below that offset
//! <data>/<topic>-<n>/….cleaned, ….swap             a segment that compaction makes, and one that it has made
//! <data>/<topic>-<n>.<unique>-delete/              a deleted partition that waits for its removal
//! ```
//!
//! Lock order: a partition's state, then the handles' queue or the group commit's queue. Nothing but the
//! append itself, the roll and the trimming of a log writes while a partition is locked.

pub(crate) mod append;
pub(crate) mod checkpoint;
pub(crate) mod compaction;
pub(crate) mod directory;
pub(crate) mod epochs;
pub(crate) mod facts;
pub(crate) mod freeing;
pub(crate) mod graveyard;
pub(crate) mod group_commit;
pub(crate) mod handles;
pub(crate) mod index;
pub(crate) mod names;
pub(crate) mod offline;
pub(crate) mod parallel;
pub(crate) mod partition;
pub(crate) mod place;
pub(crate) mod producers;
pub(crate) mod reader;
pub(crate) mod recovery;
pub(crate) mod resync;
pub(crate) mod retention;
pub(crate) mod run;
pub(crate) mod search;
pub(crate) mod segment;
pub(crate) mod tail;
pub(crate) mod trail;
pub(crate) mod txnindex;
pub(crate) mod unstable;
pub(crate) mod view;
pub(crate) mod walk;
