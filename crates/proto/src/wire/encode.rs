//! From messages to bytes.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use prost::Message as _;
use swarmline_types::message::{
    BlockRequest, ContentMessage, Hello, Hint, LaneMessage, ManifestPart, MemberInfo, Message, OriginNews,
    Rumour, Search, Word,
};
use swarmline_types::{CapacityClass, ContentId, PieceHash, PieceIndex, PieceRange, UrlHash, Wanted};

use super::schema::{self, Body, Kind, LaneKind, Origin};
use super::{FRAME_MAX, PAUSE_MAX, PREFIX_SIZE};

/// One control message as it goes over the wire: its length, then its bytes.
///
/// The caller keeps the bounds that the message types name; a receiver ends the connection over a broken one.
pub fn encode(message: &Message<ContentMessage>) -> Vec<u8> {
    let control = schema::Control { kind: Some(kind(message)) };
    let len = control.encoded_len();
    debug_assert!(len <= FRAME_MAX, "a message of {len} bytes breaks a bound");
    let mut frame = Vec::with_capacity(PREFIX_SIZE + len);
    frame.extend(u32::try_from(len).expect("no message within its bounds comes near 4 GiB").to_be_bytes());
    control.encode_raw(&mut frame);
    frame
}

/// What is said about a content, without the name of the content: for whoever keeps it. [`RawBody::decode`] reads it.
///
/// [`RawBody::decode`]: super::RawBody::decode
pub fn encode_body(message: &ContentMessage) -> Vec<u8> {
    schema::About { content: Bytes::new(), body: Some(body(message)) }.encode_to_vec()
}

fn kind(message: &Message<ContentMessage>) -> Kind {
    match message {
        Message::Hello(it) => Kind::Hello(hello(it)),
        Message::Join(content) => Kind::Join(id(content)),
        Message::Leave(content) => Kind::Leave(id(content)),
        Message::Members { content, members } => Kind::Members(pack(&schema::Members {
            content: id(content),
            members: members.iter().map(member).collect(),
        })),
        Message::ManifestAsk { content, first } => {
            Kind::ManifestAsk(schema::ManifestAsk { content: id(content), first: *first })
        }
        Message::ManifestPart { content, part } => Kind::ManifestAnswer(schema::ManifestAnswer {
            content: id(content),
            part: part.as_ref().map(manifest_part),
        }),
        Message::HintAsk(url) => Kind::HintAsk(url_hash(url)),
        Message::HintAnswer { url, hint: it } => Kind::HintAnswer(hint(url, it)),
        Message::About { content, body: about } => {
            Kind::About(schema::About { content: id(content), body: Some(body(about)) })
        }
    }
}

fn hello(hello: &Hello) -> schema::Hello {
    schema::Hello {
        agent: hello.agent.clone(),
        class: class(hello.class),
        listen_port: hello.listen_port.into(),
        contents: joined(hello.contents.iter().map(ContentId::as_bytes)),
    }
}

fn member(member: &MemberInfo) -> schema::Member {
    schema::Member {
        node: Bytes::copy_from_slice(member.node.as_bytes()),
        class: class(member.class),
        addrs: member.addrs.iter().map(addr).collect(),
    }
}

fn addr(addr: &SocketAddr) -> Bytes {
    let mut bytes = match addr {
        SocketAddr::V4(v4) => v4.ip().octets().to_vec(),
        SocketAddr::V6(v6) => v6.ip().octets().to_vec(),
    };
    bytes.extend(addr.port().to_be_bytes());
    bytes.into()
}

fn manifest_part(part: &ManifestPart) -> schema::ManifestPart {
    schema::ManifestPart {
        content_len: part.content_len,
        piece_size: part.piece_size,
        first: part.first,
        digests: joined(part.digests.iter().map(PieceHash::as_bytes)),
    }
}

fn hint(url: &UrlHash, hint: &Hint) -> schema::HintAnswer {
    let search = match hint.search {
        Search::Idle => 0,
        Search::Looking => 1,
        Search::Reading => 2,
    };
    let contents = joined(hint.contents.iter().map(ContentId::as_bytes));
    schema::HintAnswer { url: url_hash(url), contents, search }
}

