//! Figure: what the origin sends, over time, by the reason why it was asked; the line's rate is drawn across.

use super::drawing::{Anchor, Drawing, Frame};
use super::legend::Legend;
use super::markup::Px;
use super::scale::{Scale, Unit};
use crate::words;

/// Bytes that the origin sent, in slots of equal length, by cause.
#[derive(Clone, Debug)]
pub(super) struct Egress<'a> {
    pub(super) slot_s: f64,
    /// A cause: its name, the class of its colour, and its bytes in each slot.
    pub(super) causes: Vec<(&'a str, &'a str, Vec<u64>)>,
    /// What the lines of all sites carry together, bits per second; `None` where nothing limits.
    pub(super) line_bits_per_s: Option<f64>,
}

/// Draws it; `None` where the origin sent nothing.
pub(super) fn draw(egress: &Egress<'_>, end_s: f64) -> Option<String> {
    let causes: Vec<_> =
        egress.causes.iter().filter(|(.., bytes)| bytes.iter().any(|bytes| *bytes > 0)).collect();
    if causes.is_empty() || egress.slot_s <= 0.0 {
        return None;
    }
    let slots = causes.iter().map(|(.., bytes)| bytes.len()).max().unwrap_or(0);
    let (slots, width) = merged(slots, egress.slot_s);
    let rate = |bytes: &[u64], slot: usize| {
        let sum: u64 = bytes.iter().skip(slot * width).take(width).sum();
        sum as f64 * 8.0 / (egress.slot_s * width as f64)
    };
    let layers: Vec<Vec<f64>> = causes
        .iter()
        .scan(vec![0.0; slots], |below, (.., bytes)| {
            below.iter_mut().enumerate().for_each(|(slot, top)| *top += rate(bytes, slot));
            Some(below.clone())
        })
        .collect();
    let highest = layers.last().into_iter().flatten().copied().fold(0.0, f64::max);
    let top = highest.max(egress.line_bits_per_s.unwrap_or(0.0)) * 1.05;
    let mut drawing = Drawing::new(WIDTH, HEIGHT, "What the origin sends, over time, by cause");
    let frame = Frame {
        left: 82.0,
        top: 40.0,
        width: WIDTH - 82.0 - 24.0,
        height: HEIGHT - 40.0 - 34.0,
        x: Scale::from_zero(Unit::Time, end_s, 8),
        y: Scale::from_zero(Unit::BitRate, top, 4),
    };
    frame.draw(&mut drawing);
    let slot_s = egress.slot_s * width as f64;
    for (nth, (_, class, _)) in causes.iter().enumerate() {
        let floor = nth.checked_sub(1).map(|below| layers[below].as_slice());
        drawing.path(&format!("area {class}"), &area(&frame, &layers[nth], floor, slot_s));
    }
    if let Some(line) = egress.line_bits_per_s {
        let at = frame.y(line);
        drawing.line("mark", (frame.left, at), (frame.right(), at));
        let text = format!("the line: {}", words::bit_rate(line));
        drawing.text("note halo", (frame.right() - 4.0, at - 5.0), Anchor::End, &text);
    }
    let named: Vec<_> = causes.iter().map(|(name, class, _)| (*name, *class)).collect();
    Legend::areas(&named, frame.width).draw(&mut drawing, (frame.left, 16.0));
    Some(drawing.finish())
}

/// How many slots are drawn, and how many of those that came make one: as many as the width can show.
fn merged(slots: usize, slot_s: f64) -> (usize, usize) {
    debug_assert!(slot_s > 0.0, "the caller has looked");
    let width = slots.div_ceil(SLOTS_MAX).max(1);
    (slots.div_ceil(width), width)
}

/// The outline of one layer: along its top and back along that of the layer below.
fn area(frame: &Frame, tops: &[f64], floor: Option<&[f64]>, slot_s: f64) -> String {
    let level = |value: f64| Px(frame.y(value)).to_string();
    let across = |slot: usize| Px(frame.x(slot as f64 * slot_s)).to_string();
    let below = |slot: usize| floor.map_or(0.0, |floor| floor[slot]);
    let mut data = format!("M{} {}", across(0), level(below(0)));
    for (slot, top) in tops.iter().enumerate() {
        data += &format!("V{}H{}", level(*top), across(slot + 1));
    }
    for slot in (0..tops.len()).rev() {
        data += &format!("V{}H{}", level(below(slot)), across(slot));
    }
    data + "Z"
}

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 250.0;
/// Most slots of time that are drawn.
const SLOTS_MAX: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    fn egress(owner: Vec<u64>, takeover: Vec<u64>) -> Egress<'static> {
        Egress {
            slot_s: 1.0,
            causes: vec![("owner", "c1", owner), ("take-over", "c2", takeover)],
            line_bits_per_s: Some(20e6),
        }
    }

    #[test]
    fn a_cause_that_never_came_is_not_drawn() {
        let svg = draw(&egress(vec![1_000_000; 4], vec![0; 4]), 4.0).unwrap();
        assert!(svg.contains("area c1") && !svg.contains("area c2"), "{svg}");
        assert!(svg.contains("the line: 20 Mbit/s"), "{svg}");
        assert!(draw(&egress(vec![0; 4], vec![]), 4.0).is_none());
    }

    #[test]
    fn layers_lie_on_each_other() {
        let frame = Frame {
            left: 0.0,
            top: 0.0,
            width: 2.0,
            height: 10.0,
            x: Scale::from_zero(Unit::Time, 2.0, 2),
            y: Scale::from_zero(Unit::Number, 10.0, 2),
        };
        assert_eq!(area(&frame, &[2.0, 4.0], None, 1.0), "M0 10V8H1V6H2V10H1V10H0Z");
        assert_eq!(area(&frame, &[5.0, 5.0], Some(&[2.0, 4.0]), 1.0), "M0 8V5H1V5H2V6H1V8H0Z");
    }

    #[test]
    fn long_runs_are_merged_and_no_byte_is_lost() {
        assert_eq!(merged(200, 1.0), (200, 1));
        assert_eq!(merged(201, 1.0), (101, 2));
    }
}
