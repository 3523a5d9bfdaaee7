//! Log lines on standard error.

use crate::arguments::{Command, Common};
use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;

/// Starts logging: `--log` beats `RUST_LOG` beats the default, which is `info` for a broker and `error` for verbs,
/// whose own messages say what people need.
pub(crate) fn start(common: &Common, command: &Option<Command>) {
    let default = match command {
        None | Some(Command::Serve(_)) => "info",
        Some(
            Command::Topic(_)
            | Command::Produce(_)
            | Command::Consume(_)
            | Command::Group(_)
            | Command::Queue(_)
            | Command::Transaction(_)
            | Command::Log(_)
            | Command::Import(_)
            | Command::Config(_)
            | Command::Doctor(_)
            | Command::Kafka(_)
            | Command::Completions(_),
        ) => "error",
    };
    let rust_log = std::env::var("RUST_LOG").ok().filter(|text| !text.is_empty());
    let filter = common.log.clone().or(rust_log).unwrap_or_else(|| default.to_owned());
    let (filter, is_bad) = match EnvFilter::try_new(&filter) {
        Ok(good) => (good, false),
        Err(_) => (EnvFilter::new(default), true),
    };
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal() && !crate::output::is_colour_unwanted())
        .init();
    if is_bad {
        tracing::warn!(
            "the log filter is not understood and '{default}' is used: write such as info or ottla_broker=debug"
        );
    }
}
