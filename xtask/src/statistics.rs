//! What is said of several measurements of one thing: their middle, and how sure the middle is.

use crate::chance::Chance;

/// How often a bootstrap draws.
const DRAWS: usize = 10_000;
/// The same figures give the same interval, today and tomorrow.
const SEED: u64 = 1;

/// A median and the interval that holds it with 95 % confidence.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Estimate {
    pub(crate) median: f64,
    pub(crate) low: f64,
    pub(crate) high: f64,
}

/// The middle value; of an even count the middle between the two. Of none, not a number.
pub(crate) fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_by(f64::total_cmp);
    middle(&sorted)
}

/// The median of `values` with its bootstrap interval: as many values as there are, drawn with replacement, have a
/// median; of many such medians the middle 95 % are the interval. It assumes nothing of how the values are spread.
pub(crate) fn estimate(values: &[f64]) -> Estimate {
    if values.is_empty() {
        return Estimate { median: f64::NAN, low: f64::NAN, high: f64::NAN };
    }
    let mut chance = Chance::new(SEED);
    let count = u64::try_from(values.len()).expect("a count of values fits 64 bits");
    let mut draw = || {
        let index = usize::try_from(chance.below(count)).expect("an index below a length fits");
        values[index]
    };
    let mut medians: Vec<f64> = (0..DRAWS).map(|_| median((0..values.len()).map(|_| draw()))).collect();
    medians.sort_by(f64::total_cmp);
    Estimate {
        median: median(values.iter().copied()),
        low: medians[DRAWS * 25 / 1000],
        high: medians[DRAWS * 975 / 1000 - 1],
    }
}

fn middle(sorted: &[f64]) -> f64 {
    let upper = sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN);
    let lower = sorted.get(sorted.len().saturating_sub(1) / 2).copied().unwrap_or(f64::NAN);
    f64::midpoint(lower, upper)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_of_an_odd_count_and_between_the_middles_of_an_even_one() {
        assert_eq!(median([3.0, 1.0, 2.0].into_iter()).to_bits(), 2.0_f64.to_bits());
        assert_eq!(median([4.0, 1.0, 2.0, 3.0].into_iter()).to_bits(), 2.5_f64.to_bits());
        assert!(median(std::iter::empty()).is_nan());
    }

    #[test]
    fn an_interval_holds_its_median_and_narrows_with_more_of_the_same() {
        let few = estimate(&[1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6]);
        let many: Vec<f64> = [1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6].into_iter().cycle().take(70).collect();
        let many = estimate(&many);
        assert_eq!((few.median * 10.0).round() as i64, 13);
        assert!(few.low < few.median && few.median < few.high, "{few:?}");
        assert!(1.0 <= few.low && few.high <= 1.6, "{few:?}");
        assert!(many.high - many.low < few.high - few.low, "{many:?} {few:?}");
        assert_eq!(few, estimate(&[1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6]));
    }

    #[test]
    fn what_is_always_the_same_has_no_interval() {
        assert_eq!(estimate(&[2.0; 7]), Estimate { median: 2.0, low: 2.0, high: 2.0 });
        assert!(estimate(&[]).median.is_nan());
    }
}
