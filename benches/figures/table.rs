//! Medians, and how they are shown.

/// Ours, the baseline of the same run, and their ratio, line by line.
pub(crate) struct Table {
    baseline: String,
    lines: Vec<Line>,
}

struct Line {
    what: String,
    unit: &'static str,
    ours: f64,
    baseline: Option<f64>,
}

impl Table {
    /// A table whose second column is this.
    pub(crate) fn beside(baseline: impl Into<String>) -> Self {
        Self { baseline: baseline.into(), lines: Vec::new() }
    }

    /// Adds the medians of both; no ratio where the baseline has no such number.
    pub(crate) fn line(
        &mut self,
        what: impl Into<String>,
        unit: &'static str,
        ours: &[f64],
        baseline: &[f64],
    ) {
        let baseline = (!baseline.is_empty()).then(|| median(baseline));
        self.lines.push(Line { what: what.into(), unit, ours: median(ours), baseline });
    }

    pub(crate) fn print(&self) {
        println!("   {:<40}{:>12}{:>28}{:>8}", "", "swarmline", self.baseline, "ratio");
        for Line { what, unit, ours, baseline } in &self.lines {
            let what = format!("{what}, {unit}");
            let (beside, ratio) = match baseline {
                Some(0.0) => ("0".into(), "-".into()),
                Some(baseline) => (shown(*baseline), format!("{:.2}", ours / baseline)),
                None => ("-".into(), "-".into()),
            };
            println!("   {what:<40}{:>12}{beside:>28}{ratio:>8}", shown(*ours));
        }
    }
}

/// The middle one; the lower of two.
pub(crate) fn median(values: &[f64]) -> f64 {
    percentile(values, 50)
}

/// The value that so many percent of the others do not exceed.
pub(crate) fn percentile(values: &[f64], percent: usize) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[(sorted.len() - 1) * percent / 100]
}

/// Three significant digits.
fn shown(value: f64) -> String {
    match value.abs() {
        v if v >= 100.0 => format!("{value:.0}"),
        v if v >= 10.0 => format!("{value:.1}"),
        v if v >= 0.1 => format!("{value:.2}"),
        _ => format!("{value:.4}"),
    }
}

/// Says that something is not measured, and why.
pub(crate) fn skipped(what: &str, reason: impl std::fmt::Display) {
    println!("SKIPPED: {what}: {reason}");
}
