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
    Entrant::new(draw_of_run(content, first.get()), draw_of_member(content, member), member, class).key()
}

/// Key of a node for a content's manifest: that for the run from piece 0, which a content without pieces has too.
pub fn manifest_key(content: &ContentId, node: &NodeId, class: CapacityClass) -> Option<Key> {
    Entrant::new(draw_of_run(content, 0), draw_of_member(content, node), node, class).key()
}

/// What a run brings to the race, whoever takes part.
pub(crate) fn draw_of_run(content: &ContentId, first: u32) -> u64 {
    hash(&[b"swarmline run 1", content.as_bytes(), &first.to_le_bytes()])
}

/// What a member brings to the race, whatever the run. Hashed once for all runs: a site of a thousand ranks a thousand
/// members for each run on each node.
pub(crate) fn draw_of_member(content: &ContentId, member: &NodeId) -> u64 {
    hash(&[b"swarmline member 1", content.as_bytes(), member.as_bytes()])
}

/// A member in the race for one run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entrant<'a> {
    luck: u64,
    member: &'a NodeId,
    class: CapacityClass,
    is_outside: bool,
}

impl<'a> Entrant<'a> {
    pub(crate) fn new(run: u64, member_draw: u64, member: &'a NodeId, class: CapacityClass) -> Self {
        Self { luck: mix(run ^ member_draw), member, class, is_outside: false }
    }

    /// Whether it comes only after all who do not.
    pub(crate) fn behind_committee(self, is_outside: bool) -> Self {
        Self { is_outside, ..self }
    }

    pub(crate) fn key(&self) -> Option<Key> {
        let slowness = match self.class {
            CapacityClass::Wired => 3,
            CapacityClass::Wifi => 10,
            CapacityClass::Slow => 60,
            CapacityClass::Never => return None,
        };
        Some((negative_log2(self.luck) * slowness, *self.member))
    }

    /// Whether `me` waits for it. Whoever is outside takes part in the race of all, since the committee may be names only.
    pub(crate) fn is_seen_before(self, me: &Self) -> bool {
        let is_outside = self.is_outside && !me.is_outside;
        self.behind_committee(is_outside).is_before(&me.behind_committee(false))
    }

    /// Whether it has the lower key. Nobody without a key comes before anybody; everybody comes before those.
    pub(crate) fn is_before(&self, other: &Self) -> bool {
        if self.is_outside != other.is_outside {
            return other.is_outside;
        }
        // Within one class more luck is a lower key, unless both are so near that the logarithm cuts the difference off.
        let differ = self.luck.abs_diff(other.luck) > self.luck >> 30;
        if self.class == other.class && self.class != CapacityClass::Never && differ {
            return self.luck > other.luck;
        }
        match (self.key(), other.key()) {
            (Some(mine), Some(theirs)) => mine < theirs,
            (mine, _) => mine.is_some(),
        }
    }
}

/// Spreads every bit of the number over all of them: the finaliser of splitmix64.
fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// What two members draw together: the same at both ends.
pub(crate) fn draw_of_pair(content: &ContentId, a: &NodeId, b: &NodeId) -> u64 {
    let (low, high) = if a < b { (a, b) } else { (b, a) };
    hash(&[b"swarmline edge 1", content.as_bytes(), low.as_bytes(), high.as_bytes()])
}

/// Whether two members are neighbours in the mesh of a content, if `degree` of `others` should be.
pub(crate) fn is_edge(draw_of_pair: u64, degree: usize, others: usize) -> bool {
    u128::from(draw_of_pair) * (others as u128) < (degree as u128) << 64
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

/// `-log2((hash + 1) / 2^64)` in units of 2^-32, by squaring: 32 binary digits behind the point, the same on any machine.
pub fn negative_log2(hash: u64) -> u64 {
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
        insta::assert_snapshot!(line(0, 0xaa, CapacityClass::Wired), @"Some(111177413424)");
        insta::assert_snapshot!(line(0, 0xbb, CapacityClass::Wired), @"Some(5683284078)");
        insta::assert_snapshot!(line(7, 0xaa, CapacityClass::Wifi), @"Some(21268636720)");
        insta::assert_snapshot!(line(7, 0xbb, CapacityClass::Slow), @"Some(1071791132520)");
        insta::assert_snapshot!(line(7, 0xbb, CapacityClass::Never), @"None");
    }

    /// The short cut of the comparison gives what the keys give, also where numbers lie close together.
    #[test]
    fn who_comes_first_is_what_the_keys_say() {
        let classes = [CapacityClass::Wired, CapacityClass::Wifi, CapacityClass::Never];
        let near = (0..40).map(|n| (1u64 << 63) + (1 << n));
        let lucks: Vec<_> = near.chain((0..40).map(|n| mix(n) >> (n % 50))).chain([0, 1, u64::MAX]).collect();
        let (a, b) = (node(1), node(2));
        for (mine, theirs) in lucks.iter().flat_map(|mine| lucks.iter().map(move |theirs| (*mine, *theirs))) {
            for (class, other_class) in classes.iter().flat_map(|c| classes.iter().map(move |d| (*c, *d))) {
                let first = Entrant { luck: mine, member: &a, class, is_outside: false };
                let second = Entrant { luck: theirs, member: &b, class: other_class, is_outside: false };
                let by_keys = first.key().is_some_and(|key| second.key().is_none_or(|other| key < other));
                assert_eq!(first.is_before(&second), by_keys, "{first:?} {second:?}");
            }
        }
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
                let draw = draw_of_pair(&content, &node(a), &node(b));
                assert_eq!(draw, draw_of_pair(&content, &node(b), &node(a)));
                edges += u32::from(is_edge(draw, 12, 59));
            }
        }
        assert!((300..420).contains(&edges), "{edges} edges, 360 expected");
    }
}
