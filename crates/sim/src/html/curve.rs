//! Figure: one metric against the values of a key, the mean as a line and all seeds as a span.

use super::drawing::{Anchor, Drawing, Frame};
use super::markup::Px;
use super::scale::{Scale, Unit};

/// What was measured at one value.
#[derive(Clone, Debug)]
pub(super) struct Point {
    /// The value as it was written.
    pub(super) at: String,
    pub(super) mean: f64,
    pub(super) min: f64,
    pub(super) max: f64,
}

/// Draws it. Values stand at equal distances, in the order in which they were asked for.
pub(super) fn draw(metric: &str, unit: Unit, key: &str, points: &[Point], target: Option<f64>) -> String {
    let all = points.iter().flat_map(|point| [point.min, point.max]).chain(target);
    let (low, high) =
        all.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
    let margin = ((high - low) * 0.1).max(high.abs() * 0.002);
    // A floor of 0 where the values reach down to it anyway: the eye takes heights for sizes.
    let low = if low < high * 0.6 { 0.0 } else { (low - margin).max(0.0) };
    let mut drawing = Drawing::new(WIDTH, HEIGHT, &format!("{metric} against {key}"));
    let last = points.len().saturating_sub(1).max(1) as f64;
    let frame = Frame {
        left: 82.0,
        top: 30.0,
        width: WIDTH - 82.0 - 24.0,
        height: HEIGHT - 30.0 - 46.0,
        x: Scale::from_zero(Unit::Number, last, 1).without_ticks(),
        y: Scale::new(unit, low, high + margin, 4),
    };
    frame.draw(&mut drawing);
    let across = |nth: usize| frame.left + 20.0 + (frame.width - 40.0) * nth as f64 / last;
    if let Some(target) = target {
        let at = frame.y(target);
        drawing.line("mark", (frame.left, at), (frame.right(), at));
        drawing.text("note halo", (frame.right() - 4.0, at - 5.0), Anchor::End, "target");
    }
    let line: Vec<_> = points
        .iter()
        .enumerate()
        .map(|(n, point)| format!("{} {}", Px(across(n)), Px(frame.y(point.mean))))
        .collect();
    if !line.is_empty() {
        drawing.path("line s1", &format!("M{}", line.join("L")));
    }
    let every = points.len().div_ceil(LABELS_MAX).max(1);
    for (nth, point) in points.iter().enumerate() {
        let at = across(nth);
        drawing.line("whisker", (at, frame.y(point.min)), (at, frame.y(point.max)));
        drawing.dot("dot", (at, frame.y(point.mean)), 3.5);
        if nth % every == 0 {
            drawing.text("tick", (at, frame.bottom() + 18.0), Anchor::Middle, &point.at);
        }
    }
    drawing.text("note", (frame.left + frame.width / 2.0, HEIGHT - 6.0), Anchor::Middle, key);
    drawing.text("note", (frame.left, 16.0), Anchor::Start, metric);
    drawing.finish()
}

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 260.0;
/// Most labels below the axis.
const LABELS_MAX: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_has_a_dot_and_a_span() {
        let point = |at: &str, mean: f64| Point { at: at.into(), mean, min: mean - 0.1, max: mean + 0.1 };
        let svg =
            draw("makespan / bound", Unit::Number, "k", &[point("4", 1.1), point("<8>", 1.0)], Some(1.05));
        assert_eq!((svg.matches("<circle").count(), svg.matches("whisker").count()), (2, 2), "{svg}");
        assert!(svg.contains("&lt;8&gt;") && svg.contains(">target<"), "{svg}");
        let none = draw("x", Unit::Share, "k", &[], None);
        assert!(!none.contains("NaN") && !none.contains("inf"), "{none}");
    }
}
