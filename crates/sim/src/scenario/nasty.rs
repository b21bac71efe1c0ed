//! Scenarios that nobody would think of: a mix of all troubles, drawn by a seed.
//!
//! Most are small, and each is such that every honest peer that stays can finish: the origin, or an honest holder on the site, is
//! there to the end, however badly it treats them meanwhile. So whoever is left unfinished shows a fault.

use std::time::Duration;

use swarmline_scheduler::{CLASS_RATE_MIN, Hours, Limit, TimeOfDay};
use swarmline_types::{CapacityClass, Priority, Rate};

use super::{
    Answer, Arrival, Arrive, Behaviour, Cap, Clock, ContentPlan, DayPart, Ending, GroupPlan, Line, Network,
    OriginPlan, Outage, Partition, PeerPlan, Scenario, SchedulerPlan, Share, SitePlan, Size, Span, Stretch,
    When,
};
use crate::chance::{Chance, Of};

/// The scenario of a seed. Its name begins with `nasty` and holds the seed.
pub fn nasty(seed: u64) -> Scenario {
    let mut draw = Draw(Chance::new(seed ^ SALT, Of::Cast));
    let has_holder = draw.one_in(4);
    let mut scenario = Scenario {
        name: format!("nasty-{seed}"),
        question: "Does everybody finish, whatever happens?".into(),
        clock: draw.clock(),
        content: draw.contents(),
        site: vec![draw.site(has_holder)],
        group: draw.groups(),
        peer: draw.everybody(),
        origin: draw.origin(),
        outage: draw.outages(has_holder),
        arrive: draw.arrive(),
        network: draw.network(),
        partition: draw.partitions(),
        scheduler: draw.scheduler(),
        ..Scenario::default()
    };
    scenario.check.every = 8;
    // Who is told that there is no such file, or gets another one, must be able to reach the holder.
    if scenario.outage.iter().any(|outage| matches!(outage.answer, Answer::Missing | Answer::Changed)) {
        scenario.partition.clear();
        scenario.network.unknown = Share::NONE;
    }
    scenario
}

struct Draw(Chance);

impl Draw {
    fn one_in(&mut self, count: u64) -> bool {
        self.0.below(count) == 0
    }

