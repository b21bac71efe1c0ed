//! What came out, for programs. `docs/cli.md` is the reference.

use serde::Serialize;
use swarmline_sim::html::Sweep;
use swarmline_sim::outcome::Figures;
use swarmline_sim::study::{Metric, Study, Unit};
use swarmline_sim::{Outcome, Scenario};

/// What begins.
#[derive(Serialize)]
pub(super) struct Started<'a> {
    scenario: &'a str,
    seeds: u32,
    peers: u64,
}

impl<'a> Started<'a> {
    /// `seeds` where they are not what the scenario asks for.
    pub(super) fn of(scenario: &'a Scenario, seeds: Option<u32>) -> Self {
        let peers = scenario.site.iter().map(|site| u64::from(site.count) * u64::from(site.peers)).sum();
        Self { scenario: &scenario.name, seeds: seeds.unwrap_or(scenario.seeds), peers }
    }
}

/// One run.
#[derive(Serialize)]
pub(super) struct Run<'a> {
    seed: u64,
    events: u64,
    ended_s: f64,
    figures: &'a Figures,
}

impl<'a> Run<'a> {
    pub(super) fn of(outcome: &'a Outcome) -> Self {
        Self { seed: outcome.seed, events: outcome.events, ended_s: outcome.ended_s, figures: &outcome.total }
    }
}

/// All runs of one scenario.
#[derive(Serialize)]
pub(super) struct Summary<'a> {
    scenario: &'a str,
    question: &'a str,
    strategy: &'a str,
    seeds: Vec<u64>,
    setting: String,
    answer: String,
    /// Whether every target is met.
    met: bool,
    metrics: Vec<Measured>,
    /// What makes it again.
    command: &'a str,
}

impl<'a> Summary<'a> {
    pub(super) fn of(study: &'a Study, command: &'a str) -> Self {
        Self {
            scenario: &study.scenario.name,
            question: &study.scenario.question,
            strategy: study.strategy(),
            seeds: study.seeds().collect(),
            setting: study.setting(),
            answer: study.answer(),
            met: study.is_met(),
            metrics: study.metrics().iter().map(Measured::of).collect(),
            command,
        }
    }
}

/// One line of the table.
#[derive(Serialize)]
pub(super) struct Measured {
    key: String,
    label: String,
    unit: Unit,
    mean: f64,
    best: f64,
    worst: f64,
    target: Option<f64>,
    met: Option<bool>,
}

impl Measured {
    fn of(metric: &Metric) -> Self {
        Self {
            key: metric.key.clone(),
            label: metric.label.clone(),
            unit: metric.unit,
            mean: metric.mean(),
            best: metric.best(),
            worst: metric.worst(),
            target: metric.target,
            met: metric.is_met(),
        }
    }
}

/// Studies beside each other.
#[derive(Serialize)]
pub(super) struct Comparison<'a> {
    columns: Vec<Summary<'a>>,
}

impl<'a> Comparison<'a> {
    pub(super) fn of(studies: &[&'a Study], command: &'a str) -> Self {
        Self { columns: studies.iter().map(|study| Summary::of(study, command)).collect() }
    }
}

/// One key over several values.
#[derive(Serialize)]
pub(super) struct Swept<'a> {
    key: &'a str,
    points: Vec<Point<'a>>,
}

#[derive(Serialize)]
struct Point<'a> {
    value: &'a str,
    #[serde(flatten)]
    summary: Summary<'a>,
}

impl<'a> Swept<'a> {
    pub(super) fn of(sweep: &'a Sweep, command: &'a str) -> Self {
        let point =
            |(value, study): &'a (String, Study)| Point { value, summary: Summary::of(study, command) };
        Self { key: &sweep.key, points: sweep.studies.iter().map(point).collect() }
    }
}

/// Everything that was recorded, an outcome a line.
pub(super) fn outcomes(study: &Study) -> String {
    let line = |outcome: &Outcome| {
        serde_json::to_string(outcome).expect("outcomes are structs of texts, numbers and lists") + "\n"
    };
    study.outcomes.iter().map(line).collect()
}

/// The same values as a table for spreadsheets: one line a value of the key, mean and worst of each metric. A field is
/// empty where JSON has `null`.
pub(super) fn csv(sweep: &Sweep) -> String {
    let rows = sweep.rows();
    let Some((_, metrics)) = rows.first() else { return String::new() };
    let mut out = quoted(&sweep.key);
    metrics.iter().for_each(|metric| out += &format!(",{0}_mean,{0}_worst", metric.key));
    out += "\n";
    for (value, metrics) in &rows {
        out += &quoted(value);
        let fields = metrics.iter().flat_map(|metric| [metric.mean(), metric.worst()]);
        fields.for_each(|value| out += &format!(",{}", number(value)));
        out += "\n";
    }
    out
}

/// What a spreadsheet takes for a number.
fn number(value: f64) -> String {
    if value.is_finite() { value.to_string() } else { String::new() }
}

/// A text that may hold a comma or a quote.
fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_number_is_an_empty_field_as_json_has_null() {
        assert_eq!([1.5, 0.0, f64::INFINITY, f64::NAN].map(number), ["1.5", "0", "", ""]);
        assert_eq!(serde_json::to_string(&f64::INFINITY).unwrap(), "null");
    }
}
