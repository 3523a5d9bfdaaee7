//! Streams groups.

mod joining;
mod leaving;
mod moving;
mod offsets;
mod property;
mod refusing;
mod telling;
mod topics;
