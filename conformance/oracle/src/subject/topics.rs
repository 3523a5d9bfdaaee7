//! CreateTopics beyond settings, CreatePartitions and DeleteTopics: how topics come, grow and go.

use crate::asking::{Topic, create, list_offsets, versions};
use crate::scenario::{Difference, Ran, Scenario, Subject};
use crate::side::{Side, until};
use ottla_wire::message::create_partitions_request::{CreatePartitionsAssignment, CreatePartitionsTopic};
use ottla_wire::message::create_topics_request::{CreatableReplicaAssignment, CreatableTopic};
use ottla_wire::message::delete_topics_request::DeleteTopicState;
use ottla_wire::message::*;
use ottla_wire::{ErrorCode, Str};
use uuid::Uuid;

pub const SUBJECT: Subject = Subject {
    name: "topics",
    about: "CreateTopics, CreatePartitions and DeleteTopics: names, counts, replicas, assignments, twice the same.",
    scenarios: &[
        Scenario {
            name: "created",
            asks: "topics that are made, and are there afterwards",
            run: created,
            differs: &[],
        },
        Scenario { name: "created-names", asks: "names of every kind", run: names, differs: NAMES },
        Scenario {
            name: "created-counts",
            asks: "numbers of partitions and replicas, validate only",
            run: counts,
            differs: INVENTED,
        },
        Scenario {
            name: "created-assigned",
            asks: "replicas that the client assigns, validate only",
            run: assigned,
            differs: INVENTED,
        },
        Scenario { name: "grown", asks: "topics that get more partitions", run: grown, differs: &[] },
        Scenario {
            name: "grown-refused",
            asks: "counts, names and assignments that are wrong",
            run: grown_refused,
            differs: &[],
        },
        Scenario {
            name: "deleted",
            asks: "topics that go, and what is told of them then",
            run: deleted,
            differs: &[],
        },
        Scenario {
            name: "deleted-refused",
            asks: "names and ids that are wrong, twice the same",
            run: deleted_refused,
            differs: &[],
        },
    ],
};

const NAMES: &[Difference] = &[
    Difference {
        step: "both in one request",
        field: "",
        because: "Apache Kafka looks for such names among the topics that are there, and makes both; Ottla makes the first.",
    },
    Difference { step: "three dots", field: "topic_id", because: NOTHING_MADE },
];

const NOTHING_MADE: &str =
    "Nothing was made, so nothing has an id. Apache Kafka draws one that no topic will ever have.";

const INVENTED: &[Difference] = &[Difference { step: "", field: "topic_id", because: NOTHING_MADE }];

/// Creates; what settings the answer tells is compared in `topic-configs`.
fn ask(side: &mut Side, step: &str, version: i16, request: &CreateTopicsRequest) {
    side.ask_for(step, version, request, |_, response| {
        for topic in &mut response.topics {
            topic.configs = topic.configs.take().map(|_| Vec::new());
        }
    });
}

fn request(topics: Vec<CreatableTopic>, validate_only: bool) -> CreateTopicsRequest {
    CreateTopicsRequest { topics, timeout_ms: 10_000, validate_only }
}

fn topic(name: &Str, num_partitions: i32, replication_factor: i16) -> CreatableTopic {
    CreatableTopic { name: name.clone(), num_partitions, replication_factor, ..Default::default() }
}

fn created(side: &mut Side) -> Ran {
    for version in versions::<CreateTopicsRequest>() {
        let name = side.name(&format!("v{version}"));
        ask(side, "one", version, &create(&name, 2, &[], false));
        let made = Topic::find(side, &name, 2)?;
        shown(side, "one", &made.name);
        ask(side, "the same again", version, &create(&name, 2, &[], false));
        ask(side, "the same again, validate only", version, &create(&name, 2, &[], true));
        let good = side.name(&format!("good-v{version}"));
        let mixed = vec![topic(&good, 1, 1), topic(&name, 1, 1), topic(&"a b".into(), 1, 1)];
        ask(side, "a good one beside bad ones", version, &request(mixed, false));
        Topic::find(side, &good, 1)?;
        let twice = side.name(&format!("twice-v{version}"));
        let both = vec![topic(&twice, 1, 1), topic(&twice, 2, 1)];
        ask(side, "twice in one request", version, &request(both, false));
        shown(side, "twice in one request", &twice);
        let thrice = vec![topic(&name, 1, 1), topic(&name, 1, 1), topic(&name, 1, 1)];
        ask(side, "three times what is there", version, &request(thrice, false));
        ask(side, "nothing", version, &request(Vec::new(), false));
    }
    Ok(())
}

