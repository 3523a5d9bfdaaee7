//! Groups, driven by scripts: commands in, answers out as text.

mod classic;
mod consumer;
mod consumer_limits;
mod consumer_offsets;
mod consumer_property;
mod consumer_scale;
mod consumer_statics;
mod leaving;
mod migration;
mod offsets;
mod property;
mod script;
mod sessions;
mod share;
mod static_members;
mod streams;
mod transactions;
