//! From bytes to records, by whomever they were written. `encode` is the other half.

use std::sync::Arc;

use swarmline_proto::wire::{FRAME_MAX, RawBody};
use swarmline_scheduler::{
    Config, Failure, FetchReason, GiveUp, Input, Policy, RequestId, Source, Surroundings,
};
use swarmline_types::message::ContentMessage;
use swarmline_types::{
    Bitfield, CapacityClass, ContentId, MonoTime, NodeId, PieceIndex, PieceLayout, PieceRange, Priority,
    Rate, WANTED_MAX, Wanted,
};

use crate::bytes::In;
use crate::error::ReadError;
use crate::record::{Allowed, End, NodeFacts, Opened, Order};
use crate::{AGENT_MAX, ANSWERS_MAX};

/// Bytes of the bitmap of the largest content.
const BITMAP_MAX: usize = 128 << 10;
/// Largest window, degree and the like that a machine is made with.
const PARAMETER_MAX: usize = 4096;

type Read<T> = Result<T, ReadError>;

pub(crate) fn node(read: &mut In<'_>) -> Read<NodeFacts> {
    Ok(NodeFacts {
        node: NodeId::new(read.id("node")?),
        class: class(read)?,
        agent: String::from_utf8_lossy(read.bytes("agent", AGENT_MAX)?).into_owned(),
        zero_unix_ms: read.number("wall clock")?,
        download_rate: read.maybe("download rate")?.and_then(Rate::bytes_per_s),
        upload_rate: read.maybe("upload rate")?.and_then(Rate::bytes_per_s),
    })
}

pub(crate) fn opened(read: &mut In<'_>) -> Read<Opened> {
    let content = ContentId::new(read.id("content")?);
    let offset = read.offset();
    let (len, piece_size) = (read.number("length")?, read.small("piece size", u32::MAX)?);
    let layout = PieceLayout::new(len, piece_size).map_err(|source| ReadError::Layout { offset, source })?;
    let offset = read.offset();
    let have = match read.byte("have")? {
        0 => Bitfield::none(&layout),
        1 => Bitfield::all(&layout),
        2 => Bitfield::from_bytes(&layout, read.bytes("have", BITMAP_MAX)?)
            .map_err(|source| ReadError::Have { offset, source })?,
        got => return Err(In::unknown(offset, "way to say what is here", got)),
    };
    let seed = read.raw(8, "seed")?.try_into().expect("8 bytes were asked for");
    Ok(Opened { config: config(read, &layout)?, content, layout, have, seed: u64::from_le_bytes(seed) })
}

#[allow(clippy::needless_update, reason = "what the scheduler adds has its own default")]
fn config(read: &mut In<'_>, layout: &PieceLayout) -> Read<Config> {
    Ok(Config {
        class: class(read)?,
        priority: priority(read)?,
        wanted: if read.flag("wish")? { Some(wanted(read, layout)?) } else { None },
        has_origin: read.flag("origin")?,
        policy: policy(read)?,
        window: read.count("window", PARAMETER_MAX)?,
        window_adapts: read.flag("window")?,
        discovery_wait: read.span("discovery wait")?,
        settle: read.span("settle")?,
        full_mesh_max: read.count("full mesh", PARAMETER_MAX)?,
        degree: read.count("degree", PARAMETER_MAX)?,
        no_progress_timeout: read.span("timeout")?,
        orphan_grace: read.span("grace")?,
        ..Config::default()
    })
}

#[allow(clippy::needless_update, reason = "what the scheduler adds has its own default")]
fn policy(read: &mut In<'_>) -> Read<Policy> {
    Ok(Policy {
        foreground_delay: read.span("delay")?,
        background_delay: read.span("delay")?,
        deadline: read.maybe("deadline")?.map(MonoTime::from_micros),
        ..Policy::default()
    })
}

fn wanted(read: &mut In<'_>, layout: &PieceLayout) -> Read<Wanted> {
    let count = read.count("ranges", WANTED_MAX)?;
    let ranges: Read<Vec<_>> = (0..count).map(|_| pieces(read, layout)).collect();
    Ok(Wanted::of(ranges?))
}

fn pieces(read: &mut In<'_>, layout: &PieceLayout) -> Read<PieceRange> {
    let offset = read.offset();
    let (first, count) = (read.small("piece", u32::MAX)?, read.small("pieces", u32::MAX)?);
    let range = layout.piece_range(first, count);
    range.ok_or_else(|| In::unknown(offset, "run of pieces from", first))
}

fn piece(read: &mut In<'_>, layout: &PieceLayout) -> Read<PieceIndex> {
    let offset = read.offset();
    let got = read.small("piece", u32::MAX)?;
    layout.piece(got).ok_or_else(|| In::unknown(offset, "piece", got))
}

pub(crate) fn request(read: &mut In<'_>) -> Read<RequestId> {
    Ok(RequestId::new(read.number("request")?))
}

pub(crate) fn allowed(read: &mut In<'_>) -> Read<Allowed> {
    let first = read.number("what was given, what was discarded, and whether words are passed on")?;
    let (given_mib, gets_discards, needs_rumours) = (first >> 2, first & 2 != 0, first & 1 != 0);
    let owed_mib = read.number("what peers waited for")?;
    let count = read.within("answers", ANSWERS_MAX)?;
    let count = usize::try_from(count).expect("at most ANSWERS_MAX");
    let bits = read.raw(count.div_ceil(8), "answers")?;
    let answers = (0..count).map(|at| bits[at / 8] >> (at % 8) & 1 == 1).collect();
    Ok(Allowed { answers, surroundings: Surroundings { needs_rumours, given_mib, owed_mib, gets_discards } })
}

