//! The one program: `ottla` serves a broker, and the same binary is its command line.
//!
//! Only this crate reads arguments, the environment and configuration files, handles signals and decides exit
//! statuses. Each verb is one file in [`command`].

mod arguments;
mod command;
mod exit;
mod logging;
mod offsets;
mod output;
mod settings;
mod template;
mod text;

use arguments::Arguments;
use clap::Parser;
use exit::Status;
use ottla_broker::environment::SystemEnv;
use std::process::ExitCode;
use std::sync::Arc;

fn main() -> ExitCode {
    let env = Arc::new(SystemEnv::new());
    let words = command::kafka::called(std::env::args_os().collect());
    let Arguments { common, command } = Arguments::parse_from(words);
    logging::start(&common, &command);
    match command::run(env, &common, command.unwrap_or_default()) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever read our output has seen enough, as in `ottla consume t | head`.
        Err(failure) if failure.status == Status::Ended => ExitCode::SUCCESS,
        Err(failure) => {
            if !failure.message.is_empty() {
                output::aside(format_args!("ottla: {failure}"));
            }
            failure.into()
        }
    }
}
