//! The outcome as somebody would tell it who was asked the scenario's question.

use super::Study;
use crate::words;

/// A few sentences: is it there, when, what did the line carry, and what went wrong.
pub(super) fn of(study: &Study) -> String {
    let mut told = vec![who_has_it(study), what_the_line_carried(study)];
    told.extend(what_was_wasted(study));
    told.join(" ")
}

fn who_has_it(study: &Study) -> String {
    let mean = |of: fn(&crate::outcome::Figures) -> f64| study.mean(|outcome| of(&outcome.total));
    let (makespan, bound) = (mean(|f| f.makespan_s), mean(|f| f.bound_s));
    let most_unfinished = study.outcomes.iter().map(|outcome| outcome.total.unfinished).max().unwrap_or(0);
    let went = study.outcomes.iter().map(|outcome| outcome.total.went).max().unwrap_or(0);
    let is_anybody_done = study.outcomes.iter().any(|outcome| outcome.total.finished > 0);
    if most_unfinished > 0 && !is_anybody_done {
        return "Nobody ever gets it.".into();
    }
    let who = match (most_unfinished, went) {
        (0, 0) => "Everybody has it".to_owned(),
        (0, _) => "Everybody who stayed has it".to_owned(),
        (left, _) => {
            let peers = words::count(left.into(), "peer never gets", "peers never get");
            format!("Up to {peers} it; the last of the others has it")
        }
    };
    let floor = match bound {
        bound if bound > 0.0 => format!("; nobody could be faster than {}", words::seconds(bound)),
        _ => String::new(),
    };
    format!("{who} {} after the first one came{floor}.", words::seconds(makespan))
}

fn what_the_line_carried(study: &Study) -> String {
    let ratio = study.mean(|outcome| outcome.total.origin);
    let bytes = study.mean(|outcome| outcome.total.traffic.origin as f64);
    let sites: u64 = study.scenario.site.iter().map(|site| u64::from(site.count)).sum();
    if bytes < 1.0 {
        return "The origin sends nothing.".into();
    }
    let each = if sites > 1 { " for each site" } else { "" };
    let wanted = study.mean(|outcome| outcome.total.traffic.wanted as f64);
    let alone = if bytes > 0.0 { wanted / bytes } else { 0.0 };
    let mut told =
        format!("The origin sends {}, {} times one copy{each}", words::bytes(bytes), words::ratio(ratio));
    if alone >= 1.5 {
        told += &format!("; without sharing it would send {} times as much", words::number(alone));
    }
    told + "."
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
