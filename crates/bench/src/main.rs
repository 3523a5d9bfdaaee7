//! The programs that stand beside a broker in a measurement.
//!
//! Servers are what a broker is compared with: the least that a correct one must do. Generators send and read at
//! the least cost, or at times that were fixed before. None of them knows a scenario, a pair or a document: who
//! measures starts them, reads their lines and draws the conclusions.
//!
//! A server prints a line when it is ready and serves until it is killed ([`ready`]). A generator prints a line when
//! its warm-up is over, one with the result at its end ([`outcome`]), and fails at the first answer that is an error:
//! a figure about requests that were refused is none.

mod batch;
mod call;
mod client;
mod clock;
mod command;
mod cursor;
mod frames;
mod open_loop;
mod outcome;
mod payload;
mod pin;
mod poll;
mod ready;
mod server;

use clap::Parser;
use std::process::ExitCode;

/// The programs that stand beside a broker in a measurement.
#[derive(Debug, Parser)]
#[command(name = "ottla-bench", version, arg_required_else_help = true)]
struct Cli {
    /// Run on this processor alone
    #[arg(long, value_name = "NUMBER", global = true)]
    cpu: Option<usize>,
    #[command(subcommand)]
    command: command::Command,
}

fn main() -> ExitCode {
    let Cli { cpu, command } = Cli::parse();
    let outcome = pin::to_cpu(cpu).and_then(|()| pin::raise_open_files()).and_then(|()| command.run());
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("ottla-bench: {failure}");
            ExitCode::FAILURE
        }
    }
}
