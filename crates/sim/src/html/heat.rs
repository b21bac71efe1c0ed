//! Figure: time from left to right, pieces from top to bottom in the order in which the site fetches them, and a shade
//! for how many of the peers hold a piece.
//!
//! A healthy run is a thin diagonal: each piece goes from nobody to everybody soon after it crossed the line.

use std::fmt::Write;

use super::drawing::{Anchor, Drawing, Frame};
use super::markup::Px;
use super::scale::{Scale, Unit};

/// Holders of pieces over time.
#[derive(Clone, Debug)]
pub(super) struct Heat {
    pub(super) slot_s: f64,
    /// A row a piece (or a few neighbours in the order), a number a slot: the share of peers that hold it, 0 to 1.
    pub(super) rows: Vec<Vec<f64>>,
    /// How many pieces the rows stand for.
    pub(super) pieces: usize,
}

/// Draws it; `None` where nothing was recorded.
pub(super) fn draw(heat: &Heat, end_s: f64) -> Option<String> {
    let slots = heat.rows.iter().map(Vec::len).max().unwrap_or(0);
    if slots == 0 || heat.slot_s <= 0.0 {
        return None;
    }
    let mut drawing = Drawing::new(WIDTH, HEIGHT, "How many of the peers hold each piece, over time");
    let frame = Frame {
        left: 82.0,
        top: 40.0,
        width: WIDTH - 82.0 - 24.0,
        height: HEIGHT - 40.0 - 34.0,
        x: Scale::from_zero(Unit::Time, end_s, 8),
        y: Scale::from_zero(Unit::Number, 1.0, 1),
    };
    drawing.rect("h0", (frame.left, frame.top), (frame.width, frame.height));
    for (level, data) in levels(heat, &frame).iter().enumerate().skip(1).filter(|(_, data)| !data.is_empty())
    {
        drawing.path(&format!("h{level}"), data);
    }
    frame.draw_across(&mut drawing);
    drawing.text("tick", (frame.left - 8.0, frame.top + 11.0), Anchor::End, "first");
    drawing.text("tick", (frame.left - 8.0, frame.bottom()), Anchor::End, "last");
    count(&mut drawing, &frame, heat.pieces);
    key(&mut drawing, &frame);
    Some(drawing.finish())
}

/// How many pieces there are, in two lines: a million has no room in one.
fn count(drawing: &mut Drawing, frame: &Frame, pieces: usize) {
    let middle = frame.top + frame.height / 2.0;
    let said = crate::words::count(pieces as u64, "piece", "pieces");
    for (nth, word) in said.split(' ').enumerate() {
        drawing.text("tick", (frame.left - 8.0, middle + nth as f64 * 16.0), Anchor::End, word);
    }
}

/// The shades, and what they mean.
fn key(drawing: &mut Drawing, frame: &Frame) {
    drawing.text("note", (frame.left, 16.0), Anchor::Start, "held by nobody");
    let from = frame.left + 100.0;
    for level in 0..=LEVELS {
        drawing.rect(&format!("h{level}"), (from + level as f64 * 16.0, 5.0), (16.0, 13.0));
    }
    drawing.text("note", (from + (LEVELS + 1) as f64 * 16.0 + 8.0, 16.0), Anchor::Start, "by everybody");
}

/// One path a shade: its cells, neighbours in a row joined.
fn levels(heat: &Heat, frame: &Frame) -> Vec<String> {
    let mut data = vec![String::new(); LEVELS + 1];
    let height = frame.height / heat.rows.len() as f64;
    for (row, cells) in heat.rows.iter().enumerate() {
        let top = frame.top + row as f64 * height;
        let mut slot = 0;
        while slot < cells.len() {
            let level = level(cells[slot]);
            let run = cells[slot..].iter().take_while(|share| self::level(**share) == level).count();
            // What was held at the end is held for the rest of the figure.
            let ends_at = if slot + run == cells.len() {
                frame.right()
            } else {
                frame.x((slot + run) as f64 * heat.slot_s)
            };
            let left = frame.x(slot as f64 * heat.slot_s);
            // Rows overlap a little, so that no seam shows between them.
            write!(
                data[level],
                "M{} {}H{}v{:.2}H{}Z",
                Px(left),
                Px(top),
                Px(ends_at),
                height + 0.15,
                Px(left)
            )
            .expect("a String takes everything");
            slot += run;
        }
    }
    data
}

/// The shade of a share: 0 is nobody, the last is everybody, and neither means "almost".
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded just before")]
fn level(share: f64) -> usize {
    match share {
        share if share >= 1.0 => LEVELS,
        share if share > 0.0 => ((share * LEVELS as f64).ceil() as usize).clamp(1, LEVELS - 1),
        _ => 0,
    }
}

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 330.0;
/// Shades besides "nobody".
const LEVELS: usize = 10;

#[cfg(test)]
mod tests {
    use super::super::drawing::width_of;
    use super::*;

    #[test]
    fn nobody_and_everybody_have_shades_of_their_own() {
        assert_eq!([0.0, 1e-6, 0.1, 0.11, 0.95, 0.9999, 1.0, f64::NAN].map(level), [0, 1, 1, 2, 9, 9, 10, 0]);
    }

    #[test]
    fn a_million_pieces_have_room_left_of_the_figure() {
        let svg = draw(&Heat { slot_s: 1.0, rows: vec![vec![1.0]], pieces: 1_048_576 }, 1.0).unwrap();
        assert!(svg.contains("text-anchor=\"end\">1,048,576</text>") && svg.contains(">pieces<"), "{svg}");
        assert!(width_of("1,048,576") <= 82.0 - 8.0);
    }

    #[test]
    fn neighbours_of_one_shade_are_one_shape() {
        let heat = Heat { slot_s: 1.0, rows: vec![vec![0.0, 0.5, 0.5, 1.0, 1.0]], pieces: 1 };
        let svg = draw(&heat, 5.0).unwrap();
        let shapes = |class: &str| {
            svg.lines().filter(|line| line.contains(&format!("<path class=\"{class}\""))).count()
        };
        assert_eq!((shapes("h0"), shapes("h5"), shapes("h10")), (0, 1, 1), "{svg}");
        assert!(draw(&Heat { rows: vec![], ..heat }, 5.0).is_none());
    }
}
