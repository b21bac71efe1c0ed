//! Who is on a site: from what a scenario says of groups and lines to one entry for each host, drawn by the seed.

use std::time::Duration;

use swarmline_scheduler::{ClassLimits, OriginLimits};
use swarmline_types::{Bitfield, CapacityClass, MonoTime, PieceLayout, Rate, Wanted};

use crate::bound;
use crate::chance::{Chance, Of};
use crate::link::{PAYLOAD, Pipe};
use crate::scenario::{
    Arrival, Arrive, Behaviour, Ending, GroupPlan, Line, PeerPlan, Scenario, Share, SitePlan, Stretch, When,
};

/// What a host is there for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    Peer,
    Holder,
    Cache,
}

/// A host before the run begins.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) kind: Kind,
    pub(crate) group: Option<usize>,
    pub(crate) behaviour: Behaviour,
    pub(crate) class: CapacityClass,
    pub(crate) up: Pipe,
    pub(crate) down: Pipe,
    pub(crate) disk: Pipe,
    pub(crate) is_in_cell: bool,
    pub(crate) download_limit: Option<Rate>,
    pub(crate) upload_limit: Option<Rate>,
    pub(crate) origin_limits: OriginLimits,
    pub(crate) foreground_delay: Duration,
    pub(crate) background_delay: Duration,
    /// After it begins to want a content.
    pub(crate) deadline: Option<Duration>,
    pub(crate) has: Share,
    /// Which part of each content it wants; `None` for all.
    pub(crate) stretch: Option<Stretch>,
    pub(crate) linger: Option<Duration>,
    pub(crate) arrives: MonoTime,
    /// After its arrival.
    pub(crate) ends: Option<Duration>,
    pub(crate) ending: Ending,
    /// After its end.
    pub(crate) back: Option<Duration>,
    /// For each content, whether it wants it.
    pub(crate) wants: Vec<bool>,
}

impl Part {
    /// Whether what comes from the origin is limited at all.
    pub(crate) fn is_limited(&self) -> bool {
        let OriginLimits { usual, in_hours, .. } = self.origin_limits;
        let no_limits = ClassLimits::default();
        self.download_limit.is_some()
            || usual != no_limits
            || in_hours.is_some_and(|(_, within)| within != no_limits)
    }

    /// Which pieces of a content it wants, if not all.
    pub(crate) fn wanted(&self, layout: &PieceLayout) -> Option<Wanted> {
        self.stretch.map(|stretch| stretch.of(layout))
    }

    /// Whether its figures count.
    pub(crate) fn counts(&self) -> bool {
        self.kind == Kind::Peer && self.behaviour.is_honest() && self.wants.contains(&true)
    }
}

/// One site, ready to run.
#[derive(Clone, Debug)]
pub(crate) struct Cast {
    /// Peers first, then holders, then caches.
    pub(crate) parts: Vec<Part>,
    /// Seconds for all contents together; the last peer's time, counted from the first arrival.
    pub(crate) bound_s: f64,
    /// The same for each content alone.
    pub(crate) bounds_s: Vec<f64>,
}

