//! A node that speaks the protocol and does as it likes: a real network, and a script instead of an engine.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use swarmline_engine::Engine;
use swarmline_net::{CloseReason, Discovery, Net, NetConfig, NetEvent, PeerAddr};
use swarmline_proto::Manifest;
use swarmline_types::message::{BlockRequest, ContentMessage, Hint, Message, WireRequest};
use swarmline_types::{NodeId, UrlHash};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::in_time;

/// Requests that a flooding stranger has open at a time, as many as its own network lets it.
const OPEN: u32 = 1000;

/// A stranger at work. Dropping it ends it.
pub(crate) struct Stranger {
    pub(crate) net: Net,
    seen: Arc<Seen>,
    task: JoinHandle<()>,
}

/// What a script acts upon.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cue {
    /// This node is connected and shares the content.
    Met(NodeId),
    /// It wants to know of a URL.
    AsksAbout(NodeId, UrlHash),
    /// It wants digests, from this piece on.
    WantsManifest(NodeId, u32),
    /// It wants bytes.
    Wants(NodeId, BlockRequest),
    /// It sent what was requested.
    Sent(NodeId, WireRequest),
    /// It rejected what was requested.
    Rejected(NodeId, WireRequest),
    /// It is no longer connected.
    Gone(NodeId),
    /// It is still there, a tenth of a second later.
    Tick(NodeId),
}

/// What has happened to a stranger so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counts {
    /// How often somebody has connected.
    pub(crate) ups: usize,
    /// How connections ended.
    pub(crate) downs: Vec<CloseReason>,
    /// How often bytes were wanted of it.
    pub(crate) wanted: usize,
    /// How often digests were wanted of it.
    pub(crate) manifests_wanted: usize,
    /// What it was told of URLs.
    pub(crate) hints: Vec<(UrlHash, Hint)>,
    /// URLs that it was asked about.
    pub(crate) asked_about: Vec<UrlHash>,
    /// What it requested and got, in bytes.
    pub(crate) received: u64,
    /// What it requested and did not get.
    pub(crate) rejects: usize,
}

#[derive(Default)]
struct Seen {
    counts: Mutex<Counts>,
    changed: Notify,
}

impl Stranger {
    /// A stranger on loopback that says it shares this content, and does what the script does at each cue.
    pub(crate) async fn start(
        seed: u8,
        manifest: &Manifest,
        script: impl FnMut(&Net, Cue) + Send + 'static,
    ) -> Self {
        Self::start_with(Self::on_loopback(seed), manifest, script).await
    }

    /// Settings of a stranger that nobody finds who is not told of it.
    pub(crate) fn on_loopback(seed: u8) -> NetConfig {
        let mut config = NetConfig::new([seed; 32]);
        config.listen = vec![([127, 0, 0, 1], 0).into()];
        config.discovery = Discovery::Off;
        config
    }

    /// As [`start`](Self::start), with settings of its own. It connects to whomever it finds.
    pub(crate) async fn start_with(
        config: NetConfig,
        manifest: &Manifest,
        mut script: impl FnMut(&Net, Cue) + Send + 'static,
    ) -> Self {
        let (net, mut events) = Net::start(config).await.unwrap();
        net.set_active(true);
        net.set_contents(vec![manifest.content()]);
        let seen = Arc::<Seen>::default();
        let (own, notes, manifest) = (net.clone(), seen.clone(), manifest.clone());
        let task = tokio::spawn(async move {
            let mut ticks = tokio::time::interval(Duration::from_millis(100));
            let mut met = BTreeSet::new();
            loop {
                tokio::select! {
                    event = events.recv() => {
                        let Some(event) = event else { return };
                        if let NetEvent::Found { node, addr } = event {
                            own.dial(node, addr);
                        }
                        let cue = cue_of(event, &manifest, &mut met, &notes);
                        cue.into_iter().for_each(|cue| script(&own, cue));
                    }
                    _ = ticks.tick() => met.iter().for_each(|node| script(&own, Cue::Tick(*node))),
                }
            }
        });
        Self { net, seen, task }
    }

