//! Settings of groups: what is accepted, what is described and what is listed.

use crate::flat;
use crate::scenario::{Difference, Ran, Scenario, Subject};
use crate::settings::{
    APPEND, DELETE, GROUP, SET, SUBTRACT, Setting, TOPIC, change, describe, resource, until_described,
};
use crate::side::Side;
use ottla_wire::Str;
use ottla_wire::message::incremental_alter_configs_request::AlterConfigsResource;
use ottla_wire::message::{
    IncrementalAlterConfigsRequest, ListConfigResourcesRequest, ListConfigResourcesResponse,
};

pub const SUBJECT: Subject = Subject {
    name: "group-configs",
    about: "Settings of groups: which values are accepted, and how they are described and listed.",
    scenarios: &[
        Scenario {
            name: "group-values",
            asks: "IncrementalAlterConfigs, validate only, one setting each",
            run: values,
            differs: VALUES_DIFFER,
        },
        Scenario {
            name: "group-pairs",
            asks: "settings that only make sense together",
            run: pairs,
            differs: &[],
        },
        Scenario {
            name: "group-operations",
            asks: "delete, append, subtract, null, the same twice",
            run: operations,
            differs: OPERATIONS,
        },
        Scenario {
            name: "group-resources",
            asks: "names of groups, groups named twice, one bad setting among good ones",
            run: resources,
            differs: &[],
        },
        Scenario {
            name: "group-described",
            asks: "DescribeConfigs of groups with and without settings",
            run: described,
            differs: DESCRIBED,
        },
        Scenario {
            name: "group-listed",
            asks: "ListConfigResources: which groups have settings",
            run: listed,
            differs: &[],
        },
    ],
};

/// Each key with values inside, at the edge of and outside of what a broker with default bounds allows.
const VALUES: &[(&str, &[&str])] = &[
    ("consumer.session.timeout.ms", SESSION),
    ("consumer.heartbeat.interval.ms", HEARTBEAT),
    ("consumer.assignment.interval.ms", ASSIGNMENT),
    ("consumer.assignor.offload.enable", BOOLEAN),
    ("share.session.timeout.ms", SESSION),
    ("share.heartbeat.interval.ms", HEARTBEAT),
    ("share.assignment.interval.ms", ASSIGNMENT),
    ("share.assignor.offload.enable", BOOLEAN),
    ("share.record.lock.duration.ms", &["15000", "14999", "60000", "60001", "1000", "0", "-1", "x"]),
    ("share.delivery.count.limit", &["2", "1", "10", "11", "25", "0", "-1", ""]),
    ("share.partition.max.record.locks", &["100", "99", "4000", "4001", "10000", "0", "-1", "1e3"]),
    ("share.renew.acknowledge.enable", BOOLEAN),
    (
        "share.auto.offset.reset",
        &[
            "latest",
            "earliest",
            "LATEST",
            "none",
            "",
            "by_duration:PT1H",
            "by_duration:P1DT2H3M4.5S",
            "by_duration:pt1h",
            "by_duration:PT0S",
            "by_duration:PT-1H",
            "by_duration:-PT1H",
            "by_duration:P1Y",
            "by_duration:P1W",
            "by_duration:",
            "by_duration",
            "BY_DURATION:PT1H",
            " earliest ",
        ],
    ),
    ("share.isolation.level", &["read_committed", "read_uncommitted", "READ_COMMITTED", "", "serializable"]),
    (
        "errors.deadletterqueue.topic.name",
        &["", "dlq.x", "x", "__consumer_offsets", "__x", "dlq.a b", ".", "..", " dlq.x "],
    ),
    ("errors.deadletterqueue.copy.record.enable", BOOLEAN),
    ("streams.session.timeout.ms", SESSION),
    ("streams.heartbeat.interval.ms", HEARTBEAT),
    ("streams.assignment.interval.ms", ASSIGNMENT),
    ("streams.assignor.offload.enable", BOOLEAN),
    ("streams.initial.rebalance.delay.ms", &["0", "-1", "3000", "2147483647", "2147483648"]),
    ("streams.num.standby.replicas", &["0", "-1", "2", "3"]),
    ("streams.num.warmup.replicas", &["0", "-1", "1", "20", "21"]),
    ("streams.acceptable.recovery.lag", &["0", "-1", "9223372036854775807", "9223372036854775808"]),
    ("streams.task.offset.interval.ms", &["15000", "14999", "60000", "2147483647", "0"]),
    ("streams.rack.aware.assignment.tags", &["", "zone", "zone,rack", "zone,zone", "zone, rack", "a,,b"]),
    ("streams.assignor.name", &["sticky", "Sticky", "", "highly_available"]),
    ("streams.assignors", &["sticky"]),
    ("no.such.setting", &["1"]),
    ("retention.ms", &["1"]),
    ("group.share.session.timeout.ms", &["45000"]),
    ("share.delivery.attempt.limit", &["5"]),
    ("", &["1"]),
];

