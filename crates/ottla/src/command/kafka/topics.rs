//! `kafka-topics`: create, list, describe, change and delete topics as `TopicCommand` does.
//!
//! Wrong flags end it with their reason on standard error; what a broker refuses is told on standard output, behind
//! `Error while executing topic command : `. Both end with status 1.

mod change;
mod describe;

use super::error::{Stop, Trouble};
use super::flags::{BOOTSTRAP_SERVER, COMMAND_CONFIG, Given, Sheet, switch, value};
use super::pattern::Pattern;
use super::settings;
use super::{Ran, flags};
use crate::command::Session;
use crate::output;
use ottla_client::{Client, Topic, TopicSet};
use std::sync::Arc;

/// Its flags.
pub(super) const SHEET: Sheet = Sheet {
    tool: "kafka-topics",
    about: "Creates, lists, describes, changes and deletes topics, as Apache Kafka's tool of that name.",
    flags: &[
        BOOTSTRAP_SERVER,
        COMMAND_CONFIG,
        switch("list", "the names of all topics"),
        switch("create", "make a topic"),
        switch("delete", "delete topics with their records"),
        switch("alter", "give topics more partitions; settings are kafka-configs' matter"),
        switch("describe", "partitions, replicas and settings"),
        value("topic", "TOPIC", "which topic; a regular expression, except with --create"),
        value("topic-id", "ID", "which topic to describe, by its id"),
        value("config", "NAME=VALUE", "a setting of the new topic; may be repeated"),
        value("delete-config", "NAME", "does nothing since Kafka 4.0"),
        value("partitions", "COUNT", "how many partitions it shall have"),
        value("replication-factor", "COUNT", "how many copies of each"),
        value(
            "replica-assignment",
            "BROKERS",
            "the brokers of each partition: 0:1,1:2 for two with two copies",
        ),
        switch("under-replicated-partitions", "describe only partitions that lack copies"),
        switch("unavailable-partitions", "describe only partitions without a leader"),
        switch("under-min-isr-partitions", "describe only those with fewer copies in sync than they need"),
        switch("at-min-isr-partitions", "describe only those with just as many as they need"),
        switch("topics-with-overrides", "describe only topics with settings of their own"),
        switch("if-exists", "a missing topic is fine"),
        switch("if-not-exists", "a topic that is there already is fine"),
        switch("exclude-internal", "without the broker's own topics"),
        value("partition-size-limit-per-response", "COUNT", "how many partitions a broker describes at once"),
    ],
    examples: "  kafka-topics --bootstrap-server 127.0.0.1:9092 --create --topic flights --partitions 6
  kafka-topics --bootstrap-server 127.0.0.1:9092 --describe --topic 'flights|weather'
  kafka-topics --bootstrap-server 127.0.0.1:9092 --delete --topic flights --if-exists",
    misread: Stop::Error,
    wrong_text: Stop::Error,
    wrong_number: |reason| Trouble::general(reason).into(),
    failed: |trouble| Stop::Printed(format!("Error while executing topic command : {}", trouble.message)),
};

/// What is done; exactly one.
const ACTIONS: &[&str] = &["create", "list", "alter", "describe", "delete"];
/// What limits a description to some partitions.
const REPORTS: &[&str] = &[
    "under-replicated-partitions",
    "under-min-isr-partitions",
    "at-min-isr-partitions",
    "unavailable-partitions",
];

/// Runs it.
pub(super) async fn run(session: &Session<'_>, given: &Given<'_>) -> Ran {
    check(given)?;
    let client = settings::client(session, given, "adminclient-1").await?;
    match () {
        () if given.has("create") => change::create(&client, given).await,
        () if given.has("alter") => change::alter(&client, given).await,
        () if given.has("list") => list(&client, given).await,
        () if given.has("describe") => describe::run(&client, given).await,
        () => change::delete(&client, given).await,
    }
}

/// Refuses flags that do not go together, in the order in which the tool of Kafka does.
fn check(given: &Given<'_>) -> Ran {
    if given.count(ACTIONS) != 1 {
        return Err(Stop::Usage(
            "Command must include exactly one action: --list, --describe, --create, --alter or --delete"
                .to_owned(),
        ));
    }
    if given.has("delete-config") {
        output::aside(format_args!(
            "delete-config option is no longer supported and deprecated since version 4.0. The config will be fully \
             removed in future releases."
        ));
    }
    if !given.has("bootstrap-server") {
        return Err(Stop::Error("--bootstrap-server must be specified".to_owned()));
    }
    if given.has("describe") && given.has("if-exists") {
        if given.count(&["topic", "topic-id"]) == 0 {
            return Err(Stop::Usage("--topic or --topic-id is required to describe a topic".to_owned()));
        }
        if given.count(&["topic", "topic-id"]) == 2 {
            output::line(
                "Only topic id will be used when both --topic and --topic-id are specified and topicId is not \
                 Uuid.ZERO_UUID",
            )?;
        }
    }
    if given.count(&["list", "describe"]) == 0 {
        given.require(&["topic"])?;
    }
    if given.has("alter") {
        if given.has("config") {
            return Err(Stop::Usage(
                "Option combination \"[[bootstrap-server], [config]]\" can't be used with option \"[alter]\" (To alter \
                 topic configurations, the kafka-configs tool can be used.)"
                    .to_owned(),
            ));
        }
        given.require(&["partitions"])?;
    }
    only_with(given, "config", &["alter", "create"])?;
    only_with(given, "partitions", &["alter", "create"])?;
    only_with(given, "replication-factor", &["create"])?;
    only_with(given, "replica-assignment", &["alter", "create"])?;
    if given.has("create") {
        given.exclude("replica-assignment", &["partitions", "replication-factor"])?;
    }
    for report in REPORTS {
        only_with(given, report, &["describe"])?;
        given.exclude(report, &["topics-with-overrides"])?;
    }
    only_with(given, "topics-with-overrides", &["describe"])?;
    only_with(given, "if-exists", &["alter", "delete", "describe"])?;
    only_with(given, "if-not-exists", &["create"])?;
    only_with(given, "exclude-internal", &["list", "describe"])
}

/// Refuses a flag that other actions do not have.
fn only_with(given: &flags::Given<'_>, flag: &str, actions: &[&str]) -> Ran {
    let others: Vec<&str> = ACTIONS.iter().copied().filter(|action| !actions.contains(action)).collect();
    given.exclude(flag, &others)
}

async fn list(client: &Client, given: &Given<'_>) -> Ran {
    let names: Vec<String> =
        topics(client, given).await?.iter().map(|topic| topic.name.to_string()).collect();
    Ok(output::line(names.join("\n"))?)
}

/// The topics that `--topic` means, by name; all without it.
async fn topics(client: &Client, given: &Given<'_>) -> Ran<Vec<Arc<Topic>>> {
    let pattern = given.one("topic")?.map(Pattern::read).transpose()?;
    let view = client.view(TopicSet::All).await?;
    let is_wanted = |topic: &Arc<Topic>| {
        pattern.as_ref().is_none_or(|pattern| pattern.allows(&topic.name))
            && !(topic.internal && given.has("exclude-internal"))
    };
    Ok(view.topics.into_values().filter(is_wanted).collect())
}

/// Refuses if there is none, unless that is fine.
fn there_is(found: &[Arc<Topic>], given: &Given<'_>) -> Ran {
    match given.one("topic")? {
        Some(name) if !name.is_empty() && found.is_empty() && !given.has("if-exists") => {
            Err(Trouble::general(format!("Topic '{name}' does not exist as expected")).into())
        }
        _ => Ok(()),
    }
}
