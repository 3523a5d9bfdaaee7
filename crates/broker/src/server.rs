//! Starts and stops a broker: data first, then the listeners, then one worker thread per core.
//!
//! A worker is a thread with an event loop of its own. [`placement`](crate::placement) says which connections it serves.
//! The first worker also accepts and runs the background jobs.

use crate::advertised::{Advertised, Endpoint};
use crate::broker::Broker;
use crate::budget::Budget;
use crate::config::kinds::Listener;
use crate::config::{BrokerConfig, Configs, Layers};
use crate::connection::{self, Moving, Workplace};
use crate::environment::SystemEnv;
use crate::fetch_session::FetchSessions;
use crate::gathering::Gathering;
use crate::groups::Groups;
use crate::image::Image;
use crate::listener::{self, Door, Place, Places};
use crate::placement::{Placement, Post};
use crate::producer_ids::ProducerIds;
use crate::shard::LoadError;
use crate::share::Share;
use crate::share_partitions::SharePartitions;
use crate::transactions::Transactions;
use crate::waiting::Waiting;
use crate::{jobs, overrides, topics};
use ottla_base::{BrokerId, Env};
use ottla_storage::{Database, Log, LogOptions, OpenError, RecoveryReport};
use ottla_wire::Str;
use parking_lot::Mutex;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::num::NonZero;
use std::rc::Rc;
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinSet, LocalSet};

/// Why a broker does not start. Each message has the cause and a cure.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data directory cannot be used.
    #[error(transparent)]
    Data(#[from] OpenError),
    /// A listener's host is no address of this machine, or unknown.
    #[error("the listener {name} cannot use the address {address}: {source}")]
    Address {
        /// The listener.
        name: String,
        /// What was configured.
        address: String,
        /// What the system said.
        source: io::Error,
    },
    /// Another process listens there.
    #[error(
        "{address} is in use: stop the process that listens there, or choose another address with --listen"
    )]
    AddressInUse {
        /// The address.
        address: SocketAddr,
    },
    /// The metadata on disk cannot be made true.
    #[error("the topic metadata cannot be loaded: {0}")]
    Topics(String),
    /// The system refused a thread or an event loop.
    #[error("a worker cannot start: {0}")]
    Worker(#[from] io::Error),
}

/// A listener that accepts connections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoundListener {
    /// Its name in upper case, such as `PLAINTEXT`.
    pub name: Arc<str>,
    /// Where it listens, with the port that the system chose if 0 was asked for.
    pub address: SocketAddr,
}

/// A running broker. Dropping it without [`stop`](Self::stop) leaves a log that recovers as after a crash.
pub struct Server {
    broker: Arc<Broker>,
    listeners: Vec<BoundListener>,
    recovery: RecoveryReport,
    shutdown: watch::Sender<bool>,
    workers: Vec<JoinHandle<()>>,
}

/// How long requests may take to finish once the broker stops.
const DRAIN: Duration = Duration::from_secs(5);

impl Server {
    /// Opens the data that `log` names and serves it as `layers` say. Requests are answered when this returns.
    ///
    /// # Errors
    /// [`StartError`]; nothing has been changed then, except that the data directory may have been created.
    pub fn start(layers: Layers, log: LogOptions) -> Result<Self, StartError> {
        let configs = Configs::new(layers);
        let bound = bind_all(&configs.broker())?;
        let env: Arc<dyn Env> = Arc::new(SystemEnv::new());
        let (broker, recovery) = open(configs, log, env)?;
        let listeners = bound.iter().map(|(listener, _)| listener.clone()).collect();
        let (shutdown, stopping) = watch::channel(false);
        let workers = start_workers(&broker, bound, &stopping)?;
        Ok(Self { broker, listeners, recovery, shutdown, workers })
    }

    /// Where it listens.
    #[must_use]
    pub fn listeners(&self) -> &[BoundListener] {
        &self.listeners
    }

    /// What opening the data directory found and mended.
    #[must_use]
    pub fn recovery(&self) -> &RecoveryReport {
        &self.recovery
    }

    /// The cluster's id: 22 characters.
    #[must_use]
    pub fn cluster_id(&self) -> &str {
        &self.broker.cluster_id
    }

    /// Stops accepting, lets requests finish for up to 5 seconds, and closes the log so that the next start need
    /// not look for damage.
    pub fn stop(self) {
        let Self { broker, shutdown, workers, listeners: _, recovery: _ } = self;
        // The workers hold receivers; if all are gone already there is nobody to tell.
        let _ = shutdown.send(true);
        broker.waiting.close();
        broker.groups.dismiss();
        broker.share.partitions.dismiss();
        for worker in workers {
            if worker.join().is_err() {
                tracing::error!("a worker had panicked");
            }
        }
        broker.log.clone().close();
    }
}

