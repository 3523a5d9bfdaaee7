//! A group of bars for each point, one for each contender, with the range of its runs.

use super::{COLOURS, Canvas, INK, PALE, figure, number};
use crate::statistics::median;
use std::fmt::Write;

/// Groups of bars with one heading.
pub(in crate::bench) struct Plot {
    pub(in crate::bench) title: String,
    pub(in crate::bench) groups: Vec<(String, Vec<Bar>)>,
}

/// One contender's figure, with the least and the most of its runs.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::bench) struct Bar {
    name: String,
    value: f64,
    least: f64,
    most: f64,
}

const WIDTH: f64 = 820.0;
/// Left of it stand the names.
const LEFT: f64 = 320.0;
/// Right of it stand the figures.
const RIGHT: f64 = 750.0;
const TOP: f64 = 44.0;
const BAR: f64 = 17.0;
const GAP: f64 = 12.0;
/// Beyond this ratio the small ones could not be seen on a linear scale.
const LINEAR_MAX: f64 = 25.0;

/// Where a value lies between [`LEFT`] and [`RIGHT`].
#[derive(Debug, Clone, Copy, PartialEq)]
enum Scale {
    /// From zero; values are the lengths of bars.
    Linear { most: f64 },
    /// From a power of ten; values are places, for there is no zero that a bar could begin at.
    Decades { first: f64, last: f64 },
}

impl Bar {
    pub(in crate::bench) fn of(name: &str, values: &[f64]) -> Self {
        Self {
            name: name.to_owned(),
            value: median(values.iter().copied()),
            least: values.iter().copied().fold(f64::INFINITY, f64::min),
            most: values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        }
    }
}

impl Scale {
    fn of(groups: &[(String, Vec<Bar>)]) -> Self {
        let bars = || groups.iter().flat_map(|(_, bars)| bars);
        let least = bars().map(|bar| bar.least).fold(f64::INFINITY, f64::min);
        let most = bars().map(|bar| bar.most).fold(f64::MIN_POSITIVE, f64::max);
        if most <= least * LINEAR_MAX || least <= 0.0 {
            return Self::Linear { most };
        }
        Self::Decades { first: least.log10().floor(), last: most.log10().ceil() }
    }

    fn place(self, value: f64) -> f64 {
        let part = match self {
            Self::Linear { most } => value / most,
            Self::Decades { first, last } => (value.log10() - first) / (last - first),
        };
        LEFT + part.clamp(0.0, 1.0) * (RIGHT - LEFT)
    }

    /// Values with a line across the plot.
    fn marks(self) -> Vec<f64> {
        match self {
            Self::Linear { most } => {
                let step = 10_f64.powf((most / 4.0).log10().floor());
                let step = [1.0, 2.0, 5.0, 10.0].map(|times| times * step);
                let step = step.into_iter().find(|step| most / step <= 5.0).unwrap_or(most);
                (0..=5).map(|count| f64::from(count) * step).filter(|value| *value <= most).collect()
            }
            Self::Decades { first, last } => {
                let decades =
                    (0..).map(|count| first + f64::from(count)).take_while(|decade| *decade <= last);
                decades.map(|decade| 10_f64.powf(decade)).collect()
            }
        }
    }
}

impl Plot {
    /// The file's text.
    pub(in crate::bench) fn svg(&self) -> String {
        let bars: usize = self.groups.iter().map(|(_, bars)| bars.len()).sum();
        let height = TOP + rows(bars) * BAR + rows(self.groups.len()) * GAP + 24.0;
        let mut canvas = Canvas::new(&self.title, WIDTH, height);
        let scale = Scale::of(&self.groups);
        for mark in scale.marks() {
            let x = scale.place(mark);
            canvas.line((x, TOP - 6.0), (x, height - 22.0), PALE);
            canvas.words((x, height - 8.0), "middle", &number(mark));
        }
        let mut y = TOP;
        for (name, bars) in &self.groups {
            canvas.words((12.0, y + BAR - 5.0), "start", name);
            for (bar, colour) in bars.iter().zip(COLOURS.iter().cycle()) {
                bar.draw(&mut canvas, scale, y, colour);
                y += BAR;
            }
            y += GAP;
        }
        canvas.finish()
    }
}

impl Bar {
    fn draw(&self, canvas: &mut Canvas, scale: Scale, y: f64, colour: &str) {
        let (middle, x) = (y + BAR / 2.0 - 1.0, scale.place(self.value));
        canvas.words((LEFT - 8.0, y + BAR - 5.0), "end", &self.name);
        let _ = match scale {
            Scale::Linear { .. } => writeln!(
                canvas.svg,
                "<rect x=\"{LEFT}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{:.1}\" fill=\"{colour}\"/>",
                x - LEFT,
                BAR - 3.0
            ),
            Scale::Decades { .. } => {
                writeln!(canvas.svg, "<circle cx=\"{x:.1}\" cy=\"{middle:.1}\" r=\"4.5\" fill=\"{colour}\"/>")
            }
        };
        canvas.line((scale.place(self.least), middle), (scale.place(self.most), middle), INK);
        canvas.words((scale.place(self.most) + 8.0, y + BAR - 5.0), "start", &figure(self.value));
    }
}

#[expect(clippy::cast_precision_loss, reason = "a plot has a few dozen rows")]
fn rows(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups(values: &[f64]) -> Vec<(String, Vec<Bar>)> {
        vec![("a".to_owned(), values.iter().map(|value| Bar::of("x", &[*value])).collect())]
    }

    #[test]
    fn what_differs_little_begins_at_zero_and_what_differs_much_is_in_decades() {
        assert_eq!(Scale::of(&groups(&[1.0, 20.0])), Scale::Linear { most: 20.0 });
        assert_eq!(Scale::of(&groups(&[0.2, 70.0])), Scale::Decades { first: -1.0, last: 2.0 });
        let linear = Scale::Linear { most: 20.0 };
        assert_eq!((linear.place(0.0), linear.place(20.0)), (LEFT, RIGHT));
        assert_eq!(linear.marks(), [0.0, 5.0, 10.0, 15.0, 20.0]);
        assert_eq!(Scale::Decades { first: -1.0, last: 1.0 }.marks(), [0.1, 1.0, 10.0]);
    }

    #[test]
    fn a_bar_tells_the_median_and_reaches_from_the_least_to_the_most() {
        let bar = Bar::of("x", &[3.0, 1.0, 2.0]);
        assert_eq!(bar, Bar { name: "x".to_owned(), value: 2.0, least: 1.0, most: 3.0 });
    }

    #[test]
    fn every_bar_is_drawn() {
        let svg = Plot { title: "A".to_owned(), groups: groups(&[1.0, 2.0]) }.svg();
        assert_eq!(svg.matches("<rect").count(), 3, "the ground and two bars: {svg}");
        let svg = Plot { title: "A".to_owned(), groups: groups(&[1.0, 2000.0]) }.svg();
        assert_eq!(svg.matches("<circle").count(), 2, "{svg}");
    }
}
