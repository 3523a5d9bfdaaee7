//! Latencies by percentile, one curve for each contender: what one request in ten, in a hundred, in a thousand waits.

use super::{COLOURS, Canvas, PALE, number};
use std::fmt::Write;

/// Curves with one heading.
pub(in crate::bench) struct Plot {
    pub(in crate::bench) title: String,
    pub(in crate::bench) curves: Vec<Curve>,
}

/// One contender's latencies.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::bench) struct Curve {
    pub(in crate::bench) name: String,
    /// How many there were of each value in microseconds, by ascending value.
    pub(in crate::bench) counts: Vec<(u64, u64)>,
}

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 380.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 660.0;
const TOP: f64 = 44.0;
const BOTTOM: f64 = 340.0;
/// Nines of the last percentile that is drawn: 99.99.
const NINES: f64 = 4.0;
/// Lines across, and what they are called.
const MARKS: [(f64, &str); 6] =
    [(0.0, "0"), (0.5, "50"), (0.9, "90"), (0.99, "99"), (0.999, "99.9"), (0.9999, "99.99 %")];

impl Plot {
    /// The file's text.
    pub(in crate::bench) fn svg(&self) -> String {
        let mut canvas = Canvas::new(&self.title, WIDTH, HEIGHT);
        for (part, name) in MARKS {
            canvas.line((across(part), TOP), (across(part), BOTTOM), PALE);
            canvas.words((across(part), BOTTOM + 18.0), "middle", name);
        }
        let values = || self.curves.iter().flat_map(|curve| curve.steps()).map(|(_, value)| value);
        let first = values().fold(f64::INFINITY, f64::min).log10().floor();
        let last = values().fold(1.0, f64::max).log10().ceil().max(first + 1.0);
        let up = |value: f64| BOTTOM - (value.log10() - first) / (last - first) * (BOTTOM - TOP);
        for decade in (0..).map(|count| first + f64::from(count)).take_while(|decade| *decade <= last) {
            let value = 10_f64.powf(decade);
            canvas.line((LEFT, up(value)), (RIGHT, up(value)), PALE);
            canvas.words((LEFT - 8.0, up(value) + 4.0), "end", &time(value));
        }
        let mut legend = TOP;
        for (curve, colour) in self.curves.iter().zip(COLOURS.iter().cycle()) {
            let steps = curve.steps();
            let points: Vec<String> =
                steps.iter().map(|(part, value)| format!("{:.1},{:.1}", across(*part), up(*value))).collect();
            let _ = writeln!(
                canvas.svg,
                "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>",
                points.join(" ")
            );
            let _ = writeln!(
                canvas.svg,
                "<rect x=\"{:.1}\" y=\"{legend:.1}\" width=\"10\" height=\"10\" fill=\"{colour}\"/>",
                RIGHT + 14.0
            );
            canvas.words((RIGHT + 30.0, legend + 10.0), "start", &curve.name);
            legend += 20.0;
        }
        canvas.finish()
    }
}

impl Curve {
    /// The values, with the part of all that is not above each; no further than [`NINES`] go.
    #[expect(clippy::cast_precision_loss, reason = "counts of requests and microseconds are far below 2^53")]
    fn steps(&self) -> Vec<(f64, f64)> {
        let all: u64 = self.counts.iter().map(|(_, count)| count).sum();
        let mut below = 0;
        let mut steps = Vec::new();
        for (value, count) in &self.counts {
            // The first of the value, so that what most requests take begins on the left.
            let part = below as f64 / all as f64;
            below += count;
            if part <= 1.0 - 10_f64.powf(-NINES) {
                steps.push((part, (*value).max(1) as f64));
            }
        }
        steps
    }
}

/// Each nine is as wide as the one before.
fn across(part: f64) -> f64 {
    LEFT + (-(1.0 - part).log10() / NINES).clamp(0.0, 1.0) * (RIGHT - LEFT)
}

fn time(micros: f64) -> String {
    match micros {
        micros if micros < 1e3 => format!("{} µs", number(micros)),
        micros if micros < 1e6 => format!("{} ms", number(micros / 1e3)),
        micros => format!("{} s", number(micros / 1e6)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_value_stands_at_the_part_of_all_that_is_below() {
        let curve = Curve { name: "x".to_owned(), counts: vec![(0, 50), (7, 49), (900, 1)] };
        assert_eq!(curve.steps(), [(0.0, 1.0), (0.5, 7.0), (0.99, 900.0)]);
        let rare = Curve { counts: vec![(1, 99_999), (7, 1)], ..curve };
        assert_eq!(rare.steps(), [(0.0, 1.0)]);
    }

    #[test]
    fn every_nine_takes_the_same_room() {
        let width = across(0.99) - across(0.9);
        assert!((across(0.999) - across(0.99) - width).abs() < 1e-6 && 100.0 < width);
        assert!((across(1.0) - RIGHT).abs() < 1e-6);
    }

    #[test]
    fn every_contender_has_its_line() {
        let curve =
            |name: &str| Curve { name: name.to_owned(), counts: vec![(20, 50), (700, 49), (4000, 1)] };
        let svg = Plot { title: "A".to_owned(), curves: vec![curve("a"), curve("b")] }.svg();
        assert_eq!(svg.matches("<polyline").count(), 2, "{svg}");
        assert!(svg.contains(">10 µs<") && svg.contains(">10 ms<"), "{svg}");
    }
}
