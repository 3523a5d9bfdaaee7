//! `ottla doctor`: what a client would see, step by step, and what is wrong.

use crate::arguments::Form;
use crate::command::Session;
use crate::exit::{Failure, Outcome, Status};
use crate::output;
use ottla_client::connection::ConnectionOptions;
use ottla_client::connector::TcpConnector;
use ottla_client::{Address, CallError, Connection, Node, TopicSet};
use ottla_wire::ApiKey;
use serde_json::json;
use std::net::{IpAddr, ToSocketAddrs};
use std::time::Duration;

/// Show what a client would see, step by step, and what is wrong.
///
/// Connects to each bootstrap address, asks for the protocol versions and the cluster, and tries every address that
/// the cluster tells its clients, which is where most set-ups go wrong.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:
  ottla doctor
  ottla doctor -b broker.example:9092 --output json")]
pub(crate) struct Arguments {}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Grade {
    Fine,
    Warning,
    Wrong,
}

/// All findings so far.
struct Report<'c> {
    form: Form,
    wrong: usize,
    session: &'c Session<'c>,
}

/// Examines and reports.
pub(crate) async fn run(session: &Session<'_>, _arguments: &Arguments) -> Outcome {
    let mut report = Report { form: session.common.output, wrong: 0, session };
    for address in &session.common.bootstrap {
        report.resolve(address)?;
        report.connect(address).await?;
    }
    if report.wrong == 0 {
        report.cluster().await?;
    }
    match report.wrong {
        0 => Ok(()),
        wrong => Err(Failure::new(Status::Unhealthy, format!("{wrong} thing(s) are wrong, see above"))),
    }
}

impl Report<'_> {
    fn say(&mut self, grade: Grade, step: &str, text: &str) -> Outcome {
        if grade == Grade::Wrong {
            self.wrong += 1;
        }
        let word = match grade {
            Grade::Fine => "ok",
            Grade::Warning => "warning",
            Grade::Wrong => "wrong",
        };
        match self.form {
            Form::Human => output::line(format_args!("{word:<8} {step:<10} {text}")),
            Form::Json => output::json(&json!({ "grade": word, "step": step, "text": text })),
        }
    }

    fn resolve(&mut self, address: &Address) -> Outcome {
        match (address.host.as_str(), address.port).to_socket_addrs() {
            Ok(found) => {
                let found: Vec<String> = found.map(|address| address.ip().to_string()).collect();
                self.say(Grade::Fine, "name", &format!("{} is {}", address.host, found.join(", ")))
            }
            Err(error) => self.say(
                Grade::Wrong,
                "name",
                &format!("{} is unknown ({error}): check the spelling", address.host),
            ),
        }
    }

    /// A connection, the versions, and how long an answer takes.
    async fn connect(&mut self, address: &Address) -> Outcome {
        let before = self.session.env.now().tick;
        let connection = match open(address).await {
            Ok(connection) => connection,
            Err(error) => return self.say(Grade::Wrong, "connect", &Failure::from(error).message),
        };
        let took = self.session.env.now().tick.since(before);
        self.say(
            Grade::Fine,
            "connect",
            &format!("{address} speaks Kafka's protocol, answered within {took} ms"),
        )?;
        let offered = connection.offered();
        let missing: Vec<&str> = NEEDED
            .iter()
            .filter(|key| !offered.iter().any(|(offered, _)| *offered == **key as i16))
            .map(|key| key.name())
            .collect();
        if missing.is_empty() {
            return self.say(
                Grade::Fine,
                "versions",
                &format!("{} APIs, among them all that clients need", offered.len()),
            );
        }
        self.say(Grade::Warning, "versions", &format!("not offered: {}", missing.join(", ")))
    }

    /// What Metadata says, and whether it can be followed.
    async fn cluster(&mut self) -> Outcome {
        let client = self.session.connect().await?;
        let view = client.view(TopicSet::All).await?;
        let id = view.cluster_id.as_deref().unwrap_or("without id");
        let text = format!("cluster {id}: {} broker(s), {} topic(s)", view.brokers.len(), view.topics.len());
        self.say(Grade::Fine, "cluster", &text)?;
        for node in view.brokers.values() {
            self.advertised(node).await?;
        }
        let mut headless = Vec::new();
        for topic in view.topics.values() {
            let without = topic.partitions.iter().filter(|partition| partition.leader.is_none());
            headless.extend(without.map(|partition| format!("{}-{}", topic.name, partition.index)));
        }
        if !headless.is_empty() {
            self.say(
                Grade::Wrong,
                "leaders",
                &format!("partitions without leader: {}", headless.join(", ")),
            )?;
        }
        Ok(())
    }

    async fn advertised(&mut self, node: &Node) -> Outcome {
        let address = &node.address;
        match open(address).await {
            Ok(_) => {
                let text =
                    format!("clients are sent to {address} for broker {}, and it answers there", node.id);
                self.say(Grade::Fine, "advertised", &text)?;
            }
            Err(error) => {
                let text = format!(
                    "clients are sent to {address} for broker {}, and {error}: set advertised.listeners to an address \
                     that clients reach, or remove it so that each client is told the address it came by",
                    node.id
                );
                self.say(Grade::Wrong, "advertised", &text)?;
            }
        }
        let is_far = |host: &str| host.parse::<IpAddr>().is_ok_and(|ip| !ip.is_loopback());
        let came_from_afar = self.session.common.bootstrap.iter().all(|bootstrap| is_far(&bootstrap.host));
        let is_local =
            address.host == "localhost" || address.host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
        if is_local && came_from_afar {
            let text = format!(
                "{address} is this machine itself: clients on other machines will not find the broker"
            );
            self.say(Grade::Warning, "advertised", &text)?;
        }
        Ok(())
    }
}

async fn open(address: &Address) -> Result<Connection, CallError> {
    let options = ConnectionOptions {
        client_id: "ottla-doctor".into(),
        connect_timeout: Duration::from_secs(5),
        request_timeout: Duration::from_secs(5),
    };
    Connection::open(&TcpConnector, address, options).await
}

/// What every client asks for sooner or later.
const NEEDED: &[ApiKey] = &[
    ApiKey::Produce,
    ApiKey::Fetch,
    ApiKey::ListOffsets,
    ApiKey::Metadata,
    ApiKey::FindCoordinator,
    ApiKey::JoinGroup,
    ApiKey::SyncGroup,
    ApiKey::Heartbeat,
    ApiKey::LeaveGroup,
    ApiKey::OffsetCommit,
    ApiKey::OffsetFetch,
    ApiKey::CreateTopics,
    ApiKey::DescribeConfigs,
    ApiKey::InitProducerId,
];