/// What there is of a name.
fn shown(side: &mut Side, step: &str, name: &Str) {
    let asked = metadata_request::MetadataRequestTopic { name: Some(name.clone()), ..Default::default() };
    let request =
        MetadataRequest { topics: Some(vec![asked]), allow_auto_topic_creation: false, ..Default::default() };
    side.ask(&format!("{step}: shown"), 12, &request);
}

fn names(side: &mut Side) -> Ran {
    // The longest name there may be, and one letter more.
    let room = 249 - side.name("").len();
    let (longest, longer) = (side.name(&"n".repeat(room)), side.name(&"n".repeat(room + 1)));
    let refused: [Str; 12] = [
        "".into(),
        ".".into(),
        "..".into(),
        "a b".into(),
        "a/b".into(),
        "a:b".into(),
        "a\u{e9}b".into(),
        "a\nb".into(),
        "*".into(),
        "__cluster_metadata".into(),
        "a\0b".into(),
        longer,
    ];
    for version in versions::<CreateTopicsRequest>() {
        for (at, name) in refused.iter().enumerate() {
            ask(side, &format!("refused name {at}"), version, &create(name, 1, &[], true));
        }
    }
    ask(side, "the longest name", 7, &create(&longest, 1, &[], false));
    Topic::find(side, &longest, 1)?;
    let (dotted, underscored) = (side.name("a.b"), side.name("a_b"));
    ask(side, "dotted", 7, &create(&dotted, 1, &[], false));
    Topic::find(side, &dotted, 1)?;
    ask(side, "with underscores, which is the same to metrics", 7, &create(&underscored, 1, &[], false));
    ask(side, "dotted again", 7, &create(&dotted, 1, &[], false));
    let internal: Str = format!("__{}", side.name("x")).into();
    ask(side, "a name that begins like internal ones", 7, &create(&internal, 1, &[], false));
    ask(side, "three dots", 7, &create(&"...".into(), 1, &[], true));
    let (left, right) = (side.name("c.d"), side.name("c_d"));
    let both = vec![topic(&left, 1, 1), topic(&right, 1, 1)];
    ask(side, "both in one request", 7, &request(both, false));
    Ok(())
}

fn counts(side: &mut Side) -> Ran {
    let name = side.name("t");
    for version in versions::<CreateTopicsRequest>() {
        for partitions in [-2, -1, 0, 1, 2, 9_999, 10_000, 10_001, i32::MAX, i32::MIN] {
            let step = format!("{partitions} partitions");
            ask(side, &step, version, &request(vec![topic(&name, partitions, 1)], true));
        }
        for replicas in [-2, -1, 0, 1, 2, 3, i16::MAX, i16::MIN] {
            let step = format!("{replicas} replicas");
            ask(side, &step, version, &request(vec![topic(&name, 1, replicas)], true));
        }
        ask(side, "0 of both", version, &request(vec![topic(&name, 0, 0)], true));
        ask(side, "-1 of both", version, &request(vec![topic(&name, -1, -1)], true));
    }
    // The limit is one of the whole request.
    let parts = [6000, 6000].into_iter().enumerate();
    let two = parts.map(|(at, count)| topic(&side.name(&format!("part-{at}")), count, 1)).collect();
    ask(side, "two times 6000 partitions", 7, &request(two, true));
    Ok(())
}

