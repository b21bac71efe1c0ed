//! What the lines and areas of a figure are called.

use super::drawing::{Anchor, Drawing};

/// Most lines or areas that one figure tells apart.
pub(super) const SERIES_MAX: usize = 6;

/// Names of lines, in a row.
pub(super) fn lines(drawing: &mut Drawing, at: (f64, f64), names: &[&str]) {
    row(
        drawing,
        at,
        names,
        |drawing, at, class| {
            drawing.line(&format!("line {class}"), (at.0, at.1 - 4.0), (at.0 + SWATCH, at.1 - 4.0));
        },
        |nth| format!("s{}", nth + 1),
    );
}

/// Names of areas, in a row; each with its class.
pub(super) fn areas(drawing: &mut Drawing, at: (f64, f64), named: &[(&str, &str)]) {
    let names: Vec<_> = named.iter().map(|(name, _)| *name).collect();
    row(
        drawing,
        at,
        &names,
        |drawing, at, class| {
            drawing.rect(&format!("area {class}"), (at.0, at.1 - 11.0), (SWATCH, 12.0));
        },
        |nth| named[nth].1.to_owned(),
    );
}

fn row(
    drawing: &mut Drawing,
    (mut x, y): (f64, f64),
    names: &[&str],
    swatch: impl Fn(&mut Drawing, (f64, f64), &str),
    class: impl Fn(usize) -> String,
) {
    for (nth, name) in names.iter().enumerate().take(SERIES_MAX) {
        swatch(drawing, (x, y), &class(nth));
        let shown = shortened(name);
        drawing.text("note", (x + SWATCH + 6.0, y), Anchor::Start, &shown);
        x += SWATCH + 24.0 + shown.chars().count() as f64 * LETTER;
    }
}

fn shortened(name: &str) -> String {
    match name.char_indices().nth(NAME_MAX) {
        Some((end, _)) => format!("{}…", &name[..end]),
        None => name.to_owned(),
    }
}

/// Most letters of a name in a legend.
const NAME_MAX: usize = 40;
const SWATCH: f64 = 26.0;
/// Mean width of a letter of a note.
const LETTER: f64 = 6.6;