    /// A stranger that asks for as much as it can, asks anew whatever it gets or is refused, and comes back when it
    /// is thrown out.
    pub(crate) async fn flooding(seed: u8, manifest: &Manifest, victim: &Engine) -> Self {
        let (own, node, addr) = (manifest.clone(), victim.node(), victim.listen_addrs()[0]);
        let mut name = 0;
        let script = move |net: &Net, cue| {
            let mut ask = |of, count| {
                (0..count).for_each(|_| request_piece(net, of, &own, &mut name));
            };
            match cue {
                Cue::Met(of) => ask(of, OPEN),
                Cue::Sent(of, _) => ask(of, 1),
                Cue::Rejected(of, request) => {
                    net.rejected(of, request);
                    ask(of, 1);
                }
                Cue::Gone(_) => net.dial(Some(node), addr),
                _ => {}
            }
        };
        let stranger = Self::start(seed, manifest, script).await;
        stranger.net.dial(Some(node), addr);
        stranger
    }

    pub(crate) fn addr(&self) -> PeerAddr {
        PeerAddr::new(self.net.listen_addrs()[0], Some(self.net.node()))
    }

    pub(crate) fn counts(&self) -> Counts {
        self.seen.counts.lock().unwrap().clone()
    }

    /// Waits until the counts are as wished.
    pub(crate) async fn until(&self, what: &str, wish: impl Fn(&Counts) -> bool) -> Counts {
        let reached = async {
            loop {
                let changed = self.seen.changed.notified();
                let counts = self.counts();
                if wish(&counts) {
                    return counts;
                }
                changed.await;
            }
        };
        in_time(what, reached).await
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Seen {
    fn note(&self, change: impl FnOnce(&mut Counts)) {
        change(&mut self.counts.lock().unwrap());
        self.changed.notify_waiters();
    }
}

/// Asks for a piece under the next name.
fn request_piece(net: &Net, of: NodeId, manifest: &Manifest, name: &mut u32) {
    let layout = manifest.layout();
    let piece = layout.piece(*name % layout.piece_count()).unwrap();
    let block = BlockRequest { request: WireRequest(*name), piece, offset: 0, size: layout.size_of(piece) };
    net.request(of, manifest.content(), block);
    *name += 1;
}

/// Notes an event, and says whether the script hears of it.
fn cue_of(event: NetEvent, manifest: &Manifest, met: &mut BTreeSet<NodeId>, seen: &Seen) -> Option<Cue> {
    let ours = manifest.content();
    match event {
        NetEvent::Up { node, hello, .. } => {
            seen.note(|counts| counts.ups += 1);
            (hello.contents.contains(&ours) && met.insert(node)).then_some(Cue::Met(node))
        }
        NetEvent::Down { node, why, .. } => {
            met.remove(&node);
            seen.note(|counts| counts.downs.push(why));
            Some(Cue::Gone(node))
        }
        NetEvent::Arrived { from, request, data } => {
            seen.note(|counts| counts.received += data.len() as u64);
            Some(Cue::Sent(from, request))
        }
        NetEvent::Message { from, message: Message::Join(content) } => {
            (content == ours && met.insert(from)).then_some(Cue::Met(from))
        }
        NetEvent::Message { from, message: Message::HintAsk(url) } => {
            seen.note(|counts| counts.asked_about.push(url));
            Some(Cue::AsksAbout(from, url))
        }
        NetEvent::Message { message: Message::HintAnswer { url, hint }, .. } => {
            seen.note(|counts| counts.hints.push((url, hint)));
            None
        }
        NetEvent::Message { from, message: Message::ManifestAsk { content, first } } => {
            seen.note(|counts| counts.manifests_wanted += 1);
            (content == ours).then_some(Cue::WantsManifest(from, first))
        }
        NetEvent::Message { from, message: Message::About { content, body } } if content == ours => {
            match body.check(&manifest.layout()).expect("engines keep to the protocol") {
                ContentMessage::Request(block) => {
                    seen.note(|counts| counts.wanted += 1);
                    Some(Cue::Wants(from, block))
                }
                ContentMessage::Reject(request) => {
                    seen.note(|counts| counts.rejects += 1);
                    Some(Cue::Rejected(from, request))
                }
                _ => None,
            }
        }
        _ => None,
    }
}
