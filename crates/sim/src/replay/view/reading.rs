//! From records to a view: follows contents, requests, claims and bitmaps, and keeps what came of them.

use std::collections::BTreeMap;

use swarmline_scheduler::{Failure, FetchReason, Input, RequestId, Source};
use swarmline_trace::{End, Opened, Order, ReadError, Reader, Record, Slot};
use swarmline_types::message::{LaneMessage, Word};
use swarmline_types::{Bitfield, CapacityClass, ContentId, MonoTime, NodeId, PieceLayout, PieceRange};

use super::{Delays, Fetch, Member, OriginError, Seen, Share, Transfer, View};
use crate::replay::flow::Flow;

/// Members that are remembered of one trace; later ones are passed over.
const MEMBERS_MAX: usize = 4096;
/// Bytes of bitfields that are kept, to learn when others have all.
const BITS_MAX: usize = 64 << 20;
/// Claims of others that are followed at a time, and requests of one content.
const CLAIMS_MAX: usize = 4096;
/// Entries of each list that grows with the trace; what comes later is left out.
const LIST_MAX: usize = 1 << 20;

/// A request that is not over.
#[derive(Debug)]
struct Open {
    from: Source,
    pieces: PieceRange,
    begun: MonoTime,
    last: MonoTime,
    received: u64,
    judged: u32,
    /// Its place in the list of fetches.
    fetch: usize,
}

/// A content that is driven.
#[derive(Debug)]
struct Driven {
    content: ContentId,
    opened: MonoTime,
    layout: PieceLayout,
    open: BTreeMap<RequestId, Open>,
    whys: BTreeMap<RequestId, FetchReason>,
    bits: BTreeMap<NodeId, Bitfield>,
    /// Claims of others: since when nothing more was told, and bytes.
    claims: BTreeMap<(NodeId, PieceRange), (MonoTime, u64)>,
}

struct Reading {
    view: View,
    slots: BTreeMap<Slot, Driven>,
    bits_left: usize,
    me: NodeId,
}

impl View {
    /// Reads a trace from beginning to end.
    pub(in crate::replay) fn read(bytes: &[u8]) -> Result<Self, ReadError> {
        let mut reader = Reader::new(bytes)?;
        let facts = reader.node().clone();
        let me = facts.node;
        let view = Self {
            facts,
            members: BTreeMap::new(),
            contents: BTreeMap::new(),
            fetches: Vec::new(),
            transfers: Vec::new(),
            heard: BTreeMap::new(),
            errors: Vec::new(),
            config: None,
            delays: Delays::default(),
            dropped: 0,
            ends: MonoTime::ZERO,
            is_stopped: false,
        };
        let mut reading = Reading { view, slots: BTreeMap::new(), bits_left: BITS_MAX, me };
        while let Some((now, record)) = reader.next_record()? {
            reading.view.ends = now;
            reading.take(record, now);
        }
        reading.view.dropped = reader.dropped();
        reading.view.is_stopped = reader.end() == Some(End::Stopped);
        Ok(reading.view)
    }
}

impl Reading {
    fn take(&mut self, record: Record, now: MonoTime) {
        match record {
            Record::Opened { slot, opened } => self.opened(slot, *opened, now),
            Record::Closed { slot } => _ = self.slots.remove(&slot),
            Record::Input { slot, input, .. } => self.input(slot, *input, now),
            Record::Order { slot, order } => self.order(slot, order, now),
            Record::Answered { slot, request } => {
                let open = self.slots.get(&slot).and_then(|driven| driven.open.get(&request));
                if let Some(fetch) = open.and_then(|open| self.view.fetches.get_mut(open.fetch)) {
                    fetch.answered.get_or_insert(now);
                }
            }
            Record::Dropped { .. } | Record::End(_) => {}
        }
    }

