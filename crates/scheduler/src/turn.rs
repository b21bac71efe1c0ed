//! Who of a site reads a manifest at the origin: one of those who need it, and the others take it from that one.
//!
//! All that is known comes from peers, and peers lie. So nothing here decides *which* manifest is taken, only how long
//! it makes sense to wait for somebody else, and every wait has a bound. Says when to read, and does not read.

use std::collections::BTreeMap;
use std::time::Duration;

use swarmline_types::message::Search;
use swarmline_types::{CapacityClass, ContentId, MonoTime, NodeId};

use crate::score::manifest_key;

/// One manifest that a node looks for, and what its peers do about it.
///
/// Those who look for the same manifest rank alike on all nodes. The first reads at once; each further one waits a step
/// longer, and longer still while somebody reads or sends it. Among nodes that hear each other one reads: nobody is
/// first before all peers have answered, and an answer comes behind the question that its sender had.
#[derive(Debug)]
pub struct Turn {
    me: NodeId,
    class: CapacityClass,
    step: Duration,
    /// Until when a node without any peer believes that it is only deaf.
    deaf_until: MonoTime,
    /// As many as there are connections.
    peers: BTreeMap<NodeId, Peer>,
    named: Option<Named>,
    reading_since: Option<MonoTime>,
}

#[derive(Debug)]
struct Peer {
    class: CapacityClass,
    asked: MonoTime,
    word: Word,
}

/// What a peer says that it does about the manifest.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Word {
    /// It has not answered.
    Nothing,
    Idle,
    Looking,
    Reading {
        since: MonoTime,
    },
}

/// What the origin calls the content.
#[derive(Clone, Copy, Debug)]
struct Named {
    content: ContentId,
    /// Bytes of the manifest at the origin; 0 if that is not known.
    bytes: u64,
    at: MonoTime,
}

impl Turn {
    /// A search that begins. `step` is the time per rank; a node that knows no peer by `deaf_until` is alone.
    pub fn new(me: NodeId, class: CapacityClass, step: Duration, deaf_until: MonoTime) -> Self {
        Self { me, class, step, deaf_until, peers: BTreeMap::new(), named: None, reading_since: None }
    }

    /// A peer is there, and is asked now what it does.
    pub fn on_asked(&mut self, peer: NodeId, class: CapacityClass, now: MonoTime) {
        self.peers.insert(peer, Peer { class, asked: now, word: Word::Nothing });
    }

    /// A peer is gone.
    pub fn on_gone(&mut self, peer: &NodeId) {
        self.peers.remove(peer);
    }

    /// A peer asks us: it looks for the manifest too.
    pub fn on_question(&mut self, from: &NodeId) {
        if let Some(peer) = self.peers.get_mut(from)
            && !matches!(peer.word, Word::Reading { .. })
        {
            peer.word = Word::Looking;
        }
    }

    /// A peer says what it does. Saying twice that it reads gains it no time.
    pub fn on_answer(&mut self, from: &NodeId, search: Search, now: MonoTime) {
        let Some(peer) = self.peers.get_mut(from) else { return };
        peer.word = match (search, peer.word) {
            (Search::Idle, _) => Word::Idle,
            (Search::Looking, _) => Word::Looking,
            (Search::Reading, Word::Reading { since }) => Word::Reading { since },
            (Search::Reading, _) => Word::Reading { since: now },
        };
    }

    /// The origin, or the caller, has named the content; its manifest has so many bytes at the origin, 0 if nobody knows.
    /// From here on the turn comes. Naming the same again changes nothing.
    pub fn on_named(&mut self, content: ContentId, bytes: u64, now: MonoTime) {
        if self.named.is_none_or(|named| named.content != content) {
            self.named = Some(Named { content, bytes, at: now });
        }
    }

    /// This node reads the manifest from now on, or no longer.
    pub fn set_reading(&mut self, is_reading: bool, now: MonoTime) {
        self.reading_since = is_reading.then(|| self.reading_since.unwrap_or(now));
    }

    /// What this node does, as its peers are told.
    pub fn search(&self) -> Search {
        if self.reading_since.is_some() { Search::Reading } else { Search::Looking }
    }

    /// Peers that look for the manifest too, and so want to hear that this node reads it.
    pub fn lookers(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.peers.iter().filter(|(_, peer)| peer.is_looking()).map(|(id, _)| *id)
    }

    /// When this node is to read the manifest itself; `None` as long as nothing names the content.
    ///
    /// `offered` says that some peer is in the content and has not failed to send the manifest: when the last part of it
    /// came, [`MonoTime::ZERO`] if none did.
    pub fn due(&self, offered: Option<MonoTime>) -> Option<MonoTime> {
        let named = self.named?;
        let reading = self.step * READING_STEPS
            + Duration::from_millis(named.bytes.min(BYTES_MAX) >> BYTES_PER_MS_LOG2);
        let of_peer = |peer: &Peer| match peer.word {
            Word::Nothing => peer.asked + self.step / ANSWER_SHARE,
            Word::Idle | Word::Looking => MonoTime::ZERO,
            Word::Reading { since } => since + reading,
        };
        let heard = self.peers.values().map(of_peer).max().unwrap_or(self.deaf_until);
        let own = self.reading_since.map(|since| since + reading);
        let ranked = named.at + self.step * self.rank(named.content);
        let due = heard.max(ranked).max(own.unwrap_or(MonoTime::ZERO));
        let bounded = due.min(named.at + reading + self.step * PATIENCE_STEPS);
        let sent = offered.map(|part| part.max(named.at) + self.step * OFFER_STEPS);
        let sent = sent.map(|sent| sent.min(named.at + self.step * OFFER_STEPS_MAX));
        Some(bounded.max(sent.unwrap_or(MonoTime::ZERO)))
    }

    /// How many of those who look for it come before this node.
    fn rank(&self, content: ContentId) -> u32 {
        let mine = manifest_key(&content, &self.me, self.class);
        let before = |(id, peer): (&NodeId, &Peer)| {
            let theirs = manifest_key(&content, id, peer.class).filter(|_| peer.is_looking());
            theirs.is_some_and(|theirs| mine.is_none_or(|mine| theirs < mine))
        };
        let before = self.peers.iter().filter(|peer| before(*peer)).count();
        u32::try_from(before).unwrap_or(RANK_MAX).min(RANK_MAX)
    }
}

impl Peer {
    fn is_looking(&self) -> bool {
        matches!(self.word, Word::Looking | Word::Reading { .. })
    }
}

/// Of a step, how long a peer has to answer: a quarter.
const ANSWER_SHARE: u32 = 4;
/// Highest rank that is waited for.
const RANK_MAX: u32 = 4;
/// Steps that a peer which reads is given, beside the time for its bytes.
const READING_STEPS: u32 = 3;
/// The time for its bytes: a millisecond per KiB.
const BYTES_PER_MS_LOG2: u32 = 10;
/// Bytes beyond which it is given no more time: no manifest is larger.
const BYTES_MAX: u64 = 64 << 20;
/// Steps that all of this may take, from when the content is named and beside the time for one reader.
const PATIENCE_STEPS: u32 = 6;
/// Steps that a peer which offers the manifest has for each part.
const OFFER_STEPS: u32 = 3;
/// Steps that all parts may take.
const OFFER_STEPS_MAX: u32 = 30;

#[cfg(test)]
mod tests;
