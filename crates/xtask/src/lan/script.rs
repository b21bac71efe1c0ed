//! What is to happen in a run: who comes when, wants what and misbehaves how. Made from a scenario, a number of hosts
//! and a seed, and from nothing else.

use std::time::Duration;

use anyhow::{Result, ensure};

use super::chance::Chance;
use super::scenario::{Scale, Scenario};
use crate::netns::Speed;

/// A run before anything is built.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Script {
    pub(super) scenario: Scenario,
    pub(super) seed: u64,
    pub(super) scale: Scale,
    pub(super) files: Vec<Wanted>,
    pub(super) hosts: Vec<Role>,
    /// Hosts run a daemon before they want anything, where they can.
    pub(super) daemons: bool,
}

/// One file at the origin, which every host that downloads wants.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Wanted {
    pub(super) name: &'static str,
    pub(super) size_bytes: u64,
    /// Nobody waits for it.
    pub(super) background: bool,
}

/// One host in a run.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Role {
    /// From 1.
    pub(super) number: usize,
    /// From 0.
    pub(super) site: usize,
    pub(super) part: Part,
    /// Since the start of the first.
    pub(super) starts_at: Duration,
}

/// What a host does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Part {
    /// Downloads, and stays.
    Plain,
    /// The same, and its line out is slow.
    Slow,
    /// Is told to end, so long after the start of the first host.
    Leaves(Duration),
    /// Is killed then.
    Crashes(Duration),
    /// Says it has everything and sends wrong bytes.
    Corrupt,
    /// Says it has everything and sends nothing.
    Stalls,
    /// Has everything from the beginning.
    Holds,
}

impl Part {
    /// Its name in reports.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Slow => "slow",
            Self::Leaves(_) => "leaves",
            Self::Crashes(_) => "crashes",
            Self::Corrupt => "corrupt",
            Self::Stalls => "stalls",
            Self::Holds => "holds",
        }
    }

    /// Whether it wants the files.
    pub(super) fn downloads(self) -> bool {
        matches!(self, Self::Plain | Self::Slow | Self::Leaves(_) | Self::Crashes(_))
    }

    /// Whether it is to have them at the end.
    pub(super) fn completes(self) -> bool {
        matches!(self, Self::Plain | Self::Slow)
    }

    /// Whether it is on nobody's side.
    pub(super) fn lies(self) -> bool {
        matches!(self, Self::Corrupt | Self::Stalls)
    }
}

impl Script {
    /// Casts the hosts. `kills`, if there are any, are the only ones to be killed: number of the host and moment.
    ///
    /// # Errors
    /// When a site has nobody left who simply downloads, or a host that is to be killed is not there.
    pub(super) fn new(
        scenario: Scenario,
        hosts: usize,
        scale: Scale,
        seed: u64,
        kills: &[(usize, Duration)],
    ) -> Result<Self> {
        let files = files(scenario, scale.size_bytes);
        let mut script = Self { scenario, seed, scale, files, hosts: Vec::new(), daemons: false };
        script.hosts = cast(scenario, hosts, script.transit(), &mut Chance::seeded(seed));
        if scenario == Scenario::Kill && kills.is_empty() {
            let half = script.transit() / 2;
            script
                .hosts
                .iter_mut()
                .skip(1)
                .step_by(ONE_KILLED_OF)
                .for_each(|role| role.part = Part::Crashes(half));
        }
        for (number, at) in kills {
            let role = script.hosts.iter_mut().find(|role| role.number == *number);
            let Some(role) = role else { anyhow::bail!("--kill: there is no host {number}") };
            role.part = Part::Crashes(*at);
        }
        for site in 0..scenario.sites() {
            let is_left = script.site(site).any(|role| role.part == Part::Plain);
            ensure!(is_left, "{hosts} hosts are too few for {}: nobody simply downloads", scenario.name());
        }
        Ok(script)
    }

    /// The hosts of a site.
    pub(super) fn site(&self, site: usize) -> impl Iterator<Item = &Role> {
        self.hosts.iter().filter(move |role| role.site == site)
    }

    /// Whether the host downloads and runs a daemon before that. Who comes later, or goes on serving for a certain time,
    /// does not.
    pub(super) fn is_resident(&self, role: &Role) -> bool {
        let is_there = role.starts_at.is_zero() && self.scenario.linger().is_none();
        self.daemons && is_there && role.part.downloads()
    }

    /// Hosts of the site that are there before the first download, but for the host itself.
    pub(super) fn neighbours(&self, role: &Role) -> usize {
        let is_there = |other: &&Role| !other.part.downloads() || self.is_resident(other);
        self.site(role.site).filter(is_there).filter(|other| other.number != role.number).count()
    }

