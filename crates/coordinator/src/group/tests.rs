//! Groups, driven by scripts: commands in, answers out as text.

mod classic;
mod consumer;
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
