//! Inline SVG: a canvas, and a frame with two axes on it.
//!
//! Colours and patterns are classes of the page's style sheet, so that a figure follows light, dark and paper.

use std::borrow::Cow;
use std::fmt::Write;

use super::markup::{Escaped, Px};
use super::scale::Scale;

/// An SVG that is being written. Places are counted from the upper left corner.
#[derive(Debug)]
pub(super) struct Drawing {
    body: String,
    width: f64,
    height: f64,
    title: String,
}

/// Which end of a text stands at its place.
#[derive(Clone, Copy, Debug)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

impl Anchor {
    fn word(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Middle => "middle",
            Self::End => "end",
        }
    }
}

impl Drawing {
    /// An empty canvas. `title` is read out to those who cannot see it.
    pub(super) fn new(width: f64, height: f64, title: &str) -> Self {
        Self { body: String::new(), width, height, title: title.to_owned() }
    }

    pub(super) fn line(&mut self, class: &str, from: (f64, f64), to: (f64, f64)) {
        let ((x1, y1), (x2, y2)) = (from, to);
        self.put(&format!(
            "<line class=\"{class}\" x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\"/>",
            Px(x1),
            Px(y1),
            Px(x2),
            Px(y2)
        ));
    }

    pub(super) fn rect(&mut self, class: &str, at: (f64, f64), size: (f64, f64)) {
        self.put(&format!(
            "<rect class=\"{class}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/>",
            Px(at.0),
            Px(at.1),
            Px(size.0.max(0.0)),
            Px(size.1.max(0.0))
        ));
    }

    pub(super) fn text(&mut self, class: &str, at: (f64, f64), anchor: Anchor, text: &str) {
        self.text_within(f64::INFINITY, class, at, anchor, text);
    }

    /// A text that is cut where it would be wider than this; the whole is shown to whoever points at it.
    pub(super) fn text_within(
        &mut self,
        width: f64,
        class: &str,
        at: (f64, f64),
        anchor: Anchor,
        text: &str,
    ) {
        let shown = shortened(text, width);
        let whole = match shown {
            Cow::Borrowed(_) => String::new(),
            Cow::Owned(_) => format!("<title>{}</title>", Escaped(text)),
        };
        self.put(&format!(
            "<text class=\"{class}\" x=\"{}\" y=\"{}\" text-anchor=\"{}\">{}{whole}</text>",
            Px(at.0),
            Px(at.1),
            anchor.word(),
            Escaped(&shown)
        ));
    }

    /// A path; `data` is what stands in its `d`.
    pub(super) fn path(&mut self, class: &str, data: &str) {
        self.put(&format!("<path class=\"{class}\" d=\"{data}\"/>"));
    }

    pub(super) fn dot(&mut self, class: &str, at: (f64, f64), radius: f64) {
        self.put(&format!(
            "<circle class=\"{class}\" cx=\"{}\" cy=\"{}\" r=\"{}\"/>",
            Px(at.0),
            Px(at.1),
            Px(radius)
        ));
    }

    fn put(&mut self, element: &str) {
        self.body += element;
        self.body.push('\n');
    }

    /// The whole element.
    pub(super) fn finish(self) -> String {
        format!(
            "<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\" xmlns=\"http://www.w3.org/2000/svg\">\n{}</svg>\n",
            Px(self.width),
            Px(self.height),
            Escaped(&self.title),
            self.body
        )
    }
}

/// The area between two axes.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) x: Scale,
    pub(super) y: Scale,
}

impl Frame {
    /// Across.
    pub(super) fn x(&self, value: f64) -> f64 {
        self.left + self.width * self.x.place(value)
    }

    /// Down.
    pub(super) fn y(&self, value: f64) -> f64 {
        self.top + self.height * (1.0 - self.y.place(value))
    }

    pub(super) fn right(&self) -> f64 {
        self.left + self.width
    }

    pub(super) fn bottom(&self) -> f64 {
        self.top + self.height
    }

