//! Settings of topics and groups: requests about them, and changes that have come to pass when they return.

use crate::asking::Topic;
use crate::scenario::Ran;
use crate::side::{Side, until};
use crate::transacting;
use ottla_wire::Str;
use ottla_wire::message::describe_configs_request::DescribeConfigsResource;
use ottla_wire::message::incremental_alter_configs_request::{AlterConfigsResource, AlterableConfig};
use ottla_wire::message::{DescribeConfigsRequest, IncrementalAlterConfigsRequest};

/// The name of a setting, what to do with it, and a value.
pub type Setting<'a> = (&'a str, i8, Option<&'a str>);

/// What has settings: a topic or a group.
pub fn resource(kind: i8, name: &Str, settings: &[Setting<'_>]) -> AlterConfigsResource {
    let configs = settings.iter().map(|(name, config_operation, value)| AlterableConfig {
        name: (*name).into(),
        config_operation: *config_operation,
        value: value.map(Into::into),
    });
    AlterConfigsResource { resource_type: kind, resource_name: name.clone(), configs: configs.collect() }
}

/// Asks to change settings.
pub fn change(
    kind: i8,
    name: &Str,
    settings: &[Setting<'_>],
    validate_only: bool,
) -> IncrementalAlterConfigsRequest {
    IncrementalAlterConfigsRequest { resources: vec![resource(kind, name, settings)], validate_only }
}

/// Asks for settings; all, if no keys are named.
pub fn describe(
    kind: i8,
    name: &Str,
    keys: Option<&[&str]>,
    include_synonyms: bool,
) -> DescribeConfigsRequest {
    let resource = DescribeConfigsResource {
        resource_type: kind,
        resource_name: name.clone(),
        configuration_keys: keys.map(|keys| keys.iter().map(|key| (*key).into()).collect()),
    };
    DescribeConfigsRequest { resources: vec![resource], include_synonyms, ..Default::default() }
}

/// Apache Kafka answers a change before each of its parts has heard of it.
pub fn until_described(side: &mut Side, kind: i8, name: &Str, (key, value): (&str, &str)) -> Ran {
    // Brokers write numbers as they like.
    let number = |text: &str| text.parse::<f64>().ok();
    let is_so = |shown: &str| shown == value || number(shown).is_some_and(|it| Some(it) == number(value));
    until(|| {
        let answer = side.setup(4, &describe(kind, name, Some(&[key]), false))?;
        let shown = answer.results.first().and_then(|result| result.configs.first()?.value.clone());
        Ok(shown.filter(|shown| is_so(shown)).map(drop))
    })
}

/// Sets what has to be accepted.
pub fn set(side: &mut Side, kind: i8, name: &Str, settings: &[(&str, &str)]) -> Ran {
    let settings: Vec<Setting<'_>> = settings.iter().map(|(key, value)| (*key, SET, Some(*value))).collect();
    let answer = side.setup(1, &change(kind, name, &settings, false))?;
    let code = answer.responses.first().map(|one| one.error_code).ok_or("no resource in the answer")?;
    code.ok().map_err(|code| format!("the settings of {name} are refused: {code}"))
}

/// Changes a setting of a topic, and waits until it has reached the log.
pub fn alter(side: &mut Side, topic: &Topic, key: &str, value: &str) -> Ran {
    set(side, TOPIC, &topic.name, &[(key, value)])?;
    until_described(side, TOPIC, &topic.name, (key, value))?;
    // What is shown has not always reached the log.
    std::thread::sleep(std::time::Duration::from_millis(300));
    Ok(())
}

/// The name of a group that has settings and a coordinator. Apache Kafka makes the topic of its groups only when
/// somebody asks for a coordinator.
pub fn group(side: &mut Side, suffix: &str, settings: &[(&str, &str)]) -> Result<Str, String> {
    let name = side.name(suffix);
    set(side, GROUP, &name, settings)?;
    transacting::coordinator(side, &name, transacting::GROUP)?;
    Ok(name)
}

pub const TOPIC: i8 = 2;
pub const GROUP: i8 = 32;

pub const SET: i8 = 0;
pub const DELETE: i8 = 1;
pub const APPEND: i8 = 2;
pub const SUBTRACT: i8 = 3;
