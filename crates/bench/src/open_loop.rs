//! Open-loop load: records that are due at a steady rate, and how long each takes from then on.
//!
//! A closed loop asks, waits and asks again, so a server that stalls is asked less and looks better. Here each record
//! has its time; one that is late goes out at once, and its latency counts from when it was due. One thread sleeps until
//! the next record is due or something comes. It never spins: on a small machine it would take the server's processor.
//!
//! A [`Path`] is the way that records take: through a broker in `command/latency.rs`, through an echo in
//! `command/pingpong.rs`.

mod connection;
mod schedule;
mod sender;
mod tally;

pub(crate) use connection::{Connection, wait};

use crate::command::{Failure, Outcome, While};
use crate::outcome::{self, Measured};
use crate::{clock, payload};
use schedule::{Nanos, Schedule};
use sender::{Bounds, Sender};
use serde::Serialize;
use std::num::{NonZeroU32, NonZeroU64, NonZeroUsize};
use std::ops::Range;
use std::time::{Duration, Instant};
use tally::{Percentiles, Tally};

/// How much, how fast and for how long.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Pace {
    /// Records a second
    #[arg(long, value_name = "NUMBER")]
    rate: NonZeroU32,
    /// Bytes of each record; the first eight are its number
    #[arg(long, value_name = "BYTES", default_value_t = 100)]
    record_bytes: usize,
    /// How long to measure
    #[arg(long, value_name = "SECONDS", default_value_t = 10.0)]
    seconds: f64,
    /// How long to go on before that
    #[arg(long, value_name = "SECONDS", default_value_t = 2.0)]
    warm_up: f64,
    /// Batches that may be without an answer; records that are due meanwhile wait, and go out together
    #[arg(long, value_name = "NUMBER", default_value = "5")]
    in_flight: NonZeroUsize,
    /// Bytes of the records that go out together if they are due together
    #[arg(long, value_name = "BYTES", default_value_t = 16_384)]
    batch_bytes: usize,
}

/// The way that records take to the other end.
pub(crate) trait Path {
    /// Sends these records as one batch.
    fn send(&mut self, numbers: Range<u64>) -> Outcome;

    /// Where something may come.
    fn connections(&self) -> &[Connection];

    /// Goes on with the connection at this place, which has something to read or room for what it has to send.
    fn turn(&mut self, at: usize, news: &mut News) -> Outcome;
}

/// What came.
#[derive(Debug, Default)]
pub(crate) struct News {
    /// How many batches were acknowledged, the oldest first.
    pub(crate) acknowledged: usize,
    /// The numbers of the records that came to the other end.
    pub(crate) arrived: Vec<u64>,
}

/// What every record carries: its number, and bytes that are the same in all.
#[derive(Clone, Debug)]
pub(crate) struct Content(Vec<u8>);

/// What was measured. `requests` are batches.
#[derive(Clone, Debug, Serialize)]
struct Report {
    #[serde(flatten)]
    measured: Measured,
    rate: NonZeroU32,
    /// Records a second that came.
    achieved_rate: f64,
    /// From when a record was due until it came to the other end.
    #[serde(flatten)]
    latency: Percentiles,
    /// All of it: microseconds, and how many records took that long.
    histogram: Vec<(u64, u64)>,
    /// From when a record was due until it was acknowledged.
    ack_p50_us: u64,
    ack_p99_us: u64,
    ack_max_us: u64,
    ack_histogram: Vec<(u64, u64)>,
}

impl Pace {
    /// What the records carry.
    pub(crate) fn content(&self) -> Result<Content, Failure> {
        self.check()?;
        let mut bytes = vec![0; self.record_bytes];
        payload::fill(&mut bytes, 0);
        Ok(Content(bytes))
    }

    /// The records that are sent, and of those the ones that are measured.
    fn records(&self, schedule: Schedule) -> Range<u64> {
        let warm_up = schedule.count_in(self.warm_up);
        warm_up..warm_up + schedule.count_in(self.seconds).max(1)
    }

    fn check(&self) -> Outcome {
        if self.record_bytes < NUMBER_BYTES {
            return Err(Failure::new("--record-bytes must be at least 8: a record carries its number"));
        }
        let is_time = |seconds: f64| (0.0..=SECONDS_MAX).contains(&seconds);
        if !is_time(self.seconds) || !is_time(self.warm_up) {
            return Err(Failure::new("--seconds and --warm-up must be between 0 and a day"));
        }
        Ok(())
    }
}

impl Content {
    /// The record of this number.
    pub(crate) fn of(&mut self, number: u64) -> &[u8] {
        self.0[..NUMBER_BYTES].copy_from_slice(&number.to_be_bytes());
        &self.0
    }

    /// Bytes of a record.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Which record this is.
    pub(crate) fn number(record: &[u8]) -> Result<u64, Failure> {
        let number = record.first_chunk().ok_or_else(|| Failure::new("a record came that nobody sent"))?;
        Ok(u64::from_be_bytes(*number))
    }
}