impl Cast {
    /// Draws the hosts of a site. `seed` is the site's.
    pub(crate) fn of(scenario: &Scenario, plan: &SitePlan, seed: u64) -> Self {
        let mut chance = Chance::new(seed, Of::Cast);
        let peers = plan.peers as usize;
        let mut groups = members_of_groups(&scenario.group, plan.peers, &mut chance);
        let arrivals = arrivals(scenario.arrive.clone(), peers, &mut chance);
        let mut parts: Vec<_> = (0..peers)
            .map(|peer| {
                let group = groups[peer].take();
                let own = group.map(|at| &scenario.group[at].peer);
                part(scenario, plan, own, group, arrivals[peer])
            })
            .collect();
        for (at, content) in scenario.content.iter().enumerate().filter(|(_, it)| it.share != Share::ALL) {
            let mut all: Vec<_> = (0..peers).collect();
            parts.iter_mut().for_each(|part| part.wants[at] = false);
            chance
                .choose(&mut all, content.share.of(peers))
                .into_iter()
                .for_each(|it| parts[it].wants[at] = true);
        }
        draw_arrivals(scenario, &mut parts, &mut chance);
        for (kind, count) in [(Kind::Holder, plan.holders), (Kind::Cache, plan.caches)] {
            let node = part(scenario, plan, None, None, MonoTime::ZERO);
            parts.extend((0..count).map(|_| Part { kind, ..of_the_house(node.clone()) }));
        }
        let if_all_stay = bound_of(scenario, plan, &parts, &[0], seed);
        draw_ends(scenario, &mut parts, if_all_stay, &mut chance);
        let all: Vec<_> = (0..scenario.content.len()).collect();
        let bounds_s = all.iter().map(|at| bound_of(scenario, plan, &parts, &[*at], seed)).collect();
        let bound_s = bound_of(scenario, plan, &parts, &all, seed);
        Self { parts, bound_s, bounds_s }
    }
}

/// Holders and caches are there from the start, honest, on the LAN, and stay.
fn of_the_house(part: Part) -> Part {
    let behaviour = Behaviour::Honest;
    let class = CapacityClass::Wired;
    Part { behaviour, class, is_in_cell: false, linger: None, has: Share::NONE, stretch: None, ..part }
}

/// The group of each peer.
fn members_of_groups(groups: &[GroupPlan], peers: u32, chance: &mut Chance) -> Vec<Option<usize>> {
    let mut of_peer = vec![None; peers as usize];
    let mut free: Vec<_> = (0..of_peer.len()).collect();
    for (at, group) in groups.iter().enumerate() {
        for peer in chance.choose(&mut free, group.peers_of(peers) as usize) {
            of_peer[peer] = Some(at);
        }
        free.retain(|peer| of_peer[*peer].is_none());
    }
    of_peer
}

fn arrivals(arrive: Arrive, peers: usize, chance: &mut Chance) -> Vec<MonoTime> {
    let over = arrive.over.0;
    let part_of_it = |part: f64| MonoTime::ZERO + over.mul_f64(part);
    match arrive.how {
        Arrival::Together => {
            (0..peers).map(|_| MonoTime::ZERO + chance.between(Duration::ZERO, over)).collect()
        }
        // The sum of two even draws: few, many, few.
        Arrival::Office => {
            (0..peers).map(|_| part_of_it(f64::midpoint(chance.unit(), chance.unit()))).collect()
        }
        Arrival::Poisson => {
            let mean = 1.0 / (peers as f64 - 1.0).max(1.0);
            let mut at = 0.0;
            let mut next = || {
                let now = at;
                at += mean * chance.wait();
                part_of_it(now)
            };
            (0..peers).map(|_| next()).collect()
        }
    }
}