fn body(message: &ContentMessage) -> Body {
    match message {
        ContentMessage::Bitmap(bits) => Body::Bitmap(bits.to_bytes().into()),
        ContentMessage::Have(pieces) => Body::Have(pack(&schema::Have { deltas: deltas(pieces) })),
        ContentMessage::Request(it) => Body::Request(request(*it)),
        ContentMessage::Cancel(request) => Body::Cancel(request.0),
        ContentMessage::Reject(request) => Body::Reject(request.0),
        ContentMessage::Lane(message) => Body::Lane(pack(&schema::Lane { kind: Some(lane(message)) })),
        ContentMessage::Wanted(it) => Body::Wanted(pack(&wanted(it))),
        ContentMessage::Rumours(list) => {
            Body::Rumours(pack(&schema::Rumours { rumours: list.iter().map(rumour).collect() }))
        }
    }
}

/// The first index, then distances. Sorts and drops duplicates on the way: what goes out always ascends.
fn deltas(pieces: &[PieceIndex]) -> Vec<u32> {
    let mut indices: Vec<u32> = pieces.iter().map(|piece| piece.get()).collect();
    indices.sort_unstable();
    indices.dedup();
    let before = std::iter::once(0).chain(indices.iter().copied());
    indices.iter().zip(before).map(|(index, before)| index - before).collect()
}

fn request(request: BlockRequest) -> schema::Request {
    let BlockRequest { request, piece, offset, size } = request;
    schema::Request { request: request.0, piece: piece.get(), offset, size }
}

fn lane(message: &LaneMessage) -> LaneKind {
    match message {
        LaneMessage::Claim(range) => LaneKind::Claim(pieces(*range)),
        LaneMessage::Progress(claims) => LaneKind::Progress(schema::Progress {
            claims: claims.iter().map(|claim| claim_progress(*claim)).collect(),
        }),
        LaneMessage::Almost(range) => LaneKind::Almost(pieces(*range)),
        LaneMessage::Done(range) => LaneKind::Done(pieces(*range)),
        LaneMessage::Release { pieces: range, origin } => {
            LaneKind::Release(schema::Release { pieces: Some(pieces(*range)), origin: origin_news(*origin) })
        }
    }
}

fn rumour(rumour: &Rumour) -> schema::Rumour {
    let word = match &rumour.word {
        Word::Here(it) => schema::Word::Here(pack(&wanted(it))),
        Word::Known(it) => schema::Word::Known(pack(&wanted(it))),
        Word::Gone => schema::Word::Gone(schema::Gone {}),
        Word::Lane(message) => schema::Word::Lane(pack(&schema::Lane { kind: Some(lane(message)) })),
    };
    schema::Rumour {
        member: Bytes::copy_from_slice(rumour.member.as_bytes()),
        class: class(rumour.class),
        number: rumour.number,
        word: Some(word),
        has_all: rumour.has_all,
    }
}

fn wanted(wanted: &Wanted) -> schema::Wanted {
    schema::Wanted { ranges: wanted.ranges().iter().map(|range| pieces(*range)).collect() }
}

fn pieces(range: PieceRange) -> schema::Pieces {
    schema::Pieces { first: range.first().get(), count: range.count() }
}

fn claim_progress((range, received): (PieceRange, u64)) -> schema::ClaimProgress {
    schema::ClaimProgress { pieces: Some(pieces(range)), received }
}

fn origin_news(news: OriginNews) -> Option<Origin> {
    match news {
        OriginNews::Nothing => None,
        OriginNews::Pause(pause) => Some(Origin::PauseMs(whole_ms(pause.min(PAUSE_MAX)))),
        OriginNews::NoRanges => Some(Origin::NoRanges(schema::NoRanges {})),
    }
}

/// Rounds up: nobody may come back earlier than the origin asked.
fn whole_ms(pause: Duration) -> u32 {
    u32::try_from(pause.as_nanos().div_ceil(1_000_000)).expect("an hour is 3,600,000 ms")
}

fn class(class: CapacityClass) -> i32 {
    match class {
        CapacityClass::Wired => 0,
        CapacityClass::Wifi => 1,
        CapacityClass::Slow => 2,
        CapacityClass::Never => 3,
    }
}

fn id(content: &ContentId) -> Bytes {
    Bytes::copy_from_slice(content.as_bytes())
}

fn url_hash(url: &UrlHash) -> Bytes {
    Bytes::copy_from_slice(url.as_bytes())
}

fn joined<'a>(parts: impl Iterator<Item = &'a [u8; 32]>) -> Bytes {
    parts.flatten().copied().collect()
}

fn pack(message: &impl prost::Message) -> Bytes {
    message.encode_to_vec().into()
}
