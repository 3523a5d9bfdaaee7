//! Settings of the broker and of all brokers: what may change, and what AlterConfigs replaces, also of topics.

use crate::asking::{Topic, versions};
use crate::scenario::{Difference, Ran, Scenario, Subject};
use crate::settings::{
    APPEND, DELETE, SET, SUBTRACT, Setting, TOPIC, change, describe, resource, until_described,
};
use crate::side::{Side, until};
use ottla_wire::Str;
use ottla_wire::message::alter_configs_request::{AlterConfigsResource, AlterableConfig};
use ottla_wire::message::*;

pub const SUBJECT: Subject = Subject {
    name: "broker-configs",
    about: "IncrementalAlterConfigs and AlterConfigs of the broker, of all brokers, and of topics; ListConfigResources.",
    scenarios: &[
        Scenario {
            name: "broker-names",
            asks: "brokers and types of resources that are not there",
            run: names,
            differs: &[],
        },
        Scenario {
            name: "broker-operations",
            asks: "delete, append, subtract, null, the same twice",
            run: operations,
            differs: &[],
        },
        Scenario {
            name: "broker-changed",
            asks: "settings that change, of one and of all brokers, and go back",
            run: changed,
            differs: &[],
        },
        Scenario {
            name: "replaced-topic",
            asks: "AlterConfigs of topics",
            run: replaced_topic,
            differs: &[],
        },
        Scenario {
            name: "replaced-broker",
            asks: "AlterConfigs of brokers",
            run: replaced_broker,
            differs: OF_ALL,
        },
        Scenario {
            name: "resources-listed",
            asks: "ListConfigResources of each type and of none",
            run: listed,
            differs: &[],
        },
    ],
};

const OF_ALL: &[Difference] = &[Difference {
    step: "all: ",
    field: "error_",
    because: "A new cluster of Apache Kafka sets min.insync.replicas for all brokers, and does not let it be removed, as a \
              replacement without it would; in Ottla nothing is set.",
}];

/// Names that are no broker's, and types of which there are no resources.
const NAMES: &[(i8, &str)] = &[
    (BROKER, "2"),
    (BROKER, "-1"),
    (BROKER, "x"),
    (BROKER, " 1"),
    (BROKER, "01"),
    (BROKER, "99999999999"),
    (LOGGER, ""),
    (LOGGER, "2"),
    (LOGGER, "x"),
    (TOPIC, ""),
    (TOPIC, "a b"),
    (0, "1"),
    (1, "1"),
    (3, "1"),
    (-1, "1"),
    (127, "1"),
];

