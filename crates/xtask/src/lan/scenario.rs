//! The scenarios: what happens in each, at which rates, and what a good run of it is. No run depends on anything else.

use std::time::Duration;

use clap::ValueEnum;
use clap::builder::PossibleValue;
use serde::{Serialize, Serializer};

use super::targets::Targets;

const MIB: u64 = 1 << 20;
const MBIT: u64 = 1_000_000;

/// What happens in a run.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Scenario {
    Flash,
    Kill,
    Cut,
    Site,
    TwoSites,
    EqualLines,
    Churn,
    Crash,
    Corrupt,
    Stall,
    Arrivals,
    Urgent,
    Holder,
}

/// What each host may do, in a hundred of all hosts; the rest downloads. Numbers of hosts are rounded up.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Shares {
    /// Ends in order, at a moment by chance.
    pub(super) leave: usize,
    /// Is killed, at a moment by chance.
    pub(super) crash: usize,
    /// Downloads, sends at half the rate of the origin's line, and tells the others that its line is slow.
    pub(super) slow: usize,
    /// Says it has everything and sends wrong bytes.
    pub(super) corrupt: usize,
    /// Says it has everything and sends nothing.
    pub(super) stall: usize,
}

/// Sizes and rates of a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Scale {
    /// Of the file, or of the larger of two.
    pub(super) size_bytes: u64,
    /// What the origin may send to each site; bits per second, 0 is unshaped.
    pub(super) wan_bits_per_s: u64,
    /// What each host may send and receive.
    pub(super) lan_bits_per_s: u64,
}

impl Scenario {
    /// All of a series, in its order: those with figures to compare with the simulator's.
    pub(super) const SERIES: [Self; 10] = [
        Self::Site,
        Self::TwoSites,
        Self::EqualLines,
        Self::Churn,
        Self::Crash,
        Self::Corrupt,
        Self::Stall,
        Self::Arrivals,
        Self::Urgent,
        Self::Holder,
    ];

    /// Its name on the command line and in reports.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Flash => "flash",
            Self::Kill => "kill",
            Self::Cut => "cut",
            Self::Site => "s1",
            Self::TwoSites => "s4",
            Self::EqualLines => "f1",
            Self::Churn => "x1",
            Self::Crash => "x2",
            Self::Corrupt => "x3",
            Self::Stall => "x4",
            Self::Arrivals => "a1",
            Self::Urgent => "p1",
            Self::Holder => "h1",
        }
    }

    /// What happens, for people.
    pub(super) fn about(self) -> &'static str {
        match self {
            Self::Flash => "All hosts want the file at the same moment",
            Self::Kill => "The same, and a quarter of the hosts is killed at half time",
            Self::Cut => {
                "As flash, and for a quarter of the time the halves of the office cannot reach each other"
            }
            Self::Site => "One site: as flash, with a larger file and tighter bounds",
            Self::TwoSites => "Two sites with half of the hosts each, each behind its own line",
            Self::EqualLines => "The origin's line is as fast as the hosts'",
            Self::Churn => "20 % leave, 20 % send slowly, 10 % send wrong bytes, 5 % send nothing",
            Self::Crash => "30 % are killed, each at a moment by chance",
            Self::Corrupt => "10 % say they have everything and send wrong bytes",
            Self::Stall => "10 % say they have everything and send nothing",
            Self::Arrivals => "Hosts come over 60 s, and serve for 60 s after they have the file",
            Self::Urgent => "A file of a quarter of the size in the foreground, beside one in the background",
            Self::Holder => "One host has the file already",
        }
    }

    /// Sizes and rates for so many hosts, so that two cores bear it; docs/hacking.md tells why they are these.
    pub(super) fn scale(self, hosts: usize) -> Scale {
        let hosts = hosts.max(1) as u64;
        let crowd = if hosts > CROWD_MAX { 2 } else { 1 };
        match self {
            Self::Flash | Self::Kill | Self::Cut => {
                Scale { size_bytes: 64 * MIB, wan_bits_per_s: 20 * MBIT, lan_bits_per_s: 200 * MBIT }
            }
            Self::EqualLines => {
                let rate = lan_that_decides(hosts);
                Scale { size_bytes: 256 * MIB / crowd, wan_bits_per_s: rate, lan_bits_per_s: rate }
            }
            Self::Holder => Scale {
                size_bytes: 256 * MIB / crowd,
                wan_bits_per_s: 20 * MBIT / crowd,
                lan_bits_per_s: lan_that_decides(hosts),
            },
            _ => Scale {
                size_bytes: 256 * MIB / crowd,
                wan_bits_per_s: 20 * MBIT / crowd,
                lan_bits_per_s: 200 * MBIT / crowd,
            },
        }
    }

    /// Sites among which the hosts are shared out.
    pub(super) fn sites(self) -> usize {
        if self == Self::TwoSites { 2 } else { 1 }
    }

    /// Who does something else than to download.
    pub(super) fn shares(self) -> Shares {
        let none = Shares::default();
        match self {
            Self::Churn => Shares { leave: 20, slow: 20, corrupt: 10, stall: 5, ..none },
            Self::Crash => Shares { crash: 30, ..none },
            Self::Corrupt => Shares { corrupt: 10, ..none },
            Self::Stall => Shares { stall: 10, ..none },
            _ => none,
        }
    }

    /// The span over which hosts come, each at a moment by chance.
    pub(super) fn arrivals(self) -> Duration {
        if self == Self::Arrivals { Duration::from_secs(60) } else { Duration::ZERO }
    }

    /// From when until when the halves of the office cannot reach each other, as parts of the time that the files need on
    /// the origin's line, which both halves reach.
    pub(super) fn cut(self) -> Option<(f64, f64)> {
        (self == Self::Cut).then_some((0.25, 0.5))
    }

    /// How long a host serves others in any case; otherwise as long as the product does by itself.
    pub(super) fn linger(self) -> Option<Duration> {
        (self == Self::Arrivals).then_some(Duration::from_secs(60))
    }

    /// What a good run keeps. Ratios are of bytes on the wire: headers alone make the origin 1.03 and the time 1.05.
    pub(super) fn targets(self) -> Targets {
        let row = Targets { duplicates_max: Some(0.02), ..Targets::default() };
        let both =
            |makespan, origin| Targets { makespan_max: Some(makespan), origin_max: Some(origin), ..row };
        match self {
            Self::Flash => Targets { duplicates_max: None, peers_seen_s_max: Some(3.0), ..both(1.15, 1.08) },
            Self::Kill => Targets { origin_max: Some(1.3), ..Targets::default() },
            // Each half reads for itself while they are apart.
            Self::Cut => Targets { duplicates_max: None, ..both(1.30, 1.20) },
            Self::Site => both(1.10, 1.06),
            Self::TwoSites => both(1.12, 1.06),
            Self::EqualLines => Targets { makespan_max: Some(1.25), ..row },
            Self::Churn | Self::Crash => both(1.20, 1.12),
            Self::Corrupt => Targets { bad_pieces_per_pair_max: Some(1.0), ..both(1.12, 1.07) },
            Self::Stall => Targets { makespan_max: Some(1.15), ..row },
            Self::Arrivals => Targets { origin_max: Some(1.07), ..row },
            Self::Urgent => Targets { urgent_max: Some(1.2), ..row },
            Self::Holder => Targets { origin_content_max: Some(0), ..row },
        }
    }
}

