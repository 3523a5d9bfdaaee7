//! Who the broker is, where it listens, and what connections may cost.

use crate::config::kinds::Listeners;
use ottla_base::config::{Change, Effect, Fallback, Unit, Valid};

ottla_base::config! {
    /// Identity, listeners, and the limits of connections and requests.
    pub struct Network, keys NETWORK;

    /// This broker's number in its cluster. One broker alone is number 1.
    node_id: i32 {
        name: "node.id",
        default: Some("1"),
        valid: Valid::AtLeast(0),
        fallbacks: &[Fallback::to("broker.id")],
    }

    /// The older name of `node.id`.
    broker_id: Option<i32> { name: "broker.id", valid: Valid::AtLeast(0) }

    /// Where this broker stands, in words of your own; clients that know their own rack can prefer it.
    broker_rack: Option<String> { name: "broker.rack" }

    /// The addresses to listen on, as NAME://HOST:PORT between commas. Port 0 lets the system choose; an empty
    /// host or 0.0.0.0 means every address of the machine. The default is reachable from this machine alone,
    /// unlike Apache Kafka's, because anyone who reaches a listener without authentication may read and delete
    /// everything.
    listeners: Listeners {
        name: "listeners",
        default: Some("PLAINTEXT://127.0.0.1:9092"),
        valid: Valid::NotEmpty,
    }

    /// The addresses that clients are told to connect to, per listener. Without it each client is told the
    /// address on which it reached the broker, which is right for localhost, a network, an SSH tunnel and a
    /// container's published port alike. Set it where clients must use another name or port than the one they
    /// first reached.
    advertised_listeners: Option<Listeners> { name: "advertised.listeners" }

    /// Which security protocol each listener speaks, as NAME:PROTOCOL between commas.
    listener_security_protocol_map: Vec<String> {
        name: "listener.security.protocol.map",
        default: Some("SASL_SSL:SASL_SSL,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT"),
    }

    /// Listeners that are for controllers. Ottla has none; listeners named here are left out, so that a
    /// `server.properties` of a combined Kafka node works.
    controller_listener_names: Vec<String> { name: "controller.listener.names", default: Some("") }

    /// A connection on which nothing happened for this long is closed.
    connections_max_idle_ms: u64 {
        name: "connections.max.idle.ms",
        default: Some("600000"),
        unit: Unit::Milliseconds,
        low: "Quiet clients must connect again and again.",
        high: "Connections of vanished clients stay open.",
    }

    /// How many connections may be open at once, over all listeners.
    max_connections: usize {
        name: "max.connections",
        default: Some("2147483647"),
        unit: Unit::Count,
        low: "Clients are turned away.",
        high: "Only the system's limit of open files remains.",
    }

    /// How many connections may be open at once from one address.
    max_connections_per_ip: usize {
        name: "max.connections.per.ip",
        default: Some("2147483647"),
        unit: Unit::Count,
        low: "Clients behind one gateway are turned away.",
        high: "One machine may use up all connections.",
        effect: Effect::Kept("Only `max.connections` is enforced yet."),
    }

    /// The largest request that is accepted. A longer one closes its connection before it is read.
    socket_request_max_bytes: usize {
        name: "socket.request.max.bytes",
        default: Some("104857600"),
        valid: Valid::AtLeast(1),
        unit: Unit::Bytes,
        low: "Large batches are refused by closing the connection.",
        high: "One request may take this much memory.",
    }

    /// The send buffer of a connection in the system; -1 is the system's choice.
    socket_send_buffer_bytes: i32 {
        name: "socket.send.buffer.bytes",
        default: Some("102400"),
        valid: Valid::AtLeast(-1),
        unit: Unit::Bytes,
        low: "Slow over long distances.",
        high: "Memory of the system per connection.",
        effect: Effect::Kept("The system sizes its buffers itself, which adapts to distance and load."),
    }

    /// The receive buffer of a connection in the system; -1 is the system's choice.
    socket_receive_buffer_bytes: i32 {
        name: "socket.receive.buffer.bytes",
        default: Some("102400"),
        valid: Valid::AtLeast(-1),
        unit: Unit::Bytes,
        low: "Slow over long distances.",
        high: "Memory of the system per connection.",
        effect: Effect::Kept("The system sizes its buffers itself, which adapts to distance and load."),
    }

    /// The congestion control of connections that come from the same machine, by the system's name for it; empty leaves
    /// them the system's default. It governs what the broker sends, above all fetched records. Nothing is lost on the
    /// way inside of a machine, and what some systems choose for long ways, such as bbr, costs several times as much
    /// there. One that the system lacks or forbids is passed over with a warning. This key is Ottla's own.
    socket_loopback_congestion_control: String {
        name: "socket.loopback.congestion.control",
        default: Some("reno"),
    }

    /// How many connections may wait to be accepted.
    socket_listen_backlog_size: i32 {
        name: "socket.listen.backlog.size",
        default: Some("50"),
        valid: Valid::AtLeast(1),
        unit: Unit::Count,
        low: "A crowd that connects at once is turned away.",
        high: "None; the system has its own limit.",
        effect: Effect::Kept("Ottla asks the system for 1024."),
    }

    /// How many requests may wait for a thread.
    queued_max_requests: i32 {
        name: "queued.max.requests",
        default: Some("500"),
        valid: Valid::AtLeast(1),
        unit: Unit::Count,
        low: "Idle threads.",
        high: "Requests that wait long.",
        effect: Effect::Kept("Requests never wait in a queue: `memory.requests.max.bytes` bounds them."),
    }

    /// How many bytes of requests may be in memory at once; -1 sets no limit beside
    /// `memory.requests.max.bytes`.
    queued_max_request_bytes: i64 {
        name: "queued.max.request.bytes",
        default: Some("-1"),
        valid: Valid::AtLeast(-1),
        unit: Unit::Bytes,
        low: "Large requests wait for each other.",
        high: "More memory under load.",
    }

    /// How many bytes of requests, all connections together, may be in memory at once. Connections wait to
    /// read their next request until there is room; nothing is refused. A quarter of a GiB carries hundreds of
    /// producers. This key is Ottla's own.
    memory_requests_max_bytes: u64 {
        name: "memory.requests.max.bytes",
        default: Some("268435456"),
        valid: Valid::AtLeast(1_048_576),
        unit: Unit::Bytes,
        low: "Producers wait for each other.",
        high: "More memory under load.",
    }

    /// The largest answer to one fetch.
    fetch_max_bytes: usize {
        name: "fetch.max.bytes",
        default: Some("57671680"),
        valid: Valid::AtLeast(1024),
        unit: Unit::Bytes,
        low: "Catching up takes more requests.",
        high: "One consumer may hold up others on its connection for longer.",
    }

    /// How many consumers may have an incremental fetch session. Others send all their partitions each time.
    max_incremental_fetch_session_cache_slots: usize {
        name: "max.incremental.fetch.session.cache.slots",
        default: Some("1000"),
        unit: Unit::Count,
        low: "Consumers of many partitions send more bytes.",
        high: "Memory per session.",
    }

    /// How many threads serve connections; 0 means one per processor core. This key is Ottla's own.
    worker_threads: usize {
        name: "worker.threads",
        default: Some("0"),
        valid: Valid::Within { min: 0, max: 1024 },
        unit: Unit::Count,
        low: "Cores stay idle under load.",
        high: "Threads compete for the same cores.",
    }

    /// Up to which share of a processor the first worker thread serves all connections. From there on it hands some of
    /// them to the next one, again and again until it uses less; what two do is brought together when one can do it.
    /// This key is Ottla's own.
    worker_busy_ratio: f64 {
        name: "worker.busy.ratio",
        default: Some("0.95"),
        valid: Valid::Share,
        unit: Unit::Ratio,
        low: "Cores share work that one could do, and wake each other for records that consumers wait for.",
        high: "Requests queue up although other cores have nothing to do.",
    }

    /// How many threads read and write the network.
    num_network_threads: i32 {
        name: "num.network.threads",
        default: Some("3"),
        valid: Valid::AtLeast(1),
        unit: Unit::Count,
        low: "Cores stay idle under load.",
        high: "Threads compete for the same cores.",
        change: Change::Live,
        effect: Effect::Kept("`worker.threads` says how many threads serve connections."),
    }

    /// How many threads carry out requests.
    num_io_threads: i32 {
        name: "num.io.threads",
        default: Some("8"),
        valid: Valid::AtLeast(1),
        unit: Unit::Count,
        low: "Cores stay idle under load.",
        high: "Threads compete for the same cores.",
        change: Change::Live,
        effect: Effect::Kept("`worker.threads` says how many threads serve connections."),
    }
}
