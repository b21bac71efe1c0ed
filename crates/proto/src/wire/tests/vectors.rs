//! Golden vectors: the bytes of every kind of message. The document for implementers holds the same.

use std::sync::Arc;
use std::time::Duration;

use data_encoding::HEXLOWER;
use swarmline_types::message::{
    BlockRequest, Hello, Hint, LaneMessage, ManifestPart, MemberInfo, OriginNews, Rumour, Search,
    WireRequest, Word,
};
use swarmline_types::{
    Bitfield, CapacityClass, ContentId, NodeId, PIECE_COUNT_MAX, PIECE_SIZE_DEFAULT, PIECE_SIZE_MAX,
    PIECE_SIZE_MIN, PieceHash, PieceIndex, PieceRange, UrlHash, Wanted,
};

use super::*;
use crate::manifest::{PHF_BYTES_MAX, PHF_HEAD_BYTES};

const DOCUMENT: &str = include_str!("../../../../../docs/protocol.md");

/// Content 00 01 … 1f.
fn content() -> ContentId {
    ContentId::new(std::array::from_fn(|i| i.to_le_bytes()[0]))
}

/// 11 pieces of 16 KiB, the last one of 16,160 bytes.
fn layout() -> PieceLayout {
    PieceLayout::new(180_000, 1 << 14).unwrap()
}

fn piece(index: u32) -> PieceIndex {
    layout().piece(index).unwrap()
}

fn pieces(first: u32, count: u32) -> PieceRange {
    layout().piece_range(first, count).unwrap()
}

fn about(body: ContentMessage) -> Message<ContentMessage> {
    Message::About { content: content(), body }
}

fn lane(message: LaneMessage) -> Message<ContentMessage> {
    about(ContentMessage::Lane(message))
}

fn hello() -> Hello {
    Hello {
        agent: "swarmline/0.1.0".to_owned(),
        class: CapacityClass::Wifi,
        listen_port: 4001,
        contents: vec![content(), ContentId::new([0xcc; 32])],
    }
}

fn member() -> MemberInfo {
    MemberInfo {
        node: NodeId::new([0xee; 32]),
        class: CapacityClass::Slow,
        addrs: vec!["192.0.2.7:4001".parse().unwrap(), "[2001:db8::7]:4002".parse().unwrap()],
    }
}

fn part() -> ManifestPart {
    ManifestPart {
        content_len: 180_000,
        piece_size: 1 << 14,
        first: 9,
        digests: vec![PieceHash::new([0xaa; 32]), PieceHash::new([0xbb; 32])],
    }
}

fn url() -> UrlHash {
    UrlHash::new([0xdd; 32])
}

fn bitmap() -> Bitfield {
    let mut bits = Bitfield::none(&layout());
    [0, 1, 2, 8, 10].into_iter().for_each(|index| assert!(bits.insert(piece(index))));
    bits
}

fn request() -> BlockRequest {
    BlockRequest { request: WireRequest(7), piece: piece(10), offset: 4096, size: 12_064 }
}

const NAMES: [&str; 25] = [
    "hello",
    "join",
    "leave",
    "members",
    "manifest ask",
    "manifest part",
    "manifest absent",
    "hint ask",
    "hint answer",
    "hint reading",
    "bitmap",
    "have",
    "request",
    "cancel",
    "reject",
    "claim",
    "progress",
    "almost",
    "done",
    "release",
    "release with pause",
    "release without ranges",
    "wanted",
    "wanted nothing",
    "rumours",
];

fn messages() -> [Message<ContentMessage>; NAMES.len()] {
    let content = content();
    let release = |origin| lane(LaneMessage::Release { pieces: pieces(3, 2), origin });
    [
        Message::Hello(hello()),
        Message::Join(content),
        Message::Leave(content),
        Message::Members { content, members: vec![member()] },
        Message::ManifestAsk { content, first: 9 },
        Message::ManifestPart { content, part: Some(part()) },
        Message::ManifestPart { content, part: None },
        Message::HintAsk(url()),
        Message::HintAnswer { url: url(), hint: Hint { contents: vec![content], search: Search::Idle } },
        Message::HintAnswer { url: url(), hint: Hint { contents: vec![], search: Search::Reading } },
        about(ContentMessage::Bitmap(bitmap())),
        about(ContentMessage::Have([0, 1, 2, 8, 10].map(piece).to_vec())),
        about(ContentMessage::Request(request())),
        about(ContentMessage::Cancel(WireRequest(7))),
        about(ContentMessage::Reject(WireRequest(300))),
        lane(LaneMessage::Claim(pieces(3, 2))),
        lane(LaneMessage::Progress(vec![(pieces(3, 2), 20_000), (pieces(10, 1), 0)])),
        lane(LaneMessage::Almost(pieces(3, 2))),
        lane(LaneMessage::Done(pieces(0, 1))),
        release(OriginNews::Nothing),
        release(OriginNews::Pause(Duration::from_secs(120))),
        release(OriginNews::NoRanges),
        about(ContentMessage::Wanted(Wanted::of([pieces(0, 3), pieces(8, 2)]))),
        about(ContentMessage::Wanted(Wanted::default())),
        about(ContentMessage::Rumours(rumours())),
    ]
}

fn rumours() -> Arc<[Rumour]> {
    let rumour = |byte, class, number, word| Rumour {
        member: NodeId::new([byte; 32]),
        class,
        number,
        has_all: byte == 0xbb,
        word,
    };
    Arc::new([
        rumour(0xaa, CapacityClass::Wired, 1, Word::Here(Wanted::of([pieces(0, 11)]))),
        rumour(0xbb, CapacityClass::Slow, 300, Word::Known(Wanted::default())),
        rumour(0xcc, CapacityClass::Wifi, 9, Word::Gone),
        rumour(0xaa, CapacityClass::Wired, 2, Word::Lane(LaneMessage::Claim(pieces(3, 2)))),
    ])
}