    fn opened(&mut self, slot: Slot, opened: Opened, now: MonoTime) {
        let Opened { config, content, layout, have, .. } = opened;
        self.view.config.get_or_insert_with(|| config.clone());
        self.view.delays = Delays::of(config.policy, now);
        let is_complete = have.is_all();
        let wanted = config.wanted.clone();
        let seen = Seen { layout, config: config.clone(), is_fetched: false };
        let known = self.view.contents.entry(content).or_insert(seen);
        known.config = config;
        let (me, class) = (self.me, self.view.facts.class);
        if let Some(member) = self.member(me, class, now) {
            let share = member.of.entry(content).or_insert(Share { begun: now, ..Share::default() });
            share.had.get_or_insert(part(&have));
            share.wanted = wanted;
            share.complete = share.complete.or(is_complete.then_some(now));
        }
        let driven = Driven {
            content,
            opened: now,
            layout,
            open: BTreeMap::new(),
            whys: BTreeMap::new(),
            bits: BTreeMap::new(),
            claims: BTreeMap::new(),
        };
        self.slots.retain(|_, other| other.content != content);
        self.slots.insert(slot, driven);
    }

    fn member(&mut self, node: NodeId, class: CapacityClass, now: MonoTime) -> Option<&mut Member> {
        let members = &mut self.view.members;
        if !members.contains_key(&node) && members.len() >= MEMBERS_MAX {
            return None;
        }
        let fresh = Member { class, came: now, went: None, sent_bad: false, of: BTreeMap::new() };
        Some(members.entry(node).or_insert(fresh))
    }

    fn input(&mut self, slot: Slot, input: Input, now: MonoTime) {
        match input {
            Input::PeerUp { peer, class } => {
                let Some(content) = self.slots.get(&slot).map(|driven| driven.content) else { return };
                if let Some(member) = self.member(peer, class, now) {
                    member.went = None;
                    member.of.entry(content).or_insert(Share { begun: now, ..Share::default() });
                }
            }
            Input::PeerDown { peer, clean } => {
                if let Some(member) = self.view.members.get_mut(&peer).filter(|member| !member.sent_bad) {
                    member.went = Some((now, clean));
                }
                self.slots.values_mut().for_each(|driven| driven.forget(&peer));
            }
            Input::Bitmap { peer, has } => self.had(slot, peer, has, now),
            Input::Have { peer, pieces } => {
                let Some(driven) = self.slots.get_mut(&slot) else { return };
                let Some(bits) = driven.bits.get_mut(&peer) else { return };
                pieces.into_iter().for_each(|piece| _ = bits.insert(piece));
                self.look_whether_complete(slot, peer, now);
            }
            Input::Lane { from, message } => self.said(slot, from, &message, now),
            Input::Rumours { rumours, .. } => {
                for rumour in rumours.iter() {
                    self.rumoured(slot, rumour.member, rumour.class, &rumour.word, now);
                }
            }
            Input::Progress { request, received } => self.progress(slot, request, received, now),
            Input::Verified { request, ok, .. } => self.verified(slot, request, ok, now),
            Input::Failed { request, why } => self.failed(slot, request, why, now),
            Input::Rejected { request } => self.end(slot, request),
            Input::Policy(policy) => {
                if let Some(driven) = self.slots.get(&slot) {
                    self.view.delays = Delays::of(policy, driven.opened);
                }
            }
            Input::PeerWants { peer, wanted } => {
                self.share(slot, peer).into_iter().for_each(|share| share.wanted = Some(wanted.clone()));
                self.look_whether_complete(slot, peer, now);
            }
            Input::Want { wanted } => {
                let own = self.share(slot, self.me).and_then(|share| share.wanted.as_mut());
                own.into_iter().for_each(|own| _ = own.add(&wanted));
            }
            Input::Priority(_) | Input::Lost { .. } | Input::Timer => {}
        }
    }

    fn rumoured(&mut self, slot: Slot, who: NodeId, class: CapacityClass, word: &Word, now: MonoTime) {
        match word {
            _ if who == self.me => {}
            Word::Here(wanted) | Word::Known(wanted) => {
                let Some(content) = self.slots.get(&slot).map(|driven| driven.content) else { return };
                if let Some(member) = self.member(who, class, now) {
                    let share = member.of.entry(content).or_insert(Share { begun: now, ..Share::default() });
                    share.wanted = Some(wanted.clone());
                }
            }
            Word::Gone => {
                if let Some(member) = self.view.members.get_mut(&who) {
                    member.went = Some((now, true));
                }
            }
            Word::Lane(message) => self.said(slot, who, message, now),
        }
    }

