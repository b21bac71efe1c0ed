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
| scenario | hosts | MiB | origin, LAN (Mbit/s) | bound (s) | makespan | over simulated | foreground | origin | over simulated | in vain (%) | wrong pieces per pair | unfinished | machine busy (%) |
|---|---|---|---|---|---|---|---|---|---|---|---|---|---|
";

fn cells(report: &Report) -> [String; 14] {
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
        over(report.makespan_s, report.simulated.map(|twin| twin.makespan_s)),
        figures.urgent_ratio.map_or_else(String::new, |ratio| bounded(ratio, targets.urgent_max, "")),
        origin,
        over(Some(figures.origin_ratio), report.simulated.map(|twin| twin.origin_ratio)),
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

/// A measured figure over the simulated one, in bold when they are more than a tenth apart.
fn over(measured: Option<f64>, simulated: Option<f64>) -> String {
    let pair = measured.zip(simulated).filter(|(_, simulated)| *simulated > 0.0);
    pair.map_or_else(String::new, |(measured, simulated)| {
        let ratio = measured / simulated;
        let is_near = (1.0 - APART_MAX..=1.0 + APART_MAX).contains(&ratio);
        if is_near { format!("{ratio:.3}") } else { format!("**{ratio:.3}**") }
    })
}

/// How far the simulator may be from what was measured.
const APART_MAX: f64 = 0.1;

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
    fn a_simulated_figure_that_is_far_off_stands_out() {
        assert_eq!(over(Some(1.05), Some(1.0)), "1.050");
        assert_eq!(over(Some(0.85), Some(1.0)), "**0.850**");
        assert_eq!((over(None, Some(1.0)), over(Some(1.0), None)), (String::new(), String::new()));
        assert_eq!(over(Some(0.0), Some(0.0)), "");
    }

    #[test]
    fn the_head_has_as_many_columns_as_a_line() {
        for line in HEAD.lines() {
            assert_eq!(line.matches('|').count(), 15, "{line}");
        }
    }
}
