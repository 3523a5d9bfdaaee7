//! Metadata and DescribeTopicPartitions: what is told of topics, asked for by name, by id, all at once and in pages.

use crate::asking::{Topic, versions};
use crate::scenario::{Difference, Ran, Scenario, Subject};
use crate::side::Side;
use ottla_wire::Str;
use ottla_wire::message::describe_topic_partitions_request::{Cursor, TopicRequest};
use ottla_wire::message::metadata_request::MetadataRequestTopic;
use ottla_wire::message::*;
use uuid::Uuid;

pub const SUBJECT: Subject = Subject {
    name: "metadata",
    about: "Metadata and DescribeTopicPartitions: topics by name, by id, all of them, page by page.",
    scenarios: &[
        Scenario { name: "metadata-names", asks: "topics by name, of every kind", run: names, differs: &[] },
        Scenario {
            name: "metadata-ids",
            asks: "topics by id, where there are ids",
            run: ids,
            differs: NEITHER,
        },
        Scenario { name: "metadata-all", asks: "all topics, and none", run: all, differs: &[] },
        Scenario {
            name: "metadata-made",
            asks: "topics that come because somebody asks",
            run: made,
            differs: MADE,
        },
        Scenario { name: "metadata-rights", asks: "what the asker may do", run: rights, differs: &[] },
        Scenario {
            name: "metadata-internal",
            asks: "the topics that Apache Kafka keeps for itself",
            run: internal,
            differs: INTERNAL,
        },
        Scenario {
            name: "pages-list",
            asks: "named topics, with and without cursor",
            run: list,
            differs: LIST,
        },
        Scenario { name: "pages-all", asks: "all topics from a cursor on", run: pages, differs: &[] },
        Scenario {
            name: "pages-refused",
            asks: "cursors and limits that are wrong",
            run: refused,
            differs: REFUSED,
        },
    ],
};

const FAILS_INSIDE: &str =
    "Apache Kafka fails inside and says UNKNOWN_SERVER_ERROR; Ottla says what is wrong.";

const NEITHER: &[Difference] = &[
    Difference { step: "neither", field: "error_code", because: FAILS_INSIDE },
    Difference { step: "a name and neither", field: "error_code", because: FAILS_INSIDE },
];

const LIST: &[Difference] = &[Difference { step: "illegal name 0", field: "", because: FAILS_INSIDE }];

const MADE: &[Difference] = &[Difference {
    step: "one that collides",
    field: "error_code",
    because: "Apache Kafka answers before it has tried, and the client asks for ever; Ottla says that there can be no such \
              topic.",
}];

const REFUSED: &[Difference] = &[Difference {
    step: "partition far above",
    field: "",
    because: "The number of the last partition of the page overflows in Apache Kafka, which answers with a cursor that it \
              refuses itself; Ottla goes on with the next topic.",
}];

const INTERNAL: &[Difference] = &[Difference {
    step: "",
    field: "topics[__",
    because: "Ottla has no such topics: what groups, transactions and queues decide is in its journal.",
}];

fn named(name: &Str) -> MetadataRequestTopic {
    MetadataRequestTopic { name: Some(name.clone()), ..Default::default() }
}

fn by_id(topic_id: Uuid, name: Option<&Str>) -> MetadataRequestTopic {
    MetadataRequestTopic { topic_id, name: name.cloned() }
}

/// Asks without making topics; below version 4 every question may make one, so only what is there is asked for then.
fn metadata(version: i16, topics: Vec<MetadataRequestTopic>) -> MetadataRequest {
    MetadataRequest { topics: Some(topics), allow_auto_topic_creation: version < 4, ..Default::default() }
}

/// One empty name, one of dots, one with a blank, one that is too long.
fn illegal() -> [Str; 5] {
    ["".into(), ".".into(), "..".into(), "a b".into(), "n".repeat(250).into()]
}

fn names(side: &mut Side) -> Ran {
    let (one, two) = (Topic::make(side, "one", &[])?, Topic::make_wide(side, "two", 3, &[])?);
    let unknown = Topic::unknown(side).name;
    for version in versions::<MetadataRequest>() {
        side.ask("one", version, &metadata(version, vec![named(&one.name)]));
        side.ask("two", version, &metadata(version, vec![named(&two.name), named(&one.name)]));
        side.ask("the same twice", version, &metadata(version, vec![named(&one.name), named(&one.name)]));
        for (at, name) in illegal().iter().enumerate() {
            side.ask(&format!("illegal name {at}"), version, &metadata(version, vec![named(name)]));
        }
        let mixed = vec![named(&one.name), named(&"a b".into())];
        side.ask("a good one and an illegal one", version, &metadata(version, mixed));
        if 4 <= version {
            let mixed = vec![named(&unknown), named(&one.name)];
            side.ask("unknown", version, &metadata(version, vec![named(&unknown)]));
            side.ask("unknown twice", version, &metadata(version, vec![named(&unknown), named(&unknown)]));
            side.ask("a good one and an unknown one", version, &metadata(version, mixed));
        }
    }
    Ok(())
}

