//! What a scenario found, as a section of `docs/performance.md`.

use super::pairs::{Disturbed, Runs};
use super::plot::bars::{Bar, Plot};
use super::plot::curves::{self, Curve};
use super::plot::figure;
use super::profile::Profile;
use super::sample::{self, Better, Metric, Sample};
use super::scenario::{Compared, Point};
use crate::section;
use crate::statistics::{Estimate, median};
use std::collections::BTreeSet;
use std::fmt::Write;

/// A point, and what its runs found.
pub(super) struct Found {
    pub(super) point: Point,
    /// Names of those who took part, in the order of the runs.
    pub(super) names: Vec<&'static str>,
    pub(super) runs: Runs,
    /// Where Ottla's time went, if a target was missed and that can be told.
    pub(super) profile: Option<Profile>,
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
    compared: &'a Compared,
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
    for found in found.iter().filter(|found| found.has_histogram()) {
        let name = &found.point.name;
        let _ = write!(
            text,
            "\n![{name}: latency by percentile](plots/{})\n",
            found.curve(circumstances.scenario)
        );
    }
    text.push_str(&profiles(found));
    Ok(text)
}

/// Where the time went at points that missed a target: a row for everything that took a hundredth of it at any of them.
fn profiles(found: &[Found]) -> String {
    let profiled =
        found.iter().filter_map(|found| Some((found.point.name.as_str(), found.profile.as_ref()?)));
    let (points, profiles): (Vec<&str>, Vec<&Profile>) = profiled.unzip();
    if points.is_empty() {
        return String::new();
    }
    let most = |name: &str| profiles.iter().map(|profile| profile.percent(name)).fold(0.0, f64::max);
    let names: BTreeSet<&str> = profiles.iter().flat_map(|profile| profile.names()).collect();
    let mut rows: Vec<(&str, f64)> = names.into_iter().map(|name| (name, most(name))).collect();
    rows.retain(|(_, most)| LEAST_PERCENT <= *most);
    rows.sort_by(|(_, one), (_, other)| other.total_cmp(one));
    let mut text = format!(
        "\n**Where Ottla's processor time goes where a target is missed (%)**\n\nBy `perf`, from one more run of each; what is \
         no system call is told by whose code it is.\n\n| | {} |\n|---|{}\n",
        points.join(" | "),
        "---|".repeat(points.len())
    );
    for (name, _) in rows {
        let shares = profiles.iter().map(|profile| format!("{:.0}", profile.percent(name)));
        let _ = writeln!(text, "| {name} | {} |", shares.collect::<Vec<_>>().join(" | "));
    }
    text
}

/// What takes less is left out of profiles.
const LEAST_PERCENT: f64 = 1.0;

/// The plots, each with the name of its file.
///
/// # Errors
/// If a run lacks a number that a metric is made of.
pub(super) fn plots(scenario: &str, found: &[Found]) -> Result<Vec<(String, String)>, String> {
    let bars = tables(found)?.into_iter().map(|(metric, rows)| {
        let mut plot = Plot { title: metric.title.to_owned(), groups: Vec::new() };
        for row in rows {
            let mut bars = vec![Bar::of("ottla", &row.ours)];
            bars.extend(row.theirs.iter().map(|(name, values, _)| Bar::of(name, values)));
            plot.groups.push((row.point.to_owned(), bars));
        }
        (file(scenario, metric), plot.svg())
    });
    Ok(bars.chain(curves(scenario, found)).collect())
}

/// A plot of latencies for each point whose runs tell them.
fn curves(scenario: &str, found: &[Found]) -> Vec<(String, String)> {
    let mut plots = Vec::new();
    for found in found {
        let curves = found.names.iter().zip(&found.runs.samples).filter_map(|(name, samples)| {
            let counts = sample::merged_histogram(samples);
            (!counts.is_empty()).then(|| Curve { name: (*name).to_owned(), counts })
        });
        let curves: Vec<Curve> = curves.collect();
        if !curves.is_empty() {
            let title = format!("{}: latency by percentile", found.point.name);
            plots.push((found.curve(scenario), curves::Plot { title, curves }.svg()));
        }
    }
    plots
}

impl Found {
    fn has_histogram(&self) -> bool {
        self.runs.samples.iter().any(|samples| !sample::merged_histogram(samples).is_empty())
    }

    /// The name of the file with the point's latencies.
    fn curve(&self, scenario: &str) -> String {
        let name = self.point.name.to_lowercase();
        let words: Vec<&str> =
            name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
        format!("{scenario}-{}.svg", words.join("-"))
    }
}

