//! The same run in the simulator: its scenario written from the script, and what it comes to.
//!
//! Whoever reads a measured run wants to know whether the simulator would have told it. Hosts, roles, moments, lines and
//! files are those of the script, packet headers and the slow start of new connections count.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use serde::Serialize;

use super::script::{Part, Role, Script};
use crate::summary::said;

/// The means of so many seeds are compared: chance differs in both.
const SEEDS: u32 = 5;
/// Of so many bytes on a line [`PAYLOAD_BYTES`] are content: TCP over Ethernet, with time stamps.
const FRAME_BYTES: f64 = 1_514.0;
/// See [`FRAME_BYTES`].
const PAYLOAD_BYTES: f64 = 1_448.0;

/// What the simulator says of a run: means of its seeds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct Twin {
    /// When the last host that stays has all files.
    pub(super) makespan_s: f64,
    /// Bytes on the origin's wire, headers among them, over the size of all files; of the site that took most.
    pub(super) origin_ratio: f64,
}

/// Runs the script in the simulator of `binary`. `folder` is there and takes the scenario.
///
/// # Errors
/// When the program cannot be run, or says that the run failed.
pub(super) fn simulate(binary: &Path, script: &Script, folder: &Path) -> Result<Twin> {
    let path = folder.join("twin.toml");
    std::fs::write(&path, scenario(script)).with_context(|| format!("cannot write {}", path.display()))?;
    let mut command = Command::new(binary);
    command.args(["sim", "run"]).arg(&path).args(["--json", "--seeds", &SEEDS.to_string()]);
    let summary = said(&mut command)?.map_err(|why| anyhow::anyhow!("the simulator: {why}"))?;
    let mean = |key: &str| {
        let metric = summary.metric(key).with_context(|| format!("the simulator says nothing of {key}"))?;
        anyhow::Ok(metric.mean)
    };
    let rounded = |value: f64| (value * 1000.0).round() / 1000.0;
    let origin = mean("origin")? * FRAME_BYTES / PAYLOAD_BYTES;
    Ok(Twin { makespan_s: rounded(mean("makespan_s")?), origin_ratio: rounded(origin) })
}

/// The script as a scenario of the simulator.
fn scenario(script: &Script) -> String {
    let sites = script.scenario.sites();
    let is_holder = |role: &&Role| role.part == Part::Holds;
    let holders = script.site(0).filter(is_holder).count();
    let peers = script.site(0).count() - holders;
    let mut text = format!("name = \"{}\"\n", script.scenario.name());
    for file in &script.files {
        let priority = if file.background { "background" } else { "foreground" };
        write(&mut text, &["[[content]]".into(), text_of("name", file.name), text_of("priority", priority)]);
        write(&mut text, &[format!("size = {}", file.size_bytes)]);
    }
    let (wan, lan) = (rate(script.scale.wan_bits_per_s), rate(script.scale.lan_bits_per_s));
    write(&mut text, &["[site]".into(), format!("count = {sites}"), format!("peers = {peers}")]);
    write(&mut text, &[format!("holders = {holders}"), text_of("wan", &wan), text_of("lan", &lan)]);
    write(&mut text, &["[network]".into(), "headers = true".into(), "slow_start = true".into()]);
    if script.hosts.iter().any(|role| script.is_resident(role)) {
        write(&mut text, &[text_of("discover", "0s..0s")]);
    }
    if let Some(linger) = script.scenario.linger() {
        write(&mut text, &["[peer]".into(), text_of("linger", &span(linger))]);
    }
    if let Some((from, until)) = script.cut() {
        write(
            &mut text,
            &["[[partition]]".into(), text_of("from", &span(from)), text_of("until", &span(until))],
        );
    }
    script.site(0).for_each(|role| write(&mut text, &group(script, role)));
    text
}

