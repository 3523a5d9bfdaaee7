//! Kafka Streams at length: Kafka's own smoke test, exactly once, with an instance that dies half way, in both protocols;
//! and words that are counted while instances come, go and die, and the broker is killed again and again.

use super::super::broker::Broker;
use super::super::clock::{now, pause};
use super::kit::VERSION;
use crate::conformance::packages::{Setback, Shelf};
use crate::conformance::streams::{SETTINGS, prepare};
use std::fs::File;
use std::path::Path;
use std::process::{Child, Stdio};
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
        let mut child = test(shelf, &broker.address(), &data, &format!("smoke-{protocol}"))?;
        wait(&mut child, &data, LIMIT, || Ok(()))?;
        broker.stop()?;
    }
    Ok("passed in both protocols".to_owned())
}

/// Counts words exactly once in both protocols while the broker is killed. Gives the figure for the document.
///
/// # Errors
/// If a word is lost or counted twice, or the count does not end.
pub(super) fn count(shelf: &Shelf, ottla: &Path, folder: &Path) -> Result<String, String> {
    let data = folder.join("counting");
    std::fs::create_dir_all(&data).map_err(|error| format!("cannot create {}: {error}", data.display()))?;
    let mut broker = Broker::new(ottla, &data, &SETTINGS)?;
    broker.start()?;
    let mut child = test(shelf, &broker.address(), &data, "streams,classic")?;
    let (mut kills, mut alive_since) = (0, now());
    wait(&mut child, &data, LIMIT, || {
        if kills < KILLS && KILL_EVERY <= alive_since.elapsed() {
            broker.kill();
            broker.start()?;
            (kills, alive_since) = (kills + 1, now());
        }
        Ok(())
    })?;
    broker.stop()?;
    broker.verify()?;
    Ok(format!("exactly once in both protocols, over {kills} kills of the broker"))
}

/// Starts tests of `conformance/streams` against a broker; what they say goes to files of the folder.
fn test(shelf: &Shelf, address: &str, folder: &Path, features: &str) -> Result<Child, String> {
    let mut command = prepare(shelf, VERSION).map_err(|setback| match setback {
        Setback::Skipped(why) | Setback::Failed(why) => why,
    })?;
    let output = folder.join(OUTPUT);
    let create = |path: &Path| File::create(path).map_err(|error| format!("{}: {error}", path.display()));
    command
        .env("BOOTSTRAP", address)
        .env("FEATURES", features)
        .stdin(Stdio::null())
        .stdout(create(&output)?)
        .stderr(create(&output.with_extension("err"))?)
        .spawn()
        .map_err(|error| format!("cannot start {features}: {error}"))
}

/// Waits for the end of the tests, and does something meanwhile. Nothing of them is left when it returns.
fn wait(
    child: &mut Child,
    folder: &Path,
    limit: Duration,
    meanwhile: impl FnMut() -> Result<(), String>,
) -> Result<(), String> {
    let outcome = watch(child, folder, limit, meanwhile);
    if outcome.is_err() {
        // It may have ended just now.
        drop(child.kill());
        drop(child.wait());
    }
    outcome
}

fn watch(
    child: &mut Child,
    folder: &Path,
    limit: Duration,
    mut meanwhile: impl FnMut() -> Result<(), String>,
) -> Result<(), String> {
    let see = || format!("see {}", folder.join(OUTPUT).display());
    let begin = now();
    while begin.elapsed() < limit {
        match child.try_wait().map_err(|error| error.to_string())? {
            Some(status) if status.success() => return Ok(()),
            Some(status) => return Err(format!("the application ended with {status}: {}", see())),
            None => pause(Duration::from_millis(100)),
        }
        meanwhile()?;
    }
    Err(format!("the application did not end within {limit:?}: {}", see()))
}

const OUTPUT: &str = "output";
/// More would leave the applications no time to come to rest.
const KILLS: u32 = 5;
const KILL_EVERY: Duration = Duration::from_secs(6);
