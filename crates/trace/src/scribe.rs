//! Writes a trace while a driver drives.
//!
//! It never waits: what its [`Sink`] does not take at once is dropped, counted, and said in the trace as soon as there is
//! room. What was dropped leaves no trace in the trace: names and times refer to what was written only.

use std::collections::BTreeMap;

use swarmline_scheduler::{Action, Allowance, Input, RequestId, Source, Surroundings};
use swarmline_types::{ContentId, MonoTime, NodeId};

use crate::bytes::Out;
use crate::encode::{self, kind};
use crate::open::OpenContents;
use crate::record::{Allowed, End, NodeFacts, Opened, Order};
use crate::{AGENT_MAX, ANSWERS_MAX, MAGIC, NAMES_MAX, SLOTS_MAX};

/// Where a trace goes.
pub trait Sink: Send {
    /// Takes some bytes, all or none, and never waits. `false` if there is no room now.
    fn write(&mut self, bytes: &[u8]) -> bool;
}

/// Writes what the machines of one node are told and what they order; or nothing, where nobody traces.
#[derive(Default)]
pub struct Scribe {
    desk: Option<Box<Desk>>,
}

struct Desk {
    sink: Box<dyn Sink>,
    /// Bytes that may still be written, those of the end apart.
    left: u64,
    last: MonoTime,
    names: BTreeMap<NodeId, u32>,
    open: OpenContents,
    next_slot: u32,
    dropped: u64,
}

/// Bytes that the last record and what it says of drops need at most.
const END_BYTES: u64 = 64;

impl Scribe {
    /// Nobody traces.
    pub fn off() -> Self {
        Self::default()
    }

    /// A trace of at most `bytes_max` bytes, whose time begins at zero.
    pub fn new(sink: Box<dyn Sink>, bytes_max: u64, facts: &NodeFacts) -> Self {
        let left = bytes_max.saturating_sub(END_BYTES + MAGIC.len() as u64);
        let mut desk = Desk {
            sink,
            left,
            last: MonoTime::ZERO,
            names: BTreeMap::new(),
            open: OpenContents::default(),
            next_slot: 0,
            dropped: 0,
        };
        let mut facts = facts.clone();
        let fits = |(at, c): &(usize, char)| at + c.len_utf8() <= AGENT_MAX;
        facts.agent = facts.agent.char_indices().take_while(fits).map(|(_, c)| c).collect();
        let is_begun =
            desk.sink.write(&MAGIC) && desk.put(kind::NODE, MonoTime::ZERO, |out| encode::node(out, &facts));
        Self { desk: is_begun.then(|| Box::new(desk)) }
    }

    /// Whether anything is written.
    pub fn is_on(&self) -> bool {
        self.desk.is_some()
    }

    /// A content is driven from now on.
    pub fn opened(&mut self, opened: &Opened, now: MonoTime) {
        let Some(desk) = &mut self.desk else { return };
        // What is said about a slot that could not be written is left out as well.
        let pieces = opened.layout.piece_count();
        let has_room = desk.next_slot < SLOTS_MAX && desk.open.with(&opened.content, pieces).is_ok();
        desk.open.forget(&opened.content);
        if !has_room {
            desk.dropped += 1;
        } else if desk.put(kind::OPENED, now, |out| encode::opened(out, opened)) {
            desk.open.open(opened.content, desk.next_slot, pieces);
            desk.next_slot += 1;
        }
        self.look_at_room();
    }

    /// A machine is told to take back all that is in flight; what it orders then follows.
    pub fn closed(&mut self, content: &ContentId, now: MonoTime) {
        let Some(desk) = &mut self.desk else { return };
        if let Some(slot) = desk.slot(content) {
            desk.put(kind::CLOSED, now, |out| out.number(slot));
            desk.open.close(content);
        }
        self.look_at_room();
    }

    /// Gives a machine an input by way of `handle`, and writes it down with what the node allowed meanwhile.
    pub fn handle(
        &mut self,
        content: &ContentId,
        input: Input,
        allowance: &mut dyn Allowance,
        now: MonoTime,
        handle: impl FnOnce(Input, &mut dyn Allowance),
    ) {
        let Some(desk) = &mut self.desk else { return handle(input, allowance) };
        let slot = desk.slot(content);
        let mut what = Out::default();
        let told = slot.and_then(|_| encode::input(&mut what, &input, &mut |node| desk.name(node, now)));
        let surroundings = allowance.surroundings(now);
        let mut witness = Witness { allowance, answers: Vec::new(), surroundings };
        handle(input, &mut witness);
        let allowed = Allowed { answers: witness.answers, surroundings };
        let is_told = told.is_some() && allowed.answers.len() as u64 <= ANSWERS_MAX;
        match (slot, is_told) {
            (Some(slot), true) => {
                desk.put(kind::INPUT, now, |out| {
                    out.number(slot);
                    encode::allowed(out, &allowed);
                    out.raw(&what.0);
                });
            }
            _ => desk.dropped += 1,
        }
        self.look_at_room();
    }

