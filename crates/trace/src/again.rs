//! The same facts to new machines: do they order the same?
//!
//! They do, as long as the program is the one that wrote the trace and nothing was dropped. So a trace shows a fault as
//! often as one likes, and a program that decides otherwise shows where it first does.

use std::collections::{BTreeMap, VecDeque};

use swarmline_scheduler::{Allowance, Content, Source, Surroundings};
use swarmline_types::{ContentId, MonoTime};

use crate::error::ReadError;
use crate::reader::Reader;
use crate::record::{Allowed, End, Order, Record, Slot};

/// What came of it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Again {
    /// Facts that the machines were given.
    pub inputs: u64,
    /// Orders that were the same.
    pub orders: u64,
    /// The first that was not; machines are compared up to there.
    pub difference: Option<Difference>,
    /// Records that are missing. From the first on nothing is compared.
    pub dropped: u64,
}

/// Where a machine decided otherwise than it did.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Difference {
    /// When.
    pub at: MonoTime,
    /// What the trace says; `None` for nothing.
    pub then: Option<Order>,
    /// What it orders now.
    pub now: Option<Order>,
}

impl Again {
    /// Whether every order is the one of the trace.
    pub fn is_same(&self) -> bool {
        self.difference.is_none() && self.dropped == 0
    }
}

/// Gives the facts of a trace to new machines.
///
/// # Errors
/// When the trace cannot be read.
pub fn again(bytes: &[u8]) -> Result<Again, ReadError> {
    let mut reader = Reader::new(bytes)?;
    let me = reader.node().node;
    let mut machines: BTreeMap<Slot, Driven> = BTreeMap::new();
    let mut told = Again::default();
    while let Some((now, record)) = reader.next_record()? {
        match record {
            Record::Opened { slot, opened } => {
                // An earlier opening of the same content has said all it had to.
                machines.retain(|_, driven| driven.content != opened.content);
                let (content, seed) = (opened.content, opened.seed);
                let machine =
                    Content::new(opened.config, opened.content, opened.layout, opened.have, me, seed, now);
                machines.insert(slot, Driven { content, machine: Some(machine), ordered: VecDeque::new() });
            }
            Record::Input { slot, allowed, input } => {
                if let Some(driven) = machines.get_mut(&slot) {
                    told.inputs += 1;
                    driven.tell(allowed, |machine, answers| machine.handle(*input, answers, now));
                }
            }
            Record::Closed { slot } => {
                if let Some(driven) = machines.get_mut(&slot) {
                    driven.tell(Allowed::default(), |machine, answers| machine.abandon(answers));
                    driven.machine = None;
                }
            }
            Record::Order { slot, order } => {
                let now_ordered = machines.get_mut(&slot).and_then(|driven| driven.ordered.pop_front());
                if now_ordered != Some(order) {
                    told.difference = Some(Difference { at: now, then: Some(order), now: now_ordered });
                    return Ok(told);
                }
                told.orders += 1;
            }
            Record::Dropped { .. } => break,
            Record::Answered { .. } | Record::End(_) => {}
        }
    }
    told.dropped = reader.dropped();
    // What was cut off or missed may have held the rest.
    if reader.end() == Some(End::Stopped) && told.dropped == 0 {
        let more = machines.values().find_map(|driven| driven.ordered.front());
        told.difference = more.map(|order| Difference { at: MonoTime::NEVER, then: None, now: Some(*order) });
    }
    Ok(told)
}

/// A machine, and what it ordered that the trace has not told yet.
struct Driven {
    content: ContentId,
    /// While it is driven.
    machine: Option<Content>,
    ordered: VecDeque<Order>,
}

impl Driven {
    fn tell(&mut self, allowed: Allowed, tell: impl FnOnce(&mut Content, &mut dyn Allowance)) {
        let Some(machine) = &mut self.machine else { return };
        let Allowed { answers, surroundings } = allowed;
        tell(machine, &mut Answers { answers: answers.into(), surroundings });
        while let Some(action) = machine.poll_action() {
            self.ordered.extend(Order::of(&action));
        }
    }
}

/// Says what the node said then. A question that was not put then is refused.
struct Answers {
    answers: VecDeque<bool>,
    surroundings: Surroundings,
}

impl Allowance for Answers {
    fn try_start(&mut self, _: Source, _: u64, _: MonoTime) -> bool {
        self.answers.pop_front().unwrap_or(false)
    }

    fn end(&mut self, _: Source, _: u64, _: u64) {}

    fn surroundings(&self, _now: MonoTime) -> Surroundings {
        self.surroundings
    }
}
