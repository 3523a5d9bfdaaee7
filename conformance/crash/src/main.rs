//! librdkafka under a broker that is killed again and again: load of every kind, and a reader of all that is left.
//!
//! `crash-rdkafka load` runs until its standard input ends, `crash-rdkafka drain` until it has read everything. The
//! environment says the rest: `BOOTSTRAP` is the broker, `HISTORY` the file that takes what the clients did and saw
//! (`crates/sim/src/history.rs` describes it), `SEED` the chance, and `FEATURES` holds `transactions` if there are any.

mod chance;
mod copier;
mod history;
mod reader;
mod sender;
mod transaction;

use chance::Chance;
use history::History;
use rdkafka::config::ClientConfig;
use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// Topics with their numbers of partitions: any producer's, what copiers read, and what they write.
pub const EVENTS: (&str, i32) = ("events", 3);
pub const INPUT: (&str, i32) = ("input", 4);
pub const OUTPUT: (&str, i32) = ("output", 3);

/// How long a client may need for anything while the broker dies and comes back.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// What all clients of this program share.
pub struct World {
    pub history: History,
    pub transactions: bool,
    seed: u64,
    clients: AtomicU64,
    stopping: AtomicBool,
}

impl World {
    fn from_environment() -> Self {
        let variable = |name: &str| std::env::var(name).unwrap_or_default();
        Self {
            history: History::create(&variable("HISTORY")),
            transactions: variable("FEATURES").contains("transactions"),
            seed: variable("SEED").parse().unwrap_or(1),
            clients: AtomicU64::new(1),
            stopping: AtomicBool::new(false),
        }
    }

    /// Whether the load shall end.
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }

    /// A new client's name and the first of its values. Values are unique in the run and rise within a client.
    pub fn client(&self, kind: &str) -> (String, u64) {
        let number = self.clients.fetch_add(1, Ordering::SeqCst);
        (format!("librdkafka-{kind}-{number}"), number << 32)
    }

    /// Chance of its own for each client, so that threads do not disturb each other's.
    pub fn chance(&self, number: u64) -> Chance {
        Chance::new(self.seed ^ number.wrapping_mul(0x9e37_79b9))
    }
}

/// What every client is told; reconnecting must not wait for long, or a killed broker is left alone too much.
pub fn config() -> ClientConfig {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", std::env::var("BOOTSTRAP").expect("BOOTSTRAP is the broker's address"))
        .set("reconnect.backoff.ms", "50")
        .set("reconnect.backoff.max.ms", "500")
        .set("retry.backoff.ms", "50")
        .set("socket.timeout.ms", "10000")
        .set("log_level", "3");
    config
}

/// The value with a filling that only this value has, so that a record is recognised as a whole.
pub fn payload(value: u64) -> String {
    let letter = char::from(b'a' + (value % 26) as u8);
    format!("{value} {}", String::from(letter).repeat((value % 199) as usize))
}

/// The value of a record; 0, which nobody sends, for a record that is not as it was sent.
pub fn value(bytes: Option<&[u8]>) -> u64 {
    let text = std::str::from_utf8(bytes.unwrap_or_default()).unwrap_or_default();
    let value = text.split(' ').next().and_then(|word| word.parse().ok()).unwrap_or(0);
    if payload(value) == text { value } else { 0 }
}

fn main() {
    let world = Arc::new(World::from_environment());
    match std::env::args().nth(1).as_deref() {
        Some("load") => load(&world),
        Some("drain") => reader::drain(&world),
        _ => panic!("crash-rdkafka load|drain"),
    }
    world.history.flush();
}

fn load(world: &Arc<World>) {
    let mut threads = Vec::new();
    let mut start = |number: u64, run: fn(&World, u64)| {
        let world = Arc::clone(world);
        threads.push(std::thread::spawn(move || run(&world, number)));
    };
    start(1, |world, number| sender::run(world, sender::Kind::Idempotent, EVENTS, number));
    start(2, |world, number| sender::run(world, sender::Kind::Idempotent, INPUT, number));
    start(3, |world, number| sender::run(world, sender::Kind::Plain, EVENTS, number));
    start(4, |world, number| reader::member(world, "read_committed", number));
    start(5, |world, number| reader::member(world, "read_committed", number));
    start(6, |world, number| reader::member(world, "read_uncommitted", number));
    start(7, reader::tail);
    if world.transactions {
        start(8, transaction::run);
        start(9, copier::run);
        start(10, copier::run);
    }
    // The parent closes our input when it has killed enough.
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
    world.stopping.store(true, Ordering::SeqCst);
    for thread in threads {
        thread.join().expect("a client's thread panicked");
    }
}
