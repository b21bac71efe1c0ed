//! Simulated nodes that write traces, as real ones do: the same scribe, at the same border.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use swarmline_scheduler::{Action, Allowance, FetchReason, Input, Ledger, RequestId, Stage};
use swarmline_trace::{NodeFacts, Opened, Scribe, Sink};
use swarmline_types::{Bitfield, ContentId, MonoTime, NodeId};

use crate::outcome::Why;
use crate::strategy::{Machine, Opening, Strategy};

/// A strategy of which each node writes a trace. A node that comes back goes on with its trace.
pub struct Traced<'a> {
    of: &'a dyn Strategy,
    bytes_max: u64,
    nodes: Mutex<BTreeMap<NodeId, Kept>>,
}

/// The trace of one node.
#[derive(Clone)]
struct Kept {
    bytes: Arc<Mutex<Vec<u8>>>,
    scribe: Arc<Mutex<Scribe>>,
}

struct Memory(Arc<Mutex<Vec<u8>>>);

impl Sink for Memory {
    fn write(&mut self, bytes: &[u8]) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        true
    }
}

impl<'a> Traced<'a> {
    /// Traces of at most `bytes_max` bytes each.
    pub fn new(of: &'a dyn Strategy, bytes_max: u64) -> Self {
        Self { of, bytes_max, nodes: Mutex::new(BTreeMap::new()) }
    }

    /// The traces so far, by node.
    pub fn traces(&self) -> Vec<(NodeId, Vec<u8>)> {
        let nodes = self.nodes.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = |kept: &Kept| kept.bytes.lock().unwrap_or_else(PoisonError::into_inner).clone();
        nodes.iter().map(|(node, kept)| (*node, bytes(kept))).collect()
    }

    fn scribe_of(&self, opening: &Opening) -> Arc<Mutex<Scribe>> {
        let mut nodes = self.nodes.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = nodes.entry(opening.me).or_insert_with(|| {
            let bytes = Arc::new(Mutex::new(Vec::new()));
            let facts = NodeFacts {
                node: opening.me,
                class: opening.config.class,
                agent: concat!("swarmline-sim/", env!("CARGO_PKG_VERSION")).into(),
                zero_unix_ms: 0,
                download_rate: None,
                upload_rate: None,
            };
            let scribe = Scribe::new(Box::new(Memory(Arc::clone(&bytes))), self.bytes_max, &facts);
            Kept { bytes, scribe: Arc::new(Mutex::new(scribe)) }
        });
        Arc::clone(&kept.scribe)
    }
}

impl Strategy for Traced<'_> {
    fn name(&self) -> &str {
        self.of.name()
    }

    fn why(&self, told: Option<FetchReason>) -> Why {
        self.of.why(told)
    }

    fn connections(&self) -> Option<u32> {
        self.of.connections()
    }

    fn open(&self, opening: Opening) -> Box<dyn Machine> {
        let scribe = self.scribe_of(&opening);
        let Opening { content, now, .. } = opening;
        let opened = Opened {
            config: opening.config.clone(),
            content,
            layout: opening.layout,
            have: opening.have.clone(),
            seed: opening.seed,
        };
        scribe.lock().unwrap_or_else(PoisonError::into_inner).opened(&opened, now);
        Box::new(Heard { machine: self.of.open(opening), scribe, content, now })
    }
}

/// A machine whose inputs and orders are written down.
struct Heard {
    machine: Box<dyn Machine>,
    scribe: Arc<Mutex<Scribe>>,
    content: ContentId,
    /// Of the last input.
    now: MonoTime,
}

impl Machine for Heard {
    fn handle(&mut self, input: Input, allowance: &mut dyn Allowance, now: MonoTime) {
        self.now = now;
        let (machine, mut scribe) =
            (&mut self.machine, self.scribe.lock().unwrap_or_else(PoisonError::into_inner));
        scribe.handle(&self.content, input, allowance, now, |input, allowance| {
            machine.handle(input, allowance, now);
        });
    }

    fn poll_action(&mut self) -> Option<Action> {
        let action = self.machine.poll_action()?;
        self.scribe.lock().unwrap_or_else(PoisonError::into_inner).order(&self.content, &action, self.now);
        Some(action)
    }

    fn is_drained(&self) -> bool {
        self.machine.is_drained()
    }

    fn poll_timeout(&self) -> Option<MonoTime> {
        self.machine.poll_timeout()
    }

    fn stage(&self) -> Stage {
        self.machine.stage()
    }

    fn have(&self) -> &Bitfield {
        self.machine.have()
    }

    fn ledger(&self) -> Option<&Ledger> {
        self.machine.ledger()
    }

    fn is_in_flight(&self, request: RequestId) -> bool {
        self.machine.is_in_flight(request)
    }

    fn claimed_runs(&self) -> usize {
        self.machine.claimed_runs()
    }

    fn member_count(&self) -> usize {
        self.machine.member_count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::nasty;
    use crate::{Options, Production, Scenario, Unwatched, run, run_with};

    /// Traces a run, and gives what each node was told to a new machine.
    fn assert_the_same_again(scenario: &Scenario, seed: u64) {
        let traced = Traced::new(&Production, 64 << 20);
        let options = Options { strategy: &traced, ..Options::seeded(seed) };
        let outcome = run_with(scenario, options, &mut Unwatched).unwrap();
        let as_usual = run(scenario, seed, &mut Unwatched).unwrap();
        assert_eq!(outcome.total, as_usual.total, "{} {seed}: watching changes nothing", scenario.name);
        let traces = traced.traces();
        assert!(!traces.is_empty());
        for (node, bytes) in traces {
            let told = swarmline_trace::again::again(&bytes).unwrap();
            assert!(told.is_same(), "{} {seed} {node}: {told:?}", scenario.name);
        }
    }

    #[test]
    fn what_simulated_nodes_were_told_gives_the_same_orders_again() {
        for (text, seed) in [
            ("content.size = '8MiB'\nsite.peers = 4", 1),
            ("content.size = '6MiB'\ncontent.piece = '64KiB'\nsite.peers = 6", 2),
            ("content.size = '4MiB'\nsite.peers = 70\nsite.wan = '50mbit'", 4),
        ] {
            assert_the_same_again(&Scenario::parse(text).unwrap(), seed);
        }
    }

    #[test]
    fn whatever_happened_gives_the_same_orders_again() {
        (0..24).for_each(|seed| assert_the_same_again(&nasty(seed), seed));
    }
}
