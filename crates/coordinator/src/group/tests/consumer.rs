//! Consumer groups: joining, coming to the target, going.

mod assigning;
mod limits;
mod members;
mod offsets;
mod property;
mod scale;
mod statics;
mod topics;
