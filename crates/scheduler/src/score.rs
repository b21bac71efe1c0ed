//! The order of runs and the ranking of members, the same on every node: integers only.
//!
//! Ranking is an exponential race: member m of weight w gets the key `-log2(U) / w` with U from a hash of content,
//! run and member; the lowest key owns the run. A member that leaves moves only its own runs, and a member of
//! weight 0.3 owns 0.3 times as many as one of weight 1.

use swarmline_types::{CapacityClass, ContentId, NodeId, PieceIndex};

/// Key of a member for a run; the lowest owns it. Ties cannot matter: they are broken by the node id.
pub type Key = (u64, NodeId);

/// Where a run stands in the lane's order: ascending by this number, then by piece.
pub fn order(content: &ContentId, first: PieceIndex) -> u64 {
    hash(&[b"swarmline order 1", content.as_bytes(), &first.get().to_le_bytes()])
}

/// Key of `member` for the run that begins with piece `first`; `None` for a member that never owns.
pub fn key(content: &ContentId, first: PieceIndex, member: &NodeId, class: CapacityClass) -> Option<Key> {
    key_at(content, first.get(), member, class)
}

/// Key of a node for a content's manifest: that for the run from piece 0, which a content without pieces has too.
pub fn manifest_key(content: &ContentId, node: &NodeId, class: CapacityClass) -> Option<Key> {
    key_at(content, 0, node, class)
}

fn key_at(content: &ContentId, first: u32, member: &NodeId, class: CapacityClass) -> Option<Key> {
    let slowness = match class {
        CapacityClass::Wired => 3,
        CapacityClass::Wifi => 10,
        CapacityClass::Slow => 60,
        CapacityClass::Never => return None,
    };
    let hash = hash(&[b"swarmline owner 1", content.as_bytes(), &first.to_le_bytes(), member.as_bytes()]);
    Some((negative_log2(hash) * slowness, *member))
}

/// Whether two members are neighbours in the mesh of a content, if `degree` of `others` should be.
pub(crate) fn is_edge(content: &ContentId, a: &NodeId, b: &NodeId, degree: usize, others: usize) -> bool {
    let (low, high) = if a < b { (a, b) } else { (b, a) };
    let hash = hash(&[b"swarmline edge 1", content.as_bytes(), low.as_bytes(), high.as_bytes()]);
    u128::from(hash) * (others as u128) < (degree as u128) << 64
}

/// First 8 bytes, little endian, of the BLAKE3 hash of the parts one after another.
fn hash(parts: &[&[u8]]) -> u64 {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(part);
    }
    let digest = hasher.finalize();
    u64::from_le_bytes(digest.as_bytes()[..8].try_into().expect("8 of 32 bytes"))
}

/// `-log2((hash + 1) / 2^64)` in units of 2^-32, by squaring: 32 binary digits behind the point.
fn negative_log2(hash: u64) -> u64 {
    let Some(value) = hash.checked_add(1) else { return 0 };
    let whole = value.ilog2();
    // A number from 1 up to 2, with 63 digits behind the point.
    let mut mantissa = value << (63 - whole);
    let mut log = u64::from(whole) << FRACTION_BITS;
    for digit in (0..FRACTION_BITS).rev() {
        let square = (u128::from(mantissa) * u128::from(mantissa)) >> 63;
        mantissa = if square >> 64 == 1 {
            log |= 1 << digit;
            u64::try_from(square >> 1).expect("a square below 4 halved is below 2")
        } else {
            u64::try_from(square).expect("just found to be below 2")
        };
    }
    (64 << FRACTION_BITS) - log
}

const FRACTION_BITS: u32 = 32;

#[cfg(test)]
mod tests {
    use swarmline_types::PieceLayout;

    use super::*;

    fn node(n: u8) -> NodeId {
        NodeId::new([n; 32])
    }

    fn piece(n: u32) -> PieceIndex {
        PieceLayout::new(1 << 34, 1 << 14).unwrap().piece(n).unwrap()
    }

    #[test]
    fn the_logarithm_is_right_to_nine_digits() {
        for hash in [0, 1, 2, 3, 1 << 20, u64::MAX / 3, u64::MAX / 2, u64::MAX - 1, u64::MAX] {
            let want = -((hash as f64 + 1.0) / 2f64.powi(64)).log2();
            let got = negative_log2(hash) as f64 / 2f64.powi(32);
            assert!((want - got).abs() < 1e-9, "{hash}: {want} {got}");
        }
    }

    /// The vectors of docs/protocol.md: other implementations must get the same numbers.
    #[test]
    fn golden_vectors() {
        let content = ContentId::new([0x11; 32]);
        let line =
            |n: u32, m: u8, class| format!("{:?}", key(&content, piece(n), &node(m), class).map(|k| k.0));
        insta::assert_snapshot!(order(&content, piece(0)), @"14205003028128146364");
        insta::assert_snapshot!(order(&content, piece(1)), @"7098138845113749532");
        insta::assert_snapshot!(negative_log2(0x0123_4567_89ab_cdef), @"33559934675");
        insta::assert_snapshot!(line(0, 0xaa, CapacityClass::Wired), @"Some(29050341762)");
        insta::assert_snapshot!(line(0, 0xbb, CapacityClass::Wired), @"Some(9087785604)");
        insta::assert_snapshot!(line(7, 0xaa, CapacityClass::Wifi), @"Some(90153655990)");
        insta::assert_snapshot!(line(7, 0xbb, CapacityClass::Slow), @"Some(257693026680)");
        insta::assert_snapshot!(line(7, 0xbb, CapacityClass::Never), @"None");
    }

    #[test]
    fn runs_are_owned_in_proportion_to_weight() {
        let content = ContentId::new([0x11; 32]);
        let members = [
            (node(1), CapacityClass::Wired),
            (node(2), CapacityClass::Wired),
            (node(3), CapacityClass::Wifi),
            (node(4), CapacityClass::Slow),
            (node(5), CapacityClass::Never),
        ];
        let mut owned = [0u32; 5];
        for run in 0..4000 {
            let owner = (0..5)
                .filter_map(|m| key(&content, piece(run), &members[m].0, members[m].1).map(|k| (k, m)))
                .min()
                .unwrap();
            owned[owner.1] += 1;
        }
        let share = |m: usize| f64::from(owned[m]) / 4000.0;
        for (m, want) in [(0, 1.0 / 2.35), (1, 1.0 / 2.35), (2, 0.3 / 2.35), (3, 0.05 / 2.35)] {
            assert!((share(m) - want).abs() < 0.03, "{owned:?}");
        }
        assert_eq!(owned[4], 0);
    }

    #[test]
    fn both_ends_of_an_edge_agree() {
        let content = ContentId::new([0x11; 32]);
        let mut edges = 0;
        for a in 0..60 {
            for b in 0..a {
                let there = is_edge(&content, &node(a), &node(b), 12, 59);
                assert_eq!(there, is_edge(&content, &node(b), &node(a), 12, 59));
                edges += u32::from(there);
            }
        }
        assert!((300..420).contains(&edges), "{edges} edges, 360 expected");
    }
}
