//! `members HOST:PORT classic|consumer`: 500 members of one group, of whom 50 leave. Prints after how many milliseconds
//! the others have shared the partitions out among themselves again, from the first leave on; a second line says what was
//! measured.
//!
//! `cargo xtask measure groups` runs it. It is a program of its own because xtask has to build when `wire` does not.
//! Each member has a connection of its own and does what Kafka's clients do, but for reading: it sends heartbeats, joins
//! anew when it is told to, and lets go of partitions that it is told to give back.

mod classic;
mod consumer;

use ottla_client::connection::ConnectionOptions;
use ottla_client::connector::TcpConnector;
use ottla_client::{Address, CallError, Connection};
use ottla_wire::ErrorCode;
use ottla_wire::message::CreateTopicsRequest;
use ottla_wire::message::create_topics_request::CreatableTopic;
use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

const MEMBERS: usize = 500;
const LEAVERS: usize = 50;
/// As many as members, so that each member has at least one and no leaver is missed.
const PARTITIONS: i32 = 500;
const TOPIC: &str = "measured";
const GROUP: &str = "measured";
/// A configured delay: Kafka's clients take seconds.
const HEARTBEAT: Duration = Duration::from_millis(200);
const SESSION_MS: i32 = 60_000;
/// A group that is not settled by then never will be.
const LIMIT: Duration = Duration::from_secs(60);

/// Which members a group has.
#[derive(Clone, Copy)]
enum Protocol {
    Classic,
    Consumer,
}

impl Protocol {
    fn parse(name: &str) -> Option<Self> {
        match name {
            "classic" => Some(Self::Classic),
            "consumer" => Some(Self::Consumer),
            _ => None,
        }
    }
}

/// Why a member gave up.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Call(#[from] CallError),
    #[error("{0} was refused: {1}")]
    Refused(&'static str, ErrorCode),
    #[error("all others have ended")]
    Alone,
}

/// One member.
struct Member {
    index: usize,
    connection: Connection,
    news: mpsc::UnboundedSender<(usize, News)>,
    /// How many members have to leave: those with the lowest indexes.
    leave: watch::Receiver<usize>,
}

/// What a member has come to.
enum News {
    Holds { round: i32, partitions: Vec<i32> },
    Left,
}

impl Member {
    /// Waits for the next heartbeat; true if the member has to leave instead.
    async fn rest(&mut self) -> bool {
        let index = self.index;
        timeout(HEARTBEAT, self.leave.wait_for(|leavers| index < *leavers)).await.is_ok()
    }

    fn tell(&self, news: News) -> Result<(), Failure> {
        self.news.send((self.index, news)).map_err(|_| Failure::Alone)
    }
}

/// What each member holds, and in which generation or epoch.
type Holdings = BTreeMap<usize, (i32, Vec<i32>)>;

/// Whether so many members of one round hold each partition once.
fn is_settled(holdings: &Holdings, members: usize) -> bool {
    let rounds: BTreeSet<i32> = holdings.values().map(|(round, _)| *round).collect();
    let mut held: Vec<i32> = holdings.values().flat_map(|(_, partitions)| partitions).copied().collect();
    held.sort_unstable();
    holdings.len() == members && rounds.len() == 1 && held.into_iter().eq(0..PARTITIONS)
}

/// Listens until the group is settled with so many members; false if it is not within the limit.
async fn settle(
    news: &mut mpsc::UnboundedReceiver<(usize, News)>,
    holdings: &mut Holdings,
    members: usize,
) -> bool {
    let settled = async {
        while !is_settled(holdings, members) {
            match news.recv().await {
                Some((index, News::Holds { round, partitions })) => {
                    holdings.insert(index, (round, partitions));
                }
                Some((index, News::Left)) => {
                    holdings.remove(&index);
                }
                None => return false,
            }
        }
        true
    };
    timeout(LIMIT, settled).await.unwrap_or(false)
}

async fn open(address: &Address) -> Result<Connection, Failure> {
    let options = ConnectionOptions {
        client_id: "members".to_owned(),
        connect_timeout: LIMIT,
        // A join waits for all others.
        request_timeout: LIMIT,
    };
    Ok(Connection::open(&TcpConnector, address, options).await?)
}

