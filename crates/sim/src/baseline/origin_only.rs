//! Everybody alone: one connection, one request after another for what is missing, tried again after a failure.
//!
//! It models what a download tool does that knows of nobody: the origin sends the file as many times as there are
//! machines, and each waits for its share of the line.

use swarmline_scheduler::{Allowance, FetchReason, Input, Policy};
use swarmline_types::{MonoTime, PieceIndex, PieceRange};

use super::Baseline;
use super::desk::Desk;
use crate::strategy::Opening;

/// A machine that asks the origin only.
#[derive(Debug)]
pub(super) struct OriginOnly {
    desk: Desk,
}

impl OriginOnly {
    /// A delay of policy is time for peers to be found. Who looks for none has nothing to wait for.
    pub(super) fn new(mut opening: Opening) -> Self {
        opening.config.policy = Policy::default();
        Self { desk: Desk::new(opening) }
    }

    /// All that is missing up to the first piece that is here, in one request of at most [`REQUEST_MAX`]; everything, where
    /// the origin serves no ranges.
    fn next(&self) -> Option<PieceRange> {
        let desk = &self.desk;
        if desk.is_origin_whole {
            return desk.layout.whole();
        }
        let first = desk.missing().next()?;
        let missing = |piece: &PieceIndex| desk.is_missing(*piece);
        let most = (REQUEST_MAX / u64::from(desk.layout.piece_size())).max(1);
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let count = desk.layout.pieces().skip(first.as_usize()).take(most).take_while(missing).count();
        desk.layout.piece_range(first.get(), u32::try_from(count).expect("no more than the content has"))
    }
}

impl Baseline for OriginOnly {
    fn desk(&self) -> &Desk {
        &self.desk
    }

    fn desk_mut(&mut self) -> &mut Desk {
        &mut self.desk
    }

    fn take_turn(&mut self, input: Input, allowance: &mut dyn Allowance, now: MonoTime) {
        let desk = &mut self.desk;
        desk.begin_turn(now);
        match input {
            Input::Progress { request, received } => desk.on_progress(request, received, now),
            Input::Verified { request, piece, ok } => {
                desk.on_verified(request, piece, ok, allowance, now);
            }
            Input::Failed { request, why } => {
                desk.on_failed(request, why, allowance, now);
            }
            Input::Lost { piece } => desk.on_lost(piece),
            Input::Priority(priority) => desk.on_policy(priority, Policy::default()),
            // It has nobody to hear.
            _ => {}
        }
        desk.complete(allowance);
        if desk.is_fetching()
            && desk.at_origin() == 0
            && desk.is_origin_open(now)
            && let Some(pieces) = self.next()
        {
            self.desk.fetch(pieces, FetchReason::Alone, allowance, now);
        }
        self.desk.judge_hope(false, allowance, now);
        self.desk.end_turn(allowance);
    }
}

/// Bytes of a request, so that hours in which nothing may be fetched begin within a reasonable time.
const REQUEST_MAX: u64 = 64 << 20;