    /// All files together.
    pub(super) fn size_bytes(&self) -> u64 {
        self.files.iter().map(|file| file.size_bytes).sum()
    }

    /// How fast a host may send and receive.
    pub(super) fn speed(&self, part: Part) -> Speed {
        let (lan, wan) = (self.scale.lan_bits_per_s, self.scale.wan_bits_per_s);
        let up = if part == Part::Slow && wan > 0 { wan / 2 } else { lan };
        Speed { up, down: lan }
    }

    /// From when until when the halves of the office cannot reach each other.
    pub(super) fn cut(&self) -> Option<(Duration, Duration)> {
        let (from, until) = self.scenario.cut()?;
        Some((self.transit().mul_f64(from), self.transit().mul_f64(until)))
    }

    /// How long all files need on the slower of the two lines.
    fn transit(&self) -> Duration {
        let lines = [self.scale.wan_bits_per_s, self.scale.lan_bits_per_s];
        let slowest = lines.into_iter().filter(|rate| *rate > 0).min();
        slowest.map_or(Duration::ZERO, |rate| {
            Duration::from_secs_f64(self.size_bytes() as f64 * 8.0 / rate as f64)
        })
    }
}

/// The file, or two of them when there are two classes.
fn files(scenario: Scenario, size_bytes: u64) -> Vec<Wanted> {
    if scenario == Scenario::Urgent {
        return vec![
            Wanted { name: "bulk.bin", size_bytes, background: true },
            Wanted {
                name: "urgent.bin",
                size_bytes: (size_bytes / URGENT_IS_ONE_OF).max(1),
                background: false,
            },
        ];
    }
    vec![Wanted { name: "file.bin", size_bytes, background: false }]
}

fn cast(scenario: Scenario, hosts: usize, transit: Duration, chance: &mut Chance) -> Vec<Role> {
    let sites = scenario.sites();
    let mut roles: Vec<Role> = (1..=hosts)
        .map(|number| {
            let starts_at = chance.moment(scenario.arrivals());
            Role { number, site: (number - 1) % sites, part: Part::Plain, starts_at }
        })
        .collect();
    let first = roles.iter().map(|role| role.starts_at).min().unwrap_or_default();
    roles.iter_mut().for_each(|role| role.starts_at -= first);

    let mut parts = parts(scenario, hosts, transit, chance).into_iter();
    for index in chance.order(hosts) {
        let Some(part) = parts.next() else { break };
        roles[index].part = part;
    }
    roles
}

/// The parts of those who do not simply download; any host may get any.
fn parts(scenario: Scenario, hosts: usize, transit: Duration, chance: &mut Chance) -> Vec<Part> {
    let shares = scenario.shares();
    let count = |percent: usize| (hosts * percent).div_ceil(100);
    let mut parts = Vec::new();
    parts.extend((0..count(shares.leave)).map(|_| Part::Leaves(chance.moment(transit))));
    parts.extend((0..count(shares.crash)).map(|_| Part::Crashes(chance.moment(transit))));
    parts.extend((0..count(shares.slow)).map(|_| Part::Slow));
    parts.extend((0..count(shares.corrupt)).map(|_| Part::Corrupt));
    parts.extend((0..count(shares.stall)).map(|_| Part::Stalls));
    if scenario == Scenario::Holder {
        parts.push(Part::Holds);
    }
    parts
}

/// In the scenario `kill`, one host of so many is killed: 2, 6, 10, …
const ONE_KILLED_OF: usize = 4;
/// The file in the foreground has one of so many parts of the size of the other.
const URGENT_IS_ONE_OF: u64 = 4;

#[cfg(test)]
mod tests {
    use super::*;

    fn script(scenario: Scenario, hosts: usize) -> Script {
        Script::new(scenario, hosts, scenario.scale(hosts), 1, &[]).unwrap()
    }

    fn count(script: &Script, is: impl Fn(Part) -> bool) -> usize {
        script.hosts.iter().filter(|role| is(role.part)).count()
    }