    /// Ticks, their labels, and lines across for the upright axis.
    pub(super) fn draw(&self, drawing: &mut Drawing) {
        for tick in &self.y.ticks {
            let at = self.y(*tick);
            drawing.line("grid", (self.left, at), (self.right(), at));
            drawing.text("tick", (self.left - 8.0, at + 4.0), Anchor::End, &self.y.label(*tick));
        }
        self.draw_across(drawing);
    }

    /// The axis below alone.
    pub(super) fn draw_across(&self, drawing: &mut Drawing) {
        drawing.line("axis", (self.left, self.bottom()), (self.right(), self.bottom()));
        for tick in &self.x.ticks {
            let at = self.x(*tick);
            drawing.line("axis", (at, self.bottom()), (at, self.bottom() + 5.0));
            drawing.text("tick", (at, self.bottom() + 20.0), Anchor::Middle, &self.x.label(*tick));
        }
    }
}

/// A text that is at most so wide, with `…` where it was cut.
pub(super) fn shortened(text: &str, width: f64) -> Cow<'_, str> {
    if width_of(text) <= width {
        return text.into();
    }
    let mut left = width - letter('…');
    let kept: String = text
        .chars()
        .take_while(|c| {
            left -= letter(*c);
            left >= 0.0
        })
        .collect();
    (kept.trim_end().to_owned() + "…").into()
}

/// How wide a text is at most, in the widest of the fonts that the page asks for.
pub(super) fn width_of(text: &str) -> f64 {
    text.chars().map(letter).sum()
}

/// DejaVu Sans at 12.5 px, rounded up; of scripts with square letters, the square.
fn letter(c: char) -> f64 {
    match c {
        'm' | 'w' | 'M' | 'W' | '@' | '%' | '…' | '\u{1100}'.. => 13.0,
        'A'..='Z' | '+' | '=' | '<' | '>' | '~' => 10.5,
        _ => 8.0,
    }
}

/// The `d` of a line through points that goes across first and then up: a value holds until the next.
pub(super) fn steps(points: impl IntoIterator<Item = (f64, f64)>) -> String {
    let mut data = String::new();
    for (at, (x, y)) in points.into_iter().enumerate() {
        let written = match at {
            0 => write!(data, "M{} {}", Px(x), Px(y)),
            _ => write!(data, "H{}V{}", Px(x), Px(y)),
        };
        written.expect("a String takes everything");
    }
    data
}

#[cfg(test)]
mod tests {
    use super::super::scale::Unit;
    use super::*;

    #[test]
    fn a_frame_turns_values_into_places() {
        let frame = Frame {
            left: 50.0,
            top: 10.0,
            width: 100.0,
            height: 200.0,
            x: Scale::from_zero(Unit::Time, 10.0, 5),
            y: Scale::from_zero(Unit::Share, 1.0, 4),
        };
        assert_eq!((frame.x(5.0), frame.y(0.0), frame.y(1.0)), (100.0, 210.0, 10.0));
        assert_eq!(steps([(0.0, 1.0), (2.0, 3.0)]), "M0 1H2V3");
    }

    #[test]
    fn a_text_is_cut_where_it_has_no_room() {
        assert_eq!(width_of("abc"), 24.0);
        assert_eq!(shortened("abc", 24.0), "abc");
        assert_eq!(shortened("abc abc", 45.0), "abc…");
        assert_eq!(shortened("größe", 37.0), "grö…");
        assert_eq!(shortened("官官官", 26.0), "官…");
        assert_eq!(shortened("abc", 0.0), "…");
    }

    #[test]
    fn what_a_figure_says_is_escaped() {
        let mut drawing = Drawing::new(10.0, 10.0, "a \"title\"");
        drawing.text("tick", (0.0, 0.0), Anchor::Start, "<script>");
        let svg = drawing.finish();
        assert!(
            svg.contains("aria-label=\"a &quot;title&quot;\"") && svg.contains("&lt;script&gt;"),
            "{svg}"
        );
    }
}
