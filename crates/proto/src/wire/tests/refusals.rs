//! Everything that a peer can do wrong, the text it is told with, and what just about passes.

use std::error::Error;

use bytes::Bytes;
use prost::Message as _;
use swarmline_types::message::{Hello, LaneMessage, ManifestPart, MemberInfo, Rumour, Search, Word};
use swarmline_types::{Bitfield, CapacityClass, ContentId, NodeId, PIECE_COUNT_MAX, PieceHash, Wanted};

use super::*;
use crate::wire::schema::{self, Body, Kind, LaneKind, Origin};

/// 11 pieces of 16 KiB, the last one of 16,160 bytes.
fn layout() -> PieceLayout {
    PieceLayout::new(180_000, 1 << 14).unwrap()
}

fn zeros(size: usize) -> Bytes {
    vec![0; size].into()
}

fn bytes(message: &impl prost::Message) -> Bytes {
    message.encode_to_vec().into()
}

fn control(kind: Kind) -> Vec<u8> {
    schema::Control { kind: Some(kind) }.encode_to_vec()
}

fn about(body: Body) -> Vec<u8> {
    control(Kind::About(schema::About { content: zeros(32), body: Some(body) }))
}

fn lane(kind: LaneKind) -> Vec<u8> {
    about(Body::Lane(bytes(&schema::Lane { kind: Some(kind) })))
}

fn have(deltas: Vec<u32>) -> Vec<u8> {
    about(Body::Have(bytes(&schema::Have { deltas })))
}

fn request(piece: u32, offset: u32, size: u32) -> Vec<u8> {
    about(Body::Request(schema::Request { request: 1, piece, offset, size }))
}

fn claim(first: u32, count: u32) -> Vec<u8> {
    lane(LaneKind::Claim(schema::Pieces { first, count }))
}

fn wanted(ranges: &[(u32, u32)]) -> Vec<u8> {
    let ranges =
        ranges.iter().map(|(first, count)| schema::Pieces { first: *first, count: *count }).collect();
    about(Body::Wanted(bytes(&schema::Wanted { ranges })))
}

fn rumours(rumours: Vec<schema::Rumour>) -> Vec<u8> {
    about(Body::Rumours(bytes(&schema::Rumours { rumours })))
}

fn rumour(member: usize, class: i32, word: Option<schema::Word>) -> schema::Rumour {
    schema::Rumour { member: zeros(member), class, number: 1, word, has_all: false }
}

fn gone() -> Option<schema::Word> {
    Some(schema::Word::Gone(schema::Gone {}))
}

/// A claim in a rumour.
fn rumoured_claim(first: u32, count: u32) -> Vec<u8> {
    let kind = Some(LaneKind::Claim(schema::Pieces { first, count }));
    rumours(vec![rumour(32, 0, Some(schema::Word::Lane(bytes(&schema::Lane { kind }))))])
}

fn progress(claims: usize, received: u64) -> Vec<u8> {
    let claim = schema::ClaimProgress { pieces: Some(schema::Pieces { first: 10, count: 1 }), received };
    lane(LaneKind::Progress(schema::Progress { claims: vec![claim; claims] }))
}

fn release(origin: Option<Origin>) -> Vec<u8> {
    let pieces = Some(schema::Pieces { first: 0, count: 1 });
    lane(LaneKind::Release(schema::Release { pieces, origin }))
}

fn hello(change: impl FnOnce(&mut schema::Hello)) -> Vec<u8> {
    let mut hello = schema::Hello::default();
    change(&mut hello);
    control(Kind::Hello(hello))
}

fn members(count: usize, change: impl FnOnce(&mut schema::Member)) -> Vec<u8> {
    let mut member = schema::Member { node: zeros(32), ..Default::default() };
    change(&mut member);
    let members = schema::Members { content: zeros(32), members: vec![member; count] };
    control(Kind::Members(bytes(&members)))
}

