//! What strangers say and send that is not so.

use swarmline_net::{Net, NetConfig};
use swarmline_proto::Manifest;
use swarmline_types::message::{BlockRequest, ContentMessage, Message};
use swarmline_types::{Bitfield, NodeId};

use super::stranger::{Cue, Stranger};

/// Says something about the content.
pub(crate) fn tell(net: &Net, to: NodeId, manifest: &Manifest, body: ContentMessage) {
    net.send(to, Message::About { content: manifest.content(), body });
}

/// Says it has everything, and answers each request with `answer`.
pub(crate) async fn boaster(
    config: NetConfig,
    manifest: &Manifest,
    mut answer: impl FnMut(&Net, NodeId, &Manifest, BlockRequest) + Send + 'static,
) -> Stranger {
    let own = manifest.clone();
    let script = move |net: &Net, cue| match cue {
        Cue::Met(node) => tell(net, node, &own, ContentMessage::Bitmap(Bitfield::all(&own.layout()))),
        Cue::Wants(node, block) => answer(net, node, &own, block),
        _ => {}
    };
    Stranger::start_with(config, manifest, script).await
}

/// An answer of the right size with wrong bytes.
pub(crate) fn send_noise(net: &Net, to: NodeId, _: &Manifest, block: BlockRequest) {
    net.serve(to, block.request, vec![0xee; block.size as usize].into());
}

/// No answer at all.
pub(crate) fn stay_silent(_: &Net, _: NodeId, _: &Manifest, _: BlockRequest) {}

/// A refusal.
pub(crate) fn reject(net: &Net, to: NodeId, manifest: &Manifest, block: BlockRequest) {
    tell(net, to, manifest, ContentMessage::Reject(block.request));
}
