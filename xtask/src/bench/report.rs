//! What a scenario found, as a section of `docs/performance.md`.

use super::pairs::{Disturbed, Runs};
use super::plot::{Bar, Plot, number};
use super::sample::{Better, Metric};
use super::scenario::Point;
use crate::section;
use crate::statistics::{Estimate, median};
use std::fmt::Write;

/// A point, and what its runs found.
pub(super) struct Found {
    pub(super) point: Point,
    /// Names of those who took part, in the order of the runs.
    pub(super) names: Vec<&'static str>,
    pub(super) runs: Runs,
}

/// How all of it was run.
pub(super) struct Circumstances {
    pub(super) scenario: &'static str,
    pub(super) origin: String,
    pub(super) congestion: String,
    pub(super) calibration: String,
    /// What was left out and why, a sentence each.
    pub(super) missing: Vec<String>,
    /// Who took part and how they were set, by name.
    pub(super) settings: Vec<(&'static str, String)>,
}

/// One comparison by one metric: a row of a table and a group of bars.
struct Row<'a> {
    point: &'a str,
    metric: &'static Metric,
    target: Option<f64>,
    ours: Vec<f64>,
    theirs: Vec<(&'static str, Vec<f64>, Estimate)>,
}

/// The section's text.
///
/// # Errors
/// If a run lacks a number that a metric is made of.
pub(super) fn text(circumstances: &Circumstances, found: &[Found]) -> Result<String, String> {
    let mut text = head(circumstances, found);
    for (metric, rows) in tables(found)? {
        let _ = write!(
            text,
            "\n**{}**\n\n![{}](plots/{})\n\n| | runs | Ottla | beside | | ratio (95 %) | target |\n\
             |---|---|---|---|---|---|---|\n",
            metric.title,
            metric.title,
            file(circumstances.scenario, metric)
        );
        for row in rows {
            text.push_str(&row.lines());
        }
    }
    Ok(text)
}

/// The plots, each with the name of its file.
///
/// # Errors
/// If a run lacks a number that a metric is made of.
pub(super) fn plots(scenario: &str, found: &[Found]) -> Result<Vec<(String, String)>, String> {
    let plots = tables(found)?.into_iter().map(|(metric, rows)| {
        let mut plot = Plot { title: metric.title.to_owned(), groups: Vec::new() };
        for row in rows {
            let mut bars = vec![Bar::of("ottla", &row.ours)];
            bars.extend(row.theirs.iter().map(|(name, values, _)| Bar::of(name, values)));
            plot.groups.push((row.point.to_owned(), bars));
        }
        (file(scenario, metric), plot.svg())
    });
    Ok(plots.collect())
}

fn file(scenario: &str, metric: &Metric) -> String {
    format!("{scenario}-{}.svg", metric.name)
}

/// Where a promise of a ratio is not kept, a line each.
///
/// # Errors
/// If a run lacks a number that a metric is made of.
pub(super) fn missed(found: &[Found]) -> Result<Vec<String>, String> {
    let rows = tables(found)?.into_iter().flat_map(|(_, rows)| rows);
    Ok(rows.filter(|row| row.verdict().ends_with("missed")).map(|row| row.lines()).collect())
}

fn head(circumstances: &Circumstances, found: &[Found]) -> String {
    let Circumstances { scenario, origin, congestion, calibration, missing, settings } = circumstances;
    let runs: usize = found.iter().flat_map(|found| &found.runs.samples).map(Vec::len).sum();
    let sum = |part: fn(&Disturbed) -> usize| -> usize {
        found.iter().map(|found| part(&found.runs.disturbed)).sum()
    };
    let mut text = format!(
        "`cargo xtask bench {scenario}`, {origin}, at {}, on {}; {congestion}; servers on processor 0, generators on \
         processor 1. {runs} runs in turn, {} disturbed and repeated, {} disturbed and taken; the calibrating loop took \
         {calibration}.\n\n",
        section::commit(),
        section::machine(),
        sum(|disturbed| disturbed.rejected),
        sum(|disturbed| disturbed.kept),
    );
    for (name, settings) in settings {
        let _ = writeln!(text, "- *{name}*: {settings}.");
    }
    for missing in missing {
        let _ = writeln!(text, "- Left out: {missing}.");
    }
    text
}

/// Rows by metric, in the order in which points name them.
fn tables(found: &[Found]) -> Result<Vec<(&'static Metric, Vec<Row<'_>>)>, String> {
    let mut tables: Vec<(&'static Metric, Vec<Row<'_>>)> = Vec::new();
    for found in found {
        for (metric, target) in &found.point.metrics {
            let row = Row::of(found, metric, *target)?;
            match tables.iter_mut().find(|(known, _)| known.name == metric.name) {
                Some((_, rows)) => rows.push(row),
                None => tables.push((metric, vec![row])),
            }
        }
    }
    Ok(tables)
}

impl<'a> Row<'a> {
    fn of(found: &'a Found, metric: &'static Metric, target: Option<f64>) -> Result<Self, String> {
        let theirs = found.names.iter().enumerate().skip(1).map(|(contender, name)| {
            Ok((*name, found.runs.values(contender, metric)?, found.runs.ratio(contender, metric)?))
        });
        Ok(Self {
            point: &found.point.name,
            metric,
            target,
            ours: found.runs.values(0, metric)?,
            theirs: theirs.collect::<Result<_, String>>()?,
        })
    }

    /// One line for each contender besides Ottla, or one for Ottla alone.
    fn lines(&self) -> String {
        let (point, runs) = (self.point, self.ours.len());
        let ours = number(median(self.ours.iter().copied()));
        if self.theirs.is_empty() {
            return format!("| {point} | {runs} | {ours} | | | | |\n");
        }
        let mut lines = String::new();
        for (name, values, ratio) in &self.theirs {
            let theirs = number(median(values.iter().copied()));
            let Estimate { median, low, high } = ratio;
            let verdict = self.verdict();
            let _ = writeln!(
                lines,
                "| {point} | {runs} | {ours} | {name} | {theirs} | {median:.2} ({low:.2} to {high:.2}) | {verdict} |"
            );
        }
        lines
    }

    /// The target is a ratio to the first of the others.
    fn verdict(&self) -> String {
        let (Some(target), Some((_, _, ratio))) = (self.target, self.theirs.first()) else {
            return String::new();
        };
        let (sign, holds) = match self.metric.better {
            Better::Less => ('≤', ratio.median <= target),
            Better::More => ('≥', target <= ratio.median),
        };
        format!("{sign} {target}: {}", if holds { "held" } else { "missed" })
    }
}

#[cfg(test)]
mod tests;
