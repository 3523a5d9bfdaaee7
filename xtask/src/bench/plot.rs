//! Plots as SVG, written by hand: ours are rectangles, lines and words, and the libraries bring canvases and fonts.

pub(super) mod bars;
pub(super) mod curves;

use std::fmt::Write;

const INK: &str = "#1f2933";
const PALE: &str = "#d5dbe1";
/// Ottla's, and then those of the others.
const COLOURS: [&str; 5] = ["#0f7b6c", "#9aa5b1", "#c58940", "#7c6bb0", "#5b8db8"];

/// The place of something, in pixels from the upper left.
type Place = (f64, f64);

/// A drawing that grows.
struct Canvas {
    svg: String,
}

impl Canvas {
    /// White, with a heading.
    fn new(title: &str, width: f64, height: f64) -> Self {
        let mut canvas = Self { svg: String::new() };
        let _ = write!(
            canvas.svg,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
             height=\"{height}\" font-family=\"system-ui, sans-serif\" font-size=\"12\" fill=\"{INK}\">\n\
             <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n\
             <text x=\"12\" y=\"22\" font-size=\"15\" font-weight=\"600\">{}</text>\n",
            escaped(title)
        );
        canvas
    }

    /// `anchor` is `start`, `middle` or `end`: which part of the text stands at the place.
    fn words(&mut self, (x, y): Place, anchor: &str, text: &str) {
        let text = escaped(text);
        let _ = writeln!(self.svg, "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{text}</text>");
    }

    fn line(&mut self, from: Place, to: Place, colour: &str) {
        let ((x1, y1), (x2, y2)) = (from, to);
        let _ = writeln!(
            self.svg,
            "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" stroke=\"{colour}\"/>"
        );
    }

    fn finish(mut self) -> String {
        self.svg.push_str("</svg>\n");
        self.svg
    }
}

/// Three digits that mean something.
pub(super) fn figure(value: f64) -> String {
    let decimals = match value.abs() {
        size if 100.0 <= size => 0,
        size if 10.0 <= size => 1,
        size if 1.0 <= size => 2,
        _ => 3,
    };
    format!("{value:.decimals$}")
}

/// The same without noughts behind the point, for values that are chosen and not measured.
fn number(value: f64) -> String {
    let text = figure(value);
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_as_long_as_they_are_exact() {
        let values = [1234.4, 56.78, 1.204, 0.0501, 0.0];
        assert_eq!(values.map(figure), ["1234", "56.8", "1.20", "0.050", "0.000"]);
        assert_eq!(values.map(number), ["1234", "56.8", "1.2", "0.05", "0"]);
    }

    #[test]
    fn a_drawing_is_well_formed_whatever_its_words_are() {
        let mut canvas = Canvas::new("A & B", 10.0, 10.0);
        canvas.words((1.0, 2.0), "end", "a <b>");
        let svg = canvas.finish();
        assert!(svg.contains(">A &amp; B<") && svg.contains(">a &lt;b&gt;<"), "{svg}");
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"), "{svg}");
    }
}
