//! A broker as its own process, built for release, with an empty data directory.

use crate::step::{cargo, finish};
use crate::{Outcome, tree};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// A running broker; killed when dropped. Its data stays until [`tidy_up`]: a file system may avoid for a while the places
/// of what was deleted, and then makes the files of the next broker many times more slowly.
pub(super) struct Broker {
    process: Child,
    /// Where it listens.
    pub(super) address: String,
}

/// Memory of a process, in KiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Memory {
    /// All that is resident, pages of files included.
    pub(super) resident_kib: u64,
    /// The part of it that no file backs.
    pub(super) anonymous_kib: u64,
}

/// Builds the members of a group, and gives the path of their program. Their tests are run on the way, for they are in
/// a workspace of their own.
pub(super) fn members() -> Result<PathBuf, String> {
    let folder = tree::target().join("members");
    let manifest = tree::root().join("conformance/members/Cargo.toml");
    for verb in ["test", "build"] {
        let mut command = cargo(&[verb, "--release", "--quiet", "--locked", "--manifest-path"]);
        command.arg(&manifest).arg("--target-dir").arg(&folder);
        finish(command)?;
    }
    Ok(folder.join("release/members"))
}

impl Broker {
    /// Starts the program on an empty directory; it is ready when this returns.
    pub(super) fn start(program: &Path) -> Result<Self, String> {
        let data = folder().join(STARTED.fetch_add(1, Ordering::Relaxed).to_string());
        std::fs::create_dir_all(&data).map_err(|error| format!("{}: {error}", data.display()))?;
        let process = Command::new(program)
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(&data)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("cannot start {}: {error}", program.display()))?;
        let mut broker = Self { process, address: String::new() };
        broker.address = address(&broker.first_line())?;
        Ok(broker)
    }

    fn first_line(&mut self) -> String {
        let mut line = String::new();
        if let Some(output) = self.process.stdout.take() {
            // A broker that ends without a word leaves the line empty, and the caller says so.
            let _ = BufReader::new(output).read_line(&mut line);
        }
        line
    }

    /// What it holds now.
    pub(super) fn memory(&self) -> Result<Memory, String> {
        let path = format!("/proc/{}/status", self.process.id());
        let status = std::fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
        memory(&status)
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        // SIGKILL: how a broker stops is not measured here.
        let _ = self.process.kill().and_then(|()| self.process.wait());
    }
}

/// The address in the line that says that the broker is ready.
fn address(line: &str) -> Result<String, String> {
    let ready: serde_json::Value =
        serde_json::from_str(line).map_err(|error| format!("the broker is not ready: {error}: {line:?}"))?;
    let address = ready.get("kafka").and_then(serde_json::Value::as_str);
    address.map(str::to_owned).ok_or_else(|| format!("the ready line names no address: {line:?}"))
}

fn memory(status: &str) -> Result<Memory, String> {
    Ok(Memory { resident_kib: kib(status, "VmRSS")?, anonymous_kib: kib(status, "RssAnon")? })
}

/// `VmRSS:     1234 kB` → 1234
fn kib(status: &str, name: &str) -> Result<u64, String> {
    let value = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    value
        .and_then(|value| value.trim().trim_end_matches("kB").trim().parse().ok())
        .ok_or_else(|| format!("the broker's status has no {name}: has it ended?"))
}

/// Removes the data of all brokers.
pub(super) fn tidy_up() -> Outcome {
    let folder = folder();
    match std::fs::remove_dir_all(&folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(format!("{}: {error}", folder.display()))
        }
        _ => Ok(()),
    }
}

fn folder() -> PathBuf {
    tree::target().join("measure")
}

/// Brokers so far; each has a directory of its own.
static STARTED: AtomicU32 = AtomicU32::new(0);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_from_the_status_of_the_process() {
        let status = "Name:\tottla\nVmRSS:\t   8844 kB\nRssAnon:\t    2040 kB\n";
        assert_eq!(memory(status), Ok(Memory { resident_kib: 8844, anonymous_kib: 2040 }));
        assert!(memory("").is_err());
    }

    #[test]
    fn a_broker_that_is_not_ready_is_told() {
        assert_eq!(address("{\"ready\":true,\"kafka\":\"127.0.0.1:1\"}").as_deref(), Ok("127.0.0.1:1"));
        assert!(address("").is_err() && address("{}").is_err());
    }
}
