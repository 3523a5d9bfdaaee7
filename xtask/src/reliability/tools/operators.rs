//! Kafka's tools for whoever operates a node: sizes, reassignments, elections, the quorum, features, registrations. Each
//! must end and print as it does against an Apache Kafka of one node.

use super::super::broker::Broker;
use super::kit::Kit;
use crate::conformance::clients::JAVA_NEW;
use crate::conformance::packages::{Setback, Shelf};
use std::cell::Cell;
use std::path::Path;
use std::time::Duration;

/// How long a tool may take.
const LIMIT: Duration = Duration::from_secs(120);

/// Runs them all on a broker of their own.
///
/// # Errors
/// If one of them fails or does not print what is so.
pub(super) fn run(shelf: &Shelf, ottla: &Path, folder: &Path) -> Result<(&'static str, String), String> {
    let kit = Kit::prepare(shelf, JAVA_NEW).map_err(|setback| match setback {
        Setback::Skipped(why) | Setback::Failed(why) => why,
    })?;
    let folder = folder.join("operators");
    std::fs::create_dir_all(&folder)
        .map_err(|error| format!("cannot create {}: {error}", folder.display()))?;
    let mut broker = Broker::new(ottla, &folder, &[])?;
    broker.start()?;
    broker.create_topic("operated", "2")?;
    let tools = Tools { kit: &kit, broker: &broker, folder: &folder, asked: Cell::new(0) };
    tools.sizes()?;
    tools.reassignments()?;
    tools.elections()?;
    tools.quorum()?;
    tools.features()?;
    let asked = tools.asked.get().to_string();
    broker.stop()?;
    Ok(("calls of Kafka's tools for operators of a node", asked))
}

struct Tools<'a> {
    kit: &'a Kit,
    broker: &'a Broker,
    folder: &'a Path,
    asked: Cell<usize>,
}

impl Tools<'_> {
    fn call(&self, tool: &str, arguments: &[&str]) -> Result<String, String> {
        let address = self.broker.address();
        let server = ["--bootstrap-server", &address];
        // Most take it before their verbs.
        let all = match tool {
            "ClusterTool" => [arguments, &server].concat(),
            _ => [&server[..], arguments].concat(),
        };
        self.asked.set(self.asked.get() + 1);
        self.kit.run(tool, &all, LIMIT)
    }

    /// Runs a tool and looks for pieces of text in what it prints.
    fn expect(&self, tool: &str, arguments: &[&str], pieces: &[&str]) -> Result<String, String> {
        let printed = self.call(tool, arguments)?;
        match pieces.iter().find(|piece| !printed.contains(**piece)) {
            None => Ok(printed),
            Some(piece) => Err(format!("no {piece:?} in {tool} {}: {printed}", arguments.join(" "))),
        }
    }

    /// Runs a tool that has to fail.
    fn refused(&self, tool: &str, arguments: &[&str]) -> Result<(), String> {
        match self.call(tool, arguments) {
            Err(_) => Ok(()),
            Ok(printed) => Err(format!("{tool} {} was not refused: {printed}", arguments.join(" "))),
        }
    }

    fn sizes(&self) -> Result<(), String> {
        let printed =
            self.expect("LogDirsCommand", &["--describe"], &[r#""partition":"operated-1","size":0"#])?;
        let ours = self.folder.display().to_string();
        if !printed.contains(&format!(r#""logDir":"{ours}"#)) {
            return Err(format!("kafka-log-dirs does not name a directory in {ours}: {printed}"));
        }
        Ok(())
    }

    fn reassignments(&self) -> Result<(), String> {
        let tool = "reassign.ReassignPartitionsCommand";
        let file = |name: &str, text: &str| -> Result<String, String> {
            let path = self.folder.join(name);
            std::fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
            Ok(path.display().to_string())
        };
        let topics = file("topics.json", r#"{"version":1,"topics":[{"topic":"operated"}]}"#)?;
        let plan = |replica: u8| {
            format!(
                r#"{{"version":1,"partitions":[{{"topic":"operated","partition":0,"replicas":[{replica}]}}]}}"#
            )
        };
        let good = file("plan.json", &plan(1))?;
        let bad = file("bad.json", &plan(2))?;
        let generate = ["--generate", "--topics-to-move-json-file", &topics, "--broker-list", "1"];
        self.expect(
            tool,
            &generate,
            &["Proposed partition reassignment configuration", r#""replicas":[1]"#],
        )?;
        let with = |verb: &'static str| [verb, "--reassignment-json-file", &good];
        self.expect(
            tool,
            &with("--execute"),
            &["Successfully started partition reassignment for operated-0"],
        )?;
        self.expect(tool, &with("--verify"), &["Reassignment of partition operated-0 is completed."])?;
        self.expect(tool, &["--list"], &["No partition reassignments found."])?;
        self.expect(tool, &with("--cancel"), &["None of the specified partition reassignments"])?;
        self.refused(tool, &["--execute", "--reassignment-json-file", &bad])
    }

    fn elections(&self) -> Result<(), String> {
        let tool = "LeaderElectionCommand";
        for kind in ["preferred", "unclean"] {
            let one = ["--election-type", kind, "--topic", "operated", "--partition", "0"];
            self.expect(tool, &one, &["Valid replica already elected for partitions operated-0"])?;
            self.expect(tool, &["--election-type", kind, "--all-topic-partitions"], &[])?;
        }
        self.refused(tool, &["--election-type", "preferred", "--topic", "nowhere", "--partition", "0"])
    }

    fn quorum(&self) -> Result<(), String> {
        let tool = "MetadataQuorumCommand";
        let status = ["describe", "--status"];
        self.expect(
            tool,
            &status,
            &["LeaderId:", "MaxFollowerLag:         0", "CurrentObservers:       []"],
        )?;
        self.expect(tool, &["describe", "--replication"], &["Leader"])?;
        self.refused("ClusterTool", &["unregister", "--id", "99"])
    }

    fn features(&self) -> Result<(), String> {
        let tool = "FeatureCommand";
        self.expect(tool, &["describe"], &["eligible.leader.replicas.version", "transaction.version"])?;
        let upgrade = |level: &'static str| ["upgrade", "--feature", level];
        self.expect(tool, &upgrade("transaction.version=2"), &["transaction.version was upgraded to 2."])?;
        self.refused(tool, &upgrade("transaction.version=3"))?;
        self.refused(tool, &["downgrade", "--feature", "transaction.version=1"])
    }
}
