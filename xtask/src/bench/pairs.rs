//! Contenders in turn: what changes on the machine while a point is measured changes for all of them, and the ratio of
//! two runs that stood side by side says more than that of two averages.

use super::calibration::Calibration;
use super::sample::{Metric, Sample};
use crate::clock::pause;
use crate::statistics::{Estimate, estimate};
use std::time::Duration;

/// How often a disturbed run is repeated before it is taken as it is. More would not end on a machine that is never
/// calm; the document counts both.
const REPEATS: usize = 4;
/// What disturbs often ends by itself.
const CALM: Duration = Duration::from_secs(2);

/// All runs of a point.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Runs {
    /// By contender, and then by round.
    pub(super) samples: Vec<Vec<Sample>>,
    pub(super) disturbed: Disturbed,
}

/// Runs while which the machine was not as fast as usual.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Disturbed {
    /// Thrown away and repeated.
    pub(super) rejected: usize,
    /// Taken, since repeating did not help.
    pub(super) kept: usize,
}

/// Runs `contenders` in turn, `pairs` times; every other round in the opposite order, so that none is always the
/// one that comes after another.
///
/// # Errors
/// As `run`, which gets the contender's number.
pub(super) fn interleave(
    contenders: usize,
    pairs: usize,
    calibration: &mut Calibration,
    mut run: impl FnMut(usize) -> Result<Sample, String>,
) -> Result<Runs, String> {
    let mut runs = Runs { samples: vec![Vec::new(); contenders], disturbed: Disturbed::default() };
    for pair in 0..pairs {
        for contender in order(contenders, pair) {
            let attempt = || calibration.around(|| run(contender));
            let sample = calm(&mut runs.disturbed, attempt, || pause(CALM))?;
            runs.samples[contender].push(sample);
        }
    }
    Ok(runs)
}

/// Repeats a disturbed run, with a `wait` before each repetition.
fn calm(
    disturbed: &mut Disturbed,
    mut attempt: impl FnMut() -> Result<(Sample, bool), String>,
    wait: impl Fn(),
) -> Result<Sample, String> {
    for _ in 0..REPEATS {
        let (sample, is_calm) = attempt()?;
        if is_calm {
            return Ok(sample);
        }
        disturbed.rejected += 1;
        wait();
    }
    let (sample, is_calm) = attempt()?;
    disturbed.kept += usize::from(!is_calm);
    Ok(sample)
}

fn order(contenders: usize, pair: usize) -> Vec<usize> {
    if pair.is_multiple_of(2) { (0..contenders).collect() } else { (0..contenders).rev().collect() }
}

impl Runs {
    /// What a contender's runs were by a metric.
    ///
    /// # Errors
    /// If a run lacks the number.
    pub(super) fn values(&self, contender: usize, metric: &Metric) -> Result<Vec<f64>, String> {
        self.samples[contender].iter().map(|sample| metric.of(sample)).collect()
    }

    /// Ottla's part of another contender's figure: the median of the ratios of runs that stood side by side.
    ///
    /// # Errors
    /// If a run lacks the number.
    pub(super) fn ratio(&self, other: usize, metric: &Metric) -> Result<Estimate, String> {
        let (ours, theirs) = (self.values(0, metric)?, self.values(other, metric)?);
        let ratios: Vec<f64> = ours.iter().zip(&theirs).map(|(ours, theirs)| ours / theirs).collect();
        Ok(estimate(&ratios))
    }
}

#[cfg(test)]
mod tests;