async fn create_topic(connection: &Connection) -> Result<(), Failure> {
    let topic = CreatableTopic {
        name: TOPIC.into(),
        num_partitions: PARTITIONS,
        replication_factor: 1,
        ..CreatableTopic::default()
    };
    let request = CreateTopicsRequest { topics: vec![topic], ..CreateTopicsRequest::default() };
    let response = connection.call(&request).await?;
    let code = response.topics.first().map_or(ErrorCode::NONE, |topic| topic.error_code);
    check("CreateTopics", code)
}

fn check(what: &'static str, code: ErrorCode) -> Result<(), Failure> {
    if code == ErrorCode::NONE { Ok(()) } else { Err(Failure::Refused(what, code)) }
}

async fn run(address: &Address, protocol: Protocol) -> Result<Option<Duration>, Failure> {
    create_topic(&open(address).await?).await?;
    let (news, mut heard) = mpsc::unbounded_channel();
    let (leave, told) = watch::channel(0);
    let mut members = JoinSet::new();
    for index in 0..MEMBERS {
        let connection = open(address).await?;
        let member = Member { index, connection, news: news.clone(), leave: told.clone() };
        match protocol {
            Protocol::Classic => members.spawn(classic::live(member)),
            Protocol::Consumer => members.spawn(consumer::live(member)),
        };
    }
    drop((news, told));
    let mut holdings = Holdings::new();
    let judged = async {
        if !settle(&mut heard, &mut holdings, MEMBERS).await {
            return None;
        }
        let begun = Instant::now();
        leave.send(LEAVERS).ok()?;
        settle(&mut heard, &mut holdings, MEMBERS - LEAVERS).await.then(|| begun.elapsed())
    };
    let failed = async {
        loop {
            match members.join_next().await {
                Some(Ok(Ok(()))) => {}
                Some(Ok(Err(failure))) => return failure,
                Some(Err(_)) | None => return Failure::Alone,
            }
        }
    };
    tokio::select! {
        took = judged => Ok(took),
        failure = failed => Err(failure),
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let parsed = match arguments.as_slice() {
        [address, protocol] => address.parse().ok().zip(Protocol::parse(protocol)),
        _ => None,
    };
    let Some((address, protocol)) = parsed else {
        eprintln!("members HOST:PORT classic|consumer");
        return ExitCode::from(2);
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    match runtime.map(|runtime| runtime.block_on(run(&address, protocol))) {
        Ok(Ok(Some(took))) => {
            println!("{:.1}", took.as_secs_f64() * 1000.0);
            println!(
                "{MEMBERS} members on {PARTITIONS} partitions, heartbeats every {} ms, {LEAVERS} members leave at once",
                HEARTBEAT.as_millis()
            );
            ExitCode::SUCCESS
        }
        Ok(Ok(None)) => {
            eprintln!("the group did not settle within {LIMIT:?}");
            ExitCode::FAILURE
        }
        Ok(Err(failure)) => {
            eprintln!("a member gave up: {failure}");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("no event loop: {error}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_that_settles_nothing_is_waited_for_within_the_limit_alone() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        let settled = runtime.expect("an event loop").block_on(async {
            let (told, mut news) = mpsc::unbounded_channel();
            let mut holdings = Holdings::new();
            let telling = async {
                for round in 0..1000 {
                    tokio::time::sleep(HEARTBEAT).await;
                    told.send((0, News::Holds { round, partitions: Vec::new() })).expect("it listens");
                }
            };
            tokio::select! {
                settled = settle(&mut news, &mut holdings, 1) => settled,
                () = telling => panic!("as long as there are news it waits"),
            }
        });
        assert!(!settled);
    }

    #[test]
    fn a_group_is_settled_when_its_members_hold_each_partition_once_in_one_round() {
        let half = |round, first| (round, (first..PARTITIONS).step_by(2).collect::<Vec<i32>>());
        let settled =
            |holdings: [(i32, Vec<i32>); 2]| is_settled(&holdings.into_iter().enumerate().collect(), 2);
        assert!(settled([half(7, 0), half(7, 1)]));
        assert!(!settled([half(7, 0), half(6, 1)]), "one has not come along");
        assert!(!settled([half(7, 0), half(7, 0)]), "partitions are owned twice");
        assert!(!settled([half(7, 0), (7, Vec::new())]), "partitions are owned by nobody");
        assert!(!is_settled(&[(0, half(7, 0)), (1, half(7, 1))].into(), 3), "one is missing");
    }
}
