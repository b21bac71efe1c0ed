//! What peers know of a URL, and whose turn it is to read its manifest at the origin.
//!
//! A lookout stands for one URL as long as a transfer looks for its manifest. It asks every peer, hears who looks for it
//! too, and tells the transfer when to read the manifest itself. Which manifest that is, only the origin says: what peers
//! say of the content leads to the question for its manifest, if the origin has named the same, and to nothing else.

use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;
use std::time::Duration;

use swarmline_proto::wire::HINTS_MAX;
use swarmline_scheduler::Turn;
use swarmline_types::message::{Hint, Message, Search};
use swarmline_types::{CapacityClass, ContentId, MonoTime, NodeId, UrlHash};
use tokio::sync::oneshot;
use tracing::debug;

use super::Driver;

/// Held by a transfer as long as something goes on: dropped, it is over.
pub(crate) type Held = oneshot::Receiver<Infallible>;
/// The other end of a [`Held`].
pub(crate) type Holding = oneshot::Sender<Infallible>;

/// How often it is looked whether transfers still look, when nothing else happens.
const TIDY_EVERY: Duration = Duration::from_secs(1);

/// One lookout per URL that a transfer looks for, so bounded by the transfers.
#[derive(Default)]
pub(super) struct Lookouts {
    urls: BTreeMap<UrlHash, Lookout>,
}

struct Lookout {
    turn: Turn,
    content: Option<ContentId>,
    /// The latest answer of each peer, each with at most [`HINTS_MAX`] contents.
    hints: BTreeMap<NodeId, Vec<ContentId>>,
    /// One per transfer that looks for it.
    looking: Vec<Holding>,
    /// Transfers that wait for their turn.
    waiting: VecDeque<oneshot::Sender<Held>>,
    /// The one that has it.
    reader: Option<Holding>,
}

impl Lookout {
    fn new(turn: Turn) -> Self {
        let (looking, waiting) = (Vec::new(), VecDeque::new());
        Self { turn, content: None, hints: BTreeMap::new(), looking, waiting, reader: None }
    }

    /// Drops what is over. `false` if all of it is.
    fn is_needed(&mut self, now: MonoTime) -> bool {
        self.looking.retain(|looking| !looking.is_closed());
        self.waiting.retain(|waiting| !waiting.is_closed());
        if self.reader.take_if(|reader| reader.is_closed()).is_some() {
            self.turn.set_reading(false, now);
        }
        !self.looking.is_empty()
    }

    /// Gives the turn to the transfer that waits the longest.
    fn begin_to_read(&mut self, now: MonoTime) -> bool {
        while let Some(waiting) = self.waiting.pop_front() {
            let (reader, held) = oneshot::channel();
            if waiting.send(held).is_ok() {
                self.reader = Some(reader);
                self.turn.set_reading(true, now);
                return true;
            }
        }
        false
    }
}

impl Lookouts {
    pub(super) fn is_looking(&self) -> bool {
        !self.urls.is_empty()
    }

    fn tidy(&mut self, now: MonoTime) {
        self.urls.retain(|_, lookout| lookout.is_needed(now));
    }

    /// Whether a peer has said that it knows this content under a URL that is looked for.
    pub(super) fn is_hinted(&self, peer: &NodeId, content: &ContentId) -> bool {
        self.urls.values().filter_map(|lookout| lookout.hints.get(peer)).any(|hints| hints.contains(content))
    }
}

impl Driver {
    /// Asks all peers about a URL, and those that come, for as long as `looking` is held.
    pub(super) fn look_for(&mut self, url: UrlHash, looking: Holding) {
        let now = self.clock.now();
        if !self.lookouts.urls.contains_key(&url) {
            let step = self.settings.node.manifest_step;
            let deaf_for = step.min(self.settings.settle);
            let turn = Turn::new(self.net.node(), self.settings.class, step, MonoTime::ZERO + deaf_for);
            self.lookouts.urls.insert(url, Lookout::new(turn));
            let peers: Vec<_> = self.peers.iter().map(|(id, peer)| (*id, peer.class)).collect();
            peers.into_iter().for_each(|(peer, class)| self.ask_about(url, peer, class));
        }
        let lookout = self.lookouts.urls.get_mut(&url).expect("just made");
        lookout.looking.push(looking);
        lookout.is_needed(now);
        self.tell_contents();
    }

