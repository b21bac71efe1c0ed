//! The report as Markdown: what is measured beside what is allowed.

use super::row::{Row, millions};
use crate::summary::{Measured, Summary};

/// The columns: a metric, its head, and how many digits it has.
const COLUMNS: [(&str, &str); 10] = [
    ("makespan", "time / bound"),
    ("over_bound", "above the bound"),
    ("mean", "mean / bound"),
    ("origin", "origin / copy"),
    ("duplicate", "in vain"),
    ("bad", "wrong"),
    ("have", "HAVE"),
    ("requests", "requests"),
    ("lane", "lane"),
    ("upload_spread", "most given / mean"),
];

/// The whole report. `command` writes it again; `cores` are those of this machine.
pub(super) fn markdown(rows: &[Row], command: &str, cores: usize) -> String {
    let (targets, questions): (Vec<_>, Vec<_>) = rows.iter().partition(|row| row.file.contains("/targets/"));
    let mut out = String::from("# What the scenarios come to\n\n");
    out += "Simulated, means of the seeds. **Bold** is a target that is missed; what may be at most stands behind the\n\
            number. [docs/simulations.md](../docs/simulations.md) tells what the words mean. Written by\n\n";
    out += &format!("```sh\n{command}\n```\n");
    if !questions.is_empty() {
        out += "\n## Questions\n";
        questions.iter().for_each(|row| out += &answer(row));
        out += "\n";
        out += &table(&questions);
    }
    if !targets.is_empty() {
        out += "\n## Targets\n\n";
        out += &table(&targets);
    }
    out += &of_contents(rows);
    out += &missed(rows);
    out += &speed(rows, cores);
    out.trim_end().to_owned()
}

fn answer(row: &Row) -> String {
    let link = row.file.trim_start_matches(super::FOLDER);
    match &row.result {
        Ok(summary) => format!("\n[`{}`]({link}): *{}* {}\n", row.name, summary.question, summary.answer),
        Err(why) => format!("\n[`{}`]({link}) could not be run: {why}\n", row.name),
    }
}

fn table(rows: &[&Row]) -> String {
    let heads: Vec<_> = COLUMNS.iter().map(|(_, head)| *head).collect();
    let mut out =
        format!("| scenario | {} | seeds |\n|---|{}---|\n", heads.join(" | "), "---|".repeat(heads.len()));
    for row in rows {
        let link = row.file.trim_start_matches(super::FOLDER);
        match &row.result {
            Ok(summary) => {
                let cells: Vec<_> = COLUMNS.iter().map(|(key, _)| cell(summary, key)).collect();
                out += &format!(
                    "| [{}]({link}) | {} | {} |\n",
                    row.name,
                    cells.join(" | "),
                    summary.seeds.len()
                );
            }
            Err(_) => {
                out += &format!(
                    "| [{}]({link}) | could not be run{} | |\n",
                    row.name,
                    " |".repeat(COLUMNS.len() - 1)
                )
            }
        }
    }
    out
}

fn cell(summary: &Summary, key: &str) -> String {
    summary.metric(key).map(shown).unwrap_or_default()
}

fn shown(metric: &Measured) -> String {
    let shown = show(&metric.unit, metric.mean);
    let shown = if metric.met == Some(false) { format!("**{shown}**") } else { shown };
    match metric.target {
        Some(target) => format!("{shown} ≤ {}", show(&metric.unit, target)),
        None => shown,
    }
}

fn show(unit: &str, value: f64) -> String {
    match unit {
        _ if !value.is_finite() => "never".into(),
        "share" => format!("{:.2} %", value * 100.0),
        "ratio" if value < 10.0 => format!("{value:.3}"),
        "ratio" => format!("{value:.1}"),
        "seconds" => format!("{value:.1} s"),
        _ => format!("{value:.2}"),
    }
}

/// What is asked of a content by itself: that of the foreground may not wait for that of the background.
fn of_contents(rows: &[Row]) -> String {
    let told =
        |row: &Row, metric: &Measured| format!("- {}: {} is {}\n", row.name, metric.label, shown(metric));
    let lines: String = rows
        .iter()
        .filter_map(|row| Some((row, row.result.as_ref().ok()?)))
        .flat_map(|(row, summary)| summary.of_contents().map(move |metric| told(row, metric)))
        .collect();
    if lines.is_empty() { lines } else { format!("\nOf one content among several:\n\n{lines}") }
}

