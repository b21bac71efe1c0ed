//! From records to bytes. `decode` is the other half, kind by kind in the same order.

use swarmline_proto::wire::encode_body;
use swarmline_scheduler::{Config, Failure, FetchReason, GiveUp, Input, Policy, Source, Surroundings};
use swarmline_types::message::ContentMessage;
use swarmline_types::{CapacityClass, NodeId, PieceRange, Priority, Rate, Wanted};

use crate::bytes::{Out, micros};
use crate::record::{Allowed, End, NodeFacts, Opened, Order};

/// First byte of a record.
pub(crate) mod kind {
    pub(crate) const NODE: u8 = 1;
    pub(crate) const NAME: u8 = 2;
    pub(crate) const OPENED: u8 = 3;
    pub(crate) const CLOSED: u8 = 4;
    pub(crate) const INPUT: u8 = 5;
    pub(crate) const ORDER: u8 = 6;
    pub(crate) const ANSWERED: u8 = 7;
    pub(crate) const DROPPED: u8 = 8;
    pub(crate) const END: u8 = 9;
}

/// How the number of a node is found, as it stands in the trace.
pub(crate) type Names<'a> = &'a mut dyn FnMut(NodeId) -> Option<u32>;

pub(crate) fn node(out: &mut Out, facts: &NodeFacts) {
    out.raw(facts.node.as_bytes());
    out.byte(class(facts.class));
    out.bytes(facts.agent.as_bytes());
    out.number(facts.zero_unix_ms);
    out.maybe(facts.download_rate.map(Rate::as_bytes_per_s));
    out.maybe(facts.upload_rate.map(Rate::as_bytes_per_s));
}

pub(crate) fn opened(out: &mut Out, opened: &Opened) {
    let Opened { config, content, layout, have, seed } = opened;
    out.raw(content.as_bytes());
    out.number(layout.content_len());
    out.number(layout.piece_size());
    match (have.is_none(), have.is_all()) {
        (true, _) => out.byte(0),
        (_, true) => out.byte(1),
        _ => {
            out.byte(2);
            out.bytes(&have.to_bytes());
        }
    }
    out.raw(&seed.to_le_bytes());
    self::config(out, config);
}

fn config(out: &mut Out, config: &Config) {
    out.byte(class(config.class));
    out.byte(priority(config.priority));
    match &config.wanted {
        None => out.flag(false),
        Some(it) => {
            out.flag(true);
            wanted(out, it);
        }
    }
    out.flag(config.has_origin);
    policy(out, config.policy);
    out.count(config.window);
    out.flag(config.window_adapts);
    out.span(config.discovery_wait);
    out.span(config.settle);
    out.count(config.full_mesh_max);
    out.count(config.degree);
    out.span(config.no_progress_timeout);
    out.span(config.orphan_grace);
}

fn policy(out: &mut Out, policy: Policy) {
    out.span(policy.foreground_delay);
    out.span(policy.background_delay);
    out.maybe(policy.deadline.map(|deadline| deadline.as_micros()));
}

fn wanted(out: &mut Out, wanted: &Wanted) {
    out.count(wanted.ranges().len());
    wanted.ranges().iter().for_each(|range| pieces(out, *range));
}

fn pieces(out: &mut Out, pieces: PieceRange) {
    out.number(pieces.first().get());
    out.number(pieces.count());
}

pub(crate) fn allowed(out: &mut Out, allowed: &Allowed) {
    // One number: most traces are mostly these.
    let Surroundings { needs_rumours, given_mib, owed_mib, gets_discards } = allowed.surroundings;
    out.number(given_mib << 2 | u64::from(gets_discards) << 1 | u64::from(needs_rumours));
    out.number(owed_mib);
    out.count(allowed.answers.len());
    for eight in allowed.answers.chunks(8) {
        out.byte(eight.iter().rev().fold(0, |bits, answer| bits << 1 | u8::from(*answer)));
    }
}