    fn of<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.0.index(items.len())]
    }

    fn mbit(&mut self, rates: &[u64]) -> Line {
        Line(Rate::bytes_per_s(self.of(rates) * 125_000))
    }

    fn millis(&mut self, from: u64, to: u64) -> Span {
        Span(self.0.between(Duration::from_millis(from), Duration::from_millis(to)))
    }

    fn share(&mut self, percent_max: u64) -> Share {
        Share::new(self.0.below(percent_max + 1) as f64 / 100.0).expect("at most 100 %")
    }

    fn clock(&mut self) -> Clock {
        let secs = u32::try_from(self.0.below(DAY_SECS)).expect("of a day");
        Clock(TimeOfDay::from_secs(secs).expect("of a day"))
    }

    fn contents(&mut self) -> Vec<ContentPlan> {
        let more = if self.one_in(5) { 1 + self.0.below(3) } else { 0 };
        (0..=u32::try_from(more).expect("at most 3")).map(|at| self.content(at)).collect()
    }

    fn content(&mut self, at: u32) -> ContentPlan {
        let piece = self.of(&[64 << 10, 256 << 10, 1 << 20, 1 << 20, 1 << 20, 4 << 20]);
        let size = self.0.below(24 << 20) + self.of(&[0, 1, 1 << 20, 8 << 20]);
        let name = if at == 0 { "file".into() } else { format!("file-{}", at + 1) };
        let start = if at == 0 { Span::secs(0) } else { self.millis(0, 5_000) };
        let priority = if self.one_in(3) { Priority::Background } else { Priority::Foreground };
        let share = if self.one_in(6) { self.share(100) } else { Share::ALL };
        let makespan_max = None;
        ContentPlan { name, size: Size(size), piece: Size(piece), priority, start, share, makespan_max }
    }

    fn site(&mut self, has_holder: bool) -> SitePlan {
        let peers = if self.one_in(20) { 60 + self.0.below(61) } else { 1 + self.0.below(18) };
        let count = if self.one_in(8) { 2 + self.0.below(2) } else { 1 };
        SitePlan {
            count: u32::try_from(count).expect("at most 3"),
            peers: u32::try_from(peers).expect("at most 120"),
            holders: u32::from(has_holder),
            caches: u32::from(self.one_in(6)),
            wan: self.mbit(&[5, 20, 20, 100, 1000]),
            wan_latency: self.millis(1, 200),
            connection: if self.one_in(5) { self.mbit(&[2, 10]) } else { Line::UNLIMITED },
            lan: self.mbit(&[100, 1000, 1000]),
            lan_latency: self.millis(0, 5),
            cell: self.mbit(&[50, 300]),
        }
    }

    fn origin(&mut self) -> OriginPlan {
        let egress = if self.one_in(6) { self.mbit(&[5, 50, 500]) } else { Line::UNLIMITED };
        OriginPlan { egress, ranges: !self.one_in(10), exists: true }
    }

    fn everybody(&mut self) -> PeerPlan {
        let linger = self.one_in(4).then(|| self.millis(0, 90_000));
        let mut everybody = PeerPlan { linger, ..PeerPlan::default() };
        if self.one_in(5) {
            self.policy(&mut everybody);
        }
        everybody
    }

    /// What an administrator may say. Whoever may ask for nothing at some hours may at others.
    fn policy(&mut self, peer: &mut PeerPlan) {
        peer.foreground_delay = self.one_in(2).then(|| self.millis(0, 60_000));
        peer.background_delay = self.one_in(2).then(|| self.millis(0, 600_000));
        peer.deadline = self.one_in(3).then(|| self.millis(0, 600_000));
        peer.foreground_limit = self.one_in(4).then(|| self.cap());
        peer.background_limit = self.one_in(4).then(|| self.cap());
        peer.hours = Hours::new(self.clock().0, self.clock().0).filter(|_| self.one_in(2)).map(DayPart);
        if peer.hours.is_some() {
            let nothing = Cap(Limit::Nothing);
            peer.foreground_limit_in_hours = self.one_in(3).then(|| self.cap());
            peer.background_limit_in_hours = if self.one_in(2) { Some(nothing) } else { Some(self.cap()) };
        }
    }

    fn cap(&mut self) -> Cap {
        let rate = Rate::bytes_per_s(self.of(&[250_000, 2_000_000])).expect("it is not 0");
        let percent = u8::try_from(1 + self.0.below(100)).expect("at most 100");
        Cap(self.of(&[Limit::Rate(CLASS_RATE_MIN), Limit::Rate(rate), Limit::Percent(percent)]))
    }

    /// Parameters that change how everybody works together.
    fn scheduler(&mut self) -> SchedulerPlan {
        if !self.one_in(6) {
            return SchedulerPlan::default();
        }
        SchedulerPlan {
            window: Some(self.of(&[1, 3, 24])),
            full_mesh_max: Some(self.of(&[1, 4, 64])),
            degree: Some(self.of(&[4, 6, 24])),
            connections_max: Some(self.of(&[6, 12, 64])),
            ..SchedulerPlan::default()
        }
    }

    fn groups(&mut self) -> Vec<GroupPlan> {
        let count = self.0.below(4);
        (0..count).map(|at| self.group(at)).collect()
    }

    fn group(&mut self, at: u64) -> GroupPlan {
        let mut peer = PeerPlan::default();
        match self.0.below(9) {
            0 | 1 => peer.behaviour = Some(self.of(&LIARS)),
            2 => {
                peer.ends = Some(When::Spans(Span::secs(0), self.millis(1, 60_000)));
                peer.ending = Some(self.of(&[Ending::Crash, Ending::Vanish, Ending::Leave]));
                peer.back = self.one_in(2).then(|| When::Spans(Span::secs(0), self.millis(0, 30_000)));
            }
            3 => {
                peer.up = Some(self.mbit(&[1, 5, 10]));
                peer.down = Some(self.mbit(&[2, 10]));
            }
            4 => peer.wifi = Some(true),
            5 => {
                peer.class = Some(self.of(&[CapacityClass::Wifi, CapacityClass::Slow, CapacityClass::Never]))
            }
            6 => {
                let (one, other) = (self.share(100), self.share(100));
                let [from, to] = if one < other { [one, other] } else { [other, one] };
                peer.wants = Some(Stretch::new(from, to).unwrap_or(Stretch::ALL));
            }
            7 => self.policy(&mut peer),
            _ => {
                peer.has = Some(self.share(100));
                peer.disk = Some(self.mbit(&[16, 400]));
                peer.download_limit = self.one_in(2).then(|| self.mbit(&[4, 40]));
                peer.upload_limit = self.one_in(2).then(|| self.mbit(&[1, 40]));
            }
        }
        GroupPlan { name: format!("group-{}", at + 1), share: Some(self.share(33)), count: None, peer }
    }

    fn outages(&mut self, has_holder: bool) -> Vec<Outage> {
        let count = self.0.below(3);
        let passing = [Answer::Overloaded, Answer::Resets, Answer::NoRanges, Answer::Starves];
        let lasting = [Answer::Overloaded, Answer::Resets, Answer::Missing, Answer::Changed];
        let outage = |draw: &mut Self| {
            let from = draw.millis(0, 20_000);
            Outage {
                from,
                until: Span(from.0 + draw.millis(1, 60_000).0),
                answer: if has_holder { draw.of(&lasting) } else { draw.of(&passing) },
                share: if draw.one_in(2) { Share::ALL } else { draw.share(50) },
                retry_after: draw.one_in(2).then(|| Span::secs(draw.0.below(20))),
            }
        };
        (0..count).map(|_| outage(self)).collect()
    }

    fn arrive(&mut self) -> Arrive {
        let how = self.of(&[Arrival::Together, Arrival::Together, Arrival::Poisson, Arrival::Office]);
        Arrive { how, over: if self.one_in(2) { self.millis(0, 60_000) } else { Span::secs(0) } }
    }

    fn network(&mut self) -> Network {
        let mut network = Network { encode_every: 16, ..Network::default() };
        if self.one_in(3) {
            network.delay = When::Spans(Span::secs(0), self.millis(1, 1_000));
        }
        if self.one_in(3) {
            network.lane_loss = self.share(30);
        }
        if self.one_in(4) {
            network.unknown = self.share(30);
        }
        network.headers = self.one_in(2);
        network.slow_start = self.one_in(2);
        network.discover = When::Spans(Span::secs(0), self.millis(0, 3_000));
        network
    }

    fn partitions(&mut self) -> Vec<Partition> {
        if !self.one_in(5) {
            return Vec::new();
        }
        let from = self.millis(0, 20_000);
        vec![Partition { from, until: Span(from.0 + self.millis(1, 60_000).0), share: self.share(50) }]
    }
}

const LIARS: [Behaviour; 8] = [
    Behaviour::Corrupts,
    Behaviour::Stalls,
    Behaviour::Rejects,
    Behaviour::Claims,
    Behaviour::Heartbeats,
    Behaviour::Hides,
    Behaviour::Leeches,
    Behaviour::Invents,
];
const DAY_SECS: u64 = 86_400;
/// Sets these draws apart from those of a run.
const SALT: u64 = 0x0bad_5eed;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_seed_gives_a_scenario_that_can_be_run() {
        for seed in 0..2_000 {
            let scenario = nasty(seed);
            assert!(scenario.check().is_ok(), "{seed}: {:?}", scenario.check());
            assert_eq!(scenario, nasty(seed));
            assert_eq!(Scenario::parse(&scenario.to_toml()).unwrap(), scenario, "{seed}");
        }
    }
}
