//! Settings of Kafka's clients, from files and as KEY=VALUE, and the client that they make.
//!
//! Kafka's clients have a hundred settings; what Ottla's client has, too, is taken, and most others change nothing
//! that can be seen from outside. Those of TLS and SASL are not ignored, because whoever sets them relies on them.

use super::error::{Stop, Trouble};
use super::{Ran, flags::Given};
use crate::command::{Session, options};
use crate::settings::properties;
use ottla_client::{Address, Client};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Settings by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Settings(BTreeMap<String, String>);

impl Settings {
    /// Reads the file in Java's properties format that a flag names, if it was given.
    ///
    /// # Errors
    /// It cannot be read or is malformed, or several were named.
    pub(super) fn of_flag(given: &Given<'_>, flag: &str) -> Ran<Self> {
        let Some(path) = given.one(flag)? else { return Ok(Self::default()) };
        let text = std::fs::read_to_string(path)
            .map_err(|error| Trouble::general(format!("{path} cannot be read: {error}")))?;
        let parsed = properties::parse(&text)
            .map_err(|(line, reason)| Trouble::general(format!("{path}:{line}: {reason}")))?;
        Ok(Self(parsed.into_iter().map(|(_, name, value)| (name, value)).collect()))
    }

    /// Reads the file of one flag; stronger are the KEY=VALUE of another.
    ///
    /// # Errors
    /// See [`Self::of_flag`].
    pub(super) fn of_flags(given: &Given<'_>, file: &str, property: &str) -> Ran<Self> {
        let mut settings = Self::of_flag(given, file)?;
        settings.add(&given.all(property));
        Ok(settings)
    }

    /// Adds settings as KEY=VALUE; one without `=` is empty. They are stronger than those that are there.
    pub(super) fn add(&mut self, pairs: &[&str]) {
        for pair in pairs {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            self.0.insert(name.to_owned(), value.to_owned());
        }
    }

    pub(super) fn set(&mut self, name: &str, value: impl Into<String>) {
        self.0.insert(name.to_owned(), value.into());
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Whether a switch is on: `true`, in whichever case.
    pub(super) fn is_on(&self, name: &str) -> bool {
        self.text(name).is_some_and(|value| value.trim().eq_ignore_ascii_case("true"))
    }

    /// # Errors
    /// The value is no whole number.
    pub(super) fn number<T: std::str::FromStr>(&self, name: &str) -> Ran<Option<T>> {
        let read = |value: &str| {
            value.trim().parse().map_err(|_| {
                Trouble::general(format!(
                    "Invalid value {value} for configuration {name}: a whole number is expected"
                ))
            })
        };
        Ok(self.text(name).map(read).transpose()?)
    }

    /// All of them, by name.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Refuses what would have to protect the connection.
    fn refuse_security(&self) -> Ran {
        for (name, value) in self.iter() {
            let is_plain = name == "security.protocol" && value.trim().eq_ignore_ascii_case("PLAINTEXT");
            let protects = ["security.", "ssl.", "sasl."].iter().any(|prefix| name.starts_with(prefix));
            if protects && !is_plain {
                return Err(Trouble::general(format!(
                    "{name}: this tool speaks plain TCP only, without TLS and SASL: take the setting out, or use the \
                     tools of Apache Kafka"
                ))
                .into());
            }
        }
        Ok(())
    }
}

/// Connects as the file of `--command-config` says, for a tool that has no other settings.
///
/// # Errors
/// See [`Settings::of_flag`] and [`connect`].
pub(super) async fn client(session: &Session<'_>, given: &Given<'_>, client_id: &str) -> Ran<Client> {
    connect(session, given, &Settings::of_flag(given, "command-config")?, client_id).await
}

/// Connects to the servers of `--bootstrap-server` as these settings say.
///
/// # Errors
/// An address is none, a setting cannot be kept, or no broker answers.
pub(super) async fn connect(
    session: &Session<'_>,
    given: &Given<'_>,
    settings: &Settings,
    client_id: &str,
) -> Ran<Client> {
    settings.refuse_security()?;
    let servers = given.one("bootstrap-server")?.unwrap_or_default();
    let read = |text: &str| {
        let illegal = || Trouble::general(format!("Invalid url in bootstrap.servers: {text}"));
        text.trim().parse::<Address>().map_err(|_| illegal())
    };
    let mut options = options(servers.split(',').map(read).collect::<Result<_, _>>()?);
    options.client_id = settings.text("client.id").unwrap_or(client_id).to_owned();
    let ms = |name| Ok::<_, Stop>(settings.number(name)?.map(Duration::from_millis));
    if let Some(timeout) = ms("request.timeout.ms")? {
        options.request_timeout = timeout;
    }
    if let Some(timeout) = ms("default.api.timeout.ms")? {
        options.operation_timeout = timeout;
    }
    Ok(Client::connect(options, Arc::clone(&session.env)).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_protect_are_refused_and_plain_ones_are_not() {
        let refused = |pair: &str| {
            let mut settings = Settings::default();
            settings.add(&["client.id=me", pair]);
            settings.refuse_security().is_err()
        };
        assert!(!refused("security.protocol=PLAINTEXT") && !refused("acks=all"));
        for pair in ["security.protocol=SASL_SSL", "ssl.truststore.location=t.jks", "sasl.jaas.config=x"] {
            assert!(refused(pair), "{pair}");
        }
    }

    #[test]
    fn the_later_value_wins_and_numbers_are_read() {
        let mut settings = Settings::default();
        settings.add(&["a=1", "b", "a=2=3", "n=7", "t=TRUE"]);
        assert_eq!((settings.text("a"), settings.text("b")), (Some("2=3"), Some("")));
        assert_eq!(settings.number::<u64>("n"), Ok(Some(7)));
        assert!(settings.number::<u64>("a").is_err() && settings.is_on("t") && !settings.is_on("a"));
    }
}