fn ids(side: &mut Side) -> Ran {
    let (one, two, unknown) =
        (Topic::make(side, "one", &[])?, Topic::make(side, "two", &[])?, Topic::unknown(side));
    for version in 10..=13 {
        let cases = [
            ("an id", vec![by_id(one.id, None)]),
            ("an id with an empty name", vec![by_id(one.id, Some(&Str::default()))]),
            ("an id with its name", vec![by_id(one.id, Some(&one.name))]),
            ("an id with another's name", vec![by_id(one.id, Some(&two.name))]),
            ("an unknown id", vec![by_id(unknown.id, None)]),
            ("an unknown id with a name", vec![by_id(unknown.id, Some(&one.name))]),
            ("neither", vec![by_id(Uuid::nil(), None)]),
            ("neither, twice", vec![by_id(Uuid::nil(), None), by_id(Uuid::nil(), None)]),
            ("ids", vec![by_id(two.id, None), by_id(one.id, None)]),
            ("an id twice", vec![by_id(one.id, None), by_id(one.id, None)]),
            ("an id and a name", vec![by_id(one.id, None), named(&two.name)]),
            ("an id and the same by name", vec![by_id(one.id, None), named(&one.name)]),
            ("a known and an unknown id", vec![by_id(one.id, None), by_id(unknown.id, None)]),
            ("a name and neither", vec![named(&one.name), by_id(Uuid::nil(), None)]),
        ];
        for (step, topics) in cases {
            side.ask(step, version, &metadata(version, topics));
        }
    }
    Ok(())
}

fn all(side: &mut Side) -> Ran {
    Topic::make(side, "one", &[])?;
    Topic::make_wide(side, "two", 2, &[])?;
    for version in versions::<MetadataRequest>() {
        let own = |side: &Side, response: &mut MetadataResponse| {
            response.topics.retain(|topic| topic.name.as_ref().is_some_and(|name| side.is_own(name)));
        };
        side.ask_for("an empty list", version, &metadata(version, Vec::new()), own);
        if 1 <= version {
            let everything = MetadataRequest { topics: None, ..metadata(version, Vec::new()) };
            side.ask_for("null", version, &everything, own);
        }
    }
    Ok(())
}

fn made(side: &mut Side) -> Ran {
    for version in versions::<MetadataRequest>() {
        let name = side.name(&format!("v{version}"));
        let asked = || MetadataRequest {
            topics: Some(vec![named(&name)]),
            allow_auto_topic_creation: true,
            ..Default::default()
        };
        if 4 <= version {
            side.ask("not wanted", version, &metadata(version, vec![named(&name)]));
            side.ask("not wanted, again", version, &metadata(version, vec![named(&name)]));
        }
        side.ask("wanted", version, &asked());
        Topic::find(side, &name, 1)?;
        side.ask("made", version, &asked());
        for (at, name) in illegal().iter().enumerate() {
            let request = MetadataRequest { topics: Some(vec![named(name)]), ..Default::default() };
            side.ask(&format!("illegal name {at}"), version, &request);
        }
    }
    let dotted = Topic::make(side, "a.b", &[])?;
    let request = MetadataRequest {
        topics: Some(vec![named(&dotted.name.replace("a.b", "a_b").into())]),
        ..Default::default()
    };
    side.ask("one that collides", 12, &request);
    Ok(())
}

fn rights(side: &mut Side) -> Ran {
    let topic = Topic::make(side, "t", &[])?;
    let unknown = Topic::unknown(side);
    for version in 8..=13 {
        for of_cluster in [false, true] {
            if of_cluster && 10 < version {
                continue;
            }
            for of_topics in [false, true] {
                let request = MetadataRequest {
                    include_cluster_authorized_operations: of_cluster,
                    include_topic_authorized_operations: of_topics,
                    ..metadata(version, vec![named(&topic.name), named(&unknown.name)])
                };
                side.ask(&format!("of the cluster {of_cluster}, of topics {of_topics}"), version, &request);
            }
        }
    }
    Ok(())
}

