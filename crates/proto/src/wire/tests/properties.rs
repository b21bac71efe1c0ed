//! Laws that hold for all messages, and for all bytes that are none.

use std::net::SocketAddr;
use std::ops::Range;
use std::time::Duration;

use proptest::collection::{btree_set, vec};
use proptest::prelude::*;
use swarmline_types::message::{
    BlockRequest, Hello, Hint, LaneMessage, ManifestPart, MemberInfo, OriginNews, Rumour, Search,
    WireRequest, Word,
};
use swarmline_types::{Bitfield, CapacityClass, ContentId, NodeId, PieceHash, PieceRange, UrlHash, Wanted};

use super::*;

/// Enough pieces for indices of one, two and three bytes.
const PIECES: u32 = 40_000;

/// The last piece is 1,000 bytes short.
fn layout() -> PieceLayout {
    PieceLayout::new((u64::from(PIECES) << 14) - 1000, 1 << 14).unwrap()
}

fn content() -> impl Strategy<Value = ContentId> {
    any::<[u8; 32]>().prop_map(ContentId::new)
}

fn class() -> impl Strategy<Value = CapacityClass> {
    use CapacityClass::{Never, Slow, Wifi, Wired};
    prop_oneof![Just(Wired), Just(Wifi), Just(Slow), Just(Never)]
}

fn hello() -> impl Strategy<Value = Hello> {
    ("[ -~]{0,64}", class(), any::<u16>(), vec(content(), 0..40))
        .prop_map(|(agent, class, listen_port, contents)| Hello { agent, class, listen_port, contents })
}

fn addr() -> impl Strategy<Value = SocketAddr> {
    let v4 = (any::<[u8; 4]>(), any::<u16>()).prop_map(SocketAddr::from);
    let v6 = (any::<[u8; 16]>(), any::<u16>()).prop_map(SocketAddr::from);
    prop_oneof![v4, v6]
}

fn member() -> impl Strategy<Value = MemberInfo> {
    (any::<[u8; 32]>(), class(), vec(addr(), 0..=ADDRS_MAX)).prop_map(|(node, class, addrs)| MemberInfo {
        node: NodeId::new(node),
        class,
        addrs,
    })
}

fn manifest_part() -> impl Strategy<Value = ManifestPart> {
    let digests = vec(any::<[u8; 32]>().prop_map(PieceHash::new), 0..40);
    (any::<u64>(), any::<u32>(), any::<u32>(), digests).prop_map(
        |(content_len, piece_size, first, digests)| ManifestPart { content_len, piece_size, first, digests },
    )
}

fn url() -> impl Strategy<Value = UrlHash> {
    any::<[u8; 32]>().prop_map(UrlHash::new)
}

fn hint() -> impl Strategy<Value = Hint> {
    let search = prop_oneof![Just(Search::Idle), Just(Search::Looking), Just(Search::Reading)];
    (vec(content(), 0..=HINTS_MAX), search).prop_map(|(contents, search)| Hint { contents, search })
}

fn bitmap() -> impl Strategy<Value = Bitfield> {
    btree_set(0..PIECES, 0..100).prop_map(|indices| {
        let mut bits = Bitfield::none(&layout());
        indices.into_iter().for_each(|index| assert!(bits.insert(layout().piece(index).unwrap())));
        bits
    })
}

fn have() -> impl Strategy<Value = ContentMessage> {
    let indices = btree_set(0..PIECES, 0..100);
    indices.prop_map(|set| ContentMessage::Have(set.into_iter().filter_map(|i| layout().piece(i)).collect()))
}

/// A part of a whole, from two free numbers.
fn cut(whole: u32, from: u32, size: u32) -> Range<u32> {
    let start = from % whole;
    start..start + 1 + size % (whole - start)
}

fn request() -> impl Strategy<Value = BlockRequest> {
    (any::<u32>(), 0..PIECES, any::<u32>(), any::<u32>()).prop_map(|(request, index, from, size)| {
        let piece = layout().piece(index).unwrap();
        let cut = cut(layout().size_of(piece), from, size);
        let size = cut.end - cut.start;
        BlockRequest { request: WireRequest(request), piece, offset: cut.start, size }
    })
}

fn pieces() -> impl Strategy<Value = PieceRange> {
    (any::<u32>(), any::<u32>()).prop_map(|(from, size)| {
        let cut = cut(PIECES, from, size);
        layout().piece_range(cut.start, cut.end - cut.start).unwrap()
    })
}

fn claim_progress() -> impl Strategy<Value = (PieceRange, u64)> {
    (pieces(), any::<u64>()).prop_map(|(pieces, n)| (pieces, n % (layout().span(pieces).size() + 1)))
}

fn origin_news() -> impl Strategy<Value = OriginNews> {
    let pause = (0..=3_600_000u64).prop_map(|ms| OriginNews::Pause(Duration::from_millis(ms)));
    prop_oneof![Just(OriginNews::Nothing), Just(OriginNews::NoRanges), pause]
}

fn lane() -> impl Strategy<Value = LaneMessage> {
    prop_oneof![
        pieces().prop_map(LaneMessage::Claim),
        vec(claim_progress(), 0..=PROGRESS_MAX).prop_map(LaneMessage::Progress),
        pieces().prop_map(LaneMessage::Almost),
        pieces().prop_map(LaneMessage::Done),
        (pieces(), origin_news()).prop_map(|(pieces, origin)| LaneMessage::Release { pieces, origin }),
    ]
}

