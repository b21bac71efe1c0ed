//! What nodes tell each other: the vocabulary that `proto` writes to bytes and `scheduler` thinks in.
//!
//! Every value here is checked: `proto` makes piece indices and bitfields with the layout of the content they are
//! about, so nothing behind it meets an index out of range.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::{Bitfield, CapacityClass, ContentId, NodeId, PieceHash, PieceIndex, PieceRange, UrlHash, Wanted};

/// Name of a request between two nodes, chosen by the asking side, unique on its connection while it is open.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct WireRequest(pub u32);

/// First message on every control stream, exactly once in each direction.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Hello {
    /// Software and version, for people: `swarmline/0.1.0`. At most 64 bytes.
    pub agent: String,
    /// How much origin work the node takes on.
    pub class: CapacityClass,
    /// TCP port on which the node accepts connections; 0 if it accepts none.
    pub listen_port: u16,
    /// Contents that the node holds or wants. At most 1,024.
    pub contents: Vec<ContentId>,
}

/// A member of a site and content, as one node knows it and tells another.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MemberInfo {
    /// Who.
    pub node: NodeId,
    /// How much origin work it takes on.
    pub class: CapacityClass,
    /// Where it accepts connections. At most 4.
    pub addrs: Vec<SocketAddr>,
}

/// A part of a manifest: digests of consecutive pieces. The whole proves itself by its `HashOfHashes`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ManifestPart {
    /// Bytes of the content.
    pub content_len: u64,
    /// Bytes of a piece.
    pub piece_size: u32,
    /// Index of the first digest below; not yet checked against a layout, since the asker has none.
    pub first: u32,
    /// At most 1,024 digests.
    pub digests: Vec<PieceHash>,
}

/// What a node knows of a URL. Nobody vouches for it: whoever goes by it confirms it first.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Hint {
    /// Contents that the node knows under this URL and is in. At most 4.
    pub contents: Vec<ContentId>,
    /// Whether it needs the URL's manifest itself.
    pub search: Search,
}

/// What a node does about the manifest of a URL.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Search {
    /// Nothing: it has it, or does not want it.
    #[default]
    Idle,
    /// It looks for it.
    Looking,
    /// It reads it at the origin, now.
    Reading,
}

/// One message on the control stream.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Message<B> {
    /// Who I am.
    Hello(Hello),
    /// I hold or want this content from now on.
    Join(ContentId),
    /// I no longer hold or want it.
    Leave(ContentId),
    /// Other members of a content that I know. At most 64 a message.
    Members {
        /// The content they are members of.
        content: ContentId,
        /// Who they are.
        members: Vec<MemberInfo>,
    },
    /// Please send digests of this content's pieces, beginning with piece `first`.
    ManifestAsk {
        /// The content whose manifest is wanted.
        content: ContentId,
        /// First piece whose digest is wanted.
        first: u32,
    },
    /// The digests asked for; `None`: I do not have that manifest.
    ManifestPart {
        /// The content.
        content: ContentId,
        /// The digests, or nothing.
        part: Option<ManifestPart>,
    },
    /// Which content is this, do you know? And do you look for its manifest too?
    HintAsk(UrlHash),
    /// What I know of a URL. Unasked as well: once I begin to read its manifest, to those who look for it too.
    HintAnswer {
        /// The URL.
        url: UrlHash,
        /// What I know of it.
        hint: Hint,
    },
    /// Something about one content.
    About {
        /// The content.
        content: ContentId,
        /// What about it.
        body: B,
    },
}

/// What two nodes tell each other about one content.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ContentMessage {
    /// All that I have: on joining, and as the lane's SUMMARY from time to time.
    Bitmap(Bitfield),
    /// Pieces that I have since the last such message. At most 4,096 a message.
    Have(Vec<PieceIndex>),
    /// Please send these bytes on the data stream.
    Request(BlockRequest),
    /// I no longer want what I asked for.
    Cancel(WireRequest),
    /// Busy, ask later, or: I do not have it (any more).
    Reject(WireRequest),
    /// The site's agreement on who fetches what from the origin.
    Lane(LaneMessage),
    /// What members say to a site that is too large for everybody to be connected with everybody. At most 32 a message.
    Rumours(Arc<[Rumour]>),
    /// The pieces that I want, those that I have among them; replaces what I said before. Whoever never says so wants
    /// all.
    Wanted(Wanted),
}

/// Bytes inside one piece, asked of a peer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct BlockRequest {
    /// Its name, which the answer brings back.
    pub request: WireRequest,
    /// The piece.
    pub piece: PieceIndex,
    /// First byte inside the piece.
    pub offset: u32,
    /// Number of bytes, 1 to 1 MiB, inside the piece.
    pub size: u32,
}

/// The lane's messages. They reach all members of a site and content.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum LaneMessage {
    /// I fetch these pieces from the origin; sent before the request is.
    Claim(PieceRange),
    /// Heartbeat of what I fetch: bytes received of each claim. At most 64 a message.
    Progress(Vec<(PieceRange, u64)>),
    /// Half of it is here: opens the window for the next before the WAN runs dry.
    Almost(PieceRange),
    /// All of it is here and verified.
    Done(PieceRange),
    /// I gave up, or somebody else has it.
    Release {
        /// The claim that ends.
        pieces: PieceRange,
        /// What that says about the origin.
        origin: OriginNews,
    },
}

/// A word that a member says to its whole site, passed on from neighbour to neighbour. Nobody vouches for it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Rumour {
    /// Whose word it is.
    pub member: NodeId,
    /// How much origin work that member takes on.
    pub class: CapacityClass,
    /// Grows with each word of that member: what is not greater than the last one heard is an echo.
    pub number: u64,
    /// The member has every piece, it says, or the one who knows it.
    pub has_all: bool,
    /// The word.
    pub word: Word,
}

impl Rumour {
    /// Whether it is not the member's own word.
    pub fn is_hearsay(&self) -> bool {
        matches!(self.word, Word::Known(_))
    }

    /// Whether it shows that words travel between this peer, which sent it, and whoever got it: the word of another, or one
    /// of its own with the number 0. Its other words go to all its peers.
    pub fn is_passed_on_by(&self, peer: &NodeId) -> bool {
        !self.is_hearsay() && (self.member != *peer || self.number == 0)
    }
}

/// What a rumour says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Word {
    /// I am here and want these pieces.
    Here(Wanted),
    /// Somebody else knows that the member is here and wants these pieces; `number` is the last that it heard.
    Known(Wanted),
    /// I leave.
    Gone,
    /// The site's agreement on who fetches what from the origin.
    Lane(LaneMessage),
}

/// What a member that gives up a claim has learnt about the origin.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum OriginNews {
    /// Nothing.
    Nothing,
    /// It asked for a pause (429, 503 with Retry-After). At most one hour.
    Pause(Duration),
    /// It does not serve ranges: whoever fetches must fetch everything.
    NoRanges,
}
