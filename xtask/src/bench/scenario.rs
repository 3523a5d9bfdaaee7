//! What is measured. A scenario is one file that lists points; a point is one comparison.

mod produce;

use super::contender::Contender;
use super::sample::Metric;

/// A section of the document.
pub(super) struct Scenario {
    /// Its name on the command line, in the document and in the names of plots.
    pub(super) name: &'static str,
    /// What is measured, first what matters most: a quick run takes the first point.
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
    /// What is compared, with the target for the ratio if there is one.
    pub(super) metrics: Vec<(&'static Metric, Option<f64>)>,
}

/// All there is, in the order of the document.
pub(super) const SCENARIOS: &[Scenario] = &[produce::SCENARIO];

impl Rank {
    /// The pairs of runs that a point of this rank gets.
    pub(super) fn pairs(self, asked: usize) -> usize {
        match self {
            Self::Core => asked,
            Self::Further => asked.min(3),
        }
    }
}
