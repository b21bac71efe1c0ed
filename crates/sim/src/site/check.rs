//! What must hold at every step. Cheap rules are asked each time, one host is gone through each so many events, and all
//! at the end. A rule that does not hold ends the run.

use swarmline_scheduler::Account;
use swarmline_types::message::BlockRequest;

use super::Site;
use crate::cast::Kind;
use crate::run::Broken;
use crate::scenario::Behaviour;

/// Answers in the making: what the node lets be at a time, and one slice of an answer that was taken back.
const ANSWERS_MAX: usize = 5;
/// Pieces asked of peers at a time, of one content: the scheduler's most, with the smallest pieces, and probes.
const ASKED_MAX: usize = 256;

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

    /// No unverified byte is served.
    pub(super) fn check_served(&mut self, host: u32, content: usize, block: &BlockRequest) {
        let of = &self.hosts[host as usize];
        if of.part.behaviour != Behaviour::Corrupts && !of.contents[content].truth.has(block.piece) {
            let what = format!("piece {} is served and was never verified", block.piece);
            self.break_off("no unverified byte is served", what, Some(host));
        }
    }

    pub(super) fn check_answers(&mut self, host: u32) {
        let answers = self.hosts[host as usize].uplink.len();
        if answers > ANSWERS_MAX {
            let what = format!("{answers} answers are in the making, and {ANSWERS_MAX} may be");
            self.break_off("everything has a bound", what, Some(host));
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
        self.break_off("a run ends", what, None);
    }

    pub(super) fn check_all(&mut self) {
        (0..self.host_count()).for_each(|host| self.check_host(host));
        self.check_lines();
        self.check_bound();
    }

    fn check_host(&mut self, number: u32) {
        for content in 0..self.frame.contents.len() {
            if let Some((rule, what)) = self.fault_of(number, content) {
                self.break_off(rule, what, Some(number));
            }
        }
    }

    fn fault_of(&self, number: u32, content: usize) -> Option<(&'static str, String)> {
        let host = &self.hosts[number as usize];
        let driven = &host.contents[content];
        let machine = driven.machine.as_ref()?;
        if *machine.have() != driven.truth {
            let (marked, came) = (machine.have().count(), driven.truth.count());
            return Some(("what is marked as had was verified", format!("{marked} are marked, {came} came")));
        }
        if driven.asked.len() > ASKED_MAX {
            let what = format!("{} pieces are asked of peers, and {ASKED_MAX} may be", driven.asked.len());
            return Some(("everything has a bound", what));
        }
        let mut of_machine = Account::default();
        let ledger = machine.ledger()?;
        let accounts = ledger.accounts().map(|(_, account)| account).chain([ledger.others()]);
        accounts.for_each(|account| {
            of_machine.received += account.received;
            of_machine.kept += account.kept;
            of_machine.duplicate += account.duplicate;
            of_machine.failed_hash += account.failed_hash;
            of_machine.cancelled += account.cancelled;
        });
        (of_machine != driven.account).then(|| {
            let what = format!("the machine books {of_machine:?}, and {:?} came", driven.account);
            ("the ledger balances", what)
        })
    }

    /// The line to the origin has not carried more than it can.
    fn check_lines(&mut self) {
        let Some(rate) = self.wan_rate() else { return };
        let most = rate * self.now.as_micros() as f64 / 1e6 + 1.0;
        let sent = self.origin_bytes() as f64;
        if sent > most + 1.0 {
            self.break_off(
                "no line is faster than it is",
                format!("{sent} bytes in the time of {most}"),
                None,
            );
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
                self.break_off("nobody is faster than possible", what, None);
            }
        }
    }
}