    fn ask_about(&mut self, url: UrlHash, peer: NodeId, class: CapacityClass) {
        let Some(lookout) = self.lookouts.urls.get_mut(&url) else { return };
        lookout.turn.on_asked(peer, class, self.clock.now());
        self.net.send(peer, Message::HintAsk(url));
    }

    /// The content of a URL has a name now: `turn` is told when nobody else brings its manifest of `bytes` bytes.
    pub(super) fn await_turn(
        &mut self,
        url: UrlHash,
        content: ContentId,
        bytes: u64,
        turn: oneshot::Sender<Held>,
    ) {
        let Some(lookout) = self.lookouts.urls.get_mut(&url) else { return };
        let refused =
            lookout.hints.iter().filter(|(_, hints)| !hints.is_empty() && !hints.contains(&content));
        refused.for_each(
            |(peer, _)| debug!(%content, peer = %peer.short(), "its hint is not what the origin says"),
        );
        lookout.turn.on_named(content, bytes, self.clock.now());
        lookout.content = Some(content);
        lookout.waiting.push_back(turn);
    }

    /// When the next transfer is to read, or has perhaps gone without a word.
    pub(super) fn turns_due(&self) -> Option<MonoTime> {
        let waited_for = self.lookouts.urls.values().filter(|lookout| !lookout.waiting.is_empty());
        let turns = waited_for.filter_map(|lookout| self.turn_due(lookout));
        let tidy = self.lookouts.is_looking().then(|| self.clock.now() + TIDY_EVERY);
        turns.chain(tidy).min()
    }

    /// Never once the manifest is found: the transfer does not know it yet.
    fn turn_due(&self, lookout: &Lookout) -> Option<MonoTime> {
        let content = lookout.content.filter(|content| self.assemblies.is_sought(content))?;
        lookout.turn.due(self.assemblies.offered(&content))
    }

    /// Gives turns where they have come, and ends what nobody looks for any more.
    pub(super) fn give_turns(&mut self) {
        let now = self.clock.now();
        let before = self.lookouts.urls.len();
        self.lookouts.tidy(now);
        let is_due = |lookout: &&Lookout| self.turn_due(lookout).is_some_and(|due| due <= now);
        let due: Vec<_> =
            self.lookouts.urls.iter().filter(|(_, lookout)| is_due(lookout)).map(|(url, _)| *url).collect();
        for url in due {
            let Some(lookout) = self.lookouts.urls.get_mut(&url) else { continue };
            if lookout.begin_to_read(now) {
                let hint = Hint { contents: Vec::new(), search: Search::Reading };
                let lookers: Vec<_> = lookout.turn.lookers().collect();
                debug!(content = ?lookout.content, lookers = lookers.len(), "reading the manifest at the origin");
                for peer in lookers {
                    self.net.send(peer, Message::HintAnswer { url, hint: hint.clone() });
                }
            }
        }
        if self.lookouts.urls.len() != before {
            self.tell_contents();
        }
    }

    pub(super) fn ask_newcomer(&mut self, peer: NodeId, class: CapacityClass) {
        let urls: Vec<_> = self.lookouts.urls.keys().copied().collect();
        urls.into_iter().for_each(|url| self.ask_about(url, peer, class));
    }

    pub(super) fn forget_hints_of(&mut self, peer: &NodeId) {
        for lookout in self.lookouts.urls.values_mut() {
            lookout.turn.on_gone(peer);
            lookout.hints.remove(peer);
        }
    }

    pub(super) fn on_hint_ask(&mut self, from: NodeId, url: UrlHash) {
        self.lookouts.tidy(self.clock.now());
        let search = self.lookouts.urls.get_mut(&url).map_or(Search::Idle, |lookout| {
            lookout.turn.on_question(&from);
            lookout.turn.search()
        });
        let known = self.contents.values().filter(|driven| driven.urls.contains(&url));
        let contents = known.map(|driven| driven.id()).take(HINTS_MAX).collect();
        self.net.send(from, Message::HintAnswer { url, hint: Hint { contents, search } });
    }

    pub(super) fn on_hint_answer(&mut self, from: NodeId, url: UrlHash, hint: Hint) {
        let Some(lookout) = self.lookouts.urls.get_mut(&url) else { return };
        // Late words of somebody who is gone are nobody's.
        if !self.peers.contains_key(&from) {
            return;
        }
        lookout.turn.on_answer(&from, hint.search, self.clock.now());
        lookout.hints.insert(from, hint.contents);
        self.ask_for_manifests();
    }
}
