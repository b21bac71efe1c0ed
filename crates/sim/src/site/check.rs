//! What must hold at every step. A rule that does not hold ends the run.
//!
//! After each event: whatever may be held at a time, of each host that the event touched; and its books, what it has and
//! whether it says so, of each content of which a piece was judged or a request ended. As it happens: what is served, and
//! who says to have all. Only now and then, one host after another, and at the end: what takes long, and whatever else
//! could have changed unseen.

mod rules;

use swarmline_scheduler::NodeConfig;
use swarmline_types::message::BlockRequest;

use super::Site;
use crate::cast::Kind;
use crate::frame::Frame;
use crate::run::Broken;
use crate::scenario::Behaviour;
use rules::Fault;

/// What a node may hold at a time, as far as the scenario or the strategy says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub(super) connections: usize,
    pub(super) buffer_bytes: u64,
    pub(super) origin_requests: usize,
}

impl Bounds {
    pub(super) fn of(frame: &Frame<'_>) -> Self {
        let (plan, usual) = (&frame.scenario.scheduler, NodeConfig::default());
        let connections = plan.connections_max.or(frame.strategy.connections());
        Self {
            connections: connections.map_or(usual.connections_max, |most| most as usize),
            buffer_bytes: plan.buffer_bytes_max.map_or(usual.buffer_bytes_max, |most| most.0),
            origin_requests: usual.origin_requests_max,
        }
    }
}

impl Site<'_> {
    pub(super) fn break_off(&mut self, rule: &'static str, what: String, peer: Option<u32>) {
        self.broken.get_or_insert(Broken::Invariant {
            rule,
            what,
            seed: self.frame.seed,
            site: self.number,
            peer,
            at: self.now,
            events: self.events,
        });
    }

    fn note(&mut self, fault: Option<Fault>, host: u32) {
        if let Some((rule, what)) = fault {
            self.break_off(rule, what, Some(host));
        }
    }

    /// No unverified byte is served.
    pub(super) fn check_served(&mut self, host: u32, content: usize, block: &BlockRequest) {
        let of = &self.hosts[host as usize];
        if of.part.behaviour != Behaviour::Corrupts && !of.contents[content].truth.has(block.piece) {
            let what = format!("piece {} is served and was never verified", block.piece);
            self.break_off(rules::SERVED, what, Some(host));
        }
    }

    /// A machine says that all it wants is there: `false` if that is not so. It is not taken at its word, since whoever
    /// is said to be done counts as done.
    pub(super) fn check_finished(&mut self, host: u32, content: usize) -> bool {
        let fault = rules::finished(&self.hosts[host as usize].contents[content]);
        let is_so = fault.is_none();
        self.note(fault, host);
        is_so
    }

    /// At the end of each event.
    pub(super) fn check_touched(&mut self) {
        while let Some(number) = self.touched.pop() {
            let host = &self.hosts[number as usize];
            let moved = host.contents.iter().filter(|content| content.is_moved);
            let fault =
                rules::bounded(host, &self.bounds).or_else(|| moved.into_iter().find_map(rules::driven));
            self.note(fault, number);
            let host = self.host(number);
            host.is_touched = false;
            host.contents.iter_mut().for_each(|content| content.is_moved = false);
        }
    }

    /// Goes through one host, each time another.
    pub(super) fn check_one(&mut self) {
        let every = u64::from(self.frame.scenario.check.every.max(1));
        let turn = (self.events / every) % u64::from(self.host_count().max(1));
        if let Ok(host) = u32::try_from(turn) {
            self.check_host(host);
        }
        self.check_lines();
    }

    /// The site has had more events than it may.
    pub(super) fn break_endless(&mut self) {
        let most = self.frame.scenario.check.events_max;
        let what = format!("check.events_max allows {most} of a site; raise it if the run is only long");
        self.break_off(rules::ENDS, what, None);
    }

    pub(super) fn check_all(&mut self) {
        (0..self.host_count()).for_each(|host| self.check_host(host));
        self.check_lines();
        self.check_bound();
    }

    fn check_host(&mut self, number: u32) {
        let host = &self.hosts[number as usize];
        let of_content = |driven| rules::driven(driven).or_else(|| rules::booked(driven));
        let fault = rules::bounded(host, &self.bounds).or_else(|| host.contents.iter().find_map(of_content));
        self.note(fault, number);
    }

    /// The line to the origin has not carried more than it can.
    fn check_lines(&mut self) {
        let Some(rate) = self.wan_rate() else { return };
        let most = rate * self.now.as_micros() as f64 / 1e6 + 1.0;
        let sent = self.origin_bytes() as f64;
        if sent > most + 1.0 {
            self.break_off(rules::LINES, format!("{sent} bytes in the time of {most}"), None);
        }
    }

    /// Nobody is faster than possible: the lines of the model would be wrong.
    fn check_bound(&mut self) {
        let counting = || self.hosts.iter().filter(|host| host.part.counts());
        let stays = counting().all(|host| host.part.ends.is_none() && host.done.is_some());
        // Caches and liars may have fetched before the first that counts came.
        let fetches = |host: &&crate::host::Host| host.part.kind != Kind::Holder;
        let first = self.hosts.iter().filter(fetches).map(|host| host.part.arrives).min();
        let last = counting().filter_map(|host| host.done).max();
        if let (true, Some(first), Some(last)) = (stays, first, last) {
            let took = last.since(first).as_secs_f64();
            if took < self.bound_s * (1.0 - 1e-6) - 1e-4 {
                let what = format!("all were done after {took} s, and {} s is the least", self.bound_s);
                self.break_off(rules::FASTEST, what, None);
            }
        }
    }
}
