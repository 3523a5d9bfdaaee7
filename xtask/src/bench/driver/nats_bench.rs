//! `nats bench`, of NATS itself.

use super::{Kind, Told, number_before, silent};
use crate::bench::kit::Kit;
use std::path::Path;
use std::process::Command;

pub(in crate::bench) const NATS: Kind = Kind { kit: Kit::Nats, program, result };

fn program(kit: &Path) -> Command {
    let mut command = Command::new(kit.join("nats"));
    // Settings of whoever runs this have no say.
    command.args(["--no-context", "bench", "js"]);
    command
}

/// `NATS JetStream fast batch publisher stats: 49,992 msgs/sec ~ 49 MiB/sec …`; of several clients, the first such line
/// is of all together. It does not say how many messages there were: it fails unless all are there.
fn result(words: &str, records: u64) -> Result<Told, String> {
    let line = words.lines().find(|line| line.contains(" stats: ") && line.contains(" msgs/sec"));
    let rate = line.and_then(|line| number_before(line, " msgs/sec"));
    #[expect(clippy::cast_precision_loss, reason = "a run moves far less than 2^53 records")]
    let told = rate.map(|rate| Told { records, seconds: records as f64 / rate, p99_us: None });
    told.ok_or_else(|| silent(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_of_all_clients_tells_the_time() {
        let words = "15:57:34 [1] Starting JetStream fast batch publisher, publishing 300,000 messages\n\n\
            [1] 25,000 msgs/sec\n\
            NATS JetStream fast batch publisher aggregated stats: 50,000 msgs/sec ~ 49 MiB/sec ~ P50: 1,313.64us\n\
            [1] 25,000 msgs/sec\n";
        assert_eq!(result(words, 300_000), Ok(Told { records: 300_000, seconds: 6.0, p99_us: None }));
        let why = result("nats: error: no messages\n", 1).unwrap_err();
        assert!(why.contains("no messages"), "{why}");
    }
}
