//! `rdkafka_performance`, librdkafka's own: what most clients that are not written in Java have inside.
//!
//! It paces by sleeping and delivers less than it is told to, so it is only asked for all that it can.

use super::{Kind, Told, number_before, silent};
use crate::bench::kit::Kit;
use std::path::Path;
use std::process::Command;

pub(in crate::bench) const RDKAFKA: Kind = Kind { kit: Kit::Rdkafka, program, result };

fn program(kit: &Path) -> Command {
    Command::new(kit.join("rdkafka_performance"))
}

/// `% 100000 messages produced (102400000 bytes), 100000 delivered (offset 99999, 0 failed) in 1251ms: …` or
/// `% 120307 messages (123194368 bytes) consumed in 161ms: …`; the last such line counts.
fn result(words: &str, _records: u64) -> Result<Told, String> {
    let line = words.lines().rfind(|line| line.starts_with("% ") && line.contains("msgs/s"));
    let told = line.and_then(|line| {
        let (_, time) = line.split_once(" in ").or_else(|| line.split_once("consumed in "))?;
        let milliseconds = number_before(time, "ms:")?;
        let records = number_before(line, " delivered").or_else(|| number_before(line, " messages ("))?;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count was printed")]
        Some(Told { records: records as u64, seconds: milliseconds / 1000.0, p99_us: None })
    });
    told.ok_or_else(|| silent(words))
}
