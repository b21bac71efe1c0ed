//! Messages about one content: checked against its layout.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use swarmline_types::message::{
    BlockRequest, ContentMessage, LaneMessage, OriginNews, Rumour, WireRequest, Word,
};
use swarmline_types::{Bitfield, PieceIndex, PieceLayout, PieceRange, Wanted};

use super::decode::{class, node_id, unpack};
use super::schema::{self, Body, LaneKind, Origin};
use super::{
    FRAME_MAX, HAVE_BYTES_MAX, HAVE_MAX, LANE_BYTES_MAX, PAUSE_MAX, PROGRESS_MAX, REQUEST_MAX,
    RUMOURS_BYTES_MAX, RUMOURS_MAX, WANTED_BYTES_MAX, WANTED_MAX, WireError,
};

/// A message about a content that nobody has compared with the content yet. Takes at most
/// [`FRAME_MAX`](super::FRAME_MAX) bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct RawBody(Raw);

#[derive(Clone, Debug, PartialEq)]
enum Raw {
    Bitmap(Bytes),
    Have(schema::Have),
    Request(schema::Request),
    Cancel(WireRequest),
    Reject(WireRequest),
    Lane(LaneKind),
    Wanted(schema::Wanted),
    Rumours(schema::Rumours),
}

impl RawBody {
    /// Reads what [`encode_body`](super::encode_body) has written. `None` is a kind that this version does not know.
    ///
    /// # Errors
    /// When it is no such message, or breaks a bound.
    pub fn decode(bytes: &[u8]) -> Result<Option<Self>, WireError> {
        let about: schema::About = unpack("about", bytes, FRAME_MAX)?;
        about.body.map_or(Ok(None), Self::unpack)
    }

    /// `None` for a kind of lane message that this version does not know.
    pub(super) fn unpack(body: Body) -> Result<Option<Self>, WireError> {
        let raw = match body {
            Body::Bitmap(bytes) => Raw::Bitmap(bytes),
            Body::Have(bytes) => Raw::Have(unpack("have", &bytes, HAVE_BYTES_MAX)?),
            Body::Request(request) => Raw::Request(request),
            Body::Cancel(request) => Raw::Cancel(WireRequest(request)),
            Body::Reject(request) => Raw::Reject(WireRequest(request)),
            Body::Lane(bytes) => match unpack::<schema::Lane>("lane", &bytes, LANE_BYTES_MAX)?.kind {
                Some(kind) => Raw::Lane(kind),
                None => return Ok(None),
            },
            Body::Wanted(bytes) => Raw::Wanted(unpack("wanted", &bytes, WANTED_BYTES_MAX)?),
            Body::Rumours(bytes) => Raw::Rumours(unpack("rumours", &bytes, RUMOURS_BYTES_MAX)?),
        };
        Ok(Some(Self(raw)))
    }

    /// Compares the message with the content it is about.
    ///
    /// # Errors
    /// When it names what the content does not have, or breaks a bound.
    pub fn check(self, layout: &PieceLayout) -> Result<ContentMessage, WireError> {
        Ok(match self.0 {
            Raw::Bitmap(bytes) => ContentMessage::Bitmap(Bitfield::from_bytes(layout, &bytes)?),
            Raw::Have(list) => ContentMessage::Have(have(&list, layout)?),
            Raw::Request(raw) => ContentMessage::Request(request(raw, layout)?),
            Raw::Cancel(request) => ContentMessage::Cancel(request),
            Raw::Reject(request) => ContentMessage::Reject(request),
            Raw::Lane(kind) => ContentMessage::Lane(lane(kind, layout)?),
            Raw::Wanted(raw) => ContentMessage::Wanted(wanted(&raw, layout)?),
            Raw::Rumours(raw) => ContentMessage::Rumours(rumours(&raw, layout)?),
        })
    }
}

/// The first number is an index, every later one the distance from the piece before.
fn have(list: &schema::Have, layout: &PieceLayout) -> Result<Vec<PieceIndex>, WireError> {
    let got = list.deltas.len();
    if got > HAVE_MAX {
        return Err(WireError::Have { got });
    }
    let mut pieces: Vec<PieceIndex> = Vec::with_capacity(got);
    for &delta in &list.deltas {
        let last = pieces.last().copied();
        if let (Some(piece), 0) = (last, delta) {
            return Err(WireError::HaveOrder { piece });
        }
        pieces.push(piece(last.map_or(0, |p| u64::from(p.get())) + u64::from(delta), layout)?);
    }
    Ok(pieces)
}

fn request(raw: schema::Request, layout: &PieceLayout) -> Result<BlockRequest, WireError> {
    let schema::Request { request, piece: index, offset, size } = raw;
    if !(1..=REQUEST_MAX).contains(&size) {
        return Err(WireError::RequestSize { got: size });
    }
    let piece = piece(u64::from(index), layout)?;
    let piece_size = layout.size_of(piece);
    if offset.checked_add(size).is_none_or(|end| end > piece_size) {
        return Err(WireError::RequestEnd { piece, offset, size, piece_size });
    }
    Ok(BlockRequest { request: WireRequest(request), piece, offset, size })
}