const SESSION: &[&str] =
    &["45000", "44999", "60000", "60001", "0", "-1", "2147483648", "", "abc", "1.5", " 50000 ", "+50000"];
const HEARTBEAT: &[&str] = &["5000", "4999", "15000", "15001", "0", "-1", "x"];
const ASSIGNMENT: &[&str] = &["0", "-1", "1000", "15000", "15001", "x"];
const BOOLEAN: &[&str] = &["true", "false", "TRUE", "yes", "", "1"];

/// Settings that have to do with each other.
const PAIRS: &[&[(&str, &str)]] = &[
    &[("consumer.session.timeout.ms", "45000"), ("consumer.heartbeat.interval.ms", "15000")],
    &[("share.session.timeout.ms", "60000"), ("share.heartbeat.interval.ms", "15000")],
    &[("share.session.timeout.ms", "1"), ("share.heartbeat.interval.ms", "1")],
    &[("streams.session.timeout.ms", "45000"), ("streams.heartbeat.interval.ms", "5000")],
    &[("share.auto.offset.reset", "earliest"), ("share.delivery.count.limit", "11")],
    &[("share.auto.offset.reset", "earliest"), ("no.such.setting", "1")],
    &[("errors.deadletterqueue.topic.name", ""), ("errors.deadletterqueue.copy.record.enable", "true")],
];

fn values(side: &mut Side) -> Ran {
    let group = side.name("g");
    for (key, values) in VALUES {
        for value in *values {
            side.ask(
                &format!("{key}='{value}'"),
                1,
                &change(GROUP, &group, &[(key, SET, Some(value))], true),
            );
        }
    }
    Ok(())
}

fn pairs(side: &mut Side) -> Ran {
    let group = side.name("g");
    for pair in PAIRS {
        let settings: Vec<Setting<'_>> = pair.iter().map(|(key, value)| (*key, SET, Some(*value))).collect();
        let step: Vec<String> = pair.iter().map(|(key, value)| format!("{key}='{value}'")).collect();
        side.ask(&step.join(" "), 1, &change(GROUP, &group, &settings, true));
    }
    Ok(())
}

