//! What is measured of a run, what it is called, in which unit it is shown, and which target it is held against.

use serde::Serialize;

use super::Study;
use crate::outcome::{Figures, Messages, Outcome};
use crate::words;

/// How a metric is written.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    /// Seconds of virtual time.
    Seconds,
    /// A multiple of the bound, or of one copy.
    Ratio,
    /// A part of a whole, shown in percent.
    Share,
    /// So many.
    Count,
}

impl Unit {
    /// A value in words.
    pub fn show(self, value: f64) -> String {
        match self {
            Self::Seconds => words::seconds(value),
            Self::Ratio => words::ratio(value),
            Self::Share if value == 0.0 => "0 %".into(),
            Self::Share => format!("{} %", words::number(value * 100.0)),
            Self::Count => words::number(value),
        }
    }
}

/// One line of the table.
#[derive(Clone, Debug, PartialEq)]
pub struct Metric {
    /// Its name for programs; where a target can be set, that of the target without `_max`.
    pub key: String,
    /// Its name for people.
    pub label: String,
    /// How it is written.
    pub unit: Unit,
    /// Its value in each run.
    pub values: Vec<f64>,
    /// What it may be at most.
    pub target: Option<f64>,
    /// Whether every run has to meet the target, instead of their mean.
    pub is_strict: bool,
}

impl Metric {
    /// Its name where there is little room.
    pub fn short(&self) -> &str {
        match self.key.as_str() {
            "makespan_s" => "last one after",
            "mean" => "mean / bound",
            "origin" => "origin / copy",
            "duplicate" => "in vain",
            "have" => "HAVE",
            "requests" => "requests",
            "unfinished" => "without it",
            _ => &self.label,
        }
    }

    /// Mean over the runs.
    pub fn mean(&self) -> f64 {
        self.values.iter().sum::<f64>() / self.values.len().max(1) as f64
    }

    /// The largest: of everything measured here, less is better.
    pub fn worst(&self) -> f64 {
        self.values.iter().copied().reduce(f64::max).unwrap_or(0.0)
    }

    /// The smallest.
    pub fn best(&self) -> f64 {
        self.values.iter().copied().reduce(f64::min).unwrap_or(0.0)
    }

    /// Whether the target is met; `None` without one.
    pub fn is_met(&self) -> Option<bool> {
        let value = if self.is_strict { self.worst() } else { self.mean() };
        self.target.map(|target| value <= target)
    }
}

/// Everything, in the order of the table.
pub(super) fn all(study: &Study) -> Vec<Metric> {
    let expect = &study.scenario.expect;
    let table = Table { study };
    let over_bound = expect.over_bound_max.map(|span| span.0.as_secs_f64());
    let unfinished = Some(f64::from(expect.unfinished_max));
    let mut metrics = vec![
        table.time("makespan_s", "the last one has it after", Unit::Seconds, None, |f| f.makespan_s),
        table.of("bound_s", "nobody can be faster than", Unit::Seconds, None, |f| f.bound_s),
        table.time("makespan", "time / bound", Unit::Ratio, expect.makespan_max, |f| f.makespan),
        table.time("over_bound", "time above the bound", Unit::Seconds, over_bound, |f| {
            f.makespan_s - f.bound_s
        }),
        table.time("mean_s", "a peer has it after, on average", Unit::Seconds, None, |f| f.mean_s),
        table.time("mean", "mean time / bound", Unit::Ratio, expect.mean_max, |f| f.mean),
        table.of("origin", "bytes from the origin / one copy", Unit::Ratio, expect.origin_max, |f| f.origin),
        table.of("duplicate", "received in vain", Unit::Share, expect.duplicate_max, |f| f.duplicate),
        table.of("bad", "received with a wrong hash", Unit::Share, expect.bad_max, |f| f.bad),
        table.said("have", "HAVE per peer and piece", expect.have_max, |m| m.have),
        table.said("requests", "requests per peer and piece", expect.requests_max, |m| m.requests),
        table.said("rejects", "rejects per peer and piece", None, |m| m.rejects),
        table.said("lane", "lane messages per peer and piece", None, |m| m.lane + m.heartbeats),
        table.of("upload_spread", "busiest sender / mean", Unit::Ratio, expect.upload_spread_max, |f| {
            f.upload_spread
        }),
        table.of("take_overs", "take-overs", Unit::Count, None, |f| f.messages.fetches_take_over as f64),
        table.of("timeouts", "requests that timed out", Unit::Count, None, |f| f.messages.timeouts as f64),
        table.of("unfinished", "peers left without it", Unit::Count, unfinished, |f| f.unfinished.into()),
    ];
    metrics.iter_mut().filter(|metric| metric.key == "unfinished").for_each(|metric| metric.is_strict = true);
    metrics.extend(of_contents(study));
    metrics
}

/// With several contents the time of each; of a single one, which the table tells of already, where it has a target.
fn of_contents(study: &Study) -> Vec<Metric> {
    let contents = &study.scenario.content;
    let of = |at: usize| {
        let content = &contents[at];
        let time = |outcome: &Outcome| {
            let figures = outcome.contents.get(at).map(|content| &content.figures);
            figures.map_or(f64::INFINITY, |figures| figures.time_of_all(figures.makespan))
        };
        Metric {
            key: format!("content.{at}.makespan"),
            label: format!("{}: time / its own bound", content.name),
            unit: Unit::Ratio,
            values: study.outcomes.iter().map(time).collect(),
            target: content.makespan_max,
            is_strict: false,
        }
    };
    let is_told = |at: &usize| contents.len() > 1 || contents[*at].makespan_max.is_some();
    (0..contents.len()).filter(is_told).map(of).collect()
}

/// Takes values out of the outcomes.
struct Table<'a> {
    study: &'a Study,
}

impl Table<'_> {
    fn of(
        &self,
        key: &str,
        label: &str,
        unit: Unit,
        target: Option<f64>,
        value: impl Fn(&Figures) -> f64,
    ) -> Metric {
        let values = self.study.outcomes.iter().map(|outcome| value(&outcome.total)).collect();
        Metric { key: key.into(), label: label.into(), unit, values, target, is_strict: false }
    }

    /// A time at which all who stayed are done, or what it comes to.
    fn time(
        &self,
        key: &str,
        label: &str,
        unit: Unit,
        target: Option<f64>,
        value: impl Fn(&Figures) -> f64,
    ) -> Metric {
        self.of(key, label, unit, target, |figures| figures.time_of_all(value(figures)))
    }

    /// A count of messages, for each peer and piece.
    fn said(&self, key: &str, label: &str, target: Option<f64>, count: impl Fn(&Messages) -> u64) -> Metric {
        let pieces = self
            .study
            .outcomes
            .first()
            .map_or(0, |outcome| outcome.contents.iter().map(|content| u64::from(content.pieces)).sum());
        self.of(key, label, Unit::Count, target, |f| f.per_peer_and_piece(count(&f.messages), pieces))
    }
}
