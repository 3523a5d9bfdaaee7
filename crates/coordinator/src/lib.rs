//! What groups, queues and transactions decide: pure state machines.
//!
//! Invariants: nothing here does I/O, reads a clock, draws a random number or awaits. A decision is a function
//! of state, input and [`ottla_base::Now`]; the broker's shards perform its effects. State that must survive a
//! crash is changed by records alone, so that replaying them gives the state that was live.

pub mod assignor;
pub mod codec;
pub mod group;
pub mod machine;
pub mod share_partition;
mod timers;
pub mod transaction;

pub use machine::{Decision, Entry, Machine, Ticket};