    /// A machine has ordered something. What it says to others is left out: it follows from the rest.
    pub fn order(&mut self, content: &ContentId, action: &Action, now: MonoTime) {
        let (Some(desk), Some(order)) = (&mut self.desk, Order::of(action)) else { return };
        let mut what = Out::default();
        let told = encode::order(&mut what, order, &mut |node| desk.name(node, now));
        match (desk.slot(content), told) {
            (Some(slot), Some(())) => {
                desk.put(kind::ORDER, now, |out| {
                    out.number(slot);
                    out.raw(&what.0);
                });
            }
            _ => desk.dropped += 1,
        }
        self.look_at_room();
    }

    /// The origin begins to answer a request.
    pub fn answered(&mut self, content: &ContentId, request: RequestId, now: MonoTime) {
        let Some(desk) = &mut self.desk else { return };
        if let Some(slot) = desk.slot(content) {
            desk.put(kind::ANSWERED, now, |out| {
                out.number(slot);
                out.number(request.get());
            });
        }
        self.look_at_room();
    }

    /// The node stops. Nothing is written after that.
    pub fn end(&mut self, now: MonoTime) {
        self.end_as(End::Stopped, now);
    }

    fn end_as(&mut self, end: End, now: MonoTime) {
        if let Some(mut desk) = self.desk.take() {
            desk.left = END_BYTES;
            desk.put(kind::END, now, |out| encode::end(out, end));
        }
    }

    fn look_at_room(&mut self) {
        if let Some(desk) = self.desk.as_ref().filter(|desk| desk.left == 0) {
            let last = desk.last;
            self.end_as(End::Full, last);
        }
    }
}

impl Desk {
    fn slot(&self, content: &ContentId) -> Option<u32> {
        self.open.slot(content)
    }

    /// The number of a node, written down where it is new.
    fn name(&mut self, node: NodeId, now: MonoTime) -> Option<u32> {
        if let Some(name) = self.names.get(&node) {
            return Some(*name);
        }
        let name = u32::try_from(self.names.len()).ok().filter(|name| *name < NAMES_MAX)?;
        if !self.put(kind::NAME, now, |out| out.raw(node.as_bytes())) {
            // Whoever needed the name is dropped too, and counts.
            self.dropped = self.dropped.saturating_sub(1);
            return None;
        }
        self.names.insert(node, name);
        Some(name)
    }

    /// Writes a record, after what has to be said of those before it. `false` if it is dropped.
    fn put(&mut self, kind: u8, now: MonoTime, fields: impl FnOnce(&mut Out)) -> bool {
        let now = now.max(self.last);
        let missing = self.dropped;
        if missing > 0 && self.write(kind::DROPPED, now, |out| out.number(missing)) {
            self.dropped = 0;
        }
        let is_written = self.dropped == 0 && self.write(kind, now, fields);
        self.dropped += u64::from(!is_written);
        is_written
    }

    fn write(&mut self, kind: u8, now: MonoTime, fields: impl FnOnce(&mut Out)) -> bool {
        let mut record = Out::default();
        record.byte(kind);
        record.number(now.as_micros() - self.last.as_micros());
        fields(&mut record);
        let mut framed = Out::default();
        framed.bytes(&record.0);
        let bytes = framed.0.len() as u64;
        if bytes > self.left {
            self.left = 0;
            return false;
        }
        let is_written = self.sink.write(&framed.0);
        if is_written {
            self.last = now;
            self.left -= bytes;
        }
        is_written
    }
}

/// Stands between a machine and its node, and remembers what was allowed.
struct Witness<'a> {
    allowance: &'a mut dyn Allowance,
    answers: Vec<bool>,
    surroundings: Surroundings,
}

impl Allowance for Witness<'_> {
    fn try_start(&mut self, from: Source, bytes: u64, now: MonoTime) -> bool {
        let answer = self.allowance.try_start(from, bytes, now);
        self.answers.push(answer);
        answer
    }

    fn end(&mut self, from: Source, bytes: u64, received: u64) {
        self.allowance.end(from, bytes, received);
    }

    fn keep_line(&mut self, until: MonoTime) {
        self.allowance.keep_line(until);
    }

    fn seek_others(&mut self, is_stranded: bool) {
        self.allowance.seek_others(is_stranded);
    }

    fn surroundings(&self, _now: MonoTime) -> Surroundings {
        self.surroundings
    }
}
