//! `ottla kafka-topics …` and its kin: Apache Kafka's command-line tools by their own names and flags.
//!
//! Thin front ends over the calls of the native verbs, one file for each tool. What they print, on which stream, and
//! how they end is what the tools of Apache Kafka 4.4 do, line by line, because scripts read it; the test
//! `kafka_tools` compares. Their help is Ottla's own. A link to the program with the name of a tool, with or without
//! `.sh`, is that tool.
//!
//! Deliberately absent: formatters, readers and partitioners as Java classes; TLS and SASL, which the broker does not
//! have either and which are refused instead of ignored.

mod configs;
mod console_consumer;
mod console_producer;
mod consumer_groups;
mod error;
mod flags;
mod get_offsets;
mod hash_order;
mod pattern;
mod settings;
mod topics;

use crate::command::{Session, block_on};
use crate::exit::{Failure, Outcome};
use crate::output;
use error::Stop;
use flags::{Given, Sheet};
use std::ffi::{OsStr, OsString};
use std::path::Path;

/// Kafka's tools.
#[derive(Clone, Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Kafka's tool for topics.
    #[command(name = "kafka-topics", disable_help_flag = true, disable_version_flag = true)]
    Topics(Words),
    /// Kafka's tool for consumer groups.
    #[command(name = "kafka-consumer-groups", disable_help_flag = true, disable_version_flag = true)]
    ConsumerGroups(Words),
    /// Kafka's tool that prints records.
    #[command(name = "kafka-console-consumer", disable_help_flag = true, disable_version_flag = true)]
    ConsoleConsumer(Words),
    /// Kafka's tool that writes lines as records.
    #[command(name = "kafka-console-producer", disable_help_flag = true, disable_version_flag = true)]
    ConsoleProducer(Words),
    /// Kafka's tool for settings.
    #[command(name = "kafka-configs", disable_help_flag = true, disable_version_flag = true)]
    Configs(Words),
    /// Kafka's tool for offsets of partitions.
    #[command(name = "kafka-get-offsets", disable_help_flag = true, disable_version_flag = true)]
    GetOffsets(Words),
}

/// Everything behind the name of a tool, which the tool reads by its own rules.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Words {
    /// Its own flags: --help shows them.
    #[arg(value_name = "FLAGS", allow_hyphen_values = true, trailing_var_arg = true)]
    words: Vec<String>,
}

/// The tools' names.
const NAMES: &[&str] = &[
    "kafka-topics",
    "kafka-consumer-groups",
    "kafka-console-consumer",
    "kafka-console-producer",
    "kafka-configs",
    "kafka-get-offsets",
];

/// The words of the command line; where the program is called by the name of a tool, that is its first word.
pub(crate) fn called(mut words: Vec<OsString>) -> Vec<OsString> {
    let name = words.first().and_then(|program| Path::new(program).file_name()).and_then(OsStr::to_str);
    let name = name.map(|name| name.strip_suffix(".sh").unwrap_or(name));
    if let Some(tool) = NAMES.iter().find(|tool| Some(**tool) == name) {
        words.insert(1, tool.into());
    }
    words
}

/// How a tool ends.
type Ran<T = ()> = Result<T, Stop>;

/// Runs a tool to its end and says what it has to say of a bad one.
pub(crate) fn run(session: &Session<'_>, command: &Command) -> Outcome {
    match command {
        Command::Topics(words) => {
            tool(&topics::SHEET, words, async |given| topics::run(session, &given).await)
        }
        Command::ConsumerGroups(words) => {
            tool(&consumer_groups::SHEET, words, async |given| consumer_groups::run(session, &given).await)
        }
        Command::ConsoleConsumer(words) => {
            tool(&console_consumer::SHEET, words, async |given| console_consumer::run(session, &given).await)
        }
        Command::ConsoleProducer(words) => {
            tool(&console_producer::SHEET, words, async |given| console_producer::run(session, &given).await)
        }
        Command::Configs(words) => {
            tool(&configs::SHEET, words, async |given| configs::run(session, &given).await)
        }
        Command::GetOffsets(words) => {
            tool(&get_offsets::SHEET, words, async |given| get_offsets::run(session, &given).await)
        }
    }
}

