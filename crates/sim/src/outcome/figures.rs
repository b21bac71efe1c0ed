//! The figures of a run, a site or a content.

use serde::Serialize;

/// The figures of a run, a site or a content. Ratios whose base is 0 are 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Figures {
    /// Honest peers that wanted something.
    pub peers: u32,
    /// Of these, how many had it all at the end, or when they went.
    pub finished: u32,
    /// Of these, how many stayed to the end and had not.
    pub unfinished: u32,
    /// Of these, how many went before they had it. The three make `peers`.
    pub went: u32,
    /// Of the unfinished, how many gave up.
    pub gave_up: u32,
    /// Nobody can be faster than this: see [`crate::bound`].
    pub bound_s: f64,
    /// From the first arrival to the last completion.
    pub makespan_s: f64,
    /// `makespan_s` over `bound_s`; of many sites, the worst. Below 1 only where a cache node had begun before the first
    /// peer came.
    pub makespan: f64,
    /// Mean time of a peer from its arrival to its completion.
    pub mean_s: f64,
    /// `mean_s` over `bound_s`.
    pub mean: f64,
    /// Bytes from the origin over one copy for each site.
    pub origin: f64,
    /// Bytes received twice or in vain, from origin and peers, over what the peers had to receive.
    pub duplicate: f64,
    /// Bytes with a wrong hash over what the peers had to receive.
    pub bad: f64,
    /// What the busiest peer sent over the mean of all that were never slow, went or lied; 0 if nothing was sent.
    pub upload_spread: f64,
    /// Bytes.
    pub traffic: Traffic,
    /// How often things were said.
    pub messages: Messages,
}

/// Bytes of content, by where they came from and what became of them. What honest peers received is kept, duplicate, bad,
/// cancelled, or in flight at the end.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Traffic {
    /// What had to be received: what each peer wanted and had not at the start.
    pub wanted: u64,
    /// Came from the origin, to anybody.
    pub origin: u64,
    /// Of these, for owners of a run.
    pub origin_owner: u64,
    /// Of these, for those who took over.
    pub origin_take_over: u64,
    /// Of these, for second copies.
    pub origin_second_copy: u64,
    /// Of these, for those who were alone, agree with nobody, or gave no reason.
    pub origin_alone: u64,
    /// Of these, what the origin had sent to the same site before.
    pub origin_again: u64,
    /// Came from peers, to honest ones.
    pub peers: u64,
    /// Passed their hash and were new.
    pub kept: u64,
    /// Passed their hash and were not new.
    pub duplicate: u64,
    /// Failed their hash.
    pub bad: u64,
    /// Came of a request that was taken back or broke off.
    pub cancelled: u64,
}

/// How often things were said, by honest peers.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Messages {
    /// HAVE batches.
    pub have: u64,
    /// Pieces in them.
    pub have_pieces: u64,
    /// Whole bitmaps.
    pub bitmaps: u64,
    /// Pieces asked of peers.
    pub requests: u64,
    /// Blocks asked of peers.
    pub blocks: u64,
    /// Refusals.
    pub rejects: u64,
    /// Cancels.
    pub cancels: u64,
    /// Lane messages but heartbeats, one for each that is told.
    pub lane: u64,
    /// Heartbeats, one for each that is told.
    pub heartbeats: u64,
    /// Introductions.
    pub introductions: u64,
    /// Connections that came up.
    pub connections: u64,
    /// Requests to the origin.
    pub fetches: u64,
    /// Of these, by owners.
    pub fetches_owner: u64,
    /// Of these, take-overs.
    pub fetches_take_over: u64,
    /// Of these, second copies.
    pub fetches_second_copy: u64,
    /// Of these, by those who were alone, agree with nobody, or gave no reason.
    pub fetches_alone: u64,
    /// Requests to peers that the scheduler took back without having the piece: they took too long.
    pub timeouts: u64,
    /// Peers banned for a bad piece, one for each pair.
    pub bans: u64,
    /// Messages that went through the real encoding and back.
    pub encoded: u64,
}

impl Figures {
    /// A time by which all who stayed are done. Never, which is infinite, where one of them is not, or nobody is at all: what
    /// the others took says nothing then.
    pub fn time_of_all(&self, time: f64) -> f64 {
        if self.unfinished > 0 || self.finished == 0 { f64::INFINITY } else { time }
    }

    /// So many of something for each peer and piece; `pieces` are those of the content.
    pub fn per_peer_and_piece(&self, count: u64, pieces: u64) -> f64 {
        ratio(count as f64, f64::from(self.peers) * pieces as f64)
    }
}

impl Traffic {
    pub(crate) fn add(&mut self, of: &Self) {
        self.wanted += of.wanted;
        self.origin += of.origin;
        self.origin_owner += of.origin_owner;
        self.origin_take_over += of.origin_take_over;
        self.origin_second_copy += of.origin_second_copy;
        self.origin_alone += of.origin_alone;
        self.origin_again += of.origin_again;
        self.peers += of.peers;
        self.kept += of.kept;
        self.duplicate += of.duplicate;
        self.bad += of.bad;
        self.cancelled += of.cancelled;
    }
}

impl Messages {
    pub(crate) fn add(&mut self, of: &Self) {
        self.have += of.have;
        self.have_pieces += of.have_pieces;
        self.bitmaps += of.bitmaps;
        self.requests += of.requests;
        self.blocks += of.blocks;
        self.rejects += of.rejects;
        self.cancels += of.cancels;
        self.lane += of.lane;
        self.heartbeats += of.heartbeats;
        self.introductions += of.introductions;
        self.connections += of.connections;
        self.fetches += of.fetches;
        self.fetches_owner += of.fetches_owner;
        self.fetches_take_over += of.fetches_take_over;
        self.fetches_second_copy += of.fetches_second_copy;
        self.fetches_alone += of.fetches_alone;
        self.timeouts += of.timeouts;
        self.bans += of.bans;
        self.encoded += of.encoded;
    }
}

/// `part` over `base`; 0 where the base is.
pub(crate) fn ratio(part: f64, base: f64) -> f64 {
    if base > 0.0 { part / base } else { 0.0 }
}
