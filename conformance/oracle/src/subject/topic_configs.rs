//! Topic settings of retention, compaction and time: what is accepted, when a topic is made and later.

use crate::asking::{Topic, create};
use crate::scenario::{Difference, Ran, Scenario, Subject};
use crate::settings::{APPEND, DELETE, SET, SUBTRACT, Setting, TOPIC, change};
use crate::side::Side;
use ottla_wire::message::{CreateTopicsRequest, IncrementalAlterConfigsRequest};

pub const SUBJECT: Subject = Subject {
    name: "topic-configs",
    about: "Topic settings of the log: which values CreateTopics and IncrementalAlterConfigs accept.",
    scenarios: &[
        Scenario {
            name: "create",
            asks: "CreateTopics, validate only, one setting each",
            run: at_creation,
            differs: CREATED,
        },
        Scenario {
            name: "alter",
            asks: "IncrementalAlterConfigs, validate only, one setting each",
            run: later,
            differs: NUMBERS,
        },
        Scenario {
            name: "operations",
            asks: "append and subtract on lists and others",
            run: operations,
            differs: OPERATIONS,
        },
    ],
};

const VALUES: &[(&str, &[&str])] = &[
    (
        "cleanup.policy",
        &[
            "delete",
            "compact",
            "compact,delete",
            "delete,compact",
            "",
            "none",
            "Delete",
            "delete,delete",
            " compact , delete",
            "compact;delete",
        ],
    ),
    (
        "retention.ms",
        &["-1", "0", "-2", "1", "9223372036854775807", "9223372036854775808", "", "abc", "1.5", " 7 ", "+7"],
    ),
    ("retention.bytes", &["-1", "0", "-2", "1", "9223372036854775807", "x"]),
    ("segment.bytes", &["1048576", "1048575", "14", "2147483647", "2147483648", "0", "-1"]),
    ("segment.ms", &["1", "0", "-1", "9223372036854775807"]),
    ("segment.jitter.ms", &["0", "-1", "5"]),
    ("segment.index.bytes", &["4", "3", "0", "10485760"]),
    ("index.interval.bytes", &["0", "-1", "4096"]),
    ("max.message.bytes", &["0", "-1", "1", "2147483647", "2147483648"]),
    ("min.cleanable.dirty.ratio", &["0", "1", "0.5", "1.1", "-0.1", "x", "NaN", "5e-1"]),
    ("min.compaction.lag.ms", &["0", "-1", "9223372036854775807"]),
    ("max.compaction.lag.ms", &["0", "1", "-1", "9223372036854775807"]),
    ("delete.retention.ms", &["0", "-1", "5"]),
    ("file.delete.delay.ms", &["0", "-1", "5"]),
    ("flush.messages", &["1", "0", "-1", "9223372036854775807"]),
    ("flush.ms", &["0", "-1", "1"]),
    ("message.timestamp.type", &["CreateTime", "LogAppendTime", "createtime", "", "NoTimestampType"]),
    ("message.timestamp.before.max.ms", &["0", "-1", "1", "9223372036854775807"]),
    ("message.timestamp.after.max.ms", &["0", "-1", "1", "9223372036854775807"]),
    ("message.timestamp.difference.max.ms", &["0", "1"]),
    (
        "compression.type",
        &["producer", "uncompressed", "gzip", "snappy", "lz4", "zstd", "none", "GZIP", "brotli", ""],
    ),
    ("compression.gzip.level", &["-1", "0", "1", "9", "10"]),
    ("compression.lz4.level", &["0", "1", "17", "18"]),
    ("compression.zstd.level", &["-131072", "-131073", "22", "23", "0"]),
    ("preallocate", &["true", "false", "TRUE", "yes", ""]),
    ("unclean.leader.election.enable", &["true", "false", "0"]),
    ("min.insync.replicas", &["1", "0", "-1", "5"]),
    ("no.such.setting", &["1"]),
    ("message.format.version", &["3.0"]),
    ("message.downconversion.enable", &["true"]),
    ("remote.storage.enable", &["false"]),
    ("local.retention.ms", &["-2", "-3", "-1", "5"]),
    ("local.retention.bytes", &["-2", "-3", "-1", "5"]),
    ("leader.replication.throttled.replicas", &["", "*", "0:1", "x"]),
    ("follower.replication.throttled.replicas", &["", "*", "0:1,1:2", "none"]),
];

/// Settings that only make sense together.
const PAIRS: &[&[(&str, &str)]] = &[
    &[("min.compaction.lag.ms", "10"), ("max.compaction.lag.ms", "5")],
    &[("min.compaction.lag.ms", "5"), ("max.compaction.lag.ms", "5")],
    &[("segment.bytes", "1048576"), ("max.message.bytes", "2000000")],
    &[("retention.ms", "5"), ("local.retention.ms", "10")],
    &[("retention.bytes", "5"), ("local.retention.bytes", "10")],
    &[("message.timestamp.type", "LogAppendTime"), ("message.timestamp.before.max.ms", "1")],
    &[("cleanup.policy", "compact"), ("cleanup.policy", "delete")],
];

