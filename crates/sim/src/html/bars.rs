//! Figure: one bar a thing that is counted, with its number, and a mark where its limit is.

use super::drawing::{Anchor, Drawing};
use crate::words;

/// One bar.
#[derive(Clone, Debug)]
pub(super) struct Bar {
    pub(super) name: String,
    pub(super) value: f64,
    /// What it should not exceed.
    pub(super) limit: Option<f64>,
}

/// Draws them below each other.
pub(super) fn draw(title: &str, bars: &[Bar]) -> String {
    let height = bars.len() as f64 * ROW + 8.0;
    let mut drawing = Drawing::new(WIDTH, height, title);
    let longest = bars.iter().flat_map(|bar| [Some(bar.value), bar.limit]).flatten().fold(1e-9, f64::max);
    let across = |value: f64| LEFT + (WIDTH - LEFT - RIGHT) * (value / longest).clamp(0.0, 1.0);
    for (nth, bar) in bars.iter().enumerate() {
        let top = 4.0 + nth as f64 * ROW;
        drawing.text("note", (LEFT - 10.0, top + 17.0), Anchor::End, &bar.name);
        drawing.rect("bar", (LEFT, top + 4.0), (across(bar.value) - LEFT, ROW - 8.0));
        let mut said = words::number(bar.value);
        if let Some(limit) = bar.limit {
            let at = across(limit);
            drawing.line("mark", (at, top), (at, top + ROW));
            said += &format!(" of at most {}", words::number(limit));
        }
        let behind = bar.limit.map_or(bar.value, |limit| limit.max(bar.value));
        drawing.text("note", (across(behind) + 8.0, top + 17.0), Anchor::Start, &said);
    }
    drawing.finish()
}

const WIDTH: f64 = 760.0;
const LEFT: f64 = 150.0;
const RIGHT: f64 = 150.0;
const ROW: f64 = 26.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_shows_its_number_and_its_limit() {
        let bars = [
            Bar { name: "HAVE".into(), value: 4.4, limit: Some(12.0) },
            Bar { name: "lane".into(), value: 0.5, limit: None },
        ];
        let svg = draw("messages", &bars);
        assert!(svg.contains("4.4 of at most 12") && svg.contains(">0.5<"), "{svg}");
        assert_eq!(svg.matches("class=\"mark\"").count(), 1);
    }
}
