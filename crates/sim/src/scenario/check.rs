//! Bounds of every value, checked once.

use std::fmt::Display;
use std::ops::RangeInclusive;

use swarmline_scheduler::Limit;
use swarmline_types::{LayoutError, PieceLayout};

use super::units::{Line, Span, When};
use super::{ContentPlan, GroupPlan, PeerPlan, Scenario, ScenarioError, SitePlan};

/// Most peers, holders and caches of all sites together.
pub const HOSTS_MAX: u64 = 1_000_000;
/// Most sites.
pub const SITES_MAX: u64 = 100_000;
/// Most entries of `content`, `group`, `outage` and `partition`; `site` may have [`SITE_PLANS_MAX`].
pub const ENTRIES_MAX: usize = 64;
/// Most entries of `site`.
pub const SITE_PLANS_MAX: usize = 1_000;

/// The longest that anything lasts, and the latest that it is: 1,000 h.
pub const TIME_MAX: Span = Span::secs(3_600_000);

type Checked = Result<(), ScenarioError>;

impl Scenario {
    /// Whether every value lies in its bounds and goes with the others.
    ///
    /// # Errors
    /// The first that does not.
    pub fn check(&self) -> Checked {
        self.check_numbers()?;
        within("limit", self.limit, Span::secs(1)..=TIME_MAX)?;
        within("content (entries)", self.content.len(), 1..=ENTRIES_MAX)?;
        within("site (entries)", self.site.len(), 1..=SITE_PLANS_MAX)?;
        within("group (entries)", self.group.len(), 0..=ENTRIES_MAX)?;
        within("outage (entries)", self.outage.len(), 0..=ENTRIES_MAX)?;
        within("partition (entries)", self.partition.len(), 0..=ENTRIES_MAX)?;
        self.content.iter().try_for_each(check_content)?;
        self.check_sites()?;
        check_peer("peer", &self.peer)?;
        self.group.iter().try_for_each(check_group)?;
        self.check_room()?;
        self.check_limits()?;
        for outage in &self.outage {
            ordered("outage.until", outage.from, outage.until)?;
            if let Some(pause) = outage.retry_after.filter(|pause| pause.0.subsec_nanos() > 0) {
                return Err(bound("outage.retry_after", pause, "HTTP writes whole seconds"));
            }
        }
        for partition in &self.partition {
            ordered("partition.until", partition.from, partition.until)?;
        }
        self.check_network()?;
        let patience = self.scheduler.no_progress_timeout;
        let span = Span::secs(1)..=TIME_MAX;
        patience.map_or(Ok(()), |it| within("scheduler.no_progress_timeout", it, span))
    }

    fn check_sites(&self) -> Checked {
        for site in &self.site {
            within("site.wan_latency", site.wan_latency, Span::millis(0)..=Span::secs(10))?;
            within("site.lan_latency", site.lan_latency, Span::millis(0)..=Span::secs(10))?;
        }
        let sites: u64 = self.site.iter().map(|site| u64::from(site.count)).sum();
        within("site.count (all entries together)", sites, 1..=SITES_MAX)?;
        let hosts = self.site.iter().map(|site| u64::from(site.count) * site.hosts()).sum();
        within("site.peers (of all sites)", hosts, 1..=HOSTS_MAX)
    }

    /// Groups do not overlap. Shares may come to one peer more than there are by rounding; what is counted is there.
    fn check_room(&self) -> Checked {
        let of_all: f64 = self.group.iter().filter_map(|group| group.share).map(|share| share.get()).sum();
        if of_all > 1.0 + 1e-9 {
            return Err(bound("group.share (sum)", of_all, "groups do not overlap, so together at most 1"));
        }
        let is_counted = self.group.iter().any(|group| group.count.is_some());
        for peers in self.site.iter().map(|site| site.peers).filter(|_| is_counted) {
            let sum: u64 = self.group.iter().map(|group| u64::from(group.peers_of(peers))).sum();
            if sum > peers.into() {
                let way_out = format!(
                    "groups do not overlap, and site.peers is {peers}: ask for no more in all, or raise it"
                );
                return Err(bound("group.count (sum)", sum, way_out));
            }
        }
        Ok(())
    }

