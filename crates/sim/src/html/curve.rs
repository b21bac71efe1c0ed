//! Figure: one metric against the values of a key, the mean as a line and all seeds as a span.

use super::drawing::{Anchor, Drawing, Frame, shortened, width_of};
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
    let frame = Frame {
        left: 82.0,
        top: 30.0,
        width: WIDTH - 82.0 - RIGHT,
        height: HEIGHT - 30.0 - 46.0,
        x: Scale::from_zero(Unit::Number, 1.0, 1).without_ticks(),
        y: Scale::new(unit, low, high + margin, 4),
    };
    frame.draw(&mut drawing);
    let row = Row::of(&frame, points);
    if let Some(target) = target {
        let at = frame.y(target);
        drawing.line("mark", (frame.left, at), (frame.right(), at));
        drawing.text("note halo", (frame.right() - 4.0, at - 5.0), Anchor::End, "target");
    }
    let line: Vec<_> = points
        .iter()
        .enumerate()
        .map(|(n, point)| format!("{} {}", Px(row.at(n)), Px(frame.y(point.mean))))
        .collect();
    if !line.is_empty() {
        drawing.path("line s1", &format!("M{}", line.join("L")));
    }
    for (nth, point) in points.iter().enumerate() {
        let at = row.at(nth);
        drawing.line("whisker", (at, frame.y(point.min)), (at, frame.y(point.max)));
        drawing.dot("dot", (at, frame.y(point.mean)), 3.5);
        if nth % row.named_every == 0 {
            let below = (at, frame.bottom() + 18.0);
            drawing.text_within(LABEL_WIDTH_MAX, "tick", below, Anchor::Middle, &point.at);
        }
    }
    let middle = (frame.left + frame.width / 2.0, HEIGHT - 6.0);
    drawing.text_within(frame.width, "note", middle, Anchor::Middle, key);
    drawing.text_within(frame.width, "note", (frame.left, 16.0), Anchor::Start, metric);
    drawing.finish()
}

/// Where points stand below each other's labels: no label leaves the figure or touches the next.
struct Row {
    first: f64,
    step: f64,
    /// One in so many has its label.
    named_every: usize,
}

impl Row {
    fn of(frame: &Frame, points: &[Point]) -> Self {
        let width = |point: &Point| width_of(&shortened(&point.at, LABEL_WIDTH_MAX));
        let widest = points.iter().map(width).fold(0.0, f64::max);
        // The last label may reach to the right edge, and the first has as much room.
        let inset = (widest / 2.0 - RIGHT + 4.0).max(20.0);
        let step = (frame.width - 2.0 * inset) / points.len().saturating_sub(1).max(1) as f64;
        let least = points.len().div_ceil(LABELS_MAX).max(1);
        let has_room = |every: &usize| step * *every as f64 >= widest + 8.0;
        let named_every = (least..points.len()).find(has_room).unwrap_or(points.len().max(1));
        Self { first: frame.left + inset, step, named_every }
    }

    fn at(&self, nth: usize) -> f64 {
        self.first + self.step * nth as f64
    }
}

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 260.0;
/// Right of the frame.
const RIGHT: f64 = 24.0;
/// Most labels below the axis.
const LABELS_MAX: usize = 16;
/// A value that is written wider is shown in part.
const LABEL_WIDTH_MAX: f64 = 160.0;

#[cfg(test)]
mod tests {
    use super::*;

    fn point(at: &str, mean: f64) -> Point {
        Point { at: at.into(), mean, min: mean - 0.1, max: mean + 0.1 }
    }

    /// The labels below the axis: where each begins and ends at most, and what it shows.
    fn labels(values: &[&str]) -> Vec<(f64, f64, String)> {
        let points: Vec<_> = values.iter().map(|value| point(value, 1.0)).collect();
        let svg = draw("x", Unit::Number, "k", &points, None);
        let of = |line: &str| {
            let at: f64 = line.split("x=\"").nth(1)?.split('"').next()?.parse().ok()?;
            let shown = line.split('>').nth(1)?.split('<').next()?.to_owned();
            let half = width_of(&shown) / 2.0;
            Some((at - half, at + half, shown))
        };
        let below = |line: &&str| line.contains("class=\"tick\"") && line.contains("middle");
        svg.lines().filter(below).filter_map(of).collect()
    }

    #[test]
    fn labels_stay_in_the_figure_and_apart() {
        let long = "a value of which nobody would think ".repeat(3);
        let many: Vec<_> = (10_000..10_040).map(|n| n.to_string()).collect();
        let many: Vec<_> = many.iter().map(String::as_str).collect();
        for values in
            [&[&long[..]; 3][..], &["lane-and-mesh"; 3], &[&long], &["1", "2"], &many, &[&long[..]; 16]]
        {
            let labels = labels(values);
            assert!(!labels.is_empty() && labels.iter().all(|(from, to, _)| *from >= 0.0 && *to <= 760.0));
            assert!(labels.is_sorted_by(|one, next| one.1 + 7.0 <= next.0), "{labels:?}");
        }
        assert_eq!(labels(&["1", "2", "3"]).len(), 3);
        assert!(labels(&[&long, "2"])[0].2.ends_with('…'));
    }

    #[test]
    fn every_value_has_a_dot_and_a_span() {
        let svg =
            draw("makespan / bound", Unit::Number, "k", &[point("4", 1.1), point("<8>", 1.0)], Some(1.05));
        assert_eq!((svg.matches("<circle").count(), svg.matches("whisker").count()), (2, 2), "{svg}");
        assert!(svg.contains("&lt;8&gt;") && svg.contains(">target<"), "{svg}");
        let none = draw("x", Unit::Share, "k", &[], None);
        assert!(!none.contains("NaN") && !none.contains("inf"), "{none}");
    }
}