fn digests(size: usize) -> Vec<u8> {
    let part = schema::ManifestPart { digests: zeros(size), ..Default::default() };
    control(Kind::ManifestAnswer(schema::ManifestAnswer { content: zeros(32), part: Some(part) }))
}

fn hint(url: usize, contents: usize) -> Vec<u8> {
    let (url, contents) = (zeros(url), zeros(contents));
    control(Kind::HintAnswer(schema::HintAnswer { url, contents, search: 0 }))
}

/// The error that these bytes give, with its cause.
fn refusal(body: &[u8]) -> String {
    let error = read(body, &layout()).unwrap_err();
    let cause = error.source().map(|cause| format!(": {cause}"));
    format!("{error}{}", cause.unwrap_or_default())
}

/// A message that passes, and the same one step further, which is refused.
type Step = (Vec<u8>, Vec<u8>);

fn steps() -> Vec<Step> {
    let agent = |agent: &str| hello(|it| it.agent = agent.to_owned());
    let ids = |count| hello(|it| it.contents = zeros(count));
    let class = |class| members(1, |it| it.class = class);
    let addr = |size| members(1, |it| it.addrs = vec![zeros(size)]);
    let addrs = |count| members(1, |it| it.addrs = vec![zeros(6); count]);
    let large = |size| control(Kind::Members(members_of_size(size)));
    vec![
        (control(Kind::Join(zeros(32))), zeros(FRAME_MAX + 1).to_vec()),
        (vec![], vec![0x0a, 0x02, 0x08]),
        (large(MEMBERS_BYTES_MAX), large(MEMBERS_BYTES_MAX + 1)),
        (control(Kind::Join(zeros(32))), control(Kind::Join(zeros(31)))),
        (members(1, |_| ()), members(1, |it| it.node = zeros(33))),
        (class(3), class(4)),
        (hello(|it| it.class = 0), hello(|it| it.class = -1)),
        (agent(&"x".repeat(64)), agent(&"x".repeat(65))),
        (agent("swarmline/1 ~"), agent("swarm\u{1b}[2Jline")),
        (hello(|it| it.listen_port = 65_535), hello(|it| it.listen_port = 65_536)),
        (ids(64), ids(63)),
        (ids(32 * 1024), ids(32 * 1025)),
        (members(64, |_| ()), members(65, |_| ())),
        (addrs(4), addrs(5)),
        (addr(6), addr(7)),
        (addr(18), addr(1)),
        (digests(32), digests(33)),
        (digests(32 * 1024), digests(32 * 1025)),
        (control(Kind::HintAsk(zeros(32))), control(Kind::HintAsk(zeros(33)))),
        (hint(32, 0), hint(0, 0)),
        (hint(32, 64), hint(32, 65)),
        (hint(32, 32 * 4), hint(32, 32 * 5)),
        (about(Body::Bitmap(zeros(2))), about(Body::Bitmap(zeros(3)))),
        (about(Body::Bitmap(vec![0xff, 0xe0].into())), about(Body::Bitmap(vec![0xff, 0xf0].into()))),
        (have(vec![10]), have(vec![0; 4097])),
        (have(vec![0, 1]), have(vec![3, 0])),
        (have(vec![9, 1]), have(vec![9, 2])),
        (have(vec![0]), have(vec![5, u32::MAX])),
        (request(0, 0, 1), request(0, 0, 0)),
        (request(0, 0, 16_384), request(0, 0, REQUEST_MAX + 1)),
        (request(10, 0, 16_160), request(11, 0, 16_160)),
        (request(10, 160, 16_000), request(10, 160, 16_001)),
        (request(10, 16_159, 1), request(10, u32::MAX, 1)),
        (claim(0, 11), claim(0, 12)),
        (claim(10, 1), claim(10, 0)),
        (claim(1, 10), claim(u32::MAX, 2)),
        (progress(64, 0), progress(65, 0)),
        (progress(1, 16_160), progress(1, 16_161)),
        (wanted(&[]), wanted(&[(0, 1); WANTED_MAX + 1])),
        (wanted(&[(0, 5), (6, 5)]), wanted(&[(0, 5), (5, 6)])),
        (wanted(&[(0, 11)]), wanted(&[(6, 5), (0, 5)])),
        (wanted(&[(10, 1)]), wanted(&[(10, 0)])),
        (
            rumours(vec![rumour(32, 3, None); RUMOURS_MAX]),
            rumours(vec![rumour(32, 3, None); RUMOURS_MAX + 1]),
        ),
        (rumours(vec![rumour(32, 3, gone())]), rumours(vec![rumour(31, 3, gone())])),
        (rumours(vec![rumour(32, 3, gone())]), rumours(vec![rumour(32, 4, gone())])),
        (rumoured_claim(0, 11), rumoured_claim(0, 12)),
        (release(Some(Origin::PauseMs(3_600_000))), release(Some(Origin::PauseMs(3_600_001)))),
    ]
}

