//! What is measured. A scenario is one file that lists points; a point is one comparison.

mod batches;
mod catchup;
mod compaction;
mod durable;
mod fetch;
mod latency;
mod peers;
mod produce;
mod queue;
mod request;
mod restart;
mod seldom;
mod soak;
mod spread;
mod transactions;
mod writing;

use super::contender::Contender;
use super::sample::Metric;

/// A section of the document.
pub(super) struct Scenario {
    /// Its name on the command line, in the document and in the names of plots.
    pub(super) name: &'static str,
    /// What is measured; a quick run takes the first point.
    pub(super) points: fn() -> Vec<Point>,
}

/// How much a point matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rank {
    /// It has a target: as many pairs as were asked for.
    Core,
    /// It shows how figures change with a size: at most three pairs.
    Further,
}

/// One comparison: the same thing asked of Ottla and of others, in turn.
pub(super) struct Point {
    /// What is asked, in a few words.
    pub(super) name: String,
    pub(super) rank: Rank,
    /// Ottla first, then what it is compared with.
    pub(super) contenders: Vec<Box<dyn Contender>>,
    pub(super) compared: Vec<Compared>,
}

/// What contenders are compared by, and how Ottla wants to stand.
#[derive(Debug, Clone)]
pub(super) struct Compared {
    pub(super) metric: &'static Metric,
    /// Names of contenders, and the ratio of Ottla's figure to theirs that is aimed at.
    pub(super) targets: Vec<(&'static str, f64)>,
    /// What Ottla's own figure is not to be worse than.
    pub(super) bound: Option<f64>,
}

impl Compared {
    /// With no aim yet.
    pub(super) fn by(metric: &'static Metric) -> Self {
        Self { metric, targets: Vec::new(), bound: None }
    }

    /// Ottla's figure is to be at most, or where more is better at least, `ratio` times that of the contender.
    pub(super) fn aim(mut self, contender: &'static str, ratio: f64) -> Self {
        self.targets.push((contender, ratio));
        self
    }

    /// Ottla's own figure is to be at most, or where more is better at least, this.
    pub(super) fn within(mut self, bound: f64) -> Self {
        self.bound = Some(bound);
        self
    }
}

/// All there is, in the order of the document.
pub(super) const SCENARIOS: &[Scenario] = &[
    produce::SCENARIO,
    batches::SCENARIO,
    spread::SCENARIO,
    fetch::SCENARIO,
    catchup::SCENARIO,
    request::SCENARIO,
    latency::SCENARIO,
    durable::SCENARIO,
    queue::SCENARIO,
    transactions::SCENARIO,
    compaction::SCENARIO,
    restart::SCENARIO,
    peers::SCENARIO,
    seldom::SCENARIO,
];

/// What takes so long that it is only run by its name, and once: disturbances even out.
pub(super) const LONG: &[Scenario] = &[soak::SCENARIO];

impl Scenario {
    /// Whether it is one of [`LONG`].
    pub(super) fn is_long(&self) -> bool {
        LONG.iter().any(|long| long.name == self.name)
    }
}

impl Rank {
    /// The pairs of runs that a point of this rank gets.
    pub(super) fn pairs(self, asked: usize) -> usize {
        match self {
            Self::Core => asked,
            Self::Further => asked.min(3),
        }
    }
}
