//! Everything a developer runs: `cargo xtask COMMAND`.
//!
//! One command, one module. A module takes the arguments after its name and returns an [`Outcome`]; only
//! this file turns an outcome into an exit status, so that every command can be called from another
//! (`ci` calls most of them) and from a test.

mod bench;
mod built;
mod chance;
mod ci;
mod clock;
mod conformance;
mod generate;
mod instructions;
mod kafka;
mod licences;
mod listener;
mod measure;
mod oracle;
mod reliability;
mod section;
mod statistics;
mod step;
mod test;
mod tidy;
mod tree;

use std::process::ExitCode;

/// How a command ends: well, or with the text that tells the developer what to mend.
type Outcome = Result<(), String>;

const USAGE: &str = "\
cargo xtask COMMAND

  ci            everything that must pass before a change lands
  test          every test there is, the client matrix included
  conformance   the client matrix alone, written to docs/clients.md
  oracle        the same requests to Apache Kafka and to Ottla, compared in docs/compatibility.md
  bench SCENARIO…
                what Ottla costs beside the least that could be, written to docs/performance.md
  instructions  how many instructions the paths of every request take (--check: compare with what stands written)
  tidy          the house rules that a machine can check
  measure NAME  what Ottla costs, written to docs/performance.md: start, idle, groups
  reliability SUITE
                what must never happen, looked for at length, written to docs/reliability.md
  generate      write the wire messages from crates/wire/schema (--check: only compare)
  schema-import DIR
                rewrite crates/wire/schema/kafka from the clients jar's common/message
";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let command = arguments.next().unwrap_or_default();
    let arguments: Vec<String> = arguments.collect();
    match run(&command, &arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{}", message.trim_end());
            ExitCode::FAILURE
        }
    }
}

fn run(command: &str, arguments: &[String]) -> Outcome {
    let is_for_help = arguments.iter().any(|argument| matches!(argument.as_str(), "--help" | "-h"));
    if let Some(usage) = usage(command, arguments).filter(|_| is_for_help) {
        println!("{}", usage.trim_end());
        return Ok(());
    }
    match command {
        "" | "help" | "--help" | "-h" => {
            print!("{USAGE}");
            Ok(())
        }
        "bench" => bench::run(arguments),
        "ci" => ci::run(arguments),
        "conformance" => conformance::run(arguments),
        "generate" => generate::run(arguments),
        "instructions" => instructions::run(arguments),
        "measure" => measure::run(arguments),
        "oracle" => oracle::run(arguments),
        "reliability" => reliability::run(arguments),
        "schema-import" => generate::import(arguments),
        "test" => test::run(arguments),
        "tidy" => tidy::run(arguments),
        _ => Err(format!("xtask: no command {command:?} (arguments {arguments:?})\n\n{USAGE}")),
    }
}

/// How a command is called, if there is such a command.
fn usage(command: &str, arguments: &[String]) -> Option<String> {
    match command {
        "bench" => Some(bench::usage()),
        "conformance" => Some(conformance::USAGE.to_owned()),
        "instructions" => Some(instructions::USAGE.to_owned()),
        "measure" => Some(measure::USAGE.to_owned()),
        "oracle" => Some(oracle::USAGE.to_owned()),
        "reliability" => Some(reliability::usage(arguments)),
        // The list of all commands says everything of these.
        "ci" | "generate" | "schema-import" | "test" | "tidy" => Some(USAGE.to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_says_how_it_is_called_and_does_nothing_else() {
        for called in [
            "bench SCENARIO",
            "conformance",
            "measure start",
            "oracle",
            "reliability SUITE",
            "reliability compaction",
            "reliability crash",
            "reliability queues",
            "reliability sim|groups",
            "reliability tools",
        ] {
            let words: Vec<String> = called.split([' ', '|']).map(str::to_owned).collect();
            let usage = usage(&words[0], &words[1..]).unwrap();
            assert!(usage.starts_with(&format!("cargo xtask {called}")), "{usage}");
        }
        for command in ["bench", "conformance", "measure", "oracle", "reliability"] {
            assert_eq!(run(command, &["--help".to_owned()]), Ok(()), "{command}");
        }
        assert!(run("nonsense", &["--help".to_owned()]).is_err());
    }
}
