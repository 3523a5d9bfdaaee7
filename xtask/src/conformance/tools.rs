//! Ottla's tools by the names of Kafka's beside Kafka's own: the same lines on the same broker, compared line by line.
//!
//! The sessions and the comparison are a test of the program, `crates/ottla/tests/kafka_tools`, which by itself
//! compares with what is recorded. Here it gets Kafka's tools, too.

use super::clients::{JAVA_NEW, class_path, java_program};
use super::matrix::{Feature, Row};
use super::packages::{Setback, Shelf};
use super::script;
use crate::step::cargo;
use std::collections::BTreeMap;
use std::process::Command;
use std::time::Duration;

/// Each is a session, and a test of that name behind `kafka_`.
const SESSIONS: &[Feature] = &[
    Feature {
        name: "topics",
        asks: "kafka-topics: create, list, describe, alter, delete, and what is refused",
    },
    Feature {
        name: "consumer_groups",
        asks: "kafka-consumer-groups: list, describe, delete, delete offsets, reset them in every way, and what is refused",
    },
    Feature {
        name: "console_tools",
        asks: "kafka-console-producer and kafka-console-consumer: every property of lines and of what is printed, and \
               what is refused",
    },
    Feature { name: "configs", asks: "kafka-configs of topics, brokers and groups, and what is refused" },
    Feature {
        name: "get_offsets",
        asks: "kafka-get-offsets by every kind of time and of pattern, and what is refused",
    },
];

const LIMIT: Duration = Duration::from_secs(900);

/// Whether what Kafka's tools print is compared with the recording, or becomes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Recording {
    Compared,
    Made,
}

/// Runs the sessions.
pub(super) fn run(shelf: &Shelf, recording: Recording) -> Row {
    let mut row = Row::new("kafka-tools beside Ottla's", "command line", SESSIONS);
    let prepared = java_program(shelf, "console", JAVA_NEW);
    let (class_path, command) = match prepared {
        Ok((jars, classes)) => (class_path(&classes, &jars), Ok(test())),
        Err(setback) => (String::new(), Err::<Command, Setback>(setback)),
    };
    let Some(command) = row.prepared(command) else { return row };
    let mut settings = BTreeMap::from([("KAFKA_TOOLS", class_path)]);
    if recording == Recording::Made {
        settings.insert("KAFKA_TOOLS_RECORD", "1".to_owned());
    }
    row.hear(&format!(r#"{{"version":"{JAVA_NEW}"}}"#));
    let ended =
        script::run(command, &settings, &shelf.log("tools", "err"), LIMIT, |line| hear(&mut row, line));
    row.close(ended);
    row
}

/// One session at a time: each starts a Java machine.
fn test() -> Command {
    let mut command = cargo(&["test", "--locked", "--package", "ottla", "--test", "kafka_tools"]);
    command.args(["--", "--test-threads", "1"]);
    command
}

/// Takes what the test program says: `test kafka_topics ... ok`.
fn hear(row: &mut Row, line: &str) {
    let told = line.strip_prefix("test kafka_").and_then(|rest| rest.split_once(" ... "));
    match told {
        Some((name, end)) => row.hear(&format!(r#"{{"feature":"{name}","ok":{},"note":""}}"#, end == "ok")),
        None => println!("{line}"),
    }
}
