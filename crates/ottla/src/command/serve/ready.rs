//! How a broker says that it is ready: one line of JSON for programs, a greeting for people.

use crate::arguments::Form;
use crate::exit::Outcome;
use crate::output;
use ottla_broker::Server;
use serde_json::json;
use std::io::IsTerminal;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;

/// What there is to say.
pub(super) struct Greeting<'s> {
    pub(super) server: &'s Server,
    pub(super) data: &'s Path,
    pub(super) is_ephemeral: bool,
    /// Milliseconds since the program began.
    pub(super) after_ms: u64,
}

impl Greeting<'_> {
    /// Says it. The first line that a program reads means: requests are answered.
    pub(super) fn print(&self, form: Form) -> Outcome {
        if form == Form::Json || !std::io::stdout().is_terminal() {
            return self.print_json();
        }
        self.print_human()
    }

    fn print_json(&self) -> Outcome {
        let listeners: Vec<_> = self
            .server
            .listeners()
            .iter()
            .map(|listener| json!({ "name": &*listener.name, "address": listener.address.to_string() }))
            .collect();
        output::json(&json!({
            "ready": true,
            "kafka": self.address(),
            "pid": std::process::id(),
            "data": self.data.display().to_string(),
            "ephemeral": self.is_ephemeral,
            "cluster_id": self.server.cluster_id(),
            "listeners": listeners,
            "ready_after_ms": self.after_ms,
            "version": env!("CARGO_PKG_VERSION"),
        }))
    }

    fn print_human(&self) -> Outcome {
        let address = self.address();
        let (bold, plain) = if output::is_colour_unwanted() { ("", "") } else { ("\x1b[1m", "\x1b[0m") };
        let b = if address == "127.0.0.1:9092" { String::new() } else { format!(" -b {address}") };
        let kept = if self.is_ephemeral { "removed at the end" } else { "kept" };
        output::line(format_args!(
            "{bold}Ottla is ready{plain} after {} ms. Kafka clients connect to {bold}{address}{plain}\n\
             Data: {} ({kept})\n\n\
             Try, in another terminal:\n  \
             echo hello | ottla produce greetings{b}\n  \
             ottla consume greetings -o beginning{b}\n  \
             ottla topic list{b}\n\n\
             Ctrl-C stops it.",
            self.after_ms,
            self.data.display(),
        ))
    }

    /// Where a client on this machine connects.
    fn address(&self) -> String {
        let bound = self.server.listeners().first().map(|listener| listener.address);
        bound.map(reachable).map_or_else(String::new, |address| address.to_string())
    }
}

/// "Every address of this machine" is none that one can connect to.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}
