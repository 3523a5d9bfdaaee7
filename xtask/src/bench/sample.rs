//! What one run found: numbers with names. A metric is what is made of them.

use serde_json::Value;
use std::collections::BTreeMap;

/// One run of one contender.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Sample {
    numbers: BTreeMap<String, f64>,
    /// What the generator said at its end, whole.
    pub(super) result: Value,
}

/// Whether a smaller or a greater value is the better one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Better {
    Less,
    More,
}

/// Bytes, for factors.
pub(super) const MEBIBYTE: f64 = (1_u64 << 20) as f64;
/// Bytes, for factors.
pub(super) const GIBIBYTE: f64 = (1_u64 << 30) as f64;

/// Something to compare contenders by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Metric {
    /// Part of a file's name.
    pub(super) name: &'static str,
    /// A table's heading, with the unit.
    pub(super) title: &'static str,
    pub(super) better: Better,
    /// The number as it is read: `numerator / denominator * factor`.
    pub(super) numerator: &'static str,
    /// None for a number that is taken as it is.
    pub(super) denominator: Option<&'static str>,
    pub(super) factor: f64,
}

impl Sample {
    /// Takes over every number of a generator's last line.
    pub(super) fn of(result: Value) -> Self {
        let numbers = result.as_object().into_iter().flatten();
        let numbers = numbers.filter_map(|(name, value)| Some((name.clone(), value.as_f64()?))).collect();
        Self { numbers, result }
    }

    pub(super) fn set(&mut self, name: &str, number: f64) {
        self.numbers.insert(name.to_owned(), number);
    }

    /// Takes over the numbers of a part of the run, each as `PART.NUMBER`, and what its generator said.
    pub(super) fn add(&mut self, part: &str, other: Self) {
        let Self { numbers, result } = other;
        self.numbers.extend(numbers.into_iter().map(|(name, number)| (format!("{part}.{name}"), number)));
        self.result = result;
    }

    /// # Errors
    /// If the run has no such number: a metric is asked of a generator that does not tell it.
    pub(super) fn number(&self, name: &str) -> Result<f64, String> {
        let known = || self.numbers.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
        self.numbers.get(name).copied().ok_or_else(|| format!("the run has no {name}, only {}", known()))
    }

    /// How busy the machine was for neither server nor generator, in percent of one processor.
    pub(super) fn others_percent(&self) -> Option<f64> {
        let number = |name| self.numbers.get(name);
        let known = number("cpu_seconds")? + number("generator_cpu_seconds")?;
        let others = (number("machine_cpu_seconds")? - known).max(0.0);
        Some(others / number("wall_seconds")? * 100.0)
    }

    /// All numbers, for a line of the log.
    pub(super) fn json(&self) -> Value {
        serde_json::json!(self.numbers)
    }
}

/// How often each value occurred in all runs together, of generators that tell `histogram`, a list of [value, count].
pub(super) fn merged_histogram(samples: &[Sample]) -> Vec<(u64, u64)> {
    let mut counts = BTreeMap::new();
    let entries = samples.iter().filter_map(|sample| sample.result["histogram"].as_array()).flatten();
    for entry in entries {
        if let (Some(value), Some(count)) = (entry[0].as_u64(), entry[1].as_u64()) {
            *counts.entry(value).or_default() += count;
        }
    }
    counts.into_iter().collect()
}

impl Metric {
    /// The value, or infinity where nothing was measured: a quick run may be over before anybody looks.
    ///
    /// # Errors
    /// If the run lacks a number.
    pub(super) fn rough(&self, sample: &Sample) -> Result<f64, String> {
        let denominator = self.denominator.map_or(Ok(1.0), |name| sample.number(name))?;
        Ok(sample.number(self.numerator)? / denominator * self.factor)
    }

    /// # Errors
    /// If the run lacks a number, or the value is none.
    pub(super) fn of(&self, sample: &Sample) -> Result<f64, String> {
        let value = self.rough(sample)?;
        if value.is_finite() { Ok(value) } else { Err(format!("{}: {value} is no figure", self.title)) }
    }
}

#[cfg(test)]
mod tests;