fn names(side: &mut Side) -> Ran {
    let settings: &[Setting<'_>] = &[("message.max.bytes", SET, Some("1048588"))];
    for (kind, name) in NAMES {
        let step = format!("{kind} '{name}'");
        let name: Str = (*name).into();
        for version in versions::<DescribeConfigsRequest>() {
            side.ask(&step, version, &describe(*kind, &name, Some(&["num.partitions"]), false));
        }
        for version in versions::<IncrementalAlterConfigsRequest>() {
            side.ask(&step, version, &change(*kind, &name, settings, true));
        }
        for version in versions::<AlterConfigsRequest>() {
            side.ask(
                &step,
                version,
                &replace(&[(*kind, &name, &[("message.max.bytes", Some("1048588"))])], true),
            );
        }
    }
    Ok(())
}

fn operations(side: &mut Side) -> Ran {
    for (of, broker) in [("broker", "1"), ("all", "")] {
        for (step, setting) in [
            ("delete", ("message.max.bytes", DELETE, None)),
            ("delete with a value", ("message.max.bytes", DELETE, Some("7"))),
            ("delete an unknown", ("no.such.setting", DELETE, None)),
            ("delete what cannot change", ("num.partitions", DELETE, None)),
            ("null", ("message.max.bytes", SET, None)),
            ("append", ("log.cleanup.policy", APPEND, Some("compact"))),
            ("append what is there", ("log.cleanup.policy", APPEND, Some("delete"))),
            ("append what is wrong", ("log.cleanup.policy", APPEND, Some("wrong"))),
            ("subtract", ("log.cleanup.policy", SUBTRACT, Some("delete"))),
            ("subtract what is not there", ("log.cleanup.policy", SUBTRACT, Some("compact"))),
            ("append to a number", ("message.max.bytes", APPEND, Some("7"))),
            ("subtract from a number", ("message.max.bytes", SUBTRACT, Some("7"))),
            ("append to an unknown", ("no.such.setting", APPEND, Some("7"))),
        ] {
            side.ask(&format!("{of}: {step}"), 1, &change(BROKER, &broker.into(), &[setting], true));
        }
        let twice = [("message.max.bytes", SET, Some("7")), ("message.max.bytes", SET, Some("8"))];
        side.ask(&format!("{of}: the same twice"), 1, &change(BROKER, &broker.into(), &twice, true));
        let mut request = change(BROKER, &broker.into(), &[("message.max.bytes", SET, Some("7"))], true);
        request.resources.extend(request.resources.clone());
        side.ask(&format!("{of}: the resource twice"), 1, &request);
    }
    let mut request = change(BROKER, &"1".into(), &[("message.max.bytes", SET, Some("7"))], true);
    request.resources.push(resource(BROKER, &"".into(), &[("num.partitions", SET, Some("2"))]));
    request.resources.push(resource(BROKER, &"".into(), &[("num.partitions", SET, Some("2"))]));
    side.ask("a good one beside bad ones", 1, &request);
    Ok(())
}

/// What is told of one setting in each way.
fn shown(side: &mut Side, step: &str) {
    for broker in ["1", ""] {
        let of = if broker.is_empty() { "all" } else { "broker" };
        side.ask(&format!("{step}: {of}"), 4, &describe(BROKER, &broker.into(), Some(&[KEY]), true));
    }
}

/// A setting that harms nobody.
const KEY: &str = "message.max.bytes";

/// Waits until the broker itself has a value.
fn until_is(side: &mut Side, value: &str) -> Ran {
    until_described(side, BROKER, &"1".into(), (KEY, value))
}

fn changed(side: &mut Side) -> Ran {
    let (broker, all): (Str, Str) = ("1".into(), "".into());
    for version in versions::<IncrementalAlterConfigsRequest>() {
        shown(side, "before");
        let set = |value| [(KEY, SET, Some(value))];
        side.ask("of all", version, &change(BROKER, &all, &set("1048600"), false));
        until_is(side, "1048600")?;
        shown(side, "set for all");
        side.ask("of the broker", version, &change(BROKER, &broker, &set("1048700"), false));
        until_is(side, "1048700")?;
        shown(side, "set for both");
        side.ask("not of all any more", version, &change(BROKER, &all, &[(KEY, DELETE, None)], false));
        until(|| {
            let answer = side.setup(4, &describe(BROKER, &all, Some(&[KEY]), false))?;
            Ok(answer.results.first().is_some_and(|result| result.configs.is_empty()).then_some(()))
        })?;
        shown(side, "set for the broker");
        side.ask("validate only", version, &change(BROKER, &broker, &set("1048800"), true));
        shown(side, "validated only");
        side.ask("back", version, &change(BROKER, &broker, &[(KEY, DELETE, None)], false));
        until_is(side, "1048588")?;
        shown(side, "in the end");
    }
    Ok(())
}

type Given<'a> = (i8, &'a Str, &'a [(&'a str, Option<&'a str>)]);

/// Replaces all settings of resources.
fn replace(resources: &[Given<'_>], validate_only: bool) -> AlterConfigsRequest {
    let resources = resources.iter().map(|(kind, name, configs)| AlterConfigsResource {
        resource_type: *kind,
        resource_name: (*name).clone(),
        configs: configs
            .iter()
            .map(|(name, value)| AlterableConfig { name: (*name).into(), value: value.map(Into::into) })
            .collect(),
    });
    AlterConfigsRequest { resources: resources.collect(), validate_only }
}

fn replaced_topic(side: &mut Side) -> Ran {
    const SHOWN: Option<&[&str]> = Some(&["retention.ms", "segment.bytes", "cleanup.policy"]);
    for version in versions::<AlterConfigsRequest>() {
        let topic = Topic::make(
            side,
            &format!("v{version}"),
            &[("retention.ms", "5"), ("segment.bytes", "1048576")],
        )?;
        let (name, unknown) = (&topic.name, Topic::unknown(side).name);
        for (step, configs) in [
            ("a bad value", &[("retention.ms", Some("x"))][..]),
            ("a good value and a bad one", &[("retention.ms", Some("6")), ("segment.bytes", Some("1"))]),
            ("null", &[("retention.ms", None)]),
            ("an unknown setting", &[("no.such.setting", Some("1"))]),
            ("an empty name", &[("", Some("1"))]),
            ("the same twice", &[("retention.ms", Some("6")), ("retention.ms", Some("7"))]),
            ("a good one", &[("retention.ms", Some("6"))]),
            ("nothing", &[]),
        ] {
            side.ask(&format!("validate: {step}"), version, &replace(&[(TOPIC, name, configs)], true));
        }
        let good: &[(&str, Option<&str>)] = &[("retention.ms", Some("7"))];
        side.ask("unknown", version, &replace(&[(TOPIC, &unknown, good)], true));
        side.ask(
            "good and unknown",
            version,
            &replace(&[(TOPIC, name, good), (TOPIC, &unknown, good)], true),
        );
        side.ask("no resource", version, &replace(&[], true));
        side.ask("still", 4, &describe(TOPIC, name, SHOWN, false));
        side.ask("replace", version, &replace(&[(TOPIC, name, good)], false));
        until_described(side, TOPIC, name, ("retention.ms", "7"))?;
        side.ask("replaced", 4, &describe(TOPIC, name, SHOWN, false));
        side.ask("with nothing", version, &replace(&[(TOPIC, name, &[])], false));
        until_described(side, TOPIC, name, ("retention.ms", "-1"))?;
        side.ask("gone", 4, &describe(TOPIC, name, SHOWN, false));
    }
    Ok(())
}

fn replaced_broker(side: &mut Side) -> Ran {
    let (broker, all): (Str, Str) = ("1".into(), "".into());
    for version in versions::<AlterConfigsRequest>() {
        for (of, name) in [("broker", &broker), ("all", &all)] {
            for (step, configs) in [
                ("a bad value", &[(KEY, Some("x"))][..]),
                ("null", &[(KEY, None)]),
                ("an unknown setting", &[("no.such.setting", Some("1"))]),
                ("what cannot change", &[("num.partitions", Some("2"))]),
                ("a good one", &[(KEY, Some("1048600"))]),
                ("nothing", &[]),
            ] {
                side.ask(&format!("{of}: {step}"), version, &replace(&[(BROKER, name, configs)], true));
            }
        }
        side.ask("replace", version, &replace(&[(BROKER, &broker, &[(KEY, Some("1048600"))])], false));
        until_is(side, "1048600")?;
        shown(side, "replaced");
        side.ask("by nothing", version, &replace(&[(BROKER, &broker, &[])], false));
        until_is(side, "1048588")?;
        shown(side, "by nothing");
    }
    Ok(())
}

fn listed(side: &mut Side) -> Ran {
    Topic::make(side, "t", &[])?;
    let asked = |types: &[i8]| ListConfigResourcesRequest { resource_types: types.to_vec() };
    // Topics and groups of others are listed, too.
    let own = |side: &Side, response: &mut ListConfigResourcesResponse| {
        response.config_resources.sort_by_key(|one| one.resource_type);
        response
            .config_resources
            .retain(|one| matches!(one.resource_type, BROKER | LOGGER) || side.is_own(&one.resource_name));
    };
    side.ask_for("client metrics", 0, &asked(&[]), own);
    for types in [&[][..], &[TOPIC], &[BROKER], &[LOGGER], &[16], &[32], &[BROKER, TOPIC], &[BROKER, BROKER]]
    {
        side.ask_for(&format!("types {types:?}"), 1, &asked(types), own);
    }
    for types in [&[0][..], &[1], &[-1], &[64], &[BROKER, 3]] {
        side.ask_for(&format!("types {types:?}"), 1, &asked(types), own);
    }
    Ok(())
}

const BROKER: i8 = 4;
const LOGGER: i8 = 8;
