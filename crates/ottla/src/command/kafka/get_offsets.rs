//! `kafka-get-offsets`: offsets of partitions, as `GetOffsetShell` prints them: `topic:partition:offset`.

use super::Ran;
use super::error::{Stop, Trouble};
use super::flags::{BOOTSTRAP_SERVER, COMMAND_CONFIG, Given, Sheet, switch, value};
use super::pattern::Pattern;
use super::settings;
use crate::command::Session;
use crate::output;
use ottla_base::{Offset, Timestamp};
use ottla_client::offsets::list_offsets;
use ottla_client::{Isolation, OffsetSpec, TopicPartition, TopicSet};
use std::collections::BTreeMap;

/// Its flags.
pub(super) const SHEET: Sheet = Sheet {
    tool: "kafka-get-offsets",
    about: "Prints offsets of partitions, as Apache Kafka's tool of that name.",
    flags: &[
        BOOTSTRAP_SERVER,
        COMMAND_CONFIG,
        value("topic", "TOPIC", "which topics: a regular expression; all without it"),
        value("partitions", "NUMBERS", "which partitions: 0,2; all without it"),
        value("topic-partitions", "PATTERNS", "both at once: t:1, t:0-3 (without 3), t:5-, :-3, t"),
        value("time", "TIME", "latest (-1), earliest (-2), max-timestamp (-3), earliest-local (-4), latest-tiered (-5),\n      earliest-pending-upload (-6), or that of the first record since these milliseconds"),
        switch("exclude-internal-topics", "without the broker's own topics"),
    ],
    examples: "  kafka-get-offsets --bootstrap-server 127.0.0.1:9092 --topic flights
  kafka-get-offsets --bootstrap-server 127.0.0.1:9092 --topic-partitions flights:0,weather:0-3 --time earliest",
    misread: |reason| Stop::Error(format!("Error occurred: {reason}")),
    wrong_text: |reason| Stop::Error(format!("Error occurred: {reason}")),
    wrong_number: |reason| Stop::Error(format!("Error occurred: {reason}")),
    failed: |trouble| Stop::Error(format!("Error occurred: {}", trouble.message)),
};

/// Runs it.
pub(super) async fn run(session: &Session<'_>, given: &Given<'_>) -> Ran {
    given.require(&["bootstrap-server"])?;
    if given.has("topic-partitions") && 0 < given.count(&["topic", "partitions"]) {
        return Err(Trouble::general("--topic-partitions cannot be used with --topic or --partitions").into());
    }
    let spec = spec(given.one("time")?.unwrap_or("latest"))?;
    let rules = match given.one("topic-partitions")? {
        Some(text) => text.split(',').map(Rule::read).collect::<Ran<Vec<_>>>()?,
        None => vec![Rule {
            topic: Pattern::read(given.one("topic")?.unwrap_or(".*"))?,
            partitions: Partitions::among(given.one("partitions")?.unwrap_or_default())?,
        }],
    };
    let client = settings::client(session, given, "GetOffsetShell").await?;
    let view = client.view(TopicSet::All).await?;
    let topics =
        view.topics.values().filter(|topic| !(topic.internal && given.has("exclude-internal-topics")));
    let all = topics.flat_map(|topic| {
        topic.partitions.iter().map(|partition| TopicPartition::new(topic.name.clone(), partition.index.0))
    });
    let asked: Vec<_> = all
        .filter(|at| rules.iter().any(|rule| rule.allows(at)))
        .map(|partition| (partition, spec))
        .collect();
    if asked.is_empty() {
        return Err(
            Trouble::general("Could not match any topic-partitions with the specified filters").into()
        );
    }
    // By name and number as one text, so that partition 10 comes before 2.
    let mut found = BTreeMap::new();
    for (partition, answer) in list_offsets(&client, &asked, Isolation::ReadUncommitted).await {
        match answer {
            Ok(answer) => drop(found.insert(partition.to_string(), (partition, answer.offset))),
            Err(error) => output::aside(format_args!(
                "Skip getting offsets for topic-partition {partition} due to error: {}",
                Trouble::from(error)
            )),
        }
    }
    let line = |(at, offset): &(TopicPartition, Option<Offset>)| {
        offset.map(|offset| format!("{}:{}:{offset}\n", at.topic, at.partition))
    };
    Ok(output::text(&found.values().filter_map(line).collect::<String>())?)
}