fn content_message() -> impl Strategy<Value = ContentMessage> {
    prop_oneof![
        bitmap().prop_map(ContentMessage::Bitmap),
        have(),
        request().prop_map(ContentMessage::Request),
        any::<u32>().prop_map(|request| ContentMessage::Cancel(WireRequest(request))),
        any::<u32>().prop_map(|request| ContentMessage::Reject(WireRequest(request))),
        lane().prop_map(ContentMessage::Lane),
        vec(pieces(), 0..100).prop_map(|ranges| ContentMessage::Wanted(Wanted::of(ranges))),
        vec(rumour(), 0..=RUMOURS_MAX).prop_map(|rumours| ContentMessage::Rumours(rumours.into())),
    ]
}

fn rumour() -> impl Strategy<Value = Rumour> {
    let wanted = || vec(pieces(), 0..100).prop_map(Wanted::of);
    let word = prop_oneof![
        wanted().prop_map(Word::Here),
        wanted().prop_map(Word::Known),
        Just(Word::Gone),
        lane().prop_map(Word::Lane)
    ];
    let of = (any::<[u8; 32]>(), class(), any::<u64>(), any::<bool>(), word);
    of.prop_map(|(node, class, number, has_all, word)| Rumour {
        member: NodeId::new(node),
        class,
        number,
        has_all,
        word,
    })
}

fn message() -> impl Strategy<Value = Message<ContentMessage>> {
    prop_oneof![
        hello().prop_map(Message::Hello),
        content().prop_map(Message::Join),
        content().prop_map(Message::Leave),
        (content(), vec(member(), 0..=MEMBERS_MAX))
            .prop_map(|(content, members)| Message::Members { content, members }),
        (content(), any::<u32>()).prop_map(|(content, first)| Message::ManifestAsk { content, first }),
        (content(), proptest::option::of(manifest_part()))
            .prop_map(|(content, part)| Message::ManifestPart { content, part }),
        url().prop_map(Message::HintAsk),
        (url(), hint()).prop_map(|(url, hint)| Message::HintAnswer { url, hint }),
        (content(), content_message()).prop_map(|(content, body)| Message::About { content, body }),
    ]
}

/// One change to a message's bytes, at a place that is taken modulo its length.
#[derive(Clone, Debug)]
enum Damage {
    Set(usize, u8),
    Insert(usize, u8),
    Remove(usize),
    Cut(usize),
}

fn damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        (any::<usize>(), any::<u8>()).prop_map(|(at, byte)| Damage::Set(at, byte)),
        (any::<usize>(), any::<u8>()).prop_map(|(at, byte)| Damage::Insert(at, byte)),
        any::<usize>().prop_map(Damage::Remove),
        any::<usize>().prop_map(Damage::Cut),
    ]
}

fn damaged(mut bytes: Vec<u8>, damage: Vec<Damage>) -> Vec<u8> {
    for damage in damage {
        let len = bytes.len().max(1);
        match damage {
            Damage::Insert(at, byte) => bytes.insert(at % len.min(bytes.len() + 1), byte),
            _ if bytes.is_empty() => {}
            Damage::Set(at, byte) => bytes[at % len] = byte,
            Damage::Remove(at) => drop(bytes.remove(at % len)),
            Damage::Cut(at) => bytes.truncate(at % len),
        }
    }
    bytes
}

/// Whatever is accepted is a message like any other: written again, it is read as the same.
fn is_refused_or_a_message(bytes: &[u8]) -> Result<(), TestCaseError> {
    if let Ok(Some(message)) = read(bytes, &layout()) {
        prop_assert_eq!(read(body(&encode(&message)), &layout()), Ok(Some(message)));
    }
    Ok(())
}

proptest! {
    #[test]
    fn a_message_is_read_as_it_was_written(message in message()) {
        let frame = encode(&message);
        prop_assert_eq!(read(body(&frame), &layout()), Ok(Some(message)));
    }

    #[test]
    fn fields_of_the_future_are_skipped(message in message(), field in 10u32..1000, value in vec(any::<u8>(), 0..100)) {
        let mut frame = encode(&message);
        prost::encoding::bytes::encode(field, &value, &mut frame);
        prop_assert_eq!(read(&frame[PREFIX_SIZE..], &layout()), Ok(Some(message)));
    }

    #[test]
    fn random_bytes_are_refused_or_a_message(bytes in vec(any::<u8>(), 0..300)) {
        is_refused_or_a_message(&bytes)?;
    }

    #[test]
    fn damaged_messages_are_refused_or_a_message(message in message(), damage in vec(damage(), 1..6)) {
        is_refused_or_a_message(&damaged(body(&encode(&message)).to_vec(), damage))?;
    }

    #[test]
    fn a_data_header_is_refused_or_read_as_it_was_written(bytes in any::<[u8; 8]>(), short in any::<[u8; 2]>()) {
        let [_, _, _, _, tail @ ..] = bytes;
        for bytes in [bytes, [tail[0], tail[1], tail[2], tail[3], 0, 0, short[0], short[1]]] {
            if let Ok(header) = DataHeader::decode(bytes) {
                prop_assert!((1..=DATA_FRAME_MAX).contains(&header.size));
                prop_assert_eq!(header.encode(), bytes);
            }
        }
    }
}
