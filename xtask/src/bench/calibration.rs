//! Whether the machine was as fast for this run as for the others: a loop of fixed work, timed before and after.
//!
//! A virtual machine shares its processors with others, and has minutes in which it is slower. A run that lies in
//! such a time says nothing.

use super::processor;
use crate::clock::now;
use crate::statistics::median;
use std::time::Duration;

/// Steps of the loop: some 30 ms, in this program that is not optimised.
const STEPS: u64 = 5_000_000;
/// Spins before the first run, to know what is usual.
const FIRST: usize = 9;
/// How far a spin may lie off the median of all, as a part of it.
const DEVIATION_MAX: f64 = 0.10;

/// The spins of a whole run of the bench.
#[derive(Debug)]
pub(super) struct Calibration {
    seconds: Vec<f64>,
    deviation_max: f64,
}

impl Calibration {
    /// Learns how fast the machine is.
    pub(super) fn begin() -> Self {
        // The first finds the processor asleep.
        spin();
        let seconds = (0..FIRST).map(|_| spin().as_secs_f64()).collect();
        Self { seconds, deviation_max: DEVIATION_MAX }
    }

    /// For runs whose figures nobody looks at: nothing disturbs.
    pub(super) fn none() -> Self {
        Self { seconds: Vec::new(), deviation_max: f64::INFINITY }
    }

    /// Runs `measure` between two spins, and says whether both were as long as usual.
    ///
    /// # Errors
    /// As `measure`.
    pub(super) fn around<T>(
        &mut self,
        measure: impl FnOnce() -> Result<T, String>,
    ) -> Result<(T, bool), String> {
        let before = spin().as_secs_f64();
        let measured = measure()?;
        let after = spin().as_secs_f64();
        self.seconds.extend([before, after]);
        Ok((measured, self.is_usual(before) && self.is_usual(after)))
    }

    fn is_usual(&self, spin: f64) -> bool {
        let usual = median(self.seconds.iter().copied());
        (spin / usual - 1.0).abs() <= self.deviation_max
    }

    /// The median spin in milliseconds, and how far the least and the most lie off it, in percent.
    pub(super) fn text(&self) -> String {
        let usual = median(self.seconds.iter().copied());
        let percent = |seconds: f64| (seconds / usual - 1.0) * 100.0;
        let least = self.seconds.iter().copied().fold(f64::INFINITY, f64::min);
        let most = self.seconds.iter().copied().fold(0.0, f64::max);
        format!("{:.1} ms ({:+.0} % to {:+.0} %)", usual * 1000.0, percent(least), percent(most))
    }
}

/// A chain of multiplications, each waiting for the one before, on the processor of the server.
fn spin() -> Duration {
    let spun = processor::on(processor::SERVER, || {
        let begin = now();
        let mut value = 1_u64;
        for _ in 0..STEPS {
            value = std::hint::black_box(value.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        }
        std::hint::black_box(value);
        Ok(begin.elapsed())
    });
    spun.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spin_more_than_a_tenth_off_the_median_disturbs() {
        let calibration = Calibration { seconds: vec![10.0, 10.0, 10.0, 20.0, 10.0], ..Calibration::begin() };
        assert!(calibration.is_usual(10.9) && calibration.is_usual(9.1));
        assert!(!calibration.is_usual(11.1) && !calibration.is_usual(8.9));
        assert!(Calibration { deviation_max: f64::INFINITY, ..calibration }.is_usual(1000.0));
    }

    #[test]
    fn what_is_measured_is_handed_through() {
        let mut calibration = Calibration { seconds: vec![1e9; 100], ..Calibration::begin() };
        assert_eq!(calibration.around(|| Ok(7)), Ok((7, false)));
        assert!(calibration.around::<()>(|| Err("no".to_owned())).is_err());
        assert!(calibration.text().starts_with("1000000000000.0 ms"));
    }
}
