//! `kafka-consumer-groups`: list, describe and delete groups, and reset where they go on, as `ConsumerGroupCommand`
//! does.
//!
//! As there, a broker's refusal is told on standard output behind `Error: ` and the status is 0 all the same; only
//! flags that make no sense end it with status 1.

mod csv;
mod delete;
mod describe;
mod list;
mod plan;
mod reset;

use super::error::{Stop, Trouble};
use super::flags::{BOOTSTRAP_SERVER, COMMAND_CONFIG, Given, Sheet, perhaps, switch, value};
use super::settings::{self, Settings};
use super::{Ran, hash_order};
use crate::command::Session;
use crate::output;
use ottla_client::admin::{GroupDescription, GroupListing};
use ottla_client::group::committed::Committed;
use ottla_client::{Admin, CallError, Client, RequestError, TopicPartition, TopicSet};
use ottla_wire::ErrorCode;
use std::collections::BTreeMap;

/// Its flags.
pub(super) const SHEET: Sheet = Sheet {
    tool: "kafka-consumer-groups",
    about: "Lists, describes and deletes consumer groups and resets their offsets, as Apache Kafka's tool of that name.",
    flags: &[
        BOOTSTRAP_SERVER,
        COMMAND_CONFIG,
        value("timeout", "MS", "how long an answer may take"),
        switch("list", "all consumer groups"),
        switch("describe", "offsets and lag, or what --members or --state asks for"),
        switch("delete", "delete groups without members"),
        switch("reset-offsets", "set where a group without members goes on"),
        switch("delete-offsets", "forget what a group has committed for topics"),
        value("validate-regex", "PATTERN", "whether a pattern of topics is one"),
        value("group", "GROUP", "which group; may be repeated"),
        switch("all-groups", "all of them"),
        value("topic", "TOPIC[:PARTITIONS]", "which topic, or some partitions: t:0,1; may be repeated"),
        switch("all-topics", "all for which it has committed"),
        switch("offsets", "describe partitions, offsets and lag, as without it"),
        switch("members", "describe members"),
        perhaps("state", "STATES", "describe the state; with --list show it, or list those in these states"),
        perhaps("type", "TYPES", "with --list: show the type, or list those of these types"),
        switch("verbose", "describe more"),
        switch("to-earliest", "reset to the first record"),
        switch("to-latest", "reset behind the last record"),
        switch("to-current", "reset to what is committed"),
        value("to-offset", "OFFSET", "reset to this offset"),
        value("shift-by", "COUNT", "reset by so many records, back if negative"),
        value("to-datetime", "TIME", "reset to the first record since 2026-11-26T06:00:00.000"),
        value("by-duration", "DURATION", "reset to the first record of the last PT1H30M"),
        value("from-file", "FILE", "reset to what --export printed"),
        switch("dry-run", "only show what would be set, as without --execute"),
        switch("execute", "set it"),
        switch("export", "print it as comma-separated values"),
    ],
    examples: "  kafka-consumer-groups --bootstrap-server 127.0.0.1:9092 --describe --group billing
  kafka-consumer-groups --bootstrap-server 127.0.0.1:9092 --list --state Empty
  kafka-consumer-groups --bootstrap-server 127.0.0.1:9092 --reset-offsets --group billing --all-topics --to-earliest --execute",
    misread: Stop::Error,
    wrong_text: Stop::Usage,
    wrong_number: Stop::Usage,
    failed: |trouble| Stop::Noted(format!("\nError: Executing consumer group command failed due to {}", trouble.message)),
};

const ACTIONS: &[&str] = &["list", "describe", "delete", "reset-offsets", "delete-offsets", "validate-regex"];
/// Where offsets are reset to; at most one. In the order in which Kafka's tool names them.
const TARGETS: &[&str] = &[
    "to-datetime",
    "from-file",
    "shift-by",
    "to-offset",
    "to-earliest",
    "to-current",
    "to-latest",
    "by-duration",
];

