//! Many runs as one table in Markdown.

use super::report::Report;

/// One line for each run. A figure that has a bound shows it, and is set in bold when it breaks it.
pub(super) fn markdown(reports: &[Report]) -> String {
    let mut table = String::from(HEAD);
    for report in reports {
        let cells = cells(report).join(" | ");
        table.push_str(&format!("| {cells} |\n"));
    }
    table
}

const HEAD: &str = "\
| scenario | hosts | MiB | origin, LAN (Mbit/s) | bound (s) | makespan | foreground | origin | in vain (%) | wrong pieces per pair | unfinished | machine busy (%) |
|---|---|---|---|---|---|---|---|---|---|---|---|
";

fn cells(report: &Report) -> [String; 12] {
    let (figures, targets) = (&report.figures, report.scenario.targets());
    let mbit = |bits: u64| bits as f64 / 1e6;
    let lines = format!("{}, {}", mbit(report.wan_bits_per_s), mbit(report.lan_bits_per_s));
    let origin = match targets.origin_content_max {
        Some(most) => bounded(figures.origin_content_bytes as f64, Some(most as f64), " bytes"),
        None => bounded(figures.origin_ratio, targets.origin_max, ""),
    };
    let percent = |ratio: f64| (ratio * 10_000.0).round() / 100.0;
    let makespan = |ratio| bounded(ratio, targets.makespan_max, "");
    [
        report.scenario.name().into(),
        report.hosts.to_string(),
        (report.file_bytes >> 20).to_string(),
        lines,
        format!("{:.1}", report.bound_s),
        figures.makespan_ratio.map_or_else(|| "**never**".into(), makespan),
        figures.urgent_ratio.map_or_else(String::new, |ratio| bounded(ratio, targets.urgent_max, "")),
        origin,
        figures.duplicates_ratio.map_or_else(
            || "?".into(),
            |ratio| bounded(percent(ratio), targets.duplicates_max.map(percent), ""),
        ),
        figures
            .bad_pieces_per_pair
            .map_or_else(String::new, |pieces| bounded(pieces, targets.bad_pieces_per_pair_max, "")),
        bounded((report.survivors - report.complete) as f64, Some(0.0), ""),
        format!("{:.0}", report.machine_busy * 100.0),
    ]
}

fn bounded(value: f64, most: Option<f64>, unit: &str) -> String {
    match most {
        None => format!("{value}{unit}"),
        Some(0.0) if value == 0.0 => format!("0{unit}"),
        Some(most) if value > most => format!("**{value}**{unit} (≤ {most})"),
        Some(most) => format!("{value}{unit} (≤ {most})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_shows_its_bound_and_stands_out_when_it_breaks_it() {
        assert_eq!(bounded(1.05, Some(1.1), ""), "1.05 (≤ 1.1)");
        assert_eq!(bounded(1.15, Some(1.1), ""), "**1.15** (≤ 1.1)");
        assert_eq!(bounded(1.15, None, ""), "1.15");
        assert_eq!(bounded(0.0, Some(0.0), " bytes"), "0 bytes");
        assert_eq!(bounded(5.0, Some(0.0), " bytes"), "**5** bytes (≤ 0)");
    }

    #[test]
    fn the_head_has_as_many_columns_as_a_line() {
        for line in HEAD.lines() {
            assert_eq!(line.matches('|').count(), 13, "{line}");
        }
    }
}
