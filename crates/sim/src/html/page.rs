//! The pages: question, answer, numbers, figures, and the command that makes the page again.

use super::figures;
use super::markup::Escaped;
use super::table::{self, Sweep};
use crate::outcome::Outcome;
use crate::study::{Study, Unit};
use crate::words;

/// The report of one study. `command` makes it again.
pub fn study(study: &Study, command: &str) -> String {
    let name = &study.scenario.name;
    let over = format!("Simulation · {name} · {} · {}", study.strategy(), seeds(study));
    let mut body = head(&over, question(study), &[&study.answer()], &study.setting());
    body += &tiles(study);
    body += &section("Measured", &measured_how(study), &table::targets(study));
    if let Some(outcome) = study.outcomes.first() {
        let end_s = figures::end_s(&[study]);
        body += &drawn("Who is done when", &completion_how(outcome), &figures::completion(&[study], end_s));
        body += &flow(outcome, end_s);
    }
    let how = "How often things are said, for each peer and each piece that it gets; the mean of all seeds.";
    body += &drawn("Messages", how, &figures::messages(study));
    whole(name, &body, command)
}

/// Studies beside each other; ratios are those to the first.
pub fn comparison(studies: &[&Study], command: &str) -> String {
    let names: Vec<_> =
        studies.iter().map(|study| format!("{}, {}", study.scenario.name, study.strategy())).collect();
    let title = names.join(" beside ");
    let answers: Vec<_> =
        studies.iter().zip(&names).map(|(study, name)| format!("{name}: {}", study.answer())).collect();
    let answers: Vec<_> = answers.iter().map(String::as_str).collect();
    let (over, setting) = match studies.first() {
        Some(first) => (format!("Comparison · {}", seeds(first)), first.setting()),
        None => ("Comparison".into(), String::new()),
    };
    let asked = studies.first().map_or("", |first| question(first));
    let mut body = head(&over, asked, &answers, &setting);
    body += &section(
        "Measured",
        "Means over the seeds, and how many times the first column.",
        &table::beside(studies),
    );
    let end_s = figures::end_s(studies);
    let how = "The share of the peers that are done, over time; the first seed of each.";
    body += &drawn("Who is done when", how, &figures::completion(studies, end_s));
    for (study, name) in studies.iter().zip(&names) {
        if let Some(svg) = study.outcomes.first().and_then(|outcome| figures::egress(outcome, end_s)) {
            body += &drawn(&format!("What the origin sends: {name}"), EGRESS_HOW, &svg);
        }
    }
    whole(&title, &body, command)
}

/// One key over several values.
pub fn sweep(sweep: &Sweep, command: &str) -> String {
    let Some((value, first)) = sweep.studies.first() else { return whole(&sweep.key, "", command) };
    let over = format!("Simulation · {} over {} · {}", first.scenario.name, sweep.key, seeds(first));
    let setting = format!("With {} = {value}: {}", sweep.key, first.setting());
    let mut body = head(&over, question(first), &[], &setting);
    body += &section("Measured", "Means over the seeds.", &table::swept(sweep));
    for svg in table::curves(sweep) {
        body += &format!("<section><figure>{svg}</figure></section>\n");
    }
    body += "<p class=\"how\">Dots are means, bars reach from the best to the worst seed.</p>\n";
    whole(&format!("{} over {}", first.scenario.name, sweep.key), &body, command)
}

fn question(study: &Study) -> &str {
    match study.scenario.question.as_str() {
        "" => &study.scenario.name,
        question => question,
    }
}

fn seeds(study: &Study) -> String {
    let all: Vec<_> = study.seeds().collect();
    match all.as_slice() {
        [] => String::new(),
        [one] => format!("seed {one}"),
        [first, .., last] => format!("seeds {first} to {last}"),
    }
}

fn head(over: &str, title: &str, answers: &[&str], setting: &str) -> String {
    let mut out = format!("<p class=\"over\">{}</p>\n<h1>{}</h1>\n", Escaped(over), Escaped(title));
    if !answers.is_empty() {
        out += "<div class=\"answer\">";
        answers.iter().for_each(|answer| out += &format!("<p>{}</p>", Escaped(answer)));
        out += "</div>\n";
    }
    out + &format!("<p class=\"setting\">{}</p>\n", Escaped(setting))
}

