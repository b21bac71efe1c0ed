//! How far a content is, and when there is nobody left to wait for.

use swarmline_types::{MonoTime, PieceIndex, Wanted};

use super::Content;
use crate::action::{Action, GiveUp};
use crate::allowance::Allowance;
use crate::config::STRANDED_AFTER;
use crate::coverage::Coverage;
use crate::peers::Peer;
use crate::site::Site;

/// How far a content is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Stage {
    /// Pieces that are wanted are missing.
    Fetching,
    /// Every piece that is wanted is here, and others are not. More may be wanted later.
    Satisfied,
    /// Every piece is here.
    Complete,
    /// Given up.
    Failed(GiveUp),
}

impl Stage {
    pub(super) fn of(coverage: &Coverage) -> Self {
        match coverage.is_satisfied() {
            _ if coverage.have().is_all() => Self::Complete,
            true => Self::Satisfied,
            false => Self::Fetching,
        }
    }

    /// Whether nothing is fetched because nothing is lacking.
    pub fn is_satisfied(self) -> bool {
        matches!(self, Self::Satisfied | Self::Complete)
    }
}

impl Content {
    /// Whether all is here that is wanted, or all there is.
    pub(super) fn judge_stage(&mut self, allowance: &mut dyn Allowance, now: MonoTime) {
        let (before, stage) = (self.stage, Stage::of(&self.site.coverage));
        let order = match (before, stage) {
            (Stage::Fetching, Stage::Satisfied) => Action::Satisfied,
            (Stage::Fetching | Stage::Satisfied, Stage::Complete) => Action::Completed,
            _ => return,
        };
        self.stage = stage;
        self.lane.stand_down(&mut self.site, allowance);
        self.announcer.on_satisfied(now);
        self.site.actions.push_back(order);
    }

    /// More is wanted. What was satisfied begins anew, as patient as at first.
    pub(super) fn on_want(&mut self, wanted: &Wanted, now: MonoTime) {
        let is_over = matches!(self.stage, Stage::Failed(_));
        if is_over || !self.site.coverage.want(wanted) {
            return;
        }
        self.announcer.on_want(&mut self.site);
        self.lane.begin_anew();
        if self.stage == Stage::Satisfied {
            self.stage = Stage::of(&self.site.coverage);
            (self.site.last_received, self.site.last_from_peers, self.last_news) = (now, now, now);
        }
    }

    pub(super) fn on_lost(&mut self, piece: PieceIndex, now: MonoTime) {
        if self.site.coverage.lose(piece) {
            self.lane.begin_anew();
            self.announcer.on_lost(piece, now);
        }
    }

    /// Whether neither an origin nor a peer gives what is lacking, and nothing was heard for a moment.
    pub(super) fn is_stranded(&mut self, now: MonoTime) -> bool {
        if self.stage != Stage::Fetching || !self.lane.gate.is_closed() {
            return false;
        }
        let from = self.lane.heard(&self.site).max(self.last_news) + STRANDED_AFTER;
        if now < from {
            self.site.wake_at(from);
            return false;
        }
        !is_offered(&self.site)
    }

    /// Whether there is still somebody to wait for.
    pub(super) fn judge_hope(&mut self, allowance: &mut dyn Allowance, now: MonoTime) {
        let site = &mut self.site;
        let heard = self.lane.heard(site).max(self.lane.start_at(site)).max(site.last_refused);
        let patience = heard.max(self.lane.gate.asked_to_wait_until()) + site.config.no_progress_timeout;
        let grace = heard.max(self.last_news) + site.config.orphan_grace;
        if now < grace.min(patience) {
            return site.wake_at(if self.lane.gate.is_closed() { grace.min(patience) } else { patience });
        }
        let orphaned = self.lane.gate.is_closed() && !is_offered(site);
        if !orphaned && now < patience {
            return site.wake_at(patience);
        }
        let why = match (orphaned, self.mismatch) {
            (true, Some(piece)) => GiveUp::Mismatch { piece },
            (true, None) => GiveUp::NoSource,
            (false, _) => GiveUp::NoProgress,
        };
        self.abandon(allowance);
        self.stage = Stage::Failed(why);
        self.site.actions.push_back(Action::GiveUp(why));
    }
}

/// Whether a peer says to have something that is lacking.
fn is_offered(site: &Site) -> bool {
    let offers = |peer: &Peer| peer.bitmap().pieces().any(|piece| site.coverage.lacks(piece));
    // What the coverage knows spares a walk through every bitmap.
    site.coverage.has_useful() || site.peers.iter().any(|(_, peer)| offers(peer))
}