/// `None` where a node cannot be named any more.
pub(crate) fn input(out: &mut Out, input: &Input, names: Names<'_>) -> Option<()> {
    let mut heard = |out: &mut Out, from: NodeId, message: ContentMessage| {
        out.byte(2);
        out.number(names(from)?);
        out.bytes(&encode_body(&message));
        Some(())
    };
    match input {
        Input::PeerUp { peer, class: of } => {
            out.byte(0);
            out.number(names(*peer)?);
            out.byte(class(*of));
        }
        Input::PeerDown { peer, clean } => {
            out.byte(1);
            out.number(names(*peer)?);
            out.flag(*clean);
        }
        Input::Bitmap { peer, has } => heard(out, *peer, ContentMessage::Bitmap(has.clone()))?,
        Input::Have { peer, pieces } => heard(out, *peer, ContentMessage::Have(pieces.clone()))?,
        Input::PeerWants { peer, wanted } => heard(out, *peer, ContentMessage::Wanted(wanted.clone()))?,
        Input::Lane { from, message } => heard(out, *from, ContentMessage::Lane(message.clone()))?,
        Input::Rumours { from, rumours } => heard(out, *from, ContentMessage::Rumours(rumours.clone()))?,
        Input::Want { wanted: it } => {
            out.byte(3);
            wanted(out, it);
        }
        Input::Priority(of) => {
            out.byte(4);
            out.byte(priority(*of));
        }
        Input::Policy(of) => {
            out.byte(5);
            policy(out, *of);
        }
        Input::Rejected { request } => {
            out.byte(6);
            out.number(request.get());
        }
        Input::Progress { request, received } => {
            out.byte(7);
            out.number(request.get());
            out.number(*received);
        }
        Input::Verified { request, piece, ok } => {
            out.byte(8);
            out.number(request.get());
            out.number(piece.get());
            out.flag(*ok);
        }
        Input::Failed { request, why } => {
            out.byte(9);
            out.number(request.get());
            failure(out, *why);
        }
        Input::Lost { piece } => {
            out.byte(10);
            out.number(piece.get());
        }
        Input::Timer => out.byte(11),
    }
    Some(())
}

fn failure(out: &mut Out, why: Failure) {
    match why {
        Failure::Transient { retry_after } => {
            out.byte(0);
            out.maybe(retry_after.map(micros));
        }
        Failure::Contradiction => out.byte(1),
        Failure::NoRanges => out.byte(2),
        Failure::Fatal => out.byte(3),
    }
}

/// `None` where a node cannot be named any more.
pub(crate) fn order(out: &mut Out, order: Order, names: Names<'_>) -> Option<()> {
    match order {
        Order::Request { request, from, pieces: of } => {
            out.byte(0);
            out.number(request.get());
            match from {
                Source::Origin => out.maybe(None),
                Source::Peer(peer) => out.maybe(Some(names(peer)?.into())),
            }
            pieces(out, of);
        }
        Order::Cancel { request } => {
            out.byte(1);
            out.number(request.get());
        }
        Order::Ban { peer, piece } => {
            out.byte(2);
            out.number(names(peer)?);
            out.number(piece.get());
        }
        Order::Completed => out.byte(3),
        Order::Satisfied => out.byte(4),
        Order::GiveUp(GiveUp::NoSource) => out.byte(5),
        Order::GiveUp(GiveUp::Mismatch { piece }) => {
            out.byte(6);
            out.number(piece.get());
        }
        Order::GiveUp(GiveUp::NoProgress) => out.byte(7),
        Order::Fetch { request, pieces: of, why } => {
            out.byte(8);
            out.number(request.get());
            pieces(out, of);
            out.byte(match why {
                FetchReason::Owner => 0,
                FetchReason::TakeOver => 1,
                FetchReason::SecondCopy => 2,
                FetchReason::Alone => 3,
            });
        }
    }
    Some(())
}

pub(crate) fn end(out: &mut Out, end: End) {
    out.byte(match end {
        End::Stopped => 0,
        End::Full => 1,
    });
}

fn class(class: CapacityClass) -> u8 {
    match class {
        CapacityClass::Wired => 0,
        CapacityClass::Wifi => 1,
        CapacityClass::Slow => 2,
        CapacityClass::Never => 3,
    }
}

fn priority(priority: Priority) -> u8 {
    match priority {
        Priority::Foreground => 0,
        Priority::Background => 1,
    }
}