fn part(
    scenario: &Scenario,
    plan: &SitePlan,
    own: Option<&PeerPlan>,
    group: Option<usize>,
    arrives: MonoTime,
) -> Part {
    let all = &scenario.peer;
    let first = |of: fn(&PeerPlan) -> Option<Line>| own.and_then(of).or_else(|| of(all));
    let usable = if scenario.network.headers { PAYLOAD } else { 1.0 };
    let pipe = |line: Line, usable: f64| Pipe::new(line.bytes_per_s().map(|rate| rate as f64 * usable));
    let line = |of: fn(&PeerPlan) -> Option<Line>| pipe(first(of).unwrap_or(plan.lan), usable);
    macro_rules! own_or_all {
        ($field:ident) => {
            own.and_then(|own| own.$field).or(all.$field)
        };
    }
    let usual_limits = ClassLimits {
        foreground: own_or_all!(foreground_limit).unwrap_or_default().0,
        background: own_or_all!(background_limit).unwrap_or_default().0,
    };
    let in_hours = ClassLimits {
        foreground: own_or_all!(foreground_limit_in_hours).map_or(usual_limits.foreground, |cap| cap.0),
        background: own_or_all!(background_limit_in_hours).map_or(usual_limits.background, |cap| cap.0),
    };
    let is_in_cell = own_or_all!(wifi).unwrap_or(false);
    let usual = if is_in_cell { CapacityClass::Wifi } else { CapacityClass::Wired };
    Part {
        kind: Kind::Peer,
        group,
        behaviour: own_or_all!(behaviour).unwrap_or_default(),
        class: own_or_all!(class).unwrap_or(usual),
        up: line(|peer| peer.up),
        down: line(|peer| peer.down),
        disk: pipe(first(|peer| peer.disk).unwrap_or(Line::UNLIMITED), 1.0),
        is_in_cell,
        download_limit: first(|peer| peer.download_limit).and_then(|line| line.0),
        upload_limit: first(|peer| peer.upload_limit).and_then(|line| line.0),
        origin_limits: OriginLimits {
            line: plan.wan.0,
            usual: usual_limits,
            in_hours: own_or_all!(hours).map(|hours| (hours.0, in_hours)),
        },
        foreground_delay: own_or_all!(foreground_delay).map_or(Duration::ZERO, |span| span.0),
        background_delay: own_or_all!(background_delay).map_or(Duration::ZERO, |span| span.0),
        deadline: own_or_all!(deadline).map(|span| span.0),
        has: own_or_all!(has).unwrap_or(Share::NONE),
        stretch: own_or_all!(wants),
        linger: own_or_all!(linger).map(|span| span.0),
        arrives,
        ends: None,
        ending: own_or_all!(ending).unwrap_or_default(),
        back: None,
        wants: vec![true; scenario.content.len()],
    }
}

/// Those of whom the scenario says when they come.
fn draw_arrivals(scenario: &Scenario, parts: &mut [Part], chance: &mut Chance) {
    for part in parts {
        let own = part.group.map(|at| &scenario.group[at].peer);
        if let Some(When::Spans(from, to)) = own.and_then(|own| own.arrives).or(scenario.peer.arrives) {
            part.arrives = MonoTime::ZERO + chance.between(from.0, to.0);
        }
    }
}

fn draw_ends(scenario: &Scenario, parts: &mut [Part], bound_s: f64, chance: &mut Chance) {
    for part in parts.iter_mut().filter(|part| part.kind == Kind::Peer) {
        let own = part.group.map(|at| &scenario.group[at].peer);
        let mut draw = |when: When| match when {
            When::Spans(from, to) => chance.between(from.0, to.0),
            When::OfBound(from, to) => {
                let end = |part: f64| Duration::try_from_secs_f64(part * bound_s).unwrap_or(Duration::MAX);
                chance.between(end(from), end(to))
            }
        };
        part.ends = own.and_then(|own| own.ends).or(scenario.peer.ends).map(&mut draw);
        part.back = own.and_then(|own| own.back).or(scenario.peer.back).map(&mut draw);
    }
}

/// The pieces that a host has at the start: all for a holder, else random ones. The host's own chance decides, so that
/// this can be asked more than once.
pub(crate) fn pieces_at_start(
    part: &Part,
    host: u32,
    content: usize,
    layout: &PieceLayout,
    seed: u64,
) -> Bitfield {
    if part.kind == Kind::Holder {
        return Bitfield::all(layout);
    }
    let mut have = Bitfield::none(layout);
    if part.has == Share::NONE {
        return have;
    }
    let mut chance = Chance::new(seed ^ u64::try_from(content).unwrap_or_default(), Of::Host(host));
    let mut pieces: Vec<_> = layout.pieces().collect();
    let count = part.has.of(pieces.len());
    chance.choose(&mut pieces, count).into_iter().for_each(|piece| {
        have.insert(piece);
    });
    have
}

/// What the peers lack of some contents at the start.
#[derive(Default)]
struct Lack {
    /// Bytes of whoever lacks least, at least.
    least: f64,
    /// Bytes that nobody has.
    of_all: f64,
    pieces: f64,
}

