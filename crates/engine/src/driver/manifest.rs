//! Manifests between peers: asked for by the name that proves them, given to whoever asks.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use swarmline_proto::Manifest;
use swarmline_proto::manifest::ManifestAssembly;
use swarmline_types::message::{ManifestPart, Message};
use swarmline_types::{ContentId, MonoTime, NodeId};
use tokio::sync::oneshot;
use tracing::debug;

use super::{Driver, Peer};

/// How long a peer may take for one part of a manifest before another one is asked.
const ASK_TIMEOUT: Duration = Duration::from_secs(2);

/// Searches for manifests. One per content that a transfer waits for, so bounded by the transfers.
#[derive(Default)]
pub(super) struct Assemblies {
    searches: BTreeMap<ContentId, Search>,
}

struct Search {
    assembly: ManifestAssembly,
    /// Who is asked now, and until when its answer is waited for.
    asked: Option<(NodeId, MonoTime)>,
    /// Who has it not, or sent nonsense.
    useless: BTreeSet<NodeId>,
    /// Who did not answer: asked again when there is nobody else.
    silent: BTreeSet<NodeId>,
    /// When the last part came.
    part_at: MonoTime,
    replies: Vec<oneshot::Sender<Manifest>>,
}

impl Search {
    fn new(content: ContentId) -> Self {
        let (assembly, useless, silent) = (ManifestAssembly::new(content), BTreeSet::new(), BTreeSet::new());
        Self { assembly, asked: None, useless, silent, part_at: MonoTime::ZERO, replies: Vec::new() }
    }

    fn is_asked(&self, peer: NodeId) -> bool {
        self.asked.is_some_and(|(asked, _)| asked == peer)
    }

    /// What has come so far may be wrong, and only all of it together tells.
    fn turn_away(&mut self, content: ContentId) -> Option<NodeId> {
        self.assembly = ManifestAssembly::new(content);
        self.asked.take().map(|(peer, _)| peer)
    }
}

impl Assemblies {
    pub(super) fn is_searching(&self) -> bool {
        !self.searches.is_empty()
    }

    /// When somebody has been waited for long enough.
    pub(super) fn due(&self) -> Option<MonoTime> {
        self.searches.values().filter_map(|search| Some(search.asked?.1)).min()
    }

    pub(super) fn is_sought(&self, content: &ContentId) -> bool {
        self.searches.contains_key(content)
    }

    /// Whether a peer is being asked for a manifest: when its last part came, zero if none has.
    pub(super) fn offered(&self, content: &ContentId) -> Option<MonoTime> {
        self.searches.get(content).filter(|search| search.asked.is_some()).map(|search| search.part_at)
    }

    /// The manifest is here: everybody who waits for it gets it.
    pub(super) fn end(&mut self, manifest: &Manifest) {
        for reply in self.searches.remove(&manifest.content()).into_iter().flat_map(|search| search.replies) {
            let _ = reply.send(manifest.clone());
        }
    }

    pub(super) fn forget_peer(&mut self, peer: &NodeId) {
        for (content, search) in &mut self.searches {
            search.useless.remove(peer);
            search.silent.remove(peer);
            if search.is_asked(*peer) {
                search.turn_away(*content);
            }
        }
    }
}

impl Driver {
    pub(super) fn find_manifest(&mut self, content: ContentId, reply: oneshot::Sender<Manifest>) {
        if let Some(driven) = self.contents.get(&content) {
            let _ = reply.send(driven.manifest.clone());
            return;
        }
        let search = self.assemblies.searches.entry(content).or_insert_with(|| Search::new(content));
        search.replies.push(reply);
        self.ask_for_manifests();
        self.tell_contents();
    }

    /// Asks for the next part of every manifest that is looked for and asked of nobody.
    pub(super) fn ask_for_manifests(&mut self) {
        self.assemblies.searches.retain(|_, search| {
            search.replies.retain(|reply| !reply.is_closed());
            !search.replies.is_empty()
        });
        let until = self.clock.now() + ASK_TIMEOUT;
        for (content, search) in
            self.assemblies.searches.iter_mut().filter(|(_, search)| search.asked.is_none())
        {
            let may_have = |id: &NodeId, peer: &Peer| {
                peer.contents.contains(content) || self.lookouts.is_hinted(id, content)
            };
            let sharing = self.peers.iter().filter(|(id, peer)| may_have(id, peer)).map(|(id, _)| *id);
            let useful: Vec<_> = sharing.filter(|peer| !search.useless.contains(peer)).collect();
            if useful.iter().all(|peer| search.silent.contains(peer)) {
                search.silent.clear();
            }
            let Some(peer) = useful.into_iter().find(|peer| !search.silent.contains(peer)) else { continue };
            search.asked = Some((peer, until));
            let first = search.assembly.next();
            self.net.send(peer, Message::ManifestAsk { content: *content, first });
        }
    }

    /// Asks others where an answer is overdue.
    pub(super) fn expire_manifest_asks(&mut self) {
        let now = self.clock.now();
        for (content, search) in &mut self.assemblies.searches {
            if search.asked.is_some_and(|(_, until)| now >= until) {
                let peer = search.turn_away(*content);
                search.silent.extend(peer);
            }
        }
        self.ask_for_manifests();
    }

    pub(super) fn on_manifest_part(&mut self, from: NodeId, content: ContentId, part: Option<ManifestPart>) {
        let Some(search) = self.assemblies.searches.get_mut(&content).filter(|search| search.is_asked(from))
        else {
            return;
        };
        match part.map(|part| search.assembly.take(part)) {
            Some(Ok(Some(manifest))) => {
                self.assemblies.end(&manifest);
                self.tell_contents();
            }
            Some(Ok(None)) => {
                search.part_at = self.clock.now();
                search.asked = Some((from, search.part_at + ASK_TIMEOUT));
                let first = search.assembly.next();
                self.net.send(from, Message::ManifestAsk { content, first });
            }
            useless => {
                let error = useless.and_then(Result::err).map(|error| error.to_string());
                debug!(%content, peer = %from.short(), error, "no manifest from this peer");
                search.turn_away(content);
                search.useless.insert(from);
                self.ask_for_manifests();
            }
        }
    }

    pub(super) fn on_manifest_ask(&mut self, from: NodeId, content: ContentId, first: u32) {
        let part = self.contents.get(&content).and_then(|driven| driven.manifest.part(first));
        self.net.send(from, Message::ManifestPart { content, part });
    }
}