fn operations(side: &mut Side) -> Ran {
    let group = side.name("g");
    let limit = "share.delivery.count.limit";
    let tags = "streams.rack.aware.assignment.tags";
    for (step, settings) in [
        ("delete what is not set", [(limit, DELETE, None)]),
        ("set", [(limit, SET, Some("7"))]),
        ("delete with a value", [(limit, DELETE, Some("9"))]),
        ("delete an unknown", [("no.such.setting", DELETE, None)]),
        ("null", [(limit, SET, None)]),
        ("append to a number", [(limit, APPEND, Some("7"))]),
        ("subtract from a number", [(limit, SUBTRACT, Some("7"))]),
        ("append to a text", [("share.auto.offset.reset", APPEND, Some("latest"))]),
        ("append to a list", [(tags, APPEND, Some("zone"))]),
        ("subtract from a list", [(tags, SUBTRACT, Some("zone"))]),
        ("append to an unknown", [("no.such.setting", APPEND, Some("7"))]),
        ("operation 4", [(limit, 4, Some("7"))]),
        ("operation -1", [(limit, -1, Some("7"))]),
    ] {
        side.ask(step, 1, &change(GROUP, &group, &settings, false));
    }
    let twice = [(limit, SET, Some("7")), (limit, SET, Some("8"))];
    side.ask("the same twice", 1, &change(GROUP, &group, &twice, false));
    let both = [(limit, SET, Some("7")), (limit, DELETE, None)];
    side.ask("set and delete", 1, &change(GROUP, &group, &both, false));
    side.ask("nothing", 1, &change(GROUP, &group, &[], false));
    for version in 0..=1 {
        side.ask("set again", version, &change(GROUP, &group, &[(limit, SET, Some("6"))], false));
    }
    Ok(())
}

