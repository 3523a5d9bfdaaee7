//! DescribeConfigs, key 32, versions 1–4.
//!
//! - TOPIC: every topic key with its value in force. BROKER with this broker's number: every broker key; with an
//!   empty name: what was set as the default of all brokers while they ran. BROKER_LOGGER: the one level there is.
//!   GROUP: every group key, also of a group that does not exist. CLIENT_METRICS: not served, INVALID_REQUEST.
//! - A null or empty list of keys asks for all; unknown keys are left out.
//! - v3+: types, and documentation on request.
//! - A broker setting that a client set and Ottla does not know is listed without its value, because it may be
//!   a secret.
//! - Differs from Apache Kafka: synonyms list every key that supplies a default, also where a key in a smaller unit
//!   is not set (`segment.ms` lists `log.roll.hours`, Kafka lists nothing).

use super::refused::Refused;
use super::resource::{self, BROKER, BROKER_LOGGER, GROUP, TOPIC};
use super::{Api, Context};
use crate::config::{BROKER_KEYS, Configs, GROUP_KEYS, Overrides, Source, Synonym, TOPIC_KEYS};
use ottla_base::TopicName;
use ottla_base::config::{Change, Effect, Key, Kind, Parsed};
use ottla_wire::Str;
use ottla_wire::message::describe_configs_request::DescribeConfigsResource;
use ottla_wire::message::describe_configs_response::{
    DescribeConfigsResourceResult, DescribeConfigsResult, DescribeConfigsSynonym,
};
use ottla_wire::message::{DescribeConfigsRequest, DescribeConfigsResponse};
use std::ops::RangeInclusive;

const VERSIONS: RangeInclusive<i16> = 1..=4;

pub(super) fn api() -> Api {
    Api::new(VERSIONS, handle)
}

async fn handle(context: Context, request: DescribeConfigsRequest) -> DescribeConfigsResponse {
    let results = request.resources.iter().map(|asked| {
        let described = describe(&context, &request, asked);
        let (configs, outcome) = match described {
            Ok(configs) => (configs, Ok(())),
            Err(refused) => (Vec::new(), Err(refused)),
        };
        let (error_code, error_message) = Refused::fields(outcome);
        // Apache Kafka sends an empty text where nothing is wrong, unlike in the answers to changes.
        let error_message = Some(error_message.unwrap_or_default());
        DescribeConfigsResult {
            error_code,
            error_message,
            resource_type: asked.resource_type,
            resource_name: asked.resource_name.clone(),
            configs,
        }
    });
    DescribeConfigsResponse { results: results.collect(), ..Default::default() }
}

/// One key of one resource.
pub(super) struct Entry {
    pub(super) key: &'static Key,
    parsed: Parsed,
    synonyms: Vec<Synonym>,
}

impl Entry {
    /// The value in force, unless there is none or it must not be shown.
    pub(super) fn value(&self) -> Option<Str> {
        (self.parsed != Parsed::Null && !self.key.is_sensitive()).then(|| self.parsed.to_string().into())
    }

    /// Where the value comes from, as a number of the protocol.
    pub(super) fn source_code(&self) -> i8 {
        code_of(self.synonyms.first().map_or(Source::Default, |synonym| synonym.source))
    }

    fn into_result(self, request: &DescribeConfigsRequest) -> DescribeConfigsResourceResult {
        let synonyms = self.synonyms.iter().map(|synonym| DescribeConfigsSynonym {
            name: synonym.name.into(),
            value: synonym.text.as_deref().map(Str::from),
            source: code_of(synonym.source),
        });
        DescribeConfigsResourceResult {
            name: self.key.name.into(),
            value: self.value(),
            read_only: self.key.change == Change::Restart,
            config_source: self.source_code(),
            is_sensitive: self.key.is_sensitive(),
            synonyms: if request.include_synonyms { synonyms.collect() } else { Vec::new() },
            config_type: type_code(self.key.kind),
            documentation: request.include_documentation.then(|| documentation(self.key)),
        }
    }
}

/// Every key of a topic with these overrides.
pub(super) fn topic(configs: &Configs, overrides: &Overrides) -> impl Iterator<Item = Entry> {
    TOPIC_KEYS.iter().map(move |key| {
        let (parsed, synonyms) = configs.describe_topic(key, overrides);
        Entry { key, parsed, synonyms }
    })
}

/// Every key of a group with these overrides.
fn group(configs: &Configs, overrides: &Overrides) -> impl Iterator<Item = Entry> {
    GROUP_KEYS.iter().map(move |key| {
        let (parsed, synonyms) = configs.describe_group(key, overrides);
        Entry { key, parsed, synonyms }
    })
}

