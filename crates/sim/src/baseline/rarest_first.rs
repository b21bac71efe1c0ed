//! BitTorrent with the origin as web seed: rarest pieces first among peers, and beside it each peer fetches missing pieces
//! from the origin, one at a time: a random one of those that the fewest peers have.
//!
//! It models clients that take the URL of a torrent as one more seed. Nobody knows what others fetch from there, so in a
//! flash crowd many fetch the same: the fewer pieces are left and the more peers there are, the more. Real clients do
//! worse than this one, which asks for the next piece only when it has heard what others got in that moment.

use std::time::Duration;

use rand::RngExt;
use swarmline_scheduler::{Allowance, FetchReason, Input};
use swarmline_types::{MonoTime, PieceIndex, PieceRange};

use super::Baseline;
use super::desk::Desk;
use super::exchange::{Exchange, Order};
use crate::strategy::Opening;

/// A machine that pulls rare pieces from peers and random ones from the origin.
#[derive(Debug)]
pub(super) struct RarestFirst {
    desk: Desk,
    exchange: Exchange,
    /// When the next piece is asked of the origin at the earliest.
    listens_until: MonoTime,
}

impl RarestFirst {
    pub(super) fn new(opening: Opening) -> Self {
        let listens_until = opening.now;
        let desk = Desk::new(opening);
        let exchange = Exchange::new(&desk, Order::RarestFirst);
        Self { desk, exchange, listens_until }
    }

    /// A random one of the rarest pieces that are missing and not asked of anybody.
    fn next(&mut self) -> Option<PieceRange> {
        if self.desk.is_origin_whole {
            return self.desk.layout.whole();
        }
        let holders = |piece: &PieceIndex| self.exchange.neighbours.holders(*piece);
        let open: Vec<_> = self.desk.missing().filter(|piece| self.desk.is_open(*piece)).collect();
        let fewest = open.iter().map(holders).min()?;
        let rarest: Vec<_> = open.into_iter().filter(|piece| holders(piece) == fewest).collect();
        Some(PieceRange::one(rarest[self.desk.rng.random_range(0..rarest.len())]))
    }

    fn ask_origin(&mut self, allowance: &mut dyn Allowance, now: MonoTime) {
        if !self.desk.is_fetching()
            || self.desk.at_origin() >= AT_ORIGIN_MAX
            || !self.desk.is_origin_open(now)
        {
            return;
        }
        if now < self.listens_until {
            return self.desk.wake_at(self.listens_until);
        }
        if let Some(pieces) = self.next() {
            self.desk.fetch(pieces, FetchReason::Alone, allowance, now);
        }
    }
}

impl Baseline for RarestFirst {
    fn desk(&self) -> &Desk {
        &self.desk
    }

    fn desk_mut(&mut self) -> &mut Desk {
        &mut self.desk
    }

    fn take_turn(&mut self, input: Input, allowance: &mut dyn Allowance, now: MonoTime) {
        if self.exchange.is_old_news(&input, &self.desk) {
            return;
        }
        self.desk.begin_turn(now);
        let at_origin = self.desk.at_origin();
        self.exchange.take_in(input, &mut self.desk, allowance, now);
        if self.desk.at_origin() < at_origin {
            self.listens_until = now + LISTENS;
        }
        self.exchange.pull(&mut self.desk, allowance, now);
        self.ask_origin(allowance, now);
        let offers = self.exchange.offers(&self.desk);
        self.desk.judge_hope(offers, allowance, now);
        self.desk.end_turn(allowance);
    }
}

/// Requests to the origin at a time: one connection, as a web seed has.
const AT_ORIGIN_MAX: usize = 1;
/// How long it listens to what others got before it asks the origin again.
const LISTENS: Duration = Duration::from_millis(10);
