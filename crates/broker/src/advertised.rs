//! The address that a client is told to use.
//!
//! Without a setting it is the address on which this very connection reached the broker, so that localhost,
//! a LAN address, an SSH tunnel and a container's published port on the same number all work as they are.
//! `advertised.listeners` overrides it, per listener.

use crate::connection::Peer;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

/// A host and port as Metadata carries them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Endpoint {
    /// A name or an address, without brackets.
    pub(crate) host: String,
    /// 0 to 65535.
    pub(crate) port: u16,
}

/// What `advertised.listeners` says, by listener name in upper case.
#[derive(Clone, Debug, Default)]
pub(crate) struct Advertised(Vec<(Arc<str>, Endpoint)>);

impl Advertised {
    pub(crate) fn new(overrides: impl IntoIterator<Item = (Arc<str>, Endpoint)>) -> Self {
        Self(overrides.into_iter().collect())
    }

    /// The endpoint for whoever is at the other end of this connection.
    pub(crate) fn to(&self, peer: &Peer) -> Endpoint {
        let set = self.0.iter().find(|(listener, _)| *listener == peer.listener);
        set.map_or_else(|| reached(peer.reached), |(_, endpoint)| endpoint.clone())
    }
}

/// IPv4 clients of a dual-stack socket reach it on a mapped address, which they could not connect to.
fn reached(address: SocketAddr) -> Endpoint {
    let host = match address.ip() {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => ip.to_ipv4_mapped().map_or_else(|| ip.to_string(), |ip| ip.to_string()),
    };
    Endpoint { host, port: address.port() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alarm::Alarm;
    use crate::share_session::ConnectionId;

    fn peer(reached: &str, listener: &str) -> Peer {
        let reached = reached.parse().expect("an address");
        Peer {
            address: reached,
            reached,
            listener: listener.into(),
            connection: ConnectionId::default(),
            alarm: Alarm::default(),
        }
    }

    #[test]
    fn the_address_reached_is_the_address_advertised() {
        let none = Advertised::default();
        assert_eq!(
            none.to(&peer("10.1.2.3:9092", "PLAINTEXT")),
            Endpoint { host: "10.1.2.3".into(), port: 9092 }
        );
        assert_eq!(none.to(&peer("[::ffff:127.0.0.1]:5", "PLAINTEXT")).host, "127.0.0.1");
        assert_eq!(none.to(&peer("[::1]:5", "PLAINTEXT")).host, "::1");
    }

    #[test]
    fn a_setting_overrides_its_own_listener_only() {
        let broker = Endpoint { host: "broker.example".into(), port: 19092 };
        let advertised = Advertised::new([("OUTSIDE".into(), broker.clone())]);
        assert_eq!(advertised.to(&peer("10.1.2.3:9092", "OUTSIDE")), broker);
        assert_eq!(advertised.to(&peer("10.1.2.3:9092", "INSIDE")).host, "10.1.2.3");
    }
}