fn golden() -> String {
    let lines = NAMES
        .iter()
        .zip(messages())
        .map(|(name, message)| format!("{name}: {}", HEXLOWER.encode(&encode(&message))));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn every_message_has_its_golden_bytes() {
    insta::assert_snapshot!(golden(), @r"
    hello: 0000005a0a580a0f737761726d6c696e652f302e312e30100118a11f2240000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1fcccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc
    join: 000000221220000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f
    leave: 000000221a20000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f
    members: 0000006622640a20000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f12400a20eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee10021a06c00002070fa11a1220010db80000000000000000000000070fa2
    manifest ask: 000000262a240a20000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f1009
    manifest part: 0000007232700a20000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f124c08a0fe0a1080800118092240aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb
    manifest absent: 0000002432220a20000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f
    hint ask: 000000224220dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd
    hint answer: 000000464a440a20dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd1220000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f
    hint reading: 000000264a240a20dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd1802
    bitmap: 000000283a260a20000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f1202e0a0
    have: 0000002d3a2b0a20000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f1a070a050001010602
    request: 000000303a2e0a20000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f220a0807100a18802020a05e
    cancel: 000000263a240a20000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f2807
    reject: 000000273a250a20000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f30ac02
    claim: 0000002c3a2a0a20000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f3a060a0408031002
    progress: 0000003c3a3a0a20000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f3a1612140a0a0a040803100210a09c010a060a04080a1001
    almost: 0000002c3a2a0a20000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f3a061a0408031002
    done: 0000002a3a280a20000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f3a0422021001
    release: 0000002e3a2c0a20000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f3a082a060a0408031002
    release with pause: 000000323a300a20000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f3a0c2a0a0a040803100210c0a907
    release without ranges: 000000303a2e0a20000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f3a0a2a080a04080310021a00
    wanted: 000000303a2e0a20000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f420a0a0210030a0408081002
    wanted nothing: 000000263a240a20000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f4200
    rumours: 000000d93ad6010a20000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f4ab1010a2a0a20aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa180122040a02100b0a2b0a20bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb100218ac022a0040010a280a20cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc1001180932000a2c0a20aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa18023a060a0408031002
    ");
}

#[test]
fn golden_bytes_are_read_as_their_message() {
    for (line, message) in golden().lines().zip(messages()) {
        let (_, hex) = line.split_once(": ").unwrap();
        let frame = HEXLOWER.decode(hex.as_bytes()).unwrap();
        assert_eq!(read(body(&frame), &layout()), Ok(Some(message)), "{line}");
    }
}

#[test]
fn the_document_holds_the_same_vectors() {
    for line in golden().lines() {
        assert!(DOCUMENT.lines().any(|documented| documented == line), "docs/protocol.md lacks\n{line}");
    }
}

#[test]
fn a_data_header_has_its_golden_bytes() {
    let header = DataHeader { request: WireRequest(7), size: 12_064 };
    assert_eq!(HEXLOWER.encode(&header.encode()), "0000000700002f20");
    assert_eq!(DataHeader::decode(header.encode()), Ok(header));
    assert!(DOCUMENT.lines().any(|line| line == "data header: 0000000700002f20"));
}

#[test]
fn the_document_names_every_bound_as_it_is() {
    let bounds = [
        ("FRAME_MAX", FRAME_MAX),
        ("AGENT_MAX", AGENT_MAX),
        ("CONTENTS_MAX", CONTENTS_MAX),
        ("MEMBERS_MAX", MEMBERS_MAX),
        ("MEMBERS_BYTES_MAX", MEMBERS_BYTES_MAX),
        ("ADDRS_MAX", ADDRS_MAX),
        ("DIGESTS_MAX", DIGESTS_MAX),
        ("HINTS_MAX", HINTS_MAX),
        ("HAVE_MAX", HAVE_MAX),
        ("HAVE_BYTES_MAX", HAVE_BYTES_MAX),
        ("PROGRESS_MAX", PROGRESS_MAX),
        ("LANE_BYTES_MAX", LANE_BYTES_MAX),
        ("WANTED_MAX", WANTED_MAX),
        ("WANTED_BYTES_MAX", WANTED_BYTES_MAX),
        ("RUMOURS_MAX", RUMOURS_MAX),
        ("RUMOURS_BYTES_MAX", RUMOURS_BYTES_MAX),
        ("PAUSE_MAX", PAUSE_MAX.as_millis() as usize),
        ("REQUEST_MAX", REQUEST_MAX as usize),
        ("DATA_FRAME_MAX", DATA_FRAME_MAX as usize),
        ("PIECE_SIZE_MIN", PIECE_SIZE_MIN as usize),
        ("PIECE_SIZE_MAX", PIECE_SIZE_MAX as usize),
        ("PIECE_SIZE_DEFAULT", PIECE_SIZE_DEFAULT as usize),
        ("PIECE_COUNT_MAX", PIECE_COUNT_MAX as usize),
        ("PHF_BYTES_MAX", PHF_BYTES_MAX),
        ("PHF_HEAD_BYTES", PHF_HEAD_BYTES),
    ];
    for (name, value) in bounds {
        let row = format!("| `{name}` | {value} |");
        assert!(DOCUMENT.contains(&row), "docs/protocol.md lacks {row}");
    }
    for protocol in [CONTROL_PROTOCOL, DATA_PROTOCOL] {
        assert!(DOCUMENT.contains(&format!("`{protocol}`")), "docs/protocol.md lacks {protocol}");
    }
}
