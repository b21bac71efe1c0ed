//! Manifests between peers: asked for by the name that proves them, given to whoever asks.

use std::collections::{BTreeMap, BTreeSet};

use swarmline_proto::Manifest;
use swarmline_proto::manifest::ManifestAssembly;
use swarmline_types::message::{ManifestPart, Message};
use swarmline_types::{ContentId, NodeId};
use tokio::sync::oneshot;
use tracing::debug;

use super::Driver;

/// Searches for manifests. One per content that a transfer waits for, so bounded by the transfers.
#[derive(Default)]
pub(super) struct Assemblies {
    searches: BTreeMap<ContentId, Search>,
}

struct Search {
    assembly: ManifestAssembly,
    /// Who is asked now.
    asked: Option<NodeId>,
    /// Who has sent nothing or nonsense.
    useless: BTreeSet<NodeId>,
    replies: Vec<oneshot::Sender<Manifest>>,
}

impl Assemblies {
    pub(super) fn is_searching(&self) -> bool {
        !self.searches.is_empty()
    }

    pub(super) fn forget_peer(&mut self, peer: &NodeId) {
        for (content, search) in &mut self.searches {
            search.useless.remove(peer);
            if search.asked == Some(*peer) {
                search.asked = None;
                search.assembly = ManifestAssembly::new(*content);
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
        let search = self.assemblies.searches.entry(content).or_insert_with(|| Search {
            assembly: ManifestAssembly::new(content),
            asked: None,
            useless: BTreeSet::new(),
            replies: Vec::new(),
        });
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
        for (content, search) in &mut self.assemblies.searches {
            let shares = |(peer, contents): (&NodeId, &BTreeSet<ContentId>)| {
                (contents.contains(content) && !search.useless.contains(peer)).then_some(*peer)
            };
            if search.asked.is_none()
                && let Some(peer) = self.peers.iter().find_map(shares)
            {
                search.asked = Some(peer);
                let first = search.assembly.next();
                self.net.send(peer, Message::ManifestAsk { content: *content, first });
            }
        }
    }

    pub(super) fn on_manifest_part(&mut self, from: NodeId, content: ContentId, part: Option<ManifestPart>) {
        let Some(search) = self.assemblies.searches.get_mut(&content).filter(|search| search.asked == Some(from)) else {
            return;
        };
        match part.map(|part| search.assembly.take(part)) {
            Some(Ok(Some(manifest))) => {
                let search = self.assemblies.searches.remove(&content).expect("just found");
                for reply in search.replies {
                    let _ = reply.send(manifest.clone());
                }
                self.tell_contents();
            }
            Some(Ok(None)) => {
                let first = search.assembly.next();
                self.net.send(from, Message::ManifestAsk { content, first });
            }
            useless => {
                let error = useless.and_then(Result::err).map(|error| error.to_string());
                debug!(%content, peer = %from.short(), error, "no manifest from this peer");
                search.assembly = ManifestAssembly::new(content);
                search.asked = None;
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