/// Members of a legal content, filled up with a field of the future.
fn members_of_size(size: usize) -> Bytes {
    let mut members = schema::Members { content: zeros(32), members: vec![] }.encode_to_vec();
    const FIELD_HEAD: usize = 4;
    prost::encoding::bytes::encode(99, &vec![0; size - members.len() - FIELD_HEAD], &mut members);
    assert_eq!(members.len(), size);
    members.into()
}

#[test]
fn one_step_over_a_bound_is_refused_and_the_bound_itself_is_not() {
    for (at, (passes, refused)) in steps().into_iter().enumerate() {
        assert!(read(&passes, &layout()).is_ok(), "step {at}: {}", refusal(&passes));
        assert!(read(&refused, &layout()).is_err(), "step {at}");
    }
}

#[test]
fn errors_say_what_came_and_what_is_allowed() {
    let texts: Vec<String> = steps().iter().map(|(_, refused)| refusal(refused)).collect();
    insta::assert_snapshot!(texts.join("\n"), @r"
    a control message of 262145 bytes, at most 262144 are allowed
    control message is not readable: failed to decode Protobuf message: Control.kind: buffer underflow
    members message of 16385 bytes, at most 16384 are allowed
    a content id of 31 bytes, 32 are needed
    a node id of 33 bytes, 32 are needed
    capacity class 4, only 0 to 3 are known
    capacity class -1, only 0 to 3 are known
    an agent text of 65 bytes, at most 64 are allowed
    an agent text with the character '\u{1b}', only printable ASCII is allowed
    listen port 65536, at most 65535 is allowed
    a list of contents of 63 bytes, a multiple of 32 is needed
    1025 contents in a hello, at most 1024 are allowed
    65 members in one message, at most 64 are allowed
    5 addresses of one member, at most 4 are allowed
    an address of 7 bytes, 6 (IPv4) or 18 (IPv6) are needed
    an address of 1 bytes, 6 (IPv4) or 18 (IPv6) are needed
    a list of digests of 33 bytes, a multiple of 32 is needed
    1025 digests in one manifest part, at most 1024 are allowed
    the hash of a URL has 33 bytes, 32 are needed
    the hash of a URL has 0 bytes, 32 are needed
    a hint with contents of 65 bytes, a multiple of 32 is needed
    5 contents of one URL, at most 4 are allowed
    the bitmap does not fit the content: a bitfield of 11 pieces has 2 bytes, not 3
    the bitmap does not fit the content: a spare bit behind piece 11 is set
    4097 pieces in one have list, at most 4096 are allowed
    the have list names #3 twice
    piece 11 of a content of 11 pieces
    piece 4294967300 of a content of 11 pieces
    a request for 0 bytes, 1 to 1048576 are allowed
    a request for 1048577 bytes, 1 to 1048576 are allowed
    piece 11 of a content of 11 pieces
    a request for 16001 bytes at 160 of piece #10, which has 16160
    a request for 1 bytes at 4294967295 of piece #10, which has 16160
    12 pieces from 0 of a content of 11 pieces
    0 pieces from 10 of a content of 11 pieces
    2 pieces from 4294967295 of a content of 11 pieces
    progress of 65 claims in one message, at most 64 are allowed
    16161 bytes received of pieces #10, which have 16160
    65 wanted ranges in one message, at most 64 are allowed
    wanted ranges #0-4 and #5-10 do not lie apart and in order
    wanted ranges #6-10 and #0-4 do not lie apart and in order
    0 pieces from 10 of a content of 11 pieces
    33 rumours in one message, at most 32 are allowed
    a node id of 31 bytes, 32 are needed
    capacity class 4, only 0 to 3 are known
    12 pieces from 0 of a content of 11 pieces
    a pause of 3600.001s, at most 3600s is allowed
    ");
}

#[test]
fn a_length_is_refused_before_anything_is_read() {
    assert_eq!(body_len([0, 4, 0, 0]), Ok(FRAME_MAX));
    assert_eq!(body_len([0, 4, 0, 1]), Err(WireError::Frame { got: FRAME_MAX + 1 }));
    assert_eq!(body_len([0xff; 4]), Err(WireError::Frame { got: u32::MAX as usize }));
}

#[test]
fn a_data_frame_has_one_byte_to_one_mebibyte() {
    let header = |size: u32| DataHeader::decode((u64::from(size) | 7 << 32).to_be_bytes());
    for size in [1, DATA_FRAME_MAX] {
        assert_eq!(header(size).unwrap().size, size);
    }
    for got in [0, DATA_FRAME_MAX + 1, u32::MAX] {
        assert_eq!(header(got), Err(WireError::DataFrame { got }));
    }
    let text = header(0).unwrap_err().to_string();
    insta::assert_snapshot!(text, @"a data frame of 0 bytes, 1 to 1048576 are allowed");
}

/// Tags 15 (control), 14 (about) and 13 (lane) belong to nobody yet.
#[test]
fn kinds_of_the_future_are_no_message_and_no_error() {
    let unknown = |tag: u32| {
        let mut bytes = vec![];
        prost::encoding::bytes::encode(tag, &vec![1, 2, 3], &mut bytes);
        bytes
    };
    let about_unknown =
        [schema::About { content: zeros(32), body: None }.encode_to_vec(), unknown(14)].concat();
    let mut framed = vec![];
    prost::encoding::bytes::encode(7, &about_unknown, &mut framed);
    let lane = about(Body::Lane(unknown(13).into()));
    for body in [unknown(15), framed, lane, vec![]] {
        assert_eq!(decode(&body), Ok(None), "{body:02x?}");
    }
}

/// A new kind of news is still a release.
#[test]
fn unknown_news_of_the_origin_are_none() {
    let mut release =
        schema::Release { pieces: Some(schema::Pieces { first: 0, count: 1 }), origin: None }.encode_to_vec();
    prost::encoding::uint32::encode(9, &1, &mut release);
    let mut lane = vec![];
    prost::encoding::bytes::encode(5, &release, &mut lane);
    let read = read(&about(Body::Lane(lane.into())), &layout()).unwrap().unwrap();
    let Message::About { body: ContentMessage::Lane(LaneMessage::Release { origin, .. }), .. } = read else {
        panic!("not a release: {read:?}");
    };
    assert_eq!(origin, swarmline_types::message::OriginNews::Nothing);
}

/// Whoever does more than is known here does nothing that matters here.
#[test]
fn a_search_of_the_future_is_none() {
    for (number, search) in
        [(1, Search::Looking), (2, Search::Reading), (3, Search::Idle), (-1, Search::Idle)]
    {
        let answer = schema::HintAnswer { url: zeros(32), contents: zeros(0), search: number };
        let read = read(&control(Kind::HintAnswer(answer)), &layout()).unwrap().unwrap();
        assert!(
            matches!(&read, Message::HintAnswer { hint, .. } if hint.search == search),
            "{number}: {read:?}"
        );
    }
}

/// The largest message of every kind that has a list, over a content of the most pieces.
#[test]
fn the_largest_legal_messages_pass() {
    let layout = PieceLayout::new(u64::from(PIECE_COUNT_MAX) << 24, 1 << 24).unwrap();
    let content = ContentId::new([0xff; 32]);
    let about = |body| Message::About { content, body };
    let last_pieces = || layout.pieces().rev().take(HAVE_MAX * 250).step_by(250);
    let member = MemberInfo {
        node: NodeId::new([0xff; 32]),
        class: CapacityClass::Never,
        addrs: vec!["[ffff::ffff]:65535".parse().unwrap(); ADDRS_MAX],
    };
    let part = ManifestPart {
        content_len: u64::MAX,
        piece_size: u32::MAX,
        first: u32::MAX,
        digests: vec![PieceHash::new([0xff; 32]); DIGESTS_MAX],
    };
    let hello = Hello {
        agent: "~".repeat(AGENT_MAX),
        class: CapacityClass::Never,
        listen_port: u16::MAX,
        contents: vec![content; CONTENTS_MAX],
    };
    let range = layout.piece_range(PIECE_COUNT_MAX / 4, PIECE_COUNT_MAX / 2).unwrap();
    let claims = vec![(range, layout.span(range).size()); PROGRESS_MAX];
    let far = |n: u32| layout.piece_range(1_000_000 - 4000 * n, 2000).unwrap();
    let rumour = Rumour {
        member: NodeId::new([0xff; 32]),
        class: CapacityClass::Never,
        number: u64::MAX,
        has_all: true,
        word: Word::Lane(LaneMessage::Progress(claims.clone())),
    };
    let messages = [
        Message::Hello(hello),
        Message::Members { content, members: vec![member; MEMBERS_MAX] },
        Message::ManifestPart { content, part: Some(part) },
        about(ContentMessage::Bitmap(Bitfield::all(&layout))),
        about(ContentMessage::Have(last_pieces().rev().collect())),
        about(ContentMessage::Lane(LaneMessage::Progress(claims))),
        about(ContentMessage::Wanted(Wanted::of((0..64).map(far)))),
        about(ContentMessage::Rumours(vec![rumour; RUMOURS_MAX].into())),
    ];
    for message in messages {
        let frame = encode(&message);
        assert!(body(&frame).len() <= FRAME_MAX * 3 / 4, "{} bytes leave no room to grow", frame.len());
        assert_eq!(read(body(&frame), &layout), Ok(Some(message)));
    }
}

#[test]
fn a_have_list_goes_out_ascending_whatever_its_order() {
    let pieces = [4, 0, 4, 9].map(|index| layout().piece(index).unwrap()).to_vec();
    let message = Message::About { content: ContentId::new([0; 32]), body: ContentMessage::Have(pieces) };
    let Message::About { body: ContentMessage::Have(back), .. } =
        read(body(&encode(&message)), &layout()).unwrap().unwrap()
    else {
        panic!("not a have list");
    };
    assert_eq!(back.iter().map(|piece| piece.get()).collect::<Vec<_>>(), [0, 4, 9]);
}

/// A pause that is not a whole number of milliseconds ends later, never earlier, than the origin asked; and one that
/// is too long becomes the longest.
#[test]
fn a_pause_goes_out_in_whole_milliseconds_within_its_bound() {
    let sent = |pause| {
        let pieces = layout().piece_range(0, 1).unwrap();
        let news = swarmline_types::message::OriginNews::Pause(pause);
        let body = ContentMessage::Lane(LaneMessage::Release { pieces, origin: news });
        encode(&Message::About { content: ContentId::new([0; 32]), body })
    };
    let ms = std::time::Duration::from_millis;
    assert_eq!(sent(std::time::Duration::from_micros(1500)), sent(ms(2)));
    assert_eq!(sent(std::time::Duration::MAX), sent(PAUSE_MAX));
    assert_ne!(sent(ms(1)), sent(ms(2)));
}
