//! Figure: how many peers are complete at each time, and the moment before which nobody can be.

use super::drawing::{Anchor, Drawing, Frame, steps};
use super::legend::{Legend, SERIES_MAX};
use super::scale::{Scale, Unit};
use crate::words;

/// One line of the figure.
#[derive(Clone, Debug)]
pub(super) struct Finishers {
    pub(super) name: String,
    /// When each peer was complete, seconds after the start, in order.
    pub(super) times_s: Vec<f64>,
    /// Peers that should be complete in the end.
    pub(super) peers: usize,
}

/// Draws it; at most [`SERIES_MAX`] lines.
pub(super) fn draw(series: &[Finishers], bound_s: f64, end_s: f64) -> String {
    let named: Vec<_> = series.iter().take(SERIES_MAX).collect();
    let names: Vec<_> = named.iter().map(|line| line.name.as_str()).filter(|_| named.len() > 1).collect();
    let width = WIDTH - 82.0 - 24.0;
    let legend = Legend::lines(&names, width);
    let top = 44.0 + legend.height_beyond_one();
    let height = HEIGHT - 44.0 - 34.0;
    let mut drawing = Drawing::new(WIDTH, top + height + 34.0, "Share of peers that are complete, over time");
    let frame = Frame {
        left: 82.0,
        top,
        width,
        height,
        x: Scale::from_zero(Unit::Time, end_s.max(bound_s) * 1.02, 8),
        y: Scale::from_zero(Unit::Share, 1.0, 4),
    };
    frame.draw(&mut drawing);
    for (at, line) in named.iter().enumerate().rev() {
        drawing.path(&format!("line s{}", at + 1), &steps(places(line, &frame)));
    }
    mark_bound(&mut drawing, &frame, bound_s);
    legend.draw(&mut drawing, (frame.left, 16.0));
    drawing.finish()
}

/// The bound, with its name on the side that has room.
fn mark_bound(drawing: &mut Drawing, frame: &Frame, bound_s: f64) {
    if bound_s <= 0.0 {
        return;
    }
    let at = frame.x(bound_s);
    drawing.line("mark", (at, frame.top - 10.0), (at, frame.bottom()));
    let (from, anchor) = match at > frame.left + frame.width / 2.0 {
        true => (at - 6.0, Anchor::End),
        false => (at + 6.0, Anchor::Start),
    };
    let text = format!("nobody can be faster: {}", words::seconds(bound_s));
    drawing.text("note", (from, frame.top - 2.0), anchor, &text);
}

/// At most [`POINTS_MAX`] of them: more than the eye can tell apart say nothing.
fn places(line: &Finishers, frame: &Frame) -> Vec<(f64, f64)> {
    let (count, peers) = (line.times_s.len(), line.peers.max(1) as f64);
    let every = count.div_ceil(POINTS_MAX).max(1);
    let kept = (1..=count).filter(|nth| nth % every == 0 || *nth == count || *nth == 1);
    let points = kept.map(|nth| (frame.x(line.times_s[nth - 1]), frame.y(nth as f64 / peers)));
    let first = (frame.left, frame.y(0.0));
    let end = (frame.right(), frame.y(count as f64 / peers));
    std::iter::once(first).chain(points).chain([end]).collect()
}

const WIDTH: f64 = 760.0;
/// With a legend of one row.
const HEIGHT: f64 = 270.0;
/// Most steps of one line.
const POINTS_MAX: usize = 400;

#[cfg(test)]
mod tests {
    use super::super::drawing::width_of;
    use super::*;

    /// Names and values that people give have no room beside each other.
    #[test]
    fn a_legend_of_long_names_stays_in_the_figure_and_gives_it_height() {
        let named = |name: &str| Finishers { name: name.into(), ..line(&[1.0], 1) };
        let names = [
            "tiny: lane-and-mesh",
            "tiny with site.wan=10mbit: lane-and-mesh",
            "tiny with site.lan=100mbit: lane-and-mesh",
            &format!("tiny with name={}: lane-and-mesh", "x".repeat(200)),
        ];
        let svg = draw(&names.map(named), 1.0, 2.0);
        assert!(svg.starts_with("<svg viewBox=\"0 0 760 306\""), "{svg}");
        let number = |line: &str, key: &str| -> f64 {
            line.split_once(key).and_then(|(_, rest)| rest.split('"').next()?.parse().ok()).unwrap()
        };
        let notes: Vec<_> = svg.lines().filter(|line| line.contains("class=\"note\"")).collect();
        assert_eq!(notes.len(), 5, "four names and the bound");
        for note in notes.iter().filter(|note| note.contains("text-anchor=\"start\"")) {
            let shown = note.split_once('>').unwrap().1.split('<').next().unwrap();
            let end = number(note, " x=\"") + width_of(shown);
            assert!(end <= 760.0 && number(note, " y=\"") <= 78.0, "{end}: {note}");
        }
        assert!(notes.iter().any(|note| note.contains("xxx…<title>tiny with name=xxx")), "{svg}");
        assert!(draw(&["a", "b"].map(named), 1.0, 2.0).starts_with("<svg viewBox=\"0 0 760 270\""));
    }

    fn line(times_s: &[f64], peers: usize) -> Finishers {
        Finishers { name: "a <b>".into(), times_s: times_s.to_vec(), peers }
    }

    #[test]
    fn one_step_a_peer_and_a_mark_at_the_bound() {
        let svg = draw(&[line(&[1.0, 2.0], 2)], 1.0, 2.0);
        let path = svg.lines().find(|line| line.contains("line s1")).unwrap();
        assert_eq!(path.matches('V').count(), 3, "{path}");
        assert!(svg.contains("nobody can be faster: 1.0 s"), "{svg}");
        assert!(!svg.contains("a &lt;b&gt;"), "one line needs no legend");
        let two = draw(&[line(&[1.0], 1), line(&[], 1)], 1.0, 2.0);
        assert!(two.contains("a &lt;b&gt;") && two.contains("line s2"), "{two}");
    }

    #[test]
    fn thousands_of_peers_are_thinned_and_keep_first_and_last() {
        let times: Vec<_> = (0..10_000).map(f64::from).collect();
        let frame = Frame {
            left: 0.0,
            top: 0.0,
            width: 9_999.0,
            height: 1.0,
            x: Scale::from_zero(Unit::Time, 9_999.0, 5),
            y: Scale::from_zero(Unit::Share, 1.0, 4),
        };
        let places = places(&line(&times, 10_000), &frame);
        assert!(places.len() <= POINTS_MAX + 4, "{}", places.len());
        assert_eq!((places[1].0, places.last().unwrap().1), (0.0, 0.0));
    }
}