/// Sends records at `pace` along `path`, and prints what was measured.
pub(crate) fn run(pace: &Pace, path: &mut impl Path) -> Outcome {
    // Otherwise the kernel lets a sleeper sleep up to 50 µs longer than it asked for.
    rustix::thread::set_current_timer_slack(NonZeroU64::new(1)).while_doing("asking for exact timers")?;
    let schedule = Schedule::new(pace.rate);
    let measured = pace.records(schedule);
    let batch_records = (pace.batch_bytes / pace.record_bytes).max(1) as u64;
    let bounds = Bounds { in_flight: pace.in_flight.get(), batch_records };
    let mut run = Run {
        sender: Sender::new(schedule, measured.end, bounds),
        tally: Tally::new(schedule, measured.clone()),
        start: clock::now(),
        deadline: schedule.due(measured.end) + DRAIN,
        requests: 0,
        path,
    };
    while run.sender.sent() < measured.start {
        run.step()?;
    }
    outcome::begin()?;
    let (requests, wire_bytes) = (run.requests, run.wire_bytes());
    while run.tally.arrived_count() < measured.end || !run.sender.is_done() {
        run.step()?;
    }
    let (records, seconds) = (measured.end - measured.start, run.tally.seconds());
    let counted = Measured {
        seconds,
        requests: run.requests - requests,
        records,
        bytes: records * pace.record_bytes as u64,
        wire_bytes: run.wire_bytes() - wire_bytes,
    };
    let acks = Percentiles::of(run.tally.acks());
    let report = Report {
        measured: counted,
        rate: pace.rate,
        achieved_rate: records as f64 / seconds,
        latency: Percentiles::of(run.tally.arrivals()),
        histogram: tally::buckets(run.tally.arrivals()),
        ack_p50_us: acks.p50_us,
        ack_p99_us: acks.p99_us,
        ack_max_us: acks.max_us,
        ack_histogram: tally::buckets(run.tally.acks()),
    };
    report.check()?;
    outcome::end(&report)
}

impl Report {
    /// An open loop that does not keep up measures how long it lasted.
    fn check(&self) -> Outcome {
        let rate = f64::from(self.rate.get());
        if !keeps_up(rate, &self.measured, Duration::from_micros(self.latency.p50_us)) {
            return Err(Failure::new(format!(
                "overloaded: {:.0} records a second came instead of {rate}; latencies (p50 {} µs) only tell for how \
                 long. Ask for a lower --rate",
                self.achieved_rate, self.latency.p50_us
            )));
        }
        Ok(())
    }
}

/// Whether as much came as was due. Who is late by the same all the time keeps up: what half of the records take is no
/// backlog.
fn keeps_up(rate: f64, measured: &Measured, p50: Duration) -> bool {
    let planned = measured.records as f64 / rate;
    let seconds = (measured.seconds - p50.as_secs_f64()).max(planned);
    rate * ACHIEVED_MIN <= measured.records as f64 / seconds
}

/// A run on its way.
struct Run<'a, P> {
    sender: Sender,
    tally: Tally,
    start: Instant,
    /// When waiting for the last records ends.
    deadline: Nanos,
    requests: u64,
    path: &'a mut P,
}

impl<P: Path> Run<'_, P> {
    /// Sends what is due, sleeps until more is or something comes, and takes what came.
    fn step(&mut self) -> Outcome {
        let now = self.elapsed();
        if self.deadline <= now {
            let (arrived, seconds) = (self.tally.arrived_count(), DRAIN / NANOS_PER_SECOND);
            let line = format!("only {arrived} records came within {seconds} s after the last was due");
            return Err(Failure::new(line));
        }
        while let Some(batch) = self.sender.take(now) {
            self.path.send(batch)?;
            self.requests += 1;
        }
        let until = self.sender.next_due().unwrap_or(self.deadline).min(self.deadline);
        let time = Duration::from_nanos(until.saturating_sub(self.elapsed()));
        let mut news = News::default();
        for at in wait(self.path.connections(), time)? {
            self.path.turn(at, &mut news)?;
            self.take(&mut news)?;
        }
        Ok(())
    }

    fn take(&mut self, news: &mut News) -> Outcome {
        let now = self.elapsed();
        for number in news.arrived.drain(..) {
            self.tally.arrived(number, now).while_doing("looking at what came")?;
        }
        for _ in 0..std::mem::take(&mut news.acknowledged) {
            let batch = self.sender.acknowledged();
            let batch = batch.ok_or_else(|| Failure::new("an answer came that nobody asked for"))?;
            self.tally.acknowledged(batch, now);
        }
        Ok(())
    }

    fn wire_bytes(&self) -> u64 {
        self.path.connections().iter().map(Connection::wire_bytes).sum()
    }

    fn elapsed(&self) -> Nanos {
        let elapsed = clock::now().duration_since(self.start).as_nanos();
        Nanos::try_from(elapsed).expect("no run lasts for centuries")
    }
}

const NUMBER_BYTES: usize = size_of::<u64>();
const NANOS_PER_SECOND: Nanos = 1_000_000_000;
/// How long the last records may take.
const DRAIN: Nanos = 10 * NANOS_PER_SECOND;
const SECONDS_MAX: f64 = 86_400.0;
/// Less than this part of the rate is an overload.
const ACHIEVED_MIN: f64 = 0.98;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_late_keeps_up_and_who_gets_later_does_not() {
        let within = |seconds: f64, p50_ms: u64| {
            let measured = Measured { seconds, records: 2000, ..Measured::default() };
            keeps_up(200.0, &measured, Duration::from_millis(p50_ms))
        };
        assert!(within(10.0, 0) && within(10.0, 900));
        assert!(within(10.25, 127));
        assert!(!within(10.25, 10));
        // All the time later, until at the end it is half a second.
        assert!(!within(10.5, 250));
    }
}