/// Every target that is missed, also those without a column.
fn missed(rows: &[Row]) -> String {
    let told = |row: &Row, metric: &Measured| {
        let [mean, worst, target] = [metric.mean, metric.worst, metric.target.unwrap_or_default()]
            .map(|value| show(&metric.unit, value));
        format!("- {}: {} is {mean} (worst {worst}), at most {target}\n", row.name, metric.label)
    };
    let lines: String = rows
        .iter()
        .filter_map(|row| Some((row, row.result.as_ref().ok()?)))
        .flat_map(|(row, summary)| summary.missed().map(move |metric| told(row, metric)))
        .collect();
    if lines.is_empty() { "\nEvery target is met.\n".into() } else { format!("\n## Missed\n\n{lines}") }
}

/// What depends on the machine stands by itself.
fn speed(rows: &[Row], cores: usize) -> String {
    let events: u64 = rows.iter().map(Row::events).sum();
    let seconds: f64 = rows.iter().map(|row| row.took.as_secs_f64()).sum();
    if events == 0 || seconds <= 0.0 {
        return String::new();
    }
    format!(
        "\n## Speed\n\nThe only part that is another on another machine, or beside other work: {} million events in {seconds:.0} \
         s on {cores} cores,\n{} million events/s.\n",
        millions(events as f64),
        millions(events as f64 / seconds)
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn row(file: &str, mean: f64, target: Option<f64>) -> Row {
        let metric = Measured {
            key: "origin".into(),
            label: "bytes from the origin / one copy".into(),
            unit: "ratio".into(),
            mean,
            worst: mean,
            target,
            met: target.map(|target| mean <= target),
        };
        let summary = Summary {
            question: "Why?".into(),
            seeds: vec![1, 2],
            answer: "So.".into(),
            met: metric.met != Some(false),
            metrics: vec![metric],
            events: 3_000_000,
        };
        let took = Duration::from_secs(2);
        Row { name: super::super::stem(file).into(), file: file.into(), result: Ok(summary), took }
    }

    #[test]
    fn what_is_missed_is_bold_and_listed() {
        let rows = [
            row("simulations/office.toml", 1.0, None),
            row("simulations/targets/s1.toml", 1.02, Some(1.005)),
            Row {
                name: "s2".into(),
                file: "simulations/targets/s2.toml".into(),
                result: Err("it broke".into()),
                took: Duration::from_secs(2),
            },
        ];
        let report = markdown(&rows, "cargo xtask scenarios", 4);
        for part in [
            "[`office`](office.toml): *Why?* So.",
            "| [office](office.toml) |  |  |  | 1.000 |  |  |  |  |  |  | 2 |",
            "| [s1](targets/s1.toml) |  |  |  | **1.020** ≤ 1.005 |  |  |  |  |  |  | 2 |",
            "| [s2](targets/s2.toml) | could not be run | | | | | | | | | | |",
            "- s1: bytes from the origin / one copy is 1.020 (worst 1.020), at most 1.005",
            "6.00 million events in 6 s on 4 cores,\n1.00 million events/s.",
        ] {
            assert!(report.contains(part), "{part}\n{report}");
        }
        assert!(markdown(&rows[..1], "x", 4).contains("Every target is met."));
        assert!(!markdown(&rows[..1], "x", 4).contains("Of one content"));
    }

    #[test]
    fn what_is_asked_of_one_content_is_told() {
        let mut rows = [row("simulations/targets/p1.toml", 1.044, Some(1.05))];
        rows[0].result.iter_mut().for_each(|summary| {
            summary.metrics[0].key = "content.0.makespan".into();
            summary.metrics[0].label = "now: time / its own bound".into();
        });
        let report = markdown(&rows, "x", 4);
        assert!(report.contains("\n- p1: now: time / its own bound is 1.044 ≤ 1.050\n"), "{report}");
    }
}
