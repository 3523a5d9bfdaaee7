//! The history's lines, written as `crates/sim/src/history.rs` describes them, and the clock that all clients share.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::sync::Mutex;

pub struct History(Mutex<BufWriter<File>>);

/// Nanoseconds of the machine's monotonic clock, which Java reads, too.
pub fn now() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// A record of a transaction.
pub struct Sent {
    pub topic: &'static str,
    pub partition: i32,
    pub value: u64,
    /// Negative is librdkafka's word for "stored, but I was not told where"; without it nobody knows.
    pub offset: Option<i64>,
}

/// A transaction's fate.
pub struct Ended {
    pub outcome: &'static str,
    pub ended: u64,
    pub finished: u64,
}

/// Input that a transaction consumed: partition, first offset, position after.
pub type Reads = Vec<(i32, i64, i64)>;

impl History {
    pub fn create(path: &str) -> Self {
        let file = File::create(path).unwrap_or_else(|error| panic!("{path}: {error}"));
        Self(Mutex::new(BufWriter::with_capacity(1 << 18, file)))
    }

    pub fn flush(&self) {
        self.0.lock().expect("nobody panics holding it").flush().expect("the history can be written");
    }

    fn line(&self, line: &str) {
        let mut file = self.0.lock().expect("nobody panics holding it");
        file.write_all(line.as_bytes()).expect("the history can be written");
        file.write_all(b"\n").expect("the history can be written");
    }

    pub fn send(&self, client: &str, producer: &str, sent: &Sent) {
        let (outcome, offset) = (if sent.offset.is_some() { "ok" } else { "unknown" }, or_null(sent.offset));
        let Sent { topic, partition, value, .. } = sent;
        self.line(&format!(
            r#"{{"event":"send","client":"{client}","producer":"{producer}","partition":"{topic}-{partition}","value":{value},"outcome":"{outcome}","offset":{offset}}}"#
        ));
    }

    pub fn transaction(&self, client: &str, end: &Ended, sends: &[Sent], input: Option<(&str, &Reads)>) {
        let Ended { outcome, ended, finished } = end;
        let sends: Vec<String> = sends
            .iter()
            .map(|sent| {
                let Sent { topic, partition, value, offset } = sent;
                format!(
                    r#"{{"partition":"{topic}-{partition}","value":{value},"offset":{}}}"#,
                    or_null(*offset)
                )
            })
            .collect();
        let input = input.map_or(String::new(), |(group, reads)| {
            let reads: Vec<String> = reads
                .iter()
                .map(|(partition, first, next)| {
                    format!(
                        r#"{{"partition":"{}-{partition}","first":{first},"next":{next}}}"#,
                        crate::INPUT.0
                    )
                })
                .collect();
            format!(r#","group":"{group}","reads":[{}]"#, reads.join(","))
        });
        self.line(&format!(
            r#"{{"event":"transaction","client":"{client}","outcome":"{outcome}","ended":{ended},"finished":{finished},"sends":[{}]{input}}}"#,
            sends.join(",")
        ));
    }

    pub fn assign(&self, client: &str, topic: &str, partition: i32) {
        self.line(&format!(r#"{{"event":"assign","client":"{client}","partition":"{topic}-{partition}"}}"#));
    }

    pub fn poll(
        &self,
        client: &str,
        isolation: &str,
        partition: &str,
        times: (u64, u64),
        records: &[(i64, u64)],
    ) {
        let Some((last, _)) = records.last() else { return };
        let (start, end, next) = (times.0, times.1, last + 1);
        let mut pairs = String::new();
        for (offset, value) in records {
            let comma = if pairs.is_empty() { "" } else { "," };
            let _ = write!(pairs, "{comma}[{offset},{value}]");
        }
        self.line(&format!(
            r#"{{"event":"poll","client":"{client}","isolation":"{isolation}","partition":"{partition}","start":{start},"end":{end},"next":{next},"records":[{pairs}]}}"#
        ));
    }

    pub fn commit(&self, client: &str, group: &str, partition: &str, offset: i64, outcome: (&str, u64)) {
        let (outcome, start) = outcome;
        let end = now();
        self.line(&format!(
            r#"{{"event":"commit","client":"{client}","group":"{group}","partition":"{partition}","offset":{offset},"outcome":"{outcome}","start":{start},"end":{end}}}"#
        ));
    }

    pub fn committed(&self, client: &str, group: &str, partition: &str, offset: Option<i64>, start: u64) {
        let (end, offset) = (now(), or_null(offset));
        self.line(&format!(
            r#"{{"event":"committed","client":"{client}","group":"{group}","partition":"{partition}","offset":{offset},"start":{start},"end":{end}}}"#
        ));
    }

    pub fn end(&self, client: &str, isolation: &str, partition: &str, offset: i64, start: u64) {
        let end = now();
        self.line(&format!(
            r#"{{"event":"end","client":"{client}","isolation":"{isolation}","partition":"{partition}","offset":{offset},"start":{start},"end":{end}}}"#
        ));
    }

    pub fn drained(&self, client: &str, isolation: &str, partition: &str) {
        self.line(&format!(
            r#"{{"event":"drained","client":"{client}","isolation":"{isolation}","partition":"{partition}"}}"#
        ));
    }
}

fn or_null(offset: Option<i64>) -> String {
    offset.filter(|offset| 0 <= *offset).map_or("null".to_owned(), |offset| offset.to_string())
}
