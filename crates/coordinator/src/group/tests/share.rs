//! Share groups: joining, sharing, going.

mod assigning;
mod between;
mod members;
mod property;
mod topics;