    fn had(&mut self, slot: Slot, peer: NodeId, has: Bitfield, now: MonoTime) {
        let Some(driven) = self.slots.get_mut(&slot) else { return };
        let share = self.view.members.get_mut(&peer).and_then(|member| member.of.get_mut(&driven.content));
        if let Some(share) = share {
            share.had.get_or_insert(part(&has));
            // Of whom not all bits can be kept, it is known at least when he has everything.
            if has.is_all() {
                share.complete.get_or_insert(now);
            }
        }
        let size = driven.layout.piece_count() as usize / 8 + 1;
        if driven.bits.contains_key(&peer) || self.bits_left >= size {
            self.bits_left -= if driven.bits.insert(peer, has).is_none() { size } else { 0 };
        }
        self.look_whether_complete(slot, peer, now);
    }

    fn share(&mut self, slot: Slot, node: NodeId) -> Option<&mut Share> {
        let content = self.slots.get(&slot)?.content;
        self.view.members.get_mut(&node)?.of.get_mut(&content)
    }

    fn look_whether_complete(&mut self, slot: Slot, peer: NodeId, now: MonoTime) {
        let Some(driven) = self.slots.get(&slot) else { return };
        let share = self.view.members.get_mut(&peer).and_then(|member| member.of.get_mut(&driven.content));
        let Some((share, bits)) = share.zip(driven.bits.get(&peer)) else { return };
        let wanted = share.wanted.as_ref().filter(|wanted| !wanted.is_all(&driven.layout));
        let has_all = wanted.map_or(bits.is_all(), |wanted| wanted.pieces().all(|piece| bits.has(piece)));
        share.complete = share.complete.or(has_all.then_some(now));
    }

    fn complete(&mut self, slot: Slot, node: NodeId, now: MonoTime) {
        self.share(slot, node).into_iter().for_each(|share| _ = share.complete.get_or_insert(now));
    }

    /// What others say of their fetches, in bytes over time.
    fn said(&mut self, slot: Slot, who: NodeId, message: &LaneMessage, now: MonoTime) {
        let Some(driven) = self.slots.get_mut(&slot) else { return };
        let mut told = |driven: &mut Driven, pieces: PieceRange, received: u64| {
            let Some((since, before)) = driven.claims.get_mut(&(who, pieces)) else { return };
            let received = received.min(driven.layout.span(pieces).size());
            if received > *before {
                let flow = Flow { from: *since, to: now, bytes: received - *before };
                keep(self.view.heard.entry(who).or_default(), flow);
            }
            (*since, *before) = (now, received.max(*before));
        };
        match message {
            LaneMessage::Claim(pieces) => {
                if driven.claims.len() < CLAIMS_MAX {
                    driven.claims.entry((who, *pieces)).or_insert((now, 0));
                }
            }
            LaneMessage::Progress(claims) => {
                claims.iter().for_each(|(pieces, received)| told(driven, *pieces, *received));
            }
            LaneMessage::Almost(pieces) => {
                let half = driven.layout.span(*pieces).size() / 2;
                told(driven, *pieces, half);
            }
            LaneMessage::Done(pieces) => {
                told(driven, *pieces, u64::MAX);
                driven.claims.remove(&(who, *pieces));
            }
            LaneMessage::Release { pieces, .. } => _ = driven.claims.remove(&(who, *pieces)),
        }
    }

