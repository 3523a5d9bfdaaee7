//! `kafka-producer-perf-test` and `kafka-consumer-perf-test`, Apache Kafka's own.

use super::{Kind, Told, number_before, silent};
use crate::bench::kit::Kit;
use std::path::Path;
use std::process::Command;

pub(in crate::bench) const PRODUCER: Kind =
    Kind { kit: Kit::Kafka, program: |kit| java(kit, "ProducerPerformance"), result: written };
pub(in crate::bench) const CONSUMER: Kind =
    Kind { kit: Kit::Kafka, program: |kit| java(kit, "ConsumerPerformance"), result: read };

fn java(kit: &Path, main: &str) -> Command {
    let mut command = Command::new("java");
    command.args(["-Xms512m", "-Xmx512m", "-Dorg.slf4j.simpleLogger.defaultLogLevel=error"]);
    command.arg("-cp").arg(kit.join("*")).arg(format!("org.apache.kafka.tools.{main}"));
    command
}

/// `200000 records sent, 27882.336540 records/sec (27.23 MB/sec), … 1647 ms 99th, …`; the lines before it are of parts.
fn written(words: &str, _records: u64) -> Result<Told, String> {
    let told = words.lines().rfind(|line| line.contains(" records sent, ") && line.contains("99.9th"));
    let told = told.and_then(|line| {
        let records = number_before(line, " records sent")?;
        let seconds = records / number_before(line, " records/sec")?;
        let p99_us = number_before(line, " ms 99th").map(|milliseconds| milliseconds * 1000.0);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count was printed")]
        Some(Told { records: records as u64, seconds, p99_us })
    });
    told.ok_or_else(|| silent(words))
}

/// A line of headings and one of figures. The time is that of fetching, without that of joining a group.
fn read(words: &str, _records: u64) -> Result<Told, String> {
    let mut lines = words.lines().skip_while(|line| !line.starts_with("start.time,"));
    let told = lines.next().zip(lines.next()).and_then(|(headings, figures)| {
        let figure = |name: &str| -> Option<&str> {
            let index = headings.split(',').position(|heading| heading.trim() == name)?;
            Some(figures.split(',').nth(index)?.trim())
        };
        let milliseconds: f64 = figure("fetch.time.ms")?.parse().ok()?;
        let records = figure("data.consumed.in.nMsg")?.parse().ok()?;
        Some(Told { records, seconds: milliseconds / 1000.0, p99_us: None })
    });
    told.ok_or_else(|| silent(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_producers_summary_is_the_line_with_all_percentiles() {
        let words = "99342 records sent, 19868.4 records/sec (19.40 MB/sec), 1198.2 ms avg latency, 1664.0 ms max latency.\n\
            200000 records sent, 25000.000000 records/sec (24.41 MB/sec), 971.26 ms avg latency, 1664.00 ms max latency, \
            1028 ms 50th, 1575 ms 95th, 1647 ms 99th, 1660 ms 99.9th.\n";
        let told = Told { records: 200_000, seconds: 8.0, p99_us: Some(1_647_000.0) };
        assert_eq!(written(words, 0), Ok(told));
        assert!(written(words.lines().next().unwrap(), 0).is_err());
    }

    #[test]
    fn the_consumers_figures_stand_below_their_headings() {
        let words = "start.time, end.time, data.consumed.in.MB, MB.sec, data.consumed.in.nMsg, nMsg.sec, \
            rebalance.time.ms, fetch.time.ms, fetch.MB.sec, fetch.nMsg.sec\n\
            2026-11-26 15:59:29:122, 2026-11-26 15:59:33:275, 195.4111, 47.0530, 200101, 48182.2779, 3376, 777, 251.4944, 257530.2445\n";
        assert_eq!(read(words, 0), Ok(Told { records: 200_101, seconds: 0.777, p99_us: None }));
        assert!(read("start.time, end.time\n", 0).unwrap_err().contains("start.time"));
    }
}
