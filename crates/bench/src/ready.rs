//! The line by which a server says that it can be used: `{"ready":true,"address":"127.0.0.1:PORT"}`.

use crate::command::{Outcome, While};
use serde_json::json;
use std::io::{self, Write};
use std::net::SocketAddr;

/// Says that requests to `address` are answered from now on.
pub(crate) fn announce(address: SocketAddr) -> Outcome {
    let mut output = io::stdout().lock();
    writeln!(output, "{}", json!({ "ready": true, "address": address.to_string() }))
        .and_then(|()| output.flush())
        .while_doing("saying that the server is ready")
}