fn assigned(side: &mut Side) -> Ran {
    let name = side.name("t");
    let cases: &[(&str, &[(i32, &[i32])])] = &[
        ("one partition", &[(0, &[1])]),
        ("two partitions", &[(0, &[1]), (1, &[1])]),
        ("the other way round", &[(1, &[1]), (0, &[1])]),
        ("not from 0", &[(1, &[1])]),
        ("with a gap", &[(0, &[1]), (2, &[1])]),
        ("below 0", &[(-1, &[1]), (0, &[1])]),
        ("twice the same", &[(0, &[1]), (0, &[1])]),
        ("no broker", &[(0, &[])]),
        ("no broker for the second", &[(0, &[1]), (1, &[])]),
        ("an unknown broker", &[(0, &[2])]),
        ("an unknown broker beside a known one", &[(0, &[1, 2])]),
        ("a broker twice", &[(0, &[1, 1])]),
        ("a broker below 0", &[(0, &[-1])]),
        ("different numbers of replicas", &[(0, &[1]), (1, &[1, 1])]),
    ];
    for version in versions::<CreateTopicsRequest>() {
        for (step, assignments) in cases {
            for (counts, partitions, replicas) in
                [("", -1, -1), (", and a count", 1, -1), (", and replicas", -1, 1), (", and both", 1, 1)]
            {
                let assignments =
                    assignments.iter().map(|(partition_index, brokers)| CreatableReplicaAssignment {
                        partition_index: *partition_index,
                        broker_ids: brokers.to_vec(),
                    });
                let wanted = CreatableTopic {
                    assignments: assignments.collect(),
                    ..topic(&name, partitions, replicas)
                };
                ask(side, &format!("{step}{counts}"), version, &request(vec![wanted], true));
            }
        }
    }
    Ok(())
}

fn growth(name: &Str, count: i32, assignments: Option<&[&[i32]]>) -> CreatePartitionsTopic {
    let assignments = assignments.map(|lists| {
        lists.iter().map(|brokers| CreatePartitionsAssignment { broker_ids: brokers.to_vec() }).collect()
    });
    CreatePartitionsTopic { name: name.clone(), count, assignments }
}

fn grow(topics: Vec<CreatePartitionsTopic>, validate_only: bool) -> CreatePartitionsRequest {
    CreatePartitionsRequest { topics, timeout_ms: 10_000, validate_only }
}

fn grown(side: &mut Side) -> Ran {
    for version in versions::<CreatePartitionsRequest>() {
        let topic = Topic::make(side, &format!("v{version}"), &[])?;
        side.ask("validate only", version, &grow(vec![growth(&topic.name, 3, None)], true));
        side.ask("to three", version, &grow(vec![growth(&topic.name, 3, None)], false));
        Topic::find(side, &topic.name, 3)?;
        shown(side, "three", &topic.name);
        side.ask("to four, assigned", version, &grow(vec![growth(&topic.name, 4, Some(&[&[1]]))], false));
        Topic::find(side, &topic.name, 4)?;
        shown(side, "four", &topic.name);
        side.ask("the new one's end", 7, &list_offsets(&topic, -1, false));
        side.ask("nothing", version, &grow(Vec::new(), false));
    }
    Ok(())
}

fn grown_refused(side: &mut Side) -> Ran {
    let topic = Topic::make_wide(side, "t", 2, &[])?;
    let other = Topic::make_wide(side, "other", 2, &[])?;
    let (name, unknown) = (&topic.name, Topic::unknown(side).name);
    let cases: &[(&str, i32, Option<&[&[i32]]>)] = &[
        ("the same", 2, None),
        ("fewer", 1, None),
        ("none", 0, None),
        ("below 0", -1, None),
        ("far below 0", i32::MIN, None),
        ("far too many", i32::MAX, None),
        ("10000 more", 10_002, None),
        ("10001 more", 10_003, None),
        ("the same, assigned", 2, Some(&[&[1]])),
        ("assigned to nobody", 3, Some(&[])),
        ("assigned to no broker", 3, Some(&[&[]])),
        ("assigned, one too many", 3, Some(&[&[1], &[1]])),
        ("assigned, one too few", 4, Some(&[&[1]])),
        ("assigned to an unknown broker", 3, Some(&[&[2]])),
        ("assigned to a broker twice", 3, Some(&[&[1, 1]])),
        ("assigned to a broker below 0", 3, Some(&[&[-1]])),
        ("assigned with more replicas", 3, Some(&[&[1, 2]])),
    ];
    for version in versions::<CreatePartitionsRequest>() {
        for (step, count, assignments) in cases {
            side.ask(step, version, &grow(vec![growth(name, *count, *assignments)], true));
        }
        side.ask("an unknown topic", version, &grow(vec![growth(&unknown, 3, None)], true));
        for bad in ["", "a b", ".."] {
            side.ask(&format!("topic '{bad}'"), version, &grow(vec![growth(&bad.into(), 3, None)], true));
        }
        let twice = vec![growth(name, 3, None), growth(name, 4, None)];
        side.ask("twice in one request", version, &grow(twice, true));
        let mixed = vec![growth(name, 3, None), growth(&unknown, 3, None)];
        let many = vec![growth(name, 6_002, None), growth(&other.name, 6_002, None)];
        side.ask("two times 6000 more", version, &grow(many, true));
        side.ask("a good one beside a bad one", version, &grow(mixed, true));
    }
    Ok(())
}

