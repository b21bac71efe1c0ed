//! What came out, for people.

use swarmline_sim::html::{Row, Sweep};
use swarmline_sim::outcome::{FetchEnd, FetchRecord, Outcome, Why};
use swarmline_sim::study::{Metric, Study};
use swarmline_sim::words;

use super::explain::About;

/// One study beside its targets.
pub(super) fn study(study: &Study, command: &str) -> String {
    let mut out = String::new();
    if !study.scenario.question.is_empty() {
        out += &format!("{}\n", study.scenario.question);
    }
    out += &format!("{}\n\n{}\n\n", study.setting(), study.answer());
    let seeds = words::count(study.outcomes.len() as u64, "seed", "seeds");
    let title = format!("{}, {seeds}", study.strategy());
    let rows = study.metrics().iter().map(row).collect::<Vec<_>>();
    out += &laid_out(&[&title, "mean", "worst", "at most", ""], &rows);
    for metric in study.metrics().iter().filter(|metric| metric.is_met() == Some(false)) {
        let (is, target) = judged(metric);
        out += &format!("missed: {} is {is}, and may be at most {target}\n", metric.label);
    }
    out + &format!("\nagain with: {command}\n")
}

fn row(metric: &Metric) -> Vec<String> {
    let verdict = match metric.is_met() {
        Some(true) => "kept",
        Some(false) => "MISSED",
        None => "",
    };
    let [mean, worst] = [metric.mean(), metric.worst()].map(|value| metric.unit.show(value));
    let target = metric.target.map_or(String::new(), |target| metric.unit.show(target));
    vec![metric.label.clone(), mean, worst, target, verdict.into()]
}

fn judged(metric: &Metric) -> (String, String) {
    let value = if metric.is_strict { metric.worst() } else { metric.mean() };
    (metric.unit.show(value), metric.unit.show(metric.target.unwrap_or_default()))
}

/// Studies beside each other, with ratios to the first.
pub(super) fn comparison(studies: &[&Study], command: &str) -> String {
    let names: Vec<_> = studies.iter().map(|it| format!("{}, {}", it.scenario.name, it.strategy())).collect();
    let mut heads = vec![""];
    for name in &names {
        heads.push(name);
        if heads.len() > 2 {
            heads.push("times");
        }
    }
    let rows: Vec<_> = Row::of(studies).iter().map(compared).collect();
    let mut out = laid_out(&heads, &rows) + "\n";
    for (study, name) in studies.iter().zip(&names) {
        out += &format!("{name}: {}\n", study.answer());
    }
    out + &format!("\nagain with: {command}\n")
}

fn compared(row: &Row) -> Vec<String> {
    let mut cells = vec![row.label.clone()];
    for (nth, metric) in row.metrics.iter().enumerate() {
        let shown = metric.as_ref().map(|metric| metric.unit.show(metric.mean()));
        cells.push(shown.unwrap_or_default());
        if nth > 0 {
            cells.push(row.times(nth).map_or(String::new(), words::ratio));
        }
    }
    cells
}

/// A line for each value of the key.
pub(super) fn sweep(sweep: &Sweep, command: &str) -> String {
    let rows = sweep.rows();
    let Some((_, metrics)) = rows.first() else { return String::new() };
    let mut heads = vec![sweep.key.as_str()];
    heads.extend(metrics.iter().map(Metric::short));
    let lines: Vec<Vec<String>> = rows
        .iter()
        .map(|(value, metrics)| {
            let shown = metrics.iter().map(|metric| metric.unit.show(metric.mean()));
            std::iter::once((*value).to_owned()).chain(shown).collect()
        })
        .collect();
    laid_out(&heads, &lines) + &format!("\nagain with: {command}\n")
}