impl Serialize for Scenario {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// What is asked for on the command line.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Choice {
    /// One scenario.
    One(Scenario),
    /// The whole series.
    All,
}

impl Choice {
    /// What it comes to.
    pub(super) fn scenarios(self) -> Vec<Scenario> {
        match self {
            Self::One(scenario) => vec![scenario],
            Self::All => Scenario::SERIES.to_vec(),
        }
    }
}

impl ValueEnum for Choice {
    fn value_variants<'a>() -> &'a [Self] {
        &[
            Self::One(Scenario::Flash),
            Self::One(Scenario::Kill),
            Self::One(Scenario::Cut),
            Self::One(Scenario::Site),
            Self::One(Scenario::TwoSites),
            Self::One(Scenario::EqualLines),
            Self::One(Scenario::Churn),
            Self::One(Scenario::Crash),
            Self::One(Scenario::Corrupt),
            Self::One(Scenario::Stall),
            Self::One(Scenario::Arrivals),
            Self::One(Scenario::Urgent),
            Self::One(Scenario::Holder),
            Self::All,
        ]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let (name, about) = match self {
            Self::One(scenario) => (scenario.name(), scenario.about()),
            Self::All => ("all", "Every one from s1 to h1"),
        };
        Some(PossibleValue::new(name).help(about))
    }
}

/// With more hosts than this both lines and the file are halved: the time stays the same and the work, too.
const CROWD_MAX: u64 = 16;
/// What all hosts together may receive where the LAN decides: beyond it two cores do.
const SUM_BITS_PER_S: u64 = 800 * MBIT;
/// The same for more than [`FEW`] hosts, of which each byte costs more: they know more others.
const SUM_OF_MANY_BITS_PER_S: u64 = 400 * MBIT;
const FEW: u64 = 8;

/// The rate of each host where it is the LAN that decides.
fn lan_that_decides(hosts: u64) -> u64 {
    let sum = if hosts > FEW { SUM_OF_MANY_BITS_PER_S } else { SUM_BITS_PER_S };
    (sum / hosts).min(100 * MBIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scenario_can_be_named_and_the_series_leaves_out_the_short_ones() {
        let named: Vec<Scenario> = Choice::value_variants()
            .iter()
            .filter_map(|choice| match choice {
                Choice::One(scenario) => Some(*scenario),
                Choice::All => None,
            })
            .collect();
        let mut all = vec![Scenario::Flash, Scenario::Kill, Scenario::Cut];
        all.extend(Scenario::SERIES);
        assert_eq!(named, all);
        assert_eq!(Choice::All.scenarios(), Scenario::SERIES);
    }

    #[test]
    fn a_larger_office_asks_no_more_of_the_machine_and_takes_no_two_minutes() {
        for scenario in Scenario::SERIES {
            for hosts in [8, 16, 32] {
                let Scale { size_bytes, wan_bits_per_s: wan, lan_bits_per_s: lan } = scenario.scale(hosts);
                assert!(size_bytes * 8 / wan.min(lan) < 120, "{scenario:?} {hosts}");
                assert!(wan.min(lan) * hosts as u64 <= SUM_BITS_PER_S, "{scenario:?} {hosts}");
            }
        }
        let lan = |hosts| Scenario::EqualLines.scale(hosts).lan_bits_per_s;
        assert_eq!((lan(4), lan(8), lan(16), lan(32)), (100 * MBIT, 100 * MBIT, 25 * MBIT, 12_500_000));
    }
}