fn resources(side: &mut Side) -> Ran {
    let [one, two] = ["one", "two"].map(|suffix| side.name(suffix));
    let set: &[Setting<'_>] = &[("share.delivery.count.limit", SET, Some("7"))];
    let bad: &[Setting<'_>] = &[("share.delivery.count.limit", SET, Some("70"))];
    side.ask("no name", 1, &change(GROUP, &Str::default(), set, true));
    side.ask("a blank name", 1, &change(GROUP, &"  ".into(), set, true));
    side.ask("any letters", 1, &change(GROUP, &"größe / 1".into(), set, true));
    let ask = |side: &mut Side, step: &str, resources: Vec<AlterConfigsResource>| {
        side.ask(step, 1, &IncrementalAlterConfigsRequest { resources, ..Default::default() });
    };
    ask(side, "the same group twice", vec![resource(GROUP, &one, set), resource(GROUP, &one, set)]);
    ask(side, "one good, one bad", vec![resource(GROUP, &one, set), resource(GROUP, &two, bad)]);
    ask(side, "no group", Vec::new());
    let good = ("share.auto.offset.reset", SET, Some("earliest"));
    side.ask("a good and a bad setting", 1, &change(GROUP, &two, &[good, bad[0]], false));
    until_described(side, GROUP, &one, ("share.delivery.count.limit", "7"))?;
    for (step, group) in [("the good group", &one), ("the bad group", &two)] {
        let keys = ["share.delivery.count.limit", "share.auto.offset.reset"];
        side.ask(step, 4, &describe(GROUP, group, Some(&keys), false));
    }
    Ok(())
}

fn described(side: &mut Side) -> Ran {
    let group = side.name("g");
    side.ask("without settings", 4, &describe(GROUP, &group, None, true));
    side.ask("no name", 4, &describe(GROUP, &Str::default(), None, false));
    let settings = [
        ("share.delivery.count.limit", SET, Some("7")),
        ("share.auto.offset.reset", SET, Some("by_duration:PT1H")),
        ("share.renew.acknowledge.enable", SET, Some("TRUE")),
        ("consumer.session.timeout.ms", SET, Some(" 50000 ")),
        ("streams.rack.aware.assignment.tags", SET, Some("zone, rack")),
        ("errors.deadletterqueue.copy.record.enable", SET, Some("true")),
    ];
    side.ask("set", 1, &change(GROUP, &group, &settings, false));
    until_described(side, GROUP, &group, ("share.delivery.count.limit", "7"))?;
    for version in 1..=4 {
        side.ask("with settings", version, &describe(GROUP, &group, None, true));
    }
    side.ask("without synonyms", 4, &describe(GROUP, &group, None, false));
    let keys = ["share.delivery.count.limit", "no.such.setting", "share.isolation.level"];
    side.ask("some keys", 4, &describe(GROUP, &group, Some(&keys), true));
    side.ask("no keys", 4, &describe(GROUP, &group, Some(&[]), false));
    let unset = [("share.delivery.count.limit", DELETE, None)];
    side.ask("delete one", 1, &change(GROUP, &group, &unset, false));
    until_described(side, GROUP, &group, ("share.delivery.count.limit", "5"))?;
    side.ask("one less", 4, &describe(GROUP, &group, Some(&keys), true));
    Ok(())
}

fn listed(side: &mut Side) -> Ran {
    let [one, two] = ["one", "two"].map(|suffix| side.name(suffix));
    let list = |side: &mut Side, step: &str| -> Ran {
        for types in [vec![], vec![GROUP], vec![GROUP, TOPIC], vec![TOPIC]] {
            let request = ListConfigResourcesRequest { resource_types: types.clone() };
            let answer = side.setup(1, &request)?;
            // Others may have settings by now; only those of this scenario count.
            let is_own = |name: &Str| [&one, &two].contains(&name);
            let config_resources =
                answer.config_resources.iter().filter(|found| is_own(&found.resource_name)).cloned();
            let answer =
                ListConfigResourcesResponse { config_resources: config_resources.collect(), ..answer };
            let step = format!("{step}, types {types:?}");
            side.keep_as::<ListConfigResourcesRequest>(&step, 1, flat::fields(&answer));
        }
        Ok(())
    };
    list(side, "before")?;
    let key = "share.delivery.count.limit";
    for group in [&one, &two] {
        side.ask("set", 1, &change(GROUP, group, &[(key, SET, Some("7"))], false));
        until_described(side, GROUP, group, (key, "7"))?;
    }
    list(side, "after")?;
    side.ask("delete", 1, &change(GROUP, &one, &[(key, DELETE, None)], false));
    until_described(side, GROUP, &one, (key, "5"))?;
    list(side, "one has none any more")?;
    for types in [vec![3], vec![GROUP, 99], vec![-1], vec![0]] {
        let request = ListConfigResourcesRequest { resource_types: types.clone() };
        side.ask(&format!("types {types:?}"), 1, &request);
    }
    Ok(())
}

const VALUES_DIFFER: &[Difference] = &[
    Difference {
        step: "errors.deadletterqueue.topic.name='dlq.a b'",
        field: "error_code",
        because: NO_TOPIC,
    },
    Difference { step: "errors.deadletterqueue.topic.name='.", field: "error_code", because: NO_TOPIC },
];

const NO_TOPIC: &str = "No topic can have this name. Apache Kafka takes it, and finds out when the first letter has nowhere to go.";

const OPERATIONS: &[Difference] = &[
    Difference {
        step: "operation ",
        field: "",
        because: "There is no such operation. Apache Kafka fails inside and says UNKNOWN_SERVER_ERROR, Ottla says what is wrong.",
    },
    Difference { step: "append to a list", field: "", because: LISTS },
    Difference { step: "subtract from a list", field: "", because: LISTS },
];

const LISTS: &str =
    "In Ottla the lists of groups can be extended and shortened as those of topics and brokers.";

const DESCRIBED: &[Difference] = &[
    Difference {
        step: "",
        field: "configs[queue.",
        because: "Settings of Ottla's own: what makes a share group a better queue.",
    },
    Difference { step: "", field: "configs[streams.acceptable.recovery.lag]", because: HIDDEN },
    Difference { step: "", field: "configs[streams.num.warmup.replicas]", because: HIDDEN },
    Difference { step: "", field: "configs[streams.task.offset.interval.ms]", because: HIDDEN },
    Difference { step: "", field: ".assignor.offload.enable]", because: HIDDEN },
    Difference {
        step: "",
        field: "configs[errors.deadletterqueue.copy.record.enable]",
        because: "On by default in Ottla: a letter that names a record which retention has deleted helps nobody.",
    },
];

const HIDDEN: &str =
    "Both take this setting, and Ottla shows what it takes; Apache Kafka keeps it to itself.";
