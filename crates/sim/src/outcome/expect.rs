//! Whether a run came out as its scenario expects.

use std::fmt;

use super::Outcome;
use crate::scenario::Expect;

/// A figure that is not as expected.
#[derive(Clone, Debug, PartialEq)]
pub struct Miss {
    /// Which, as the scenario calls its bound.
    pub bound: &'static str,
    /// What it may be at most.
    pub most: f64,
    /// What it is.
    pub is: f64,
}

impl fmt::Display for Miss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is {}, and the run has {:.4}", self.bound, self.most, self.is)
    }
}

impl Expect {
    /// What of an outcome is not as expected; empty if all is.
    pub fn judge(&self, outcome: &Outcome) -> Vec<Miss> {
        let figures = &outcome.total;
        let pieces = outcome.contents.iter().map(|content| u64::from(content.pieces)).sum();
        let [have, requests] = [figures.messages.have, figures.messages.requests]
            .map(|count| figures.per_peer_and_piece(count, pieces));
        let bounds = [
            ("makespan_max", self.makespan_max, figures.makespan),
            (
                "over_bound_max",
                self.over_bound_max.map(|span| span.0.as_secs_f64()),
                figures.makespan_s - figures.bound_s,
            ),
            ("mean_max", self.mean_max, figures.mean),
            ("origin_max", self.origin_max, figures.origin),
            ("duplicate_max", self.duplicate_max, figures.duplicate),
            ("bad_max", self.bad_max, figures.bad),
            ("have_max", self.have_max, have),
            ("requests_max", self.requests_max, requests),
            ("upload_spread_max", self.upload_spread_max, figures.upload_spread),
            ("unfinished_max", Some(f64::from(self.unfinished_max)), f64::from(figures.unfinished)),
        ];
        let missed = bounds.into_iter().filter_map(|(bound, most, is)| {
            let most = most.filter(|most| is > *most)?;
            Some(Miss { bound, most, is })
        });
        missed.collect()
    }
}