fn piece(got: u64, layout: &PieceLayout) -> Result<PieceIndex, WireError> {
    let known = u32::try_from(got).ok().and_then(|index| layout.piece(index));
    known.ok_or(WireError::Piece { got, pieces: layout.piece_count() })
}

fn lane(kind: LaneKind, layout: &PieceLayout) -> Result<LaneMessage, WireError> {
    Ok(match kind {
        LaneKind::Claim(raw) => LaneMessage::Claim(pieces(Some(raw), layout)?),
        LaneKind::Progress(raw) => LaneMessage::Progress(progress(&raw, layout)?),
        LaneKind::Almost(raw) => LaneMessage::Almost(pieces(Some(raw), layout)?),
        LaneKind::Done(raw) => LaneMessage::Done(pieces(Some(raw), layout)?),
        LaneKind::Release(raw) => {
            LaneMessage::Release { pieces: pieces(raw.pieces, layout)?, origin: origin_news(raw.origin)? }
        }
    })
}

fn pieces(raw: Option<schema::Pieces>, layout: &PieceLayout) -> Result<PieceRange, WireError> {
    let schema::Pieces { first, count } = raw.unwrap_or_default();
    layout.piece_range(first, count).ok_or(WireError::PieceRange {
        first,
        count,
        pieces: layout.piece_count(),
    })
}

/// Ranges that ascend without touching, so that there is one way to say it.
fn wanted(raw: &schema::Wanted, layout: &PieceLayout) -> Result<Wanted, WireError> {
    let got = raw.ranges.len();
    if got > WANTED_MAX {
        return Err(WireError::Wanted { got });
    }
    let ranges =
        raw.ranges.iter().map(|range| pieces(Some(*range), layout)).collect::<Result<Vec<_>, _>>()?;
    match ranges.windows(2).find(|pair| pair[1].first().get() <= pair[0].last().get() + 1) {
        Some(pair) => Err(WireError::WantedOrder { first: pair[0], second: pair[1] }),
        None => Ok(Wanted::of(ranges)),
    }
}

/// Words that this version does not know are left out.
fn rumours(raw: &schema::Rumours, layout: &PieceLayout) -> Result<Arc<[Rumour]>, WireError> {
    let got = raw.rumours.len();
    if got > RUMOURS_MAX {
        return Err(WireError::Rumours { got });
    }
    raw.rumours.iter().filter_map(|raw| rumour(raw, layout).transpose()).collect()
}

fn rumour(raw: &schema::Rumour, layout: &PieceLayout) -> Result<Option<Rumour>, WireError> {
    let unpack_wanted = |bytes: &Bytes| wanted(&unpack("wanted", bytes, WANTED_BYTES_MAX)?, layout);
    let word = match &raw.word {
        Some(schema::Word::Here(bytes)) => Word::Here(unpack_wanted(bytes)?),
        Some(schema::Word::Known(bytes)) => Word::Known(unpack_wanted(bytes)?),
        Some(schema::Word::Gone(_)) => Word::Gone,
        Some(schema::Word::Lane(bytes)) => {
            match unpack::<schema::Lane>("lane", bytes, LANE_BYTES_MAX)?.kind {
                Some(kind) => Word::Lane(lane(kind, layout)?),
                None => return Ok(None),
            }
        }
        None => return Ok(None),
    };
    let member = node_id(&raw.member)?;
    Ok(Some(Rumour { member, class: class(raw.class)?, number: raw.number, has_all: raw.has_all, word }))
}

fn progress(raw: &schema::Progress, layout: &PieceLayout) -> Result<Vec<(PieceRange, u64)>, WireError> {
    let got = raw.claims.len();
    if got > PROGRESS_MAX {
        return Err(WireError::Progress { got });
    }
    raw.claims.iter().map(|claim| claim_progress(*claim, layout)).collect()
}

fn claim_progress(raw: schema::ClaimProgress, layout: &PieceLayout) -> Result<(PieceRange, u64), WireError> {
    let pieces = pieces(raw.pieces, layout)?;
    let size = layout.span(pieces).size();
    if raw.received > size {
        return Err(WireError::ProgressBytes { pieces, got: raw.received, size });
    }
    Ok((pieces, raw.received))
}

/// News that this version does not know are none.
fn origin_news(raw: Option<Origin>) -> Result<OriginNews, WireError> {
    match raw {
        None => Ok(OriginNews::Nothing),
        Some(Origin::NoRanges(_)) => Ok(OriginNews::NoRanges),
        Some(Origin::PauseMs(ms)) => match Duration::from_millis(u64::from(ms)) {
            got if got > PAUSE_MAX => Err(WireError::Pause { got }),
            pause => Ok(OriginNews::Pause(pause)),
        },
    }
}