fn lack_of(scenario: &Scenario, parts: &[Part], contents: &[usize], seed: u64) -> Lack {
    let mut sum = Lack::default();
    let mut of_parts = vec![0.0; parts.len()];
    for at in contents {
        let Some(layout) = scenario.content[*at].layout() else { continue };
        let size_of = |piece| f64::from(layout.size_of(piece));
        let starts =
            parts.iter().enumerate().filter(|(_, part)| part.kind == Kind::Holder || part.has != Share::NONE);
        let mut held = Bitfield::none(&layout);
        for (host, part) in starts {
            let host = u32::try_from(host).expect("no more than HOSTS_MAX");
            pieces_at_start(part, host, *at, &layout, seed).pieces().for_each(|piece| _ = held.insert(piece));
        }
        for (part, lacked) in parts.iter().zip(&mut of_parts).filter(|(part, _)| part.wants[*at]) {
            let of_stretch = |wanted: Wanted| wanted.pieces().map(size_of).sum();
            let wanted = part.wanted(&layout).map_or(layout.content_len() as f64, of_stretch);
            let had_pieces = (part.has.get() * f64::from(layout.piece_count())).ceil();
            *lacked += (wanted - had_pieces * f64::from(layout.piece_size())).max(0.0);
        }
        let wanted = wanted_of_all(parts, *at, &layout);
        sum.of_all += wanted.pieces().filter(|piece| !held.has(*piece)).map(size_of).sum::<f64>();
        sum.pieces += f64::from(layout.piece_count());
    }
    let wants = |part: &Part| part.counts() && contents.iter().any(|at| part.wants[*at]);
    let of_wanting = parts.iter().zip(of_parts).filter(|(part, _)| wants(part)).map(|(_, lacked)| lacked);
    sum.least = of_wanting.reduce(f64::min).unwrap_or(0.0);
    sum
}

/// What somebody wants of a content who counts; of those who go for good, only if that is all.
fn wanted_of_all(parts: &[Part], content: usize, layout: &PieceLayout) -> Wanted {
    let stays = |part: &&Part| part.stretch.is_none() || part.ends.is_none() || part.back.is_some();
    let of_part = |part: &Part| part.wanted(layout).unwrap_or_else(|| Wanted::all(layout));
    let parts = parts.iter().filter(|part| part.counts() && part.wants[content]).filter(stays);
    parts.map(of_part).fold(Wanted::default(), |mut sum, wanted| {
        sum.add(&wanted);
        sum
    })
}