/// Why the origin was asked for a piece: every request that held it, in order of time. Without a piece, why it was asked
/// by those who do not rank first.
pub(super) fn explanation(outcome: &Outcome, about: About) -> String {
    let name = outcome.contents.get(about.content as usize).map_or("", |content| content.name.as_str());
    let of_what = about.piece.map_or(name.to_owned(), |piece| format!("piece {piece} of {name}"));
    let mut out = format!("{of_what}, site {}, seed {}\n\n", about.site, outcome.seed);
    let there: Vec<_> = outcome.fetches.iter().filter(|fetch| about.is_there(fetch)).collect();
    let meant: Vec<_> = there.iter().filter(|fetch| about.tells_of(fetch)).collect();
    for fetch in meant.iter().take(TOLD_MAX) {
        out += &told(fetch, about.piece.is_none());
    }
    if meant.len() > TOLD_MAX {
        out += &format!("... and {} more, which --json lists\n", meant.len() - TOLD_MAX);
    }
    let asked = words::count(meant.len() as u64, "request", "requests");
    let bytes = words::bytes(meant.iter().map(|fetch| fetch.bytes).sum::<u64>() as f64);
    out += &match (about.piece, meant.is_empty()) {
        (Some(_), true) => "Nobody on this site asked the origin for it: whoever has it got it from a peer, or had it from the start.\n".into(),
        (Some(_), false) => format!("\n{asked} to the origin, {bytes} in all\n"),
        (None, true) => "Nobody asked the origin for what another ranks first for.\n".into(),
        (None, false) => format!("\n{asked} to the origin of {}, {bytes} in all\n", there.len()),
    };
    if outcome.fetches_left_out > 0 {
        let requests = words::count(outcome.fetches_left_out, "request", "requests");
        out += &format!("not recorded: {requests} of the run; raise record.fetches_max\n");
    }
    out
}

/// Requests that are told of to people.
const TOLD_MAX: usize = 100;

/// `is_one_of_many`: nobody knows yet which piece.
fn told(fetch: &FetchRecord, is_one_of_many: bool) -> String {
    let why = match fetch.why {
        Why::Owner => "it ranks first for it",
        Why::TakeOver => "it takes over: whoever ranked before it did not come, or fell silent",
        Why::SecondCopy => "a second copy: the claim of another crawls",
        Why::Alone => "on its own: it knows nobody, or nobody serves it",
        Why::Beside => {
            "beside its peers: the origin is one more source, and nobody agrees who asks it for what"
        }
        Why::Unshared => "nothing is shared: each asks for all",
        Why::Untold => "no reason is told",
    };
    let what = match fetch.count {
        1 if is_one_of_many => format!(" for piece {}", fetch.piece),
        1 => String::new(),
        count => format!(", with {} from {} on", words::count(count.into(), "piece", "pieces"), fetch.piece),
    };
    let end = match fetch.end {
        FetchEnd::Complete => "all of it came",
        FetchEnd::Cancelled => "it took the request back",
        FetchEnd::Failed => "the origin refused or broke off",
        FetchEnd::Gone => "it left or crashed",
        FetchEnd::Open => "still under way at the end of the run",
    };
    let bytes = words::bytes(fetch.bytes as f64);
    let over = fetch.over_s.map_or("      ".into(), |over| format!("{over:>9.3}"));
    format!(
        "{:>9.3} s  peer {} asks the origin{what}: {why}\n{over} s    {end}; {bytes} came\n",
        fetch.at_s, fetch.peer
    )
}

/// The first column to the left, all others to the right, each as wide as it must be.
pub(super) fn laid_out(heads: &[&str], rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.chain([heads[column].chars().count()]).max().unwrap_or(0)
    };
    let widths: Vec<_> = (0..heads.len()).map(width).collect();
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let mut out = String::new();
        for (column, cell) in cells.enumerate() {
            let width = widths[column];
            match column {
                0 => out += &format!("{cell:<width$}"),
                _ => out += &format!("  {cell:>width$}"),
            }
        }
        out.trim_end().to_owned() + "\n"
    };
    let mut out = line(&mut heads.iter().copied());
    rows.iter().for_each(|row| out += &line(&mut row.iter().map(String::as_str)));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [vec!["a".into(), "1.000".into()], vec!["long name".into(), "9".into()]];
        insta::assert_snapshot!(laid_out(&["", "mean"], &rows), @r"
                    mean
        a          1.000
        long name      9
        ");
    }
}
