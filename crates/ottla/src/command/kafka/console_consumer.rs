//! `kafka-console-consumer`: records to standard output as `ConsoleConsumer` writes them.
//!
//! Without `--group` the tool of Kafka makes up a group that commits nothing; this one reads all partitions by itself,
//! so that nothing is left behind. With a group, what was printed is committed at once.
//! How many records there were is told on standard error; to wait in vain (`--timeout-ms`) is no failure.

mod formatter;
mod reading;

use super::error::{Stop, Trouble};
use super::flags::{BOOTSTRAP_SERVER, Given, Sheet, switch, value};
use super::settings::{self, Settings};
use super::{Ran, Renamed, newer};
use crate::command::Session;
use crate::output;
use formatter::Formatter;
use ottla_base::Offset;
use ottla_client::{ConsumerOptions, Isolation, Reset, Start};
use std::time::Duration;

/// Its flags.
pub(super) const SHEET: Sheet = Sheet {
    tool: "kafka-console-consumer",
    about: "Reads topics and prints their records, as Apache Kafka's tool of that name.",
    flags: &[
        BOOTSTRAP_SERVER,
        value("command-config", "FILE", "settings of the consumer, as properties"),
        value("command-property", "NAME=VALUE", "a setting of the consumer; may be repeated"),
        value("consumer.config", "FILE", "the older name of --command-config"),
        value("consumer-property", "NAME=VALUE", "the older name of --command-property"),
        value("topic", "TOPIC", "the topic"),
        value("include", "PATTERN", "the topics whose whole name matches"),
        value("partition", "NUMBER", "only this partition"),
        value("offset", "OFFSET", "where to begin in it: a number, earliest or latest"),
        switch("from-beginning", "begin with the first record, where nothing is committed"),
        value("group", "GROUP", "read as a member of this group"),
        value("max-messages", "COUNT", "stop after so many records"),
        value("timeout-ms", "MS", "stop when no record has come for so long"),
        value("isolation-level", "LEVEL", "read_committed or read_uncommitted, which is the default"),
        value("formatter", "CLASS", "DefaultMessageFormatter or NoOpMessageFormatter of org.apache.kafka.tools.consumer"),
        value("formatter-property", "NAME=VALUE", "print.timestamp, print.partition, print.offset, print.epoch, print.headers, print.key, print.value,\n      key.separator, line.separator, headers.separator, null.literal, {key,value,headers}.deserializer"),
        value("property", "NAME=VALUE", "the older name of --formatter-property"),
        value("formatter-config", "FILE", "the same from a file of properties"),
        value("key-deserializer", "CLASS", "what keys are: org.apache.kafka.common.serialization.LongDeserializer, …"),
        value("value-deserializer", "CLASS", "what values are"),
        switch("skip-message-on-error", "go on behind a record that cannot be printed"),
        switch("enable-systest-events", "say shutdown_complete at the end"),
    ],
    examples: "  kafka-console-consumer --bootstrap-server 127.0.0.1:9092 --topic flights --from-beginning --max-messages 10
  kafka-console-consumer --bootstrap-server 127.0.0.1:9092 --topic flights --group billing --timeout-ms 1000
  kafka-console-consumer --bootstrap-server 127.0.0.1:9092 --topic flights --partition 0 --offset 5 \\
    --formatter-property print.key=true --formatter-property key.separator=:",
    misread: Stop::Usage,
    wrong_text: Stop::Usage,
    wrong_number: Stop::Usage,
    failed: |trouble| Stop::Error(format!("Unknown error when running consumer: {trouble}")),
};

/// How it says that a flag has a newer name.
const OPTION: Renamed = Renamed { word: "Option", newer_first: false };

/// What is read, and how far.
struct Wanted {
    scope: Scope,
    /// Read as a member of this group.
    group: Option<String>,
    /// Most records; all, if none.
    count: Option<u64>,
    /// How long no record may come.
    patience: Option<Duration>,
    options: ConsumerOptions,
    skip_errors: bool,
}

/// Which partitions.
enum Scope {
    /// All of a topic.
    Topic(String),
    /// All of topics by name.
    Pattern(String),
    /// One.
    Partition(String, i32, Start),
}

/// Runs it.
pub(super) async fn run(session: &Session<'_>, given: &Given<'_>) -> Ran {
    check(given)?;
    let settings = consumer_settings(given)?;
    let wanted = wanted(given, &settings)?;
    let formatter = Formatter::new(given, &formatter_settings(given)?)?;
    let client = settings::connect(session, given, &settings, "console-consumer").await?;
    let mut printer = reading::Printer::new(formatter, &wanted);
    let ended = reading::run(&client, &wanted, &mut printer).await;
    let flushed = printer.flush();
    output::aside(format_args!("Processed a total of {} messages", printer.count()));
    if given.has("enable-systest-events") {
        output::line("shutdown_complete")?;
    }
    ended.and(flushed)
}

/// Refuses flags that do not go together.
fn check(given: &Given<'_>) -> Ran {
    let usage = |reason: &str| Err(Stop::Usage(reason.to_owned()));
    if given.count(&["topic", "include"]) != 1 {
        return usage("Exactly one of the following arguments is required: [topic], [include]");
    }
    if given.has("partition") {
        if !given.has("topic") {
            return usage("The topic is required when partition is specified.");
        }
        if given.count(&["from-beginning", "offset"]) == 2 {
            return usage("Options from-beginning and offset cannot be specified together.");
        }
    } else if given.has("offset") {
        return usage("The partition is required when offset is specified.");
    }
    given.require(&["bootstrap-server"])
}

