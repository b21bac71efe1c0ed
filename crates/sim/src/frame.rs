//! What is the same on all sites of a run.

use std::time::Duration;

use swarmline_types::{ContentId, PieceLayout, Priority};

use crate::cast::Cast;
use crate::chance::word;
use crate::scenario::{ContentPlan, Scenario};
use crate::strategy::Strategy;

/// A scenario with a seed and a scheduler, and the names of its contents.
pub(crate) struct Frame<'a> {
    pub(crate) scenario: &'a Scenario,
    pub(crate) strategy: &'a dyn Strategy,
    pub(crate) seed: u64,
    pub(crate) contents: Vec<ContentFacts>,
}

/// A content, as the simulator knows it.
#[derive(Clone, Debug)]
pub(crate) struct ContentFacts {
    pub(crate) id: ContentId,
    pub(crate) layout: PieceLayout,
    pub(crate) priority: Priority,
    pub(crate) start: Duration,
}

impl<'a> Frame<'a> {
    pub(crate) fn new(scenario: &'a Scenario, strategy: &'a dyn Strategy, seed: u64) -> Self {
        let facts = |(plan, at): (&ContentPlan, u64)| {
            let mut id = [0; 32];
            for (part, place) in id.chunks_exact_mut(8).zip(0..) {
                part.copy_from_slice(&word(seed, at << 8 | place, CONTENT_SALT).to_le_bytes());
            }
            ContentFacts {
                id: ContentId::new(id),
                layout: plan.layout().expect("the scenario's check has tried it"),
                priority: plan.priority,
                start: plan.start.0,
            }
        };
        let contents = scenario.content.iter().zip(0..).map(facts).collect();
        Self { scenario, strategy, seed, contents }
    }

    /// About how long the run takes: the longest bound of all kinds of sites.
    pub(crate) fn expected(&self) -> Duration {
        let casts = self.scenario.site.iter().map(|plan| Cast::of(self.scenario, plan, self.seed).bound_s);
        let starts = self.contents.iter().map(|content| content.start).max().unwrap_or_default();
        let longest = Duration::try_from_secs_f64(casts.fold(0.0, f64::max)).unwrap_or(Duration::MAX);
        longest.saturating_add(starts)
    }
}

/// Sets the names of contents apart from everything else.
const CONTENT_SALT: u64 = 0xc027_e270_0000_0001;