/// As the version says it: by name, or by id where there are ids.
fn deletion(version: i16, names: &[&Str]) -> DeleteTopicsRequest {
    let named = |name: &&Str| DeleteTopicState { name: Some((*name).clone()), topic_id: Uuid::nil() };
    match version {
        ..6 => DeleteTopicsRequest {
            topic_names: names.iter().map(|name| (*name).clone()).collect(),
            timeout_ms: 10_000,
            ..Default::default()
        },
        _ => states(names.iter().map(named).collect()),
    }
}

fn states(topics: Vec<DeleteTopicState>) -> DeleteTopicsRequest {
    DeleteTopicsRequest { topics, timeout_ms: 10_000, ..Default::default() }
}

fn by_id(id: Uuid) -> DeleteTopicState {
    DeleteTopicState { name: None, topic_id: id }
}

fn deleted(side: &mut Side) -> Ran {
    for version in versions::<DeleteTopicsRequest>() {
        let topic = Topic::make(side, &format!("v{version}"), &[])?;
        let other = Topic::make(side, &format!("other-v{version}"), &[])?;
        let unknown = Topic::unknown(side).name;
        side.ask("one, beside one that is not there", version, &deletion(version, &[&topic.name, &unknown]));
        gone(side, &topic)?;
        shown(side, "after", &topic.name);
        side.ask("again", version, &deletion(version, &[&topic.name]));
        side.ask("its end", 7, &list_offsets(&topic, -1, false));
        let again = Topic::make(side, &format!("v{version}"), &[])?;
        let is_new = if again.id == topic.id { "the same" } else { "another" };
        side.keep_as::<CreateTopicsRequest>("made again", 7, vec![("id".to_owned(), is_new.to_owned())]);
        side.ask("its end again", 7, &list_offsets(&again, -1, false));
        if 6 <= version {
            side.ask("the id of the one that is gone", version, &states(vec![by_id(topic.id)]));
            side.ask("by id", version, &states(vec![by_id(again.id), by_id(other.id)]));
            gone(side, &again)?;
            side.ask("by id again", version, &states(vec![by_id(again.id)]));
        }
        side.ask("nothing", version, &deletion(version, &[]));
    }
    Ok(())
}

/// Waits until nobody knows the name any more.
fn gone(side: &mut Side, topic: &Topic) -> Ran {
    until(|| {
        let answer = side.setup(7, &list_offsets(topic, -1, false))?;
        let part = answer.topics.first().and_then(|topic| topic.partitions.first());
        let code = part.ok_or("no partition in the answer")?.error_code;
        Ok((code == ErrorCode::UNKNOWN_TOPIC_OR_PARTITION).then_some(()))
    })
}

fn deleted_refused(side: &mut Side) -> Ran {
    let (topic, unknown) = (Topic::make(side, "t", &[])?, Topic::unknown(side));
    let name = &topic.name;
    for version in versions::<DeleteTopicsRequest>() {
        side.ask("twice", version, &deletion(version, &[name, name]));
        side.ask("twice what is not there", version, &deletion(version, &[&unknown.name, &unknown.name]));
        for bad in ["", "a b", "..", "*"] {
            side.ask(&format!("'{bad}'"), version, &deletion(version, &[&bad.into()]));
        }
    }
    let both = |name: &Str, topic_id| DeleteTopicState { name: Some(name.clone()), topic_id };
    let cases: [(&str, Vec<DeleteTopicState>); 8] = [
        ("an unknown id", vec![by_id(unknown.id)]),
        ("the id of nothing", vec![by_id(Uuid::nil())]),
        ("the id of nothing twice", vec![by_id(Uuid::nil()), by_id(Uuid::nil())]),
        ("name and id", vec![both(name, topic.id)]),
        ("a name and another's id", vec![both(name, unknown.id)]),
        ("the same id twice", vec![by_id(topic.id), by_id(topic.id)]),
        ("an unknown id twice", vec![by_id(unknown.id), by_id(unknown.id)]),
        ("once by name and once by id", vec![both(name, Uuid::nil()), by_id(topic.id)]),
    ];
    for (step, topics) in cases {
        side.ask(step, 6, &states(topics));
    }
    shown(side, "it is still there", name);
    Ok(())
}
