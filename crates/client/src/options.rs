//! What a client is told at its start.

use crate::connector::{Connector, TcpConnector};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

/// A host, by name or number, and a port.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address {
    /// Name or number; an IPv6 number without brackets.
    pub host: String,
    /// TCP port.
    pub port: u16,
}

/// Kafka's port, if none is given.
pub const PORT_DEFAULT: u16 = 9092;

/// A text is no address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not an address: write HOST, HOST:PORT or [IPV6]:PORT")]
pub struct IllegalAddress(pub String);

impl FromStr for Address {
    type Err = IllegalAddress;

    /// Reads `host`, `host:port`, `[ipv6]`, `[ipv6]:port` or a bare IPv6 number.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let illegal = || IllegalAddress(text.to_owned());
        let (host, port) = match text.strip_prefix('[') {
            Some(rest) => {
                let (host, rest) = rest.split_once(']').ok_or_else(illegal)?;
                match rest {
                    "" => (host, None),
                    _ => (host, Some(rest.strip_prefix(':').ok_or_else(illegal)?)),
                }
            }
            None => match text.split_once(':') {
                Some((_, rest)) if rest.contains(':') => (text, None),
                Some((host, port)) => (host, Some(port)),
                None => (text, None),
            },
        };
        let port = port.map_or(Ok(PORT_DEFAULT), str::parse).map_err(|_| illegal())?;
        if host.is_empty() || port == 0 || host.contains(char::is_whitespace) {
            return Err(illegal());
        }
        Ok(Self { host: host.to_owned(), port })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

/// How a client connects, waits and retries.
#[derive(Clone)]
pub struct ClientOptions {
    /// Any brokers of the cluster; the others are found through them.
    pub bootstrap: Vec<Address>,
    /// Who we are, for the broker's logs and quotas.
    pub client_id: String,
    /// For one connection to come about, handshake included.
    pub connect_timeout: Duration,
    /// For one answer, beyond what the request itself allows the broker to wait.
    pub request_timeout: Duration,
    /// For an operation with all its retries.
    pub operation_timeout: Duration,
    /// Pause before the first retry; doubles up to [`Self::backoff_max`], plus or minus a fifth.
    pub backoff: Duration,
    /// Longest pause between retries.
    pub backoff_max: Duration,
    /// Metadata older than this is fetched again before use.
    pub metadata_age_max: Duration,
    /// How bytes get to brokers.
    pub connector: Arc<dyn Connector>,
}

impl ClientOptions {
    /// Kafka's defaults, where it has them.
    #[must_use]
    pub fn new(bootstrap: Vec<Address>) -> Self {
        Self {
            bootstrap,
            client_id: "ottla".to_owned(),
            connect_timeout: Duration::from_secs(10),
            request_timeout: Duration::from_secs(30),
            operation_timeout: Duration::from_secs(60),
            backoff: Duration::from_millis(100),
            backoff_max: Duration::from_secs(1),
            metadata_age_max: Duration::from_secs(300),
            connector: Arc::new(TcpConnector),
        }
    }
}

impl fmt::Debug for ClientOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientOptions").field("bootstrap", &self.bootstrap).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_in_every_usual_form() {
        let read = |text: &str| text.parse::<Address>().map(|address| (address.host.clone(), address.port));
        assert_eq!(read("localhost:9093"), Ok(("localhost".to_owned(), 9093)));
        assert_eq!(read("kafka"), Ok(("kafka".to_owned(), 9092)));
        assert_eq!(read("[::1]:9"), Ok(("::1".to_owned(), 9)));
        assert_eq!(read("[::1]"), Ok(("::1".to_owned(), 9092)));
        assert_eq!(read("fe80::2"), Ok(("fe80::2".to_owned(), 9092)));
        for illegal in ["", ":9092", "host:", "host:x", "host:65536", "host:0", "[::1", "[::1]9", "a b:1"] {
            assert_eq!(read(illegal), Err(IllegalAddress(illegal.to_owned())));
        }
        assert_eq!("[::1]:9".parse::<Address>().unwrap().to_string(), "[::1]:9");
    }
}
