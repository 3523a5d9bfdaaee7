//! Kafka's tools for groups: members whose every event is counted, the measuring tool of share groups, and the tools that
//! list, describe, reset and delete groups. Each must end in order and say what is true.

mod consumers;
mod member;
mod shares;
mod verbs;

use super::super::broker::Broker;
use super::kit::Kit;
use crate::conformance::clients::JAVA_NEW;
use crate::conformance::packages::{Setback, Shelf};
use std::path::Path;
use std::time::Duration;

/// How long a tool or what is waited for may take.
const LIMIT: Duration = Duration::from_secs(120);

/// What was checked, and the figure of it.
type Figures = Vec<(&'static str, String)>;

/// Runs them all on a broker of their own; each topic gets this many records.
///
/// # Errors
/// If one of them fails or says something else than is true.
pub(super) fn run(shelf: &Shelf, ottla: &Path, folder: &Path, records: usize) -> Result<Figures, String> {
    let kit = Kit::prepare(shelf, JAVA_NEW).map_err(|setback| match setback {
        Setback::Skipped(why) | Setback::Failed(why) => why,
    })?;
    let folder = folder.join("groups");
    std::fs::create_dir_all(&folder)
        .map_err(|error| format!("cannot create {}: {error}", folder.display()))?;
    let mut broker = Broker::new(ottla, &folder, &[])?;
    broker.start()?;
    let run = Run { kit: &kit, broker: &broker, records };
    let mut figures = consumers::all(&run)?;
    figures.extend(shares::all(&run)?);
    figures.push(verbs::all(&run)?);
    broker.stop()?;
    Ok(figures)
}

/// What every part needs.
struct Run<'a> {
    kit: &'a Kit,
    broker: &'a Broker,
    records: usize,
}

impl Run<'_> {
    /// Runs a tool against the broker and gives what it printed.
    fn tool(&self, tool: &str, arguments: &[&str]) -> Result<String, String> {
        let address = self.broker.address();
        let all = [&["--bootstrap-server", &address], arguments].concat();
        self.kit.run(tool, &all, LIMIT)
    }

    /// Writes the records of one batch into a topic.
    fn produce(&self, topic: &str) -> Result<(), String> {
        let count = self.records.to_string();
        let arguments = [
            "--topic",
            topic,
            "--max-messages",
            &count,
            "--throughput",
            "-1",
            "--acks",
            "-1",
            "--repeating-keys",
            "50",
        ];
        let printed = self.tool("VerifiableProducer", &arguments)?;
        if printed.contains(&format!("\"acked\":{count}")) {
            return Ok(());
        }
        Err(format!("VerifiableProducer did not write {count} records to {topic}"))
    }
}
