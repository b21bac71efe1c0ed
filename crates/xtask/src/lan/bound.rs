//! How fast a run could be at best, whatever the nodes do.
//!
//! Every byte passes the origin's line to a site once, unless a host there has it already; every host receives all;
//! and together they receive no more than origin and hosts can send. Where all lines are equal, a piece is passed on
//! only when it is whole, which costs a little more: the well-known optimum for equal lines.

use std::time::Duration;

use super::script::{Part, Script};

/// Bytes of a piece, as `swarmline publish` cuts by default.
pub(super) const PIECE_BYTES: u64 = 1 << 20;

/// No run of the script has all files at all hosts earlier.
pub(super) fn makespan(script: &Script) -> Duration {
    (0..script.scenario.sites()).map(|site| of_site(script, site)).max().unwrap_or_default()
}

/// No host has the files in the foreground earlier, if there are also others.
pub(super) fn urgent(script: &Script) -> Option<Duration> {
    let (mut in_background, mut urgent) = (false, 0);
    for file in &script.files {
        in_background |= file.background;
        urgent += if file.background { 0 } else { file.size_bytes };
    }
    let lines = [script.scale.wan_bits_per_s, script.scale.lan_bits_per_s];
    let slowest = lines.into_iter().map(|rate| span(urgent as f64, rate)).max()?;
    (in_background && !slowest.is_zero()).then_some(slowest)
}

fn of_site(script: &Script, site: usize) -> Duration {
    let (wan, lan) = (script.scale.wan_bits_per_s, script.scale.lan_bits_per_s);
    let file = script.size_bytes() as f64;
    let waiting: Vec<_> = script.site(site).filter(|role| role.part.completes()).collect();
    let holder = script.site(site).find(|role| role.part == Part::Holds);

    let source = holder.map_or(wan, |holder| script.speed(holder.part).up);
    let receive = |starts_at: Duration| starts_at + span(file, lan);
    let last = waiting.iter().map(|role| receive(role.starts_at)).max().unwrap_or_default();
    let senders = script.site(site).filter(|role| !role.part.lies());
    let all_send: u64 = senders.map(|role| script.speed(role.part).up).sum::<u64>() + wan;
    let is_shaped = wan > 0 && lan > 0;
    let together = if is_shaped { span(file * waiting.len() as f64, all_send) } else { Duration::ZERO };
    let by_pieces =
        if source == lan { span(file, lan).mul_f64(rounds(file, waiting.len())) } else { Duration::ZERO };
    [span(file, source), last, together, by_pieces].into_iter().max().unwrap_or_default()
}

/// With equal lines: one round for each piece, and those in which the last one doubles.
fn rounds(file_bytes: f64, hosts: usize) -> f64 {
    let pieces = (file_bytes / PIECE_BYTES as f64).ceil().max(1.0);
    1.0 + f64::from(hosts.max(1).ilog2()) / pieces
}

/// Unshaped lines take no time.
fn span(bytes: f64, bits_per_s: u64) -> Duration {
    if bits_per_s == 0 { Duration::ZERO } else { Duration::from_secs_f64(bytes * 8.0 / bits_per_s as f64) }
}

#[cfg(test)]
mod tests {
    use super::super::scenario::{Scale, Scenario};
    use super::*;

    fn script(scenario: Scenario, hosts: usize, mib: u64, wan: u64, lan: u64) -> Script {
        let scale =
            Scale { size_bytes: mib << 20, wan_bits_per_s: wan * 1_000_000, lan_bits_per_s: lan * 1_000_000 };
        Script::new(scenario, hosts, scale, 1, &[]).unwrap()
    }

    fn seconds(script: &Script) -> f64 {
        (makespan(script).as_secs_f64() * 100.0).round() / 100.0
    }

    #[test]
    fn the_slowest_line_that_the_file_passes_decides() {
        assert_eq!(seconds(&script(Scenario::Flash, 8, 64, 20, 200)), 26.84);
        assert_eq!(seconds(&script(Scenario::Flash, 8, 64, 0, 200)), 2.68);
        assert_eq!(seconds(&script(Scenario::Flash, 8, 64, 0, 0)), 0.0);
        assert_eq!(seconds(&script(Scenario::TwoSites, 16, 64, 20, 200)), 26.84);
    }

    #[test]
    fn with_equal_lines_pieces_take_their_rounds() {
        // 64 pieces at 100 Mbit/s in 5.37 s, and three doublings of 0.08 s.
        assert_eq!(seconds(&script(Scenario::EqualLines, 8, 64, 100, 100)), 5.62);
        assert_eq!(seconds(&script(Scenario::EqualLines, 1, 64, 100, 100)), 5.37);
    }

    #[test]
    fn a_holder_takes_the_place_of_the_origin() {
        assert_eq!(seconds(&script(Scenario::Holder, 2, 64, 20, 100)), 5.37);
        assert_eq!(seconds(&script(Scenario::Holder, 9, 64, 20, 100)), 5.62);
    }

    #[test]
    fn slow_lines_out_count_when_all_have_to_send() {
        let mut slow = script(Scenario::Flash, 9, 64, 100, 1000);
        for role in &mut slow.hosts {
            role.part = Part::Slow;
        }
        // Nine copies over the origin's 100 and nine times 50 Mbit/s.
        assert_eq!(seconds(&slow), 8.79);
    }

    #[test]
    fn a_late_host_needs_the_time_of_its_own_line() {
        let mut late = script(Scenario::Flash, 2, 64, 20, 100);
        late.hosts[1].starts_at = Duration::from_secs(30);
        assert_eq!(seconds(&late), 35.37);
    }

    #[test]
    fn the_foreground_has_a_bound_of_its_own() {
        let urgent_s = urgent(&script(Scenario::Urgent, 8, 256, 20, 200)).unwrap().as_secs_f64();
        assert!((urgent_s - 26.84).abs() < 0.01, "{urgent_s}");
        assert_eq!(urgent(&script(Scenario::Flash, 8, 64, 20, 200)), None);
    }
}
