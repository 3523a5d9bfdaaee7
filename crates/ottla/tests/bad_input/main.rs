//! What comes in is hostile until proven otherwise: the real program against bytes that no client would send and
//! places where it cannot start.
//!
//! Every request here is put together byte by byte, without Ottla's own codec: what misbehaves must not share
//! code with what is judged. Each test of a running broker ends with [`broker::Broker::assert_healthy`]: an
//! honest client creates a topic, writes and reads it back on the same broker, and memory has not run away.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what a test relies on either holds, or the test has failed"
)]

mod broker;
mod bytes;
mod frames;
mod honest;
mod requests;
mod start;