type Bound = (BoundListener, std::net::TcpListener);

fn bind_all(config: &BrokerConfig) -> Result<Vec<Bound>, StartError> {
    let mut bound = Vec::new();
    for listener in config.client_listeners() {
        bind_listener(&listener, &mut bound)?;
    }
    for (listener, _) in bound.iter().filter(|(listener, _)| !listener.address.ip().is_loopback()) {
        tracing::warn!(
            "listener {} on {} is open to other machines without authentication: whoever reaches it may read and \
             delete everything; bind it to 127.0.0.1 or keep strangers off by a firewall",
            listener.name,
            listener.address
        );
    }
    Ok(bound)
}

/// Binds every address of the listener's host, so that `localhost` means both of its addresses.
fn bind_listener(listener: &Listener, bound: &mut Vec<Bound>) -> Result<(), StartError> {
    let host = if listener.host.is_empty() { "0.0.0.0" } else { &listener.host };
    let refused = |source| StartError::Address {
        name: listener.name.clone(),
        address: format!("{host}:{}", listener.port),
        source,
    };
    let mut addresses: Vec<_> = (host, listener.port).to_socket_addrs().map_err(refused)?.collect();
    addresses.sort();
    addresses.dedup();
    let mut chosen_port = listener.port;
    for (nth, mut address) in addresses.into_iter().enumerate() {
        address.set_port(chosen_port);
        let socket = match listener::bind(address) {
            Ok(socket) => socket,
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                return Err(StartError::AddressInUse { address });
            }
            // A machine may know `localhost` by an IPv6 address although IPv6 is switched off.
            Err(error) if nth > 0 => {
                tracing::debug!(%address, %error, "not listening there");
                continue;
            }
            Err(error) => return Err(refused(error)),
        };
        let address = socket.local_addr().map_err(refused)?;
        chosen_port = address.port();
        bound.push((BoundListener { name: listener.name.as_str().into(), address }, socket));
    }
    Ok(())
}

pub(crate) fn open(
    configs: Configs,
    options: LogOptions,
    env: Arc<dyn Env>,
) -> Result<(Arc<Broker>, RecoveryReport), StartError> {
    let waiting = Arc::new(Waiting::default());
    let (log, recovery) = Log::open(&options, Arc::clone(&env), Arc::clone(&waiting) as _)?;
    let (meta, journal) = Database::open(&options, env.as_ref())?;
    overrides::load(&configs, &meta);
    let config = configs.broker();
    let advertised = config.network.advertised_listeners.iter().flat_map(|all| &all.0).map(|listener| {
        let endpoint = Endpoint { host: listener.host.clone(), port: listener.port };
        (listener.name.as_str().into(), endpoint)
    });
    let unreadable = |error: LoadError| StartError::Topics(error.to_string());
    let transactions = Transactions::open(&journal, &env, &config).map_err(unreadable)?;
    let share = Share::new(SharePartitions::open(&journal, &env).map_err(unreadable)?);
    let groups = Groups::open(journal, Arc::clone(&env), &config).map_err(unreadable)?;
    let broker = Arc::new(Broker {
        cluster_id: Str::from(meta.cluster_id()),
        node: BrokerId(config.network.node_id),
        rack: config.network.broker_rack.as_deref().map(Str::from),
        advertised: Advertised::new(advertised),
        image: Image::default(),
        producer_ids: ProducerIds::default(),
        sessions: Mutex::new(FetchSessions::new(config.network.max_incremental_fetch_session_cache_slots)),
        budget: Budget::new(request_memory(&config)),
        changing_topics: tokio::sync::Mutex::new(()),
        env,
        log,
        meta,
        groups,
        transactions,
        share,
        waiting,
        configs,
    });
    topics::load(&broker).map_err(|error| StartError::Topics(error.to_string()))?;
    broker.log.sync_inherited()?;
    Ok((broker, recovery))
}

/// The smaller of Ottla's own limit and Kafka's, which is off at -1.
fn request_memory(config: &BrokerConfig) -> u64 {
    let kafkas = u64::try_from(config.network.queued_max_request_bytes).unwrap_or(u64::MAX);
    config.network.memory_requests_max_bytes.min(kafkas)
}

fn worker_count(config: &BrokerConfig) -> usize {
    match config.network.worker_threads {
        0 => std::thread::available_parallelism().map_or(1, NonZero::get),
        count => count,
    }
}

