//! What the settings belong to, by flags of its own or by `--entity-type` and `--entity-name`.

use crate::command::kafka::Ran;
use crate::command::kafka::error::Stop;
use crate::command::kafka::flags::Given;
use ottla_client::admin::{Resource, ResourceKind};

/// What has settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Topic,
    Broker,
    BrokerLogger,
    ClientMetrics,
    Group,
}

/// Things that have settings, as Kafka names them; what Ottla does not have is no [`Kind`].
const TYPES: &[(&str, Option<Kind>)] = &[
    ("broker-loggers", Some(Kind::BrokerLogger)),
    ("topics", Some(Kind::Topic)),
    ("clients", None),
    ("users", None),
    ("brokers", Some(Kind::Broker)),
    ("ips", None),
    ("client-metrics", Some(Kind::ClientMetrics)),
    ("groups", Some(Kind::Group)),
];
/// Flags for one of them by name.
const NAMED: &[(&str, &str)] = &[
    ("topic", "topics"),
    ("client", "clients"),
    ("user", "users"),
    ("broker", "brokers"),
    ("broker-logger", "broker-loggers"),
    ("ip", "ips"),
    ("client-metrics", "client-metrics"),
    ("group", "groups"),
];
/// Flags for all of them.
const DEFAULTS: &[(&str, &str)] = &[
    ("client-defaults", "clients"),
    ("user-defaults", "users"),
    ("broker-defaults", "brokers"),
    ("ip-defaults", "ips"),
];

impl Kind {
    /// As in `--entity-type`.
    pub(super) fn plural(self) -> &'static str {
        TYPES.iter().find(|(_, kind)| *kind == Some(self)).map_or("", |(name, _)| *name)
    }

    /// One of them, as the tool of Kafka says it: without the last letter.
    pub(super) fn singular(self) -> &'static str {
        let plural = self.plural();
        &plural[..plural.len() - 1]
    }

    pub(super) fn resource(self, name: &str) -> Resource {
        let kind = match self {
            Self::Topic => ResourceKind::Topic,
            Self::Broker => ResourceKind::Broker,
            Self::BrokerLogger => ResourceKind::BrokerLogger,
            Self::ClientMetrics => ResourceKind::ClientMetrics,
            Self::Group => ResourceKind::Group,
        };
        Resource { kind, name: name.to_owned() }
    }
}

/// Whose settings are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) kind: Kind,
    /// Which one; all that there are, if none; what all brokers have, if empty.
    pub(super) name: Option<String>,
}

/// Reads it.
///
/// # Errors
/// There is none, several, or one that Ottla does not have.
pub(super) fn read(given: &Given<'_>) -> Ran<Target> {
    let wrong = |reason: String| Err(Stop::Error(reason));
    let by_flag: Vec<(&str, &str)> =
        NAMED.iter().chain(DEFAULTS).copied().filter(|(flag, _)| given.has(flag)).collect();
    let types: Vec<&str> =
        given.all("entity-type").into_iter().chain(by_flag.iter().map(|(_, kind)| *kind)).collect();
    let twice: Vec<&str> = types
        .iter()
        .enumerate()
        .filter(|(at, kind)| types[..*at].contains(kind))
        .map(|(_, kind)| *kind)
        .collect();
    if !twice.is_empty() {
        return wrong(format!("Duplicate entity type(s) specified: {}", twice.join(",")));
    }
    if given.count(&["bootstrap-server", "bootstrap-controller"]) == 0 {
        return wrong("Either --bootstrap-server or --bootstrap-controller must be specified.".to_owned());
    }
    let known: Vec<&str> = TYPES.iter().map(|(name, _)| *name).collect();
    if let Some(unknown) = types.iter().find(|kind| !known.contains(kind)) {
        return wrong(format!(
            "Invalid entity type {unknown}, the entity type must be one of {} with a --bootstrap-server or \
             --bootstrap-controller argument",
            known.join(", ")
        ));
    }
    let kind = match types[..] {
        [] => return wrong("At least one entity type must be specified".to_owned()),
        [kind] => kind,
        _ if types.iter().all(|kind| ["users", "clients"].contains(kind)) => types[0],
        _ => return wrong("Only 'users' and 'clients' entity types may be specified together".to_owned()),
    };
    if 0 < given.count(&["entity-name", "entity-type", "entity-default"]) && !by_flag.is_empty() {
        return wrong(
            "--entity-{type,name,default} should not be used in conjunction with specific entity flags"
                .to_owned(),
        );
    }
    if given.has("bootstrap-controller") {
        return wrong(match given.has("bootstrap-server") {
            true => "Only one of --bootstrap-server or --bootstrap-controller can be specified".to_owned(),
            false => {
                "--bootstrap-controller: there are no controllers apart from brokers: use --bootstrap-server"
                    .to_owned()
            }
        });
    }
    let name = name(given, &by_flag)?;
    let Some(kind) = TYPES.iter().find(|(name, _)| *name == kind).and_then(|(_, kind)| *kind) else {
        return wrong(format!("{kind} have no settings here: Ottla has neither quotas nor credentials yet"));
    };
    if let (Kind::Broker | Kind::BrokerLogger, Some(id)) =
        (kind, name.as_deref().filter(|name| !name.is_empty()))
        && id.parse::<i32>().is_err()
    {
        return wrong(format!(
            "The entity name for {} must be a valid integer broker id, but it is: {id}",
            kind.plural()
        ));
    }
    Ok(Target { kind, name })
}

fn name(given: &Given<'_>, by_flag: &[(&str, &str)]) -> Ran<Option<String>> {
    let by_type = given.pairs().find_map(|(flag, value)| match flag {
        "entity-name" => value.map(str::to_owned),
        "entity-default" => Some(String::new()),
        _ => None,
    });
    match by_flag.first() {
        Some((flag, _)) => Ok(Some(given.one(flag)?.unwrap_or_default().to_owned())),
        None => Ok(by_type),
    }
}
