//! Accepts connections; [`placement`](crate::placement) says to which worker they go.

use crate::alarm::Alarm;
use crate::connection::{Moving, Peer};
use crate::placement::Placement;
use crate::share_session::ConnectionId;
use crate::system;
use ottla_base::{Env, Tick};
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::net::TcpListener;

/// Connections that wait in the kernel until they are accepted.
const BACKLOG: i32 = 1024;
/// How long to wait when the process has no file descriptor left: accepting again at once would spin.
const EXHAUSTED_PAUSE: Duration = Duration::from_millis(50);

/// Binds `address` for listening. Ports of a broker that has just stopped may be taken at once.
pub(crate) fn bind(address: SocketAddr) -> io::Result<std::net::TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// Counts connections against `max.connections`, and numbers them.
#[derive(Debug)]
pub(crate) struct Places {
    taken: AtomicUsize,
    max: usize,
    accepted: AtomicU64,
}

/// One connection's place; free again when dropped.
#[derive(Debug)]
pub(crate) struct Place(Arc<Places>);

impl Places {
    pub(crate) fn new(max: usize) -> Arc<Self> {
        Arc::new(Self { taken: AtomicUsize::new(0), max, accepted: AtomicU64::new(0) })
    }

    /// `None` if all are taken.
    pub(crate) fn take(self: &Arc<Self>) -> Option<Place> {
        let place = Place(Arc::clone(self));
        // The guard's drop gives the place back when there was none.
        (self.taken.fetch_add(1, Ordering::Relaxed) < self.max).then_some(place)
    }

    /// A number that no other connection has.
    fn next_id(&self) -> ConnectionId {
        ConnectionId(self.accepted.fetch_add(1, Ordering::Relaxed) + 1)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.taken.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What all connections of a listener have in common.
pub(crate) struct Door {
    /// The listener's name.
    pub(crate) name: Arc<str>,
    pub(crate) places: Arc<Places>,
    /// For connections from this machine; `None` once it is known that the system refuses it.
    pub(crate) loopback_congestion: Option<String>,
}

/// Accepts for ever.
pub(crate) async fn accept(
    listener: TcpListener,
    mut door: Door,
    placement: Arc<Placement>,
    env: Arc<dyn Env>,
) {
    loop {
        match listener.accept().await {
            Ok((stream, address)) => {
                let Some(place) = door.places.take() else {
                    tracing::warn!(client = %address, "connection refused: max.connections are open");
                    continue;
                };
                let connection = door.places.next_id();
                door.ease_loopback(&stream, address);
                let now = env.now().tick;
                let Ok(accepted) = prepare(stream, address, &door.name, connection, now) else { continue };
                placement.admit(now, accepted, place);
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection; trying again");
                tokio::time::sleep(EXHAUSTED_PAUSE).await;
            }
        }
    }
}

impl Door {
    fn ease_loopback(&mut self, stream: &tokio::net::TcpStream, address: SocketAddr) {
        let Some(control) = self.loopback_congestion.take_if(|_| address.ip().to_canonical().is_loopback())
        else {
            return;
        };
        match system::set_congestion_control(stream, &control) {
            Ok(()) => self.loopback_congestion = Some(control),
            Err(error) => tracing::warn!(
                %error, %control,
                "socket.loopback.congestion.control is not to be had: connections from this machine have the system's"
            ),
        }
    }
}

/// The connection leaves this worker's event loop, to be registered with its own.
fn prepare(
    stream: tokio::net::TcpStream,
    address: SocketAddr,
    name: &Arc<str>,
    connection: ConnectionId,
    now: Tick,
) -> io::Result<Moving> {
    stream.set_nodelay(true)?;
    let reached = stream.local_addr()?;
    let peer = Peer { address, reached, listener: Arc::clone(name), connection, alarm: Alarm::default() };
    Ok(Moving { stream: stream.into_std()?, peer, rest: Vec::new(), active: now })
}
