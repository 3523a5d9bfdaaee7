//! The command line as people and scripts use it: the built program against a broker that it is itself.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what a test relies on either holds, or the test has failed"
)]

mod group_member;
mod groups;
mod logs;
mod program;
mod queues;
mod records;
mod serving;
mod settings;
mod share_member;
mod shares;
mod topics;
mod transactions;
