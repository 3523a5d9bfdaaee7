//! The programs as whoever measures starts them: servers that say that they are ready, generators that say what they did.
#![allow(clippy::unwrap_used, reason = "a test program: a failed unwrap is a failed test")]

mod floors;
mod open_loop;
mod program;