/// Runs it.
pub(super) async fn run(session: &Session<'_>, given: &Given<'_>) -> Ran {
    check(given)?;
    if let Some(pattern) = given.one("validate-regex")? {
        return Ok(output::line(match regex_lite::Regex::new(pattern) {
            Ok(_) => format!("The regular expression `{pattern}` is valid."),
            Err(error) => format!("The regular expression `{pattern}` is invalid: {error}."),
        })?);
    }
    let mut settings = Settings::of_flag(given, "command-config")?;
    let timeout = given.number::<u64>("timeout")?.unwrap_or(5000);
    settings.set("default.api.timeout.ms", timeout.to_string());
    let client = settings::connect(session, given, &settings, "adminclient-1").await?;
    let tool = Tool { admin: Admin::new(&client), client, given };
    match () {
        () if given.has("list") => list::run(&tool).await,
        () if given.has("describe") => describe::run(&tool).await,
        () if given.has("delete") => delete::groups(&tool).await,
        () if given.has("reset-offsets") => reset::run(&tool, session).await,
        () => delete::offsets(&tool).await,
    }
}

/// Refuses flags that do not go together.
fn check(given: &Given<'_>) -> Ran {
    let usage = |reason: &str| Err(Stop::Usage(reason.to_owned()));
    let homeless: Vec<&str> =
        [("members", false), ("verbose", false), ("offsets", false), ("state", true), ("type", true)]
            .into_iter()
            .filter(|(name, may_be_listed)| {
                let at_home = *name != "type" && given.has("describe") || *may_be_listed && given.has("list");
                given.has(name) && !at_home
            })
            .map(|(name, _)| name)
            .collect();
    if !homeless.is_empty() {
        let homeless = homeless.join(", ");
        return Err(Stop::Error(format!(
            "Option(s) [{homeless}] are unavailable given other options on the command line"
        )));
    }
    if !given.has("validate-regex") {
        given.require(&["bootstrap-server"])?;
    }
    let has_group = 0 < given.count(&["group", "all-groups"]);
    if given.has("describe") {
        if !has_group {
            return usage("Option [describe] takes one of these options: [all-groups], [group]");
        }
        if 1 < given.count(&["members", "offsets", "state"]) {
            return usage(
                "Option [describe] takes at most one of these options: [members], [offsets], [state]",
            );
        }
        if given.one("state")?.is_some() {
            return usage("Option [describe] does not take a value for [state]");
        }
    }
    if given.has("delete") {
        if !has_group {
            return usage("Option [delete] takes one of these options: [all-groups], [group]");
        }
        if given.has("topic") {
            return usage(
                "The consumer does not support topic-specific offset deletion from a consumer group.",
            );
        }
    }
    if given.has("delete-offsets") && given.count(&["group", "topic"]) != 2 {
        return usage("Option [delete-offsets] takes the following options: [topic], [group]");
    }
    if given.has("reset-offsets") {
        check_reset(given)?;
    }
    given.exclude("group", &["all-groups"])?;
    given.exclude("group", &["list"])?;
    given.exclude("topic", &["list", "describe"])?;
    if given.count(ACTIONS) != 1 {
        let actions: Vec<String> = ACTIONS.iter().map(|action| format!("--{action}")).collect();
        return Err(Stop::Usage(format!("Command must include exactly one action: {}", actions.join(", "))));
    }
    Ok(())
}

fn check_reset(given: &Given<'_>) -> Ran {
    match given.count(&["dry-run", "execute"]) {
        0 => output::aside(format_args!(
            "WARN: No action will be performed as the --execute option is missing. In version 5.0, this command will \
             require either --dry-run or --execute to be specified. You should add the --dry-run option explicitly if \
             you are scripting this command and want to keep the current default behavior without prompting."
        )),
        1 => {}
        _ => {
            let reason = "Option [reset-offsets] only accepts one of [execute] and [dry-run]";
            return Err(Stop::Usage(reason.to_owned()));
        }
    }
    if given.count(&["group", "all-groups"]) == 0 {
        let reason = "Option [reset-offsets] takes one of these options: [all-groups], [group]";
        return Err(Stop::Usage(reason.to_owned()));
    }
    for target in TARGETS {
        let others: Vec<&str> = TARGETS.iter().copied().filter(|other| other != target).collect();
        given.exclude(target, &others)?;
    }
    Ok(())
}

/// What every action works with.
struct Tool<'t> {
    admin: Admin,
    client: Client,
    given: &'t Given<'t>,
}

