//! What a node does that hears nobody, or that nobody helps.

use std::time::Duration;

use rand::RngExt;
use swarmline_types::{MonoTime, Priority};

use super::Lane;
use super::claims::STRANGER_BELIEVED;
use crate::action::FetchReason;
use crate::allowance::Allowance;
use crate::config::{BACKGROUND_WAITS, Config, SMALL_CONTENT};
use crate::runs::RunIndex;
use crate::site::Site;

impl Lane {
    /// Nobody met yet, and somebody may still turn up.
    pub(super) fn is_settling(&self, site: &Site, now: MonoTime) -> bool {
        site.peers.is_empty() && now < site.started + site.config.settle
    }

    /// When the origin may be asked first: once it is known who has the content already, and policy allows it.
    pub(crate) fn start_at(&self, site: &Site) -> MonoTime {
        self.began_at.unwrap_or_else(|| self.may_start_at(site))
    }

    /// A wait that is over stays over: what comes afterwards makes the rest look quick, and would leave time to wait again.
    pub(crate) fn end_wait(&mut self, site: &Site, now: MonoTime) {
        if self.began_at.is_none() {
            self.began_at = Some(self.may_start_at(site)).filter(|at| now >= *at);
        }
    }

    /// Policy is another: it says anew whether to wait.
    pub(crate) fn wait_anew(&mut self) {
        self.began_at = None;
    }

    fn may_start_at(&self, site: &Site) -> MonoTime {
        let layout = site.coverage.runs().layout();
        let wait = match site.config.priority {
            _ if layout.content_len() <= SMALL_CONTENT => Duration::ZERO,
            Priority::Foreground => site.config.discovery_wait,
            Priority::Background => site.config.discovery_wait.saturating_mul(BACKGROUND_WAITS),
        };
        let discovered = site.started + wait;
        let lacking = u64::from(site.coverage.lacking()) * u64::from(layout.piece_size());
        let Config { policy, priority, .. } = &site.config;
        discovered.max(policy.origin_opens_at(*priority, site.started, lacking, self.width.line()))
    }

    /// A run from a random place of the order, one at a time: for a node that cannot hear the others, so that nodes which
    /// cannot hear each other rarely fetch the same.
    pub(super) fn fetch_anything(&mut self, site: &mut Site, allowance: &mut dyn Allowance, now: MonoTime) {
        let start_at = self.start_at(site);
        if now < start_at {
            site.wake_at(start_at);
            return;
        }
        if !self.fetches.is_empty() {
            return;
        }
        let from = self.first_open.min(self.order.len());
        let open = |run: &RunIndex| site.coverage.open_in(*run) > 0;
        let unclaimed = |run: &RunIndex| open(run) && !self.claims.is_claimed(*run);
        let mut runs: Vec<_> = self.order.from(from).filter(unclaimed).collect();
        if runs.is_empty() {
            runs = self.order.from(from).filter(open).collect();
        }
        if !runs.is_empty() {
            let run = runs[site.rng.random_range(0..runs.len())];
            self.claim(run, FetchReason::Alone, site, allowance, now);
        }
    }

    /// Nothing came and nothing is on its way, whatever the others claim.
    pub(super) fn help_oneself(&mut self, site: &mut Site, allowance: &mut dyn Allowance, now: MonoTime) {
        // What the node held back itself was not left alone by the others.
        let begin = site.last_refused.max(self.start_at(site)).max(self.gate.paused_until());
        let mut due = |turns: u32, site: &Site| {
            let patience = STRANGER_BELIEVED + TURN.saturating_mul(turns);
            let (helped, until) = self.claims.helped(site.last_from_peers, patience, now);
            let at = helped.max(begin) + site.config.isolation();
            (at, at.min(until))
        };
        // Whose turn it is matters only to those who would lose their patience first.
        let (mut at, mut look_at) = due(0, site);
        if now >= at {
            (at, look_at) = due(turn(site), site);
        }
        if now < at {
            site.wake_at(look_at);
        } else if !site.coverage.has_useful() {
            self.fetch_anything(site, allowance, now);
        }
    }
}

/// Where only strangers are heard of, nodes lose their patience so long one after another: if the strangers lie, the first
/// serves the others; and if the line is only slow, not everybody fetches the same.
const TURN: Duration = Duration::from_secs(10);
/// Turns after which nobody waits any longer, whoever claims to come first.
const TURNS_MAX: u32 = 6;

/// How many connected members lose their patience before me.
fn turn(site: &Site) -> u32 {
    let me = site.entrant(0);
    let before =
        site.members.iter().filter(|member| member.is_connected() && member.entrant(0).is_before(&me));
    u32::try_from(before.count()).unwrap_or(TURNS_MAX).min(TURNS_MAX)
}