pub(crate) fn input(read: &mut In<'_>, layout: &PieceLayout, names: &[NodeId]) -> Read<Input> {
    let offset = read.offset();
    Ok(match read.byte("kind of input")? {
        0 => Input::PeerUp { peer: read.node(names)?, class: class(read)? },
        1 => Input::PeerDown { peer: read.node(names)?, clean: read.flag("goodbye")? },
        2 => heard(read, layout, names)?,
        3 => Input::Want { wanted: wanted(read, layout)? },
        4 => Input::Priority(priority(read)?),
        5 => Input::Policy(policy(read)?),
        6 => Input::Rejected { request: request(read)? },
        7 => Input::Progress { request: request(read)?, received: read.number("bytes")? },
        8 => Input::Verified {
            request: request(read)?,
            piece: piece(read, layout)?,
            ok: read.flag("verdict")?,
        },
        9 => Input::Failed { request: request(read)?, why: failure(read)? },
        10 => Input::Lost { piece: piece(read, layout)? },
        11 => Input::Timer,
        got => return Err(In::unknown(offset, "input of kind", got)),
    })
}

fn heard(read: &mut In<'_>, layout: &PieceLayout, names: &[NodeId]) -> Read<Input> {
    let from = read.node(names)?;
    let offset = read.offset();
    let wrong = |source| ReadError::Message { offset, source };
    let raw = RawBody::decode(read.bytes("message", FRAME_MAX)?).map_err(wrong)?;
    let Some(raw) = raw else { return Err(In::unknown(offset, "message of kind", 0u64)) };
    Ok(match raw.check(layout).map_err(wrong)? {
        ContentMessage::Bitmap(has) => Input::Bitmap { peer: from, has },
        ContentMessage::Have(pieces) => Input::Have { peer: from, pieces },
        ContentMessage::Wanted(wanted) => Input::PeerWants { peer: from, wanted },
        ContentMessage::Lane(message) => Input::Lane { from, message },
        ContentMessage::Rumours(rumours) => Input::Rumours { from, rumours: Arc::clone(&rumours) },
        ContentMessage::Request(_) | ContentMessage::Cancel(_) | ContentMessage::Reject(_) => {
            return Err(In::unknown(offset, "message for the machine of kind", 1u64));
        }
    })
}

fn failure(read: &mut In<'_>) -> Read<Failure> {
    let offset = read.offset();
    Ok(match read.byte("failure")? {
        0 => Failure::Transient { retry_after: read.maybe("pause")?.map(std::time::Duration::from_micros) },
        1 => Failure::Contradiction,
        2 => Failure::NoRanges,
        3 => Failure::Fatal,
        got => return Err(In::unknown(offset, "failure of kind", got)),
    })
}

pub(crate) fn order(read: &mut In<'_>, layout: &PieceLayout, names: &[NodeId]) -> Read<Order> {
    let offset = read.offset();
    Ok(match read.byte("kind of order")? {
        0 => Order::Request {
            request: request(read)?,
            from: source(read, names)?,
            pieces: pieces(read, layout)?,
        },
        1 => Order::Cancel { request: request(read)? },
        2 => Order::Ban { peer: read.node(names)?, piece: piece(read, layout)? },
        3 => Order::Completed,
        4 => Order::Satisfied,
        5 => Order::GiveUp(GiveUp::NoSource),
        6 => Order::GiveUp(GiveUp::Mismatch { piece: piece(read, layout)? }),
        7 => Order::GiveUp(GiveUp::NoProgress),
        8 => Order::Fetch { request: request(read)?, pieces: pieces(read, layout)?, why: reason(read)? },
        got => return Err(In::unknown(offset, "order of kind", got)),
    })
}

fn source(read: &mut In<'_>, names: &[NodeId]) -> Read<Source> {
    let offset = read.offset();
    let Some(got) = read.maybe("source")? else { return Ok(Source::Origin) };
    let name = usize::try_from(got).ok().and_then(|at| names.get(at));
    name.map(|node| Source::Peer(*node)).ok_or_else(|| In::unknown(offset, "node", got))
}

fn reason(read: &mut In<'_>) -> Read<FetchReason> {
    let offset = read.offset();
    Ok(match read.byte("reason")? {
        0 => FetchReason::Owner,
        1 => FetchReason::TakeOver,
        2 => FetchReason::SecondCopy,
        3 => FetchReason::Alone,
        got => return Err(In::unknown(offset, "reason of kind", got)),
    })
}

pub(crate) fn end(read: &mut In<'_>) -> Read<End> {
    let offset = read.offset();
    match read.byte("end")? {
        0 => Ok(End::Stopped),
        1 => Ok(End::Full),
        got => Err(In::unknown(offset, "end of kind", got)),
    }
}

fn class(read: &mut In<'_>) -> Read<CapacityClass> {
    let offset = read.offset();
    Ok(match read.byte("class")? {
        0 => CapacityClass::Wired,
        1 => CapacityClass::Wifi,
        2 => CapacityClass::Slow,
        3 => CapacityClass::Never,
        got => return Err(In::unknown(offset, "class of kind", got)),
    })
}

fn priority(read: &mut In<'_>) -> Read<Priority> {
    let offset = read.offset();
    match read.byte("priority")? {
        0 => Ok(Priority::Foreground),
        1 => Ok(Priority::Background),
        got => Err(In::unknown(offset, "priority of kind", got)),
    }
}
