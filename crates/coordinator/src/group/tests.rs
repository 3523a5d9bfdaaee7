//! Groups, driven by scripts: commands in, answers out as text.

mod classic;
mod members;
mod offsets;
mod property;
mod script;