fn start_workers(
    broker: &Arc<Broker>,
    bound: Vec<Bound>,
    stopping: &watch::Receiver<bool>,
) -> Result<Vec<JoinHandle<()>>, StartError> {
    let (inboxes, receivers): (Vec<_>, Vec<_>) =
        (0..worker_count(&broker.config())).map(|_| mpsc::unbounded_channel()).unzip();
    let (busy, others) = mpsc::channel(1);
    let placement = Arc::new(Placement::new(inboxes, broker.config().network.worker_busy_ratio));
    let mut first = Some(Chores { bound, others });
    let mut workers = Vec::new();
    for (number, connections) in receivers.into_iter().enumerate() {
        let chores = first.take();
        let busy = chores.is_none().then(|| busy.clone());
        let worker = Worker {
            broker: Arc::clone(broker),
            number,
            placement: Arc::clone(&placement),
            connections,
            stopping: stopping.clone(),
            busy,
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let thread = Builder::new().name(format!("worker-{number}"));
        workers.push(thread.spawn(move || LocalSet::new().block_on(&runtime, worker.run(chores)))?);
    }
    Ok(workers)
}

struct Worker {
    broker: Arc<Broker>,
    number: usize,
    placement: Arc<Placement>,
    connections: mpsc::UnboundedReceiver<(Moving, Place)>,
    stopping: watch::Receiver<bool>,
    /// Every worker but the first holds it while it has requests to answer.
    busy: Option<mpsc::Sender<Never>>,
}

/// What only the first worker does: accepting for everyone, and the background jobs.
struct Chores {
    bound: Vec<Bound>,
    /// Ends when no other worker has requests to answer.
    others: mpsc::Receiver<Never>,
}

/// Nothing is ever sent; the end of the channel is the news.
enum Never {}

impl Worker {
    async fn run(mut self, chores: Option<Chores>) {
        let (mut doors, mut background, mut others) = (JoinSet::new(), JoinSet::new(), None);
        if let Some(chores) = chores {
            // The jobs first: what they find left over is finished before anybody is let in.
            jobs::start(&self.broker, &mut background);
            self.open_doors(&mut doors, chores.bound);
            others = Some(chores.others);
        }
        let mut open = JoinSet::new();
        let workplace = Workplace {
            post: Rc::new(Post::new(self.number, Arc::clone(&self.placement))),
            gathering: Rc::new(Gathering::new(self.broker.log.clone())),
            pool: Arc::default(),
        };
        let stopping = self.stopping.clone();
        loop {
            tokio::select! {
                accepted = self.connections.recv() => {
                    let Some((arrived, place)) = accepted else { break };
                    let (broker, post) = (Arc::clone(&self.broker), Rc::clone(&workplace.post));
                    let serving = connection::serve(broker, arrived, workplace.clone(), stopping.clone());
                    open.spawn_local(async move {
                        post.enter();
                        let moving = serving.await;
                        post.leave();
                        match moving {
                            Some(moving) => post.hand_over(moving, place),
                            None => drop(place),
                        }
                    });
                }
                Some(ended) = open.join_next() => log_panic(ended),
                _ = self.stopping.wait_for(|&stop| stop) => break,
            }
        }
        // Who is on the way here has no request under way, and must not wait for others to be told.
        drop(self.connections);
        doors.abort_all();
        // The jobs go on meanwhile: the end of a transaction, for one, is answered when they have carried it out.
        let drained = async {
            while open.join_next().await.is_some() {}
            drop(self.busy);
            if let Some(mut others) = others {
                others.recv().await;
            }
        };
        if tokio::time::timeout(DRAIN, drained).await.is_err() {
            tracing::warn!("connections were cut off: their requests took longer than {DRAIN:?} to finish");
        }
        background.abort_all();
    }

    fn open_doors(&self, doors: &mut JoinSet<()>, bound: Vec<Bound>) {
        let network = &self.broker.config().network;
        let places = Places::new(network.max_connections);
        let control = &network.socket_loopback_congestion_control;
        for (listener, socket) in bound {
            match tokio::net::TcpListener::from_std(socket) {
                Ok(socket) => {
                    let door = Door {
                        name: listener.name,
                        places: Arc::clone(&places),
                        loopback_congestion: Some(control.clone()).filter(|control| !control.is_empty()),
                    };
                    let broker = Arc::clone(&self.broker);
                    let (placement, env) = (Arc::clone(&self.placement), Arc::clone(&broker.env));
                    let accepting = listener::accept(socket, door, placement, env);
                    doors.spawn_local(async move {
                        broker.transactions.settled().await;
                        accepting.await;
                    });
                }
                Err(error) => tracing::error!(%error, listener = %listener.name, "cannot accept connections"),
            }
        }
    }
}

fn log_panic(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "a connection's task failed");
    }
}
