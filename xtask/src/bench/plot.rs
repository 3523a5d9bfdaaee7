//! Plots as SVG: a group of bars for each point, with the range of its runs.
//!
//! It is written by hand: a plot of ours is rectangles, lines and words, and the libraries bring canvases and fonts.

use crate::statistics::median;
use std::fmt::Write;

/// Groups of bars with one heading.
pub(super) struct Plot {
    pub(super) title: String,
    pub(super) groups: Vec<(String, Vec<Bar>)>,
}

/// One contender's figure, with the least and the most of its runs.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Bar {
    name: String,
    value: f64,
    least: f64,
    most: f64,
}

const WIDTH: f64 = 760.0;
/// Left of it stand the names.
const LEFT: f64 = 250.0;
/// Right of it stand the figures.
const RIGHT: f64 = 680.0;
const TOP: f64 = 44.0;
const BAR: f64 = 17.0;
const GAP: f64 = 12.0;
/// Beyond this ratio the small ones could not be seen on a linear scale.
const LINEAR_MAX: f64 = 25.0;

const INK: &str = "#1f2933";
const PALE: &str = "#d5dbe1";
/// Ottla's, and then those of the others.
const COLOURS: [&str; 5] = ["#0f7b6c", "#9aa5b1", "#c58940", "#7c6bb0", "#5b8db8"];

/// Where a value lies between [`LEFT`] and [`RIGHT`].
#[derive(Debug, Clone, Copy, PartialEq)]
enum Scale {
    /// From zero; values are the lengths of bars.
    Linear { most: f64 },
    /// From a power of ten; values are places, for there is no zero that a bar could begin at.
    Decades { first: f64, last: f64 },
}

impl Bar {
    pub(super) fn of(name: &str, values: &[f64]) -> Self {
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
    pub(super) fn svg(&self) -> String {
        let bars: usize = self.groups.iter().map(|(_, bars)| bars.len()).sum();
        let height = TOP + rows(bars) * BAR + rows(self.groups.len()) * GAP + 24.0;
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" \
             height=\"{height}\" font-family=\"system-ui, sans-serif\" font-size=\"12\" fill=\"{INK}\">\n\
             <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
        );
        words(
            &mut svg,
            (12.0, 22.0),
            "start",
            &format!("<tspan font-size=\"15\" font-weight=\"600\">{}</tspan>", escaped(&self.title)),
        );
        let scale = Scale::of(&self.groups);
        for mark in scale.marks() {
            let x = scale.place(mark);
            line(&mut svg, (x, TOP - 6.0), (x, height - 22.0), PALE);
            words(&mut svg, (x, height - 8.0), "middle", &number(mark));
        }
        let mut y = TOP;
        for (name, bars) in &self.groups {
            words(&mut svg, (12.0, y + BAR - 5.0), "start", &escaped(name));
            for (bar, colour) in bars.iter().zip(COLOURS.iter().cycle()) {
                bar.draw(&mut svg, scale, y, colour);
                y += BAR;
            }
            y += GAP;
        }
        svg.push_str("</svg>\n");
        svg
    }
}

impl Bar {
    fn draw(&self, svg: &mut String, scale: Scale, y: f64, colour: &str) {
        let (middle, x) = (y + BAR / 2.0 - 1.0, scale.place(self.value));
        words(svg, (LEFT - 8.0, y + BAR - 5.0), "end", &escaped(&self.name));
        let _ = match scale {
            Scale::Linear { .. } => writeln!(
                svg,
                "<rect x=\"{LEFT}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{:.1}\" fill=\"{colour}\"/>",
                x - LEFT,
                BAR - 3.0
            ),
            Scale::Decades { .. } => {
                writeln!(svg, "<circle cx=\"{x:.1}\" cy=\"{middle:.1}\" r=\"4.5\" fill=\"{colour}\"/>")
            }
        };
        line(svg, (scale.place(self.least), middle), (scale.place(self.most), middle), INK);
        words(svg, (scale.place(self.most) + 8.0, y + BAR - 5.0), "start", &number(self.value));
    }
}

fn words(svg: &mut String, (x, y): (f64, f64), anchor: &str, text: &str) {
    let _ = writeln!(svg, "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{text}</text>");
}

fn line(svg: &mut String, from: (f64, f64), to: (f64, f64), colour: &str) {
    let _ = writeln!(
        svg,
        "<line x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\" stroke=\"{colour}\"/>",
        from.0, from.1, to.0, to.1
    );
}

/// Three digits that mean something, without noughts behind a point.
pub(super) fn number(value: f64) -> String {
    let decimals = match value.abs() {
        size if 100.0 <= size => 0,
        size if 10.0 <= size => 1,
        size if 1.0 <= size => 2,
        _ => 3,
    };
    let text = format!("{value:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[expect(clippy::cast_precision_loss, reason = "a plot has a few dozen rows")]
fn rows(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups(values: &[f64]) -> Vec<(String, Vec<Bar>)> {
        vec![("a <b>".to_owned(), values.iter().map(|value| Bar::of("x", &[*value])).collect())]
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
    fn a_plot_is_well_formed_whatever_the_names_are() {
        let svg = Plot { title: "A & B".to_owned(), groups: groups(&[1.0, 2.0]) }.svg();
        assert!(svg.contains("A &amp; B") && svg.contains("a &lt;b&gt;"), "{svg}");
        assert_eq!(svg.matches("<rect").count(), 3, "the ground and two bars: {svg}");
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
    }
}
