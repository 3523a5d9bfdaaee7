//! The words everyone uses: ids, offsets, epochs, time, limits and the environment.
//!
//! Invariant: nothing here does I/O, reads a clock or knows a runtime. Real time and real chance live
//! behind [`Env`], which only the broker's shell (and one day the simulator) implements.

pub mod config;
pub mod env;
pub mod id;
pub mod limits;
pub mod name;
pub mod offset;
pub mod time;

pub use env::Env;
pub use id::{BrokerId, PartitionId, PartitionIndex, ProducerEpoch, ProducerId, TopicId};
pub use name::TopicName;
pub use offset::{LeaderEpoch, Offset};
pub use time::{Now, Tick, Timestamp};