/// A group of one for each host that does not simply download from the start.
fn group(script: &Script, role: &Role) -> Vec<String> {
    let ends = |at: Duration, how: &str| vec![text_of("ends", &span(at)), text_of("ending", how)];
    let mut keys = match role.part {
        Part::Plain | Part::Holds => Vec::new(),
        Part::Slow => vec![text_of("class", "slow"), text_of("up", &rate(script.speed(role.part).up))],
        Part::Leaves(at) => ends(at, "leave"),
        Part::Crashes(at) => ends(at, "crash"),
        Part::Corrupt => vec![text_of("behaviour", "corrupts")],
        Part::Stalls => vec![text_of("behaviour", "stalls")],
    };
    if !role.starts_at.is_zero() {
        keys.push(text_of("arrives", &span(role.starts_at)));
    }
    if keys.is_empty() {
        return keys;
    }
    let name = text_of("name", &format!("host-{}", role.number));
    ["[[group]]".into(), name, "count = 1".into()].into_iter().chain(keys).collect()
}

fn write(text: &mut String, lines: &[String]) {
    lines.iter().for_each(|line| writeln!(text, "{line}").expect("a string takes all"));
}

fn text_of(key: &str, value: &str) -> String {
    format!("{key} = \"{value}\"")
}

fn span(span: Duration) -> String {
    format!("{}ms", span.as_millis())
}

/// Unshaped lines hold nothing up.
fn rate(bits_per_s: u64) -> String {
    if bits_per_s == 0 { "unlimited".into() } else { format!("{}kbit", bits_per_s / 1000) }
}

#[cfg(test)]
mod tests {
    use super::super::scenario::Scenario;
    use super::*;

    fn script(scenario: Scenario, hosts: usize) -> Script {
        Script::new(scenario, hosts, scenario.scale(hosts), 1, &[]).unwrap()
    }

    #[test]
    fn an_office_is_told_as_a_scenario() {
        assert_eq!(
            scenario(&script(Scenario::Urgent, 8)),
            "name = \"p1\"
[[content]]
name = \"bulk.bin\"
priority = \"background\"
size = 268435456
[[content]]
name = \"urgent.bin\"
priority = \"foreground\"
size = 67108864
[site]
count = 1
peers = 8
holders = 0
wan = \"20000kbit\"
lan = \"200000kbit\"
[network]
headers = true
slow_start = true
"
        );
    }

    #[test]
    fn every_role_of_the_script_is_there() {
        let churn = scenario(&script(Scenario::Churn, 8));
        for (line, count) in [
            ("ending = \"leave\"", 2),
            ("class = \"slow\"", 2),
            ("up = \"10000kbit\"", 2),
            ("behaviour = \"corrupts\"", 1),
            ("behaviour = \"stalls\"", 1),
            ("[[group]]", 6),
        ] {
            assert_eq!(churn.matches(line).count(), count, "{line} in\n{churn}");
        }
        let holder = scenario(&script(Scenario::Holder, 8));
        assert!(holder.contains("peers = 7\nholders = 1\n"), "{holder}");
        let two = scenario(&script(Scenario::TwoSites, 16));
        assert!(two.contains("count = 2\npeers = 8\n"), "{two}");
        let cut = scenario(&script(Scenario::Cut, 8));
        assert!(cut.contains("[[partition]]\nfrom = \"6710ms\"\nuntil = \"13421ms\"\n"), "{cut}");
        let met = scenario(&Script { daemons: true, ..script(Scenario::Cut, 8) });
        assert!(!cut.contains("discover") && met.contains("discover = \"0s..0s\"\n"), "{met}");
        let arrivals = scenario(&script(Scenario::Arrivals, 8));
        assert!(arrivals.contains("[peer]\nlinger = \"60000ms\"\n[[group]]"), "{arrivals}");
        assert_eq!(
            arrivals.matches("\ncount = 1\narrives = \"").count(),
            7,
            "all but the first:\n{arrivals}"
        );
    }
}
