//! The built program, started as a user would.

use super::honest;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// How long an answer or a close may take before the test fails. Never waited for when all is well.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
/// How much more memory than at its start a broker may hold after abuse.
const GROWTH_KIB_MAX: u64 = 64 * 1024;

/// A running broker with a temporary data directory. Killed when dropped.
pub(crate) struct Broker {
    process: Child,
    address: SocketAddr,
    resident_at_start_kib: u64,
    data: PathBuf,
    /// Holds the standard error, and the data unless they lie elsewhere.
    folder: tempfile::TempDir,
}

impl Broker {
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        Self::start_in(folder, data)
    }

    /// A broker whose data lie elsewhere and stay when it ends.
    pub(crate) fn start_on(data: &Path) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), data.to_path_buf())
    }

    fn start_in(folder: tempfile::TempDir, data: PathBuf) -> Self {
        let log = File::create(folder.path().join("stderr")).unwrap();
        let mut process = serve(&data, "127.0.0.1:0").stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready: serde_json::Value = serde_json::from_str(&line)
            .unwrap_or_else(|error| panic!("{error} in the ready line {line:?}: {}", stderr(folder.path())));
        assert_eq!(ready["ready"], true);
        let address = ready["kafka"].as_str().unwrap().parse().unwrap();
        let mut broker = Self { process, address, resident_at_start_kib: 0, data, folder };
        // The first client makes the broker touch what it will need anyway.
        honest::write_and_read(&broker.connect());
        broker.resident_at_start_kib = broker.resident_kib();
        broker
    }

    pub(crate) fn data(&self) -> &Path {
        &self.data
    }

    /// What the broker has told its operator so far.
    pub(crate) fn log(&self) -> String {
        stderr(self.folder.path())
    }

    /// The operator is told, if only after the client: a connection is closed before its end is logged.
    #[expect(clippy::disallowed_methods, reason = "another process writes the log, and nothing tells when")]
    pub(crate) fn assert_tells(&self, what: &str) {
        let deadline = Instant::now() + PATIENCE;
        while !self.log().contains(what) {
            assert!(Instant::now() < deadline, "the operator is not told {what:?}: {}", self.log());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// Sends bytes and then nothing more. Returns what came back until the broker closed.
    pub(crate) fn send_and_hang_up(&self, bytes: &[u8]) -> Vec<u8> {
        let mut stream = self.connect();
        // The broker may close while we still send: then this fails, and that is an answer, too.
        let _ = stream.write_all(bytes).and_then(|()| stream.shutdown(Shutdown::Write));
        until_closed("bytes and a hang-up", stream)
    }

    /// Sends bytes and keeps the connection open: the broker must be the one to close it.
    pub(crate) fn assert_closes(&self, what: &str, bytes: &[u8]) {
        let mut stream = self.connect();
        let _ = stream.write_all(bytes);
        let answer = until_closed(what, stream);
        assert!(answer.is_empty(), "{what}: answered with {} bytes instead of closing", answer.len());
    }

    /// An honest client is served, and the broker's memory is bounded.
    pub(crate) fn assert_healthy(&mut self) {
        honest::write_and_read(&self.connect());
        assert_eq!(self.process.try_wait().unwrap(), None, "the broker has ended: {}", self.log());
        let (before, after) = (self.resident_at_start_kib, self.resident_kib());
        assert!(after <= before + GROWTH_KIB_MAX, "memory went from {before} KiB to {after} KiB");
    }

    fn resident_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Reads until the broker closes. A connection that it resets is closed as well.
fn until_closed(what: &str, mut stream: TcpStream) -> Vec<u8> {
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
            panic!("{what}: the broker has not closed the connection within {PATIENCE:?}")
        }
        _ => answer,
    }
}

fn stderr(folder: &Path) -> String {
    std::fs::read_to_string(folder.join("stderr")).unwrap_or_default()
}

/// `ottla serve` with a clean environment.
pub(crate) fn serve(data: &Path, listen: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ottla"));
    command.arg("serve").arg("--data").arg(data).args(["--listen", listen]);
    command.env_clear().stdin(Stdio::null());
    command
}

/// Runs a broker that is expected not to start.
pub(crate) fn refused(data: &Path, listen: &str) -> Output {
    let output = serve(data, listen).output().unwrap();
    assert!(output.stdout.is_empty(), "a broker that cannot start is not ready: {output:?}");
    output
}
