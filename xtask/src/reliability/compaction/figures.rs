//! What the rounds show.

use crate::Outcome;
use crate::statistics::median;
use std::fmt;

/// One round.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Round {
    /// Of all records, in microseconds, ascending.
    pub(super) latencies: Vec<u64>,
    pub(super) seconds: f64,
    /// Bytes that the cleaner has read and written meanwhile.
    pub(super) cleaned: u64,
}

/// Two rounds right after one another.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Pair {
    pub(super) quiet: Round,
    pub(super) busy: Round,
}

/// More than this is noticeable: the median of the pairs' ratios of the 99th percentiles.
const RATIO_MAX: f64 = 2.0;

type Part = fn(&Round) -> f64;

fn p50(round: &Round) -> f64 {
    round.percentile(50)
}

fn p99(round: &Round) -> f64 {
    round.percentile(99)
}

fn longest(round: &Round) -> f64 {
    round.percentile(100)
}

#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
fn throughput(round: &Round) -> f64 {
    round.latencies.len() as f64 / round.seconds
}

#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
fn cleaned(round: &Round) -> f64 {
    round.cleaned as f64 / f64::from(1 << 20) / round.seconds
}

impl Round {
    /// In milliseconds; the 100th is the largest.
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    pub(super) fn percentile(&self, percent: usize) -> f64 {
        let at = (self.latencies.len() * percent).div_ceil(100).saturating_sub(1);
        self.latencies.get(at).map_or(f64::NAN, |micros| *micros as f64 / 1000.0)
    }
}

impl fmt::Display for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |round: &Round| {
            let (p50, p99, longest) = (p50(round), p99(round), longest(round));
            format!("p50 {p50:.2} p99 {p99:.2} max {longest:.1} ms, cleaner {:.0} MiB/s", cleaned(round))
        };
        write!(f, "not compacted {}; compacted {}", text(&self.quiet), text(&self.busy))
    }
}

/// The rows of the document.
pub(super) fn table(pairs: &[Pair], mebibytes: usize) -> Vec<(&'static str, String)> {
    let row = |part: Part, digits: usize| {
        let median_of = |of: fn(&Pair) -> &Round| median(pairs.iter().map(|pair| part(of(pair))));
        let (quiet, busy) = (median_of(|pair| &pair.quiet), median_of(|pair| &pair.busy));
        let ratios = ratios(pairs, part);
        let (least, most) = (ratios.first().copied(), ratios.last().copied());
        let (least, most) = (least.unwrap_or(f64::NAN), most.unwrap_or(f64::NAN));
        let ratio = median(ratios.into_iter());
        format!("{quiet:.digits$}, {busy:.digits$}, {ratio:.2} ({least:.2}–{most:.2})")
    };
    let idle = median(pairs.iter().map(|pair| cleaned(&pair.quiet)));
    let busy = median(pairs.iter().map(|pair| cleaned(&pair.busy)));
    vec![
        (
            "",
            "not compacted, compacted, ratio of a pair (least–most); all but the range are medians"
                .to_owned(),
        ),
        ("latency of a record from its intended time, p50 (ms)", row(p50, 2)),
        ("p99 (ms)", row(p99, 2)),
        ("longest (ms)", row(longest, 1)),
        ("records acknowledged a second", row(throughput, 0)),
        ("compacted topic (MiB)", mebibytes.to_string()),
        ("read and written by the cleaner (MiB/s)", format!("{idle:.0}, {busy:.0}")),
    ]
}

/// # Errors
/// If producers notice compaction.
pub(super) fn judge(pairs: &[Pair]) -> Outcome {
    let ratio = median(ratios(pairs, p99).into_iter());
    if ratio <= RATIO_MAX {
        return Ok(());
    }
    Err(format!("compaction delays producers: the 99th percentile is {ratio:.2} times as long"))
}

/// Ascending.
fn ratios(pairs: &[Pair], part: Part) -> Vec<f64> {
    let mut ratios: Vec<f64> = pairs.iter().map(|pair| part(&pair.busy) / part(&pair.quiet)).collect();
    ratios.sort_by(f64::total_cmp);
    ratios
}