fn file(scenario: &str, metric: &Metric) -> String {
    format!("{scenario}-{}.svg", metric.name)
}

/// The rows in which a target is missed.
///
/// # Errors
/// If a run lacks a number that a metric is made of.
pub(super) fn missed(found: &[Found]) -> Result<Vec<String>, String> {
    let rows: Vec<String> = tables(found)?.iter().flat_map(|(_, rows)| rows).map(Row::lines).collect();
    let lines = rows.iter().flat_map(|rows| rows.lines());
    Ok(lines.filter(|line| line.ends_with(&format!("{MISSED} |"))).map(str::to_owned).collect())
}

/// What stands in a row whose target is missed.
const MISSED: &str = "missed";

fn head(circumstances: &Circumstances, found: &[Found]) -> String {
    let Circumstances { scenario, origin, congestion, calibration, missing, settings } = circumstances;
    let runs: usize = found.iter().flat_map(|found| &found.runs.samples).map(Vec::len).sum();
    let sum = |part: fn(&Disturbed) -> usize| -> usize {
        found.iter().map(|found| part(&found.runs.disturbed)).sum()
    };
    let others =
        found.iter().flat_map(|found| &found.runs.samples).flatten().filter_map(Sample::others_percent);
    let others: Vec<f64> = others.collect();
    let others = match others.is_empty() {
        true => String::new(),
        false => format!(
            " Beside server and generator the machine was busy for {:.0} % of one processor in the middle run, {:.0} % at \
             most, writing back included.",
            median(others.iter().copied()),
            others.iter().copied().fold(0.0, f64::max)
        ),
    };
    let mut text = format!(
        "`cargo xtask bench {scenario}`, {origin}, at {}, on {}; {congestion}; servers on processor 0, generators on \
         processor 1. {runs} runs in turn, {} disturbed and repeated, {} disturbed and taken; the calibrating loop took \
         {calibration}.{others}\n\n",
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
        for compared in &found.point.compared {
            let (row, metric) = (Row::of(found, compared)?, compared.metric);
            match tables.iter_mut().find(|(known, _)| known.name == metric.name) {
                Some((_, rows)) => rows.push(row),
                None => tables.push((metric, vec![row])),
            }
        }
    }
    Ok(tables)
}

impl<'a> Row<'a> {
    fn of(found: &'a Found, compared: &'a Compared) -> Result<Self, String> {
        let metric = compared.metric;
        let theirs = found.names.iter().enumerate().skip(1).map(|(contender, name)| {
            Ok((*name, found.runs.values(contender, metric)?, found.runs.ratio(contender, metric)?))
        });
        Ok(Self {
            point: &found.point.name,
            compared,
            ours: found.runs.values(0, metric)?,
            theirs: theirs.collect::<Result<_, String>>()?,
        })
    }

    /// One line for each contender besides Ottla, and one for Ottla alone where it has a bound or nobody beside it.
    fn lines(&self) -> String {
        let (point, runs) = (self.point, self.ours.len());
        let ours = median(self.ours.iter().copied());
        let mut lines = String::new();
        if self.theirs.is_empty() || self.compared.bound.is_some() {
            let verdict = self.verdict(self.compared.bound, ours);
            let _ = writeln!(lines, "| {point} | {runs} | {} | | | | {verdict} |", figure(ours));
        }
        for (name, values, ratio) in &self.theirs {
            let Estimate { median: middle, low, high } = ratio;
            let target = self.compared.targets.iter().find(|(contender, _)| contender == name);
            let verdict = self.verdict(target.map(|(_, ratio)| *ratio), *middle);
            let _ = writeln!(
                lines,
                "| {point} | {runs} | {} | {name} | {} | {middle:.2} ({low:.2} to {high:.2}) | {verdict} |",
                figure(ours),
                figure(median(values.iter().copied()))
            );
        }
        lines
    }

    /// What was aimed at, and whether it is so.
    fn verdict(&self, aim: Option<f64>, value: f64) -> String {
        let Some(aim) = aim else { return String::new() };
        let (sign, holds) = match self.compared.metric.better {
            Better::Less => ('≤', value <= aim),
            Better::More => ('≥', aim <= value),
        };
        let aim = (aim * 100.0).round() / 100.0;
        format!("{sign} {aim}: {}", if holds { "held" } else { MISSED })
    }
}

#[cfg(test)]
mod tests;
