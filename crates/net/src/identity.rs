//! Who a node is: an ed25519 key made from a seed, and its two spellings.
//!
//! A [`NodeId`] is the public key itself; libp2p calls the same key a `PeerId`. Only this module crosses between
//! them. Keys of other kinds exist in libp2p and are no nodes of ours.

use libp2p::PeerId;
use libp2p::identity::{Keypair, PublicKey, ed25519};
use swarmline_types::NodeId;

/// The key of a node. The seed is its secret: whoever has it is the node.
#[derive(Clone)]
pub struct Identity {
    keypair: Keypair,
    node: NodeId,
}

impl Identity {
    /// The same seed always gives the same node.
    pub fn from_seed(seed: [u8; 32]) -> Self {
        let keypair =
            Keypair::ed25519_from_bytes(seed).expect("any 32 bytes are the secret of an ed25519 key");
        let node = node_of(&keypair.public()).expect("made as ed25519 in the line before");
        Self { keypair, node }
    }

    /// The public half.
    pub fn node(&self) -> NodeId {
        self.node
    }

    pub(crate) fn keypair(&self) -> &Keypair {
        &self.keypair
    }

    pub(crate) fn peer_id(&self) -> PeerId {
        self.keypair.public().to_peer_id()
    }
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Identity({}, secret not shown)", self.node.short())
    }
}

/// `None` when the 32 bytes are no point of the curve, so nobody can hold the key.
pub(crate) fn peer_id_of(node: NodeId) -> Option<PeerId> {
    let key = ed25519::PublicKey::try_from_bytes(node.as_bytes()).ok()?;
    Some(PublicKey::from(key).to_peer_id())
}

/// `None` for a peer whose key is not ed25519.
pub(crate) fn node_id_of(peer: &PeerId) -> Option<NodeId> {
    // The id of a short key is the key itself, written down as a multihash that hashes nothing.
    let digest = peer.as_ref().digest();
    node_of(&PublicKey::try_decode_protobuf(digest).ok()?)
        .filter(|node| peer_id_of(*node).as_ref() == Some(peer))
}

fn node_of(key: &PublicKey) -> Option<NodeId> {
    Some(NodeId::new(key.clone().try_into_ed25519().ok()?.to_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_names_one_node() {
        let [one, same, other] = [1, 1, 2].map(|seed| Identity::from_seed([seed; 32]).node());
        assert_eq!(one, same);
        assert_ne!(one, other);
    }

    #[test]
    fn both_spellings_are_the_same_key() {
        let me = Identity::from_seed([7; 32]);
        assert_eq!(peer_id_of(me.node()), Some(me.peer_id()));
        assert_eq!(node_id_of(&me.peer_id()), Some(me.node()));
    }

    #[test]
    fn a_key_that_nobody_can_hold_and_a_hashed_key_are_no_nodes() {
        // y = 2 is the smallest encoding that lies on no point of the curve.
        let mut off_curve = [0; 32];
        off_curve[0] = 2;
        assert_eq!(peer_id_of(NodeId::new(off_curve)), None);
        assert_eq!(node_id_of(&PeerId::random()), None);
    }

    #[test]
    fn the_secret_is_not_in_debug_output() {
        let shown = format!("{:?}", Identity::from_seed([0xab; 32]));
        assert!(shown.contains("secret not shown") && !shown.contains("171"), "{shown}");
    }
}