/// The four numbers that matter most.
fn tiles(study: &Study) -> String {
    let metrics = study.metrics();
    let of = |key: &str| metrics.iter().find(|metric| metric.key == key);
    let tile = |name: &str, key: &str, below: String| {
        let Some(metric) = of(key) else { return String::new() };
        let shown = metric.unit.show(metric.mean());
        format!("<div><dt>{name}</dt><dd>{}<small>{}</small></dd></div>\n", Escaped(&shown), Escaped(&below))
    };
    let mean = |key: &str| of(key).map_or(0.0, |metric| metric.mean());
    let peers = study.outcomes.first().map_or(0, |outcome| outcome.total.peers);
    let origin_bytes = study.mean(|outcome| outcome.total.traffic.origin as f64);
    let mut out = String::from("<dl class=\"tiles\">\n");
    out += &tile("last one done after", "makespan_s", words::count(peers.into(), "peer", "peers"));
    out += &tile("time / bound", "makespan", format!("bound {}", Unit::Seconds.show(mean("bound_s"))));
    out += &tile("origin / one copy", "origin", format!("{} in all", words::bytes(origin_bytes)));
    out += &tile(
        "received in vain",
        "duplicate",
        format!("{} with a wrong hash", Unit::Share.show(mean("bad"))),
    );
    out + "</dl>\n"
}

fn measured_how(study: &Study) -> String {
    let runs = words::count(study.outcomes.len() as u64, "run", "runs");
    match study.is_met() {
        true => format!("{runs}. Every target is met; targets are held against the mean."),
        false => format!("{runs}. Not every target is met; targets are held against the mean."),
    }
}

fn completion_how(outcome: &Outcome) -> String {
    let went = match outcome.total.went {
        0 => String::new(),
        went => format!(" {} went for good before they had it.", words::count(went.into(), "peer", "peers")),
    };
    format!(
        "The share that is done, of {}, over time, in the run with seed {}. Left of the dashed line nobody can be.{went}",
        figures::peers(outcome),
        outcome.seed
    )
}

const EGRESS_HOW: &str = "What the origin sends, over time, by the reason why it was asked. What it had sent to the same \
                          site before is apart. Below the dashed line the line to the site idles.";

fn flow(outcome: &Outcome, end_s: f64) -> String {
    let mut out = String::new();
    if let Some(svg) = figures::egress(outcome, end_s) {
        out += &drawn("What the origin sends", EGRESS_HOW, &svg);
    }
    for (content, svg) in figures::heat(outcome, end_s) {
        let title = match outcome.contents.len() {
            1 => "How pieces spread".into(),
            _ => format!("How pieces of {content} spread"),
        };
        let how = "Pieces from top to bottom in the order in which the site fetches them; the shade says how many of the \
                   first site's peers hold them. A healthy site draws a thin diagonal.";
        out += &drawn(&title, how, &svg);
    }
    out
}

fn section(title: &str, how: &str, inner: &str) -> String {
    format!(
        "<section>\n<h2>{}</h2>\n<p class=\"how\">{}</p>\n{inner}</section>\n",
        Escaped(title),
        Escaped(how)
    )
}

fn drawn(title: &str, how: &str, svg: &str) -> String {
    section(title, how, &format!("<figure>{svg}</figure>\n"))
}

fn whole(title: &str, body: &str, command: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{} – swarmline simulation</title>\n<style>\n{}</style>\n</head>\n<body>\n{}<main>\n{body}\
         <footer>\n<p>Everything here is simulated, in virtual time, with the scheduler that the product runs unless a \
         title names another. The same command gives the same numbers on any machine:</p>\n<pre>{}</pre>\n</footer>\n\
         </main>\n</body>\n</html>\n",
        Escaped(title),
        include_str!("style.css"),
        include_str!("patterns.svg"),
        Escaped(command),
    )
}