    fn progress(&mut self, slot: Slot, request: RequestId, received: u64, now: MonoTime) {
        let Some(driven) = self.slots.get_mut(&slot) else { return };
        let Some(open) = driven.open.get_mut(&request) else { return };
        let received = received.min(driven.layout.span(open.pieces).size());
        if received <= open.received {
            return;
        }
        let flow = Flow { from: open.last, to: now, bytes: received - open.received };
        (open.last, open.received) = (now, received);
        if let (Source::Origin, Some(fetch)) = (open.from, self.view.fetches.get_mut(open.fetch)) {
            let from = fetch.answered.map_or(flow.from, |answered| flow.from.max(answered));
            keep(&mut fetch.flows, Flow { from, ..flow });
        }
    }

    fn verified(&mut self, slot: Slot, request: RequestId, ok: bool, now: MonoTime) {
        // A driver may tell of a small piece without telling of its bytes before.
        let Some(driven) = self.slots.get_mut(&slot) else { return };
        let Some(open) = driven.open.get_mut(&request) else { return };
        open.judged += 1;
        let (begun, from, is_over) = (open.begun, open.from, open.judged >= open.pieces.count());
        let (last, bytes) = (open.last, open.received);
        if let (Source::Origin, false) = (from, ok) {
            let why = Failure::Contradiction;
            keep(&mut self.view.errors, OriginError { begun, at: now, why, broke_off: true });
        }
        if !is_over {
            return;
        }
        if let (Source::Peer(from), true, true) = (from, ok, bytes > 0) {
            let flow = Flow { from: begun, to: last, bytes };
            keep(&mut self.view.transfers, Transfer { from, flow });
        }
        self.end(slot, request);
    }

    fn failed(&mut self, slot: Slot, request: RequestId, why: Failure, now: MonoTime) {
        let open = self.slots.get(&slot).and_then(|driven| driven.open.get(&request));
        if let Some(open) = open.filter(|open| open.from == Source::Origin) {
            let broke_off = open.received > 0;
            let error = OriginError { begun: open.begun, at: now, why, broke_off };
            keep(&mut self.view.errors, error);
        }
        self.end(slot, request);
    }

    fn end(&mut self, slot: Slot, request: RequestId) {
        if let Some(driven) = self.slots.get_mut(&slot) {
            driven.open.remove(&request);
        }
    }

    fn order(&mut self, slot: Slot, order: Order, now: MonoTime) {
        let Some(driven) = self.slots.get_mut(&slot) else { return };
        match order {
            Order::Fetch { request, why, .. } => match driven.open.get(&request) {
                Some(open) => {
                    if let Some(fetch) = self.view.fetches.get_mut(open.fetch) {
                        fetch.why = Some(why);
                    }
                }
                None if driven.whys.len() < CLAIMS_MAX => _ = driven.whys.insert(request, why),
                None => {}
            },
            Order::Request { request, from, pieces } => {
                let fetch = self.view.fetches.len();
                if from == Source::Origin {
                    let why = driven.whys.remove(&request);
                    let begun = Fetch { begun: now, answered: None, why, flows: Vec::new() };
                    keep(&mut self.view.fetches, begun);
                }
                let open = Open { from, pieces, begun: now, last: now, received: 0, judged: 0, fetch };
                if driven.open.len() < CLAIMS_MAX {
                    driven.open.insert(request, open);
                }
                if let Some(seen) = self.view.contents.get_mut(&driven.content) {
                    seen.is_fetched = true;
                }
            }
            Order::Cancel { request } => self.end(slot, request),
            Order::Ban { peer, .. } => {
                if let Some(member) = self.view.members.get_mut(&peer) {
                    member.sent_bad = true;
                }
            }
            Order::Completed | Order::Satisfied => {
                let me = self.me;
                self.complete(slot, me, now);
            }
            Order::GiveUp(_) => {}
        }
    }
}

impl Driven {
    fn forget(&mut self, peer: &NodeId) {
        self.claims.retain(|(who, _), _| who != peer);
    }
}

fn keep<T>(list: &mut Vec<T>, item: T) {
    if list.len() < LIST_MAX {
        list.push(item);
    }
}

fn part(have: &Bitfield) -> f64 {
    match have.piece_count() {
        0 => 1.0,
        pieces => f64::from(have.count()) / f64::from(pieces),
    }
}