    /// Limits within hours need hours, and a part of the line needs a line.
    fn check_limits(&self) -> Checked {
        let groups = self.group.iter().map(|group| (format!("group {:?}", group.name), &group.peer));
        for (key, peer) in std::iter::once(("peer".into(), &self.peer)).chain(groups) {
            let in_hours = [
                ("foreground_limit_in_hours", peer.foreground_limit_in_hours),
                ("background_limit_in_hours", peer.background_limit_in_hours),
            ];
            let usual =
                [("foreground_limit", peer.foreground_limit), ("background_limit", peer.background_limit)];
            let has_hours = peer.hours.or(self.peer.hours).is_some();
            if let Some((name, cap)) = in_hours.iter().find_map(|(name, cap)| Some((name, (*cap)?)))
                && !has_hours
            {
                return Err(bound(&format!("{key}.{name}"), cap, "say which hours too: hours = \"8..17\""));
            }
            let has_line = self.site.iter().all(|site| site.wan != Line::UNLIMITED);
            for (name, cap) in usual.iter().chain(&in_hours).filter_map(|(name, cap)| Some((name, (*cap)?))) {
                let is_part = matches!(cap.0, Limit::Percent(_));
                if is_part && !has_line {
                    let way_out = "a site's line is unlimited; write a rate like 2mbit";
                    return Err(bound(&format!("{key}.{name}"), cap, way_out));
                }
            }
        }
        Ok(())
    }

    fn check_network(&self) -> Checked {
        let network = &self.network;
        within("network.handshake", network.handshake, Span::millis(0)..=Span::secs(60))?;
        within("network.notice", network.notice, Span::millis(0)..=Span::secs(3600))?;
        in_spans("network.discover", network.discover)?;
        in_spans("network.delay", network.delay)
    }
}

impl SitePlan {
    /// Peers, holders and caches of one such site.
    pub fn hosts(&self) -> u64 {
        u64::from(self.peers) + u64::from(self.holders) + u64::from(self.caches)
    }
}

impl ContentPlan {
    /// How it is cut; `None` when the sizes do not make a layout, which [`Scenario::check`] refuses.
    pub fn layout(&self) -> Option<PieceLayout> {
        PieceLayout::new(self.size.0, u32::try_from(self.piece.0).ok()?).ok()
    }
}

fn check_content(content: &ContentPlan) -> Checked {
    let layout = u32::try_from(content.piece.0).map(|piece| PieceLayout::new(content.size.0, piece));
    match layout {
        Ok(Ok(_)) => Ok(()),
        Err(_) | Ok(Err(LayoutError::PieceSize { .. })) => {
            Err(bound("content.piece", content.piece, "it must be a power of two from 16KiB to 16MiB"))
        }
        Ok(Err(error @ LayoutError::PieceCount { .. })) => {
            let value = format!("{} in pieces of {}", content.size, content.piece);
            Err(bound("content.size", value, error))
        }
    }
}

fn check_group(group: &GroupPlan) -> Checked {
    let key = format!("group {:?}", group.name);
    match (group.share, group.count) {
        (Some(_), Some(count)) => {
            Err(bound(&format!("{key}.count"), count, "there is a share too; take one of them"))
        }
        (None, None) => Err(bound(&key, "of nobody", "say which part: share = 0.3 or count = 3")),
        _ => check_peer(&key, &group.peer),
    }
}

fn check_peer(key: &str, peer: &PeerPlan) -> Checked {
    peer.arrives.map_or(Ok(()), |arrives| in_spans(&format!("{key}.arrives"), arrives))?;
    for (name, span) in [
        ("foreground_delay", peer.foreground_delay),
        ("background_delay", peer.background_delay),
        ("deadline", peer.deadline),
    ] {
        span.map_or(Ok(()), |it| within(&format!("{key}.{name}"), it, Span::millis(0)..=TIME_MAX))?;
    }
    match (peer.ending, peer.ends, peer.back) {
        (Some(ending), None, _) => {
            Err(bound(&format!("{key}.ending"), ending, "say when too: ends = \"10s..90s\""))
        }
        (_, None, Some(back)) => {
            Err(bound(&format!("{key}.back"), back, "who never goes does not come back; say ends too"))
        }
        _ => Ok(()),
    }
}

fn in_spans(key: &str, when: When) -> Checked {
    match when {
        When::Spans(..) => Ok(()),
        When::OfBound(..) => Err(bound(key, when, "write spans of time, like 0s..200ms")),
    }
}

fn ordered(key: &str, from: Span, until: Span) -> Checked {
    if from < until {
        Ok(())
    } else {
        Err(bound(key, until, format!("it begins at {from}, so end it later")))
    }
}

fn within<T: PartialOrd + Display>(key: &str, value: T, bounds: RangeInclusive<T>) -> Checked {
    if bounds.contains(&value) {
        return Ok(());
    }
    Err(bound(key, value, format!("it must lie from {} to {}", bounds.start(), bounds.end())))
}

fn bound(key: &str, value: impl Display, way_out: impl Display) -> ScenarioError {
    ScenarioError::bound(key, value, way_out)
}