    #[test]
    fn who_is_there_from_the_start_has_met_the_others_where_hosts_run_daemons() {
        let cold = script(Scenario::Churn, 8);
        assert!(!cold.hosts.iter().any(|role| cold.is_resident(role)));
        let liars = count(&cold, Part::lies);
        assert_eq!(cold.neighbours(&cold.hosts[0]), liars - usize::from(cold.hosts[0].part.lies()));

        let mut met = Script { daemons: true, ..script(Scenario::TwoSites, 16) };
        assert!(met.hosts.iter().all(|role| met.is_resident(role) && met.neighbours(role) == 7));
        met.hosts[2].starts_at = Duration::from_secs(1);
        assert!(!met.is_resident(&met.hosts[2]));
        assert_eq!((met.neighbours(&met.hosts[0]), met.neighbours(&met.hosts[1])), (6, 7));

        let arrivals = Script { daemons: true, ..script(Scenario::Arrivals, 8) };
        assert!(!arrivals.hosts.iter().any(|role| arrivals.is_resident(role)), "they end by themselves");
    }

    #[test]
    fn shares_of_the_crowd_are_rounded_up() {
        for (hosts, [leave, slow, corrupt, stall]) in
            [(8, [2, 2, 1, 1]), (16, [4, 4, 2, 1]), (32, [7, 7, 4, 2])]
        {
            let churn = script(Scenario::Churn, hosts);
            assert_eq!(count(&churn, |part| matches!(part, Part::Leaves(_))), leave);
            assert_eq!(count(&churn, |part| part == Part::Slow), slow);
            assert_eq!(count(&churn, |part| part == Part::Corrupt), corrupt);
            assert_eq!(count(&churn, |part| part == Part::Stalls), stall);
            assert_eq!(churn.hosts.len(), hosts);
        }
        let crash = script(Scenario::Crash, 32);
        assert_eq!(count(&crash, |part| matches!(part, Part::Crashes(_))), 10);
        assert_eq!(count(&crash, Part::completes), 22);
    }

    #[test]
    fn the_same_seed_gives_the_same_cast() {
        assert_eq!(script(Scenario::Churn, 32), script(Scenario::Churn, 32));
        let scale = Scenario::Churn.scale(32);
        let other = Script::new(Scenario::Churn, 32, scale, 2, &[]).unwrap();
        assert_ne!(script(Scenario::Churn, 32), other);
    }

    #[test]
    fn who_ends_early_does_so_while_the_file_is_on_its_way() {
        let crash = script(Scenario::Crash, 32);
        let most = crash.transit();
        let moments = crash.hosts.iter().filter_map(|role| match role.part {
            Part::Crashes(at) => Some(at),
            _ => None,
        });
        assert!(moments.clone().all(|at| at < most) && moments.count() == 10);
    }

    #[test]
    fn a_quarter_of_the_hosts_is_killed_at_half_time_unless_it_is_said_whom_and_when() {
        let killed = |script: &Script| -> Vec<usize> {
            let killed = script.hosts.iter().filter(|role| matches!(role.part, Part::Crashes(_)));
            killed.map(|role| role.number).collect()
        };
        let kill = script(Scenario::Kill, 8);
        assert_eq!(killed(&kill), [2, 6]);
        assert_eq!(kill.hosts[1].part, Part::Crashes(kill.transit() / 2));
        let scale = Scenario::Kill.scale(8);
        let at = |number| [(number, Duration::from_secs(1))];
        assert_eq!(killed(&Script::new(Scenario::Kill, 8, scale, 1, &at(3)).unwrap()), [3]);
        assert!(Script::new(Scenario::Kill, 8, scale, 1, &at(9)).is_err());
    }

    #[test]
    fn hosts_are_shared_out_among_sites_and_each_has_some_that_stay() {
        let two = script(Scenario::TwoSites, 16);
        assert_eq!((two.site(0).count(), two.site(1).count()), (8, 8));
        let scale = Scenario::TwoSites.scale(1);
        assert!(Script::new(Scenario::TwoSites, 1, scale, 1, &[]).is_err());
        assert!(Script::new(Scenario::Churn, 4, scale, 1, &[]).is_err());
    }

    #[test]
    fn arrivals_begin_with_the_first_and_end_within_their_span() {
        let arrivals = script(Scenario::Arrivals, 16);
        let starts = || arrivals.hosts.iter().map(|role| role.starts_at);
        assert_eq!(starts().min(), Some(Duration::ZERO));
        let last = starts().max().unwrap();
        assert!(last > Duration::from_secs(20) && last < Duration::from_secs(60), "{last:?}");
        assert!(script(Scenario::Site, 8).hosts.iter().all(|role| role.starts_at.is_zero()));
    }

    #[test]
    fn two_classes_have_two_files() {
        let urgent = script(Scenario::Urgent, 8);
        assert_eq!(urgent.size_bytes(), 320 << 20);
        assert!(urgent.files[0].background && !urgent.files[1].background);
    }
}