/// Nobody on the site can be faster with these contents: what the lines allow, and for who comes last, what it must
/// receive. Who goes for good need not be served.
fn bound_of(scenario: &Scenario, plan: &SitePlan, parts: &[Part], contents: &[usize], seed: u64) -> f64 {
    let usable = if scenario.network.headers { PAYLOAD } else { 1.0 };
    let cell = plan.cell.bytes_per_s().map(|rate| rate as f64);
    // Who is in the radio cell has no other line.
    let line = |part: &Part, pipe: Pipe| match part.is_in_cell {
        true => cell,
        false => pipe.bytes_per_s().map(|rate| rate / usable),
    };
    let wants = |part: &&Part| part.counts() && contents.iter().any(|at| part.wants[*at]);
    let wanting: Vec<_> =
        parts.iter().filter(wants).filter(|part| part.ends.is_none() || part.back.is_some()).collect();
    let lack = lack_of(scenario, parts, contents, seed);
    let down_min = wanting.iter().filter_map(|part| line(part, part.down)).reduce(f64::min);
    let ups: Vec<_> = parts.iter().map(|part| line(part, part.up).unwrap_or(f64::INFINITY)).collect();
    let up_sum = ups.iter().sum::<f64>();
    let wan = plan.wan.bytes_per_s().map(|rate| rate as f64);
    let is_same = |one: f64, other: f64| (one / other - 1.0).abs() < 1e-6;
    let is_even = wan
        .zip(down_min)
        .is_some_and(|(wan, down)| is_same(wan, down) && ups.iter().all(|up| is_same(*up, down)));
    let all_in_cell = !wanting.is_empty() && parts.iter().all(|part| part.is_in_cell);
    let wants_less = |part: &&Part| part.stretch.is_some() || contents.iter().any(|at| !part.wants[*at]);
    let all_want_the_same = !wanting.iter().any(wants_less);
    let site = bound::Site {
        bytes: lack.least,
        missing: if scenario.origin.exists { lack.of_all } else { 0.0 },
        peers: wanting.len() as f64,
        wan,
        down_min,
        up_sum: up_sum.is_finite().then_some(up_sum),
        cell: cell.filter(|_| all_in_cell),
        pieces: if is_even && lack.of_all > 0.0 && all_want_the_same { lack.pieces } else { 0.0 },
    };
    let first = parts.iter().filter(wants).map(|part| part.arrives).min().unwrap_or(MonoTime::ZERO);
    let of_late = |part: &&Part| {
        let own = line(part, part.down).map_or(0.0, |rate| lack.least / rate);
        part.arrives.since(first).as_secs_f64() + own
    };
    wanting.iter().map(of_late).fold(site.seconds(), f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cast(text: &str) -> Cast {
        let scenario = Scenario::parse(text).unwrap();
        Cast::of(&scenario, &scenario.site[0], 1)
    }

    #[test]
    fn groups_have_their_share_and_never_overlap() {
        let cast =
            cast("site.peers = 20\n[[group]]\nshare = 0.3\n[[group]]\ncount = 5\nbehaviour = 'corrupts'");
        let of = |group| cast.parts.iter().filter(|part| part.group == group).count();
        assert_eq!((of(Some(0)), of(Some(1)), of(None)), (6, 5, 9));
        assert_eq!(cast.parts.iter().filter(|part| part.counts()).count(), 15);
    }

    #[test]
    fn arrivals_fill_their_span() {
        for how in ["together", "poisson", "office"] {
            let cast = cast(&format!("site.peers = 400\narrive = {{ how = '{how}', over = '60s' }}"));
            let mean =
                cast.parts.iter().map(|part| part.arrives.as_micros() as f64 / 1e6).sum::<f64>() / 400.0;
            assert!((24.0..36.0).contains(&mean), "{how}: {mean}");
        }
    }

    #[test]
    fn the_bound_counts_what_nobody_has() {
        let whole = cast("content.size = '256MiB'").bound_s;
        assert!((whole - 107.374).abs() < 0.01, "{whole}");
        let held = cast("content.size = '256MiB'\nsite.holders = 1").bound_s;
        assert!((held - 10.0 * 268_435_456.0 / (11.0 * 125e6)).abs() < 0.2, "{held}");
        let half = cast("content.size = '256MiB'\nsite.peers = 1\npeer.has = 0.5").bound_s;
        assert!((half - whole / 2.0).abs() < 0.01, "{half}");
    }

    #[test]
    fn who_comes_late_is_waited_for() {
        let late = cast("site.peers = 2\narrive.over = '1000s'");
        let last = late.parts.iter().map(|part| part.arrives).max().unwrap();
        let first = late.parts.iter().map(|part| part.arrives).min().unwrap();
        assert!(late.bound_s > last.since(first).as_secs_f64());
    }

    #[test]
    fn who_has_a_time_of_its_own_comes_then() {
        let cast = cast("site.peers = 5\narrive.over = '9s'\n[group]\ncount = 2\narrives = '20s'");
        let at = |second: u64| {
            cast.parts.iter().filter(move |part| part.arrives == MonoTime::from_millis(second * 1000))
        };
        assert_eq!(at(20).count(), 2);
        assert_eq!(cast.parts.iter().filter(|part| part.arrives <= MonoTime::from_millis(9000)).count(), 3);
    }

    #[test]
    fn ends_may_be_parts_of_the_bound() {
        let cast = cast("[group]\nshare = 1\nends = '10%..90%'");
        let bound = cast.bound_s;
        let within = |end: Duration| (0.1 * bound..0.9 * bound).contains(&end.as_secs_f64());
        assert!(cast.parts.iter().all(|part| part.ends.is_some_and(within)));
    }
}
