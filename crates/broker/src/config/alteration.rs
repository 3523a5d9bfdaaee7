//! What a request to alter settings makes of them; pure.
//!
//! The answers follow Apache Kafka 4.4: deleting an unknown name is fine, setting one is not; appending to a
//! list starts from the value in force; a broker accepts names that it does not know (plug-ins of other brokers
//! may), a topic and a group do not.

use super::keys::{BROKER_KEYS, TOPIC_KEYS};
use super::layers::Overrides;
use ottla_base::config::{Change, Key, Kind, Parsed, Table, nearest};
use std::collections::BTreeSet;
use std::fmt;

/// One change of one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alteration {
    /// The key's name.
    pub name: String,
    /// What to do.
    pub operation: Operation,
    /// The text to do it with; `Delete` needs none.
    pub value: Option<String>,
}

/// What a change does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Puts the text in place of what was set.
    Set,
    /// Removes what was set.
    Delete,
    /// Adds the elements of the text to a list, if they are not in it.
    Append,
    /// Takes the elements of the text out of a list.
    Subtract,
}

/// Why settings cannot be altered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AlterError {
    /// The request is not one that can be carried out.
    Request(String),
    /// A setting is unknown or has a bad value.
    Config(String),
}

impl fmt::Display for AlterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Request(message) | Self::Config(message)) = self;
        f.write_str(message)
    }
}

/// The overrides after `alterations`. Their values are not checked yet; `inherited` gives what a list is before
/// its first own override.
///
/// # Errors
/// [`AlterError::Request`] if a name comes twice or a value is missing, [`AlterError::Config`] if something is
/// appended to or subtracted from what is no list.
pub fn alter(
    table: &Table,
    current: &Overrides,
    alterations: &[Alteration],
    inherited: impl Fn(&'static Key) -> Parsed,
) -> Result<Overrides, AlterError> {
    let mut after = current.clone();
    let mut seen = BTreeSet::new();
    for Alteration { name, operation, value } in alterations {
        if !seen.insert(name) {
            return Err(AlterError::Request(format!(
                "'{name}' is altered twice in one request: send one change"
            )));
        }
        if *operation == Operation::Delete {
            after.remove(name);
            continue;
        }
        let Some(value) = value else {
            return Err(AlterError::Request(format!(
                "'{name}' has no value: send one, or delete the setting"
            )));
        };
        let text = match operation {
            Operation::Set | Operation::Delete => value.trim().to_owned(),
            Operation::Append | Operation::Subtract => {
                let key = table.get(name).filter(|key| key.kind == Kind::List).ok_or_else(|| {
                    AlterError::Config(format!(
                        "'{name}' is not a list, so nothing can be appended or subtracted: set it instead"
                    ))
                })?;
                let before = match current.get(name) {
                    Some(text) => text.clone(),
                    None => inherited(key).to_string(),
                };
                change_list(&before, *operation, value)
            }
        };
        after.insert(name.clone(), text);
    }
    Ok(after)
}

fn change_list(before: &str, operation: Operation, value: &str) -> String {
    let elements = |text: &str| -> Vec<String> {
        text.split(',').map(str::trim).filter(|element| !element.is_empty()).map(str::to_owned).collect()
    };
    let mut list = elements(before);
    for element in elements(value) {
        match operation {
            Operation::Append if !list.contains(&element) => list.push(element),
            Operation::Subtract => list.retain(|other| *other != element),
            Operation::Append | Operation::Set | Operation::Delete => {}
        }
    }
    list.join(",")
}

/// Checks what is set on a topic, all of it.
///
/// # Errors
/// [`AlterError::Config`] names the first key that is unknown, has a bad value, or contradicts another.
pub fn check_topic(overrides: &Overrides) -> Result<(), AlterError> {
    for (name, text) in overrides {
        let Some(key) = TOPIC_KEYS.get(name) else { return Err(unknown("topic", name, &TOPIC_KEYS)) };
        key.parse(text).map_err(|invalid| AlterError::Config(invalid.to_string()))?;
    }
    let number = |name: &str| overrides.get(name).and_then(|text| text.trim().parse::<i64>().ok());
    let lags = (number("min.compaction.lag.ms"), number("max.compaction.lag.ms"));
    if let (Some(min), Some(max)) = lags
        && max < min
    {
        return Err(AlterError::Config(format!(
            "min.compaction.lag.ms ({min}) is above max.compaction.lag.ms ({max}): lower it"
        )));
    }
    if overrides.get("remote.storage.enable").is_some_and(|text| text.trim().eq_ignore_ascii_case("true")) {
        return Err(AlterError::Config(
            "remote.storage.enable cannot be 'true': Ottla has no tiered storage yet; leave it 'false'"
                .into(),
        ));
    }
    Ok(())
}

/// Whom a broker's settings are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BrokerScope {
    /// All brokers, as their default.
    Default,
    /// One broker.
    One,
}

/// Checks the settings of a broker that a request changes: `names` are the changed ones, `after` is the result.
///
/// # Errors
/// [`AlterError::Request`] for a key that cannot change while the broker runs, or not for this scope, and for a
/// bad value.
pub fn check_broker<'n>(
    names: impl Iterator<Item = &'n str>,
    after: &Overrides,
    scope: BrokerScope,
) -> Result<(), AlterError> {
    for name in names {
        let Some(key) = BROKER_KEYS.get(name) else {
            if after.contains_key(name) {
                tracing::warn!(setting = name, "a client set a broker setting that Ottla does not know");
            }
            continue;
        };
        match (key.change, scope) {
            (Change::Restart, _) => {
                return Err(AlterError::Request(format!(
                    "'{name}' cannot change while the broker runs: set it in the broker's configuration and restart"
                )));
            }
            (Change::LivePerBroker, BrokerScope::Default) => {
                return Err(AlterError::Request(format!(
                    "'{name}' cannot be set for all brokers: name the broker as the resource"
                )));
            }
            (Change::Live, _) | (Change::LivePerBroker, BrokerScope::One) => {}
        }
        if let Some(text) = after.get(name) {
            key.parse(text).map_err(|invalid| AlterError::Request(invalid.to_string()))?;
        }
    }
    Ok(())
}

pub(super) fn unknown(what: &str, name: &str, table: &Table) -> AlterError {
    let cure = match nearest(name, table.names()) {
        Some(nearest) => format!("did you mean '{nearest}'?"),
        None => format!("'ottla config list {what}' has all that there are"),
    };
    AlterError::Config(format!("'{name}' is not a {what} setting; {cure}"))
}