fn internal(side: &mut Side) -> Ran {
    let names: [Str; 3] =
        ["__consumer_offsets".into(), "__transaction_state".into(), "__share_group_state".into()];
    for version in [4, 12, 13] {
        for name in &names {
            side.ask("an internal topic", version, &metadata(version, vec![named(name)]));
        }
        side.ask(
            "the log of metadata",
            version,
            &metadata(version, vec![named(&"__cluster_metadata".into())]),
        );
    }
    Ok(())
}

fn described(topics: &[&Str], limit: i32, cursor: Option<(&str, i32)>) -> DescribeTopicPartitionsRequest {
    let cursor =
        cursor.map(|(topic, partition_index)| Box::new(Cursor { topic_name: topic.into(), partition_index }));
    DescribeTopicPartitionsRequest {
        topics: topics.iter().map(|name| TopicRequest { name: (*name).clone() }).collect(),
        response_partition_limit: limit,
        cursor,
    }
}

/// Three topics of three partitions each, in the order of their names.
fn three(side: &mut Side) -> Result<[Topic; 3], String> {
    let mut make = |suffix| Topic::make_wide(side, suffix, 3, &[]);
    Ok([make("a")?, make("b")?, make("c")?])
}

fn list(side: &mut Side) -> Ran {
    let [a, b, c] = three(side)?;
    let unknown = Topic::unknown(side).name;
    let names = [&c.name, &a.name, &b.name];
    side.ask("one", 0, &described(&[&a.name], 2000, None));
    side.ask("three", 0, &described(&names, 2000, None));
    side.ask("twice the same", 0, &described(&[&a.name, &a.name], 2000, None));
    side.ask("unknown", 0, &described(&[&unknown], 2000, None));
    side.ask("unknown among others", 0, &described(&[&a.name, &unknown, &c.name], 2000, None));
    for (at, name) in illegal().iter().enumerate() {
        side.ask(&format!("illegal name {at}"), 0, &described(&[name], 2000, None));
    }
    for limit in [1, 2, 3, 4, 6, 8, 9, 10, 0, -1, i32::MAX, i32::MIN] {
        side.ask(&format!("limit {limit}"), 0, &described(&names, limit, None));
    }
    side.ask("unknown at the limit", 0, &described(&[&a.name, &unknown], 3, None));
    side.ask("unknown before the limit", 0, &described(&[&a.name, &unknown], 4, None));
    for topic in [&a, &b, &c] {
        for partition in [0, 1, 2, 3, 7] {
            let step = format!("from {partition} of {}", topic.name.split("-").nth(2).unwrap_or_default());
            let step = step.split('.').next().unwrap_or_default();
            side.ask(step, 0, &described(&names, 2000, Some((&topic.name, partition))));
            side.ask(&format!("{step}, limit 2"), 0, &described(&names, 2, Some((&topic.name, partition))));
        }
    }
    side.ask("from an unknown one", 0, &described(&[&a.name, &unknown], 2, Some((&unknown, 0))));
    Ok(())
}

/// All topics: those of others come too, so pages are so small that they end among our own.
fn pages(side: &mut Side) -> Ran {
    let [a, b, c] = three(side)?;
    for (step, from, partition, limit) in [
        ("a page of one", &a, 0, 1),
        ("a page of three", &a, 0, 3),
        ("a page over two", &a, 2, 3),
        ("a page over three", &a, 0, 8),
        ("from the last partition", &b, 2, 2),
        ("from behind the last", &b, 3, 2),
        ("from far behind the last", &a, 100, 4),
        ("from the last topic", &c, 0, 2),
    ] {
        side.ask(step, 0, &described(&[], limit, Some((&from.name, partition))));
    }
    // A topic that has gone since the page before.
    let gone = a.name.replace("-a.", "-ab.");
    side.ask("from one that is gone", 0, &described(&[], 3, Some((&gone, 0))));
    side.ask("from one that is gone, further on", 0, &described(&[], 3, Some((&gone, 2))));
    Ok(())
}

fn refused(side: &mut Side) -> Ran {
    let [a, b, c] = three(side)?;
    let both = [&a.name, &b.name];
    side.ask("a cursor outside of the list", 0, &described(&both, 10, Some((&c.name, 0))));
    side.ask("a cursor of no name", 0, &described(&both, 10, Some(("", 0))));
    side.ask("a cursor of no topic", 0, &described(&both, 10, Some(("a b", 0))));
    side.ask("partition -1", 0, &described(&both, 10, Some((&a.name, -1))));
    side.ask("partition far below", 0, &described(&both, 10, Some((&a.name, i32::MIN))));
    side.ask("partition far above", 0, &described(&both, 10, Some((&a.name, i32::MAX))));
    side.ask("all, partition -1", 0, &described(&[], 10, Some((&a.name, -1))));
    Ok(())
}
