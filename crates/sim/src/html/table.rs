//! Tables: one study beside its targets, two studies beside each other, one key over several values.

use std::collections::BTreeSet;

use super::curve::{self, Point};
use super::markup::Escaped;
use super::scale;
use crate::study::{Metric, Study, Unit};
use crate::words;

/// One scenario at several values of a key.
#[derive(Clone, Debug)]
pub struct Sweep {
    /// The key.
    pub key: String,
    /// Each value as it was written, and what came of it; never empty.
    pub studies: Vec<(String, Study)>,
}

/// Metrics that the table and the figures of a sweep show.
const SWEPT: [&str; 8] =
    ["makespan_s", "makespan", "mean", "origin", "duplicate", "have", "requests", "unfinished"];
/// Those of them that are drawn.
const DRAWN: [&str; 3] = ["makespan", "origin", "duplicate"];

impl Sweep {
    /// The metrics of each value that a table of a sweep shows, in order; the same for every value.
    pub fn rows(&self) -> Vec<(&str, Vec<Metric>)> {
        let shown = |study: &Study| {
            study.metrics().into_iter().filter(|metric| SWEPT.contains(&metric.key.as_str())).collect()
        };
        self.studies.iter().map(|(value, study)| (value.as_str(), shown(study))).collect()
    }
}

/// One metric of several studies.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its name for people, that of the first study that has it.
    pub label: String,
    /// The metric of each study; `None` where one has no such.
    pub metrics: Vec<Option<Metric>>,
}

impl Row {
    /// Every metric that any of the studies has: those of the first in their order, and then what the others have
    /// besides.
    pub fn of(studies: &[&Study]) -> Vec<Self> {
        let all: Vec<_> = studies.iter().map(|study| study.metrics()).collect();
        let mut rows: Vec<Self> = Vec::new();
        let mut known = BTreeSet::new();
        for metric in all.iter().flatten().filter(|metric| known.insert(&metric.key)) {
            let of = |metrics: &Vec<Metric>| metrics.iter().find(|it| it.key == metric.key).cloned();
            rows.push(Self { label: metric.label.clone(), metrics: all.iter().map(of).collect() });
        }
        rows
    }

    /// How many times the mean of the first study the mean of the `nth` is; `None` where one of them has none, or the
    /// first's is 0.
    pub fn times(&self, nth: usize) -> Option<f64> {
        let mean = |nth: usize| Some(self.metrics.get(nth)?.as_ref()?.mean());
        let base = mean(0).filter(|base| *base > 0.0)?;
        Some(mean(nth)? / base)
    }
}

/// Each metric with mean, worst, target and verdict.
pub(super) fn targets(study: &Study) -> String {
    let several = study.outcomes.len() > 1;
    let mut out = String::from("<div class=\"wide\"><table>\n<thead><tr><th></th>");
    out += if several { "<th>mean</th><th>worst</th>" } else { "<th>measured</th>" };
    out += "<th>at most</th><th></th></tr></thead>\n<tbody>\n";
    for metric in study.metrics() {
        let show = |value| Escaped(&metric.unit.show(value)).to_string();
        out += &format!("<tr><td>{}</td><td>{}</td>", Escaped(&metric.label), show(metric.mean()));
        if several {
            out += &format!("<td>{}</td>", show(metric.worst()));
        }
        out += &format!(
            "<td>{}</td><td>{}</td></tr>\n",
            metric.target.map_or(String::new(), show),
            verdict(&metric)
        );
    }
    out + "</tbody></table></div>\n"
}

/// Not by colour alone.
fn verdict(metric: &Metric) -> &'static str {
    match metric.is_met() {
        Some(true) => "<span class=\"kept\">✓ kept</span>",
        Some(false) => "<span class=\"missed\">✗ missed</span>",
        None => "",
    }
}

/// Each metric of all studies, and how many times the first the others are.
pub(super) fn beside(studies: &[&Study]) -> String {
    let mut out = String::from("<div class=\"wide\"><table>\n<thead><tr><th></th>");
    for study in studies {
        out += &format!("<th>{}<br>{}</th>", Escaped(&study.scenario.name), Escaped(study.strategy()));
    }
    out += "</tr></thead>\n<tbody>\n";
    for row in Row::of(studies) {
        out += &format!("<tr><td>{}</td>", Escaped(&row.label));
        (0..studies.len()).for_each(|nth| out += &cell(&row, nth));
        out += "</tr>\n";
    }
    out + "</tbody></table></div>\n"
}

fn cell(row: &Row, nth: usize) -> String {
    let Some(metric) = &row.metrics[nth] else { return "<td></td>".into() };
    let times = row
        .times(nth)
        .filter(|_| nth > 0)
        .map_or(String::new(), |times| format!("<span class=\"is\">{} times</span>", words::ratio(times)));
    format!("<td>{}{times}</td>", Escaped(&metric.unit.show(metric.mean())))
}

/// A line for each value, a column for each metric.
pub(super) fn swept(sweep: &Sweep) -> String {
    let rows = sweep.rows();
    let Some((_, heads)) = rows.first() else { return String::new() };
    let mut out = format!("<div class=\"wide\"><table>\n<thead><tr><th>{}</th>", Escaped(&sweep.key));
    heads.iter().for_each(|metric| out += &format!("<th>{}</th>", Escaped(metric.short())));
    out += "</tr></thead>\n<tbody>\n";
    for (value, metrics) in &rows {
        out += &format!("<tr><td>{}</td>", Escaped(value));
        for metric in metrics {
            out += &format!("<td>{}</td>", Escaped(&metric.unit.show(metric.mean())));
        }
        out += "</tr>\n";
    }
    out + "</tbody></table></div>\n"
}

fn axis(unit: Unit) -> scale::Unit {
    match unit {
        Unit::Seconds => scale::Unit::Time,
        Unit::Share => scale::Unit::Share,
        Unit::Ratio | Unit::Count => scale::Unit::Number,
    }
}

/// A figure for each of the metrics that are drawn.
pub(super) fn curves(sweep: &Sweep) -> Vec<String> {
    let rows = sweep.rows();
    let figure = |key: &&str| {
        let of = |metrics: &[Metric]| metrics.iter().find(|metric| metric.key == *key).cloned();
        let all: Vec<_> = rows.iter().filter_map(|(value, metrics)| Some((*value, of(metrics)?))).collect();
        let (_, first) = all.first()?;
        let point = |(value, metric): &(&str, Metric)| Point {
            at: (*value).to_owned(),
            mean: metric.mean(),
            min: metric.best(),
            max: metric.worst(),
        };
        let points: Vec<_> = all.iter().map(point).collect();
        Some(curve::draw(&first.label, axis(first.unit), &sweep.key, &points, first.target))
    };
    DRAWN.iter().filter_map(figure).collect()
}