/// Settings of the consumer from all the places where they can stand. Older names are told on standard output, as the
/// tool of Kafka does.
fn consumer_settings(given: &Given<'_>) -> Ran<Settings> {
    let file = newer(given, &OPTION, ["consumer.config", "command-config"])?;
    let property = newer(given, &OPTION, ["consumer-property", "command-property"])?;
    let mut settings = Settings::of_flag(given, file)?;
    let of_file = settings.text("group.id").map(str::to_owned);
    settings.add(&given.all(property));
    let mut groups = [of_file.as_deref(), settings.text("group.id"), given.one("group")?]
        .into_iter()
        .flatten()
        .map(str::to_owned)
        .collect::<Vec<_>>();
    groups.sort();
    groups.dedup();
    if 1 < groups.len() {
        let groups: Vec<String> = groups.iter().map(|group| format!("'{group}'")).collect();
        return Err(Stop::Usage(format!(
            "The group ids provided in different places (directly using '--group', via '--consumer-property', or via \
             '--consumer.config') do not match. Detected group ids: {}",
            groups.join(", ")
        )));
    }
    if let Some(group) = groups.first() {
        if given.has("partition") {
            return Err(Stop::Usage("Options group and partition cannot be specified together.".to_owned()));
        }
        settings.set("group.id", group.as_str());
    }
    let reset = settings.text("auto.offset.reset").unwrap_or("earliest");
    if given.has("from-beginning") && reset != "earliest" {
        return Err(Stop::Error(format!(
            "Can't simultaneously specify --from-beginning and 'auto.offset.reset={reset}', please remove one option"
        )));
    }
    if settings.text("group.protocol").is_some_and(|protocol| !protocol.eq_ignore_ascii_case("classic")) {
        let reason = "group.protocol: members of this tool speak the classic protocol only";
        return Err(Trouble::general(reason).into());
    }
    if let Some(level) = given.one("isolation-level")? {
        settings.set("isolation.level", level);
    }
    Ok(settings)
}

fn formatter_settings(given: &Given<'_>) -> Ran<Settings> {
    let property = newer(given, &OPTION, ["property", "formatter-property"])?;
    let mut settings = Settings::of_flag(given, "formatter-config")?;
    for (flag, name) in
        [("key-deserializer", "key.deserializer"), ("value-deserializer", "value.deserializer")]
    {
        if let Some(class) = given.one(flag)?.filter(|class| !class.is_empty()) {
            settings.set(name, class);
        }
    }
    settings.add(&given.all(property));
    Ok(settings)
}

fn wanted(given: &Given<'_>, settings: &Settings) -> Ran<Wanted> {
    let topic = || Ok::<_, Stop>(given.one("topic")?.unwrap_or_default().to_owned());
    let scope = match given.number("partition")? {
        Some(partition) => Scope::Partition(topic()?, partition, start(given)?),
        None => match given.one("include")? {
            Some(pattern) => Scope::Pattern(pattern.to_owned()),
            None => Scope::Topic(topic()?),
        },
    };
    let reset = match settings.text("auto.offset.reset") {
        _ if given.has("from-beginning") => Reset::Earliest,
        Some("earliest") => Reset::Earliest,
        Some("latest") | None => Reset::Latest,
        Some("none") => Reset::Error,
        Some(other) => {
            return Err(Trouble::general(format!(
                "auto.offset.reset={other}: earliest, latest or none is known"
            ))
            .into());
        }
    };
    let isolation = match settings.text("isolation.level") {
        Some("read_committed") => Isolation::ReadCommitted,
        Some("read_uncommitted") | None => Isolation::ReadUncommitted,
        Some(other) => {
            let reason = format!("isolation.level={other}: read_committed or read_uncommitted is known");
            return Err(Trouble::general(reason).into());
        }
    };
    let count = given.number::<i64>("max-messages")?;
    let patience = given.number::<i64>("timeout-ms")?;
    Ok(Wanted {
        scope,
        group: settings.text("group.id").map(str::to_owned),
        count: count.and_then(|count| u64::try_from(count).ok()),
        patience: patience.and_then(|ms| u64::try_from(ms).ok()).map(Duration::from_millis),
        options: ConsumerOptions { isolation, reset, ..ConsumerOptions::default() },
        skip_errors: given.has("skip-message-on-error"),
    })
}

/// Where `--partition` begins.
fn start(given: &Given<'_>) -> Ran<Start> {
    let Some(text) = given.one("offset")? else {
        return Ok(if given.has("from-beginning") { Start::Earliest } else { Start::Latest });
    };
    match text.to_ascii_lowercase().as_str() {
        "earliest" => Ok(Start::Earliest),
        "latest" => Ok(Start::Latest),
        _ => match text.parse::<i64>() {
            Ok(offset) if 0 <= offset => Ok(Start::Offset(Offset(offset))),
            _ => Err(Stop::Usage(format!(
                "The provided offset value '{text}' is incorrect. Valid values are 'earliest', 'latest', or a \
                 non-negative long."
            ))),
        },
    }
}
