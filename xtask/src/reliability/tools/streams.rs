//! Kafka's own smoke test of Kafka Streams: its application, exactly once, with an instance that dies half way, in both
//! protocols.

use super::super::broker::Broker;
use super::super::clock::{now, pause};
use super::kit::VERSION;
use crate::conformance::packages::{Setback, Shelf};
use crate::conformance::streams::{SETTINGS, prepare};
use std::fs::File;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

/// The test itself takes a minute and a half.
const LIMIT: Duration = Duration::from_secs(300);

/// Runs the test against a broker of its own for each protocol. Gives the figure for the document.
///
/// # Errors
/// If it fails or does not end.
pub(super) fn smoke(shelf: &Shelf, ottla: &Path, folder: &Path) -> Result<String, String> {
    for protocol in ["streams", "classic"] {
        let data = folder.join(format!("smoke-{protocol}"));
        std::fs::create_dir_all(&data)
            .map_err(|error| format!("cannot create {}: {error}", data.display()))?;
        let mut broker = Broker::new(ottla, &data, &SETTINGS)?;
        broker.start()?;
        test(shelf, &broker.address(), &data, protocol)?;
        broker.stop()?;
    }
    Ok("passed in both protocols".to_owned())
}

fn test(shelf: &Shelf, address: &str, folder: &Path, protocol: &str) -> Result<(), String> {
    let name = format!("smoke-{protocol}");
    let mut command = prepare(shelf, VERSION).map_err(|setback| match setback {
        Setback::Skipped(why) | Setback::Failed(why) => why,
    })?;
    let output = folder.join("output");
    let create = |path: &Path| File::create(path).map_err(|error| format!("{}: {error}", path.display()));
    let mut child = command
        .env("BOOTSTRAP", address)
        .env("FEATURES", &name)
        .stdin(Stdio::null())
        .stdout(create(&output)?)
        .stderr(create(&output.with_extension("err"))?)
        .spawn()
        .map_err(|error| format!("cannot start {name}: {error}"))?;
    let begin = now();
    while begin.elapsed() < LIMIT {
        match child.try_wait().map_err(|error| error.to_string())? {
            Some(status) if status.success() => return Ok(()),
            Some(status) => return Err(format!("{name} ended with {status}: see {}", output.display())),
            None => pause(Duration::from_millis(100)),
        }
    }
    // It may have ended just now.
    drop(child.kill());
    drop(child.wait());
    Err(format!("{name} did not end within {LIMIT:?}: see {}", output.display()))
}