/// Reads the words by a tool's sheet, and lets it run.
fn tool(sheet: &'static Sheet, Words { words }: &Words, run: impl AsyncFnOnce(Given<'_>) -> Ran) -> Outcome {
    let ended = match flags::parse(sheet, words) {
        Ok(given) if given.has("help") => return output::line(sheet),
        // The first word is what scripts compare: whose tools these are like.
        Ok(given) if given.has("version") => {
            return output::line(format_args!("{KAFKA} (Ottla {})", env!("CARGO_PKG_VERSION")));
        }
        Ok(_) if words.is_empty() => Err(Stop::Usage(sheet.about.to_owned())),
        Ok(given) => block_on(async { Ok(run(given).await) })?,
        Err(reason) => Err((sheet.misread)(reason)),
    };
    ended.or_else(|stop| end(sheet, stop))
}

/// Says why a tool stopped, and gives the status.
fn end(sheet: &Sheet, stop: Stop) -> Outcome {
    match stop {
        Stop::Usage(reason) => output::aside(format_args!("{reason}\n{sheet}")),
        Stop::Error(reason) => output::aside(format_args!("{reason}")),
        Stop::Printed(reason) => output::line(reason)?,
        Stop::Failed(trouble) => match (sheet.failed)(trouble) {
            Stop::Failed(trouble) => output::aside(format_args!("{trouble}")),
            stop => return end(sheet, stop),
        },
        Stop::Noted(line) => return output::line(line),
        Stop::Closed => {}
    }
    Err(Failure::said())
}

/// How a tool says that a flag has a newer name.
struct Renamed {
    /// What stands in front.
    word: &'static str,
    /// Which of both it names first if they are used together.
    newer_first: bool,
}

/// Which of two names of a flag was used. That it was the older one is told on standard output, as Kafka's tools do.
fn newer<'n>(given: &Given<'_>, renamed: &Renamed, [old, new]: [&'n str; 2]) -> Ran<&'n str> {
    match (given.has(old), given.has(new)) {
        (true, true) => {
            let (first, second) = if renamed.newer_first { (new, old) } else { (old, new) };
            Err(Stop::Usage(format!("Options --{first} and --{second} cannot be specified together.")))
        }
        (true, false) => {
            output::line(format_args!(
                "{} --{old} is deprecated and will be removed in a future version. Use --{new} instead.",
                renamed.word
            ))?;
            Ok(old)
        }
        (false, _) => Ok(new),
    }
}

/// The version of Kafka whose tools these are like.
const KAFKA: &str = "4.4.0";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_with_the_name_of_a_tool_is_the_tool() {
        let called = |words: &[&str]| called(words.iter().map(Into::into).collect());
        assert_eq!(
            called(&["/usr/bin/kafka-topics", "--list"]),
            ["/usr/bin/kafka-topics", "kafka-topics", "--list"]
        );
        assert_eq!(called(&["kafka-topics.sh"]), ["kafka-topics.sh", "kafka-topics"]);
        assert_eq!(called(&["/opt/ottla", "kafka-topics"]), ["/opt/ottla", "kafka-topics"]);
        assert_eq!(called(&["kafka-topics-old"]), ["kafka-topics-old"]);
        assert!(called(&[]).is_empty());
    }

    #[test]
    fn every_tool_is_a_command_and_knows_its_name() {
        let named: Vec<String> =
            <Command as clap::Subcommand>::augment_subcommands(clap::Command::new("ottla"))
                .get_subcommands()
                .map(|command| command.get_name().to_owned())
                .collect();
        assert_eq!(named, NAMES);
    }
}