fn at_creation(side: &mut Side) -> Ran {
    let name = side.name("t");
    let ask = |side: &mut Side, version: i16, configs: &[(&str, &str)]| {
        let step: Vec<String> = configs.iter().map(|(key, value)| format!("{key}='{value}'")).collect();
        side.ask(&step.join(" "), version, &create(&name, 1, configs, true));
    };
    for (key, values) in VALUES {
        for value in *values {
            ask(side, 7, &[(key, value)]);
        }
    }
    for pair in PAIRS {
        ask(side, 7, pair);
    }
    for version in 2..=7 {
        ask(side, version, &[("cleanup.policy", "nothing")]);
        ask(side, version, &[("segment.ms", "0")]);
        let mut request: CreateTopicsRequest = create(&side.name("t"), 1, &[("retention.ms", "1")], true);
        request.topics[0].configs[0].value = None;
        side.ask("retention.ms null", version, &request);
    }
    Ok(())
}

fn alter(topic: &Topic, settings: &[Setting<'_>]) -> IncrementalAlterConfigsRequest {
    change(TOPIC, &topic.name, settings, true)
}

fn later(side: &mut Side) -> Ran {
    let topic = Topic::make(side, "t", &[])?;
    for (key, values) in VALUES {
        for value in *values {
            side.ask(&format!("{key}='{value}'"), 1, &alter(&topic, &[(key, SET, Some(value))]));
        }
    }
    for pair in PAIRS {
        let settings: Vec<_> = pair.iter().map(|(key, value)| (*key, SET, Some(*value))).collect();
        let step: Vec<String> = pair.iter().map(|(key, value)| format!("{key}='{value}'")).collect();
        side.ask(&step.join(" "), 1, &alter(&topic, &settings));
    }
    for version in 0..=1 {
        side.ask("null", version, &alter(&topic, &[("retention.ms", SET, None)]));
        side.ask(
            "unknown topic",
            version,
            &alter(&Topic::unknown(side), &[("retention.ms", SET, Some("5"))]),
        );
    }
    Ok(())
}

fn operations(side: &mut Side) -> Ran {
    let topic = Topic::make(side, "t", &[("cleanup.policy", "delete")])?;
    for (step, settings) in [
        ("delete", [("retention.ms", DELETE, None)]),
        ("delete with a value", [("retention.ms", DELETE, Some("7"))]),
        ("delete an unknown", [("no.such.setting", DELETE, None)]),
        ("append", [("cleanup.policy", APPEND, Some("compact"))]),
        ("append what is there", [("cleanup.policy", APPEND, Some("delete"))]),
        ("append what is wrong", [("cleanup.policy", APPEND, Some("wrong"))]),
        ("subtract all", [("cleanup.policy", SUBTRACT, Some("delete"))]),
        ("subtract what is not there", [("cleanup.policy", SUBTRACT, Some("compact"))]),
        ("append to a number", [("retention.ms", APPEND, Some("7"))]),
        ("subtract from a number", [("retention.ms", SUBTRACT, Some("7"))]),
        ("operation 4", [("retention.ms", 4, Some("7"))]),
        ("operation -1", [("retention.ms", -1, Some("7"))]),
    ] {
        side.ask(step, 1, &alter(&topic, &settings));
    }
    let twice = [("retention.ms", SET, Some("7")), ("retention.ms", SET, Some("8"))];
    side.ask("the same twice", 1, &alter(&topic, &twice));
    Ok(())
}

const CREATED: &[Difference] = &[
    Difference { step: "min.cleanable.dirty.ratio='NaN'", field: "", because: NOT_A_NUMBER },
    Difference {
        step: "",
        field: "topic_id",
        because: "Nothing was made, so nothing has an id. Apache Kafka draws one that no topic will ever have.",
    },
    Difference {
        step: "",
        field: "configs[log.durability]",
        because: "A setting of Ottla's own: whether an acknowledged record is on stable storage or in the system's cache.",
    },
    Difference {
        step: "",
        field: "configs[min.insync.replicas].config_source",
        because: "A new cluster of Apache Kafka sets it for all brokers, to the same value that is its default; Ottla has \
                  one replica and leaves the default.",
    },
    Difference {
        step: "",
        field: "].value",
        because: "Ottla shows a value as it understands it, Apache Kafka as it was written.",
    },
];

const NUMBERS: &[Difference] =
    &[Difference { step: "min.cleanable.dirty.ratio='NaN'", field: "", because: NOT_A_NUMBER }];

const NOT_A_NUMBER: &str =
    "It is no number, and no ratio is ever above it: the topic would never be compacted.";

const OPERATIONS: &[Difference] = &[Difference {
    step: "operation ",
    field: "",
    because: "There is no such operation. Apache Kafka fails inside and says UNKNOWN_SERVER_ERROR, Ottla says what is wrong.",
}];
