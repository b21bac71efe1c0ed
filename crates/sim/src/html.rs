//! A report as one HTML file: nothing else is needed to read it, print it or keep it.
//!
//! Pure: from studies to text, the same bytes for the same studies. Figures are inline SVG without scripts, and colours
//! follow light, dark and paper. Texts of a scenario are strangers' words and are escaped.

mod markup;
mod scale;

mod drawing;
mod legend;

mod bars;
mod completion;
mod curve;
mod egress;
mod heat;

mod figures;
mod table;

mod page;

pub use page::{comparison, study, sweep};
pub use table::{Row, Sweep};

#[cfg(test)]
mod tests;
