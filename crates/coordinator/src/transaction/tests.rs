//! Transactions, driven by scripts: commands in, answers out as text.

mod ending;
mod fencing;
mod init;
mod joining;
mod property;
mod restart;
mod script;
