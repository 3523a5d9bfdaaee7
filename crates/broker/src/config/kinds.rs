//! The Rust types of settings that are more than a number or a text.

mod groups;

pub use groups::{Isolation, MigrationPolicy, OffsetReset, QueueOrder};

use ottla_base::config::{Kind, Parsed, Value};
use std::fmt;

ottla_base::config_choice! {
    /// When an append counts as done.
    pub enum Durability {
        /// When the disk has it.
        Sync = "sync",
        /// When the operating system has it.
        Os = "os",
    }
}

ottla_base::config_choice! {
    /// Whose clock stamps a record.
    pub enum TimestampType {
        /// The producer's.
        CreateTime = "CreateTime",
        /// The broker's, at the moment of writing.
        LogAppendTime = "LogAppendTime",
    }
}

ottla_base::config_choice! {
    /// How stored batches are compressed.
    pub enum Compression {
        /// Not at all.
        Uncompressed = "uncompressed",
        /// With Zstandard.
        Zstd = "zstd",
        /// With LZ4.
        Lz4 = "lz4",
        /// With Snappy.
        Snappy = "snappy",
        /// With gzip.
        Gzip = "gzip",
        /// As the producer did it.
        Producer = "producer",
    }
}

/// What happens to old records; neither means that they are kept for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cleanup {
    /// Segments are deleted by age and size.
    pub delete: bool,
    /// Records that a later one of their key replaces may go.
    pub compact: bool,
}

impl Value for Cleanup {
    const KIND: Kind = Kind::List;

    fn from_parsed(parsed: &Parsed) -> Result<Self, String> {
        match parsed {
            Parsed::List(texts) => {
                let has = |name: &str| texts.iter().any(|text| text == name);
                Ok(Self { delete: has("delete"), compact: has("compact") })
            }
            _ => Err(String::new()),
        }
    }
}

/// Where clients connect, or are told to connect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listener {
    /// Its name in upper case, such as `PLAINTEXT`.
    pub name: String,
    /// A host name or address without brackets; empty means every address of the machine.
    pub host: String,
    /// 0 lets the system choose a free port.
    pub port: u16,
}

/// All listeners of one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listeners(pub Vec<Listener>);

impl Listener {
    /// Reads `NAME://HOST:PORT`; without `NAME://` the name is `PLAINTEXT`.
    ///
    /// # Errors
    /// What the text should have been.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("NAME://HOST:PORT such as PLAINTEXT://127.0.0.1:9092 instead of '{text}'");
        let (name, address) = text.split_once("://").unwrap_or(("PLAINTEXT", text));
        let (host, port) = address.rsplit_once(':').ok_or_else(wrong)?;
        let port = port.parse().map_err(|_| wrong())?;
        let host = match host.strip_prefix('[').map(|inside| inside.strip_suffix(']')) {
            Some(bracketed) => bracketed.ok_or_else(wrong)?,
            None if host.contains([':', '/', ' ']) => return Err(wrong()),
            None => host,
        };
        let name_is_legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        if name.is_empty() || !name.chars().all(name_is_legal) {
            return Err(wrong());
        }
        Ok(Self { name: name.to_ascii_uppercase(), host: host.to_owned(), port })
    }
}

impl fmt::Display for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, host, port } = self;
        if host.contains(':') {
            write!(f, "{name}://[{host}]:{port}")
        } else {
            write!(f, "{name}://{host}:{port}")
        }
    }
}

impl Value for Listeners {
    const KIND: Kind = Kind::List;

    fn from_parsed(parsed: &Parsed) -> Result<Self, String> {
        let Parsed::List(texts) = parsed else { return Err(String::new()) };
        let listeners = texts.iter().map(|text| Listener::parse(text)).collect::<Result<Vec<_>, _>>()?;
        for (at, listener) in listeners.iter().enumerate() {
            // Two listeners of one name, one IPv4 and one IPv6, are legal in Kafka and here.
            let same = |other: &&Listener| other.name == listener.name && other.host == listener.host;
            if listeners[..at].iter().any(|other| same(&other)) {
                return Err(format!("each listener at most once, but {} comes twice", listener.name));
            }
        }
        Ok(Self(listeners))
    }
}

/// The replicas that a throttle is for: all, or these. Nothing follows from it on one broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThrottledReplicas(pub Vec<String>);

impl Value for ThrottledReplicas {
    const KIND: Kind = Kind::List;

    fn from_parsed(parsed: &Parsed) -> Result<Self, String> {
        let Parsed::List(texts) = parsed else { return Err(String::new()) };
        let is_pair = |text: &String| {
            let numbers = text.split_once(':').map(|(a, b)| (a.parse::<i32>(), b.parse::<i32>()));
            matches!(numbers, Some((Ok(_), Ok(_))))
        };
        if texts.len() == 1 && texts[0] == "*" || texts.iter().all(is_pair) {
            return Ok(Self(texts.clone()));
        }
        Err("'*' or PARTITION:BROKER between commas".into())
    }
}
