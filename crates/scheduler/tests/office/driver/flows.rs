//! Bytes on their way: from the origin over the WAN, and from node to node.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use swarmline_scheduler::{Failure, Input, NodeInput, RequestId};
use swarmline_types::MonoTime;

use super::{Behaviour, Fetch, Mail, OriginBehaviour, STEP, World};

impl World {
    /// Exact processor sharing of the WAN, in steps.
    pub(super) fn flow_wan(&mut self) {
        match self.office.origin {
            OriginBehaviour::Missing => return self.fail_fetches(Failure::Fatal),
            OriginBehaviour::Overloaded { until_ms } if self.now < MonoTime::from_millis(until_ms) => {
                let retry_after = Some(Duration::from_secs(3));
                return self.fail_fetches(Failure::Transient { retry_after });
            }
            OriginBehaviour::NoRanges => self.fail_ranges(),
            _ => {}
        }
        let started = |fetch: &Fetch| fetch.starts_at <= self.now;
        let active: Vec<_> = self
            .hosts
            .iter()
            .enumerate()
            .flat_map(|(n, host)| {
                host.fetches.iter().filter(|(_, f)| started(f)).map(move |(id, _)| (n, *id))
            })
            .collect();
        let starves = |number: usize, request: RequestId| {
            let mut hasher = DefaultHasher::new();
            (self.office.seed, number, request.get()).hash(&mut hasher);
            self.office.starving.is_some_and(|one_in| hasher.finish().is_multiple_of(one_in))
        };
        let weights: Vec<_> = active.iter().map(|(n, id)| if starves(*n, *id) { 1 } else { 20 }).collect();
        let all: u64 = weights.iter().sum();
        for ((number, request), weight) in active.into_iter().zip(weights) {
            self.flow_fetch(number, request, self.wan_step() * weight / all);
        }
    }

    pub(super) fn wan_step(&self) -> u64 {
        self.office.wan_bytes_per_s * STEP.as_millis() as u64 / 1000
    }

    pub(super) fn fail_fetches(&mut self, why: Failure) {
        for number in 0..self.hosts.len() {
            let due = |(_, fetch): &(&RequestId, &Fetch)| fetch.starts_at <= self.now;
            let failed: Vec<_> = self.hosts[number].fetches.iter().filter(due).map(|(id, _)| *id).collect();
            for request in failed {
                self.hosts[number].fetches.remove(&request);
                self.input(number, Input::Failed { request, why });
            }
        }
    }

    pub(super) fn fail_ranges(&mut self) {
        let whole = self.layout.whole();
        for number in 0..self.hosts.len() {
            let partial = |(_, fetch): &(&RequestId, &Fetch)| {
                Some(fetch.pieces) != whole && fetch.starts_at <= self.now
            };
            let failed: Vec<_> =
                self.hosts[number].fetches.iter().filter(partial).map(|(id, _)| *id).collect();
            for request in failed {
                self.hosts[number].fetches.remove(&request);
                self.input(number, Input::Failed { request, why: Failure::NoRanges });
            }
        }
    }

    pub(super) fn flow_fetch(&mut self, number: usize, request: RequestId, share: u64) {
        let is_honest = self.hosts[number].behaviour == Behaviour::Honest;
        let Some(fetch) = self.hosts[number].fetches.get_mut(&request) else { return };
        let size = self.layout.span(fetch.pieces).size();
        let new = share.min(size - fetch.received);
        fetch.received += new;
        if is_honest {
            self.origin_bytes += new;
        }
        let (received, pieces) = (fetch.received, fetch.pieces);
        self.input(number, Input::Progress { request, received });
        loop {
            let Some(fetch) = self.hosts[number].fetches.get_mut(&request) else { return };
            let Some(piece) = pieces.pieces().nth(fetch.verified as usize) else { break };
            let end = self.layout.range_of(piece).end() - self.layout.span(pieces).start();
            if received < end {
                return;
            }
            fetch.verified += 1;
            self.reads[piece.as_usize()] += 1;
            let ok = self.office.origin != OriginBehaviour::WrongBytes;
            self.input(number, Input::Verified { request, piece, ok });
        }
        self.hosts[number].fetches.remove(&request);
    }

    pub(super) fn flow_lan(&mut self) {
        let step = self.office.lan_bytes_per_s * STEP.as_millis() as u64 / 1000;
        for from in 0..self.hosts.len() {
            let mut budget = if self.hosts[from].is_alive { step } else { 0 };
            while budget > 0
                && let Some(sending) = self.hosts[from].sending.front_mut()
            {
                let new = budget.min(sending.left);
                sending.left -= new;
                budget -= new;
                let received = u64::from(sending.block.size) - sending.left;
                let (request, piece, to) = (sending.block.request, sending.block.piece, sending.to);
                let is_last = sending.left == 0;
                let ticket = sending.ticket;
                let mail = Mail::Bytes { from, request, piece, received, is_last };
                self.mail.push_back((self.now + STEP, to, mail));
                if is_last {
                    self.hosts[from].sending.pop_front();
                    self.node_input(from, NodeInput::Served { ticket });
                }
            }
        }
    }
}
