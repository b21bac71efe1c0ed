//! The outcome as somebody would tell it who was asked the scenario's question.

use super::Study;
use crate::outcome::Figures;
use crate::words;

/// A few sentences: is it there, when, what did the line carry, and what went wrong.
pub(super) fn of(study: &Study) -> String {
    let mut told = vec![who_has_it(study), what_the_line_carried(study)];
    told.extend(what_was_wasted(study));
    told.join(" ")
}

fn who_has_it(study: &Study) -> String {
    let [peers, finished, unfinished, went] = [
        most(study, |figures| figures.peers),
        most(study, |figures| figures.finished),
        most(study, |figures| figures.unfinished),
        most(study, |figures| figures.went),
    ];
    match (peers, finished, unfinished) {
        (0, ..) => "No honest peer wants it.".into(),
        (_, 0, 0) => "Everybody goes before having it.".into(),
        (_, 0, _) => "Nobody ever gets it.".into(),
        (_, _, left) => format!("{} {}.", who(left, went), when(study, left)),
    }
}

fn who(unfinished: u32, went: u32) -> String {
    match (unfinished, went) {
        (0, 0) => "Everybody has it".into(),
        (0, _) => "Everybody who stayed has it".into(),
        (left, _) => {
            let peers = words::count(left.into(), "peer never gets", "peers never get");
            format!("Up to {peers} it; the last of the others has it")
        }
    }
}

/// When the last one has it, and when it could have at the earliest: that is about all who stayed.
fn when(study: &Study, unfinished: u32) -> String {
    let runs: Vec<_> = study.outcomes.iter().map(|run| run.total).filter(|run| run.finished > 0).collect();
    let makespan_s = runs.iter().map(|run| run.makespan_s).sum::<f64>() / runs.len() as f64;
    let bound = study.mean(|outcome| outcome.total.bound_s);
    let floor = match bound {
        bound if bound > 0.0 && unfinished == 0 => {
            format!("; nobody could be faster than {}", words::seconds(bound))
        }
        _ => String::new(),
    };
    format!("{} after the first one came{floor}", words::seconds(makespan_s))
}

/// The most of a count in any run.
fn most(study: &Study, of: impl Fn(&Figures) -> u32) -> u32 {
    study.outcomes.iter().map(|outcome| of(&outcome.total)).max().unwrap_or(0)
}

fn what_the_line_carried(study: &Study) -> String {
    let ratio = study.mean(|outcome| outcome.total.origin);
    let bytes = study.mean(|outcome| outcome.total.traffic.origin as f64);
    let sites: u64 = study.scenario.site.iter().map(|site| u64::from(site.count)).sum();
    if bytes < 1.0 {
        return "The origin sends nothing.".into();
    }
    let each = if sites > 1 { " for each site" } else { "" };
    let told =
        format!("The origin sends {}, {} times one copy{each}", words::bytes(bytes), words::ratio(ratio));
    // What is not finished is no measure of what it would take alone.
    let is_finished = most(study, |figures| figures.unfinished) == 0 && most(study, |f| f.finished) > 0;
    let alone = study.mean(|outcome| outcome.total.traffic.wanted as f64) / bytes;
    match is_finished && alone >= 1.5 {
        true => format!("{told}; without sharing it would send {} times as much.", words::number(alone)),
        false => told + ".",
    }
}

fn what_was_wasted(study: &Study) -> Option<String> {
    let [duplicate, bad] = [study.mean(|o| o.total.duplicate), study.mean(|o| o.total.bad)];
    let percent = |share: f64| format!("{} %", words::number(share * 100.0));
    match (duplicate >= 0.001, bad >= 0.000_5) {
        (true, true) => Some(format!(
            "Of what was received, {} was in vain and {} had a wrong hash.",
            percent(duplicate),
            percent(bad)
        )),
        (true, false) => Some(format!("Of what was received, {} was in vain.", percent(duplicate))),
        (false, true) => Some(format!("Of what was received, {} had a wrong hash.", percent(bad))),
        (false, false) => None,
    }
}
