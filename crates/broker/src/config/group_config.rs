//! Everything that is set for one group, typed, and the rules of what may be set.
//!
//! A group's value is its own override, else what the broker supplies under the key that it falls back to. What is in
//! force is always within the broker's bounds: they are checked when a setting is altered, and bounds that move later
//! pull old settings along, as in Apache Kafka.

use super::alteration::{AlterError, unknown};
use super::keys::{BOUNDS, BROKER_KEYS, Bound, GROUP_KEYS, SESSIONS};
use super::keys::{ConsumerSettings, QueueSettings, ShareSettings, StreamsSettings};
use super::layers::{Layers, Overrides};
use ottla_base::config::{Key, Parsed};

/// The values in force for a group, whichever type it has. Immutable: a change makes a new one.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupConfig {
    /// For the consumer protocol.
    pub consumer: ConsumerSettings,
    /// For share groups, as Kafka knows them.
    pub share: ShareSettings,
    /// For streams groups.
    pub streams: StreamsSettings,
    /// For share groups as queues; Ottla's own.
    pub queue: QueueSettings,
}

impl GroupConfig {
    /// The values of a group with these overrides.
    #[must_use]
    pub(super) fn read(layers: &Layers, overrides: &Overrides) -> Self {
        let value = |key: &'static Key| in_force(layers, overrides, key);
        Self {
            consumer: ConsumerSettings::read(value),
            share: ShareSettings::read(value),
            streams: StreamsSettings::read(value),
            queue: QueueSettings::read(value),
        }
    }
}

/// Checks what is set on a group, all of it, against the broker's bounds of now.
///
/// # Errors
/// [`AlterError::Config`] names the first key that is unknown, has a bad value, or contradicts another.
pub(super) fn check(layers: &Layers, overrides: &Overrides) -> Result<(), AlterError> {
    for (name, text) in overrides {
        let Some(key) = GROUP_KEYS.get(name) else { return Err(unknown("group", name, &GROUP_KEYS)) };
        let parsed = key.parse(text).map_err(|invalid| AlterError::Config(invalid.to_string()))?;
        if let (Some(bound), Parsed::Integer(n)) = (bound_of(name), parsed) {
            let (min, max) = limits(layers, bound);
            if n < min || max < n {
                return Err(AlterError::Config(out_of_bounds(bound, n, (min, max))));
            }
        }
    }
    for (session, heartbeat) in SESSIONS {
        if !overrides.contains_key(*session) && !overrides.contains_key(*heartbeat) {
            continue;
        }
        let (session_ms, heartbeat_ms) =
            (clamped(layers, overrides, session), clamped(layers, overrides, heartbeat));
        if session_ms <= heartbeat_ms {
            return Err(AlterError::Config(format!(
                "{session} ({session_ms}) must be above {heartbeat} ({heartbeat_ms}): raise the one or lower the other"
            )));
        }
    }
    Ok(())
}

/// What is wrong with the broker's own values: bounds the wrong way round, or a default outside of them.
pub(super) fn contradictions(layers: &Layers) -> Vec<String> {
    let mut found = Vec::new();
    for bound in BOUNDS {
        let (min, max) = limits(layers, bound);
        let key = GROUP_KEYS.get(bound.key).expect("a bound is of a declared key");
        let default = key.fallbacks.first().expect("a key with bounds has its default at the broker").name;
        let n = broker_number(layers, default);
        if let (Some(low), Some(high)) = (bound.min, bound.max)
            && max < min
        {
            found.push(format!("{high} ({max}) is below {low} ({min}): raise it"));
        } else if let Some(low) = bound.min.filter(|_| n < min) {
            found.push(format!("{default} ({n}) is below {low} ({min}): raise it"));
        } else if let Some(high) = bound.max.filter(|_| max < n) {
            found.push(format!("{default} ({n}) is above {high} ({max}): lower it"));
        }
    }
    for (session, heartbeat) in SESSIONS {
        let number = |name: &str| broker_number(layers, &format!("group.{name}"));
        if number(session) <= number(heartbeat) {
            found.push(format!(
                "group.{session} ({}) must be above group.{heartbeat} ({}): raise the one or lower the other",
                number(session),
                number(heartbeat)
            ));
        }
    }
    found
}

/// The value in force of one key.
fn in_force(layers: &Layers, overrides: &Overrides, key: &'static Key) -> Parsed {
    let pair = SESSIONS.iter().find(|(session, heartbeat)| [*session, *heartbeat].contains(&key.name));
    if let Some((session, heartbeat)) = pair {
        // Bounds that moved may have turned a pair around; members that beat too seldom would be thrown out at once.
        let both = |overrides| (clamped(layers, overrides, session), clamped(layers, overrides, heartbeat));
        let (session_ms, heartbeat_ms) = both(overrides);
        if session_ms <= heartbeat_ms {
            return Parsed::Integer(clamped(layers, &Overrides::new(), key.name));
        }
    }
    match bound_of(key.name) {
        Some(_) => Parsed::Integer(clamped(layers, overrides, key.name)),
        None => layers.value(&GROUP_KEYS, key, Some(overrides)),
    }
}

fn clamped(layers: &Layers, overrides: &Overrides, name: &str) -> i64 {
    let key = GROUP_KEYS.get(name).expect("a key with bounds is declared");
    let (min, max) = limits(layers, bound_of(name).expect("asked for keys with bounds only"));
    match layers.value(&GROUP_KEYS, key, Some(overrides)) {
        Parsed::Integer(n) => n.min(max).max(min),
        other => unreachable!("keys with bounds are numbers, not {other:?}"),
    }
}

fn bound_of(name: &str) -> Option<&'static Bound> {
    BOUNDS.iter().find(|bound| bound.key == name)
}

fn limits(layers: &Layers, bound: &Bound) -> (i64, i64) {
    let number = |name: Option<&'static str>| name.map(|name| broker_number(layers, name));
    (number(bound.min).unwrap_or(0), number(bound.max).unwrap_or(i64::from(i32::MAX)))
}

fn broker_number(layers: &Layers, name: &str) -> i64 {
    let key = BROKER_KEYS.get(name).expect("a bound is a declared key");
    match layers.value(&BROKER_KEYS, key, None) {
        Parsed::Integer(n) => n,
        other => unreachable!("bounds are numbers, not {other:?}"),
    }
}

fn out_of_bounds(bound: &Bound, n: i64, (min, max): (i64, i64)) -> String {
    let names: Vec<&str> = [bound.min, bound.max].into_iter().flatten().collect();
    format!(
        "{} cannot be {n}: this broker allows {min} to {max}; choose one of them, or start the broker with another {}",
        bound.key,
        names.join(" and ")
    )
}
