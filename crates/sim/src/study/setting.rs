//! What is simulated, in one sentence.

use crate::scenario::{Line, Scenario, SitePlan};
use crate::words;

/// Who wants what, over which line.
pub(super) fn of(scenario: &Scenario) -> String {
    let contents: Vec<_> = scenario
        .content
        .iter()
        .map(|content| {
            let pieces = content.layout().map_or(0, |layout| layout.piece_count());
            format!("{} ({}, {})", content.name, words::bytes(content.size.0 as f64), pieces_of(pieces))
        })
        .collect();
    let setting = format!("{} {}; {}.", who(scenario), listed(&contents), lines(scenario));
    match hours(scenario) {
        Some(hours) => format!("{setting} {hours}"),
        None => setting,
    }
}

/// What clocks show at the start, and which hours have limits of their own.
fn hours(scenario: &Scenario) -> Option<String> {
    let plans = std::iter::once(&scenario.peer).chain(scenario.group.iter().map(|group| &group.peer));
    let mut shown: Vec<String> = Vec::new();
    for hours in plans.filter_map(|plan| plan.hours).map(|hours| hours.to_string().replace("..", " to ")) {
        if !shown.contains(&hours) {
            shown.push(hours);
        }
    }
    let clock = scenario.clock;
    (!shown.is_empty()).then(|| format!("It begins at {clock}; other limits hold from {}.", listed(&shown)))
}

fn pieces_of(count: u32) -> String {
    words::count(count.into(), "piece", "pieces")
}

fn who(scenario: &Scenario) -> String {
    let sum = |of: fn(&SitePlan) -> u64| scenario.site.iter().map(of).sum::<u64>();
    let sites = sum(|site| site.count.into());
    let peers = sum(|site| u64::from(site.count) * u64::from(site.peers));
    let (holders, caches) = (
        sum(|s| u64::from(s.count) * u64::from(s.holders)),
        sum(|s| u64::from(s.count) * u64::from(s.caches)),
    );
    let mut who = vec![words::count(peers, "peer", "peers")];
    if caches > 0 {
        who.push(words::count(caches, "cache node", "cache nodes"));
    }
    let place = if sites == 1 { "one site".into() } else { words::count(sites, "site", "sites") };
    let beside = match holders {
        0 => String::new(),
        _ => format!(", beside {} of everything,", words::count(holders, "holder", "holders")),
    };
    let want = if peers == 1 && caches == 0 { "wants" } else { "want" };
    format!("{} on {place}{beside} {want}", listed(&who))
}

/// The lines of all sites, as far as they differ.
fn lines(scenario: &Scenario) -> String {
    let distinct = |of: fn(&SitePlan) -> Line| {
        let mut shown: Vec<String> = Vec::new();
        for line in scenario.site.iter().map(|site| rate(of(site))) {
            if !shown.contains(&line) {
                shown.push(line);
            }
        }
        listed(&shown)
    };
    let is_radio = |wifi: Option<bool>| wifi == Some(true);
    let has_radio =
        is_radio(scenario.peer.wifi) || scenario.group.iter().any(|group| is_radio(group.peer.wifi));
    let mut told =
        format!("the line to the origin carries {}, the LAN {}", distinct(|s| s.wan), distinct(|s| s.lan));
    if has_radio {
        told += &format!(", the radio cell {}", distinct(|site| site.cell));
    }
    told
}

fn rate(line: Line) -> String {
    line.bytes_per_s().map_or("without limit".into(), |bytes| words::bit_rate(bytes as f64 * 8.0))
}

/// `a`, `a and b`, `a, b and c`.
fn listed(things: &[String]) -> String {
    match things {
        [] => String::new(),
        [one] => one.clone(),
        [all @ .., last] => format!("{} and {last}", all.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_setting_is_told_in_one_sentence() {
        let told = |text: &str| of(&Scenario::parse(text).unwrap());
        assert_eq!(
            told(""),
            "10 peers on one site want file (64 MiB, 64 pieces); the line to the origin carries 20 Mbit/s, the LAN 1 Gbit/s."
        );
        assert!(
            told("site.peers = 1\nsite.holders = 1")
                .starts_with("1 peer on one site, beside 1 holder of everything, wants file (")
        );
        assert!(
            told("site.peers = 1\nsite.caches = 1").starts_with("1 peer and 1 cache node on one site want")
        );
        assert_eq!(
            told(
                "[[site]]\ncount = 3\nholders = 1\n[[site]]\nwan = 'unlimited'\ncaches = 2\n[peer]\nwifi = true\n[[content]]\n[[content]]"
            ),
            "40 peers and 2 cache nodes on 4 sites, beside 3 holders of everything, want file (64 MiB, 64 pieces) and \
             file-2 (64 MiB, 64 pieces); the line to the origin carries 20 Mbit/s and without limit, the LAN 1 Gbit/s, \
             the radio cell 100 Mbit/s."
        );
        let hours = told("clock = '16:00'\n[peer]\nhours = '8..17'\nbackground_limit_in_hours = '2%'");
        assert!(
            hours.ends_with(" 1 Gbit/s. It begins at 16:00; other limits hold from 8:00 to 17:00."),
            "{hours}"
        );
    }
}
