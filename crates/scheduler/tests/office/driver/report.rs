//! What became of an office.

use std::fmt;

use swarmline_scheduler::Stage;
use swarmline_types::Bitfield;

use super::Behaviour;

/// What became of it.
pub(crate) struct Report {
    pub(crate) hosts: Vec<HostReport>,
    pub(crate) origin_bytes: u64,
    pub(crate) origin_requests: u64,
    /// How often that piece was read at the origin that was read most often.
    pub(crate) reads_max: u32,
    pub(crate) content_len: u64,
    pub(crate) bound_s: f64,
    /// A hash over every action of every node, in order.
    pub(crate) trace: u64,
}

pub(crate) struct HostReport {
    pub(crate) behaviour: Behaviour,
    pub(crate) is_alive: bool,
    pub(crate) stage: Stage,
    /// When all that it wanted was there.
    pub(crate) finished_s: Option<f64>,
    pub(crate) have: Bitfield,
    pub(crate) is_needed: bool,
    pub(crate) failed_hash: u64,
    pub(crate) banned_by: usize,
    pub(super) received: u64,
    pub(super) booked: u64,
}

impl Report {
    pub(crate) fn origin_ratio(&self) -> f64 {
        self.origin_bytes as f64 / self.content_len as f64
    }

    pub(crate) fn makespan_ratio(&self) -> f64 {
        let honest = self.hosts.iter().filter(|host| host.behaviour == Behaviour::Honest && host.is_alive);
        honest.filter_map(|host| host.finished_s).fold(0.0, f64::max) / self.bound_s
    }

    pub(crate) fn assert_survivors_have_it(&self) {
        for host in self.hosts.iter().filter(|host| host.is_alive) {
            assert_eq!(host.stage, Stage::Complete, "{self}");
        }
        self.assert_balanced();
    }

    /// Bytes received = kept + duplicate + failed hash + cancelled.
    pub(crate) fn assert_balanced(&self) {
        for host in self.hosts.iter().filter(|host| host.is_alive && host.stage != Stage::Fetching) {
            assert_eq!(host.received, host.booked, "{self}");
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "origin {:.3} x in {} requests, makespan {:.3} x",
            self.origin_ratio(),
            self.origin_requests,
            self.makespan_ratio()
        )?;
        for host in &self.hosts {
            let alive = if host.is_alive { "" } else { " (crashed)" };
            writeln!(f, "  {:?}{alive}: {:?} at {:?} s", host.behaviour, host.stage, host.finished_s)?;
        }
        Ok(())
    }
}