fn describe(
    context: &Context,
    request: &DescribeConfigsRequest,
    asked: &DescribeConfigsResource,
) -> Result<Vec<DescribeConfigsResourceResult>, Refused> {
    let configs = &context.broker.configs;
    let name = &asked.resource_name;
    let mut results: Vec<DescribeConfigsResourceResult> = match asked.resource_type {
        TOPIC => {
            TopicName::parse(name)?;
            let found = context.broker.image.topic(name).ok_or_else(|| Refused::unknown_topic(name))?;
            topic(configs, &found.overrides).map(|entry| entry.into_result(request)).collect()
        }
        BROKER if name.is_empty() => default_entries(configs, request),
        BROKER => {
            resource::check_broker_name(name, context.broker.node)?;
            broker_entries(configs, request)
        }
        BROKER_LOGGER => {
            resource::check_broker_name(name, context.broker.node)?;
            vec![log_level()]
        }
        GROUP if name.is_empty() => return Err(Refused::request("the id of a group must not be empty")),
        GROUP => {
            let overrides = configs.group_overrides(name);
            group(configs, &overrides).map(|entry| entry.into_result(request)).collect()
        }
        other => return Err(resource::unsupported(other)),
    };
    if let Some(keys) = asked.configuration_keys.as_ref().filter(|keys| !keys.is_empty()) {
        results.retain(|result| keys.contains(&result.name));
    }
    Ok(results)
}

fn broker_entries(configs: &Configs, request: &DescribeConfigsRequest) -> Vec<DescribeConfigsResourceResult> {
    let known = BROKER_KEYS.iter().map(|key| {
        let (parsed, synonyms) = configs.describe_broker(key);
        Entry { key, parsed, synonyms }.into_result(request)
    });
    let own = configs.broker_overrides();
    let default = configs.broker_default_overrides();
    let from_default = default.keys().filter(|name| !own.contains_key(*name));
    let unknown = own
        .keys()
        .map(|name| (name, Source::Broker))
        .chain(from_default.map(|name| (name, Source::BrokerDefault)))
        .filter(|(name, _)| BROKER_KEYS.get(name).is_none())
        .map(|(name, source)| secret(name, source));
    known.chain(unknown).collect()
}

fn default_entries(
    configs: &Configs,
    request: &DescribeConfigsRequest,
) -> Vec<DescribeConfigsResourceResult> {
    let overrides = configs.broker_default_overrides();
    let entries = overrides.iter().map(|(name, text)| match BROKER_KEYS.get(name) {
        None => secret(name, Source::BrokerDefault),
        Some(key) => {
            let parsed = key.parse(text).unwrap_or(Parsed::Null);
            let shown = (!key.is_sensitive()).then(|| parsed.to_string());
            let synonyms = vec![Synonym { name: key.name, text: shown, source: Source::BrokerDefault }];
            Entry { key, parsed, synonyms }.into_result(request)
        }
    });
    entries.collect()
}

fn secret(name: &str, source: Source) -> DescribeConfigsResourceResult {
    DescribeConfigsResourceResult {
        name: name.into(),
        value: None,
        read_only: true,
        config_source: code_of(source),
        is_sensitive: true,
        config_type: TYPE_UNKNOWN,
        ..Default::default()
    }
}

/// The most detailed level that is logged at all; which parts log how much is fixed at the start.
fn log_level() -> DescribeConfigsResourceResult {
    use tracing::level_filters::LevelFilter;
    let level = match LevelFilter::current() {
        LevelFilter::OFF => "FATAL",
        LevelFilter::ERROR => "ERROR",
        LevelFilter::WARN => "WARN",
        LevelFilter::INFO => "INFO",
        LevelFilter::DEBUG => "DEBUG",
        _ => "TRACE",
    };
    DescribeConfigsResourceResult {
        name: "root".into(),
        value: Some(level.into()),
        read_only: true,
        config_source: SOURCE_LOGGER,
        config_type: TYPE_UNKNOWN,
        ..Default::default()
    }
}

/// The documentation of `key` as clients get it: what it does, its cost, and whether Ottla acts on it.
fn documentation(key: &Key) -> Str {
    let mut text = key.doc.trim().to_owned();
    for (end, cost) in [("Low", key.low), ("High", key.high)] {
        if !cost.is_empty() {
            text.push_str(&format!(" {end}: {cost}"));
        }
    }
    if let Effect::Kept(reason) = key.effect {
        text.push_str(&format!(" Kept without effect: {reason}"));
    }
    text.into()
}

const fn code_of(source: Source) -> i8 {
    match source {
        Source::Topic => 1,
        Source::Broker => 2,
        Source::BrokerDefault => 3,
        Source::Static => 4,
        Source::Default => 5,
        Source::Group => 8,
    }
}

const fn type_code(kind: Kind) -> i8 {
    match kind {
        Kind::Boolean => 1,
        Kind::Text => 2,
        Kind::Int => 3,
        Kind::Short => 4,
        Kind::Long => 5,
        Kind::Double => 6,
        Kind::List => 7,
        Kind::Class => 8,
        Kind::Password => 9,
    }
}

const SOURCE_LOGGER: i8 = 6;
const TYPE_UNKNOWN: i8 = 0;
