//! What the lines and areas of a figure are called: names in as many rows as they need.

use super::drawing::{Anchor, Drawing, shortened, width_of};

/// Most lines or areas that one figure tells apart.
pub(super) const SERIES_MAX: usize = 6;

/// Names with a swatch each, and where they stand.
#[derive(Debug)]
pub(super) struct Legend<'a> {
    shape: Shape,
    width: f64,
    entries: Vec<Entry<'a>>,
}

#[derive(Clone, Copy, Debug)]
enum Shape {
    Line,
    Area,
}

#[derive(Debug)]
struct Entry<'a> {
    name: &'a str,
    class: String,
    /// From the left end of the legend.
    across: f64,
    row: usize,
}

impl<'a> Legend<'a> {
    /// Names of lines, in rows of this width. At most [`SERIES_MAX`].
    pub(super) fn lines(names: &[&'a str], width: f64) -> Self {
        let classes = (1..).map(|nth| format!("s{nth}"));
        Self::of(Shape::Line, names.iter().copied().zip(classes), width)
    }

    /// Names of areas, each with its class, in rows of this width. At most [`SERIES_MAX`].
    pub(super) fn areas(named: &[(&'a str, &str)], width: f64) -> Self {
        let named = named.iter().map(|(name, class)| (*name, (*class).to_owned()));
        Self::of(Shape::Area, named, width)
    }

    fn of(shape: Shape, named: impl Iterator<Item = (&'a str, String)>, width: f64) -> Self {
        Self { shape, width, entries: placed(named.take(SERIES_MAX), width) }
    }

    /// How much higher it is than one row.
    pub(super) fn height_beyond_one(&self) -> f64 {
        self.entries.last().map_or(0.0, |last| last.row as f64 * ROW)
    }

    /// Draws it; `at` is the left end of the first row's base line.
    pub(super) fn draw(&self, drawing: &mut Drawing, at: (f64, f64)) {
        for entry in &self.entries {
            let (x, y) = (at.0 + entry.across, at.1 + entry.row as f64 * ROW);
            match self.shape {
                Shape::Line => {
                    let class = format!("line {}", entry.class);
                    drawing.line(&class, (x, y - 4.0), (x + SWATCH, y - 4.0));
                }
                Shape::Area => {
                    drawing.rect(&format!("area {}", entry.class), (x, y - 11.0), (SWATCH, 12.0));
                }
            }
            drawing.text_within(self.width - BEFORE, "note", (x + BEFORE, y), Anchor::Start, entry.name);
        }
    }
}

/// One behind the other, and in the next row where one has no room left.
fn placed<'a>(named: impl Iterator<Item = (&'a str, String)>, width: f64) -> Vec<Entry<'a>> {
    let mut entries = Vec::new();
    let (mut next, mut row) = (0.0, 0);
    for (name, class) in named {
        let length = BEFORE + width_of(&shortened(name, width - BEFORE));
        if next > 0.0 && next + length > width {
            (next, row) = (0.0, row + 1);
        }
        entries.push(Entry { name, class, across: next, row });
        next += length + BETWEEN;
    }
    entries
}

const SWATCH: f64 = 26.0;
/// From the left end of a swatch to its name.
const BEFORE: f64 = SWATCH + 6.0;
const BETWEEN: f64 = 18.0;
/// From one base line to the next.
const ROW: f64 = 18.0;

#[cfg(test)]
mod tests {
    use super::*;

    fn places(names: &[&str], width: f64) -> Vec<(f64, usize)> {
        Legend::lines(names, width).entries.iter().map(|entry| (entry.across, entry.row)).collect()
    }

    #[test]
    fn a_name_that_has_no_room_left_begins_a_row() {
        assert_eq!(places(&["abc", "abc"], 200.0), [(0.0, 0), (74.0, 0)]);
        assert_eq!(places(&["abc", "abc"], 130.0), [(0.0, 0), (74.0, 0)], "it just fits");
        assert_eq!(places(&["abc", "abc", "a"], 129.0), [(0.0, 0), (0.0, 1), (74.0, 1)]);
        assert_eq!(places(&[&"a".repeat(99), "a"], 129.0), [(0.0, 0), (0.0, 1)]);
        assert_eq!(Legend::lines(&["abc", "abc", "a"], 129.0).height_beyond_one(), 18.0);
        assert_eq!(Legend::lines(&[], 129.0).height_beyond_one(), 0.0);
    }

    #[test]
    fn a_long_name_is_shown_in_part_and_told_whole() {
        let name = "a <name> ".repeat(20);
        let mut drawing = Drawing::new(760.0, 100.0, "");
        Legend::areas(&[(&name, "c1")], 200.0).draw(&mut drawing, (82.0, 16.0));
        let svg = drawing.finish();
        assert!(svg.contains("a &lt;name…<title>a &lt;name&gt; a "), "{svg}");
    }
}
