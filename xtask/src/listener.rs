//! Waiting for another program's listener, when nothing but a connection tells that it is there.

use crate::clock::pause;
use std::net::{TcpListener, TcpStream};
use std::process::Child;
use std::time::Duration;

/// How often, and for two minutes in all, it is tried.
const PAUSE: Duration = Duration::from_millis(100);
const ATTEMPTS: u32 = 1200;

/// Waits until `process` accepts connections at `address`.
///
/// # Errors
/// If it ends before, or does not listen within two minutes.
pub(crate) fn wait(process: &mut Child, address: &str) -> Result<(), String> {
    for _ in 0..ATTEMPTS {
        if TcpStream::connect(address).is_ok() {
            return Ok(());
        }
        if let Some(status) = process.try_wait().ok().flatten() {
            return Err(format!("it ended with {status} before it listened"));
        }
        pause(PAUSE);
    }
    Err(format!("it does not listen at {address}"))
}

/// Ports that were free a moment ago, for programs that cannot choose one and tell.
///
/// # Errors
/// If there are none.
pub(crate) fn free_ports<const COUNT: usize>() -> Result<[u16; COUNT], String> {
    let none = |error: std::io::Error| format!("no port is free: {error}");
    // All are held until all are known, or the same might come twice.
    let mut listeners = Vec::with_capacity(COUNT);
    let mut ports = [0; COUNT];
    for port in &mut ports {
        let listener = TcpListener::bind("127.0.0.1:0").map_err(none)?;
        *port = listener.local_addr().map_err(none)?.port();
        listeners.push(listener);
    }
    Ok(ports)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn a_program_that_ends_is_not_waited_for() {
        let [port] = free_ports().unwrap();
        let mut process = Command::new("false").spawn().unwrap();
        let why = wait(&mut process, &format!("127.0.0.1:{port}")).unwrap_err();
        assert!(why.contains("ended with exit status: 1"), "{why}");
    }

    #[test]
    fn ports_differ_and_a_listener_is_found() {
        let [one, other] = free_ports().unwrap();
        assert_ne!(one, other);
        let listener = TcpListener::bind(("127.0.0.1", one)).unwrap();
        let mut process = Command::new("sleep").arg("60").spawn().unwrap();
        assert_eq!(wait(&mut process, &listener.local_addr().unwrap().to_string()), Ok(()));
        process.kill().unwrap();
        process.wait().unwrap();
    }
}
