//! Streams groups.

mod joining;
mod leaving;
mod limits;
mod moving;
mod offsets;
mod property;
mod refusing;
mod telling;
mod topics;