/// Which offset is meant.
fn spec(text: &str) -> Ran<OffsetSpec> {
    Ok(match text {
        "latest" | "-1" => OffsetSpec::Latest,
        "earliest" | "-2" => OffsetSpec::Earliest,
        "max-timestamp" | "-3" => OffsetSpec::MaxTimestamp,
        "earliest-local" | "-4" => OffsetSpec::EarliestLocal,
        "latest-tiered" | "-5" => OffsetSpec::LatestTiered,
        "earliest-pending-upload" | "-6" => OffsetSpec::EarliestPendingUpload,
        _ => OffsetSpec::At(Timestamp(text.parse().map_err(|_| {
            Trouble::general(format!(
                "Malformed time argument {text}. Please use -1 or latest / -2 or earliest / -3 or max-timestamp / -4 or \
                 earliest-local / -5 or latest-tiered / -6 or earliest-pending-upload, or a specified long format \
                 timestamp"
            ))
        })?)),
    })
}

/// Which partitions are wanted.
struct Rule {
    topic: Pattern,
    partitions: Partitions,
}

enum Partitions {
    /// These; all, if none.
    Among(Vec<i32>),
    /// From the first number on, without the second.
    Range(i32, i32),
}

impl Rule {
    /// Reads `topic`, `topic:1`, `topic:1-3`, `topic:1-`, `topic:-3`, or one of them without a topic.
    fn read(text: &str) -> Ran<Self> {
        let wrong = || {
            Trouble::general(format!(
                "org.apache.kafka.tools.TerseException: Invalid rule specification: {text}"
            ))
        };
        let (topic, numbers) = text.split_once(':').unwrap_or((text, ""));
        let number = |text: &str, default: i32| match text {
            "" => Ok(default),
            digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits.parse().map_err(|_| wrong()),
            _ => Err(wrong()),
        };
        let partitions = match numbers.split_once('-') {
            Some((from, to)) => Partitions::Range(number(from, 0)?, number(to, i32::MAX)?),
            None if numbers.is_empty() => Partitions::Range(0, i32::MAX),
            None => Partitions::Among(vec![number(numbers, 0)?]),
        };
        let topic = if topic.is_empty() { ".*" } else { topic };
        Ok(Self { topic: Pattern::read(topic)?, partitions })
    }

    fn allows(&self, at: &TopicPartition) -> bool {
        let number = at.partition.0;
        let is_wanted = match &self.partitions {
            Partitions::Among(numbers) => numbers.is_empty() || numbers.contains(&number),
            Partitions::Range(from, to) => (*from..*to).contains(&number),
        };
        is_wanted && self.topic.allows(&at.topic)
    }
}

impl Partitions {
    /// Reads `0,2`.
    fn among(text: &str) -> Ran<Self> {
        if text.is_empty() {
            return Ok(Self::Among(Vec::new()));
        }
        let numbers: Result<Vec<i32>, _> = text.split(',').map(str::parse).collect();
        numbers.map(Self::Among).map_err(|_| {
            Trouble::general(format!(
                "--partitions expects a comma separated list of numeric partition ids, but received: {text}"
            ))
            .into()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_name_topics_and_partitions() {
        let allowed = |rule: &str| -> Vec<i32> {
            let rule = Rule::read(rule).unwrap_or_else(|stop| panic!("{stop:?}"));
            (0..5).filter(|index| rule.allows(&TopicPartition::new("t", *index))).collect()
        };
        assert_eq!(allowed("t"), [0, 1, 2, 3, 4]);
        assert_eq!(allowed("t:1"), [1]);
        assert_eq!(allowed("t:1-3"), [1, 2]);
        assert_eq!(allowed("t:3-"), [3, 4]);
        assert_eq!(allowed(":-2"), [0, 1]);
        assert!(allowed("u").is_empty());
        for bad in ["t:x", "t:+1", "t:1:2", "t:-1-2", "t:99999999999"] {
            assert!(Rule::read(bad).is_err(), "{bad}");
        }
    }
}
