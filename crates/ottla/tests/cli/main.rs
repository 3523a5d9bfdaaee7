//! The command line as people and scripts use it: the built program against a broker that it is itself.

mod groups;
mod program;
mod records;
mod serving;
mod settings;
mod topics;
