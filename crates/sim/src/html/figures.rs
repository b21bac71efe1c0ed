//! From outcomes to figures: which data each figure shows, and the words around it.

use super::bars::{self, Bar};
use super::completion::{self, Finishers};
use super::egress::{self, Egress};
use super::heat::{self, Heat};
use super::legend::SERIES_MAX;
use crate::outcome::{Holders, Outcome};
use crate::study::Study;
use crate::words;

/// When peers were done: a line for each study, of its first seed.
pub(super) fn completion(studies: &[&Study], end_s: f64) -> String {
    let series: Vec<_> = studies.iter().take(SERIES_MAX).filter_map(|study| finishers(study)).collect();
    let bound_s = studies.first().and_then(|study| study.outcomes.first()).map_or(0.0, |it| it.total.bound_s);
    completion::draw(&series, bound_s, end_s)
}

fn finishers(study: &Study) -> Option<Finishers> {
    let outcome = study.outcomes.first()?;
    let mut times_s: Vec<f64> = outcome
        .completions
        .peers
        .iter()
        .filter(|peer| peer.behaviour.is_honest())
        .filter_map(|peer| peer.done_s)
        .collect();
    let mut peers = outcome.total.peers as usize;
    if outcome.completions.peers.is_empty() {
        // Too many to list: what is left are hundredths of those who finished.
        times_s = outcome.completions.percentiles_s.iter().skip(1).copied().collect();
        peers = times_s.len() * peers / (outcome.total.finished as usize).max(1);
    }
    times_s.sort_by(f64::total_cmp);
    Some(Finishers { name: format!("{}: {}", study.scenario.name, study.strategy()), times_s, peers })
}

/// What the origin sent over time; `None` if nothing.
pub(super) fn egress(outcome: &Outcome, end_s: f64) -> Option<String> {
    let series = &outcome.series;
    let sent = &series.egress;
    let causes = vec![
        ("owner", "c1", sent.owner.clone()),
        ("take-over", "c2", sent.take_over.clone()),
        ("sent before", "c3", sent.again.clone()),
        ("alone", "c4", sent.alone.clone()),
        ("second copy", "c5", sent.second_copy.clone()),
    ];
    let line_bits_per_s = series.capacity.map(|bytes| bytes * 8.0 / series.step_s);
    egress::draw(&Egress { slot_s: series.step_s, causes, line_bits_per_s }, end_s)
}

/// Who held what over time, a figure for each content.
pub(super) fn heat(outcome: &Outcome, end_s: f64) -> Vec<(String, String)> {
    let draw = |holders: &Holders| {
        let rows = holders.pieces.len();
        let cell = |step: &Vec<u16>, row: usize| f64::from(step.get(row).copied().unwrap_or(0)) / 1000.0;
        let of_row = |row: usize| holders.filled.iter().map(|step| cell(step, row)).collect();
        let heat = Heat {
            slot_s: outcome.series.step_s,
            rows: (0..rows).map(of_row).collect(),
            pieces: holders.pieces.iter().map(|pieces| *pieces as usize).sum(),
        };
        let name = outcome.contents.get(holders.content as usize).map_or("", |content| content.name.as_str());
        Some((name.to_owned(), heat::draw(&heat, end_s)?))
    };
    outcome.series.holders.iter().filter_map(draw).collect()
}

/// What was said for each piece that a peer got.
pub(super) fn messages(study: &Study) -> String {
    let bars: Vec<_> = study
        .metrics()
        .into_iter()
        .filter_map(|metric| {
            let name = match metric.key.as_str() {
                "have" => "HAVE",
                "requests" => "requests",
                "rejects" => "rejects",
                "lane" => "lane messages",
                _ => return None,
            };
            Some(Bar { name: name.into(), value: metric.mean(), limit: metric.target })
        })
        .collect();
    bars::draw("Messages for each peer and piece", &bars)
}

/// Where the axis of time ends: with the last completion of all, or with the run where nobody completed.
pub(super) fn end_s(studies: &[&Study]) -> f64 {
    let outcomes = || studies.iter().filter_map(|study| study.outcomes.first());
    let of = |outcome: &Outcome| match outcome.total.makespan_s {
        makespan if makespan > 0.0 => makespan,
        _ => outcome.ended_s,
    };
    outcomes().map(of).fold(0.0, f64::max).max(0.001)
}

/// How many peers wanted it, for the words below a figure.
pub(super) fn peers(outcome: &Outcome) -> String {
    words::count(outcome.total.peers.into(), "peer", "peers")
}