impl Tool<'_> {
    /// The groups meant: those of `--group`, or all.
    async fn groups(&self) -> Ran<Vec<String>> {
        if self.given.has("all-groups") {
            let listed = self.listed().await?;
            let is_of_consumers = |group: &GroupListing| {
                ["classic", "consumer"].contains(&&*group.group_type.to_ascii_lowercase())
            };
            return Ok(listed.into_iter().filter(is_of_consumers).map(|group| group.id).collect());
        }
        let mut groups: Vec<String> = Vec::new();
        for group in self.given.all("group") {
            if !groups.iter().any(|known| known == group) {
                groups.push(group.to_owned());
            }
        }
        Ok(groups)
    }

    /// Groups whose members are consumers, or that have only offsets, in the order of Kafka's tool.
    async fn listed(&self) -> Ran<Vec<GroupListing>> {
        let mut listed = self.admin.list_groups().await.map_err(|error| Trouble::from(error).wrapped())?;
        listed.retain(|group| ["", "consumer"].contains(&group.protocol_type.as_str()));
        hash_order::sort(&mut listed, hash_order::UNSAID, |group| hash_order::of_text(&group.id));
        Ok(listed)
    }

    /// A group of either protocol of consumers. If it is neither, what was said first counts.
    async fn described(&self, group: &str) -> Result<GroupDescription, RequestError> {
        let is_missing = |error: &RequestError| error.code() == Some(ErrorCode::GROUP_ID_NOT_FOUND);
        match self.admin.describe_consumer_group(group).await {
            Err(RequestError::Call(CallError::Unsupported { .. })) => self.admin.describe_group(group).await,
            Err(first) if is_missing(&first) => match self.admin.describe_group(group).await {
                Err(error) if is_missing(&error) => Err(first),
                described => described,
            },
            described => described,
        }
    }

    /// What a group has committed; nothing if there is no such group.
    async fn committed(&self, group: &str) -> Ran<BTreeMap<TopicPartition, Committed>> {
        match self.admin.group_offsets(group, None).await {
            Ok(offsets) => Ok(offsets.into_iter().collect()),
            Err(error) if error.code() == Some(ErrorCode::GROUP_ID_NOT_FOUND) => Ok(BTreeMap::new()),
            Err(error) => Err(Trouble::from(error).wrapped_twice().into()),
        }
    }

    /// The partitions that `--topic` values mean, in the order of Kafka's tool: those with numbers first.
    async fn partitions(&self, texts: &[&str]) -> Ran<(Vec<TopicPartition>, Vec<(String, Trouble)>)> {
        let (numbered, mut whole): (Vec<&str>, Vec<&str>) =
            texts.iter().copied().partition(|text| text.contains(':'));
        let mut found = Vec::new();
        for text in numbered {
            found.extend(of_topic_argument(text)?);
        }
        let count = whole.len();
        hash_order::sort(&mut whole, count, |name| hash_order::of_text(name));
        let view = self.client.view(TopicSet::Named(&whole)).await?;
        let mut missing = Vec::new();
        for name in whole {
            match view.topics.get(name) {
                Some(topic) => found.extend(
                    topic.partitions.iter().map(|partition| TopicPartition::new(name, partition.index.0)),
                ),
                None => {
                    let code =
                        view.refused.get(name).copied().unwrap_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
                    missing.push((name.to_owned(), Trouble::of_code(code)));
                }
            }
        }
        Ok((found, missing))
    }
}

/// Reads `topic:0,1`.
fn of_topic_argument(text: &str) -> Ran<Vec<TopicPartition>> {
    let parts: Vec<&str> = text.split(':').collect();
    let [topic, numbers] = parts[..] else {
        let reason = format!("Invalid topic arg '{text}', expected topic name and partitions");
        return Err(Stop::Usage(reason));
    };
    let read = |number: &str| {
        let wrong = || format!("Invalid partition '{number}' specified in topic arg '{text}''");
        number.parse().map(|index| TopicPartition::new(topic, index)).map_err(|_| Stop::Usage(wrong()))
    };
    numbers.split(',').map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partitions_of_a_topic_are_read() {
        let read = |text: &str| of_topic_argument(text).ok();
        assert_eq!(read("t:0,2"), Some(vec![TopicPartition::new("t", 0), TopicPartition::new("t", 2)]));
        for bad in ["t:", "t:x", "t:0:1", "t:0,"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
